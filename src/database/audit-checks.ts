import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import type { AuditChain, ChainEntry } from "../security/audit-chain.ts";
import type { AuditTable, Schema } from "./schema.ts";

type Row = Selectable<AuditTable>;

/** The chain of checkpoints: one for all processes, written under a lock, seldom. */
const CHECKPOINTS = "00000000-0000-0000-0000-000000000000";
/** Any number that no other program on this database uses for an advisory lock. */
const CHECKPOINT_LOCK = 7_209_005;
/** Rows read at once. */
const PAGE = 5000;

/** How far a chain had come: the lane, the number and the hash of its last entry. */
export type Head = readonly [lane: string, seq: number, hash: string];

/** A checkpoint's place and hash. Kept outside of the database, it shows that later ones were cut off. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: Date;
}

/** Something in the log that is not as it was written. */
export interface AuditFault {
  readonly lane: string;
  readonly seq: number;
  readonly what: string;
}

export interface AuditReport {
  readonly entries: number;
  readonly lanes: number;
  readonly checkpoints: number;
  /** The last one; null where there is none yet. */
  readonly last: Checkpoint | null;
  readonly faults: readonly AuditFault[];
}

const entryOf = (row: Row): ChainEntry => ({
  lane: row.lane,
  seq: row.seq,
  at: row.at,
  actor: row.actor,
  action: row.action,
  user_ref: row.user_ref,
  verification_id: row.verification_id,
  trace_id: row.trace_id,
  detail: row.detail,
});

async function appendCheckpoint(
  transaction: Transaction<Schema>,
  chain: AuditChain,
  before: { readonly seq: number; readonly hash: string } | undefined,
  action: string,
  detail: object,
  at: Date,
): Promise<Checkpoint> {
  const entry: ChainEntry = {
    lane: CHECKPOINTS,
    seq: (before?.seq ?? 0) + 1,
    at,
    actor: "service",
    action,
    user_ref: null,
    verification_id: null,
    trace_id: null,
    detail: JSON.stringify(detail),
  };
  const hash = chain.link(before?.hash ?? CHECKPOINTS, entry);
  await transaction
    .insertInto("kyc_audit")
    .values({ ...entry, hash })
    .execute();
  return { seq: entry.seq, hash, at };
}

const lastCheckpoints = (db: Kysely<Schema>, action: string | null, limit: number) => {
  const query = db.selectFrom("kyc_audit").selectAll().where("lane", "=", CHECKPOINTS);
  return (action === null ? query : query.where("action", "=", action))
    .orderBy("seq", "desc")
    .limit(limit)
    .execute();
};

/**
 * Writes down how far every chain has come since the checkpoint before last. A transaction may become visible after a
 * checkpoint that counted past it; it ends within the time between two (statement time limits see to that), so the
 * next one has it. What is cut off the end of a chain after its checkpoint is missed by {@link verifyAudit}.
 * @returns the new checkpoint, or null where nothing has been written since the last
 */
export function checkpoint(db: Kysely<Schema>, chain: AuditChain, now: Date): Promise<Checkpoint | null> {
  return db.transaction().execute(async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(CHECKPOINT_LOCK)})`.execute(transaction);
    const [before] = await lastCheckpoints(transaction, null, 1);
    const [last, beforeLast] = await lastCheckpoints(transaction, "audit.checkpoint", 2);
    const reached = (row: Row | undefined) => (row ? (JSON.parse(row.detail) as { upTo: number }).upTo : 0);
    const { rows } = await sql<{ id: number; lane: string; seq: number; hash: string }>`
      SELECT DISTINCT ON (lane) id, lane, seq, hash FROM kyc_audit
      WHERE id > ${reached(beforeLast)} AND lane <> ${CHECKPOINTS}::uuid
      ORDER BY lane, seq DESC`.execute(transaction);
    const upTo = Math.max(reached(last), ...rows.map((row) => row.id));
    if (rows.length === 0 || upTo === reached(last)) return null;
    const heads = rows.map(({ lane, seq, hash }): Head => [lane, seq, hash]);
    return appendCheckpoint(transaction, chain, before, "audit.checkpoint", { upTo, heads }, now);
  });
}

/**
 * Removes entries older than `before`, from the beginning of each chain, and writes into the chain of checkpoints from
 * where each goes on. The end of every chain stays, so that it can be gone on with.
 * @returns how many
 */
export function purgeAudit(db: Kysely<Schema>, chain: AuditChain, before: Date, now: Date): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(CHECKPOINT_LOCK)})`.execute(transaction);
    const { rows } = await sql<{ lane: string; seq: number; hash: string }>`
      WITH old AS (
        SELECT lane, max(seq) AS seq FROM kyc_audit AS entry
        WHERE at < ${before} AND NOT EXISTS (
          SELECT FROM kyc_audit AS younger
          WHERE younger.lane = entry.lane AND younger.seq < entry.seq AND younger.at >= ${before})
        GROUP BY lane)
      SELECT kyc_audit.lane, kyc_audit.seq, kyc_audit.hash FROM old JOIN kyc_audit USING (lane, seq)`.execute(
      transaction,
    );
    const [last] = await lastCheckpoints(transaction, null, 1);
    // The last checkpoint is what the next one builds on.
    const heads = rows
      .filter(({ lane, seq }) => lane !== CHECKPOINTS || seq < (last?.seq ?? 0))
      .map(({ lane, seq, hash }): Head => [lane, seq, hash]);
    if (heads.length === 0) return 0;
    await sql`SELECT set_config('kyc.audit_retention', 'on', true)`.execute(transaction);
    let removed = 0n;
    for (const [lane, seq] of heads) {
      const { numDeletedRows } = await transaction
        .deleteFrom("kyc_audit")
        .where("lane", "=", lane)
        .where("seq", "<=", seq)
        .executeTakeFirst();
      removed += numDeletedRows;
    }
    const detail = { before: before.toISOString(), entries: Number(removed), heads };
    await appendCheckpoint(transaction, chain, last, "audit.purged", detail, now);
    return Number(removed);
  });
}

