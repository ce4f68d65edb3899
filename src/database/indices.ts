import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/**
 * Indices that are built beside the running service: each is missing on no query that a migration needs, and on a
 * table of millions of rows would hold up whoever writes to it for as long as its making takes.
 */
const INDICES: Readonly<Record<string, string>> = {
  // A user's history, newest first, page by page.
  idx_kyc_history: "kyc_verifications(user_id, created_at DESC, verification_id DESC)",
  // Few rows wait for the registry at any time: the partial index stays small.
  idx_kyc_dukcapil_due: "kyc_verifications(dukcapil_due_at) WHERE dukcapil_due_at IS NOT NULL",
  // Of no rows but those that a sweep mends.
  idx_kyc_forgotten:
    "kyc_verifications(verification_id) WHERE status = 'PROCESSING' AND dukcapil_due_at IS NULL AND (liveness_result IS NOT NULL OR verification_type = 'BASIC_KYC')",
  idx_kyc_upload: "kyc_verifications(upload_id) WHERE upload_id IS NOT NULL",
  idx_kyc_nik: "kyc_verifications(nik_index) WHERE nik_index IS NOT NULL",
  // Faces that can be found, in the order in which they came.
  idx_kyc_face_number: "kyc_verifications(face_number) WHERE face_number IS NOT NULL",
  // The queue of those who review, by status, page by page.
  idx_kyc_queue: "kyc_verifications(status, created_at, verification_id)",
  idx_kyc_reasons: "kyc_verifications USING gin (reasons jsonb_path_ops)",
  // Statistics of a period are counted from the index alone.
  idx_kyc_statistics:
    "kyc_verifications(created_at) INCLUDE (status, completed_at, ocr_score, liveness_score, face_score, registry_score)",
  // What belongs to a user, to be erased.
  idx_kyc_outbox_user: "kyc_outbox(user_id, id)",
  idx_kyc_captures_user: "kyc_captures(user_id)",
  idx_kyc_idempotency_user: "kyc_idempotency(user_id)",
};

/** Any number that no other program on this database uses for an advisory lock. */
const LOCK = 7_209_001;
const WAIT_MILLISECONDS = 250;

/** @returns the names of indices that are there, and of those that a failed attempt left half built */
async function existing(db: Kysely<Schema>): Promise<Map<string, { readonly valid: boolean }>> {
  const { rows } = await sql<{ name: string; valid: boolean }>`
    SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE pg_table_is_visible(c.oid) AND c.relname = ANY(${Object.keys(INDICES)}::text[])`.execute(db);
  return new Map(rows.map(({ name, valid }) => [name, { valid }]));
}

/**
 * Builds what is missing. On a server without locking the table (CREATE INDEX CONCURRENTLY, outside of any
 * transaction), by one process at a time; an index that a killed process left half built is made anew.
 * @param db  a single connection: the lock is the session's
 */
export async function ensureIndices(db: Kysely<Schema>, kind: "embedded" | "server"): Promise<void> {
  const whole = async () => {
    const found = await existing(db);
    return Object.keys(INDICES).every((name) => found.get(name)?.valid);
  };
  if (await whole()) return;
  // Asked for again and again, not waited for: who waits inside a statement is waited for by CONCURRENTLY.
  for (;;) {
    const { rows } = await sql<{
      got: boolean;
    }>`SELECT pg_try_advisory_lock(${sql.lit(LOCK)}) AS got`.execute(db);
    if (rows[0]?.got) break;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS));
    if (await whole()) return;
  }
  try {
    const found = await existing(db);
    const how = sql.raw(kind === "server" ? "CONCURRENTLY" : "");
    for (const [name, columns] of Object.entries(INDICES)) {
      if (found.get(name)?.valid) continue;
      if (found.has(name)) await sql`DROP INDEX ${how} ${sql.ref(name)}`.execute(db);
      await sql`CREATE INDEX ${how} ${sql.ref(name)} ON ${sql.raw(columns)}`.execute(db);
    }
  } finally {
    await sql`SELECT pg_advisory_unlock(${sql.lit(LOCK)})`.execute(db);
  }
}
