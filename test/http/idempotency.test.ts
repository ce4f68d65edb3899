import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openStorage, type Storage, temporaryFolder } from "../support/storage.ts";
import { assertProblem, BASE, base64, bearer, begin, jpeg, serve } from "./support.ts";

const START = `${BASE}/verify/start`;
const KTP = `${BASE}/verify/ktp`;
const SELFIE = `${BASE}/verify/selfie`;

let folder: ReturnType<typeof temporaryFolder>;
let storage: Storage;
let mine: { authorization: string };
before(async () => {
  folder = temporaryFolder();
  storage = await openStorage({ dataDir: folder.path });
  mine = await bearer("u");
});
after(async () => {
  await storage.close();
  folder.remove();
});

const serveWithRecords = (t: Parameters<typeof serve>[0], parts: Parameters<typeof serve>[1] = {}) =>
  serve(t, { idempotency: storage.idempotency, ...parts });
let keys = 0;
const freshKey = () => ({ "idempotency-key": `key-${++keys}` });

test("the same key and body get the same answer again, and the work is done once", async (t) => {
  const { postJson, seen } = await serveWithRecords(t);
  const key = freshKey();
  const first = await postJson(START, { user_id: "u" }, { ...mine, ...key });
  assert.equal(first.headers.get("idempotent-replayed"), null);
  const answer = await first.text();
  const again = await postJson(
    START,
    { verification_type: "FULL_KYC", user_id: "u", more: 1 },
    { ...mine, ...key },
  );
  assert.equal(again.status, 200);
  assert.equal(await again.text(), answer);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  assert.match(again.headers.get("content-type") ?? "", /^application\/json/);
  assert.equal(seen.length, 1);
  // Without a key nothing is remembered.
  assert.notEqual(await (await postJson(START, { user_id: "u" }, mine)).text(), answer);
});

test("the gateway's name for the key counts, and both are one", async (t) => {
  const { postJson, seen } = await serveWithRecords(t);
  const { "idempotency-key": key } = freshKey();
  const first = await postJson(START, { user_id: "u" }, { ...mine, "x-idempotency-key": key });
  const again = await postJson(START, { user_id: "u" }, { ...mine, "idempotency-key": key });
  const both = await postJson(
    START,
    { user_id: "u" },
    { ...mine, "idempotency-key": key, "x-idempotency-key": key },
  );
  assert.deepEqual([await again.text(), await both.text()], Array(2).fill(await first.text()));
  assert.equal(seen.length, 1);
  const differ = { ...mine, "idempotency-key": key, "x-idempotency-key": "another" };
  assert.match(
    (await assertProblem(await postJson(START, { user_id: "u" }, differ), 400, "KYC_VAL_001")).detail,
    /differ/,
  );
});

test("an image sent again in another form is the same request", async (t) => {
  const client = await serveWithRecords(t);
  const verification_id = await begin(client, mine);
  const headers = { ...mine, ...freshKey() };
  const ktp_image = jpeg();
  const form = await client.postForm(KTP, { verification_id, ktp_image }, headers);
  const json = await client.postJson(KTP, { verification_id, ktp_image: base64(ktp_image) }, headers);
  assert.equal(form.status, 200);
  assert.equal(await json.text(), await form.text());
  assert.equal(json.headers.get("idempotent-replayed"), "true");
  assert.deepEqual(
    client.seen.map(({ what }) => what),
    ["start FULL_KYC", "ktp"],
  );
});

test("another body under the same key is 422, be it one byte of an image", async (t) => {
  const client = await serveWithRecords(t);
  const verification_id = await begin(client, mine);
  const headers = { ...mine, ...freshKey() };
  const ktp_image = jpeg();
  assert.equal((await client.postForm(KTP, { verification_id, ktp_image }, headers)).status, 200);
  ktp_image[400] ^= 1;
  await assertProblem(
    await client.postForm(KTP, { verification_id, ktp_image }, headers),
    422,
    "KYC_IDM_001",
  );
  assert.equal(client.seen.filter(({ what }) => what === "ktp").length, 1);
});

