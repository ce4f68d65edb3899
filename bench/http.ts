import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon, { type Options } from "autocannon";
import { loadConfig } from "../src/config.ts";
import { signToken } from "../src/http/auth.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { clientOf, people } from "../test/support/service.ts";
import { median } from "./harness.ts";
import { cpuSecondsOf, environment, SECRET, startService } from "./process.ts";
import { drawGoal, drawTable, figures, times } from "./report.ts";

/**
 * What the service's own work costs: start, status and history of a verification beside a bare Fastify route with one
 * `pg` query, against the same PostgreSQL server and in turns, so that a machine that slows down slows both.
 * A start writes the verification and its entry in the audit log in one durable transaction; a read opens what is
 * sealed and is recorded before it is answered.
 */
const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "16" },
    json: { type: "boolean", default: false },
  },
});
const [seconds, rounds, connections] = [flags.seconds, flags.rounds, flags.connections].map(Number);
if (![seconds, rounds, connections].every((n) => Number.isInteger(n) && n > 0)) {
  process.stderr.write("npm run bench:http -- [--seconds N] [--rounds N] [--connections N] [--json]\n");
  process.exit(2);
}
/** The share of a bare route's rate that each of ours is to reach. */
const GOAL = 0.4;
const USER = "bench";
/** Verifications in the history that is read. */
const IN_HISTORY = 5;

const scratch = mkdtempSync(join(tmpdir(), "payu-kyc-bench-http-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const server = await startPostgres({ durable: true });
if ("skip" in server) throw new Error(server.skip);
const { cacheDir, packDir } = loadConfig().models;
const databaseUrl = await server.createDatabase();
const [person] = await people(scratch, 1, 1);
const service = await startService({
  ...environment({ cacheDir, packDir }, scratch),
  DATABASE_URL: databaseUrl,
  KYC_WORKERS: "1",
});
const bare = spawn(
  process.execPath,
  [fileURLToPath(new URL("./http-bare.ts", import.meta.url)), await server.createDatabase()],
  { stdio: ["ignore", "pipe", "inherit"] },
);
process.on("exit", () => bare.kill("SIGKILL"));
const bareUrl = `http://127.0.0.1:${String((await once(bare.stdout, "data"))[0]).trim()}`;

const token = await signToken({ secret: SECRET, user: USER, minutes: 600 });
const client = clientOf(service.url, token, USER);
let id = "";
for (let i = 0; i < IN_HISTORY; i++) id = await client.start("BASIC_KYC");
const { status } = await client.ktp(id, person.ktp);
if (status !== 200) throw new Error(`the card was answered with ${status}`);

const api = `${service.url}/api/v1/kyc`;
const json = { "content-type": "application/json" };
const mine = { authorization: `Bearer ${token}` };
const write = {
  method: "POST",
  headers: { ...json, ...mine },
  body: JSON.stringify({ user_id: "bench" }),
} as const;
const bareRead = { url: `${bareUrl}/read/500` };
const bareInsert = { url: `${bareUrl}/insert`, method: "POST", headers: json, body: write.body } as const;
type Target = Omit<Options, "connections" | "duration">;
const routes: Readonly<Record<string, { ours: Target; bare: Target }>> = {
  status: { ours: { url: `${api}/verify/${id}`, headers: mine }, bare: bareRead },
  history: {
    ours: { url: `${api}/user/${USER}?limit=${IN_HISTORY}`, headers: mine },
    bare: bareRead,
  },
  // Last: it makes the history longer.
  start: { ours: { ...write, url: `${api}/verify/start` }, bare: bareInsert },
};

interface Measured {
  /** Requests a second, round by round. */
  readonly ours: number[];
  readonly bare: number[];
  readonly p50: number[];
  readonly p99: number[];
  /** Seconds of processor time of either process, and the requests that they went on. */
  readonly cpu: Record<"ours" | "bare", { seconds: number; requests: number }>;
}
const measured: Record<string, Measured> = {};
const cpuOf = { ours: () => service.cpuSeconds(), bare: () => cpuSecondsOf(bare.pid!) };
let faults = 0;
for (const [name, pair] of Object.entries(routes)) {
  const none = () => ({ seconds: 0, requests: 0 });
  const taken: Measured = { ours: [], bare: [], p50: [], p99: [], cpu: { ours: none(), bare: none() } };
  measured[name] = taken;
  for (let round = 0; round <= rounds; round++) {
    for (const side of round % 2 ? (["ours", "bare"] as const) : (["bare", "ours"] as const)) {
      const before = cpuOf[side]();
      const result = await autocannon({ ...pair[side], connections, duration: seconds });
      faults += result.errors + result.non2xx;
      // The first round warms up.
      if (round === 0) continue;
      taken[side].push(result.requests.average);
      taken.cpu[side].seconds += cpuOf[side]() - before;
      taken.cpu[side].requests += result.requests.total;
      if (side === "ours") {
        taken.p50.push(result.latency.p50);
        taken.p99.push(result.latency.p99);
      }
    }
  }
}
await service.stop();
bare.kill("SIGTERM");
await server.stop();

const each = ({ seconds, requests }: { seconds: number; requests: number }) => (seconds / requests) * 1000;
const shares = Object.entries(measured).map(([name, { ours, bare: theirs, p50, p99, cpu }]) => ({
  name,
  ours: median(ours),
  bare: median(theirs),
  share: median(ours.map((rate, round) => rate / theirs[round])),
  p50: median(p50),
  p99: median(p99),
  cpuMs: { ours: each(cpu.ours), bare: each(cpu.bare) },
}));
if (flags.json) {
  process.stdout.write(`${JSON.stringify({ seconds, rounds, connections, faults, routes: shares })}\n`);
} else {
  const table = drawTable({
    title: `Requests a second, ${connections} connections, median of ${rounds} rounds of ${seconds} s; client and PostgreSQL beside it`,
    head: ["route", "ours", "bare", "of bare", "p50 ms", "p99 ms", "CPU ms each", "bare"],
    rows: shares.map(({ name, ours, bare: theirs, share, p50, p99, cpuMs }) => [
      name,
      figures(ours),
      figures(theirs),
      times(share),
      figures(p50),
      figures(p99),
      figures(cpuMs.ours),
      figures(cpuMs.bare),
    ]),
  });
  const goals = shares.map(({ name, share }) =>
    drawGoal({
      goal: `${name}: at least ${times(GOAL)} of a bare route`,
      measured: times(share),
      met: share >= GOAL,
    }),
  );
  process.stdout.write(`${[...table, ...goals, `requests that failed: ${faults}`].join("\n")}\n`);
}
if (faults > 0) process.exitCode = 1;
