import { existsSync } from "node:fs";

/** What the deployment gives the container, in MiB. */
export const CONTAINER_MIB = 512;
/** The heap that V8 gives itself there: half of the memory. */
export const HEAP_OPTION = `--max-old-space-size=${CONTAINER_MIB / 2}`;

/** The image's allocator, where Debian's libjemalloc2 is installed here, and its settings there (Dockerfile). */
const JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
const MALLOC_CONF = "background_thread:true,narenas:1,dirty_decay_ms:100,muzzy_decay_ms:0";

/** Variables that preload the image's allocator; null where it is not installed. */
export const allocator: Readonly<Record<string, string>> | null = existsSync(JEMALLOC)
  ? { LD_PRELOAD: JEMALLOC, MALLOC_CONF }
  : null;
