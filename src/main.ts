import { rmSync, writeFileSync } from "node:fs";
import { servicePortFile } from "./cli/running.ts";
import { type Config, ConfigError, loadConfig } from "./config.ts";
import { DataFolderInUseError } from "./database/lock.ts";
import { KeysError } from "./security/keys.ts";
import { SealBrokenError } from "./security/sealer.ts";
import { createService, type Service } from "./service.ts";
import { welcome } from "./welcome.ts";

/** Faults that their message says all about. */
const EXPLAINED = [ConfigError, DataFolderInUseError, SealBrokenError];

async function start(): Promise<void> {
  const config = loadConfig();
  const service = await createService(config);
  const port = await service.listen();
  stopOnSignal(config, service);
  debugOnSignal(config, service);
  writeFileSync(servicePortFile(config.dataDir), `${port}\n`);
  const seconds = (performance.now() / 1000).toFixed(1);
  const { database, strongSpoofing: strong_spoofing } = service;
  service.log.info({ port, seconds, database, strong_spoofing }, "ready");
  if (!config.production) process.stdout.write(await welcome(config, service, port));
}

/** SIGUSR2 turns the log to `debug`, and back to what was set. */
function debugOnSignal(config: Config, { log }: Service): void {
  process.on("SIGUSR2", () => {
    log.level = log.level === config.log.level ? "debug" : config.log.level;
    log.warn({ log_level: log.level }, "the log level was changed by SIGUSR2");
  });
}

function stopOnSignal(config: Config, service: Service): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, async () => {
      // A second signal from an impatient operator ends the process at once.
      if (stopping) process.exit(1);
      stopping = true;
      service.log.info({ signal }, "stopping: what has been accepted is finished");
      rmSync(servicePortFile(config.dataDir), { force: true });
      await service.close();
      service.log.info("stopped");
      process.exit(0);
    });
  }
}

/** What to say of an error at the start: the variable at fault wherever it can be told. */
function explain(error: unknown): string {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (error instanceof KeysError) return `KYC_KEYS: ${message}`;
  if (EXPLAINED.some((kind) => error instanceof kind)) return message;
  if (code === "EADDRINUSE")
    return `PORT: another process listens there (${message}). Stop it, or choose another PORT.`;
  if (code === "EACCES" && message.startsWith("listen")) return `PORT: may not be used (${message}).`;
  if (["ENOTDIR", "EACCES", "EPERM", "EROFS", "ENOENT", "ENOSPC"].includes(code ?? "")) {
    return `DATA_DIR, STORAGE_URL or KYC_MODELS_CACHE: a folder cannot be used: ${message}`;
  }
  if (["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "28P01", "3D000", "28000"].includes(code ?? "")) {
    return `DATABASE_URL: the database cannot be reached: ${message}`;
  }
  return stack ?? String(error);
}

try {
  await start();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