test("a key belongs to its caller and its route", async (t) => {
  const client = await serveWithRecords(t);
  const key = freshKey();
  const [one, two] = [await bearer("one"), await bearer("two")];
  const first = await client.postJson(START, { user_id: "one" }, { ...one, ...key });
  assert.equal(first.status, 200);
  const other = await client.postJson(START, { user_id: "two" }, { ...two, ...key });
  assert.equal(other.status, 200);
  assert.equal(other.headers.get("idempotent-replayed"), null);
  const verification_id = await begin(client, one, "one");
  const ktp = await client.postForm(KTP, { verification_id, ktp_image: jpeg() }, { ...one, ...key });
  assert.equal(ktp.status, 200);
  assert.equal(ktp.headers.get("idempotent-replayed"), null);
});

test("an answer belongs to the user whom it is about, whoever asked, and goes where they are erased", async (t) => {
  const client = await serveWithRecords(t);
  const platform = await bearer("platform", "kyc:service");
  const [start, upload, bystander] = [freshKey(), freshKey(), freshKey()];
  const begun = await client.postJson(START, { user_id: "erased" }, { ...platform, ...start });
  const { verification_id } = (await begun.json()) as { verification_id: string };
  const form = { verification_id, ktp_image: jpeg() };
  assert.equal((await client.postForm(KTP, form, { ...platform, ...upload })).status, 200);
  await client.postJson(START, { user_id: "another" }, { ...platform, ...bystander });

  const by = { subject: "platform", scopes: new Set(["kyc:service"]) };
  await storage.keeper.erase(by, "erased", new Date());
  const replayed = async (answer: Promise<Response>) => (await answer).headers.get("idempotent-replayed");
  assert.equal(
    await replayed(client.postJson(START, { user_id: "erased" }, { ...platform, ...start })),
    null,
  );
  assert.equal(await replayed(client.postForm(KTP, form, { ...platform, ...upload })), null);
  assert.equal(
    await replayed(client.postJson(START, { user_id: "another" }, { ...platform, ...bystander })),
    "true",
  );
});

test("while the first is under way the second is 409, and afterwards gets its answer", async (t) => {
  const client = await serveWithRecords(t);
  const verification_id = await begin(client, mine);
  const headers = { ...mine, ...freshKey() };
  const body = { verification_id, ktp_image: Buffer.from("SLOW upload") };
  const first = client.postForm(KTP, body, headers);
  await client.slow.begun;
  const second = await client.postForm(KTP, body, headers);
  await assertProblem(second, 409, "KYC_IDM_001");
  assert.equal(second.headers.get("retry-after"), "2");
  client.slow.release();
  const answer = await (await first).text();
  const third = await client.postForm(KTP, body, headers);
  assert.equal(await third.text(), answer);
  assert.equal(third.headers.get("idempotent-replayed"), "true");
});

