import type { DukcapilResult } from "../dukcapil/dukcapil.ts";
import type {
  FaceFacts,
  FaceMatchResult,
  Hint,
  KtpOcrResult,
  KtpReport,
  LivenessResult,
  SelfieReport,
} from "../vision/facts.ts";
import type { DoubtBand } from "./doubt.ts";
import type { Duplicate, VerificationType } from "./ports.ts";
import { SENTENCES } from "./sentences.ts";

/** `flag` stores what was found and decides nothing; `review` hands it to a person; `reject` refuses. */
export type DuplicatePolicy = "flag" | "review" | "reject";

/** Of a card that is a photocopy's or a screen's picture: `refuse` it, or `flag` it in the checks and go on. */
export type CopiesPolicy = "refuse" | "flag";

/** Every threshold by which the service decides, in one place. */
export interface Policy {
  /** Least `ktpScore` 0..1 of a picture taken for a KTP. */
  readonly ktpScore: number;
  /** Least confidence 0..1 of the NIK, and of the reading as a whole (`OCR_CONFIDENCE_THRESHOLD`). */
  readonly ocrConfidence: number;
  /**
   * Least confidence 0..1 of the name. Lower than the NIK's: one letter in doubt is no reason to take the photograph
   * again, the registry compares the name once more.
   */
  readonly nameConfidence: number;
  /** Least face quality 0..1 of a card portrait and of a selfie that may be compared. */
  readonly portraitQuality: number;
  /**
   * Least width in pixels of the face on a card that may be compared. The networks see faces some 100 pixels wide; of
   * soft, patterned prints of half of that every fourth neutral pair falls below the threshold.
   */
  readonly portraitWidth: number;
  readonly selfieQuality: number;
  /** Photographs a step may cost before the verification is rejected. */
  readonly attempts: number;
  /** Whether a selfie may be VERIFIED where only the weak spoofing networks are installed. */
  readonly baselineMayDecide: boolean;
  /** `active`: a selfie is taken only after a liveness challenge was passed; `passive`: one picture is enough. */
  readonly liveness: "passive" | "active";
  /** What becomes of a person who seems to be VERIFIED already as another user. */
  readonly duplicates: DuplicatePolicy;
  /**
   * What becomes of a KTP that was photographed from a photocopy or a screen, however well it reads: whoever shows it
   * need not hold the card.
   */
  readonly copies: CopiesPolicy;
  /**
   * From this weight of its signs on a card, or its photograph, is suspected to have been altered ({@link suspected}):
   * one strong sign, or two others. It is evidence for a person to look at, no reason to reject.
   */
  readonly tampering: number;
  /** Whether a verification may only be started with the user's consent. */
  readonly consentRequired: boolean;
  /** What is sent to a person; null: only duplicates, where `duplicates` says so. */
  readonly doubt: DoubtBand | null;
}

/** The defaults; a deployment sets the last five and `ocrConfidence` by its environment. */
export const DEFAULT_POLICY: Policy = {
  ktpScore: 0.5,
  ocrConfidence: 0.8,
  nameConfidence: 0.6,
  portraitQuality: 0.2,
  portraitWidth: 56,
  selfieQuality: 0.25,
  attempts: 3,
  tampering: 0.5,
  baselineMayDecide: false,
  liveness: "passive",
  duplicates: "flag",
  copies: "refuse",
  consentRequired: false,
  doubt: null,
};

/** Whether a photograph is good enough to go on with; if not, what to do about it (never empty then). */
export type Judgement =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly hints: readonly Hint[] };

const ACCEPTED: Judgement = { accepted: true };
const refused = (...hints: (Hint | readonly Hint[])[]): Judgement => ({
  accepted: false,
  hints: [...new Set(hints.flat())],
});

const COPIES: ReadonlySet<Hint> = new Set<Hint>(["screen_capture", "photocopy"]);

/**
 * Is this photograph of a card to be taken? It must be a KTP, with its NIK and name read surely enough, and with a
 * portrait where a selfie is to be compared with it.
 */
export function judgeKtp(report: KtpReport, type: VerificationType, policy: Policy): Judgement {
  const { result, hints } = report;
  if (report.ktpScore < policy.ktpScore) {
    // A card that is too blurred to be known for a KTP is told so; it is the reader's to say what it is not.
    return refused(hints.length > 0 ? hints : "not_a_ktp");
  }
  if (policy.copies === "refuse") {
    const copies = hints.filter((hint) => COPIES.has(hint));
    if (copies.length > 0) return refused(copies);
  }
  const sure = (field: "nik" | "name", least: number) =>
    result[field] !== null && result.fields[field].confidence >= least;
  const read =
    sure("nik", policy.ocrConfidence) && sure("name", Math.min(policy.nameConfidence, policy.ocrConfidence));
  if (!read || result.confidence < policy.ocrConfidence) {
    return refused(hints.length > 0 ? hints : ["unreadable"]);
  }
  if (type === "FULL_KYC") {
    if (report.portrait === null) return refused("no_portrait", hints);
    return fitPortrait(report.portrait, policy, hints);
  }
  return ACCEPTED;
}

/** Whether a card, or its photograph, is suspected to have been altered. What was not looked for is not suspected. */
export const suspected = ({ tampering }: KtpOcrResult, policy: Policy): boolean =>
  (tampering?.weight ?? 0) >= policy.tampering;

