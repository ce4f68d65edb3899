import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { sql } from "kysely";
import type { BrowserContextOptions, Page } from "playwright-core";
import {
  type Client,
  type Person,
  people,
  startTestService,
  type TestService,
  tokenFor,
} from "../support/service.ts";
import { openStorage, temporaryFolder } from "../support/storage.ts";
import { launch, noBrowser } from "./browser.ts";
import { assertFocusSeen, choose, look, lookBothWays, result, visit as visitCapture } from "./page.ts";

const DESK = { viewport: { width: 1280, height: 900 }, locale: "id-ID" } as const;
/** Software does the drawing, on a machine that does other things too. */
const PATIENCE_MS = 60_000;
/** A drawn citizen's selfie is alike to the portrait by 0.98: a little more than the one, a little less than the other. */
const THRESHOLD = { metByLittle: "0.95", missedByLittle: "0.99" };

/** Verifications of a month, as no test could make them one by one: no pictures and no personal data. */
async function fill(dataDir: string) {
  const storage = await openStorage({ dataDir });
  await sql`
    INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, created_at, updated_at,
      completed_at, review_since, reasons, ocr_score, liveness_score, face_score, registry_score)
    SELECT 'filled-' || n, 'user-' || n, 'FULL_KYC', status, at, at,
      CASE WHEN status IN ('VERIFIED', 'REJECTED', 'FAILED') THEN at + (3 + n % 40) * interval '1 s' END,
      CASE WHEN status = 'IN_REVIEW' THEN at END,
      CASE status WHEN 'IN_REVIEW' THEN '["doubtful_face", "doubtful_reading"]'::jsonb
        WHEN 'REJECTED' THEN (ARRAY['["face_match"]', '["liveness"]', '["registry_not_found"]', '["attempts"]'])[1 + n / 12 % 4]::jsonb END,
      0.85 + (n * 7 % 15) / 100.0, 0.6 + (n * 11 % 40) / 100.0,
      CASE WHEN status = 'REJECTED' THEN 0.1 ELSE 0.45 END + (n * 13 % 40) / 100.0, 0.9 + (n % 10) / 100.0
    FROM (SELECT n, now() AT TIME ZONE 'UTC' - n * interval '90 minutes' AS at,
      CASE WHEN n % 12 = 5 THEN 'REJECTED' WHEN n % 12 = 8 THEN 'IN_REVIEW' WHEN n % 60 = 1 THEN 'FAILED'
        WHEN n < 6 THEN 'PROCESSING' ELSE 'VERIFIED' END AS status
      FROM generate_series(1, 400) AS n) AS filled`.execute(storage.db);
  await storage.close();
}

