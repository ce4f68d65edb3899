import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { startPostgres } from "../support/postgres.ts";
import { people, startTestService } from "../support/service.ts";
import { undoing } from "../support/undo.ts";

/** The sweep's round, and the timekeeper's after it. */
const MOVED_WITHIN_MS = 50_000;

test("a verification in PROCESSING that nothing would move on is found, told of and decided", async (t) => {
  const server = await startPostgres();
  if ("skip" in server) return t.skip(server.skip);
  const undo = undoing(t);
  undo(() => server.stop());
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-sweep-"));
  undo(() => rmSync(dataDir, { recursive: true, force: true }));
  const DATABASE_URL = await server.createDatabase();
  const [person, other] = await people(dataDir, 73, 2);
  const service = await startTestService({ DATA_DIR: dataDir, DATABASE_URL });
  undo(() => service.close());
  const client = await service.client("user-1");
  const id = await client.start("BASIC_KYC");
  assert.equal((await client.ktp(id, person!.ktp)).body.status, "VERIFIED");
  const waits = await client.start();

  const database = new pg.Client(DATABASE_URL);
  await database.connect();
  undo(() => database.end());
  // As no code of the service leaves a row behind: its evidence complete, no decision, no time at which it is due.
  await database.query(
    `UPDATE kyc_verifications SET status = 'PROCESSING', completed_at = NULL, dukcapil_due_at = NULL
     WHERE verification_id = $1`,
    [id],
  );
  // And one that waits for an upload that is none.
  await database.query("UPDATE kyc_verifications SET upload_id = 'none' WHERE verification_id = $1", [waits]);
  assert.equal((await client.ktp(waits, other!.ktp)).status, 409);

  let most = 0;
  for (const until = Date.now() + MOVED_WITHIN_MS; ; await pause(500)) {
    const told = /^kyc_verifications_overdue (\d+)$/m.exec(
      await (await fetch(`${service.url}/metrics`)).text(),
    );
    most = Math.max(most, Number(told?.[1]));
    if ((await client.get(`/verify/${id}`)).body.status === "VERIFIED") break;
    assert.ok(Date.now() < until, "it was not moved on");
  }
  assert.equal(most, 2);
  assert.equal((await client.ktp(waits, other!.ktp)).status, 200);
});
