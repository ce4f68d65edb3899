import { createHash, randomBytes } from "node:crypto";
import { KycError } from "./errors.ts";
import type { Policy } from "./policy.ts";
import type { Actor, Clock, Consent } from "./ports.ts";
import { refuseConsent } from "./verification.ts";

/** Where the page sends the person in the end. */
export interface ReturnUrls {
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
}

/** A link to the capture page as it is stored: neither its code nor its session's token, only their hashes. */
export interface Capture extends ReturnUrls {
  readonly verificationId: string;
  readonly userId: string;
  readonly expiresAt: Date;
}

/** The links' store. Hashes are SHA-256 in base64url. */
export interface Captures {
  insert(capture: Capture, codeHash: string): Promise<void>;
  /** Exchanges a code that was not used yet for a session, once. @returns null where there is none that is good */
  open(codeHash: string, sessionHash: string, now: Date, until: Date): Promise<Capture | null>;
  /** The capture of a session that has not ended. */
  find(sessionHash: string, now: Date): Promise<Capture | null>;
  /** Records the consent of a verification that has none. */
  consent(verificationId: string, consent: Consent, by: Actor, now: Date): Promise<void>;
  /** Keeps the person's note, in place of an earlier one. @returns false where the verification takes none now */
  note(verificationId: string, text: string, by: Actor, now: Date): Promise<boolean>;
  /** Removes what has ended. @returns how many */
  purge(now: Date): Promise<number>;
}

/** What the page gets for its link. */
export interface CaptureSession {
  /** Bearer token for this one verification, kept by the page alone. */
  readonly token: string;
  readonly capture: Capture;
  /** What the service asks of the face step. */
  readonly liveness: Policy["liveness"];
}

/** The capture page's way into one verification. Every refusal is a {@link KycError}. */
export interface CaptureLinks {
  /** @returns the code that the link carries, good once and for {@link CAPTURE_LINK_MINUTES} */
  create(verificationId: string, userId: string, urls: ReturnUrls): Promise<string>;
  /** @throws KycError 410 for a code that was used, has expired or never was */
  open(code: string): Promise<CaptureSession>;
  /** Who holds this session token: its user, bound to its verification; null where the session has ended. */
  holderOf(token: string): Promise<Actor | null>;
  /** @throws KycError 403 for a caller who is no session of the page, 400 for a consent of the future */
  consent(caller: Actor, consent: Consent): Promise<void>;
  /** @throws KycError 403 for a caller who is no session of the page, 409 before the card was read and after the end */
  note(caller: Actor, text: string): Promise<void>;
  purge(): Promise<number>;
}

/** From the start of the verification to the opening of its link. */
export const CAPTURE_LINK_MINUTES = 30;
/** From the opening of the link to the end of the page's work. */
export const CAPTURE_SESSION_MINUTES = 60;
const MINUTE_MS = 60_000;

/** Tells a session's token from a JWT. */
const SESSION_PREFIX = "capture.";
/** 256 bits: neither codes nor tokens can be guessed. */
const SECRET_BYTES = 32;

const secret = () => randomBytes(SECRET_BYTES).toString("base64url");
const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url");

/** Whether a bearer token is a capture session's. */
export const isCaptureToken = (token: string): boolean => token.startsWith(SESSION_PREFIX);

export function captureLinks({
  captures,
  clock,
  liveness,
}: {
  readonly captures: Captures;
  readonly clock: Clock;
  readonly liveness: Policy["liveness"];
}): CaptureLinks {
  const inMinutes = (minutes: number) => new Date(clock.now().getTime() + minutes * MINUTE_MS);

  /** @throws KycError 403 */
  function verificationOf({ onlyVerification }: Actor): string {
    if (onlyVerification !== undefined) return onlyVerification;
    throw new KycError("KYC_AUTH_003", 403, "This is for a session of the capture page alone.");
  }

  return {
    async holderOf(token) {
      const capture = await captures.find(hashOf(token), clock.now());
      if (capture === null) return null;
      const { userId: subject, verificationId: onlyVerification } = capture;
      return { subject, scopes: new Set(), onlyVerification };
    },
    async create(verificationId, userId, urls) {
      const code = secret();
      await captures.insert(
        { verificationId, userId, ...urls, expiresAt: inMinutes(CAPTURE_LINK_MINUTES) },
        hashOf(code),
      );
      return code;
    },
    async open(code) {
      const token = `${SESSION_PREFIX}${secret()}`;
      const until = inMinutes(CAPTURE_SESSION_MINUTES);
      const capture = await captures.open(hashOf(code), hashOf(token), clock.now(), until);
      if (capture === null) {
        throw new KycError(
          "KYC_VAL_003",
          410,
          "This link was used already or has expired. Ask for a new one where you got it.",
        );
      }
      return { token, capture, liveness };
    },
    async consent(caller, consent) {
      const verificationId = verificationOf(caller);
      const now = clock.now();
      refuseConsent(consent, true, now);
      await captures.consent(verificationId, consent, caller, now);
    },
    async note(caller, text) {
      if (await captures.note(verificationOf(caller), text, caller, clock.now())) return;
      throw new KycError(
        "KYC_VAL_001",
        409,
        "A note can be left once the KTP was read, and until the verification is decided.",
      );
    },
    purge: () => captures.purge(clock.now()),
  };
}
