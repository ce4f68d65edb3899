import { type Kysely, sql } from "kysely";

/** Links to the capture page. They live for an hour or so; what a person did stands with the verification. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_captures (
      code_hash VARCHAR(43) PRIMARY KEY,
      session_hash VARCHAR(43) UNIQUE,
      verification_id VARCHAR(36) NOT NULL,
      user_id VARCHAR(36) NOT NULL,
      success_url TEXT,
      cancel_url TEXT,
      expires_at TIMESTAMP NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX idx_kyc_captures_expires_at ON kyc_captures(expires_at)`.execute(db);
}
