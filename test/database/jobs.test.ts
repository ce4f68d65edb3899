import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { openDatabase } from "../../src/database/database.ts";
import { type Jobs, openJobs } from "../../src/database/jobs.ts";
import { startPostgres } from "../support/postgres.ts";
import { temporaryFolder } from "../support/storage.ts";
import { undoing } from "../support/undo.ts";

const DONE_WITHIN_MS = 20_000;

async function fresh(t: TestContext) {
  const server = await startPostgres();
  if ("skip" in server) return server;
  const undo = undoing(t);
  undo(() => server.stop());
  const folder = temporaryFolder();
  undo(folder.remove);
  const url = await server.createDatabase();
  const errors: unknown[] = [];
  /** As a process of its own has it. */
  const open = async (
    as = url,
  ): Promise<{ jobs: Jobs; database: Awaited<ReturnType<typeof openDatabase>> }> => {
    const database = await openDatabase({ url: as, dataDir: folder.path });
    undo(() => database.close());
    const jobs = await openJobs(database, (error) => errors.push(error));
    undo(() => jobs.close());
    return { jobs, database };
  };
  return { url, open, errors };
}

test("several processes that start at once on a new database make the jobs' tables once, and share the work", async (t) => {
  const server = await fresh(t);
  if ("skip" in server) return t.skip(server.skip);
  const processes = await Promise.all([server.open(), server.open(), server.open()]);
  const done = new Map<string, number>();
  const seen = new Set<number>();
  for (const [number, { jobs }] of processes.entries()) {
    await jobs.start(async (id) => {
      seen.add(number);
      done.set(id, (done.get(id) ?? 0) + 1);
      await pause(50);
      // Thrown once, it comes again.
      if (id === failing && done.get(id) === 1) throw new Error("away");
    }, 2);
  }
  const ids = Array.from({ length: 24 }, () => randomUUID());
  const [failing] = ids;
  const { jobs, database } = processes[0]!;
  await database.db.transaction().execute(async (transaction) => {
    for (const id of ids) await jobs.send(transaction, id);
    await pause(100);
    assert.equal(done.size, 0, "not before it is committed");
  });
  await assert.rejects(
    database.db.transaction().execute(async (transaction) => {
      await jobs.send(transaction, randomUUID());
      throw new Error("rolled back");
    }),
    /rolled back/,
  );
  for (const each of processes) each.jobs.wake();
  for (
    const until = Date.now() + DONE_WITHIN_MS;
    done.get(failing!) !== 2 || done.size < ids.length;
    await pause(50)
  )
    assert.ok(Date.now() < until, `${done.size} of ${ids.length}`);
  assert.deepEqual([...done.keys()].sort(), ids.toSorted());
  for (const id of ids) assert.equal(done.get(id), id === failing ? 2 : 1);
  assert.ok(seen.size > 1, "by more than one");
  assert.deepEqual(
    server.errors.map((error) => (error as Error).message),
    ["away"],
  );
  const { rows } = await database.run(
    "SELECT output::text AS output FROM kyc_jobs.job WHERE output IS NOT NULL",
  );
  assert.ok(
    !JSON.stringify(rows).includes("away"),
    "what went wrong is for the log, not for a table in the clear",
  );
});

test("an account that may create nothing in the database uses the schema that was made for it", async (t) => {
  const server = await fresh(t);
  if ("skip" in server) return t.skip(server.skip);
  const owner = new pg.Client(server.url);
  await owner.connect();
  await owner.query(`
    CREATE ROLE plain LOGIN PASSWORD 'plain'; CREATE SCHEMA kyc_jobs AUTHORIZATION plain; GRANT ALL ON SCHEMA public TO plain;
  `);
  await owner.end();
  const url = new URL(server.url);
  url.username = "plain";
  url.password = "plain";
  const { jobs } = await server.open(url.href);
  assert.equal(await jobs.ensure(randomUUID()), true);
});
