import { writeFileSync } from "node:fs";
import { servicePortFile } from "./cli/running.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { DataFolderInUseError } from "./database/lock.ts";
import { KeysError } from "./security/keys.ts";
import { createService, type Service } from "./service.ts";
import { welcome } from "./welcome.ts";

/** Faults that their message says all about; anything else is shown with its stack. */
const EXPLAINED = [ConfigError, KeysError, DataFolderInUseError];

const begun = performance.now();
let service: Service;
try {
  const config = loadConfig();
  service = await createService(config);
  const port = await service.listen();
  writeFileSync(servicePortFile(config.dataDir), `${port}\n`);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  service.log.info(
    { port, seconds, database: service.database, strong_spoofing: service.strongSpoofing },
    "ready",
  );
  if (!config.production) process.stdout.write(await welcome(config, service, port));
} catch (error) {
  const explained = EXPLAINED.some((kind) => error instanceof kind);
  process.stderr.write(`${explained ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
}

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    // A second signal from an impatient operator ends the process at once.
    if (stopping) process.exit(1);
    stopping = true;
    service.log.info({ signal }, "stopping: what has been accepted is finished");
    await service.close();
    service.log.info("stopped");
    process.exit(0);
  });
}
