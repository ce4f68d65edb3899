import type { KtpCheck, KtpOcrResult } from "../vision/facts.ts";
import { MEASURED_SIGNS } from "../vision/ktp/tamper/signs.ts";
import { DEFAULT_POLICY, type Decision, decide, type Evidence, type Policy, suspected } from "./policy.ts";
import type { Verification } from "./ports.ts";
import { type Reason, reasonsOf } from "./reasons.ts";

/** Between what passes without a second look and what is refused: the band in which a person decides. */
export interface DoubtBand {
  /**
   * Cosine beside the face threshold: a match by less than `above` is looked at, and so is a miss by less than `below`,
   * which is refused without a person. The threshold lies where one pair of strangers in a thousand matches; strangers
   * rarely come nearer to it than `below` (catalogue, `face-embedding`).
   */
  readonly face: { readonly above: number; readonly below: number };
  /** Confidence of liveness 0..1 that needs no look; the threshold itself is `LIVENESS_THRESHOLD`. */
  readonly liveness: number;
  /** Confidence 0..1 of NIK, name and the whole reading that needs no look; below the policy's least it is refused. */
  readonly nik: number;
  readonly name: number;
  readonly reading: number;
  /** Agreement 0..1 with the registry: at `sure` it needs no look; a disagreement from `least` on is looked at. */
  readonly registry: { readonly sure: number; readonly least: number };
}

/** The band of `KYC_MANUAL_REVIEW=on`; `liveness` is added to the deployment's threshold. */
export const DOUBT: DoubtBand = {
  face: { above: 0.06, below: 0.08 },
  liveness: 0.1,
  nik: 0.9,
  name: 0.8,
  reading: 0.85,
  registry: { sure: 0.9, least: 0.6 },
};

/** Why a verification is looked at by a person, beside the reasons of a refusal. */
export const DOUBTS = [
  "doubtful_face",
  "doubtful_liveness",
  "doubtful_reading",
  "doubtful_card",
  "doubtful_registry",
] as const;
export type Doubt = (typeof DOUBTS)[number];

type Known = Pick<Verification, "ktp" | "liveness" | "faceMatch" | "dukcapil">;

/** What of the evidence lies in the band, or beside a check that failed. */
export function doubtsOf({ ktp, liveness, faceMatch, dukcapil }: Known, band: DoubtBand): readonly Doubt[] {
  const doubts: Doubt[] = [];
  const face = faceMatch?.similarity_score ?? null;
  if (faceMatch && face !== null && face < faceMatch.threshold + band.face.above)
    doubts.push("doubtful_face");
  if (liveness && liveness.confidence < band.liveness) doubts.push("doubtful_liveness");
  if (ktp && isMiddling(ktp, band)) doubts.push("doubtful_reading");
  if (failedOf(ktp).length > 0) doubts.push("doubtful_card");
  const agrees = dukcapil?.is_valid && (dukcapil.match_score ?? 1) >= band.registry.sure;
  if (dukcapil && !agrees) doubts.push("doubtful_registry");
  return doubts;
}

const isMiddling = ({ fields, confidence }: KtpOcrResult, band: DoubtBand) =>
  fields.nik.confidence < band.nik || fields.name.confidence < band.name || confidence < band.reading;

/** The checks of a card that failed; signs of tampering measured on its picture only where they suffice for a suspicion. */
function failedOf(ktp: KtpOcrResult | null): readonly KtpCheck[] {
  const failed = (ktp?.checks ?? []).filter(({ ok }) => !ok);
  return ktp && suspected(ktp, DEFAULT_POLICY)
    ? failed
    : failed.filter(({ name }) => !MEASURED_SIGNS.has(name));
}

/** A check that failed: what speaks against the person, or a check of the card (`card_…`, as in its `checks`). */
export type FailedCheck = Reason | `card_${string}`;

/**
 * Checks that failed. Who approves against one of them overrides it. Another user's verification is a doubt, not a
 * failed check: twins and second accounts are for a person to tell apart.
 */
export function failedChecks(
  v: Known & Pick<Verification, "status" | "duplicateOf">,
): readonly FailedCheck[] {
  const against = reasonsOf({ ...v, status: "IN_REVIEW", duplicateOf: null });
  return [
    ...against.filter((reason) => reason !== "attempts"),
    ...failedOf(v.ktp).map(({ name }) => `card_${name}` as const),
  ];
}

/** A decision, and for IN_REVIEW why. */
export interface Considered {
  readonly decision: Decision;
  readonly reasons: readonly (Doubt | Reason)[];
}

/**
 * The decision, or a person's turn: where the policy has a band of doubt, what would pass with a doubt and what would
 * be refused by a near miss alone goes to review. What is refused for any other reason stays refused.
 */
export function consider(
  evidence: Evidence & { readonly ktp: KtpOcrResult | null },
  policy: Policy,
): Considered {
  const decision = decide(evidence, policy);
  const against = reasonsOf({ ...evidence, status: "IN_REVIEW", duplicateOf: [...evidence.duplicateOf] });
  const duplicates = against.filter((reason) => reason.startsWith("duplicate_"));
  const { doubt } = policy;
  if (doubt === null) return { decision, reasons: decision.status === "IN_REVIEW" ? duplicates : [] };
  const doubts = doubtsOf(evidence, doubt);
  const review = (): Considered => ({
    decision: { status: "IN_REVIEW", reason: "" },
    reasons: [...doubts, ...(policy.duplicates === "review" ? duplicates : [])],
  });
  if (decision.status === "IN_REVIEW" || (decision.status === "VERIFIED" && doubts.length > 0))
    return review();
  if (decision.status !== "REJECTED" || !isNearMiss(evidence, against, policy, doubt)) {
    return { decision, reasons: [] };
  }
  // The near miss waits with the person for the registry, which may yet settle it.
  const registry = evidence.dukcapil?.status ?? "PENDING";
  return registry === "PENDING" ? { decision: { status: "PROCESSING" }, reasons: [] } : review();
}

/** Whether all that speaks against the person speaks by so little that a person may see it otherwise. */
function isNearMiss(
  { type, liveness, faceMatch, dukcapil }: Evidence,
  against: readonly Reason[],
  policy: Policy,
  { face, registry }: DoubtBand,
): boolean {
  // Without networks that may decide there is nothing near about it.
  if (type === "FULL_KYC" && !liveness?.details.model_decides && !policy.baselineMayDecide) return false;
  return against.every((reason) => {
    if (reason === "face_match") {
      const score = faceMatch?.similarity_score ?? null;
      return score !== null && score >= (faceMatch?.threshold ?? 1) - face.below;
    }
    if (reason === "registry_particulars") return (dukcapil?.match_score ?? 0) >= registry.least;
    return reason.startsWith("duplicate_") && policy.duplicates !== "reject";
  });
}
