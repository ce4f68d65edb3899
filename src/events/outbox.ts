import { randomUUID } from "node:crypto";
import { type Kysely, sql, type Transaction } from "kysely";
import type { Schema } from "../database/schema.ts";
import { SealBrokenError, type Sealer } from "../security/sealer.ts";
import type { KycEvent } from "../verification/ports.ts";

/** CloudEvents `source`, a URI reference. */
const SOURCE = "/payu-kyc";
/** CloudEvents `type` of a kind: the topic's name in the contract, whatever a deployment calls its own. */
const typeOf = (kind: KycEvent["kind"]) => `payu.kyc.${kind}`;

/** One event as it was fixed when its state was written, opened. */
export interface OutboxEvent {
  /** Rises in the order in which a user's events happened. */
  readonly id: number;
  readonly kind: KycEvent["kind"];
  /** What it is ordered and partitioned by. */
  readonly userId: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** CloudEvents 1.0 attributes. */
  readonly ce: {
    readonly id: string;
    readonly source: string;
    readonly type: string;
    /** RFC 3339, UTC. */
    readonly time: string;
  };
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | null;
  readonly sentAt: Date | null;
  /** Tries to send it that failed. */
  readonly attempts: number;
}

/** Events kept beside the state that they tell of, until somebody has sent them. */
export interface Outbox {
  /** Writes events inside the transaction of the change that they tell of. */
  append(
    transaction: Transaction<Schema>,
    userId: string,
    events: readonly KycEvent[],
    now: Date,
  ): Promise<void>;
  /** The oldest that are not sent yet, oldest first. */
  pending(limit: number): Promise<OutboxEvent[]>;
  /** Those of these ids that are there and open, oldest first. */
  byIds(ids: readonly number[]): Promise<OutboxEvent[]>;
  /** All, sent or not, oldest first; `after` is the id of the last one already seen. */
  list(page: { limit: number; after?: number }): Promise<OutboxEvent[]>;
  /** Counts a try that failed. */
  markTried(ids: readonly number[]): Promise<void>;
  markSent(ids: readonly number[], now: Date): Promise<void>;
  /** How many wait, and since when the oldest does. */
  backlog(): Promise<{ readonly waiting: number; readonly oldest: Date | null }>;
}

const contextOf = (eventId: string) => `kyc_outbox.payload:${eventId}`;

/**
 * @param traceparent  the trace context of whatever runs now, if any
 * @param webhooks     names of the webhook endpoints that events of a kind are owed to
 * @param onlyWebhooks nobody but those endpoints is owed anything: what none of them asked for counts as sent
 * @param onBroken     told of events that are left out because they do not open
 */
export function outbox({
  db,
  sealer,
  traceparent = () => null,
  webhooks = () => [],
  onlyWebhooks = false,
  onBroken = () => undefined,
}: {
  db: Kysely<Schema>;
  sealer: Sealer;
  traceparent?: () => string | null;
  webhooks?: (kind: KycEvent["kind"]) => readonly string[];
  onlyWebhooks?: boolean;
  onBroken?: (eventId: string, error: SealBrokenError) => void;
}): Outbox {
  const read = async (
    limit: number,
    where: { after: number; unsent: boolean; ids?: readonly number[] },
  ): Promise<OutboxEvent[]> => {
    let query = db.selectFrom("kyc_outbox").selectAll().where("id", ">", where.after);
    if (where.unsent) query = query.where("sent_at", "is", null);
    if (where.ids) query = query.where("id", "in", where.ids);
    const rows = await query.orderBy("id").limit(limit).execute();
    const opened = (row: (typeof rows)[number]): OutboxEvent => ({
      id: row.id,
      kind: row.kind as KycEvent["kind"],
      userId: row.user_id,
      value: JSON.parse(Buffer.from(sealer.open(row.payload, contextOf(row.event_id))).toString("utf8")),
      ce: { id: row.event_id, source: row.source, type: row.type, time: row.created_at.toISOString() },
      traceparent: row.traceparent,
      sentAt: row.sent_at,
      attempts: row.attempts,
    });
    return rows.flatMap((row) => {
      try {
        return [opened(row)];
      } catch (error) {
        // One event that does not open must not keep the others back; it stays where it is.
        if (!(error instanceof SealBrokenError)) throw error;
        onBroken(row.event_id, error);
        return [];
      }
    });
  };

  return {
    async append(transaction, userId, events, now) {
      if (events.length === 0) return;
      const rows = events.map((event) => {
        const eventId = randomUUID();
        return {
          event_id: eventId,
          kind: event.kind,
          type: typeOf(event.kind),
          source: SOURCE,
          user_id: userId,
          payload: sealer.seal(Buffer.from(JSON.stringify(event.value)), contextOf(eventId)),
          traceparent: traceparent(),
          created_at: now,
          sent_at: onlyWebhooks && webhooks(event.kind).length === 0 ? now : null,
        };
      });
      const kept = await transaction
        .insertInto("kyc_outbox")
        .values(rows)
        .returning(["id", "kind"])
        .execute();
      const owed = kept.flatMap(({ id, kind }) =>
        webhooks(kind as KycEvent["kind"]).map((endpoint) => ({
          outbox_id: id,
          endpoint,
          user_id: userId,
          since: sql<Date>`now() AT TIME ZONE 'UTC'`,
          due_at: sql<Date>`now() AT TIME ZONE 'UTC'`,
        })),
      );
      if (owed.length > 0) await transaction.insertInto("kyc_webhook_deliveries").values(owed).execute();
    },

    pending: (limit) => read(limit, { after: 0, unsent: true }),
    byIds: async (ids) => (ids.length === 0 ? [] : read(ids.length, { after: 0, unsent: false, ids })),
    list: ({ limit, after = 0 }) => read(limit, { after, unsent: false }),

    async markSent(ids, now) {
      if (ids.length === 0) return;
      await db.updateTable("kyc_outbox").set({ sent_at: now }).where("id", "in", ids).execute();
    },

    async markTried(ids) {
      if (ids.length === 0) return;
      await db
        .updateTable("kyc_outbox")
        .set((row) => ({ attempts: row("attempts", "+", 1) }))
        .where("id", "in", ids)
        .execute();
    },

    async backlog() {
      const row = await db
        .selectFrom("kyc_outbox")
        .select([sql<number>`count(*)`.as("waiting"), (e) => e.fn.min("created_at").as("oldest")])
        .where("sent_at", "is", null)
        .executeTakeFirstOrThrow();
      return { waiting: row.waiting, oldest: row.oldest };
    },
  };
}