describe("the review console", { skip: noBrowser }, () => {
  const folder = temporaryFolder();
  let close: (() => Promise<void>) | null = null;
  let service: TestService;
  let person: Person;
  let users = 0;
  let ani: Client;

  async function serve(threshold: string): Promise<void> {
    await close?.();
    service = await startTestService({
      DATA_DIR: folder.path,
      KYC_MANUAL_REVIEW: "on",
      FACE_MATCHING_THRESHOLD: threshold,
    });
    close = () => service.close();
    ani = await service.client("ani", "kyc:review");
  }
  before(async () => {
    await fill(folder.path);
    await serve(THRESHOLD.metByLittle);
    [person] = await people(folder.path, 81, 1);
  });
  after(async () => {
    await close?.();
    folder.remove();
  });

  async function verify(): Promise<{ id: string; client: Client }> {
    const client = await service.client(`reviewed-${users++}`);
    const id = await client.start();
    await client.ktp(id, person.ktp);
    assert.equal((await client.selfie(id, person.selfie)).body.status, "IN_REVIEW");
    return { id, client };
  }

  /** A page signed in as somebody, that fails the test where anything breaks the policy or leaks a token. */
  async function visit(
    t: TestContext,
    user: string,
    at = "",
    options: BrowserContextOptions = DESK,
  ): Promise<Page> {
    const browser = await launch(t, { camera: "denied" });
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const token = await tokenFor(user, "kyc:review");
    const wrong: string[] = [];
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== service.url) wrong.push(`fetched ${request.url()}`);
      if (request.url().includes(token)) wrong.push("a token in an address");
    });
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    t.after(() => assert.deepEqual(wrong, []));
    await page.goto(`${service.url}/review${at}`);
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /Keluar|Sign out/ }).waitFor();
    const kept = await page.evaluate(
      "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])",
    );
    assert.ok(!String(kept).includes(token), "the token is kept nowhere");
    return page;
  }

  const actions = async (id: string) =>
    (await ani.get(`/review/${id}`)).body.trail.map(
      ({ actor, action, detail }: { actor: string; action: string; detail: { what?: string } }) =>
        `${actor} ${action} ${detail.what ?? ""}`.trim(),
    ) as string[];

  it("takes no token without the scope, and none that is not one", async (t) => {
    const browser = await launch(t, { camera: "denied" });
    const page = await (await browser.newContext(DESK)).newPage();
    await page.goto(`${service.url}/review`);
    const send = async (token: string) => {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Masuk" }).click();
    };
    await send("nonsense");
    await page.getByText("Ini bukan token yang dapat dibaca.").waitFor();
    await send(await tokenFor("somebody"));
    await page.getByText("tidak memiliki cakupan kyc:review").waitFor();
  });

  it("shows what is personal one by one, each time written down, and lets a reviewer approve", async (t) => {
    const { id, client } = await verify();
    const page = await visit(t, "budi", "#queue");
    await page.getByLabel("Urutan").selectOption("newest");
    await page.getByRole("button", { name: "Terapkan" }).click();
    await page.locator(`a[href="#verification/${id}"]`).click();
    await page.getByText("Anda dapat memutuskan verifikasi ini.").waitFor();
    const text = () => page.locator("main").innerText();
    for (const secret of [person.nik, person.name]) assert.ok(!(await text()).includes(secret));
    assert.ok(!(await actions(id)).some((action) => action.includes("revealed")));

    await page.getByRole("button", { name: "Tampilkan NIK", exact: true }).click();
    await page.getByText(person.nik, { exact: true }).waitFor();
    const focused = () => page.evaluate("document.activeElement.textContent");
    assert.equal(await focused(), person.nik, "the focus goes to what took the button's place");
    assert.ok(!(await text()).includes(person.name), "one field was asked for");
    await page.getByRole("button", { name: "Tampilkan foto KTP", exact: true }).click();
    await page.locator(".card svg rect").first().waitFor();
    assert.ok((await page.locator(".card svg rect").count()) > 10);
    await page.getByRole("button", { name: "Tampilkan foto wajah" }).click();
    await page.locator(".picture img").waitFor();
    assert.deepEqual(
      (await actions(id)).filter((action) => action.includes("revealed")),
      ["nik", "card", "selfie"].map((what) => `reviewer:budi review.revealed ${what}`),
    );

    await page.getByRole("button", { name: "Setujui" }).click();
    await page.getByText("Tersimpan. Status: Terverifikasi.").waitFor();
    assert.equal((await client.get(`/verify/${id}`)).body.status, "VERIFIED");
    // Nothing is left of the token after a reload.
    await page.reload();
    await page.getByLabel("Token").waitFor();
  });

  it("asks for the selfie again: the platform is told, and another link takes the person on", async (t) => {
    const { id } = await verify();
    const page = await visit(t, "budi", `#verification/${id}`);
    await page.getByLabel("Minta foto wajah lagi").check();
    await page.getByText("Platform diberi tahu").waitFor();
    await page.getByRole("button", { name: "Minta foto wajah lagi" }).click();
    await page.getByText("Tersimpan. Status: Diproses.").waitFor();

    const platform = await service.client("platform", "kyc:service");
    const events = (await platform.get("/events")).body as { kind: string; value: Record<string, unknown> }[];
    const told = events.filter(({ value }) => value.verification_id === id).at(-1);
    assert.equal(told?.kind, "resubmission_requested");
    const { user_id, ...value } = told.value;
    assert.deepEqual(value, { verification_id: id, status: "PROCESSING", step: "selfie" });

    // Reviewers get no link, nor does anybody else.
    const owner = await service.client(String(user_id));
    for (const stranger of [ani, await service.client("stranger")])
      assert.equal((await stranger.post(`/verify/${id}/capture`, {})).status, 403);
    assert.equal((await owner.post(`/verify/${id}/capture`, { success_url: "ftp://x" })).status, 400);
    const { body } = await platform.post(`/verify/${id}/capture`, {});
    const phone = await visitCapture(t, service, { camera: "denied" }, body.capture_url);
    await phone.getByRole("heading", { name: "Foto wajah Anda" }).waitFor();
    await choose(phone, person.selfie);
    assert.equal(await result(phone), "IN_REVIEW");
    await lookBothWays(phone, "6-result-in-review");

    const { updated_at: seen } = (await ani.get(`/review/${id}`)).body;
    await ani.post(`/review/${id}/decision`, { verdict: "reject", reason: "fraud", seen });
    assert.equal((await platform.post(`/verify/${id}/capture`, {})).status, 409, "it is over");
  });

  it("turns the pages of the queue there and back", async (t) => {
    const page = await visit(t, "budi");
    const first = () => page.locator(".queue a").first().getAttribute("href");
    await page.locator(".queue a").first().waitFor();
    const before = await first();
    await page.getByRole("button", { name: "Halaman berikut" }).click();
    // Asked from here: what the page would be handed to evaluate, its policy forbids.
    while ((await first()) === before) await page.waitForTimeout(20);
    await page.getByRole("button", { name: "Halaman sebelumnya" }).click();
    while ((await first()) !== before) await page.waitForTimeout(20);
  });

  it("rejects by keyboard alone", async (t) => {
    const { id, client } = await verify();
    const page = await visit(t, "budi", `#verification/${id}`);
    await page.getByText("Anda dapat memutuskan verifikasi ini.").waitFor();
    const focus = async (matches: string) => {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press("Tab");
        await assertFocusSeen(page);
        if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(matches)})`)) return;
      }
      assert.fail(`no way to ${matches} by Tab`);
    };
    await focus("input[name=verdict]");
    await page.keyboard.press("ArrowDown");
    await focus("select");
    await page.keyboard.type("Dugaan");
    await focus("textarea");
    await page.keyboard.type("kartu pinjaman");
    await focus("button.bad");
    await page.keyboard.press("Enter");
    await page.getByText("Tersimpan. Status: Ditolak.").waitFor();
    const { body } = await client.get(`/verify/${id}`);
    assert.equal(body.status, "REJECTED");
    assert.match(body.rejection_reasons[0].id, /dugaan penipuan/);
  });

  describe("against a check that failed", () => {
    before(() => serve(THRESHOLD.missedByLittle));

    it("needs a second person, who is another", async (t) => {
      const { id, client } = await verify();
      const page = await visit(t, "budi", `#verification/${id}`);
      await page.getByText("Perlu dua pemeriksa").waitFor();
      const propose = page.getByRole("button", { name: "Setujui sebagai orang pertama" });
      await propose.click();
      assert.equal(await page.locator("textarea:invalid").count(), 1, "it is said why");
      await page.getByLabel("Catatan (wajib)").fill("Rambut baru, orangnya sama.");
      await propose.click();
      await page.getByText("Anda sudah menyetujui.").waitFor();
      assert.equal(await page.getByLabel(/Setujui/).count(), 0, "not twice");
      assert.equal((await client.get(`/verify/${id}`)).body.status, "IN_REVIEW");

      const second = await visit(t, "citra", `#verification/${id}`);
      await second.getByText("Orang pertama sudah menyetujui.").waitFor();
      await second.getByText("Rambut baru, orangnya sama.").waitFor();
      await second.getByLabel("Catatan (wajib)").fill("Setuju.");
      await second.getByRole("button", { name: "Setujui sebagai orang kedua" }).click();
      await second.getByText("Tersimpan. Status: Terverifikasi.").waitFor();
      assert.equal((await client.get(`/verify/${id}`)).body.status, "VERIFIED");
    });

    const looks = [
      { width: 320, colorScheme: "dark", locale: "en-GB" },
      { width: 320, colorScheme: "light", locale: "id-ID" },
      { width: 1280, colorScheme: "dark", locale: "id-ID" },
      { width: 1280, colorScheme: "light", locale: "en-GB" },
    ] as const;
    let shared: string | null = null;
    for (const { width, colorScheme, locale } of looks) {
      it(`has no violation that axe finds and nothing cut off at ${width} pixels, ${colorScheme}, ${locale}`, async (t) => {
        shared ??= (await verify()).id;
        const options = { viewport: { width, height: 800 }, colorScheme, locale };
        const english = locale === "en-GB";
        const name = (screen: string) => `review-${screen}-${width}-${colorScheme}-${locale}`;
        const page = await visit(t, "dewi", "#queue", options);
        await page.locator(".queue a").first().waitFor();
        await look(page, name("2-queue"));
        await page.goto(`${service.url}/review#verification/${shared}`);
        await page.locator(".decision").waitFor();
        await look(page, name("3-masked"));
        const pictures = english
          ? /^Show (photograph|portrait|selfie|NIK|Name)/
          : /^Tampilkan (foto|pasfoto|NIK|Nama)/;
        const buttons = page.getByRole("button", { name: pictures });
        while ((await buttons.count()) > 0) {
          const left = await buttons.count();
          await buttons.first().click();
          for (let i = 0; (await buttons.count()) === left && i < 600; i++) await page.waitForTimeout(50);
        }
        await page.getByRole("radio").nth(1).check();
        await look(page, name("4-shown"));
        await page.goto(`${service.url}/review#statistics`);
        await page.locator("figure svg").first().waitFor();
        await look(page, name("5-statistics"));
        await page.getByRole("button", { name: english ? "Sign out" : "Keluar" }).click();
        await page.getByLabel("Token").waitFor();
        await look(page, name("1-sign-in"));
      });
    }
  });
});
