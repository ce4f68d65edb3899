import { type Kysely, sql } from "kysely";

/** What the person said of the reading on the capture page, sealed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE kyc_verifications ADD COLUMN note JSONB`.execute(db);
}
