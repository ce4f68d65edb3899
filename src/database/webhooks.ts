import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** The right to send one event to one endpoint; it ends by itself where its holder dies. */
export interface Delivery {
  readonly outboxId: number;
  readonly endpoint: string;
  /** Tries before this one. */
  readonly attempts: number;
  readonly token: string;
}

/** An event that an endpoint was not brought to take. */
export interface DeadLetter {
  /** `webhook-id`. */
  readonly eventId: string;
  readonly type: string;
  readonly endpoint: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly deadAt: Date;
}

/** What is owed to one endpoint. */
export interface EndpointState {
  readonly waiting: number;
  readonly dead: number;
  /** Of the events that wait. */
  readonly oldest: Date | null;
  readonly disabledAt: Date | null;
}

/** Which events are owed to which endpoints; a row goes when its event was taken. */
export interface Deliveries {
  /** Takes deliveries that are due, at most one of a user's unless the earlier failed again and again. */
  claim(endpoint: string, limit: number, leaseSeconds: number): Promise<Delivery[]>;
  /** The endpoint took it. */
  delivered(delivery: Delivery): Promise<void>;
  /** It is tried again in so many seconds. Does nothing where the lease was lost. */
  failed(delivery: Delivery, error: string, againSeconds: number): Promise<void>;
  /** It is given up, until somebody has it sent again. Does nothing where the lease was lost. */
  dead(delivery: Delivery, error: string): Promise<void>;
  /** The endpoint wants no more: all that waits for it is given up. @returns how many */
  disable(endpoint: string, error: string): Promise<number>;
  /** Gives up what was written for an endpoint since it was disabled. @returns how many */
  buryDisabled(endpoint: string, error: string): Promise<number>;
  /** What was given up, oldest first; `after` is how many to leave out. */
  letters(page: { limit: number; after?: number }): Promise<DeadLetter[]>;
  /** Has what was given up sent again from the start, and lets its endpoints take events again. @returns how many */
  resend(eventId: string | "all"): Promise<number>;
  /** By endpoint; one that nothing is owed to and that was not disabled is absent. */
  states(): Promise<ReadonlyMap<string, EndpointState>>;
}

/** Tries after which an event no longer holds back the later ones of its user. */
export const HOLDS_BACK_TRIES = 4;
const MOST_OF_ERROR = 200;

/** The database's clock: those of two processes may differ. */
const NOW = sql<Date>`(now() AT TIME ZONE 'UTC')`;
const inSeconds = (seconds: number) => sql<Date>`${NOW} + make_interval(secs => ${seconds})`;

