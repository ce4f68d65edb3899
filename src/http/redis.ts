import { Redis } from "ioredis";

/** A count takes a millisecond; a Redis slower than this is not waited for. */
const COMMAND_MS = 250;
const MOST_RECONNECT_MS = 2000;

/**
 * Opens a connection for counting. It comes back by itself; while it is away every command fails at once.
 * @param url       `redis://…` or `rediss://…`
 * @param onChange  told when the connection is lost (with its error) and when it is there again
 */
export function openRedis(
  url: string,
  onChange: (state: "lost" | "ready", error?: Error) => void,
): { readonly redis: Redis; readonly ready: () => boolean; close(): Promise<void> } {
  const redis = new Redis(url, {
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(tries * 100, MOST_RECONNECT_MS),
  });
  let told: "lost" | "ready" | null = null;
  let closing = false;
  const tell = (state: "lost" | "ready", error?: Error) => {
    if (told !== state && !closing) onChange(state, error);
    told = state;
  };
  redis.on("error", (error) => tell("lost", error));
  redis.on("close", () => tell("lost"));
  redis.on("ready", () => tell("ready"));
  return {
    redis,
    ready: () => redis.status === "ready",
    async close() {
      closing = true;
      redis.disconnect();
    },
  };
}
