import { type Kysely, sql } from "kysely";

/** Who does what only one process may do at a time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_leases (
      name VARCHAR(50) PRIMARY KEY,
      holder VARCHAR(36) NOT NULL,
      expires_at TIMESTAMP NOT NULL
    )`.execute(db);
}
