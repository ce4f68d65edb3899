import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { drawNotAKtp } from "../../src/sample/sample.ts";
import { type Person, people, startTestService, type TestService } from "../support/service.ts";
import { launch, noBrowser, type Scene } from "./browser.ts";

const PHONE = { viewport: { width: 390, height: 844 }, locale: "id-ID" } as const;
const AXE = createRequire(import.meta.url).resolve("axe-core");
/** A folder for a picture of every screen; none are kept where it is not set. */
const { SCREENSHOTS } = process.env;
/** Networks in software, on a machine that does other things too. */
const PATIENCE_MS = 60_000;

describe("the capture page", { skip: noBrowser }, () => {
  let service: TestService;
  let holder: Person;
  let stranger: Person;
  let blocked: Person;
  let users = 0;

  before(async () => {
    service = await startTestService();
    [holder, stranger] = await people(service.dataDir, 71, 2);
    [blocked] = await people(service.dataDir, 72, 1, "BLOCKED");
  });
  after(() => service.close());

  async function link(capture: object = {}): Promise<{ url: string; id: string }> {
    const user = `web-${users++}`;
    const { status, body } = await (await service.client(user)).post("/verify/start", {
      user_id: user,
      capture,
    });
    assert.equal(status, 200);
    return { url: body.capture_url, id: body.verification_id };
  }

  /** A page before a link, that fails the test where anything is fetched from elsewhere or breaks the policy. */
  async function visit(
    t: TestContext,
    scene: Scene,
    url: string,
    options: BrowserContextOptions = PHONE,
  ): Promise<Page> {
    const browser = await launch(t, scene);
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const wrong: string[] = [];
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== service.url) wrong.push(`fetched ${request.url()}`);
      if (/capture\.|[?&](code|token)=/.test(new URL(request.url()).search))
        wrong.push("a token in an address");
    });
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    t.after(() => assert.deepEqual(wrong, []));
    await page.goto(url);
    return page;
  }

  const agree = (page: Page) => page.getByRole("button", { name: "Saya setuju" }).click();
  const choose = (page: Page, picture: Uint8Array) =>
    page
      .locator("input[type=file]")
      .setInputFiles({ name: "foto.jpg", mimeType: "image/jpeg", buffer: Buffer.from(picture) });
  const confirm = (page: Page) => page.getByRole("button", { name: "Ya, lanjutkan" }).click();
  const result = async (page: Page) => {
    await page.locator("[data-status]").waitFor();
    return page.locator("[data-status]").getAttribute("data-status");
  };
  const assertAccessible = async (page: Page) => {
    // The page's policy lets no foreign script in: axe comes by the debugging protocol.
    await page.evaluate(await readFile(AXE, "utf8"));
    const violations = await page.evaluate(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the browser's, not ours
      "axe.run().then(({ violations }) => violations.map(({ id, help }) => `${id}: ${help}`))",
    );
    assert.deepEqual(violations, []);
  };

  it("takes the card before the camera, shows what was read, and verifies its holder", async (t) => {
    const { url, id } = await link({ success_url: "https://shop.example/done" });
    const page = await visit(t, { camera: "shows", picture: holder.ktp, share: 0.8 }, url);
    await agree(page);
    assert.equal(new URL(page.url()).hash, "", "the code does not stay in the address");
    // Its own shutter goes off: nobody presses anything.
    await page.getByRole("heading", { name: "Apakah ini data Anda?" }).waitFor();
    assert.ok(await page.getByText(holder.nik, { exact: true }).isVisible());
    await confirm(page);
    await choose(page, holder.selfie);
    assert.equal(await result(page), "VERIFIED");
    const back = new URL((await page.getByRole("link", { name: "Kembali" }).getAttribute("href")) ?? "");
    assert.equal(back.origin, "https://shop.example");
    assert.equal(back.searchParams.get("verification_id"), id);
    assert.equal(back.searchParams.get("status"), "VERIFIED");
  });

  it("finds the face before the camera and goes off by itself", async (t) => {
    const { url } = await link();
    const page = await visit(t, { camera: "shows", picture: holder.selfie, share: 1 }, url);
    await agree(page);
    await choose(page, holder.ktp);
    await confirm(page);
    assert.equal(await result(page), "VERIFIED");
  });

  it("says what was wrong with a picture and lets the person try again", async (t) => {
    const { url } = await link();
    const page = await visit(t, { camera: "denied" }, url);
    await agree(page);
    await page.getByText("Kamera tidak diizinkan").waitFor();
    await choose(page, await drawNotAKtp(5));
    await page.getByText("Sisa percobaan: 2").waitFor();
    await choose(page, holder.ktp);
    await confirm(page);
    await choose(page, holder.selfie);
    assert.equal(await result(page), "VERIFIED");
  });

  it("tells a stranger and a blocked citizen that it did not succeed", async (t) => {
    for (const [card, face] of [
      [holder.ktp, stranger.selfie],
      [blocked.ktp, blocked.selfie],
    ]) {
      const { url } = await link();
      const page = await visit(t, { camera: "denied" }, url);
      await agree(page);
      await choose(page, card);
      await confirm(page);
      await choose(page, face);
      assert.equal(await result(page), "REJECTED");
    }
  });

  it("goes on where it was after a reload, and a link opens once", async (t) => {
    const { url } = await link();
    const page = await visit(t, { camera: "denied" }, url);
    await agree(page);
    await page.getByRole("heading", { name: "Foto KTP Anda" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Foto KTP Anda" }).waitFor();
    await choose(page, holder.ktp);
    await page.getByRole("heading", { name: "Apakah ini data Anda?" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Foto wajah Anda" }).waitFor();

    const second = await (await page.context().browser()!.newContext(PHONE)).newPage();
    await second.goto(url);
    await second.getByRole("heading", { name: "Tautan ini tidak berlaku lagi" }).waitFor();
  });

  it("waits out a lost connection without a second attempt", async (t) => {
    const { url, id } = await link();
    const page = await visit(t, { camera: "denied" }, url);
    await agree(page);
    await page.getByRole("heading", { name: "Foto KTP Anda" }).waitFor();
    await page.context().setOffline(true);
    await choose(page, holder.ktp);
    await page.getByText("Sambungan terputus").waitFor();
    await page.context().setOffline(false);
    await page.getByRole("heading", { name: "Apakah ini data Anda?" }).waitFor();
    const { body } = await (await service.client("web", "kyc:review")).get(`/verify/${id}`);
    assert.equal(body.status, "PROCESSING");
  });

  it("is done by keyboard alone", async (t) => {
    const { url } = await link();
    const page = await visit(t, { camera: "denied" }, url);
    const press = async (name: string) => {
      await page.getByRole("button", { name }).waitFor();
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate("document.activeElement?.textContent ?? ''");
        if (focused === name) return page.keyboard.press("Enter");
      }
      assert.fail(`no way to "${name}" by Tab`);
    };
    await press("Saya setuju");
    const chooser = page.waitForEvent("filechooser");
    await press("Pilih foto dari perangkat");
    await (await chooser).setFiles({
      name: "ktp.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.from(holder.ktp),
    });
    await press("Ya, lanjutkan");
    const face = page.waitForEvent("filechooser");
    await press("Pilih foto dari perangkat");
    await (await face).setFiles({
      name: "s.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.from(holder.selfie),
    });
    assert.equal(await result(page), "VERIFIED");
  });

  const screens = {
    "a phone of 320 pixels": { width: 320, height: 640 },
    "a desk": { width: 1280, height: 800 },
  };
  const looks = [
    { screen: "a phone of 320 pixels", colorScheme: "dark", locale: "en-GB" },
    { screen: "a phone of 320 pixels", colorScheme: "light", locale: "id-ID" },
    { screen: "a desk", colorScheme: "dark", locale: "id-ID" },
    { screen: "a desk", colorScheme: "light", locale: "en-GB" },
  ] as const;
  for (const { screen, colorScheme, locale } of looks) {
    it(`has no violation that axe finds and nothing cut off on ${screen}, ${colorScheme}, ${locale}`, async (t) => {
      const { url } = await link({ cancel_url: "https://shop.example/" });
      const options = { viewport: screens[screen], colorScheme, locale };
      const page = await visit(t, { camera: "any" }, url, options);
      const english = locale === "en-GB";
      const look = async (name: string) => {
        await assertAccessible(page);
        const over = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
        assert.ok(over <= 0, `${over} pixels wider than the screen`);
        if (SCREENSHOTS === undefined) return;
        await mkdir(SCREENSHOTS, { recursive: true });
        const file = `${name}-${options.viewport.width}-${colorScheme}-${locale}.png`;
        await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
      };
      const begin = page.getByRole("button", { name: english ? "I agree" : "Saya setuju" });
      await begin.waitFor();
      await look("1-consent");
      await begin.click();
      await page.locator("[data-camera=on]").waitFor();
      await look("2-card");
      await choose(page, await drawNotAKtp(6));
      await page.locator(".notice.bad").waitFor();
      await look("3-refused");
      await choose(page, holder.ktp);
      await page.locator(".fields").waitFor();
      await look("4-confirm");
      await page.getByRole("button", { name: english ? "Yes, go on" : "Ya, lanjutkan" }).click();
      await page.locator("[data-camera=on]").waitFor();
      await look("5-face");
      await choose(page, screen === "a desk" ? holder.selfie : stranger.selfie);
      assert.equal(await result(page), screen === "a desk" ? "VERIFIED" : "REJECTED");
      await look("6-result");
    });
  }
});
