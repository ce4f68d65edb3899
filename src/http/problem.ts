import { STATUS_CODES } from "node:http";
import { type ErrorCode, KycError } from "../verification/errors.ts";

/** RFC 9457, with the members that the contract promises on every error, and those of single errors. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly error_code: ErrorCode;
  readonly timestamp: string;
  readonly request_id: string;
  readonly [more: string]: unknown;
}

/** The codes that a route's own faults carry. */
export interface RouteCodes {
  /** The request's fault. */
  readonly refusal: "KYC_VAL_001" | "KYC_VAL_002";
  /** Ours. */
  readonly failure: "KYC_SYS_001" | "KYC_SYS_002" | "KYC_SYS_003" | "KYC_SYS_004" | "KYC_SYS_005";
}

/** Where no route says otherwise. */
export const COMMON_CODES: RouteCodes = { refusal: "KYC_VAL_001", failure: "KYC_SYS_001" };

declare module "fastify" {
  interface FastifyContextConfig {
    codes?: RouteCodes;
  }
}

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

const TITLES: Readonly<Record<ErrorCode, string>> = {
  KYC_VAL_001: "The request cannot be accepted",
  KYC_VAL_002: "The selfie step cannot be accepted",
  KYC_VAL_003: "No such verification",
  KYC_SYS_001: "Unforeseen failure",
  KYC_SYS_002: "The KTP could not be processed",
  KYC_SYS_003: "The selfie could not be processed",
  KYC_SYS_004: "The status could not be fetched",
  KYC_SYS_005: "The history could not be fetched",
  KYC_AUTH_001: "No token",
  KYC_AUTH_002: "The token is not valid",
  KYC_AUTH_003: "Not yours",
  KYC_RAT_001: "Too many requests",
  KYC_IDM_001: "The Idempotency-Key is taken",
};

/** What the framework refuses before a route sees it. Its own messages may repeat what was sent; these do not. */
const FRAMEWORK: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "Send the body as application/json or multipart/form-data."],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "The body is empty. Send a JSON object."],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "The body is not valid JSON. Send one JSON object in UTF-8."],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    "The body's length is not what Content-Length said. Send it again.",
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "The body is too large. Send a smaller image."],
  FST_ERR_BAD_URL: [400, "The path is not a valid URL path."],
  FST_ERR_MAX_PARAM_LENGTH: [414, "The path is too long: no id is of this length."],
  FST_FILES_LIMIT: [400, "The form has more than one file. Send the image alone."],
  FST_FIELDS_LIMIT: [400, "The form has too many fields."],
  FST_PARTS_LIMIT: [400, "The form has too many parts."],
  FST_INVALID_JSON_FIELD_ERROR: [400, "A part of the form says that it is JSON and is not."],
  FST_PROTO_VIOLATION: [400, "The form has a field by a name that is not allowed."],
};

/** An error as it is answered, and what to log of it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: Problem;
}

/** Where and when an error came up. */
export interface Circumstances {
  readonly codes: RouteCodes;
  readonly requestId: string;
  readonly now: Date;
}

/** Turns whatever was thrown into the answer of the contract. Nothing of an unforeseen error is told. */
export function answerTo(error: unknown, { codes, requestId, now }: Circumstances): Answer {
  const known = error instanceof KycError ? error : translate(error, codes);
  const { code, status, retryAfter } = known;
  return {
    status,
    headers: {
      "content-type": PROBLEM_TYPE,
      ...(retryAfter !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfter))) }),
      ...(status === 401 && {
        "www-authenticate":
          code === "KYC_AUTH_001" ? 'Bearer realm="kyc"' : 'Bearer realm="kyc", error="invalid_token"',
      }),
    },
    problem: {
      type: `urn:payu:kyc:${code.toLowerCase().replaceAll("_", "-")}`,
      title: TITLES[code],
      status,
      detail: known.message,
      error_code: code,
      timestamp: now.toISOString(),
      request_id: requestId,
      ...(known.hints && { hints: known.hints }),
      ...(known.attemptsLeft !== undefined && { attempts_left: known.attemptsLeft }),
      ...(retryAfter !== undefined && { retry_after: Math.max(1, Math.ceil(retryAfter)) }),
      ...known.extra,
    },
  };
}

function translate(error: unknown, { refusal, failure }: RouteCodes): KycError {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const said = typeof code === "string" ? FRAMEWORK[code] : undefined;
  if (said) return new KycError(refusal, said[0], said[1]);
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new KycError(refusal, statusCode, `The request cannot be accepted: ${STATUS_CODES[statusCode]}.`);
  }
  if (isAway(error)) {
    return new KycError(failure, 503, "A part of the service is away. Try again in a moment.", {
      retryAfter: AWAY_RETRY_SECONDS,
      cause: error,
    });
  }
  return new KycError(
    failure,
    500,
    "Something went wrong here. Try again; where it stays so, report the request_id.",
    { cause: error },
  );
}

/** A database that is restarted is there again by then. */
const AWAY_RETRY_SECONDS = 5;
/** Node's codes of a connection that was refused or lost; PostgreSQL's of one that it closes or cannot take (08, 57P, 53300). */
const AWAY_CODES =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|08\w{3}|57P0[1-3]|53300)$/;
/** What the driver says without a code. */
const AWAY_WORDS = /^(?:Connection terminated|timeout exceeded when trying to connect)/;

/** Whether a part that the service needs, the database above all, cannot be reached now. */
function isAway(error: unknown): boolean {
  const { code, message, errors } = (error ?? {}) as { code?: unknown; message?: unknown; errors?: unknown };
  if (typeof code === "string" && AWAY_CODES.test(code)) return true;
  if (typeof message === "string" && AWAY_WORDS.test(message)) return true;
  // Of a name with several addresses each is tried.
  return Array.isArray(errors) && errors.some(isAway);
}
