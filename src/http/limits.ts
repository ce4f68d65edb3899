import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { KycError } from "../verification/errors.ts";
import type { Caller } from "../verification/verification.ts";

const WINDOW_MS = 60_000;
/**
 * Refused tokens a minute from one address before the answer becomes 429. High, because a gateway may stand before
 * many users; good tokens are never counted, so an attacker behind the same gateway locks nobody out.
 */
const REFUSED_TOKENS = 300;
/** Users and addresses remembered at once, each some hundred bytes: @fastify/rate-limit's `cache`. */
export const REMEMBERED = 10_000;

export interface Limits {
  /** Counts a request against the user that it is made for. @throws KycError 429 */
  count(reply: FastifyReply, request: FastifyRequest, user: string): Promise<void>;
  /** Counts a refused token against its address. @returns the refusal to answer with */
  refused(request: FastifyRequest, refusal: KycError): Promise<KycError>;
}

/**
 * Limits by user and by address. `app` has @fastify/rate-limit registered.
 * @param perMinute  requests a minute for one user; null: no limit
 */
export function createLimits(app: FastifyInstance, perMinute: number | null): Limits {
  const users = new WeakMap<FastifyRequest, string>();
  const byUser = app.createRateLimit({
    max: perMinute ?? 1,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => users.get(request) ?? "",
  });
  const byAddress = app.createRateLimit({ max: REFUSED_TOKENS, timeWindow: WINDOW_MS });
  const tooMany = (seconds: number) =>
    new KycError("KYC_RAT_001", 429, `Too many requests. Try again in ${seconds} s.`, {
      retryAfter: seconds,
    });

  return {
    async count(reply, request, user) {
      if (perMinute === null) return;
      users.set(request, user);
      const state = await byUser(request);
      if (state.isAllowed) return;
      reply.headers({
        "ratelimit-limit": state.max,
        "ratelimit-remaining": state.remaining,
        "ratelimit-reset": state.ttlInSeconds,
      });
      if (state.isExceeded) throw tooMany(state.ttlInSeconds);
    },
    async refused(request, refusal) {
      const state = await byAddress(request);
      return !state.isAllowed && state.isExceeded ? tooMany(state.ttlInSeconds) : refusal;
    },
  };
}

/** Verifications whose owner is remembered, each about 150 bytes. An owner never changes. */
const REMEMBERED_OWNERS = 10_000;

/**
 * Tells for whom a request is made. A caller who acts for others is counted by the user that the request names, so
 * that one busy user does not use up the platform's allowance.
 */
export function createUserOf(ownerOf: (verificationId: string) => Promise<string | null>) {
  const owners = new Map<string, string>();

  return async (caller: Caller, request: FastifyRequest): Promise<string> => {
    const named = { ...asRecord(request.params), ...asRecord(request.body) };
    if (typeof named.user_id === "string") return named.user_id;
    const id = named.verification_id;
    if (typeof id !== "string") return caller.subject;
    const owner = owners.get(id) ?? (await ownerOf(id));
    if (owner === null) return caller.subject;
    owners.delete(id);
    owners.set(id, owner);
    if (owners.size > REMEMBERED_OWNERS) owners.delete(owners.keys().next().value as string);
    return owner;
  };
}

const asRecord = (value: unknown) =>
  (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
