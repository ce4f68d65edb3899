import type { Kysely, Transaction } from "kysely";
import type { Schema } from "./schema.ts";

/** Milliseconds after which a photograph that nothing came to refer to goes. */
const UNCLAIMED_AFTER = 60 * 60_000;

/** Photographs that are being written: named here before they are, so that none is forgotten by a process that dies. */
export interface ImageIntents {
  /** @throws where it cannot be written down: then the photograph must not be stored */
  intend(reference: string, now: Date): Promise<void>;
}

export const imageIntents = (db: Kysely<Schema>): ImageIntents => ({
  async intend(reference, now) {
    const due_at = new Date(now.getTime() + UNCLAIMED_AFTER);
    await db.insertInto("kyc_image_removals").values({ reference, due_at }).execute();
  },
});

/** In the transaction that refers to a photograph: it stays. */
export async function keepImages(
  transaction: Transaction<Schema>,
  references: readonly (string | null | undefined)[],
): Promise<void> {
  const kept = references.filter((reference) => typeof reference === "string");
  if (kept.length === 0) return;
  await transaction.deleteFrom("kyc_image_removals").where("reference", "in", kept).execute();
}

/** In the transaction that no longer refers to them. */
export async function dropImages(
  transaction: Transaction<Schema>,
  references: readonly string[],
  now: Date,
): Promise<void> {
  if (references.length === 0) return;
  await transaction
    .insertInto("kyc_image_removals")
    .values(references.map((reference) => ({ reference, due_at: now })))
    .onConflict((conflict) => conflict.column("reference").doUpdateSet({ due_at: now }))
    .execute();
}
