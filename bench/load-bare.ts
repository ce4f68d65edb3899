import { readFile } from "node:fs/promises";
import { loadConfig } from "../src/config.ts";
import { lookAtKtp, lookAtSelfie } from "../src/vision/look.ts";
import { openModels } from "../src/vision/models/open.ts";
import { openBare, recorded } from "./networks.ts";

/**
 * The bare networks of one verification again and again, on one thread, for `bench:load`: `node bench/load-bare.ts
 * SECONDS CARD SELFIE published|built` (the networks as their authors publish them, or as they are built here) prints as JSON how often (`rounds`), the milliseconds that passed inside the networks, and the
 * processor time that all of it took.
 */
const [seconds, card, selfie, which] = process.argv.slice(2);
const { cacheDir, packDir } = loadConfig().models;
const LIVENESS_THRESHOLD = 0.7;
const models = await openModels({ cacheDir, packDir, threads: 1 });
const noted = recorded(models);
await lookAtKtp(await readFile(card), noted.models);
await lookAtSelfie(await readFile(selfie), noted.models, LIVENESS_THRESHOLD);
const sights = noted.take();
const bare = await openBare(models, { cacheDir, packDir, threads: 1, published: which === "published" });
// The first call of a session plans its memory.
await bare.sessions(sights);
let rounds = 0;
let milliseconds = 0;
const before = process.cpuUsage();
for (const until = performance.now() + Number(seconds) * 1000; performance.now() < until; rounds++) {
  for (const spent of (await bare.sessions(sights)).values()) milliseconds += spent;
}
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ rounds, milliseconds, cpuSeconds: (user + system) / 1e6 })}\n`);
process.exit(0);
