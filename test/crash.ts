import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Random } from "../src/sample/random.ts";
import { runCommand } from "./support/command.ts";
import { createTopics, missingFrom, startKafka, type TestKafka } from "./support/kafka.ts";
import { startPostgres } from "./support/postgres.ts";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { people } from "./support/service.ts";
import { startTraffic } from "./support/traffic.ts";

/*
 * Kills the service with -9 at random moments while people are verified, starts it again each time, and holds what it
 * says in the end against everything that it had answered: `npm run test:crash -- --times 200`. Nothing that was
 * answered may be lost, nothing decided twice, nobody left waiting; with `--kafka` each event must be in its topic, too.
 * Ends with 1 otherwise.
 */
const { values: flags } = parseArgs({
  options: {
    times: { type: "string", default: "25" },
    seed: { type: "string", default: "7" },
    kafka: { type: "boolean", default: false },
  },
});
const times = Number(flags.times);
const seed = Number(flags.seed);
if (!Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
  process.stderr.write("npm run test:crash -- [--times N] [--seed N] [--kafka]\n");
  process.exit(2);
}

const CLIENTS = 3;
/** A kill comes within this time after the service is ready. */
const LONGEST_LIFE_MS = 2500;
/** A claim ends by itself after a minute, a registry check is taken up after 45 s. */
const SETTLED_WITHIN_MS = 180_000;
/** A killed process's right to relay ends after 30 s. */
const SENT_WITHIN_MS = 60_000;

const undo: (() => unknown)[] = [];
const scratch = mkdtempSync(join(tmpdir(), "kyc-crash-"));

async function broker(): Promise<TestKafka | null> {
  if (!flags.kafka) return null;
  const kafka = await startKafka();
  if ("skip" in kafka) throw new Error(kafka.skip);
  undo.push(kafka.stop);
  await createTopics(kafka);
  return kafka;
}

async function run(): Promise<number> {
  const dataDir = join(scratch, "data");
  mkdirSync(dataDir);
  const server = await startPostgres({ durable: true });
  if ("skip" in server) throw new Error(server.skip);
  undo.push(server.stop);
  const kafka = await broker();
  const environment = {
    DATA_DIR: dataDir,
    DATABASE_URL: await server.createDatabase(),
    LOG_LEVEL: "error",
    KYC_ALLOW_BASELINE_LIVENESS: "true",
    ...(kafka && { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap }),
  };
  const drawn = await people(dataDir, seed, CLIENTS);
  const context = { after: (work: () => unknown) => undo.push(work) };
  const start = () => startProcess(context as never, environment);

  let service: ServiceProcess = await start();
  let up = Promise.withResolvers<void>();
  up.resolve();
  const traffic = startTraffic({
    clientOf: async (user, ...scopes) => {
      await up.promise;
      return service.client(user, ...scopes);
    },
    people: drawn,
    later: true,
  });

  const random = new Random(seed);
  for (let kills = 1; kills <= times; kills++) {
    await pause(random.between(0, LONGEST_LIFE_MS));
    up = Promise.withResolvers<void>();
    await service.kill();
    service = await start();
    up.resolve();
    if (process.stderr.isTTY)
      process.stderr.write(`\r${kills} of ${times} kills, ${traffic.journals.length} begun`);
  }
  await traffic.stop();
  await traffic.settle(SETTLED_WITHIN_MS);

  const faults = [...(await traffic.faults())];
  const events = await traffic.events();
  if (kafka !== null) {
    const missing = await missingFrom(kafka, new Set(events.map(({ ce }) => ce.id)), SENT_WITHIN_MS);
    for (const id of missing) faults.push(`event ${id}: is in no topic`);
  }
  await service.stop();
  const audit = await runCommand(["audit", "verify"], environment);
  if (audit.code !== 0) faults.push(`audit verify: ${audit.output}`);

  const count = (test: (journal: (typeof traffic.journals)[number]) => boolean) =>
    traffic.journals.filter(test).length;
  process.stdout.write(
    `${times} times kill -9, seed ${seed}: ${count(({ id }) => id !== null)} verifications begun, ` +
      `${traffic.answers.get(202) ?? 0} uploads taken to be judged later, ` +
      `${count(({ decided }) => decided !== null)} decisions answered, ${traffic.answers.get("cut") ?? 0} requests cut off\n` +
      `${count(({ over }) => over)} of them ended; ${events.length} events${kafka === null ? "" : " looked for in Kafka"}; ` +
      `audit verify: ${audit.output.split("\n")[0]}\n` +
      `${faults.length} lost, decided twice or left waiting\n`,
  );
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await run();
} finally {
  for (const work of undo.reverse()) await work();
  rmSync(scratch, { recursive: true, force: true });
}
