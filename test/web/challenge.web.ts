import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { loadConfig } from "../../src/config.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { FLAT } from "../../src/sample/attacks/flat.ts";
import { writeSampleSet } from "../../src/sample/set.ts";
import { openSealer } from "../../src/service.ts";
import type { Models } from "../../src/vision/models/models.ts";
import {
  type Client,
  type Person,
  people,
  startTestService,
  type TestService,
  tokenFor,
} from "../support/service.ts";
import { faceModels } from "../vision/face/support.ts";
import { acted } from "./acted.ts";
import { noBrowser, type Scene } from "./browser.ts";
import { agree, confirm, link, look, lookBothWays, PHONE, pressByKeyboard, result, visit } from "./page.ts";

/** At rest before the first movement, while the page opens the camera and somebody presses Start; and after the last. */
const REST_MS = [3500, 3500] as const;
/** Where the page is to see each movement itself: until its networks have come, and somebody presses Start. */
const FOLLOWED_REST_MS = [8000, 2500] as const;
const built = new URL("../../web/dist/assets/", import.meta.url);
const noWasm = readdirSync(built).some((name) => name.startsWith("tfjs-wasm-"))
  ? false
  : "the page was built without @tensorflow/tfjs-backend-wasm (npm ci)";
/** A challenge that is drawn badly for the simulated person is given up, as by a real one. */
const TRIES = 3;

