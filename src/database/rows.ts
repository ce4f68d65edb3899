import type { Selectable, Updateable } from "kysely";
import type { DukcapilResult } from "../dukcapil/dukcapil.ts";
import type { BlindIndex } from "../security/blind-index.ts";
import type { Sealer } from "../security/sealer.ts";
import type {
  Change,
  Duplicate,
  Review,
  Shown,
  Status,
  Summary,
  Verification,
  VerificationType,
} from "../verification/ports.ts";
import { StoredJson } from "../verification/stored-json.ts";
import {
  type FaceMatchResult,
  KTP_FIELDS,
  type KtpFieldFact,
  type KtpOcrResult,
  type LivenessResult,
} from "../vision/facts.ts";
import { embeddingFromBytes, embeddingToBytes } from "./embeddings.ts";
import { openFace, sealFace } from "./faces.ts";
import type { KycVerificationsTable } from "./schema.ts";
import { openBytes, openJson, openText, sealBytes, sealJson } from "./sealed-json.ts";

type Row = Selectable<KycVerificationsTable>;
export type SealedColumn = "ktp_ocr_result" | "dukcapil_result" | "portrait_embedding" | "note" | "reviews";

/** Names the column and the row, so that a value moved to another of either does not open. */
const contextOf = (column: SealedColumn, verificationId: string) =>
  `kyc_verifications.${column}:${verificationId}`;

/**
 * A reading of the replaced service lacks the members that came after it: fields are what it said, with the
 * confidence of the whole, which is all that is known; nothing was checked or measured.
 */
function completeReading(stored: Partial<KtpOcrResult>): KtpOcrResult {
  if (stored.fields) return stored as KtpOcrResult;
  const confidence = stored.confidence ?? 0;
  const values = Object.fromEntries(KTP_FIELDS.map((field) => [field, stored[field] ?? null]));
  const fields = Object.fromEntries(
    KTP_FIELDS.map((field): [string, KtpFieldFact] => [
      field,
      { value: stored[field] ?? null, raw: null, confidence, box: null, source: "ocr" },
    ]),
  );
  return { ...values, confidence, fields, checks: [], quality: {} } as unknown as KtpOcrResult;
}

/** @returns what stands in the column */
export const sealColumn = (
  sealer: Sealer,
  column: SealedColumn,
  verificationId: string,
  value: object,
): string => sealJson(sealer, value, contextOf(column, verificationId));

/** All columns of a {@link Shown}. */
export const SHOWN_COLUMNS = [
  "verification_id",
  "user_id",
  "verification_type",
  "status",
  "consent_version",
  "consent_at",
  "ktp_ocr_result",
  "liveness_result",
  "face_match_result",
  "dukcapil_result",
  "note",
  "duplicate_of",
  "rejection_reason",
  "created_at",
  "completed_at",
] as const satisfies readonly (keyof Row)[];

/** All columns of a {@link Summary}: faces are large, and sealed; who only shows a verification needs none. */
export const SUMMARY_COLUMNS = [
  ...SHOWN_COLUMNS,
  "ktp_image_url",
  "selfie_image_url",
  "portrait_image_url",
  "signature_image_url",
  "updated_at",
  "embedding_model",
  "selfie_model",
  "ktp_attempts",
  "selfie_attempts",
  "liveness_attempts",
  "dukcapil_tries",
  "dukcapil_due_at",
  "reasons",
  "review_since",
  "review_proposed_by",
  "reviews",
] as const satisfies readonly (keyof Row)[];

type ShownRow = Pick<Row, (typeof SHOWN_COLUMNS)[number]>;

/** What a {@link Summary} and a {@link Shown} have in common. @throws {SealBrokenError} */
function commonOf(row: ShownRow, sealer: Sealer): Omit<Shown, "ktp" | "dukcapil"> {
  const { consent_version: version, consent_at: at } = row;
  const note = openJson(sealer, row.note, contextOf("note", row.verification_id));
  return {
    verificationId: row.verification_id,
    userId: row.user_id,
    type: row.verification_type as VerificationType,
    status: row.status as Status,
    consent: version === null || at === null ? null : { version, at },
    liveness: row.liveness_result as LivenessResult | null,
    faceMatch: row.face_match_result as FaceMatchResult | null,
    note: (note as { readonly text: string } | null)?.text ?? null,
    duplicateOf: row.duplicate_of as readonly Duplicate[] | null,
    rejectionReason: row.rejection_reason,
    createdAt: row.created_at,
    completedAt: row.completed_at,
  };
}

