import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Idempotency } from "../database/idempotency.ts";
import { KycError } from "../verification/errors.ts";
import type { Clock } from "../verification/ports.ts";
import type { Caller } from "../verification/verification.ts";
import { type Answer, answerTo, COMMON_CODES, PROBLEM_TYPE } from "./problem.ts";
import { refuseFields } from "./validation.ts";

/** What was asked for, without how it was written: JSON and a form of the same content are the same request. */
export type Content = Readonly<Record<string, string | Uint8Array>>;

/** Longer than any step takes (the gateway gives up after 60 s); then the process that began it counts as dead. */
const LEASE_SECONDS = 60;
/** The client saw its first try fail at the latest after this. */
const IN_FLIGHT_RETRY_SECONDS = 2;

export interface OnceParts {
  readonly records: Pick<Idempotency, "begin" | "finish" | "abandon">;
  readonly clock: Clock;
  /** For whom a request is made. */
  readonly userOf: (caller: Caller, request: FastifyRequest) => Promise<string>;
}

/**
 * Carries a POST out once for one Idempotency-Key, and gives the same answer to each repetition.
 * @param headersOf  makes of it a 202 with these headers, for work that goes on after the answer
 */
export type Once = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  content: Content,
  work: () => Promise<T>,
  headersOf?: (body: T) => Readonly<Record<string, string>>,
) => Promise<FastifyReply>;

export function createOnce({ records, clock, userOf }: OnceParts): Once {
  return async (request, reply, content, work, headersOf) => {
    const key = keyOf(request);
    if (key === null) {
      const answer = await work();
      return headersOf ? reply.code(202).headers(headersOf(answer)).send(answer) : reply.send(answer);
    }

    const { method, url } = request.routeOptions;
    const begun = await records.begin({
      userId: await userOf(request.caller, request),
      scope: JSON.stringify([request.caller.subject, method, url]),
      key,
      bodyHash: hashOf(content),
      now: clock.now(),
      leaseSeconds: LEASE_SECONDS,
    });
    switch (begun.kind) {
      case "other_body":
        throw new KycError(
          "KYC_IDM_001",
          422,
          "This Idempotency-Key was used for a request with another body. Use a new key.",
        );
      case "in_flight":
        throw new KycError(
          "KYC_IDM_001",
          409,
          "The request with this Idempotency-Key is still being worked on. Repeat it in a moment.",
          { retryAfter: IN_FLIGHT_RETRY_SECONDS },
        );
      case "replay":
        return reply
          .header("idempotent-replayed", "true")
          .code(begun.status)
          .headers(begun.headers ?? {})
          .type(typeFor(begun.status))
          .send(begun.body);
      case "new":
    }

    let status = headersOf ? 202 : 200;
    let headers: Readonly<Record<string, string>> = {};
    let body: string;
    try {
      const answer = await work();
      headers = headersOf?.(answer) ?? {};
      body = JSON.stringify(answer);
    } catch (error) {
      const codes = request.routeOptions.config.codes ?? COMMON_CODES;
      const refusal: Answer = answerTo(error, { codes, requestId: request.id, now: clock.now() });
      if (!isLasting(refusal.status)) {
        await quietly(request, () => records.abandon(begun.token));
        throw error;
      }
      status = refusal.status;
      body = JSON.stringify(refusal.problem);
    }
    await quietly(request, () => records.finish(begun.token, { status, headers, body }));
    return reply.code(status).headers(headers).type(typeFor(status)).send(body);
  };
}

/** Whether the same request would get the same answer later: not after a failure, a limit, or a conflict of the moment. */
const isLasting = (status: number) => status < 500 && status !== 409 && status !== 429;

const typeFor = (status: number) => (status < 400 ? "application/json; charset=utf-8" : PROBLEM_TYPE);

/** The work is done and must be answered, whether or not its record can be kept. */
async function quietly(request: FastifyRequest, record: () => Promise<void>): Promise<void> {
  try {
    await record();
  } catch (err) {
    request.log.error({ err }, "the answer to an Idempotency-Key could not be kept");
  }
}

/** Both names count; the platform's gateway sends the second. */
function keyOf(request: FastifyRequest): string | null {
  const { "idempotency-key": own, "x-idempotency-key": gateways } = request.headers;
  const key = own ?? gateways;
  if (key === undefined) return null;
  const { refusal } = request.routeOptions.config.codes ?? COMMON_CODES;
  const refuse = (message: string) => refuseFields(refusal, [{ field: "Idempotency-Key", message }]);
  if (own !== undefined && gateways !== undefined && own !== gateways) {
    throw refuse("and X-Idempotency-Key differ. Send one of them.");
  }
  if (typeof key !== "string" || !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw refuse("must be 1 to 255 printable ASCII characters.");
  }
  return key;
}

/** Equal for equal content, however it was encoded; a route names its members in one order. */
function hashOf(content: Content): string {
  const digest = (value: string | Uint8Array) => createHash("sha256").update(value).digest("hex");
  return digest(JSON.stringify(Object.entries(content).map(([name, value]) => [name, digest(value)])));
}
