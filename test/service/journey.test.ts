import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { type Client, type Person, people, startTestService, type TestService } from "../support/service.ts";

describe("a verification from start to decision, on real pixels", () => {
  let running: TestService;
  let [ani, budi]: Person[] = [];
  let blocked: Person;
  let deceased: Person;
  let unknown: Person;
  let client: Client;

  before(async () => {
    running = await startTestService();
    [ani, budi] = await people(running.dataDir, 11, 2);
    [blocked] = await people(running.dataDir, 12, 1, "BLOCKED");
    [deceased] = await people(running.dataDir, 13, 1, "DECEASED");
    [unknown] = await people(running.dataDir, 14, 1, "NOT_FOUND");
    client = await running.client("user-1");
  });
  after(() => running.close());

  test("the holder of the card is VERIFIED", async () => {
    const id = await client.start();
    const ktp = await client.ktp(id, ani.ktp);
    assert.equal(ktp.status, 200, JSON.stringify(ktp.body));
    assert.equal(ktp.body.status, "PROCESSING");
    assert.equal(ktp.body.next_step, "Please upload selfie image");
    const read = ktp.body.ocr_result;
    for (const field of ["nik", "name", "birth_date", "gender", "province", "city", "district"] as const) {
      assert.equal(read[field], ani[field], field);
    }
    const selfie = await client.selfie(id, ani.selfie);
    assert.equal("crops" in ktp.body, false, "only where asked for");
    assert.equal(selfie.status, 200, JSON.stringify(selfie.body));
    assert.equal(selfie.body.status, "VERIFIED", JSON.stringify(selfie.body));
    assert.equal(selfie.body.liveness_result.is_live, true);
    assert.equal(selfie.body.face_match_result.is_match, true);
    assert.equal(selfie.body.dukcapil_result.status, "VALID");
    assert.equal("rejection_reason" in selfie.body, false);

    const { body: view } = await client.get(`/verify/${id}`);
    assert.equal(view.status, "VERIFIED");
    assert.deepEqual(view.ktp_ocr_result, read);
    assert.match(view.created_at, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.match(view.completed_at, /^\d{4}-\d\d-\d\dT.*Z$/);

    const told = await running.service.outbox.list({ limit: 10 });
    assert.deepEqual(
      told.map(({ kind, value }) => [kind, value.verification_id]),
      [
        ["ktp_uploaded", id],
        ["verified", id],
      ],
    );
    const masked = `${ani.nik.slice(0, 6)}******${ani.nik.slice(-4)}`;
    assert.deepEqual(told[1].value, {
      verification_id: id,
      user_id: "user-1",
      nik: masked,
      name: ani.name,
      status: "VERIFIED",
    });
  });

  test("the same person as another user is told to those who review, not to the user", async () => {
    const other = await running.client("user-2");
    const id = await other.start();
    assert.equal((await other.ktp(id, ani.ktp)).status, 200);
    assert.equal((await other.selfie(id, ani.selfie)).body.status, "VERIFIED", "to flag is the default");
    const { body: own } = await other.get(`/verify/${id}`);
    assert.equal("duplicate_of" in own, false);
    const reviewer = await running.client("staff", "kyc:review");
    const { body: seen } = await reviewer.get(`/verify/${id}`);
    const [first] = (await client.get("/user/user-1")).body;
    assert.deepEqual(
      seen.duplicate_of.map((one: Record<string, unknown>) => [one.by, one.verification_id]),
      [
        ["nik", first.verification_id],
        ["face", first.verification_id],
      ],
    );
    assert.equal(seen.duplicate_of[0].similarity, null);
    assert.ok(seen.duplicate_of[1].similarity > 0.95, "it is the same picture");
    assert.deepEqual((await reviewer.get(`/verify/${first.verification_id}`)).body.duplicate_of, []);
  });

  test("another person's selfie is REJECTED, and the reason says so", async () => {
    const id = await client.start();
    assert.equal((await client.ktp(id, ani.ktp)).status, 200);
    const { status, body } = await client.selfie(id, budi.selfie);
    assert.equal(status, 200);
    assert.equal(body.status, "REJECTED");
    assert.equal(body.face_match_result.is_match, false);
    assert.match(body.rejection_reason, /does not match/);
    assert.equal(body.dukcapil_result.status, "VALID");
  });

  test("blocked, deceased and unknown citizens are REJECTED for what they are", async () => {
    for (const [person, registry, reason] of [
      [blocked, "BLOCKED", /blocked/],
      [deceased, "DECEASED", /deceased/],
      [unknown, "NOT_FOUND", /does not know/],
    ] as const) {
      const id = await client.start();
      assert.equal((await client.ktp(id, person.ktp)).status, 200);
      const { body } = await client.selfie(id, person.selfie);
      assert.equal(body.status, "REJECTED", registry);
      assert.equal(body.dukcapil_result.status, registry);
      assert.equal(body.dukcapil_result.is_valid, false);
      assert.match(body.rejection_reason, reason);
    }
  });

  test("BASIC_KYC completes in the KTP step and takes no selfie", async () => {
    const id = await client.start("BASIC_KYC");
    const { status, body } = await client.ktp(id, budi.ktp);
    assert.equal(status, 200);
    assert.equal(body.status, "VERIFIED");
    assert.equal(body.dukcapil_result.status, "VALID");
    const late = await client.selfie(id, budi.selfie);
    assert.equal(late.status, 409);
    assert.equal(late.body.error_code, "KYC_VAL_002");
  });

  test("portrait and signature come where asked for, and are stored sealed", async () => {
    const id = await client.start();
    const ktp_image = Buffer.from(budi.ktp).toString("base64");
    const { status, body } = await client.post("/verify/ktp?crops=1", { verification_id: id, ktp_image });
    assert.equal(status, 200, JSON.stringify(body));
    for (const [part, wide] of [
      ["portrait", false],
      ["signature", true],
    ] as const) {
      const jpeg = Buffer.from(body.crops[part], "base64");
      const { format, width, height } = await sharp(jpeg).metadata();
      assert.equal(format, "jpeg");
      assert.equal(width > height, wide, `${part}: ${width} × ${height}`);
      const folder = join(running.dataDir, "images");
      const names = readdirSync(folder, { recursive: true }) as string[];
      const stored = names.filter((name) => name.includes(`${id}-${part}-`));
      assert.equal(stored.length, 1, part);
      assert.equal(readFileSync(join(folder, stored[0])).includes(jpeg.subarray(0, 64)), false, "sealed");
    }
    const events = JSON.stringify(await running.service.outbox.list({ limit: 1000 }));
    assert.equal(events.includes(body.crops.portrait.slice(0, 40)), false);
    assert.equal(
      (await client.post("/verify/ktp?crops=yes", { verification_id: id, ktp_image })).status,
      400,
    );
  });

  test("a photograph of no card costs an attempt and says what to do; the third ends it", async () => {
    const id = await client.start();
    for (const left of [2, 1, 0]) {
      const { status, body } = await client.ktp(id, budi.selfie);
      assert.equal(status, 400);
      assert.equal(body.error_code, "KYC_VAL_001");
      assert.equal(body.attempts_left, left);
      assert.equal(body.hints[0].code, "not_a_ktp");
      assert.ok(body.hints[0].id.length > 10 && body.hints[0].en.length > 10);
    }
    const { body: view } = await client.get(`/verify/${id}`);
    assert.equal(view.status, "REJECTED");
    assert.match(view.rejection_reason, /3 attempts/);
    assert.equal((await client.ktp(id, budi.ktp)).status, 409);
    const last = (await running.service.outbox.list({ limit: 1000 })).at(-1);
    assert.deepEqual(
      [last?.kind, last?.value.verification_id, last?.value.status],
      ["failed", id, "REJECTED"],
    );
  });

  test("a selfie without a face, or with several, is to be taken again; the verification goes on", async () => {
    const id = await client.start();
    assert.equal((await client.ktp(id, ani.ktp)).status, 200);
    const wall = await sharp({ create: { width: 800, height: 1000, channels: 3, background: "#b8a890" } })
      .jpeg()
      .toBuffer();
    const none = await client.selfie(id, wall);
    assert.equal(none.status, 400);
    assert.equal(none.body.error_code, "KYC_VAL_002");
    assert.equal(none.body.hints[0].code, "no_face");
    assert.equal(none.body.attempts_left, 2);

    const side = (bytes: Uint8Array) => sharp(bytes).resize(600, 800, { fit: "cover" }).toBuffer();
    const both = await sharp({ create: { width: 1200, height: 800, channels: 3, background: "#888" } })
      .composite([
        { input: await side(ani.selfie), left: 0, top: 0 },
        { input: await side(budi.selfie), left: 600, top: 0 },
      ])
      .jpeg()
      .toBuffer();
    const several = await client.selfie(id, both);
    assert.equal(several.status, 400, JSON.stringify(several.body));
    assert.equal(several.body.hints[0].code, "several_faces");
    assert.equal(several.body.attempts_left, 1);

    assert.equal((await client.selfie(id, ani.selfie)).body.status, "VERIFIED");
  });

  test("steps out of turn are 409 and change nothing", async () => {
    const id = await client.start();
    const early = await client.selfie(id, ani.selfie);
    assert.deepEqual([early.status, early.body.error_code], [409, "KYC_VAL_002"]);
    assert.equal((await client.ktp(id, ani.ktp)).status, 200);
    const twice = await client.ktp(id, ani.ktp);
    assert.deepEqual([twice.status, twice.body.error_code], [409, "KYC_VAL_001"]);
    assert.equal((await client.get(`/verify/${id}`)).body.status, "PROCESSING");
  });

  test("of two uploads at once one is processed, the other gets 409", async () => {
    const id = await client.start();
    const answers = await Promise.all([client.ktp(id, ani.ktp), client.ktp(id, budi.ktp)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    const taken = answers.find(({ status }) => status === 200)?.body.ocr_result.nik;
    assert.equal((await client.get(`/verify/${id}`)).body.ktp_ocr_result.nik, taken);
  });

  test("the same Idempotency-Key gives the same answer and is worked on once", async () => {
    const id = await client.start();
    const key = { "x-idempotency-key": "upload-1" };
    const first = await client.ktp(id, ani.ktp, key);
    const again = await client.ktp(id, ani.ktp, key);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, first.body);
    const other = await client.ktp(id, budi.ktp, key);
    assert.deepEqual([other.status, other.body.error_code], [422, "KYC_IDM_001"]);
  });

  test("a user's verifications are theirs alone; a reviewer may read, the platform may act", async () => {
    const id = await client.start();
    const other = await running.client("user-2");
    for (const answer of [
      await other.get(`/verify/${id}`),
      await other.ktp(id, ani.ktp),
      await other.get("/user/user-1"),
    ]) {
      assert.deepEqual([answer.status, answer.body.error_code], [403, "KYC_AUTH_003"]);
    }
    const reviewer = await running.client("reviewer", "kyc:review");
    assert.equal((await reviewer.get(`/verify/${id}`)).status, 200);
    assert.equal((await reviewer.ktp(id, ani.ktp)).status, 403);
    const platform = await running.client("gateway", "kyc:service");
    assert.equal((await platform.ktp(id, ani.ktp)).status, 200);
    const history = await reviewer.get("/user/user-1?limit=2");
    assert.equal(history.body.length, 2);
    assert.equal(history.body[0].verification_id, id);
    assert.match(history.headers.get("link") ?? "", /rel="next"/);
  });

  test("the events are the platform's to read", async () => {
    assert.equal((await client.get("/events")).status, 403);
    const platform = await running.client("gateway", "kyc:service");
    const { status, body } = await platform.get("/events?limit=2");
    assert.equal(status, 200);
    assert.deepEqual(
      body.map(({ kind }: { kind: string }) => kind),
      ["ktp_uploaded", "verified"],
    );
    const next = await platform.get(`/events?after=${body[1].id}&limit=1`);
    assert.ok(next.body[0].id > body[1].id);
  });
});
