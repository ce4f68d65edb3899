import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { KEY_BYTES } from "../security/keys.ts";
import { SealBrokenError, type Sealer } from "../security/sealer.ts";
import type { Schema } from "./schema.ts";

const BLIND_INDEX = "blind-index";

/**
 * The key of the blind index, made once for each database and kept in it, sealed. It must outlive every rotation of
 * the key-encryption keys, or NIKs indexed before would silently not be found any more; so it is data, not
 * configuration. It also tells at start whether the keys given are those of this database.
 *
 * @returns 32 bytes, the same in every process on this database
 * @throws {SealBrokenError} where the key-encryption keys are not those of this database
 */
export async function blindIndexKey(db: Kysely<Schema>, sealer: Sealer): Promise<Uint8Array> {
  const context = `kyc_sealed_keys.sealed:${BLIND_INDEX}`;
  const stored = () =>
    db.selectFrom("kyc_sealed_keys").select("sealed").where("name", "=", BLIND_INDEX).executeTakeFirst();
  if (!(await stored())) {
    await db
      .insertInto("kyc_sealed_keys")
      .values({ name: BLIND_INDEX, sealed: sealer.seal(randomBytes(KEY_BYTES), context) })
      // Two processes that start on an empty database: the first one's key is everybody's.
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  }
  const row = await stored();
  if (!row) throw new Error("The key of the blind index is neither there nor can it be stored.");
  try {
    return sealer.open(row.sealed, context);
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw new SealBrokenError(
      "The keys given are not those that this database was written with: none of them opens it.",
      { cause: error },
    );
  }
}
