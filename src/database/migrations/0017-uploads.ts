import { type Kysely, sql } from "kysely";

/** Uploads that are judged after they were answered, and which of them a verification waits for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_uploads (
      upload_id VARCHAR(36) PRIMARY KEY,
      verification_id VARCHAR(36) NOT NULL,
      user_id VARCHAR(36) NOT NULL,
      step VARCHAR(10) NOT NULL,
      image_url VARCHAR(255),
      with_crops BOOLEAN NOT NULL,
      subject TEXT NOT NULL,
      scopes JSONB NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0,
      begun_at TIMESTAMP,
      settled_at TIMESTAMP,
      finished_at TIMESTAMP,
      answer BYTEA,
      created_at TIMESTAMP NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX idx_kyc_uploads_user ON kyc_uploads(user_id)`.execute(db);
  await sql`CREATE INDEX idx_kyc_uploads_finished ON kyc_uploads(finished_at) WHERE finished_at IS NOT NULL`.execute(
    db,
  );
  await sql`CREATE INDEX idx_kyc_uploads_waiting ON kyc_uploads(created_at) WHERE finished_at IS NULL`.execute(
    db,
  );
  await sql`ALTER TABLE kyc_verifications ADD COLUMN upload_id VARCHAR(36)`.execute(db);
}
