import { type AdviceCode, HINTS } from "../vision/hints.ts";
import type { Refusal } from "./ports.ts";

/** The contract's error codes. */
export type ErrorCode =
  | "KYC_VAL_001"
  | "KYC_VAL_002"
  | "KYC_VAL_003"
  | "KYC_SYS_001"
  | "KYC_SYS_002"
  | "KYC_SYS_003"
  | "KYC_SYS_004"
  | "KYC_SYS_005"
  | "KYC_AUTH_001"
  | "KYC_AUTH_002"
  | "KYC_AUTH_003"
  | "KYC_RAT_001"
  | "KYC_IDM_001";

/** A hint as it is sent: its code and what to do, in two languages. */
export interface SpokenHint {
  readonly code: string;
  readonly id: string;
  readonly en: string;
}

/** A refusal, with all that an answer to the caller needs. `message` is for people and holds no personal data. */
export class KycError extends Error {
  readonly code: ErrorCode;
  /** HTTP's word for it; the one thing of HTTP that is known here, because the contract fixes it by code. */
  readonly status: number;
  readonly hints?: readonly SpokenHint[];
  readonly attemptsLeft?: number;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Further members of the answer, e.g. `verification_status`. */
  readonly extra?: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    status: number,
    message: string,
    more: {
      hints?: readonly AdviceCode[];
      attemptsLeft?: number;
      retryAfter?: number;
      extra?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "KycError";
    this.code = code;
    this.status = status;
    this.hints = more.hints?.map((hint) => ({ code: hint, ...HINTS[hint] }));
    this.attemptsLeft = more.attemptsLeft;
    this.retryAfter = more.retryAfter;
    this.extra = more.extra;
  }
}

/** An error as it is kept, to be said later. */
export const refusalOf = ({ code, status, message, hints, attemptsLeft, extra }: KycError): Refusal => ({
  code,
  status,
  message,
  ...(hints && { hints: hints.map((hint) => hint.code) }),
  ...(attemptsLeft !== undefined && { attemptsLeft }),
  ...(extra && { extra }),
});

/** The error that was kept. */
export const errorOf = ({ code, status, message, hints, ...more }: Refusal): KycError =>
  new KycError(code as ErrorCode, status, message, { ...more, hints: hints as AdviceCode[] | undefined });
