import { type Kysely, sql } from "kysely";

/**
 * The table of the service that this one replaces, as it was, and beside it what this service needs. Where the table
 * is there with its rows, it is adopted: everything is added only where it is missing, and what is added has a
 * default or may be null, so that the replaced service can go on inserting while traffic moves over. Indices of our
 * own are built beside it (indices.ts).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE IF NOT EXISTS kyc_verifications (
      verification_id VARCHAR(36) PRIMARY KEY,
      user_id VARCHAR(36) NOT NULL,
      verification_type VARCHAR(50) NOT NULL,
      status VARCHAR(50) NOT NULL,
      ktp_image_url VARCHAR(255),
      selfie_image_url VARCHAR(255),
      ktp_ocr_result JSONB,
      liveness_result JSONB,
      face_match_result JSONB,
      dukcapil_result JSONB,
      rejection_reason TEXT,
      created_at TIMESTAMP NOT NULL,
      updated_at TIMESTAMP NOT NULL,
      completed_at TIMESTAMP
    )`.execute(db);
  await sql`CREATE INDEX IF NOT EXISTS idx_kyc_user_id ON kyc_verifications(user_id)`.execute(db);
  await sql`CREATE INDEX IF NOT EXISTS idx_kyc_status ON kyc_verifications(status)`.execute(db);

  await sql`
    ALTER TABLE kyc_verifications
      ADD COLUMN IF NOT EXISTS nik_index VARCHAR(43),
      ADD COLUMN IF NOT EXISTS portrait_embedding JSONB,
      ADD COLUMN IF NOT EXISTS embedding_model VARCHAR(50),
      ADD COLUMN IF NOT EXISTS ktp_attempts INTEGER NOT NULL DEFAULT 0,
      ADD COLUMN IF NOT EXISTS selfie_attempts INTEGER NOT NULL DEFAULT 0,
      ADD COLUMN IF NOT EXISTS dukcapil_tries INTEGER NOT NULL DEFAULT 0,
      ADD COLUMN IF NOT EXISTS dukcapil_due_at TIMESTAMP,
      ADD COLUMN IF NOT EXISTS claim_token VARCHAR(36),
      ADD COLUMN IF NOT EXISTS claim_expires_at TIMESTAMP`.execute(db);
}
