import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { servicePortFile } from "../src/cli/running.ts";
import type { Setting } from "./report.ts";

/** A service in a process of its own, as `npm start` runs it. */
export interface ServiceProcess {
  readonly pid: number;
  readonly url: string;
  /** From the spawn to the first 200 of `/ready`. */
  readonly readyMilliseconds: number;
  /** Processor time of all its threads so far. */
  cpuSeconds(): number;
  memory(): Memory;
  /** Waits until its start-up message is out, then stops it gracefully. */
  stop(): Promise<void>;
}

/** Of a process, in MB (10^6 bytes). */
export interface Memory {
  readonly resident: number;
  /** Of these, what is its own: all but pages of files, which the kernel can drop. */
  readonly own: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

/** Tokens of the benchmark are signed with this. */
export const SECRET = "a secret of the benchmark that is long enough";

const READY_EVERY_MS = 5;
const READY_WITHIN_MS = 120_000;
/** What a service has to stop, as a container's orchestrator gives it. */
const STOP_WITHIN_MS = 30_000;

/** The settings of a service of the benchmark, and nothing of this process's environment. */
export function environment(
  { cacheDir, packDir }: Pick<Setting, "cacheDir" | "packDir">,
  dataDir: string,
): Record<string, string> {
  return {
    DATA_DIR: dataDir,
    HOST: "127.0.0.1",
    PORT: "0",
    SECRET_KEY: SECRET,
    LOG_LEVEL: "silent",
    RATE_LIMIT: "off",
    KYC_MODELS_CACHE: cacheDir,
    MODELS_DIR: packDir,
  };
}

/**
 * @param nodeOptions  before the script's name
 * @throws Error with what the process wrote, where it ends before it is ready
 */
export async function startService(
  env: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<ServiceProcess> {
  const portFile = servicePortFile(env.DATA_DIR);
  // A former process's port must not be taken for this one's.
  rmSync(portFile, { force: true });
  const begun = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, script("../src/main.ts")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  let complaints = "";
  child.stderr.on("data", (bytes: Buffer) => {
    complaints += bytes;
  });
  // The log is silent: the first thing written is the start-up message, which comes after it serves.
  const welcomed = once(child.stdout, "data");
  child.stdout.resume();
  let url = "";
  while (url === "" || !(await answers(`${url}/ready`))) {
    if (child.exitCode !== null) throw new Error(`the service ended at its start:\n${complaints}`);
    if (performance.now() - begun > READY_WITHIN_MS) {
      child.kill("SIGKILL");
      throw new Error(`the service was not ready in ${READY_WITHIN_MS / 1000} s:\n${complaints}`);
    }
    await pause(READY_EVERY_MS);
    const port = await readFile(portFile, "utf8").catch(() => "");
    if (port.endsWith("\n")) url = `http://127.0.0.1:${port.trim()}`;
  }
  return {
    pid: child.pid!,
    url,
    readyMilliseconds: performance.now() - begun,
    cpuSeconds: () => cpuSecondsOf(child.pid!),
    memory: () => memoryOf(child.pid!),
    async stop() {
      await Promise.race([welcomed, once(child, "exit")]);
      await end(child);
    },
  };
}

/** Runs a verb of the command line to its end. @throws Error with what it wrote, where it fails */
export async function runCommand(
  env: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<void> {
  const child = spawn(process.execPath, [script("../src/cli.ts"), ...words], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (bytes: Buffer) => {
    complaints += bytes;
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${words.join(" ")} failed:\n${complaints}`);
}

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

/** Linux counts processor time for programs in hundredths of a second, whatever its kernel's clock. */
const TICKS_A_SECOND = 100;

/** Processor time of all threads of a process so far. */
export function cpuSecondsOf(pid: number): number {
  // The second field is the program's name in brackets, which may hold spaces.
  const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return (user + system) / TICKS_A_SECOND;
}

/** As Linux tells it. */
function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (name: string) =>
    (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6;
  return { resident: megabytes("VmRSS"), own: megabytes("RssAnon"), peak: megabytes("VmHWM") };
}