test("a refused photograph is refused the same way again, so that no second attempt is spent", async (t) => {
  const client = await serveWithRecords(t);
  const verification_id = await begin(client, mine);
  const headers = { ...mine, ...freshKey() };
  const body = { verification_id, selfie_image: Buffer.from("REFUSE") };
  const first = await assertProblem(await client.postForm(SELFIE, body, headers), 400, "KYC_VAL_002");
  const again = await client.postForm(SELFIE, body, headers);
  assert.equal(again.status, 400);
  assert.match(again.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.deepEqual(await again.json(), first);
  assert.equal(client.seen.filter(({ what }) => what === "selfie").length, 1);
});

test("failures, limits and conflicts of the moment are not kept: the same key may try again", async (t) => {
  const client = await serveWithRecords(t);
  const verification_id = await begin(client, mine);
  for (const [content, status, code] of [
    ["CRASH!", 500, "KYC_SYS_002"],
    ["BUSY!!", 503, "KYC_SYS_002"],
  ] as const) {
    const headers = { ...mine, ...freshKey() };
    const body = { verification_id, ktp_image: Buffer.from(content) };
    const before = client.seen.length;
    await assertProblem(await client.postForm(KTP, body, headers), status, code);
    const again = await client.postForm(KTP, body, headers);
    assert.equal(again.headers.get("idempotent-replayed"), null);
    await assertProblem(again, status, code);
    assert.equal(client.seen.length, before + 2);
  }
  const headers = { ...mine, ...freshKey() };
  const body = { verification_id, selfie_image: jpeg() };
  await assertProblem(await client.postForm(SELFIE, body, headers), 409, "KYC_VAL_002");
  assert.equal((await client.postForm(KTP, { verification_id, ktp_image: jpeg() }, mine)).status, 200);
  assert.equal((await client.postForm(SELFIE, body, headers)).status, 200);
});

test("a key must be usable", async (t) => {
  const { postJson } = await serveWithRecords(t);
  const send = (key: string) => postJson(START, { user_id: "u" }, { ...mine, "idempotency-key": key });
  for (const bad of ["", "x".repeat(256), "schlüssel"]) {
    assert.match((await assertProblem(await send(bad), 400, "KYC_VAL_001")).detail, /Idempotency-Key/);
  }
  assert.equal((await send("x".repeat(255))).status, 200);
});

test("a day later the key is free again", async (t) => {
  let time = new Date("2026-01-01T00:00:00Z");
  const client = await serveWithRecords(t, { clock: { now: () => time } });
  const headers = { ...mine, ...freshKey() };
  const send = async () => (await client.postJson(START, { user_id: "u" }, headers)).text();
  const first = await send();
  time = new Date("2026-01-01T23:59:00Z");
  assert.equal(await send(), first);
  time = new Date("2026-01-02T00:01:00Z");
  assert.notEqual(await send(), first);
});

test("a process that died with a request in hand does not hold its key for long", async (t) => {
  let time = new Date("2026-01-01T00:00:00Z");
  const clock = { now: () => time };
  const dying = await serveWithRecords(t, { clock });
  const heir = await serveWithRecords(t, { clock, kyc: dying.kyc });
  const verification_id = await begin(dying, mine);
  const headers = { ...mine, ...freshKey() };
  const body = { verification_id, ktp_image: Buffer.from("SLOW upload") };
  const lost = dying.postForm(KTP, body, headers);
  await dying.slow.begun;
  time = new Date("2026-01-01T00:00:59Z");
  await assertProblem(await heir.postForm(KTP, body, headers), 409, "KYC_IDM_001");
  time = new Date("2026-01-01T00:01:01Z");
  const again = heir.postForm(KTP, body, headers);
  while (dying.seen.filter(({ what }) => what === "ktp").length < 2) await setTimeout(5);
  dying.slow.release();
  assert.equal((await again).status, 200);
  assert.equal((await lost).status, 200);
  assert.equal((await again).headers.get("idempotent-replayed"), null);
});

test("where the answer cannot be kept it is given all the same; where nothing can be looked up, none is", async (t) => {
  const lost = { ...storage.idempotency, finish: () => Promise.reject(new Error("the database went away")) };
  const client = await serveWithRecords(t, { idempotency: lost });
  const response = await client.postJson(START, { user_id: "u" }, { ...mine, ...freshKey() });
  assert.equal(response.status, 200);
  assert.ok(
    client.log().some(({ level, err }) => level === "error" && err.message === "the database went away"),
  );

  const gone = { ...storage.idempotency, begin: () => Promise.reject(new Error("the database went away")) };
  const blind = await serveWithRecords(t, { idempotency: gone });
  await assertProblem(
    await blind.postJson(START, { user_id: "u" }, { ...mine, ...freshKey() }),
    500,
    "KYC_SYS_001",
  );
  assert.deepEqual(blind.seen, []);
});
