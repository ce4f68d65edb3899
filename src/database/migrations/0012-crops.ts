import { type Kysely, sql } from "kysely";

/** Where the portrait and the signature that were cut out of the card are stored. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE kyc_verifications
      ADD COLUMN portrait_image_url VARCHAR(255),
      ADD COLUMN signature_image_url VARCHAR(255)`.execute(db);
}
