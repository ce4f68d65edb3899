import { type Kysely, sql } from "kysely";

/**
 * What persons say of a verification, why it waits for them, and the numbers that statistics are made of: rows from
 * before have none, and are counted without.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE kyc_verifications
      ADD COLUMN reasons JSONB,
      ADD COLUMN review_since TIMESTAMP,
      ADD COLUMN review_proposed_by VARCHAR(255),
      ADD COLUMN reviews JSONB,
      ADD COLUMN ocr_score REAL,
      ADD COLUMN liveness_score REAL,
      ADD COLUMN face_score REAL,
      ADD COLUMN registry_score REAL`.execute(db);
}
