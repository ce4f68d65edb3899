import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "./ports.ts";

/** VersityGW: the S3 protocol with Signature V4 over a folder. https://github.com/versity/versitygw */
const MODULE = "github.com/versity/versitygw/cmd/versitygw";
const VERSION = "v1.8.0";
const FOLDER = fileURLToPath(
  new URL(`../../node_modules/.cache/payu-kyc/tools/versitygw-${VERSION}`, import.meta.url),
);
const BINARY = join(FOLDER, "versitygw");
export const BUILD_COMMAND = "npm run test:s3-server";

const START_MILLISECONDS = 15_000;
const KEYS = { accessKeyId: "test", secretAccessKey: "test-secret" };
const REGION = "us-east-1";
export const BUCKET = "kyc-photographs";

/** An S3 server of a test's own, on 127.0.0.1, gone with `stop`. */
export interface TestS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: typeof KEYS;
  /** Where its objects lie, one plain file each. */
  readonly folder: string;
  /** kill -9: it answers no more. */
  kill(): Promise<void>;
  /** Answers again, with the objects that were there. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Builds the server, once; it takes a minute or two. @throws Error with what the compiler said */
export function buildS3(): void {
  if (existsSync(BINARY)) return;
  mkdirSync(FOLDER, { recursive: true });
  const { status, stderr, error } = spawnSync("go", ["install", `${MODULE}@${VERSION}`], {
    env: { ...process.env, GOBIN: FOLDER },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`go install ${MODULE}: ${error?.message ?? stderr}`);
}

/** @returns the server with an empty bucket, or why none could be started */
export async function startS3(): Promise<TestS3 | { readonly skip: string }> {
  if (!existsSync(BINARY)) {
    const go = spawnSync("go", ["version"]).status === 0;
    return {
      skip: go
        ? `the S3 server is not built yet: ${BUILD_COMMAND} (a minute or two, once)`
        : "there is no S3 server, and no Go to build one",
    };
  }
  const home = mkdtempSync(join(tmpdir(), "kyc-s3-"));
  const folder = join(home, "objects");
  mkdirSync(folder);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let said = "";
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  };
  const start = async () => {
    const started = spawn(BINARY, ["--port", `127.0.0.1:${port}`, "posix", folder], {
      env: { ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
      stdio: ["ignore", "pipe", "pipe"],
      cwd: home,
    });
    child = started;
    started.stdout.on("data", (chunk) => (said += chunk));
    started.stderr.on("data", (chunk) => (said += chunk));
    const deadline = Date.now() + START_MILLISECONDS;
    while (!(await fetch(endpoint).catch(() => null))) {
      if (started.exitCode !== null || Date.now() > deadline) throw new Error(`versitygw: ${said}`);
      await pause(50);
    }
  };
  await start();
  const client = new S3Client({ endpoint, region: REGION, credentials: KEYS, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    endpoint,
    region: REGION,
    bucket: BUCKET,
    credentials: KEYS,
    folder: join(folder, BUCKET),
    kill,
    restart: start,
    async stop() {
      await kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildS3();
