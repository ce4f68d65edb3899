import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { KycClient } from "../../clients/typescript/src/client.ts";
import { loadConfig } from "../../src/config.ts";
import {
  clientOf,
  type Person,
  people,
  startTestService,
  type TestService,
  tokenFor,
} from "../support/service.ts";

describe("a link to the capture page", () => {
  let service: TestService;
  let person: Person;

  before(async () => {
    service = await startTestService({ KYC_CONSENT_REQUIRED: "true" });
    [person] = await people(service.dataDir, 61, 1);
  });
  after(() => service.close());

  const ask = async (user: string, capture: object) =>
    (await service.client(user)).post("/verify/start", { user_id: user, capture });
  const open = async (code: string) => {
    const response = await fetch(`${service.url}/api/v1/kyc/capture/open`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    const body = (await response.json()) as Record<string, string>;
    return { status: response.status, body };
  };
  const codeOf = (url: string) => new URL(url).hash.slice(1);

  it("opens once, and its session does everything for its own verification and nothing else", async () => {
    const { status, body } = await ask("page-user", {
      success_url: "https://shop.example/done?x=1",
      cancel_url: "http://localhost:3000/back",
    });
    assert.equal(status, 200);
    assert.equal(new URL(body.capture_url).origin, service.url);
    assert.equal(new URL(body.capture_url).pathname, "/capture");

    const first = await open(codeOf(body.capture_url));
    assert.equal(first.status, 200);
    assert.equal(first.body.verification_id, body.verification_id);
    assert.equal(first.body.success_url, "https://shop.example/done?x=1");
    assert.equal(first.body.liveness, "passive");
    const second = await open(codeOf(body.capture_url));
    assert.equal(second.status, 410);
    assert.equal(second.body.error_code, "KYC_VAL_003");

    const page = clientOf(service.url, first.body.session, "page-user");
    const id = body.verification_id;
    const early = await page.ktp(id, person.ktp);
    assert.equal(early.status, 409, "a picture before the consent");
    const earlyNote = await page.post("/capture/note", { text: "nothing was read yet" });
    assert.equal(earlyNote.status, 409);
    const consent = await page.post("/capture/consent", { version: "2026-1", at: new Date().toISOString() });
    assert.equal(consent.status, 200);
    const read = await page.ktp(id, person.ktp);
    assert.equal(read.status, 200, JSON.stringify(read.body));
    const seen = await page.get(`/verify/${id}`);
    assert.equal(seen.status, 200);
    assert.equal(seen.body.consent.version, "2026-1");
    assert.equal(seen.body.note, null);
    for (const bad of ["", " \n ", "a\tb", "x".repeat(501), 7]) {
      const { status, body } = await page.post("/capture/note", { text: bad });
      assert.equal(status, 400, JSON.stringify(bad));
      assert.equal(body.errors[0].field, "text");
    }
    const note = "Nama saya ditulis\ndengan dua huruf N.";
    for (const text of ["first", note])
      assert.equal((await page.post("/capture/note", { text })).status, 200);
    const done = await page.selfie(id, person.selfie);
    assert.equal(done.status, 200, JSON.stringify(done.body));
    const late = await page.post("/capture/note", { text: "too late" });
    assert.equal(late.status, 409, JSON.stringify(late.body));
    const platform = await service.client("platform", "kyc:service");
    for (const { body: told } of [await page.get(`/verify/${id}`), await platform.get(`/verify/${id}`)])
      assert.equal(told.note, note);
    assert.equal((await platform.get("/user/page-user")).body[0].note, note);
    const owner = await service.client("page-user");
    assert.equal((await owner.post("/capture/note", { text: "no session" })).status, 403);

    const other = (await ask("page-user", {})).body.verification_id;
    for (const refused of [
      await page.get(`/verify/${other}`),
      await page.ktp(other, person.ktp),
      await page.get("/user/page-user"),
      await page.post(`/verify/${other}/liveness`, {}),
      await page.post("/verify/start", { user_id: "page-user" }),
      await page.get("/events"),
    ]) {
      assert.equal(refused.status, 403);
      assert.equal(refused.body.error_code, "KYC_AUTH_003");
    }
  });

  it("is embedded as the example shows, which the documentation repeats", async () => {
    const { begin, isVerified } = await import("../../clients/typescript/examples/embed.ts");
    const kyc = new KycClient({ baseUrl: service.url, token: await tokenFor("shop", "kyc:service") });
    const address = new URL(await begin(kyc, "embedded-user", "https://shop.example/done"));
    const { body } = await open(codeOf(address.href));
    assert.equal(body.success_url, "https://shop.example/done");
    const back = new URL(`${body.success_url}?verification_id=${body.verification_id}&status=VERIFIED`);
    assert.equal(await isVerified(kyc, back), false, "an address proves nothing");

    const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    const example = await read("clients/typescript/examples/embed.ts");
    const told = example.replace("../src/client.ts", "payu-kyc-client");
    assert.ok((await read("docs/capture.md")).includes(`\`\`\`ts\n${told}\`\`\``));
  });

  it("is refused where its session never was, and where its return address leads astray", async () => {
    const stranger = clientOf(service.url, "capture.AAAA", "page-user");
    assert.equal((await stranger.get("/user/page-user")).status, 401);
    assert.equal((await open("no-such-code")).status, 410);
    for (const bad of ["javascript:alert(1)", "http://shop.example/", "https://u:p@shop.example/", "shop"]) {
      const { status, body } = await ask("page-user", { success_url: bad });
      assert.equal(status, 400, bad);
      assert.equal(body.errors[0].field, "capture.success_url");
    }
  });

  it("is tried by a demo page outside production alone, beside the simulator", async () => {
    const begun = await fetch(`${service.url}/demo/start`, { method: "POST" });
    assert.equal(begun.status, 200);
    const { capture_url } = (await begun.json()) as { capture_url: string };
    const { status, body } = await open(codeOf(capture_url));
    assert.equal(status, 200);
    assert.equal(body.success_url, `${service.url}/demo`);
    for (const file of ["..%2fkeys.json", "keys.json", "ktp.jpg"])
      assert.equal((await fetch(`${service.url}/demo/samples/${file}`)).status, 404, file);

    const production = { NODE_ENV: "production", DUKCAPIL_ADAPTER: "payu", DUKCAPIL_URL: "http://registry" };
    const secrets = { SECRET_KEY: "x".repeat(48), KYC_KEYS: `a:${Buffer.alloc(32, 7).toString("base64")}` };
    assert.equal(loadConfig({}).demo, true);
    assert.equal(loadConfig({ DUKCAPIL_URL: "http://registry" }).demo, false);
    assert.equal(loadConfig({ ...production, ...secrets }).demo, false);
  });

  it("is shown with a policy that lets in nothing from elsewhere", async () => {
    const response = await fetch(`${service.url}/capture`);
    if (response.status === 503) {
      assert.match(((await response.json()) as { detail: string }).detail, /npm run build:web/);
      return;
    }
    assert.equal(response.status, 200);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|https?:/);
    assert.equal((await fetch(`${service.url}/pages/models/antispoof.json`)).status, 404);
    assert.equal((await fetch(`${service.url}/pages/models/blazeface.json`)).status, 200);
    assert.equal((await fetch(`${service.url}/pages/..%2f..%2fpackage.json`)).status, 404);
  });
});
