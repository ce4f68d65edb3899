import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
} from "jose";
import { KycError } from "../verification/errors.ts";
import type { Caller } from "../verification/verification.ts";

export interface AuthOptions {
  /** Key of HS256 tokens; null: none are taken. */
  readonly secret: string | null;
  /** An identity provider whose keys are fetched; null: none. */
  readonly oidc: {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly audience?: string | null;
  } | null;
  /** Where set, HS256 tokens must carry them. */
  readonly issuer?: string;
  readonly audience?: string;
  /** False: a request without a token is the platform's own, which has authenticated it already. */
  readonly required: boolean;
}

export interface Authenticator {
  /**
   * @param authorization  the request's header
   * @throws KycError 401 KYC_AUTH_001 without a token where one is needed, 401 KYC_AUTH_002 for any token that is not
   *         wholly valid, 503 where the identity provider's keys cannot be had
   */
  authenticate(authorization: string | undefined): Promise<Caller>;
}

const HMAC = ["HS256"];
/** A public key never verifies an HMAC: each kind of key has its own list. */
const PUBLIC_KEY = ["RS256", "ES256", "EdDSA", "Ed25519"];
/** Clocks of two machines may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Longer than any token with the claims that are read here; not worth verifying. */
const MAX_TOKEN_LENGTH = 8192;
/** A token that was found valid is believed this long, or until it expires; a key withdrawn meanwhile counts till then. */
const REMEMBERED_SECONDS = 60;
/** Each as long as its token, about half a kilobyte. */
const REMEMBERED_TOKENS = 2000;
/** A subject goes into look-ups and logs. */
const SUBJECT = /^[^\p{Cc}]{1,255}$/u;
const KEYS_RETRY_SECONDS = 5;

/** Who a request without a token is where none is needed. */
const PLATFORM: Caller = { subject: "anonymous", scopes: new Set(["kyc:service"]) };

/** Checks bearer tokens (RFC 6750, RFC 7519). */
export function createAuthenticator(options: AuthOptions): Authenticator {
  const { secret, oidc, required } = options;
  const common: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["sub", "exp"],
  };
  // Imported once: from plain bytes it would be for each token.
  const shared = secret === null ? null : importHmacKey(secret);
  const provider = oidc === null ? null : createRemoteJWKSet(new URL(oidc.jwksUri));

  // A signature is checked on the thread pool, where it waits behind images that are being decoded.
  const verified = new Map<string, { readonly caller: Caller; readonly until: number }>();

  async function claimsOf(token: string): Promise<JWTPayload> {
    const alg = algorithmOf(token);
    if (shared !== null && HMAC.includes(alg)) {
      const { issuer, audience } = options;
      return (await jwtVerify(token, await shared, { ...common, algorithms: HMAC, issuer, audience }))
        .payload;
    }
    if (provider !== null && oidc !== null && PUBLIC_KEY.includes(alg)) {
      const { issuer, audience } = oidc;
      const rules = { ...common, algorithms: PUBLIC_KEY, issuer, audience: audience ?? undefined };
      return (await jwtVerify(token, provider, rules)).payload;
    }
    throw new errors.JOSEAlgNotAllowed("no key for this algorithm");
  }

  return {
    async authenticate(authorization) {
      if (authorization === undefined) {
        if (!required) return PLATFORM;
        throw new KycError("KYC_AUTH_001", 401, "Send a token: Authorization: Bearer <JWT>.");
      }
      const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1];
      if (token === undefined || token.length > MAX_TOKEN_LENGTH) throw notValid("It is not a bearer token.");
      const seconds = Date.now() / 1000;
      const known = verified.get(token);
      if (known !== undefined && seconds < known.until) return known.caller;
      let claims: JWTPayload;
      try {
        claims = await claimsOf(token);
      } catch (error) {
        throw isTokensFault(error) ? notValid(reasonFor(error)) : keysMissing(error);
      }
      if (typeof claims.sub !== "string" || !SUBJECT.test(claims.sub))
        throw notValid("Its sub cannot be used.");
      const caller = { subject: claims.sub, scopes: new Set([...words(claims.scope), ...words(claims.scp)]) };
      const until = Math.min(seconds + REMEMBERED_SECONDS, claims.exp as number);
      verified.delete(token);
      verified.set(token, { caller, until });
      if (verified.size > REMEMBERED_TOKENS) verified.delete(verified.keys().next().value as string);
      return caller;
    },
  };
}

const importHmacKey = (secret: string) =>
  crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);

const notValid = (reason: string) =>
  new KycError("KYC_AUTH_002", 401, `The token is not valid. ${reason} Get a new one.`);

const keysMissing = (cause: unknown) =>
  new KycError("KYC_SYS_001", 503, "The identity provider's keys cannot be had. Try again in a moment.", {
    retryAfter: KEYS_RETRY_SECONDS,
    cause,
  });

/** What jose throws of a token; all else came of fetching the keys. */
const TOKEN_FAULTS = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

const isTokensFault = (error: unknown) => TOKEN_FAULTS.some((kind) => error instanceof kind);

function algorithmOf(token: string): string {
  try {
    return String(decodeProtectedHeader(token).alg);
  } catch (cause) {
    throw new errors.JWTInvalid("no header", { cause });
  }
}

/** Enough to mend it; not what was expected in its place. */
function reasonFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "It has expired.";
  if (error instanceof errors.JWTClaimValidationFailed)
    return `Its claim "${error.claim}" is missing or wrong.`;
  return "Its form, algorithm or signature is wrong.";
}

const words = (claim: unknown): string[] =>
  typeof claim === "string"
    ? claim.split(" ").filter(Boolean)
    : Array.isArray(claim)
      ? claim.filter((word) => typeof word === "string")
      : [];

/**
 * Signs a token that {@link createAuthenticator} with the same secret takes.
 * @param minutes  how long it is good for
 */
export function signToken(input: {
  secret: string;
  user: string;
  scopes?: readonly string[];
  minutes: number;
  now?: Date;
}): Promise<string> {
  const issuedAt = Math.floor((input.now ?? new Date()).getTime() / 1000);
  const scope = input.scopes?.length ? { scope: input.scopes.join(" ") } : {};
  return new SignJWT(scope)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(input.user)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.round(input.minutes * 60))
    .sign(new TextEncoder().encode(input.secret));
}
