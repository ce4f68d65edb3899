import { randomUUID } from "node:crypto";
import { type Insertable, type Kysely, sql, type Transaction } from "kysely";
import type { AuditChain, ChainEntry } from "../security/audit-chain.ts";
import type { Actor, AuditEntry, AuditTrail } from "../verification/ports.ts";
import type { AuditTable, Schema } from "./schema.ts";

/** A row of the log, ready to be inserted with what it tells of. */
export type AuditRow = Insertable<AuditTable>;

/** The audit log of one process. */
export interface Audit extends AuditTrail {
  /**
   * Runs a transaction whose entries are written with it or not at all.
   * @param work  is handed the transaction, and how to write an entry into it
   */
  transact<T>(
    work: (transaction: Transaction<Schema>, tell: (entry: AuditEntry) => Promise<void>) => Promise<T>,
  ): Promise<T>;
  /** Runs a single statement that inserts the row handed to it beside its own work. */
  alongside<T>(
    entry: AuditEntry,
    statement: (connection: Kysely<Schema>, row: AuditRow) => Promise<T>,
  ): Promise<T>;
}

/** One chain of entries. It has one writer at a time, so nobody waits for a lock in the database. */
interface Lane {
  readonly id: string;
  seq: number;
  hash: string;
}

/** Entries written by one statement at most: many reads at once share a round trip. */
const BATCH = 200;
/** Statements under way at once: what comes while one waits for the disk need not wait for it too. */
const WRITERS = 2;
/** A chain is left for a new one after so many entries, so that each can be checked in one go. */
const LANE_LENGTH = 1_000_000;

/** Who acted, as the log names them: staff and services by their subject, users by a pseudonym. */
export function actorName({ subject, scopes }: Actor, chain: AuditChain): string {
  if (scopes.has("service")) return "service";
  if (scopes.has("kyc:service")) return `platform:${subject}`;
  if (scopes.has("kyc:review")) return `reviewer:${subject}`;
  return `user:${chain.pseudonym(subject)}`;
}

/**
 * The audit log. One chain for all writers would make every transaction wait for the one before to be on the disk; so
 * each process writes chains of its own, as many as it has transactions open at once, and holds their ends in memory.
 * {@link checkpoint} (audit-checks.ts) binds the chains together.
 *
 * @param trace  the W3C trace context of whatever runs now, if any
 */
export function audit({
  db,
  chain,
  trace = () => null,
}: {
  db: Kysely<Schema>;
  chain: AuditChain;
  trace?: () => string | null;
}): Audit {
  const free: Lane[] = [];
  const waiting: { readonly row: Unlinked; readonly settled: PromiseWithResolvers<void> }[] = [];
  let writers = 0;

  const take = (): Lane => {
    const lane = free.pop();
    if (lane && lane.seq < LANE_LENGTH) return lane;
    const id = randomUUID();
    return { id, seq: 0, hash: id };
  };
  const linked = (lane: Lane, row: Unlinked): AuditRow & { hash: string } => {
    const entry: ChainEntry = { ...row, lane: lane.id, seq: lane.seq + 1 };
    return { ...entry, hash: chain.link(lane.hash, entry) };
  };
  const advance = (lane: Lane, { hash }: { readonly hash: string }) => {
    lane.seq += 1;
    lane.hash = hash;
  };

  const unlinked = (entry: AuditEntry): Unlinked => ({
    at: entry.at,
    actor: actorName(entry.by, chain),
    action: entry.action,
    user_ref: entry.userId === null ? null : chain.pseudonym(entry.userId),
    verification_id: entry.verificationId,
    trace_id: trace()?.split("-")[1] ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
  });

  /** Writes what waits, and what comes meanwhile, one statement after the other. */
  const write = async () => {
    writers++;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      const lane = take();
      const rows = batch.map(({ row }) => {
        const made = linked(lane, row);
        advance(lane, made);
        return made;
      });
      try {
        await insert(db, rows);
        free.push(lane);
        for (const { settled } of batch) settled.resolve();
      } catch (error) {
        // Whether it was written is not known: the lane ends here, and nobody builds on it.
        for (const { settled } of batch) settled.reject(error);
      }
    }
    writers--;
  };

  return {
    record(entry) {
      const settled = Promise.withResolvers<void>();
      waiting.push({ row: unlinked(entry), settled });
      if (writers < WRITERS) void write();
      return settled.promise;
    },

    async transact(work) {
      // Taken by whoever has a connection: there are never more lanes than those.
      let lane: Lane | undefined;
      let before: Lane | undefined;
      let worked = false;
      try {
        const result = await db.transaction().execute(async (transaction) => {
          const made = await work(transaction, async (entry) => {
            lane ??= take();
            before ??= { ...lane };
            const row = linked(lane, unlinked(entry));
            await insert(transaction, [row]);
            advance(lane, row);
          });
          worked = true;
          return made;
        });
        if (lane) free.push(lane);
        return result;
      } catch (error) {
        // Rolled back for certain: the chain goes on from where it was. A commit whose answer was lost may have come
        // through: then the lane ends there.
        if (before && !worked) free.push(before);
        throw error;
      }
    },

    alongside: (entry, statement) =>
      db.connection().execute(async (connection) => {
        const lane = take();
        const row = linked(lane, unlinked(entry));
        // Where it fails the lane ends: whether the row was written is not known.
        const result = await statement(connection, row);
        advance(lane, row);
        free.push(lane);
        return result;
      }),
  };
}

/** An entry that has no place in a chain yet. */
type Unlinked = Omit<ChainEntry, "lane" | "seq">;

/** One statement of one text, however many rows it brings. */
async function insert(db: Kysely<Schema>, rows: readonly AuditRow[]): Promise<void> {
  await sql`
    INSERT INTO kyc_audit (lane, seq, at, actor, action, user_ref, verification_id, trace_id, detail, hash)
    SELECT lane, seq, at, actor, action, user_ref, verification_id, trace_id, detail, hash
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS entry(
      lane UUID, seq BIGINT, at TIMESTAMP, actor TEXT, action TEXT, user_ref TEXT, verification_id TEXT,
      trace_id TEXT, detail TEXT, hash TEXT)
    ORDER BY seq`.execute(db);
}
