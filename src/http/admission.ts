import type { FastifyRequest, onRequestHookHandler } from "fastify";
import { KycError } from "../verification/errors.ts";
import { COMMON_CODES } from "./problem.ts";
import { tooLarge } from "./uploads.ts";

/** An upload takes a fraction of a second, so that there is room again soon. */
const RETRY_SECONDS = 1;

export interface AdmissionOptions {
  /** The most that one body may hold. */
  readonly bodyLimit: number;
  /** Told to who sent more. */
  readonly imageBytes: number;
  /** The most that all bodies under way may hold together; at least one body of `bodyLimit` always may. */
  readonly budgetBytes: number;
}

/**
 * Bounds the memory of uploads: a request whose body does not fit beside those under way gets 503 at once, before a
 * byte of it is kept. A body of unknown length counts as the longest.
 */
export function admission({ bodyLimit, imageBytes, budgetBytes }: AdmissionOptions): onRequestHookHandler {
  const budget = Math.max(budgetBytes, bodyLimit);
  let held = 0;

  return async function admit(request: FastifyRequest, reply) {
    const declared = request.headers["content-length"];
    const size = declared === undefined ? unknownLength(request) : Number(declared);
    if (size > bodyLimit) throw tooLarge(request, imageBytes);
    if (size === 0) return;
    if (held + size > budget) {
      const { failure } = request.routeOptions.config.codes ?? COMMON_CODES;
      throw new KycError(failure, 503, "Too many uploads are under way. Send the image again in a moment.", {
        retryAfter: RETRY_SECONDS,
      });
    }
    held += size;
    reply.raw.once("close", () => {
      held -= size;
    });
  };

  function unknownLength(request: FastifyRequest): number {
    return request.headers["transfer-encoding"] === undefined ? 0 : bodyLimit;
  }
}
