import { type Kysely, sql } from "kysely";

/** What the user agreed to, and when: recorded at the start of a verification. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE kyc_verifications
      ADD COLUMN IF NOT EXISTS consent_version VARCHAR(64),
      ADD COLUMN IF NOT EXISTS consent_at TIMESTAMP`.execute(db);
}
