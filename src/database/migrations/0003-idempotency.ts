import { type Kysely, sql } from "kysely";

/** Answers kept for requests that come again under the same Idempotency-Key. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_idempotency (
      id VARCHAR(43) PRIMARY KEY,
      body_hash VARCHAR(255) NOT NULL,
      token VARCHAR(36) NOT NULL,
      lease_expires_at TIMESTAMP NOT NULL,
      response BYTEA,
      created_at TIMESTAMP NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX idx_kyc_idempotency_created_at ON kyc_idempotency(created_at)`.execute(db);
  await sql`CREATE INDEX idx_kyc_idempotency_token ON kyc_idempotency(token)`.execute(db);
}
