import { type Kysely, sql } from "kysely";

/** Events in the order in which they happened, kept until they are told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_outbox (
      id BIGSERIAL PRIMARY KEY,
      event_id VARCHAR(36) NOT NULL UNIQUE,
      kind VARCHAR(50) NOT NULL,
      type VARCHAR(255) NOT NULL,
      source VARCHAR(255) NOT NULL,
      user_id VARCHAR(36) NOT NULL,
      payload BYTEA NOT NULL,
      traceparent VARCHAR(55),
      created_at TIMESTAMP NOT NULL,
      sent_at TIMESTAMP,
      attempts INTEGER NOT NULL DEFAULT 0
    )`.execute(db);
  // The relay looks for what is not sent yet: among millions of sent rows this index holds only those.
  await sql`CREATE INDEX idx_kyc_outbox_pending ON kyc_outbox(id) WHERE sent_at IS NULL`.execute(db);
}
