import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { loadConfig } from "../src/config.ts";
import { signToken } from "../src/http/auth.ts";
import { workersThere } from "../test/support/deployment.ts";
import { createTopics, missingFrom, startKafka } from "../test/support/kafka.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { type Client, clientOf, people } from "../test/support/service.ts";
import { median, quantile } from "./harness.ts";
import { deployed } from "./memory.ts";
import { environment, type Memory, SECRET, type ServiceProcess, startService } from "./process.ts";
import { drawGoal, drawTable, figures, times } from "./report.ts";

/**
 * Whole verifications at a steady rate (an open loop: each begins at its moment, whether or not the one before has
 * ended; bounded: so many at once at most, what comes beyond them is counted and not begun), with real cards and
 * selfies, against PostgreSQL and Kafka on this machine; beside the rate that the bare networks of one verification
 * allow on the same cores, measured right before and after: as their authors publish them, of which the offered rate is a
 * share, and as they are built here. The service runs as it is deployed: with the image's
 * allocator and flags, in its memory, and with as many workers as the settings then choose, unless it is asked otherwise.
 * Then, unless `--alone`, one process on one core against two on two.
 */
const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "0.5" },
    share: { type: "string", default: "0.7" },
    seed: { type: "string", default: "41" },
    workers: { type: "string" },
    alone: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [minutes, share, seed] = [flags.minutes, flags.share, flags.seed].map(Number);
const asked = flags.workers === undefined ? null : Number(flags.workers);
if (![minutes, share].every((n) => n > 0) || ![seed, asked ?? 1].every(Number.isInteger)) {
  process.stderr.write(
    "npm run bench:load -- [--minutes N] [--share 0.7] [--seed N] [--workers N] [--alone] [--json]\n",
  );
  process.exit(2);
}
/** Goals of a deployment. */
const GOAL = { share: 0.7, tail: 3, resident: 512 * 1.048576, growth: 0.05, scaling: 1.8 } as const;
const PEOPLE = 6;
/** Verifications under way at once. */
const MOST_AT_ONCE = 64;
const BARE_SECONDS = 10;
const WATCH_EVERY_MS = 500;
/** What is still under way at the end of the time is waited for so long. */
const REST_MS = 60_000;
const SENT_WITHIN_MS = 60_000;
/** Verifications under way at once where one process is set against two: all workers are busy. */
const CLIENTS_A_PROCESS = 3;
const TOKEN_MINUTES = 24 * 60;

