import type { ColumnType, Generated } from "kysely";

/** A TIMESTAMP without zone, always UTC. */
type Timestamp = ColumnType<Date, Date, Date>;
type TimestampOrNull = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** JSONB: written as JSON text, since `pg` would take an array for one of PostgreSQL's; read as what it says. */
type Json = ColumnType<unknown, string | null | undefined, string | null>;

/** Where a verification refers to its photographs. */
export const IMAGES = [
  "ktp_image_url",
  "selfie_image_url",
  "portrait_image_url",
  "signature_image_url",
] as const;

/** The table of the service that this one replaces, and what was added to it. */
export interface KycVerificationsTable {
  verification_id: string;
  user_id: string;
  verification_type: string;
  status: string;
  ktp_image_url: Nullable<string>;
  selfie_image_url: Nullable<string>;
  /** Cut out of the card. */
  portrait_image_url: Nullable<string>;
  signature_image_url: Nullable<string>;
  /** Sealed: `{ "sealed": base64 }`; plain in rows of the replaced service. */
  ktp_ocr_result: Json;
  liveness_result: Json;
  face_match_result: Json;
  /** Sealed like `ktp_ocr_result`. */
  dukcapil_result: Json;
  rejection_reason: Nullable<string>;
  created_at: Timestamp;
  updated_at: Timestamp;
  completed_at: TimestampOrNull;
  /** HMAC of the NIK (security/blind-index.ts). */
  nik_index: Nullable<string>;
  /** Sealed: little-endian float32. */
  portrait_embedding: Json;
  embedding_model: Nullable<string>;
  /** Sealed: see faces.ts. */
  selfie_embedding: Nullable<Uint8Array>;
  selfie_model: Nullable<string>;
  /** From VERIFIED on, where there is a face: in the order in which they can be found. */
  face_number: Nullable<number>;
  /** An array of `Duplicate`; null where none was looked for. */
  duplicate_of: Json;
  ktp_attempts: Generated<number>;
  selfie_attempts: Generated<number>;
  liveness_attempts: Generated<number>;
  dukcapil_tries: Generated<number>;
  dukcapil_due_at: TimestampOrNull;
  claim_token: Nullable<string>;
  claim_expires_at: TimestampOrNull;
  /** The upload that it waits for; nobody else's work may claim it until that is settled. */
  upload_id: Nullable<string>;
  consent_version: Nullable<string>;
  consent_at: TimestampOrNull;
  /** An array of codes. */
  reasons: Json;
  review_since: TimestampOrNull;
  review_proposed_by: Nullable<string>;
  /** Sealed: an array of `Review` under `entries`. */
  reviews: Json;
  /** Copies of numbers within the results, for statistics: `ktp_ocr_result` and `dukcapil_result` are sealed. */
  ocr_score: Nullable<number>;
  liveness_score: Nullable<number>;
  face_score: Nullable<number>;
  registry_score: Nullable<number>;
  /** Sealed like `ktp_ocr_result`: `{ "text": … }`. */
  note: Json;
}

/** Events waiting to be told, and those told. */
export interface OutboxTable {
  id: Generated<number>;
  /** The CloudEvents id: consumers that must not act twice look at it. */
  event_id: string;
  kind: string;
  type: string;
  source: string;
  user_id: string;
  /** The JSON value, sealed. */
  payload: Uint8Array;
  traceparent: Nullable<string>;
  created_at: Timestamp;
  sent_at: TimestampOrNull;
  /** Its user was erased: it goes as soon as it is sent. */
  erase_when_sent: Generated<boolean>;
  attempts: Generated<number>;
}

/** Events owed to webhook endpoints, and those that were given up. */
export interface WebhookDeliveriesTable {
  outbox_id: number;
  endpoint: string;
  /** Whose event it is: they are sent in order. */
  user_id: string;
  /** When its schedule began. */
  since: Timestamp;
  due_at: Timestamp;
  attempts: Generated<number>;
  /** Of the process that sends it just now, until `due_at`. */
  token: Nullable<string>;
  /** An HTTP status or a network error's code. */
  last_error: Nullable<string>;
  dead_at: TimestampOrNull;
}