/**
 * Is a portrait fit to be compared with a selfie? A poor one would give a number that means nothing.
 * @param hints  what is known of the photograph besides
 */
export function fitPortrait(portrait: FaceFacts, policy: Policy, hints: readonly Hint[] = []): Judgement {
  if (portrait.box[2] < policy.portraitWidth) return refused("portrait_too_small", hints);
  return portrait.quality.score < policy.portraitQuality ? refused("portrait_unclear", hints) : ACCEPTED;
}

/** Is this selfie to be judged? Exactly one face, large, sharp and open enough; what it shows is `decide`'s business. */
export function judgeSelfie(report: SelfieReport, policy: Policy): Judgement {
  if (report.faces > 1) return refused("several_faces");
  if (report.face === null)
    return refused(report.hints.includes("no_face") ? report.hints : ["no_face", ...report.hints]);
  if (report.hints.length > 0) return refused(report.hints);
  if (report.face.quality.score < policy.selfieQuality) return refused(weakest(report.face.quality));
  return ACCEPTED;
}

const QUALITY_HINTS = {
  size: "face_too_small",
  sharpness: "blurred",
  exposure: "too_dark",
  pose: "face_turned",
  occlusion: "face_covered",
} as const satisfies Record<string, Hint>;

/** The hint for the worst part of a poor face. */
function weakest(quality: Readonly<Record<keyof typeof QUALITY_HINTS, number>>): Hint {
  const parts = Object.keys(QUALITY_HINTS) as (keyof typeof QUALITY_HINTS)[];
  return QUALITY_HINTS[parts.reduce((worst, part) => (quality[part] < quality[worst] ? part : worst))];
}

/** All that a decision rests on. A BASIC_KYC has neither liveness nor face match. */
export interface Evidence {
  readonly type: VerificationType;
  readonly liveness: LivenessResult | null;
  readonly faceMatch: FaceMatchResult | null;
  readonly dukcapil: DukcapilResult | null;
  /** Other users' VERIFIED verifications of what seems to be the same person. */
  readonly duplicateOf: readonly Duplicate[];
}

export type Decision =
  | { readonly status: "VERIFIED" }
  | { readonly status: "REJECTED" | "FAILED" | "IN_REVIEW"; readonly reason: string }
  /** The registry has not answered yet, and nothing else speaks against the person. */
  | { readonly status: "PROCESSING" };

const REGISTRY_REASONS = {
  BLOCKED: SENTENCES.registry_blocked.en,
  DECEASED: SENTENCES.registry_deceased.en,
  INVALID: SENTENCES.registry_invalid.en,
  NOT_FOUND: SENTENCES.registry_not_found.en,
} as const;

/** They tell the person no more than that there is another: not who, nor what else is known. */
const DUPLICATE_REASONS = [
  { by: "nik", reason: SENTENCES.duplicate_nik.en },
  { by: "face", reason: SENTENCES.duplicate_face.en },
] as const satisfies readonly { by: Duplicate["by"]; reason: string }[];

/**
 * The decision, from evidence alone: every check that speaks against the person is named; VERIFIED only where every
 * check of the type was made and passed.
 */
export function decide(
  { type, liveness, faceMatch, dukcapil, duplicateOf }: Evidence,
  policy: Policy,
): Decision {
  const reasons: string[] = [];
  if (type === "FULL_KYC") {
    if (liveness !== null && !liveness.is_live) {
      reasons.push(SENTENCES.liveness.en);
    }
    if (faceMatch !== null && !faceMatch.is_match) {
      reasons.push(SENTENCES.face_match.en);
    }
  }
  const registry = dukcapil?.status;
  if (
    registry === "BLOCKED" ||
    registry === "DECEASED" ||
    registry === "INVALID" ||
    registry === "NOT_FOUND"
  ) {
    reasons.push(REGISTRY_REASONS[registry]);
  } else if (registry === "VALID" && !dukcapil?.is_valid) {
    reasons.push(SENTENCES.registry_particulars.en);
  }
  const duplicates = DUPLICATE_REASONS.filter(({ by }) => duplicateOf.some((one) => one.by === by)).map(
    ({ reason }) => reason,
  );
  if (policy.duplicates === "reject") reasons.push(...duplicates);
  if (reasons.length > 0) return { status: "REJECTED", reason: reasons.join(" ") };
  if (registry === "ERROR") {
    return {
      status: "FAILED",
      reason: SENTENCES.registry_unanswered.en,
    };
  }
  if (dukcapil === null || registry === "PENDING") return { status: "PROCESSING" };
  if (type === "FULL_KYC") {
    if (liveness === null || faceMatch === null) return { status: "PROCESSING" };
    if (!liveness.details.model_decides && !policy.baselineMayDecide) {
      return {
        status: "FAILED",
        reason: SENTENCES.undecided.en,
      };
    }
  }
  // By its own word, not by elimination: whatever the registry may say one day, only this is a pass.
  if (registry === "VALID" && dukcapil.is_valid) {
    return policy.duplicates === "review" && duplicates.length > 0
      ? { status: "IN_REVIEW", reason: duplicates.join(" ") }
      : { status: "VERIFIED" };
  }
  return { status: "FAILED", reason: SENTENCES.registry_unclear.en };
}
