import { type Kysely, sql } from "kysely";

/** Whose data a kept answer holds, so that it goes with them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE kyc_idempotency ADD COLUMN user_id TEXT`.execute(db);
}
