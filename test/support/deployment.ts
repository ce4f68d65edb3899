import { existsSync, readFileSync } from "node:fs";
import { loadConfig } from "../../src/config.ts";

/** What the deployment gives the container, in MiB. */
export const CONTAINER_MIB = 512;

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Options of V8 there: those that the image's entry gives it, and the heap that it gives itself, half of the memory. */
export const V8_OPTIONS: readonly string[] = [
  `--max-old-space-size=${CONTAINER_MIB / 2}`,
  ...(/exec node (--.+?) "\$root\/src\/main\.ts"/.exec(read("bin/entry.sh"))?.[1] ?? "").split(" "),
];

/** Debian's libjemalloc2, which the image takes its own from. */
const JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
const MALLOC_CONF = /MALLOC_CONF=(\S+)/.exec(read("Dockerfile"))?.[1] ?? "";

/** Variables that preload the image's allocator with its settings there; null where it is not installed. */
export const allocator: Readonly<Record<string, string>> | null = existsSync(JEMALLOC)
  ? { LD_PRELOAD: JEMALLOC, MALLOC_CONF }
  : null;

/** Image workers that the settings choose there, where nobody says how many. */
export const workersThere: number = loadConfig(
  {},
  { memory: CONTAINER_MIB * 2 ** 20, allocator: allocator ? "jemalloc" : "glibc" },
).vision.workers;
