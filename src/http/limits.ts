import { createHash } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Redis } from "ioredis";
import { KycError } from "../verification/errors.ts";
import type { Caller } from "../verification/verification.ts";

const WINDOW_MS = 60_000;
/**
 * Refused tokens a minute from one address before the answer becomes 429. High, because a gateway may stand before
 * many users; good tokens are never counted, so an attacker behind the same gateway locks nobody out.
 */
const REFUSED_TOKENS = 300;
/** Users and addresses remembered at once, each some hundred bytes: @fastify/rate-limit's `cache`. */
const REMEMBERED = 10_000;
/** What our counters are called in a Redis that others may use too. */
const NAME_SPACE = "payu-kyc:limit:";

/** How much is allowed in a minute; null: no limit. */
export interface Allowances {
  readonly perUser: number | null;
  readonly perAddress: number | null;
}

/**
 * Lets `app` count. A Redis that fails lets requests pass: to lock everybody out would be worse.
 * @param redis  where the counts of all processes are kept; null: each process counts its own
 */
export function prepareLimits(app: FastifyInstance, redis: Redis | null): void {
  app.register(rateLimit, {
    global: false,
    cache: REMEMBERED,
    skipOnError: true,
    ...(redis && { redis, nameSpace: NAME_SPACE }),
  });
}

export interface Limits {
  /** Counts a request against the address that it comes from. @throws KycError 429 */
  arrived(request: FastifyRequest): Promise<void>;
  /** Counts a request against the user that it is made for. @throws KycError 429 */
  count(reply: FastifyReply, request: FastifyRequest, user: string): Promise<void>;
  /** Counts a refused token against its address. @returns the refusal to answer with */
  refused(request: FastifyRequest, refusal: KycError): Promise<KycError>;
}

/**
 * Limits by user and by address, after {@link prepareLimits}. All counters lie in one space, so each kind has its own
 * prefix; a user is counted under a hash, as what is kept outside should tell nobody.
 */
export function createLimits(app: FastifyInstance, { perUser, perAddress }: Allowances): Limits {
  const users = new WeakMap<FastifyRequest, string>();
  const byUser = app.createRateLimit({
    max: perUser ?? 1,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => `user:${hashOf(users.get(request) ?? "")}`,
  });
  const addressOf = (request: FastifyRequest) => rateLimit.normalizeIP(request.ip);
  const byAddress = app.createRateLimit({
    max: perAddress ?? 1,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => `address:${addressOf(request)}`,
  });
  const byRefusals = app.createRateLimit({
    max: REFUSED_TOKENS,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => `refused:${addressOf(request)}`,
  });
  const tooMany = (seconds: number) =>
    new KycError("KYC_RAT_001", 429, `Too many requests. Try again in ${seconds} s.`, {
      retryAfter: seconds,
    });

  return {
    async arrived(request) {
      if (perAddress === null) return;
      const state = await byAddress(request);
      if (!state.isAllowed && state.isExceeded) throw tooMany(state.ttlInSeconds);
    },
    async count(reply, request, user) {
      if (perUser === null) return;
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
      const state = await byRefusals(request);
      return !state.isAllowed && state.isExceeded ? tooMany(state.ttlInSeconds) : refusal;
    },
  };
}

const hashOf = (user: string) => createHash("sha256").update(user).digest("base64url");

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
    // Nothing has been validated yet: what is no id of ours is not looked up.
    if (typeof id !== "string" || !UUID.test(id)) return caller.subject;
    const owner = owners.get(id) ?? (await ownerOf(id));
    if (owner === null) return caller.subject;
    owners.delete(id);
    owners.set(id, owner);
    if (owners.size > REMEMBERED_OWNERS) owners.delete(owners.keys().next().value as string);
    return owner;
  };
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

const asRecord = (value: unknown) =>
  (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
