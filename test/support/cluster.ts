import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/payu-kyc", import.meta.url));
const NEW_CLUSTER = fileURLToPath(new URL("../../src/database/new-cluster.ts", import.meta.url));

/** A cluster is of the PGlite that made it. */
const pglite = createRequire(import.meta.url).resolve("@electric-sql/pglite");
const { version } = JSON.parse(readFileSync(join(dirname(pglite), "../package.json"), "utf8"));

/**
 * Gives a data folder that has no database the empty cluster that a first start on it makes, before any migration. That
 * takes seconds, so one is made and copied. What a first start does is tested where a process of its own starts on a
 * folder that is not there.
 */
export function giveCluster(dataDir: string): void {
  const folder = join(dataDir, "database");
  if (existsSync(folder)) return;
  const made = join(CACHE, `cluster-${version}`);
  if (!existsSync(made)) {
    mkdirSync(CACHE, { recursive: true });
    const own = mkdtempSync(join(CACHE, "cluster-"));
    execFileSync(process.execPath, [NEW_CLUSTER, own]);
    try {
      renameSync(own, made);
    } catch (error) {
      // Another test was first: theirs is as good.
      if (!existsSync(made)) throw error;
      rmSync(own, { recursive: true });
    }
  }
  cpSync(made, folder, { recursive: true });
}