/** @param onlySink  no other sink reads the outbox: an event that nobody waits for any more counts as sent */
export function deliveries({ db, onlySink }: { db: Kysely<Schema>; onlySink: boolean }): Deliveries {
  const settled = async (outboxIds: readonly number[]) => {
    if (!onlySink || outboxIds.length === 0) return;
    await db
      .updateTable("kyc_outbox")
      .set({ sent_at: NOW })
      .where("id", "in", outboxIds)
      .where("sent_at", "is", null)
      .where((event) =>
        event.not(
          event.exists(
            event
              .selectFrom("kyc_webhook_deliveries as d")
              .whereRef("d.outbox_id", "=", "kyc_outbox.id")
              .where("d.dead_at", "is", null)
              .select(sql.lit(1).as("one")),
          ),
        ),
      )
      .execute();
  };
  const bury = async (endpoint: string, error: string) => {
    const rows = await db
      .updateTable("kyc_webhook_deliveries")
      .set({ dead_at: NOW, token: null, last_error: error.slice(0, MOST_OF_ERROR) })
      .where("endpoint", "=", endpoint)
      .where("dead_at", "is", null)
      .returning("outbox_id")
      .execute();
    await settled(rows.map(({ outbox_id }) => outbox_id));
    return rows.length;
  };

  return {
    async claim(endpoint, limit, leaseSeconds) {
      const token = randomUUID();
      const { rows } = await sql<{ outbox_id: number; attempts: number }>`
        WITH due AS (
          SELECT outbox_id, endpoint FROM kyc_webhook_deliveries d
          WHERE endpoint = ${endpoint} AND dead_at IS NULL AND due_at <= ${NOW} AND NOT EXISTS (
            SELECT 1 FROM kyc_webhook_deliveries earlier
            WHERE earlier.endpoint = d.endpoint AND earlier.user_id = d.user_id AND earlier.outbox_id < d.outbox_id
              AND earlier.dead_at IS NULL AND earlier.attempts < ${sql.lit(HOLDS_BACK_TRIES)})
          ORDER BY due_at, outbox_id LIMIT ${sql.lit(limit)}
          FOR UPDATE SKIP LOCKED)
        UPDATE kyc_webhook_deliveries d SET token = ${token}, due_at = ${inSeconds(leaseSeconds)}
        FROM due WHERE d.outbox_id = due.outbox_id AND d.endpoint = due.endpoint
        RETURNING d.outbox_id, d.attempts`.execute(db);
      return rows.map(({ outbox_id, attempts }) => ({
        outboxId: Number(outbox_id),
        endpoint,
        attempts,
        token,
      }));
    },

    async delivered({ outboxId, endpoint }) {
      await db
        .deleteFrom("kyc_webhook_deliveries")
        .where("outbox_id", "=", outboxId)
        .where("endpoint", "=", endpoint)
        .execute();
      await settled([outboxId]);
    },

    async failed({ outboxId, endpoint, token, attempts }, error, againSeconds) {
      await db
        .updateTable("kyc_webhook_deliveries")
        .set({
          attempts: attempts + 1,
          token: null,
          due_at: inSeconds(againSeconds),
          last_error: error.slice(0, MOST_OF_ERROR),
        })
        .where("outbox_id", "=", outboxId)
        .where("endpoint", "=", endpoint)
        .where("token", "=", token)
        .execute();
    },

    async dead({ outboxId, endpoint, token, attempts }, error) {
      await db
        .updateTable("kyc_webhook_deliveries")
        .set({
          attempts: attempts + 1,
          token: null,
          dead_at: NOW,
          last_error: error.slice(0, MOST_OF_ERROR),
        })
        .where("outbox_id", "=", outboxId)
        .where("endpoint", "=", endpoint)
        .where("token", "=", token)
        .execute();
      await settled([outboxId]);
    },

    async disable(endpoint, error) {
      await db
        .insertInto("kyc_webhook_endpoints")
        .values({ name: endpoint, disabled_at: NOW })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      return bury(endpoint, error);
    },

    async buryDisabled(endpoint, error) {
      const disabled = await db
        .selectFrom("kyc_webhook_endpoints")
        .select("name")
        .where("name", "=", endpoint)
        .executeTakeFirst();
      return disabled ? bury(endpoint, error) : 0;
    },

    async letters({ limit, after = 0 }) {
      const rows = await db
        .selectFrom("kyc_webhook_deliveries as d")
        .innerJoin("kyc_outbox as o", "o.id", "d.outbox_id")
        .select([
          "o.event_id",
          "o.type",
          "o.created_at",
          "d.endpoint",
          "d.attempts",
          "d.last_error",
          "d.dead_at",
        ])
        .where("d.dead_at", "is not", null)
        .orderBy("d.outbox_id")
        .orderBy("d.endpoint")
        .limit(limit)
        .offset(after)
        .execute();
      return rows.map((row) => ({
        eventId: row.event_id,
        type: row.type,
        endpoint: row.endpoint,
        attempts: row.attempts,
        error: row.last_error,
        createdAt: row.created_at,
        deadAt: row.dead_at as Date,
      }));
    },

    resend: (eventId) =>
      db.transaction().execute(async (transaction) => {
        let query = transaction
          .updateTable("kyc_webhook_deliveries")
          .set({ dead_at: null, attempts: 0, due_at: NOW, since: NOW, token: null })
          .where("dead_at", "is not", null);
        if (eventId !== "all") {
          query = query.where("outbox_id", "in", (inner) =>
            inner.selectFrom("kyc_outbox").select("id").where("event_id", "=", eventId),
          );
        }
        const rows = await query.returning("endpoint").execute();
        const names = [...new Set(rows.map(({ endpoint }) => endpoint))];
        if (names.length > 0)
          await transaction.deleteFrom("kyc_webhook_endpoints").where("name", "in", names).execute();
        return rows.length;
      }),

    async states() {
      const rows = await db
        .selectFrom("kyc_webhook_deliveries")
        .select([
          "endpoint",
          sql<number>`count(*) FILTER (WHERE dead_at IS NULL)`.as("waiting"),
          sql<number>`count(*) FILTER (WHERE dead_at IS NOT NULL)`.as("dead"),
          sql<Date | null>`min(since) FILTER (WHERE dead_at IS NULL)`.as("oldest"),
        ])
        .groupBy("endpoint")
        .execute();
      const disabled = await db.selectFrom("kyc_webhook_endpoints").selectAll().execute();
      const states = new Map<string, EndpointState>(
        disabled.map(({ name, disabled_at }) => [
          name,
          { waiting: 0, dead: 0, oldest: null, disabledAt: disabled_at },
        ]),
      );
      for (const { endpoint, waiting, dead, oldest } of rows) {
        const disabledAt = states.get(endpoint)?.disabledAt ?? null;
        states.set(endpoint, { waiting: Number(waiting), dead: Number(dead), oldest, disabledAt });
      }
      return states;
    },
  };
}
