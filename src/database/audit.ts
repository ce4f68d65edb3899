import { randomUUID } from "node:crypto";
import { type Insertable, type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { AuditChain, ChainEntry } from "../security/audit-chain.ts";
import type { Actor, AuditEntry, AuditTrail } from "../verification/ports.ts";
import { gather } from "./gather.ts";
import type { AuditTable, Schema } from "./schema.ts";

/** A row of the log, ready to be inserted. */
type AuditRow = Insertable<AuditTable>;

/** An entry that has no place in a chain yet. */
export type PreparedEntry = Omit<ChainEntry, "lane" | "seq">;

/** The audit log of one process. */
export interface Audit extends AuditTrail {
  /**
   * Runs a transaction whose entries are written with it or not at all.
   * @param work  is handed the transaction, and how to write an entry into it
   */
  transact<T>(
    work: (transaction: Transaction<Schema>, tell: (entry: AuditEntry) => Promise<void>) => Promise<T>,
  ): Promise<T>;
  /** An entry of whatever runs now, to be written later by {@link Audit.alongside}. */
  prepare(entry: AuditEntry): PreparedEntry;
  /** Runs a single statement that inserts entries beside its own work, by the INSERT handed to it. */
  alongside<T>(
    entries: readonly PreparedEntry[],
    statement: (connection: Kysely<Schema>, inserting: RawBuilder<unknown>) => Promise<T>,
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
export function actorName({ subject, scopes }: Actor, { pseudonym }: Pick<AuditChain, "pseudonym">): string {
  if (scopes.has("service")) return "service";
  if (scopes.has("kyc:service")) return `platform:${subject}`;
  if (scopes.has("kyc:review")) return `reviewer:${subject}`;
  return `user:${pseudonym(subject)}`;
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

  const take = (): Lane => {
    const lane = free.pop();
    if (lane && lane.seq < LANE_LENGTH) return lane;
    const id = randomUUID();
    return { id, seq: 0, hash: id };
  };
  const linked = (lane: Lane, row: PreparedEntry): AuditRow & { hash: string } => {
    const entry: ChainEntry = { ...row, lane: lane.id, seq: lane.seq + 1 };
    return { ...entry, hash: chain.link(lane.hash, entry) };
  };
  const advance = (lane: Lane, { hash }: { readonly hash: string }) => {
    lane.seq += 1;
    lane.hash = hash;
  };

  const prepare = (entry: AuditEntry): PreparedEntry => {
    const { userId } = entry;
    const userRef = userId === null ? null : chain.pseudonym(userId);
    // Most users do what concerns themselves.
    const pseudonym = (subject: string) =>
      userRef !== null && subject === userId ? userRef : chain.pseudonym(subject);
    return {
      at: entry.at,
      actor: actorName(entry.by, { pseudonym }),
      action: entry.action,
      user_ref: userRef,
      verification_id: entry.verificationId,
      trace_id: trace()?.split("-")[1] ?? null,
      detail: JSON.stringify(entry.detail ?? {}),
    };
  };

  /** Where it fails the lane ends, since whether it was written is not known: nobody builds on it. */
  const inLane = async <T>(
    entries: readonly PreparedEntry[],
    statement: (rows: readonly AuditRow[]) => Promise<T>,
  ): Promise<T> => {
    const lane = take();
    const rows = entries.map((entry) => {
      const row = linked(lane, entry);
      advance(lane, row);
      return row;
    });
    const result = await statement(rows);
    free.push(lane);
    return result;
  };

  const record = gather(
    async (entries: readonly PreparedEntry[]) => {
      await inLane(entries, (rows) => insert(db, rows));
      return entries.map(() => undefined);
    },
    { most: BATCH, atOnce: WRITERS },
  );

  return {
    record: (entry) => record(prepare(entry)),
    prepare,

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
            const row = linked(lane, prepare(entry));
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

    alongside: (entries, statement) =>
      db
        .connection()
        .execute((connection) => inLane(entries, (rows) => statement(connection, auditing(rows)))),
  };
}

/** One statement of one text, however many rows it brings. */
const auditing = (rows: readonly AuditRow[]): RawBuilder<unknown> => sql`
    INSERT INTO kyc_audit (lane, seq, at, actor, action, user_ref, verification_id, trace_id, detail, hash)
    SELECT lane, seq, at, actor, action, user_ref, verification_id, trace_id, detail, hash
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS entry(
      lane UUID, seq BIGINT, at TIMESTAMP, actor TEXT, action TEXT, user_ref TEXT, verification_id TEXT,
      trace_id TEXT, detail TEXT, hash TEXT)
    ORDER BY seq`;

async function insert(db: Kysely<Schema>, rows: readonly AuditRow[]): Promise<void> {
  await auditing(rows).execute(db);
}
