import { setTimeout as pause } from "node:timers/promises";
import { type Kysely, type Migration, Migrator, sql } from "kysely";
import { ensureIndices } from "./indices.ts";
import * as verifications from "./migrations/0001-verifications.ts";
import * as outbox from "./migrations/0002-outbox.ts";
import * as idempotency from "./migrations/0003-idempotency.ts";
import * as sealedKeys from "./migrations/0004-sealed-keys.ts";
import * as audit from "./migrations/0005-audit.ts";
import * as consent from "./migrations/0006-consent.ts";
import * as captures from "./migrations/0007-captures.ts";
import * as faces from "./migrations/0008-faces.ts";
import * as retention from "./migrations/0009-retention.ts";
import * as leases from "./migrations/0010-leases.ts";
import * as liveness from "./migrations/0011-liveness.ts";
import * as crops from "./migrations/0012-crops.ts";
import * as note from "./migrations/0013-note.ts";
import * as review from "./migrations/0014-review.ts";
import * as webhooks from "./migrations/0015-webhooks.ts";
import * as challengeFrames from "./migrations/0016-challenge-frames.ts";
import * as uploads from "./migrations/0017-uploads.ts";
import * as answersOfUsers from "./migrations/0018-answers-of-users.ts";
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
  "0009-retention": retention,
  "0010-leases": leases,
  "0011-liveness": liveness,
  "0012-crops": crops,
  "0013-note": note,
  "0014-review": review,
  "0015-webhooks": webhooks,
  "0016-challenge-frames": challengeFrames,
  "0017-uploads": uploads,
  "0018-answers-of-users": answersOfUsers,
};

/** Tables of the service's own name: the database may be shared with other programs that use Kysely. */
const TABLES = { migrationTableName: "kyc_migrations", migrationLockTableName: "kyc_migrations_lock" };

/**
 * A change of a table waits for whoever uses it, and everybody else waits behind the change: so it waits this long at
 * most, lets them pass, and tries again.
 */
const LOCK_TIMEOUT = "2s";
const LOCK_TRIES = 30;
const LOCK_PAUSE_MILLISECONDS = 1_000;
/** lock_not_available, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Brings the tables to what this code expects, in one transaction, then builds the indices. Several processes may do
 * so at once: the first works under an advisory lock, the others wait and find it done. A database that a later
 * version has already been at is taken as it is, since migrations only add: processes of two versions may run, and be
 * started, side by side while a new one is rolled out or back.
 *
 * @param db  a single connection of its own, without time limits
 * @throws what the database said
 */
export async function migrate(db: Kysely<Schema>, kind: "embedded" | "server"): Promise<void> {
  await sql`SELECT set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`.execute(db);
  for (let tries = 1; ; tries++) {
    // Asked before: the migrator holds the one connection while it asks its provider.
    const all = { ...(await ofLaterVersions(db)), ...MIGRATIONS };
    const migrator = new Migrator({ db, provider: { getMigrations: async () => all }, ...TABLES });
    const { error } = await migrator.migrateToLatest();
    if (!error) break;
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || tries === LOCK_TRIES) throw error;
    await pause(LOCK_PAUSE_MILLISECONDS);
  }
  await ensureIndices(db, kind);
  await sql`SELECT set_config('lock_timeout', '0', false)`.execute(db);
}

/** Migrations that were run and are not known here, so that the migrator does not miss them. */
async function ofLaterVersions(db: Kysely<Schema>): Promise<Record<string, Migration>> {
  const { rows: there } = await sql<{ there: boolean }>`
    SELECT to_regclass(${TABLES.migrationTableName}) IS NOT NULL AS there`.execute(db);
  if (!there[0]?.there) return {};
  const { rows } = await sql<{
    name: string;
  }>`SELECT name FROM ${sql.table(TABLES.migrationTableName)}`.execute(db);
  const done: Migration = { up: async () => undefined };
  return Object.fromEntries(rows.map(({ name }) => [name, done]));
}
