import { randomUUID } from "node:crypto";
import type { Citizen } from "./citizens.ts";
import { sameLetters } from "./names.ts";

/** What the simulator says, before it is sent: the original's bodies and HTTP statuses. */
export interface SimulatedAnswer {
  readonly httpStatus: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface VerifyRequest {
  readonly nik: string;
  readonly fullName: string;
  readonly birthPlace?: string | null;
  readonly birthDate?: string | null;
}

/** Outcomes that the header `X-Simulate` forces. */
export const FORCED_OUTCOMES = [
  "success",
  "name-mismatch",
  "deceased",
  "not-found",
  "invalid",
  "blocked",
  "face-not-matched",
  "liveness-failed",
  "rate-limit",
  "error",
  "timeout",
] as const;
export type ForcedOutcome = (typeof FORCED_OUTCOMES)[number];

/** The score that means "at the network's own threshold" on the scale of `matchScore`; the original's threshold. */
export const PHOTO_THRESHOLD = 75;

/** What two photographs are to each other, measured by real networks. */
export interface PhotoComparison {
  /** 0..1: the likeness of the two faces; 0 where either picture shows none. */
  readonly score: number;
  /** 0..1, exclusive: from here on it is one person, on the same scale as `score`. */
  readonly threshold: number;
  /** Whether the selfie is of a living person before the camera. */
  readonly live: boolean;
}

/** One answer of the original: response code, its HTTP status, status and message. */
const OUTCOMES = {
  matched: { httpStatus: 200, responseCode: "00", responseMessage: "The data agree" },
  mismatch: { httpStatus: 200, responseCode: "00", responseMessage: "The name does not agree" },
  data: { httpStatus: 200, responseCode: "00", responseMessage: "Found" },
  notFound: { httpStatus: 404, responseCode: "14", responseMessage: "This NIK is not known" },
  invalid: { httpStatus: 400, responseCode: "30", responseMessage: "This NIK is invalid" },
  faceMatched: { httpStatus: 200, responseCode: "00", responseMessage: "The faces match" },
  faceNotMatched: { httpStatus: 200, responseCode: "51", responseMessage: "The faces do not match" },
  livenessFailed: {
    httpStatus: 400,
    responseCode: "52",
    responseMessage: "The selfie is not of a living face",
  },
  blocked: { httpStatus: 403, responseCode: "62", responseMessage: "This NIK is blocked" },
  error: { httpStatus: 500, responseCode: "96", responseMessage: "System error" },
} as const;

function answer(outcome: keyof typeof OUTCOMES, body: Record<string, unknown>): SimulatedAnswer {
  const { httpStatus, responseCode, responseMessage } = OUTCOMES[outcome];
  return { httpStatus, body: { requestId: requestId(), ...body, responseCode, responseMessage } };
}

function requestId(): string {
  return `DUK-${Date.now()}-${randomUUID().slice(0, 8).toUpperCase()}`;
}

/**
 * `POST /verify`. The name alone is compared, without regard to case, accents, punctuation and spacing: a reader loses
 * spaces (`JOHNDOE`). Birth place and date never decide. A deceased citizen comes back as a success, as from the original.
 */
export function verifyAnswer(
  citizen: Citizen | null,
  request: VerifyRequest,
  forced?: ForcedOutcome,
): SimulatedAnswer {
  const nothing = { fullName: null, birthPlace: null, birthDate: null, gender: null, address: null };
  const particulars = citizen
    ? {
        fullName: citizen.fullName,
        birthPlace: citizen.birthPlace,
        birthDate: citizen.birthDate,
        gender: citizen.gender,
        address: citizen.address,
      }
    : {
        ...nothing,
        fullName: request.fullName,
        birthPlace: request.birthPlace ?? null,
        birthDate: request.birthDate ?? null,
      };
  const { nik } = request;
  const status = statusOf(citizen, forced);
  switch (status) {
    case "ERROR":
      return answer("error", { nik: null, verified: false, ...nothing, status });
    case "NOT_FOUND":
      return answer("notFound", { nik, verified: false, ...nothing, status });
    case "INVALID":
      return answer("invalid", { nik, verified: false, ...nothing, status });
    case "BLOCKED":
      return answer("blocked", { nik, verified: false, ...nothing, fullName: particulars.fullName, status });
  }
  const agrees =
    forced === "success" ||
    (forced !== "name-mismatch" && sameLetters(request.fullName, particulars.fullName ?? ""));
  return answer(agrees ? "matched" : "mismatch", { nik, verified: agrees, ...particulars, status });
}

/** `GET /nik/{nik}`: the citizen; a blocked one is not shown. */
export function citizenAnswer(citizen: Citizen | null, nik: string, forced?: ForcedOutcome): SimulatedAnswer {
  const status = statusOf(citizen, forced);
  switch (status) {
    case "ERROR":
      return answer("error", { nik: null, ...UNKNOWN_CITIZEN, status });
    case "BLOCKED":
      return answer("blocked", { nik, ...UNKNOWN_CITIZEN, status });
  }
  // Nobody can be shown who is not there, whatever the header asks for.
  if (!citizen || status === "NOT_FOUND") {
    return answer("notFound", { nik, ...UNKNOWN_CITIZEN, status: "NOT_FOUND" });
  }
  return answer("data", { ...citizen, status });
}

/**
 * `POST /match-photo`.
 * @param compare  measures the photographs; called only for a citizen whose photographs may be compared
 */
export async function photoAnswer(
  citizen: Citizen | null,
  request: { readonly nik: string; readonly livenessCheck: boolean },
  compare: () => Promise<PhotoComparison>,
  forced?: ForcedOutcome,
): Promise<SimulatedAnswer> {
  const { nik } = request;
  const nothing = { matched: false, matchScore: 0, threshold: PHOTO_THRESHOLD, livenessDetected: false };
  const status = statusOf(citizen, forced);
  switch (status) {
    case "ERROR":
      return answer("error", { nik: null, ...nothing, status });
    case "NOT_FOUND":
      return answer("notFound", { nik, ...nothing, status });
    case "BLOCKED":
      return answer("blocked", { nik, ...nothing, status });
  }
  const comparison = await measured(compare, forced).catch(() => null);
  // Photographs that could not be measured have no score.
  if (!comparison) return answer("error", { nik: null, ...nothing, status: "ERROR" });
  const { score, threshold, live } = comparison;
  if (request.livenessCheck && !live) {
    return answer("livenessFailed", { nik, ...nothing, status: "LIVENESS_FAILED" });
  }
  const matched = score >= threshold;
  return answer(matched ? "faceMatched" : "faceNotMatched", {
    nik,
    matched,
    matchScore: onPhotoScale(score, threshold),
    threshold: PHOTO_THRESHOLD,
    livenessDetected: live,
    status: matched ? "MATCHED" : "NOT_MATCHED",
  });
}

/** The system error of whichever route: no verdict, to be tried again. */
export function errorAnswer(): SimulatedAnswer {
  return answer("error", { nik: null, verified: false, status: "ERROR" });
}

/** Straight from 0 to the threshold and from there to 1, so that callers who know only the original's 75 are right. */
function onPhotoScale(score: number, threshold: number): number {
  if (score >= threshold) {
    const above = threshold < 1 ? (score - threshold) / (1 - threshold) : 1;
    return Math.min(100, Math.round(PHOTO_THRESHOLD + above * (100 - PHOTO_THRESHOLD)));
  }
  return Math.max(0, Math.min(PHOTO_THRESHOLD - 1, Math.floor((score / threshold) * PHOTO_THRESHOLD)));
}

async function measured(
  compare: () => Promise<PhotoComparison>,
  forced: ForcedOutcome | undefined,
): Promise<PhotoComparison> {
  // A forced outcome says which answer comes, not what a photograph shows: the ends of the scale, nothing in between.
  if (forced === "success") return { score: 1, threshold: 0.5, live: true };
  if (forced === "face-not-matched") return { score: 0, threshold: 0.5, live: true };
  if (forced === "liveness-failed") return { score: 0, threshold: 0.5, live: false };
  return compare();
}

function statusOf(
  citizen: Citizen | null,
  forced: ForcedOutcome | undefined,
): Citizen["status"] | "NOT_FOUND" | "ERROR" {
  switch (forced) {
    case "success":
    case "name-mismatch":
    case "face-not-matched":
    case "liveness-failed":
      return "VALID";
    case "deceased":
      return "DECEASED";
    case "invalid":
      return "INVALID";
    case "blocked":
      return "BLOCKED";
    case "not-found":
      return "NOT_FOUND";
    case "error":
      return "ERROR";
    default:
      return citizen?.status ?? "NOT_FOUND";
  }
}

const UNKNOWN_CITIZEN: Readonly<Record<Exclude<keyof Citizen, "nik" | "status">, null>> = {
  fullName: null,
  birthPlace: null,
  birthDate: null,
  gender: null,
  bloodType: null,
  address: null,
  rt: null,
  rw: null,
  village: null,
  district: null,
  city: null,
  province: null,
  religion: null,
  maritalStatus: null,
  occupation: null,
  nationality: null,
};
