import { rmSync, writeFileSync } from "node:fs";
import { servicePortFile } from "./cli/running.ts";
import { type Config, ConfigError, loadConfig } from "./config.ts";
import { DataFolderInUseError } from "./database/lock.ts";
import { KeysError } from "./security/keys.ts";
import { SealBrokenError } from "./security/sealer.ts";
import { createService, type Service } from "./service.ts";
import { welcome } from "./welcome.ts";

/** Faults that their message says all about; anything else is shown with its stack. */
const EXPLAINED = [ConfigError, KeysError, DataFolderInUseError, SealBrokenError];

async function start(): Promise<void> {
  const config = loadConfig();
  const service = await createService(config);
  const port = await service.listen();
  stopOnSignal(config, service);
  writeFileSync(servicePortFile(config.dataDir), `${port}\n`);
  const seconds = (performance.now() / 1000).toFixed(1);
  const { database, strongSpoofing: strong_spoofing } = service;
  service.log.info({ port, seconds, database, strong_spoofing }, "ready");
  if (!config.production) process.stdout.write(await welcome(config, service, port));
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

try {
  await start();
} catch (error) {
  const explained = EXPLAINED.some((kind) => error instanceof kind);
  process.stderr.write(`${explained ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
}
