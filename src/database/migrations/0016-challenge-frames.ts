import { type Kysely, sql } from "kysely";

/** Where the frames of a challenge are stored that show its actions at their farthest. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE kyc_liveness_challenges ADD COLUMN frames JSONB`.execute(db);
}
