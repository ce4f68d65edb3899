import { type Kysely, sql } from "kysely";

/**
 * When accounts were closed, which is what retention counts from; photographs that no row refers to any more, or none
 * yet; events that are to go as soon as they are sent, because their user was erased.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_closed_accounts (user_id VARCHAR(36) PRIMARY KEY, closed_at TIMESTAMP NOT NULL)`.execute(
    db,
  );
  await sql`CREATE INDEX idx_kyc_closed_accounts_at ON kyc_closed_accounts(closed_at)`.execute(db);
  await sql`
    CREATE TABLE kyc_image_removals (
      reference VARCHAR(255) PRIMARY KEY,
      due_at TIMESTAMP NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0
    )`.execute(db);
  await sql`CREATE INDEX idx_kyc_image_removals_due ON kyc_image_removals(due_at)`.execute(db);
  await sql`ALTER TABLE kyc_outbox ADD COLUMN erase_when_sent BOOLEAN NOT NULL DEFAULT false`.execute(db);
  await sql`CREATE INDEX idx_kyc_outbox_erase ON kyc_outbox(id) WHERE erase_when_sent`.execute(db);
}
