import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config.ts";
import type { Level } from "../src/sample/sample.ts";
import { buildModels } from "../src/vision/models/build.ts";
import { drawReport, type Report, type Setting } from "./report.ts";

/** Each part is loaded when its turn comes: memory is measured without the peers of the others. */
const PARTS: Readonly<Record<string, () => Promise<(setting: Setting) => Promise<Report>>>> = {
  ktp: async () => (await import("./ktp.ts")).ktp,
  accuracy: async () => (await import("./accuracy.ts")).accuracy,
  face: async () => (await import("./face.ts")).face,
  liveness: async () => (await import("./liveness.ts")).liveness,
  search: async () => (await import("./search.ts")).search,
  store: async () => (await import("./store.ts")).store,
  start: async () => (await import("./start.ts")).start,
  memory: async () => (await import("./memory.ts")).memory,
};

const LEAST_RUNS = 20;
const USAGE = `npm run bench -- [${Object.keys(PARTS).join("] [")}] [--runs N] [--threads N] [--cards N] [--levels 0,1,2,3] [--seed N] [--json]`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string" },
    threads: { type: "string" },
    cards: { type: "string" },
    levels: { type: "string" },
    seed: { type: "string" },
    json: { type: "boolean" },
  },
});
const runs = Number(flags.runs ?? LEAST_RUNS);
const threads = flags.threads === undefined ? null : Number(flags.threads);
const cards = flags.cards === undefined ? null : Number(flags.cards);
const levels = flags.levels?.split(",").map(Number) as readonly Level[] | undefined;
const seed = flags.seed === undefined ? undefined : Number(flags.seed);
const isLevel = (level: number) => [0, 1, 2, 3].includes(level);
const counts = (number: number) => Number.isInteger(number) && number >= 1;
const parts = positionals.length > 0 ? positionals : Object.keys(PARTS);
const unknown = parts.find((name) => !Object.hasOwn(PARTS, name));
const numbered = [runs, threads ?? 1, cards ?? 1, seed ?? 1].every(counts) && (levels ?? []).every(isLevel);
if (unknown !== undefined || !numbered) {
  const fault =
    unknown === undefined
      ? "--runs, --threads, --cards and --seed take whole numbers from 1, --levels some of 0,1,2,3"
      : `"${unknown}" is no part`;
  process.stderr.write(`${fault}.\n${USAGE}\n`);
  process.exit(2);
}

const { cacheDir, packDir } = loadConfig().models;
const scratch = mkdtempSync(join(tmpdir(), "payu-kyc-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
// Whatever ends the benchmark ends what it started, which is done at the exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
const setting: Setting = {
  runs,
  threads,
  cards,
  levels,
  seed,
  cacheDir,
  packDir,
  scratch,
  progress: (line) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  },
};
const [{ model }] = cpus();
const machine = {
  node: process.version,
  cpu: model,
  cores: cpus().length,
  gigabytes: Math.round(totalmem() / 2 ** 30),
};
/** More programs than this want a core at once: others than the benchmark itself, which by then ran a part alone. */
const BUSY = machine.cores + 1;
/** Programs that want a core, over the last minute. */
const load = () => loadavg()[0];
process.stdout.write(
  `Node ${machine.node}, ${machine.cores} cores of ${machine.cpu}, ${machine.gigabytes} GB\n`,
);

const reports: Record<string, Report> = {};
await buildModels({ cacheDir });
for (const name of parts) {
  const part = await PARTS[name]();
  const before = load();
  reports[name] = await part(setting);
  setting.progress("");
  const busy = before > BUSY ? ": others are at work too, the times are too long" : "";
  process.stdout.write(`\nLoad ${before.toFixed(1)} before, ${load().toFixed(1)} after${busy}\n`);
  process.stdout.write(`${drawReport(name, reports[name]).join("\n")}\n`);
}
if (flags.json === true) {
  const found = Object.entries(reports).map(([name, { figures, goals }]) => [name, { ...figures, goals }]);
  process.stdout.write(`${JSON.stringify({ machine, runs, threads, ...Object.fromEntries(found) })}\n`);
}
// The peers keep threads that would hold the process.
process.exit(0);
