import { type Kysely, sql } from "kysely";

/** Keys that live with the data, sealed by the deployment's key-encryption keys. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE kyc_sealed_keys (name VARCHAR(50) PRIMARY KEY, sealed BYTEA NOT NULL)`.execute(db);
}
