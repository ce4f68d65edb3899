import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { INHERITED } from "./command.ts";
import { type Client, clientOf, SECRET, tokenFor } from "./service.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY_MILLISECONDS = 60_000;

/** The service as a process of its own, as an operator runs it. */
export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  client(user: string, ...scopes: string[]): Promise<Client>;
  /** All that it wrote to standard output and error. */
  output(): string;
  /** kill -9 */
  kill(): Promise<void>;
  /** @returns the exit code */
  stop(signal?: "SIGTERM" | "SIGINT"): Promise<number | null>;
}

/**
 * Starts `src/main.ts` on a free port and waits until it is ready. It does not outlive its test.
 * @throws Error with its output where it ends instead
 */
export async function startProcess(
  t: TestContext,
  environment: Record<string, string>,
  nodeOptions: readonly string[] = [],
): Promise<ServiceProcess> {
  const portFile = join(environment.DATA_DIR, "service.port");
  rmSync(portFile, { force: true });
  const child = spawn(process.execPath, [...nodeOptions, "src/main.ts"], {
    cwd: ROOT,
    env: {
      ...INHERITED,
      HOST: "127.0.0.1",
      PORT: "0",
      SECRET_KEY: SECRET,
      RATE_LIMIT: "off",
      KYC_WORKERS: "1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = once(child, "close");
  t.after(() => child.kill("SIGKILL"));
  const deadline = Date.now() + READY_MILLISECONDS;
  for (;;) {
    const port = readPort(portFile);
    if (port !== null) {
      const url = `http://127.0.0.1:${port}`;
      const { status } = await fetch(`${url}/ready`).catch(() => ({ status: 0 }));
      if (status === 200) {
        return {
          url,
          child,
          client: async (user, ...scopes) => clientOf(url, await tokenFor(user, ...scopes), user),
          output: () => said,
          async kill() {
            child.kill("SIGKILL");
            await ended;
          },
          async stop(signal = "SIGTERM") {
            child.kill(signal);
            const [code] = await ended;
            return code;
          },
        };
      }
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the service did not become ready:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readPort(file: string): number | null {
  try {
    return Number(readFileSync(file, "utf8")) || null;
  } catch {
    return null;
  }
}