const run = promisify(execFile);
const cores = availableParallelism();
const scratch = mkdtempSync(join(tmpdir(), "payu-kyc-bench-load-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const say = (line: string) => process.stdout.write(`${line}\n`);

const server = await startPostgres({ durable: true });
if ("skip" in server) throw new Error(server.skip);
const kafka = await startKafka();
if ("skip" in kafka) say(`Without Kafka: ${kafka.skip}`);
else await createTopics(kafka);
// Whatever ends it early: servers do not outlive it.
process.once("uncaughtException", async (error) => {
  process.stderr.write(`${error.stack}\n`);
  if (!("skip" in kafka)) await kafka.stop();
  await server.stop();
  process.exit(1);
});

const { cacheDir, packDir } = loadConfig().models;
const databaseUrl = await server.createDatabase();
const one = join(scratch, "one");
const drawn = await people(one, seed, PEOPLE);
const [card, selfie] = [join(scratch, "card.jpg"), join(scratch, "selfie.jpg")] as const;
writeFileSync(card, drawn[0]!.ktp);
writeFileSync(selfie, drawn[0]!.selfie);
// The same keys and citizens for the second process.
const two = join(scratch, "two");
cpSync(one, two, { recursive: true });

const way = deployed(databaseUrl);
const settings = {
  ...way.env,
  STORAGE_URL: join(scratch, "images"),
  KYC_ALLOW_BASELINE_LIVENESS: "true",
  ...("skip" in kafka ? {} : { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap }),
};
/** @param workers  null: as many as the settings choose */
const start = (dataDir: string, workers: number | null) =>
  startService(
    {
      ...environment({ cacheDir, packDir }, dataDir),
      ...settings,
      ...(workers !== null && { KYC_WORKERS: String(workers) }),
    },
    way.nodeOptions,
  );
const workers = asked ?? workersThere;

interface BareRun {
  readonly rounds: number;
  readonly milliseconds: number;
  readonly cpuSeconds: number;
}

interface BareRate {
  readonly perSecond: number;
  readonly cpuSeconds: number;
}

/** The bare networks on all cores: verifications a second that they allow, and processor time of one. */
async function bareRate(which: "published" | "built"): Promise<BareRate> {
  const script = fileURLToPath(new URL("./load-bare.ts", import.meta.url));
  const done = await Promise.all(
    Array.from({ length: cores }, () =>
      run(process.execPath, [script, String(BARE_SECONDS), card, selfie, which]).then(
        ({ stdout }) => JSON.parse(stdout) as BareRun,
      ),
    ),
  );
  return {
    perSecond: done.reduce((sum, { rounds, milliseconds }) => sum + rounds / (milliseconds / 1000), 0),
    cpuSeconds: median(done.map(({ rounds, cpuSeconds }) => cpuSeconds / rounds)),
  };
}

const token = await signToken({
  secret: SECRET,
  user: "load",
  scopes: ["kyc:service"],
  minutes: TOKEN_MINUTES,
});
let number = 0;
const faults: string[] = [];

/** One verification. @returns milliseconds from `due` to its decision, null where it went wrong */
async function verify(service: ServiceProcess, due: number): Promise<number | null> {
  // The same few people again and again, each one user: else everybody would be a duplicate of more and more others.
  const turn = number++ % PEOPLE;
  const person = drawn[turn]!;
  const user = `load-${turn}`;
  const client: Client = clientOf(service.url, token, user);
  try {
    const id = await client.start();
    const read = await client.ktp(id, person.ktp);
    if (read.status !== 200) throw new Error(`card: ${read.status} ${read.body?.detail}`);
    const decided = await client.selfie(id, person.selfie);
    if (decided.status !== 200) throw new Error(`selfie: ${decided.status} ${decided.body?.detail}`);
    return performance.now() - due;
  } catch (error) {
    faults.push((error as Error).message);
    return null;
  }
}

interface Course {
  readonly milliseconds: readonly number[];
  readonly turnedAway: number;
  readonly perSecond: number;
  readonly cpuSeconds: number;
  /** Of everything on this machine. */
  readonly machineSeconds: number;
  readonly memory: readonly Memory[];
}

/** Processor time of everything on this machine so far. */
const busySeconds = () =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000;

async function openLoop(service: ServiceProcess, perSecond: number, seconds: number): Promise<Course> {
  const milliseconds: number[] = [];
  const memory: Memory[] = [];
  const underWay = new Set<Promise<void>>();
  let turnedAway = 0;
  const watch = setInterval(() => memory.push(service.memory()), WATCH_EVERY_MS);
  const cpuBefore = service.cpuSeconds();
  const busyBefore = busySeconds();
  const begun = performance.now();
  for (let count = 0; ; count++) {
    const due = begun + (count / perSecond) * 1000;
    if (due > begun + seconds * 1000) break;
    const wait = due - performance.now();
    if (wait > 0) await pause(wait);
    if (underWay.size >= MOST_AT_ONCE) {
      turnedAway++;
      continue;
    }
    const work = verify(service, due).then((spent) => {
      if (spent !== null) milliseconds.push(spent);
      underWay.delete(work);
    });
    underWay.add(work);
  }
  await Promise.race([Promise.all(underWay), pause(REST_MS)]);
  const spent = (performance.now() - begun) / 1000;
  clearInterval(watch);
  return {
    milliseconds,
    turnedAway,
    perSecond: milliseconds.length / Math.max(spent, seconds),
    cpuSeconds: (service.cpuSeconds() - cpuBefore) / Math.max(1, milliseconds.length),
    machineSeconds: (busySeconds() - busyBefore) / Math.max(1, milliseconds.length),
    memory,
  };
}

/** Verifications a second of processes that each have a core of their own. */
async function pinned(services: readonly ServiceProcess[], seconds: number): Promise<number> {
  for (const [core, { pid }] of services.entries()) spawnSync("taskset", ["-acp", String(core), String(pid)]);
  const begun = performance.now();
  let done = 0;
  await Promise.all(
    services.flatMap((service) =>
      Array.from({ length: CLIENTS_A_PROCESS }, async () => {
        while (performance.now() - begun < seconds * 1000) {
          if ((await verify(service, performance.now())) !== null) done++;
        }
      }),
    ),
  );
  return done / ((performance.now() - begun) / 1000);
}

const seconds = minutes * 60;
const before = { published: await bareRate("published"), built: await bareRate("built") };
let service = await start(one, asked);
// Each network plans its memory, and V8 compiles what is hot.
for (let warmUp = 0; warmUp < 2 * cores; warmUp++) await verify(service, performance.now());
number = 0;
const offered = before.published.perSecond * share;
const course = await openLoop(service, offered, seconds);
let missing: number | null = null;
if (!("skip" in kafka)) {
  const platform = clientOf(service.url, token, "load");
  const ids = new Set<string>();
  for (let after = 0; ; ) {
    const { body } = await platform.get(`/events?after=${after}&limit=500`);
    for (const { id, ce } of body) {
      ids.add(ce.id);
      after = id;
    }
    if (body.length < 500) break;
  }
  missing = (await missingFrom(kafka, ids, SENT_WITHIN_MS)).length;
}
await service.stop();
const after = { published: await bareRate("published"), built: await bareRate("built") };
const mean = (which: "published" | "built", of: keyof BareRate) => (before[which][of] + after[which][of]) / 2;

let scaling: { readonly one: number; readonly two: number } | null = null;
if (!flags.alone && cores >= 2 && spawnSync("taskset", ["--version"]).status === 0) {
  service = await start(one, 1);
  await verify(service, performance.now());
  const alone = await pinned([service], seconds / 2);
  const second = await start(two, 1);
  await verify(second, performance.now());
  const both = await pinned([service, second], seconds / 2);
  await Promise.all([service.stop(), second.stop()]);
  scaling = { one: alone, two: both };
}
if (!("skip" in kafka)) await kafka.stop();
await server.stop();

const [p50, p99] = [0.5, 0.99].map((part) => quantile(course.milliseconds, part)) as [number, number];
const quarter = (from: number, kind: "resident" | "own") => {
  const { length } = course.memory;
  const part = course.memory.slice(Math.floor((from / 4) * length), Math.ceil(((from + 1) / 4) * length));
  return median(part.map((moment) => moment[kind]));
};
const most = Math.max(...course.memory.map(({ resident }) => resident));
const growth = quarter(3, "resident") / quarter(1, "resident") - 1;
const reached = course.perSecond / mean("published", "perSecond");
const overBuilt = course.perSecond / mean("built", "perSecond");
if (flags.json) {
  const { milliseconds: _, memory: __, ...rest } = course;
  say(
    JSON.stringify({
      cores,
      workers,
      minutes,
      offered,
      bare: { before, after },
      ...rest,
      p50,
      p99,
      most,
      growth,
      missing,
      scaling,
      faults: faults.length,
    }),
  );
} else {
  const rows = [
    ...(["published", "built"] as const).map((which) => [
      `bare networks as ${which === "published" ? "published" : "built here"}, before and after`,
      `${figures(before[which].perSecond)} and ${figures(after[which].perSecond)}`,
    ]),
    ["offered", figures(offered)],
    ["sustained", figures(course.perSecond)],
  ];
  const table = drawTable({
    title: `Verifications a second, ${way.label}, ${workers} ${workers === 1 ? "worker" : "workers"} (${asked === null ? "the settings' choice" : "as asked"}), ${cores} cores, ${figures(minutes)} min, PostgreSQL${"skip" in kafka ? "" : ", Kafka"} and client beside it`,
    head: ["", "a second"],
    rows,
  });
  const memory = drawTable({
    title: "Memory of the process, median of each quarter of the time",
    head: ["quarter", "resident MB", "its own MB"],
    rows: [0, 1, 2, 3].map((from) => [
      String(from + 1),
      figures(quarter(from, "resident")),
      figures(quarter(from, "own")),
    ]),
  });
  const goals = [
    {
      goal: `at least ${times(GOAL.share)} of the bare networks as they are published`,
      measured: `${times(reached)} (${times(overBuilt)} as they are built here)`,
      met: reached >= GOAL.share,
    },
    {
      goal: `p99 at most ${GOAL.tail} × p50`,
      measured: `${figures(p50)} and ${figures(p99)} ms: ${times(p99 / p50)}`,
      met: p99 <= GOAL.tail * p50,
    },
    {
      goal: "no errors, nobody turned away",
      measured: `${faults.length} and ${course.turnedAway}`,
      met: faults.length + course.turnedAway === 0,
    },
    {
      goal: `resident at most ${figures(GOAL.resident)} MB`,
      measured: `${figures(most)} MB`,
      met: most <= GOAL.resident,
    },
    {
      goal: `growing at most ${GOAL.growth * 100} % from the second quarter to the last`,
      measured: `${(growth * 100).toFixed(1)} %`,
      met: growth <= GOAL.growth,
    },
    {
      goal: "every event in its topic",
      measured: missing === null ? "no broker" : `${missing} missing`,
      met: missing === null ? null : missing === 0,
    },
    {
      goal: `two processes at least ${times(GOAL.scaling)} one`,
      measured:
        scaling === null
          ? flags.alone
            ? "not asked for"
            : "needs two cores and taskset"
          : `${figures(scaling.two)} and ${figures(scaling.one)} a second: ${times(scaling.two / scaling.one)}`,
      met: scaling === null ? null : scaling.two >= GOAL.scaling * scaling.one,
    },
  ].map(drawGoal);
  const notes = [
    `${course.milliseconds.length} verifications, ${figures(course.cpuSeconds)} s of processor time each in the service, ${figures(mean("published", "cpuSeconds"))} s in the bare networks as they are published, ${figures(mean("built", "cpuSeconds"))} s as they are built here`,
    `${figures(course.machineSeconds)} s of the whole machine each: on ${cores} cores at most ${figures(cores / course.machineSeconds)} a second, where nothing else runs on them`,
    "two processes: each with one worker and pinned to a core of its own, one of them alone before; client, PostgreSQL and Kafka share those cores",
    ...[...new Set(faults)].slice(0, 5),
  ];
  say([...table, ...memory, ...goals, ...notes].join("\n"));
}
process.exit(faults.length > 0 ? 1 : 0);
