import { readFile, writeFile } from "node:fs/promises";
import { loadConfig } from "../src/config.ts";
import { lookAtKtp } from "../src/vision/look.ts";
import { openModels } from "../src/vision/models/open.ts";

/**
 * One reading of a card in a process of its own: `node bench/reading.ts FILE THREADS` prints as JSON what was resident
 * before it and at its peak, in MB (10^6 bytes); nulls where the system does not tell. The first reading of a process
 * is the dearest: the runtime sets up its memory in it.
 */
const [file, threads] = process.argv.slice(2);
const { cacheDir, packDir } = loadConfig().models;
const models = await openModels({ cacheDir, packDir, threads: Number(threads) });
const jpeg = await readFile(file);
const before = await resident("VmRSS");
// Linux: forget the peak so far, that of loading the networks.
await writeFile("/proc/self/clear_refs", "5").catch(() => {});
await lookAtKtp(jpeg, models);
const peak = await resident("VmHWM");
process.stdout.write(`${JSON.stringify({ before, peak })}\n`);
process.exit(0);

async function resident(line: "VmRSS" | "VmHWM"): Promise<number | null> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, "m").exec(status);
  return found ? (Number(found[1]) * 1024) / 1e6 : null;
}
