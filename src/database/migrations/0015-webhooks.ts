import { type Kysely, sql } from "kysely";

/** Events owed to webhook endpoints, and those given up; endpoints that asked for no more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_webhook_deliveries (
      outbox_id BIGINT NOT NULL REFERENCES kyc_outbox(id) ON DELETE CASCADE,
      endpoint VARCHAR(50) NOT NULL,
      user_id VARCHAR(36) NOT NULL,
      since TIMESTAMP NOT NULL,
      due_at TIMESTAMP NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      token VARCHAR(36),
      last_error VARCHAR(200),
      dead_at TIMESTAMP,
      PRIMARY KEY (outbox_id, endpoint)
    )`.execute(db);
  await sql`CREATE INDEX idx_kyc_webhooks_due ON kyc_webhook_deliveries(endpoint, due_at) WHERE dead_at IS NULL`.execute(
    db,
  );
  await sql`CREATE INDEX idx_kyc_webhooks_user ON kyc_webhook_deliveries(user_id, endpoint, outbox_id)`.execute(
    db,
  );
  await sql`
    CREATE TABLE kyc_webhook_endpoints (
      name VARCHAR(50) PRIMARY KEY,
      disabled_at TIMESTAMP NOT NULL
    )`.execute(db);
}
