import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPostgres } from "../support/postgres.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { type Client, people } from "../support/service.ts";

const LATER = { prefer: "respond-async" };
const POISON = fileURLToPath(new URL("../support/poison.mjs", import.meta.url));
const killing = (photograph: Uint8Array, what: "THREAD" | "PROCESS") =>
  Buffer.concat([photograph, Buffer.from(`KILLS ITS ${what}`)]);

async function answerOf(client: Client, id: string, uploadId: string, seconds = 90) {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await pause(200)) {
    const { status, body } = await client.get(`/verify/${id}/uploads/${uploadId}`);
    assert.equal(status, 200, JSON.stringify(body));
    if (body.answer !== null) return body;
  }
  throw new Error("the upload was not answered");
}

/** What came of one verification, told and recorded. */
async function eventsOf(running: ServiceProcess, id: string): Promise<string[]> {
  const { body } = await (await running.client("platform", "kyc:service")).get("/events?limit=500");
  return (body as { kind: string; value: { verification_id: string } }[])
    .filter(({ value }) => value.verification_id === id)
    .map(({ kind }) => kind);
}

describe("a photograph that kills whoever looks at it", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-poison-"));
  after(() => rmSync(dataDir, { recursive: true, force: true }));
  const environment = { DATA_DIR: dataDir, NODE_OPTIONS: `--import=${POISON}` };

  test("by its thread: a clear answer at once, a new thread, and three tries where it was to be judged later", async (t) => {
    const [person] = await people(dataDir, 61, 1);
    const running = await startProcess(t, environment);
    const client = await running.client("user-1");
    const id = await client.start();

    const died = await client.ktp(id, killing(person.ktp, "THREAD"));
    assert.equal(died.status, 500, JSON.stringify(died.body));
    assert.equal(died.body.error_code, "KYC_SYS_002");
    assert.match(died.body.detail, /Send it again/);

    const sent = await client.ktp(id, killing(person.ktp, "THREAD"), LATER);
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    assert.equal((await client.ktp(id, person.ktp)).status, 409, "it waits for that one");
    const { state, answer } = await answerOf(client, id, sent.body.upload_id);
    assert.equal(state, "failed");
    assert.equal(answer.status, 500);
    assert.equal(answer.body.error_code, "KYC_SYS_002");
    assert.match(answer.body.detail, /3 tries.*Take another photograph/);
    assert.equal(answer.body.tries, 3);

    // Nothing was counted against the person, and the next photograph is taken.
    const next = await client.ktp(id, person.ktp);
    assert.equal(next.status, 200, JSON.stringify(next.body));
    const selfie = await client.selfie(id, person.selfie, LATER);
    const judged = await answerOf(client, id, selfie.body.upload_id);
    assert.equal(judged.answer.body.status, "VERIFIED", JSON.stringify(judged));
    assert.deepEqual(await eventsOf(running, id), ["ktp_uploaded", "verified"]);
    assert.equal(await running.stop(), 0);
  });

  test("by its process, kill -9: three processes die of it, the fourth says so, and nothing else is lost", async (t) => {
    const [person] = await people(dataDir, 67, 1);
    let running = await startProcess(t, environment);
    const id = await (await running.client("user-2")).start();
    const sent = await (await running.client("user-2")).ktp(id, killing(person.ktp, "PROCESS"), LATER);
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    let deaths = 0;
    for (;;) {
      const died = new Promise<"died">((resolve) => running.child.once("close", () => resolve("died")));
      const client = await running.client("user-2");
      const answered = answerOf(client, id, sent.body.upload_id).catch(() => "died" as const);
      const outcome = await Promise.race([died, answered]);
      if (outcome === "died") {
        await died;
        assert.ok(++deaths <= 3, "a fourth process died");
        running = await startProcess(t, environment);
        continue;
      }
      assert.equal(outcome.state, "failed", JSON.stringify(outcome));
      assert.match(outcome.answer.body.detail, /Take another photograph/);
      break;
    }
    assert.equal(deaths, 3);
    const client = await running.client("user-2");
    assert.equal((await client.get(`/verify/${id}`)).body.status, "PENDING");
    assert.equal((await client.ktp(id, person.ktp)).status, 200);
    assert.deepEqual(await eventsOf(running, id), ["ktp_uploaded"]);
    assert.equal(await running.stop(), 0);
  });
});

test("killed while it judges an upload, a process leaves it to another, which decides it once", async (t: TestContext) => {
  const server = await startPostgres();
  if ("skip" in server) return t.skip(server.skip);
  t.after(() => server.stop());
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-taken-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [person] = await people(dataDir, 71, 1);
  const DATABASE_URL = await server.createDatabase();
  const one = await startProcess(t, { DATA_DIR: dataDir, DATABASE_URL });
  const id = await (await one.client("user-3")).start();
  const sent = await (await one.client("user-3")).ktp(id, person.ktp, LATER);
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  await one.kill();
  const two = await startProcess(t, { DATA_DIR: dataDir, DATABASE_URL });
  const client = await two.client("user-3");
  const { state, answer } = await answerOf(client, id, sent.body.upload_id);
  assert.equal(state, "done");
  assert.equal(answer.body.ocr_result.nik, person.nik);
  assert.deepEqual(await eventsOf(two, id), ["ktp_uploaded"]);
  assert.equal(await two.stop(), 0);
});