/** Endpoints that answered 410. */
export interface WebhookEndpointsTable {
  name: string;
  disabled_at: Timestamp;
}

/** Answers kept for requests that come again under the same Idempotency-Key. */
export interface IdempotencyTable {
  /** SHA-256 of scope and key, so that a key of any length and content fits. */
  id: string;
  body_hash: string;
  token: string;
  lease_expires_at: Timestamp;
  /** Status, headers and body, sealed; null while the request is being worked on. */
  response: Nullable<Uint8Array>;
  created_at: Timestamp;
  /** For whom it was asked; null where a version before this column kept it. */
  user_id: Nullable<string>;
}

/** Keys that belong to the data themselves, sealed by the deployment's key-encryption keys. */
export interface SealedKeysTable {
  name: string;
  sealed: Uint8Array;
}

/** Who did and saw what: append-only, in chains (security/audit-chain.ts). */
export interface AuditTable {
  id: Generated<number>;
  lane: string;
  seq: number;
  at: Timestamp;
  actor: string;
  action: string;
  user_ref: Nullable<string>;
  verification_id: Nullable<string>;
  trace_id: Nullable<string>;
  detail: string;
  hash: string;
}

/** Links to the capture page, and the sessions that they were exchanged for. */
export interface CapturesTable {
  /** SHA-256 of the link's code. */
  code_hash: string;
  /** SHA-256 of the session's token; null while the link has not been opened. */
  session_hash: Nullable<string>;
  verification_id: string;
  user_id: string;
  success_url: Nullable<string>;
  cancel_url: Nullable<string>;
  expires_at: Timestamp;
}

/** When accounts were closed. */
export interface ClosedAccountsTable {
  user_id: string;
  closed_at: Timestamp;
}

/** Photographs that nothing refers to: being written, or to be removed. */
export interface ImageRemovalsTable {
  reference: string;
  due_at: Timestamp;
  tries: Generated<number>;
}

/** Who does what only one process may do at a time. */
export interface LeasesTable {
  name: string;
  holder: string;
  expires_at: Timestamp;
}

/** What people were asked to do before the camera, and what was seen of it. */
export interface LivenessChallengesTable {
  challenge_id: string;
  verification_id: string;
  nonce: string;
  /** An array of `Action`. */
  actions: ColumnType<unknown, string, string>;
  issued_at: Timestamp;
  expires_at: Timestamp;
  used_at: TimestampOrNull;
  passed: Nullable<boolean>;
  /** A `ChallengeVerdict`: numbers, no picture and no face. */
  verdict: Json;
  /** An array of references, or nulls, for each action. */
  frames: Json;
}

/** Uploads that are judged after they were answered. */
export interface UploadsTable {
  upload_id: string;
  verification_id: string;
  user_id: string;
  step: string;
  /** Of the photograph while it waits; null for a selfie that is the best frame of a challenge, and in the end. */
  image_url: Nullable<string>;
  with_crops: boolean;
  /** Who sent it. */
  subject: string;
  /** An array of text. */
  scopes: ColumnType<unknown, string, string>;
  /** How often its photograph was begun to be looked at. */
  tries: Generated<number>;
  begun_at: TimestampOrNull;
  /** When what came of it was written to its verification. */
  settled_at: TimestampOrNull;
  finished_at: TimestampOrNull;
  /** Sealed. */
  answer: Nullable<Uint8Array>;
  created_at: Timestamp;
}

export interface Schema {
  kyc_uploads: UploadsTable;
  kyc_leases: LeasesTable;
  kyc_closed_accounts: ClosedAccountsTable;
  kyc_image_removals: ImageRemovalsTable;
  kyc_liveness_challenges: LivenessChallengesTable;
  kyc_captures: CapturesTable;
  kyc_verifications: KycVerificationsTable;
  kyc_outbox: OutboxTable;
  kyc_webhook_deliveries: WebhookDeliveriesTable;
  kyc_webhook_endpoints: WebhookEndpointsTable;
  kyc_idempotency: IdempotencyTable;
  kyc_sealed_keys: SealedKeysTable;
  kyc_audit: AuditTable;
}
