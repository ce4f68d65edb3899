import { type Kysely, type Migration, Migrator } from "kysely";
import * as verifications from "./migrations/0001-verifications.ts";
import * as outbox from "./migrations/0002-outbox.ts";
import * as idempotency from "./migrations/0003-idempotency.ts";
import * as sealedKeys from "./migrations/0004-sealed-keys.ts";
import * as audit from "./migrations/0005-audit.ts";
import * as consent from "./migrations/0006-consent.ts";
import * as captures from "./migrations/0007-captures.ts";
import * as faces from "./migrations/0008-faces.ts";
import type { Schema } from "./schema.ts";

/** In the order of their names. A migration that has been released is never changed; another is added. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-verifications": verifications,
  "0002-outbox": outbox,
  "0003-idempotency": idempotency,
  "0004-sealed-keys": sealedKeys,
  "0005-audit": audit,
  "0006-consent": consent,
  "0007-captures": captures,
  "0008-faces": faces,
};

/** Tables of the service's own name: the database may be shared with other programs that use Kysely. */
const TABLES = { migrationTableName: "kyc_migrations", migrationLockTableName: "kyc_migrations_lock" };

/**
 * Brings the tables to what this code expects, in one transaction. Several processes may do so at once: the first
 * works under an advisory lock, the others wait and find it done.
 * @throws what the database said
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS }, ...TABLES });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
