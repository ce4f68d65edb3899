import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { drawNotAKtp } from "../../src/sample/sample.ts";
import { writeSampleSet } from "../../src/sample/set.ts";
import { openSealer } from "../../src/service.ts";
import { type Person, people, startTestService, type TestService } from "../support/service.ts";
import { noBrowser } from "./browser.ts";
import {
  agree,
  choose,
  confirm,
  link,
  look,
  lookBothWays,
  PHONE,
  pressByKeyboard,
  result,
  visit,
} from "./page.ts";

/** Bytes of the page, its scripts and style sheets as they are sent, before the face networks. */
const FIRST_LOAD_BYTES = 250 * 1024;
/** What browsers' own tools call "Fast 3G": bytes a second, milliseconds. */
const SLOW_LINE = {
  offline: false,
  latency: 563,
  downloadThroughput: (1.44 * 1024 * 1024) / 8,
  uploadThroughput: (675 * 1024) / 8,
};

describe("the capture page", { skip: noBrowser }, () => {
  let service: TestService;
  let holder: Person;
  let stranger: Person;
  let blocked: Person;

  before(async () => {
    service = await startTestService();
    [holder, stranger] = await people(service.dataDir, 71, 2);
    [blocked] = await people(service.dataDir, 72, 1, "BLOCKED");
  });
  after(() => service.close());

  it("takes the card before the camera, shows what was read, and verifies its holder", async (t) => {
    const { url, id } = await link(service, { success_url: "https://shop.example/done" });
    const page = await visit(t, service, { camera: "shows", picture: holder.ktp, share: 0.8 }, url);
    await agree(page);
    assert.equal(new URL(page.url()).hash, "", "the code does not stay in the address");
    // Its own shutter goes off: nobody presses anything.
    await page.getByRole("heading", { name: "Apakah ini data Anda?" }).waitFor();
    assert.ok(await page.getByText(holder.nik, { exact: true }).isVisible());
    await page.getByText("Ada yang salah baca?").click();
    const note = "Nama saya\nada dua kata.";
    await page.getByLabel("Catatan Anda").fill(note);
    await page.getByText(`Sisa ${500 - note.length} karakter`).waitFor();
    await look(page, "4-note-390-light-id-ID");
    await confirm(page);
    await choose(page, holder.selfie);
    assert.equal(await result(page), "VERIFIED");
    const { body } = await (await service.client("web", "kyc:review")).get(`/verify/${id}`);
    assert.equal(body.note, note);
    const back = new URL((await page.getByRole("link", { name: "Kembali" }).getAttribute("href")) ?? "");
    assert.equal(back.origin, "https://shop.example");
    assert.equal(back.searchParams.get("verification_id"), id);
    assert.equal(back.searchParams.get("status"), "VERIFIED");
  });

  it("finds the face before the camera and goes off by itself", async (t) => {
    const { url } = await link(service);
    const page = await visit(t, service, { camera: "shows", picture: holder.selfie, share: 1 }, url);
    await agree(page);
    await choose(page, holder.ktp);
    await confirm(page);
    assert.equal(await result(page), "VERIFIED");
  });

  it("says what was wrong with a picture and lets the person try again", async (t) => {
    const { url } = await link(service);
    const page = await visit(t, service, { camera: "denied" }, url);
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
    for (const [card, face, reason] of [
      [holder.ktp, stranger.selfie, "Wajah pada foto tidak cocok"],
      [blocked.ktp, blocked.selfie, "NIK ini diblokir oleh Dukcapil"],
    ] as const) {
      const { url } = await link(service);
      const page = await visit(t, service, { camera: "denied" }, url);
      await agree(page);
      await choose(page, card);
      await confirm(page);
      await choose(page, face);
      assert.equal(await result(page), "REJECTED");
      await page.getByText(reason).waitFor();
      await page.getByRole("button", { name: "English" }).click();
      assert.equal(await page.getByText(reason).count(), 0);
    }
  });

  it("goes on where it was after a reload, and a link opens once", async (t) => {
    const { url } = await link(service);
    const page = await visit(t, service, { camera: "denied" }, url);
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
    await lookBothWays(second, "0-link-gone");
  });

  it("waits out a lost connection without a second attempt", async (t) => {
    const { url, id } = await link(service);
    const page = await visit(t, service, { camera: "denied" }, url);
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
    const { url } = await link(service);
    const page = await visit(t, service, { camera: "denied" }, url);
    const press = (name: string) => pressByKeyboard(page, name);
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

  it("comes in a quarter of a megabyte, and is of use at the speed of 3G", async (t) => {
    const { url } = await link(service);
    const page = await visit(t, service, { camera: "denied" }, "about:blank");
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", SLOW_LINE);
    let came = 0;
    network.on("Network.loadingFinished", ({ encodedDataLength }) => {
      came += encodedDataLength;
    });
    const since = performance.now();
    const seconds = () => ((performance.now() - since) / 1000).toFixed(1);
    await page.goto(url);
    await page.getByRole("button", { name: "Saya setuju" }).waitFor();
    const first = came;
    t.diagnostic(`3G: ${Math.round(first / 1024)} KiB until the first screen, after ${seconds()} s`);
    assert.ok(first > 10_000 && first <= FIRST_LOAD_BYTES, `${first} bytes`);
    await agree(page);
    await choose(page, holder.ktp);
    await page.getByRole("heading", { name: "Apakah ini data Anda?" }).waitFor();
    t.diagnostic(`3G: card sent and read after ${seconds()} s`);
    await confirm(page);
    await choose(page, holder.selfie);
    assert.equal(await result(page), "VERIFIED");
    t.diagnostic(`3G: verified after ${seconds()} s`);
  });

  it("is tried from the demo page with sample pictures alone", async (t) => {
    const { sealer } = openSealer(loadConfig({ DATA_DIR: service.dataDir }));
    await writeSampleSet(join(service.dataDir, "samples"), openRegister({ dir: service.dataDir, sealer }));
    const page = await visit(t, service, { camera: "missing" }, `${service.url}/demo`);
    await page.getByRole("button", { name: "Mulai verifikasi" }).waitFor();
    await lookBothWays(page, "0-demo");
    await page.getByRole("button", { name: "Mulai verifikasi" }).click();
    await agree(page);
    const sample = (name: string) => page.getByRole("button", { name, exact: true });
    await sample("KTP yang sah").waitFor();
    await look(page, "2-card-of-the-demo-390-light-id-ID");
    await sample("KTP yang sah").click();
    await confirm(page);
    await sample("Pemilik KTP yang sah").click();
    assert.equal(await result(page), "VERIFIED");
    await page.getByRole("link", { name: "Kembali" }).click();
    await page.getByText("Verifikasi terakhir: VERIFIED").waitFor();
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
      const { url } = await link(service, { cancel_url: "https://shop.example/" });
      const options = { viewport: screens[screen], colorScheme, locale };
      const page = await visit(t, service, { camera: "empty" }, url, options);
      const english = locale === "en-GB";
      const see = (name: string) => look(page, `${name}-${options.viewport.width}-${colorScheme}-${locale}`);
      const begin = page.getByRole("button", { name: english ? "I agree" : "Saya setuju" });
      await begin.waitFor();
      await see("1-consent");
      await begin.click();
      await page.locator("[data-camera=on]").waitFor();
      await see("2-card");
      await choose(page, await drawNotAKtp(6));
      await page.locator(".notice.bad").waitFor();
      await see("3-refused");
      await choose(page, holder.ktp);
      await page.locator(".fields").waitFor();
      await see("4-confirm");
      await page.getByRole("button", { name: english ? "Yes, go on" : "Ya, lanjutkan" }).click();
      await page.locator("[data-camera=on]").waitFor();
      await see("5-face");
      await choose(page, screen === "a desk" ? holder.selfie : stranger.selfie);
      assert.equal(await result(page), screen === "a desk" ? "VERIFIED" : "REJECTED");
      await see("6-result");
    });
  }
});
