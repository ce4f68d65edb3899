import type { Transaction } from "kysely";
import { fromKysely, PgBoss } from "pg-boss";
import type { Database } from "./database.ts";
import type { Schema } from "./schema.ts";

/** Work that is done after its request was answered, by any process: what to do stands under its id elsewhere. */
export interface Jobs {
  /** In the transaction that makes the work: one is not there without the other. */
  send(transaction: Transaction<Schema>, id: string): Promise<void>;
  /** Has the workers of this process look now: call it when that transaction is committed. */
  wake(): void;
  /** In the transaction that makes the work needless. */
  remove(transaction: Transaction<Schema>, ids: readonly string[]): Promise<void>;
  /** Sends a job again that is gone or was given up, and leaves one alone that is on its way. @returns whether it was missing */
  ensure(id: string): Promise<boolean>;
  /**
   * Begins to work.
   * @param work  may be called again for a job that was done or is being done; one that throws is called again later
   */
  start(work: (id: string) => Promise<void>, atOnce: number): Promise<void>;
  /** Takes no more, and waits for what is being worked on. */
  close(): Promise<void>;
}

/** Of pg-boss's tables: no other program's on this database. */
const JOBS_SCHEMA = "kyc_jobs";
const QUEUE = "uploads";

/** Where a job is to be tried again, or by another process than the one that was asked: that one is woken. */
const POLL_SECONDS = 5;
/** A process that does not say for so long that it is still at work is dead. */
const HEARTBEAT_SECONDS = 20;
/** How often is looked for such. The embedded database has no process but this one. */
const MONITOR_SECONDS = { server: 15, embedded: 60 } as const;
/** No job takes this long: workers of the pool are ended after 30 s, the registry has its own time limits. */
const EXPIRE_SECONDS = 300;
/** Who is called decides when it is enough: a job that nothing else has ended is not given up here. */
const RETRIES = 1_000_000;
/** Doubling, with jitter, from the first to the last. */
const RETRY_SECONDS = { first: 2, last: 60 } as const;
/** As long as its answer is kept. */
const DONE_KEPT_SECONDS = 24 * 3600;
/** A job that nobody has worked on for so long is forgotten; `ensure` brings it again. */
const WAITING_KEPT_SECONDS = 30 * 24 * 3600;
const STOP_MILLISECONDS = 35_000;

const LIVE: ReadonlySet<string> = new Set(["created", "retry", "active"]);

/**
 * Jobs of this database, by pg-boss: in tables of its own beside ours, on the same connections.
 * @param onError  told of what pg-boss could not do; it tries again by itself
 * @throws what the database said, where its tables cannot be made or brought up to date
 */
export async function openJobs(
  database: Pick<Database, "run" | "kind">,
  onError: (error: unknown) => void,
): Promise<Jobs> {
  // Asked for, where it is there, CREATE SCHEMA would still want the right to create one.
  const { rows } = await database.run(`SELECT to_regnamespace('${JOBS_SCHEMA}') IS NULL AS missing`);
  const boss = new PgBoss({
    createSchema: rows[0]?.missing === true,
    db: { executeSql: (text, values) => database.run(text, values) },
    backend: database.kind === "embedded" ? "pglite" : "postgres",
    schema: JOBS_SCHEMA,
    // Duties by the clock are the timekeeper's; metrics are our own.
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    // Of tables that hold a day's jobs.
    reindex: false,
    monitorVacuum: false,
    superviseIntervalSeconds: MONITOR_SECONDS[database.kind],
    monitorIntervalSeconds: MONITOR_SECONDS[database.kind],
    maintenanceIntervalSeconds: 3600,
    // For jobs that wait for others: there are none.
    flowIntervalSeconds: 3600,
  });
  boss.on("error", onError);
  await boss.start();
  // It knows the queue from here on: looked up by `send`, inside of a transaction, it would wait for ever for the
  // embedded database's one connection.
  await boss.createQueue(QUEUE, {
    retryLimit: RETRIES,
    retryDelay: RETRY_SECONDS.first,
    retryBackoff: true,
    retryDelayMax: RETRY_SECONDS.last,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: EXPIRE_SECONDS,
    deleteAfterSeconds: DONE_KEPT_SECONDS,
    retentionSeconds: WAITING_KEPT_SECONDS,
  });
  if (database.kind === "embedded") await returnAll(boss, database);
  const workers: string[] = [];
  const wake = () => workers.forEach((worker) => void boss.notifyWorker(worker));

  return {
    async send(transaction, id) {
      await boss.send(QUEUE, null, { id, db: fromKysely(transaction as never) });
    },

    wake,

    async remove(transaction, ids) {
      if (ids.length > 0) await boss.deleteJob(QUEUE, [...ids], { db: fromKysely(transaction as never) });
    },

    async ensure(id) {
      const [found] = await boss.findJobs(QUEUE, { id });
      if (found && LIVE.has(found.state)) return false;
      if (found) await boss.deleteJob(QUEUE, id);
      await boss.send(QUEUE, null, { id });
      return true;
    },

    async start(work, atOnce) {
      for (let i = 0; i < atOnce; i++) {
        workers.push(
          await boss.work(QUEUE, { pollingIntervalSeconds: POLL_SECONDS }, async ([job]) => {
            try {
              await work(job!.id);
            } catch (error) {
              onError(error);
              // pg-boss keeps what was thrown, in the clear.
              throw new Error("not done");
            } finally {
              // Where there is another one, it need not wait for the next round.
              boss.notifyWorker(workers[i]!);
            }
          }),
        );
      }
    },

    async close() {
      await boss.stop({ graceful: true, timeout: STOP_MILLISECONDS, close: false });
    },
  };
}

/** Whoever worked in this folder before is dead, and need not be waited for. */
async function returnAll(boss: PgBoss, database: Pick<Database, "run">): Promise<void> {
  const { rows } = await database.run(
    `SELECT id FROM ${JOBS_SCHEMA}.job WHERE name = $1 AND state = 'active'`,
    [QUEUE],
  );
  if (rows.length > 0)
    await boss.fail(
      QUEUE,
      rows.map(({ id }) => String(id)),
    );
}
