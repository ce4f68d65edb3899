import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { KEY_BYTES } from "../security/keys.ts";
import { SealBrokenError, type Sealer } from "../security/sealer.ts";
import type { Schema } from "./schema.ts";

/**
 * The key of the blind index, made once for each database and kept in it, sealed. It must outlive every rotation of
 * the key-encryption keys, or NIKs indexed before would silently not be found any more; so it is data, not
 * configuration. It also tells at start whether the keys given are those of this database.
 *
 * @returns 32 bytes, the same in every process on this database
 * @throws {SealBrokenError} where the key-encryption keys are not those of this database
 */
export const blindIndexKey = (db: Kysely<Schema>, sealer: Sealer): Promise<Uint8Array> =>
  sealedKey(db, sealer, "blind-index");

/**
 * The key that links the entries of the audit log; as long-lived as the log, for the same reasons.
 * @returns 32 bytes, the same in every process on this database
 * @throws {SealBrokenError} where the key-encryption keys are not those of this database
 */
export const auditKey = (db: Kysely<Schema>, sealer: Sealer): Promise<Uint8Array> =>
  sealedKey(db, sealer, "audit");

/** Where and of what a sealed key is, for whoever seals it anew. */
const sealedKeyContext = (name: string): string => `kyc_sealed_keys.sealed:${name}`;

async function sealedKey(db: Kysely<Schema>, sealer: Sealer, name: string): Promise<Uint8Array> {
  const context = sealedKeyContext(name);
  const stored = () =>
    db.selectFrom("kyc_sealed_keys").select("sealed").where("name", "=", name).executeTakeFirst();
  if (!(await stored())) {
    await db
      .insertInto("kyc_sealed_keys")
      .values({ name, sealed: sealer.seal(randomBytes(KEY_BYTES), context) })
      // Two processes that start on an empty database: the first one's key is everybody's.
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  }
  const row = await stored();
  if (!row) throw new Error(`The key "${name}" is neither there nor can it be stored.`);
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