describe("the liveness challenge on the capture page", { skip: noBrowser }, () => {
  let service: TestService;
  let models: Models;
  let holder: Person;
  let platform: Client;

  before(async () => {
    service = await startTestService({ KYC_LIVENESS: "active" });
    models = await faceModels();
    [holder] = await people(service.dataDir, 73, 1);
    platform = await service.client("platform", "kyc:service");
  });
  after(async () => {
    await models.close();
    await service.close();
  });

  /** A verification whose card was read, and its link. */
  async function begun() {
    const started = await link(service);
    const { status, body } = await platform.ktp(started.id, holder.ktp);
    assert.equal(status, 200, JSON.stringify(body));
    return started;
  }

  /** The page at the face step, without what follows the face: in software it would be too slow to be of use. */
  async function open(t: TestContext, scene: Scene, url: string, options: object = PHONE): Promise<Page> {
    const page = await visit(t, service, scene, "about:blank", options);
    await page.route("**/assets/human*", (route) => route.abort());
    await page.goto(url);
    return page;
  }

  /** The review console shows each action of a challenge, once it is asked for. */
  async function lookAtFrames(t: TestContext, id: string, count: number): Promise<void> {
    const options = { viewport: { width: 1280, height: 900 }, locale: "id-ID" };
    const page = await visit(
      t,
      service,
      { camera: "denied" },
      `${service.url}/review#verification/${id}`,
      options,
    );
    await page.getByLabel("Token").fill(await tokenFor("rina", "kyc:review"));
    await page.keyboard.press("Enter");
    const frames = page.locator(".movements figure");
    await frames.first().waitFor();
    assert.equal(await frames.count(), count);
    assert.equal(await frames.locator("img").count(), 0, "none before it is asked for");
    for (let i = 0; i < count; i++) {
      await frames.nth(i).getByRole("button").click();
      await frames.nth(i).locator("img").waitFor();
    }
    await look(page, "review-6-challenge-1280-light-id-ID");
    const { body } = await (await service.client("rina", "kyc:review")).get(`/review/${id}`);
    const seen = body.trail.filter(({ action }: { action: string }) => action === "review.revealed");
    assert.equal(seen.length, count);
    await page.context().browser()?.close();
  }

  it("is passed before the camera, one movement at a time, by keyboard alone, and ends VERIFIED", async (t) => {
    let ended: string | null = null;
    for (let tries = 0; ended === null && tries < TRIES; tries++) {
      const { url, id } = await begun();
      // Asked for again by the page, it is the same one.
      const { actions } = (await platform.post(`/verify/${id}/liveness`, {})).body;
      const clip = await acted(holder.selfie, actions, { seed: tries, restMs: REST_MS, models });
      const options = { ...PHONE, reducedMotion: "reduce" };
      const page = await open(t, { camera: "plays", clip }, url, options);
      await page.locator("[data-camera=on]").waitFor();
      await pressByKeyboard(page, "Mulai");
      const told: string[] = [];
      for (let n = 1; n <= actions.length; n++) {
        const advice = page.locator(".advice", { hasText: `Gerakan ${n} dari ${actions.length}` });
        await advice.waitFor();
        told.push((await advice.textContent()) ?? "");
      }
      assert.equal(new Set(told).size, actions.length, "each movement in words of its own");
      await page.locator("[data-status], .notice.bad").waitFor();
      if ((await page.locator("[data-status]").count()) > 0) ended = await result(page);
      else t.diagnostic(`${actions.join()}: ${await page.locator(".notice.bad").textContent()}`);
      if (ended !== null) {
        const { body } = await platform.get(`/verify/${id}`);
        assert.equal(body.liveness_result.details.challenge.passed, true);
        await lookAtFrames(t, id, actions.length);
      }
      await page.context().browser()?.close();
    }
    assert.equal(ended, "VERIFIED");
  });

  it("is followed by the page's own networks, which see each movement, and ends VERIFIED", {
    skip: noWasm,
  }, async (t) => {
    let ended: string | null = null;
    for (let tries = 0; ended === null && tries < TRIES; tries++) {
      const { url, id } = await begun();
      const { actions } = (await platform.post(`/verify/${id}/liveness`, {})).body;
      const clip = await acted(holder.selfie, actions, { seed: tries, restMs: FOLLOWED_REST_MS, models });
      const page = await visit(t, service, { camera: "plays", clip }, url);
      const advice = page.locator(".advice");
      await advice.filter({ hasText: "Bagus" }).waitFor();
      // The words as they come and go: a movement takes a second.
      await page.evaluate(`{
        globalThis.told = [];
        const advice = document.querySelector(".advice");
        const note = () => told.at(-1) === advice.textContent || told.push(advice.textContent);
        new MutationObserver(note).observe(advice, { childList: true, characterData: true, subtree: true });
      }`);
      await page.getByRole("button", { name: "Mulai" }).click();
      await page.locator("[data-status], .notice.bad").waitFor();
      const told = (await page.evaluate("told")) as string[];
      if ((await page.locator("[data-status]").count()) > 0) ended = await result(page);
      else t.diagnostic(`${actions.join()}: ${await page.locator(".notice.bad").textContent()} ${told}`);
      if (ended !== null) {
        const back = told.filter((words) => words === "Bagus, kembali lihat lurus");
        assert.equal(back.length, actions.length, `each was seen by the page: ${told.join(" | ")}`);
      }
      await page.context().browser()?.close();
    }
    assert.equal(ended, "VERIFIED");
  });

  it("says of each movement what was seen, and asks for a new challenge", async (t) => {
    const { url, id } = await begun();
    const page = await open(t, { camera: "shows", picture: holder.selfie, share: 1 }, url);
    await page.locator("[data-camera=on]").waitFor();
    await lookBothWays(page, "7-challenge");
    const first = (await platform.post(`/verify/${id}/liveness`, {})).body;
    await page.getByRole("button", { name: "Mulai" }).click();
    await page.locator(".action").waitFor();
    await look(page, "8-movement-390-light-id-ID");
    await page.locator(".verdict").waitFor();
    assert.equal(await page.locator(".verdict li").count(), first.actions.length);
    assert.match((await page.locator(".verdict li").first().textContent()) ?? "", /: tidak terlihat$/);
    await page.getByText("Sisa percobaan: 2").waitFor();
    await lookBothWays(page, "9-movement-refused");
    // A reload keeps the step, and what comes next is another challenge.
    await page.reload();
    await page.getByRole("heading", { name: "Gerakan wajah" }).waitFor();
    const next = (await platform.post(`/verify/${id}/liveness`, {})).body;
    assert.notEqual(next.challenge_id, first.challenge_id);
  });

  it("is not passed by an animated photograph, which ends REJECTED with the last attempt", async (t) => {
    const strict = await startTestService({ KYC_LIVENESS: "active", KYC_ATTEMPTS: "1" });
    t.after(() => strict.close());
    const [victim] = await people(strict.dataDir, 74, 1);
    const trusted = await strict.client("platform", "kyc:service");
    const { url, id } = await link(strict);
    assert.equal((await trusted.ktp(id, victim.ktp)).status, 200);
    const { actions } = (await trusted.post(`/verify/${id}/liveness`, {})).body;
    const clip = await acted(victim.selfie, actions, {
      seed: 5,
      restMs: REST_MS,
      models,
      motion: FLAT.tilted,
    });
    const page = await visit(t, strict, { camera: "plays", clip }, "about:blank");
    await page.route("**/assets/human*", (route) => route.abort());
    await page.goto(url);
    await page.locator("[data-camera=on]").waitFor();
    await page.getByRole("button", { name: "Mulai" }).click();
    assert.equal(await result(page), "REJECTED");
    const { challenges } = (await (await strict.client("rina", "kyc:review")).get(`/review/${id}`)).body;
    assert.deepEqual(
      challenges.map(({ passed }: { passed: boolean }) => passed),
      [false],
    );
  });

  it("says that the time is over, and begins again", async (t) => {
    const { url, id } = await begun();
    const page = await open(t, { camera: "shows", picture: holder.selfie, share: 1 }, url);
    await page.locator("[data-camera=on]").waitFor();
    // Two minutes later, as the service would answer.
    const body = {
      status: 410,
      title: "Gone",
      detail: "This challenge has expired.",
      error_code: "KYC_VAL_002",
    };
    await page.route("**/frames", (route) =>
      route.fulfill({ status: 410, contentType: "application/problem+json", body: JSON.stringify(body) }),
    );
    await page.getByRole("button", { name: "Mulai" }).click();
    await page.getByText("Waktu untuk gerakan itu habis").waitFor();
    assert.ok(
      await page.evaluate("document.activeElement.matches('.notice.bad')"),
      "it is told where one is",
    );
    await page.unroute("**/frames");
    await page.getByRole("button", { name: "Mulai" }).click();
    await page.locator(".verdict").waitFor();
    const { challenges } = (await (await service.client("rina", "kyc:review")).get(`/review/${id}`)).body;
    assert.equal(challenges.length, 1, "it was judged");
  });

  it("is tried from the demo page without a camera: a sample person does what is asked for", async (t) => {
    const { sealer } = openSealer(loadConfig({ DATA_DIR: service.dataDir }));
    await writeSampleSet(join(service.dataDir, "samples"), openRegister({ dir: service.dataDir, sealer }));
    const page = await visit(t, service, { camera: "missing" }, `${service.url}/demo`);
    await page.getByRole("button", { name: "Mulai verifikasi" }).click();
    await agree(page);
    const sample = (name: string) => page.getByRole("button", { name, exact: true });
    await sample("KTP yang sah").click();
    await confirm(page);
    for (let tries = 0; tries < TRIES; tries++) {
      await sample("Pemilik KTP yang sah").click();
      await page.locator("[data-status], .notice.bad").waitFor();
      if ((await page.locator("[data-status]").count()) > 0) break;
      t.diagnostic((await page.locator(".notice.bad").textContent()) ?? "");
    }
    assert.equal(await result(page), "VERIFIED");
  });

  it("says how to go on where there is no camera: no photograph takes its place", async (t) => {
    for (const [camera, words] of [
      ["denied", "Izinkan kamera"],
      ["missing", "minta tautan baru"],
    ] as const) {
      const { url } = await begun();
      const page = await open(t, { camera }, url);
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
      assert.equal(await page.locator("input[type=file]").count(), 0);
      assert.equal(await page.getByRole("button", { name: "Mulai" }).count(), 0);
      await page.getByRole("button", { name: "Coba kamera lagi" }).waitFor();
      await lookBothWays(page, `7-challenge-${camera}`);
    }
  });
});
