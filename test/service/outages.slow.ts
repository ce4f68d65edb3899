import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { runCommand } from "../support/command.ts";
import { createTopics, missingFrom, startKafka } from "../support/kafka.ts";
import { startPostgres } from "../support/postgres.ts";
import { startProcess } from "../support/process.ts";
import { startProxy } from "../support/proxy.ts";
import { clientOf, people, tokenFor } from "../support/service.ts";
import { startTraffic } from "../support/traffic.ts";
import { undoing } from "../support/undo.ts";

/**
 * How long a part is away: `OUTAGE_SECONDS=60 npm run test:outages` for the long ones. What is held to is the same:
 * pools and back-offs have come to their longest wait well before the shorter is over.
 */
const OUTAGE_MS = Number(process.env.OUTAGE_SECONDS ?? 12) * 1000;
const BEFORE_MS = 3_000;
const AFTER_MS = 4_000;
const SETTLED_WITHIN_MS = 120_000;
/** The relay's longest pause between two tries, and what it then has to send. */
const SENT_WITHIN_MS = 60_000;
const CLIENTS = 3;

/** A service with a server beside it, and people who are verified by card. */
async function underLoad(t: TestContext, more: Record<string, string>) {
  const server = await startPostgres({ durable: true });
  if ("skip" in server) return server;
  const undo = undoing(t);
  undo(() => server.stop());
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-outage-"));
  undo(() => rmSync(dataDir, { recursive: true, force: true }));
  const environment = {
    DATA_DIR: dataDir,
    DATABASE_URL: await server.createDatabase(),
    LOG_LEVEL: "error",
    ...more,
  };
  const drawn = await people(dataDir, 81, CLIENTS);
  const service = await startProcess(t, environment);
  undo(() => service.kill());
  const traffic = startTraffic({ clientOf: service.client, people: drawn, type: "BASIC_KYC" });
  undo(() => traffic.stop());
  await pause(BEFORE_MS);
  return { server, environment, service, traffic };
}
type UnderLoad = Exclude<Awaited<ReturnType<typeof underLoad>>, { skip: string }>;

/** All that was begun ends, and is what was answered. */
async function holds({ traffic, service, environment }: UnderLoad, t: TestContext): Promise<void> {
  await pause(AFTER_MS);
  await traffic.stop();
  assert.equal(await traffic.settle(SETTLED_WITHIN_MS), 0, "left waiting");
  assert.deepEqual(await traffic.faults(), []);
  assert.equal(await service.stop(), 0);
  const audit = await runCommand(["audit", "verify"], environment);
  assert.equal(audit.code, 0, audit.output);
  t.diagnostic(`${traffic.journals.length} verifications; answers: ${JSON.stringify([...traffic.answers])}`);
}

test(`PostgreSQL stopped for ${OUTAGE_MS / 1000} s under load: refused with 503 meanwhile, nothing lost, nothing twice`, async (t) => {
  const loaded = await underLoad(t, {});
  if ("skip" in loaded) return t.skip(loaded.skip);
  const { server, service, traffic } = loaded;
  await server.halt();
  const begun = traffic.journals.length;
  await pause(OUTAGE_MS);
  const ready = await fetch(`${service.url}/ready`);
  assert.equal(ready.status, 503);
  assert.equal((await fetch(`${service.url}/health`)).status, 200);
  assert.ok((traffic.answers.get(503) ?? 0) > 0, "requests came meanwhile");
  await server.resume();
  await holds(loaded, t);
  assert.ok(traffic.journals.length > begun + CLIENTS, "it went on");
  assert.deepEqual(
    [...traffic.answers.keys()].filter((status) => status !== 200 && status !== 503),
    [],
    "refused by name, and nobody is told that an upload is under way that failed long ago",
  );
});

test(`Kafka stopped for ${OUTAGE_MS / 1000} s under load: nobody waits for it, and every event comes to its topic`, async (t) => {
  const kafka = await startKafka();
  if ("skip" in kafka) return t.skip(kafka.skip);
  t.after(() => kafka.stop());
  await createTopics(kafka);
  const loaded = await underLoad(t, { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap });
  if ("skip" in loaded) return t.skip(loaded.skip);
  const { traffic } = loaded;
  await kafka.kill();
  const before = traffic.answers.get(200) ?? 0;
  await pause(OUTAGE_MS);
  assert.ok((traffic.answers.get(200) ?? 0) > before, "people are verified meanwhile");
  await kafka.restart();
  await pause(AFTER_MS);
  await traffic.stop();
  const ids = new Set((await traffic.events()).map(({ ce }) => ce.id));
  assert.ok(ids.size > 0);
  assert.deepEqual(await missingFrom(kafka, ids, SENT_WITHIN_MS), [], "events that are in no topic");
  await holds(loaded, t);
  assert.deepEqual([...traffic.answers.keys()], [200], "no request was refused");
});

test("a rolling restart under load: every request that was taken is answered, none is refused", async (t) => {
  const server = await startPostgres({ durable: true });
  if ("skip" in server) return t.skip(server.skip);
  const undo = undoing(t);
  undo(() => server.stop());
  const scratch = mkdtempSync(join(tmpdir(), "kyc-rolling-"));
  undo(() => rmSync(scratch, { recursive: true, force: true }));
  const [one, two] = [join(scratch, "one"), join(scratch, "two")] as const;
  const drawn = await people(one, 83, CLIENTS);
  // The same keys and citizens.
  cpSync(one, two, { recursive: true });
  const shared = {
    DATABASE_URL: await server.createDatabase(),
    STORAGE_URL: join(scratch, "images"),
    LOG_LEVEL: "error",
  };
  const start = (dataDir: string) => startProcess(t, { ...shared, DATA_DIR: dataDir });
  const running = [await start(one), await start(two)];
  const targets: (string | null)[] = running.map(({ url }) => url);
  const proxy = await startProxy(targets);
  undo(() => proxy.close());
  const traffic = startTraffic({
    clientOf: async (user, ...scopes) => clientOf(proxy.url, await tokenFor(user, ...scopes), user),
    people: drawn,
    type: "BASIC_KYC",
    later: true,
  });
  undo(() => traffic.stop());
  for (const [number, dataDir] of [one, two, one, two].entries()) {
    await pause(BEFORE_MS / 2);
    assert.equal(await running[number % 2]!.stop(), 0);
    targets[number % 2] = null;
    running[number % 2] = await start(dataDir);
    targets[number % 2] = running[number % 2]!.url;
  }
  await pause(AFTER_MS / 2);
  await traffic.stop();
  assert.equal(await traffic.settle(SETTLED_WITHIN_MS), 0, "left waiting");
  assert.deepEqual(await traffic.faults(), []);
  assert.deepEqual(proxy.broken, []);
  assert.deepEqual([...traffic.answers.keys()].sort(), [200, 202]);
  assert.ok(traffic.journals.length > 4 * CLIENTS, "it was under load");
  for (const { stop } of running) assert.equal(await stop(), 0);
  t.diagnostic(
    `${traffic.journals.length} verifications, ${proxy.passedOn} requests sent to the other process`,
  );
});
