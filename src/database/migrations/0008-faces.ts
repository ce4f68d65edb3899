import { type Kysely, sql } from "kysely";

/**
 * Faces to be found again under another user: the selfie's embedding, sealed, and from VERIFIED on a number that tells
 * other processes what they have not seen yet; and what was found.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE kyc_verifications
      ADD COLUMN selfie_embedding BYTEA,
      ADD COLUMN selfie_model VARCHAR(50),
      ADD COLUMN face_number BIGINT,
      ADD COLUMN duplicate_of JSONB`.execute(db);
  await sql`CREATE SEQUENCE kyc_face_numbers OWNED BY kyc_verifications.face_number`.execute(db);
}
