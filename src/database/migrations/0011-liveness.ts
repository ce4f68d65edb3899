import { type Kysely, sql } from "kysely";

/** Challenges before the camera: what was asked for, and what was seen. Frames and faces are not kept here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_liveness_challenges (
      challenge_id VARCHAR(36) PRIMARY KEY,
      verification_id VARCHAR(36) NOT NULL,
      nonce VARCHAR(43) NOT NULL,
      actions JSONB NOT NULL,
      issued_at TIMESTAMP NOT NULL,
      expires_at TIMESTAMP NOT NULL,
      used_at TIMESTAMP,
      passed BOOLEAN,
      verdict JSONB
    )`.execute(db);
  await sql`
    CREATE INDEX idx_kyc_liveness_challenges_verification
      ON kyc_liveness_challenges(verification_id, issued_at)`.execute(db);
  await sql`
    ALTER TABLE kyc_verifications ADD COLUMN liveness_attempts INTEGER NOT NULL DEFAULT 0`.execute(db);
}