/**
 * Reads the whole log and checks every link: entries altered, removed, moved or put in are faults, and so is a chain
 * that ends before where a checkpoint saw it. Reads in pages, beside a running service.
 * @param expected  a checkpoint that was kept outside of the database
 */
export async function verifyAudit(
  db: Kysely<Schema>,
  chain: AuditChain,
  expected?: { readonly seq: number; readonly hash: string },
): Promise<AuditReport> {
  const faults: AuditFault[] = [];
  const fault = (lane: string, seq: number, what: string) => void faults.push({ lane, seq, what });
  /** Where chains begin after a purge, and how far checkpoints saw them come. */
  const purged = new Map<string, Head>();
  const seen = new Map<string, Head>();
  let entries = 0;
  let checkpoints = 0;
  let last: Checkpoint | null = null;
  let met = expected === undefined;

  // Checkpoints come first by their lane; what they say is needed for the others. A purge of this very chain stands
  // at its end, so it is read before.
  for (const row of await lastCheckpoints(db, "audit.purged", PAGE)) {
    for (const head of headsOf(row)) {
      if ((purged.get(head[0])?.[1] ?? 0) < head[1]) purged.set(head[0], head);
    }
  }

  let lane = "";
  let lanes = 0;
  let seq = 0;
  let hash = "";
  const endLane = () => {
    const head = seen.get(lane);
    if (head && head[1] > seq) fault(lane, head[1], `entries ${seq + 1} to ${head[1]} were cut off`);
    seen.delete(lane);
  };
  const beginLane = (next: string) => {
    lane = next;
    lanes += 1;
    [, seq, hash] = purged.get(next) ?? [next, 0, next];
  };
  for await (const row of everyEntry(db)) {
    if (row.lane !== lane) {
      if (lane !== "") endLane();
      beginLane(row.lane);
    }
    if (row.seq !== seq + 1) fault(lane, seq + 1, `entries ${seq + 1} to ${row.seq - 1} are missing`);
    else if (!chain.holds(hash, entryOf(row), row.hash)) fault(lane, row.seq, "the entry was altered");
    const head = seen.get(lane);
    if (head && head[1] === row.seq && head[2] !== row.hash)
      fault(lane, row.seq, "the chain was written anew");
    ({ seq, hash } = row);
    entries += 1;
    if (row.lane !== CHECKPOINTS) continue;
    checkpoints += 1;
    last = { seq, hash, at: row.at };
    if (expected?.seq === seq) {
      met = true;
      if (expected.hash !== hash) fault(lane, seq, "the checkpoint is not the one expected");
    }
    if (row.action === "audit.checkpoint") for (const one of headsOf(row)) seen.set(one[0], one);
  }
  if (lane !== "") endLane();
  for (const [gone, reached] of seen.values()) {
    if ((purged.get(gone)?.[1] ?? 0) < reached) fault(gone, reached, "the whole chain is missing");
  }
  if (!met && expected) fault(CHECKPOINTS, expected.seq, "the checkpoint expected is not there");
  return { entries, lanes, checkpoints, last, faults };
}

/** An altered entry is told of as such; what it says is then not gone by. */
function headsOf(row: Row): readonly Head[] {
  try {
    return (JSON.parse(row.detail) as { heads?: readonly Head[] }).heads ?? [];
  } catch {
    return [];
  }
}

async function* everyEntry(db: Kysely<Schema>): AsyncGenerator<Row> {
  let after: readonly [string, number] = [CHECKPOINTS, 0];
  for (;;) {
    const rows = await db
      .selectFrom("kyc_audit")
      .selectAll()
      .where(sql<boolean>`(lane, seq) > (${after[0]}::uuid, ${after[1]}::bigint)`)
      .orderBy("lane")
      .orderBy("seq")
      .limit(PAGE)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = [last.lane, last.seq];
  }
}

/** One entry as an auditor reads it. */
export interface AuditLine {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly verification_id: string | null;
  readonly trace_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * Entries about one user, oldest first.
 * @param after  the id of the last one already seen
 */
export async function auditOf(
  db: Kysely<Schema>,
  chain: AuditChain,
  userId: string,
  { after = 0, limit }: { after?: number; limit: number },
): Promise<AuditLine[]> {
  const rows = await db
    .selectFrom("kyc_audit")
    .select(["id", "at", "actor", "action", "verification_id", "trace_id", "detail"])
    .where("user_ref", "=", chain.pseudonym(userId))
    .where("id", ">", after)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) }));
}
