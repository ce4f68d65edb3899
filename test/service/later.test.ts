import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { startPostgres } from "../support/postgres.ts";
import {
  type Client,
  type Person,
  people,
  type Reply,
  startTestService,
  type TestService,
} from "../support/service.ts";

const LATER = { prefer: "respond-async" };
const BASE = "/api/v1/kyc";

/** Fetches the answer of an upload that was answered 202, as a client does. */
async function answerOf(client: Client, accepted: Reply) {
  assert.equal(accepted.status, 202, JSON.stringify(accepted.body));
  const path = accepted.headers.get("location")?.replace(BASE, "") ?? "";
  for (;;) {
    const { status, headers, body } = await client.get(path);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.upload_id, accepted.body.upload_id);
    if (body.answer !== null) return body;
    assert.match(body.state, /^(queued|running)$/);
    assert.equal(body.finished_at, null);
    assert.equal(headers.get("retry-after"), "1");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const kind of ["the embedded database", "a PostgreSQL server"]) {
  describe(`uploads that are answered later: ${kind}`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), "kyc-later-"));
    let service: TestService | undefined;
    let person: Person;
    let other: Person;
    let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
    let skipped: string | undefined;
    before(async () => {
      server = kind === "a PostgreSQL server" ? await startPostgres() : undefined;
      if (server && "skip" in server) {
        skipped = server.skip;
        return;
      }
      [person, other] = (await people(dataDir, 41, 2)) as [Person, Person];
      service = await startTestService({
        DATA_DIR: dataDir,
        ...(server && { DATABASE_URL: await server.createDatabase() }),
      });
    });
    after(async () => {
      await service?.close();
      if (server && !("skip" in server)) await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const it = (title: string, body: (service: TestService) => Promise<void>) =>
      test(title, (context: TestContext) => (service ? body(service) : context.skip(skipped)));

    it("both steps are taken, judged and answered as they would have been at once", async ({
      client: as,
    }) => {
      const client = await as("user-1");
      const id = await client.start();
      const ktp = await client.ktp(id, person.ktp, LATER);
      assert.equal(ktp.headers.get("preference-applied"), "respond-async");
      assert.equal(ktp.headers.get("location"), `${BASE}/verify/${id}/uploads/${ktp.body.upload_id}`);
      assert.equal(ktp.body.status_url, ktp.headers.get("location"));
      assert.deepEqual(
        [ktp.body.verification_id, ktp.body.step, ktp.body.state, ktp.body.answer],
        [id, "ktp", "queued", null],
      );
      const read = await answerOf(client, ktp);
      assert.equal(read.state, "done");
      assert.equal(read.answer.status, 200);
      assert.equal(read.answer.body.ocr_result.nik, person.nik);
      assert.equal(read.answer.body.next_step, "Please upload selfie image");

      const selfie = await answerOf(client, await client.selfie(id, person.selfie, LATER));
      assert.equal(selfie.answer.body.status, "VERIFIED", JSON.stringify(selfie));
      const view = (await client.get(`/verify/${id}`)).body;
      assert.equal(view.status, "VERIFIED");
      assert.deepEqual(view.ktp_ocr_result, read.answer.body.ocr_result);
      assert.deepEqual(view.liveness_result, selfie.answer.body.liveness_result);
      const events = (await (await as("platform", "kyc:service")).get("/events")).body as {
        kind: string;
        value: { verification_id: string };
      }[];
      assert.deepEqual(
        events.filter(({ value }) => value.verification_id === id).map((event) => event.kind),
        ["ktp_uploaded", "verified"],
      );
      // Without the preference, or with another, the answer is the answer.
      const again = await client.start();
      const { status, body, headers } = await client.ktp(again, person.ktp, { prefer: "return=minimal" });
      assert.equal(status, 200);
      assert.equal(headers.get("preference-applied"), null);
      assert.deepEqual(Object.keys(body).sort(), Object.keys(read.answer.body).sort());

      // What is another user's is not told, and an id that is none of this verification's is not found.
      const stranger = await (await as("stranger")).get(`/verify/${id}/uploads/${ktp.body.upload_id}`);
      assert.equal(stranger.status, 403);
      assert.equal(stranger.body.error_code, "KYC_AUTH_003");
      const elsewhere = await client.get(`/verify/${again}/uploads/${ktp.body.upload_id}`);
      assert.equal(elsewhere.status, 404);
      assert.equal(elsewhere.body.error_code, "KYC_VAL_003");
    });

    it("repeated under its key it is the same upload, and no other is taken while it waits", async ({
      client: as,
    }) => {
      const client = await as("user-4");
      const id = await client.start();
      const headers = { ...LATER, "idempotency-key": "the first" };
      const first = await client.ktp(id, person.ktp, headers);
      const other = await client.ktp(id, person.ktp, LATER);
      assert.equal(other.status, 409, JSON.stringify(other.body));
      assert.equal((await client.ktp(id, person.ktp)).status, 409);
      const second = await client.ktp(id, person.ktp, headers);
      assert.equal(second.headers.get("idempotent-replayed"), "true");
      assert.deepEqual(second.body, first.body);
      for (const name of ["location", "preference-applied", "retry-after"])
        assert.equal(second.headers.get(name), first.headers.get(name), name);
      assert.equal((await client.ktp(id, person.ktp, { "idempotency-key": "the first" })).status, 422);
      assert.equal((await answerOf(client, first)).answer.status, 200);
      assert.equal((await client.ktp(id, person.ktp, headers)).status, 202, "the same answer, for a day");
    });

    // The rest is of no database's making.
    if (kind === "a PostgreSQL server") return;

    it("a photograph that is refused costs its attempt, once, and is answered with what to do", async ({
      client: as,
    }) => {
      const client = await as("user-2");
      const id = await client.start();
      for (const left of [2, 1, 0]) {
        const { state, answer } = await answerOf(client, await client.ktp(id, person.selfie, LATER));
        assert.equal(state, "done");
        assert.equal(answer.status, 400);
        assert.equal(answer.body.error_code, "KYC_VAL_001");
        assert.equal(answer.body.attempts_left, left);
        assert.ok(answer.body.hints.length > 0 && answer.body.hints[0].id.length > 3, JSON.stringify(answer));
      }
      assert.equal((await client.get(`/verify/${id}`)).body.status, "REJECTED");
    });

    it("what can be refused without the pixels is refused at once", async ({ client: as }) => {
      const client = await as("user-3");
      const id = await client.start();
      const refused = async (reply: Promise<Reply>, status: number, code: string) => {
        const { status: given, body } = await reply;
        assert.equal(given, status, JSON.stringify(body));
        assert.equal(body.error_code, code);
      };
      await refused(client.selfie(id, person.selfie, LATER), 409, "KYC_VAL_002");
      await refused(client.ktp(id, Buffer.from("no picture at all"), LATER), 415, "KYC_VAL_001");
      await refused(client.ktp(id, person.ktp.subarray(0, 20), LATER), 400, "KYC_VAL_001");
      await refused((await as("stranger")).ktp(id, person.ktp, LATER), 403, "KYC_AUTH_003");
      await refused(client.ktp("nothing", person.ktp, LATER), 404, "KYC_VAL_003");
      // None of it stands in the way of the next.
      assert.equal((await client.ktp(id, person.ktp)).status, 200);
      await refused(client.ktp(id, person.ktp, LATER), 409, "KYC_VAL_001");
    });

    it("BASIC_KYC with crops, and erasure", async ({ client: as, url }) => {
      const client = await as("user-5");
      const id = await client.start("BASIC_KYC");
      const image = Buffer.from(other.ktp).toString("base64");
      const sent = await client.post("/verify/ktp?crops=1", { verification_id: id, ktp_image: image }, LATER);
      const { answer } = await answerOf(client, sent);
      assert.equal(answer.body.status, "VERIFIED", JSON.stringify(answer));
      assert.ok(answer.body.crops.portrait.length > 1000);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(metrics, /^kyc_uploads_waiting 0$/m);
      const erased = await (await as("platform", "kyc:service")).remove("/user/user-5");
      assert.equal(erased.status, 200, JSON.stringify(erased.body));
      assert.equal((await client.get(`/verify/${id}/uploads/${sent.body.upload_id}`)).status, 404);
    });
  });
}