/** @throws {SealBrokenError} */
export function summaryOf(row: Pick<Row, (typeof SUMMARY_COLUMNS)[number]>, sealer: Sealer): Summary {
  const opened = (column: "ktp_ocr_result" | "dukcapil_result" | "reviews") =>
    openJson(sealer, row[column], contextOf(column, row.verification_id));
  const reading = opened("ktp_ocr_result") as Partial<KtpOcrResult> | null;
  return {
    ...commonOf(row, sealer),
    ktpImage: row.ktp_image_url,
    selfieImage: row.selfie_image_url,
    portraitImage: row.portrait_image_url,
    signatureImage: row.signature_image_url,
    ktp: reading && completeReading(reading),
    dukcapil: opened("dukcapil_result") as DukcapilResult | null,
    embeddingModel: row.embedding_model,
    selfieModel: row.selfie_model,
    ktpAttempts: row.ktp_attempts,
    selfieAttempts: row.selfie_attempts,
    livenessAttempts: row.liveness_attempts,
    dukcapilTries: row.dukcapil_tries,
    dukcapilDueAt: row.dukcapil_due_at,
    reasons: row.reasons as readonly string[] | null,
    reviewSince: row.review_since,
    proposedBy: row.review_proposed_by,
    reviews: (opened("reviews") as { entries: readonly Review[] } | null)?.entries ?? [],
    updatedAt: row.updated_at,
  };
}

/** A member of a reading of today. Within a text of its JSON each quotation mark would stand behind a backslash. */
const COMPLETE = '"fields":';

/** @throws {SealBrokenError} */
export function shownOf(row: ShownRow, sealer: Sealer): Shown {
  const opened = (column: "ktp_ocr_result" | "dukcapil_result") =>
    openText(sealer, row[column], contextOf(column, row.verification_id));
  const reading = opened("ktp_ocr_result");
  const registry = opened("dukcapil_result");
  const complete = (text: string) =>
    text.includes(COMPLETE) ? text : JSON.stringify(completeReading(JSON.parse(text)));
  return {
    ...commonOf(row, sealer),
    ktp: reading === null ? null : new StoredJson(complete(reading)),
    dukcapil: registry === null ? null : new StoredJson(registry),
  };
}

/** @throws {SealBrokenError} */
export function verificationOf(row: Row, sealer: Sealer): Verification {
  const id = row.verification_id;
  return {
    ...summaryOf(row, sealer),
    portraitEmbedding:
      row.portrait_embedding === null
        ? null
        : embeddingFromBytes(openBytes(sealer, row.portrait_embedding, contextOf("portrait_embedding", id))),
    selfieEmbedding: row.selfie_embedding && openFace(sealer, row.selfie_embedding, id),
  };
}

/** The columns that a change writes; those of absent members are left out. */
export function columnsOf(
  change: Change,
  verificationId: string,
  sealer: Sealer,
  index: BlindIndex,
): Updateable<KycVerificationsTable> {
  const plain = (value: unknown) => (value === null ? null : JSON.stringify(value));
  const sealed = (column: SealedColumn, value: unknown) =>
    value === null ? null : sealJson(sealer, value, contextOf(column, verificationId));
  const given = <T, C>(value: T | undefined, column: (value: T) => C): C | undefined =>
    value === undefined ? undefined : column(value);

  // Kysely leaves out of an UPDATE what is undefined.
  return {
    status: change.status,
    ktp_image_url: change.ktpImage,
    selfie_image_url: change.selfieImage,
    portrait_image_url: change.portraitImage,
    signature_image_url: change.signatureImage,
    ktp_ocr_result: given(change.ktp, (value) => sealed("ktp_ocr_result", value)),
    liveness_result: given(change.liveness, plain),
    face_match_result: given(change.faceMatch, plain),
    dukcapil_result: given(change.dukcapil, (value) => sealed("dukcapil_result", value)),
    portrait_embedding: given(change.portraitEmbedding, (value) =>
      value === null
        ? null
        : sealBytes(sealer, embeddingToBytes(value), contextOf("portrait_embedding", verificationId)),
    ),
    embedding_model: change.embeddingModel,
    selfie_embedding: given(
      change.selfieEmbedding,
      (value) => value && sealFace(sealer, value, verificationId),
    ),
    selfie_model: change.selfieModel,
    duplicate_of: given(change.duplicateOf, plain),
    rejection_reason: change.rejectionReason,
    ktp_attempts: change.ktpAttempts,
    selfie_attempts: change.selfieAttempts,
    liveness_attempts: change.livenessAttempts,
    dukcapil_tries: change.dukcapilTries,
    dukcapil_due_at: change.dukcapilDueAt,
    completed_at: change.completedAt,
    reasons: given(change.reasons, plain),
    review_since: change.reviewSince,
    review_proposed_by: change.proposedBy,
    reviews: given(change.reviews, (entries) => sealed("reviews", { entries })),
    ocr_score: given(change.ktp, (value) => value?.confidence ?? null),
    liveness_score: given(change.liveness, (value) => value?.confidence ?? null),
    face_score: given(change.faceMatch, (value) => value?.similarity_score ?? null),
    registry_score: given(change.dukcapil, (value) => value?.match_score ?? null),
    nik_index: given(change.nik, (nik) => index.of(nik)),
  };
}
