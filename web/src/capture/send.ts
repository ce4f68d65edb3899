import { KycProblemError } from "../../../clients/typescript/src/client.ts";

/** Seconds between tries while the line is away or the service busy. */
const WAITS = [1, 2, 4, 8, 15, 30];
const SECOND = 1000;

/**
 * Sends until there is an answer: a lost connection and a busy service are waited out, under one idempotency key, so
 * that a picture that did arrive is not judged twice.
 * @param onWait  told why it waits
 * @throws KycProblemError what the service refused; anything else that waiting would not mend
 */
export async function sendUntilAnswered<T>(
  send: (idempotencyKey: string) => Promise<T>,
  onWait: (why: "offline" | "busy") => void,
): Promise<T> {
  const key = crypto.randomUUID();
  for (let tries = 0; ; tries++) {
    try {
      return await send(key);
    } catch (error) {
      const refused = error instanceof KycProblemError;
      const busy = refused && (error.problem.status === 503 || error.problem.status === 429);
      if (!busy && !isLost(error)) throw error;
      onWait(busy ? "busy" : "offline");
      const seconds = (busy && error.problem.retry_after) || WAITS[Math.min(tries, WAITS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, seconds * SECOND));
    }
  }
}

/** A line that was lost is a TypeError of `fetch`; a gateway that answers in the service's place, an Error of the client. */
const isLost = (error: unknown) =>
  error instanceof Error && (error.name === "TypeError" || error.name === "Error");
