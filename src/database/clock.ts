import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** Beside half of the way there and back, in milliseconds: a smaller difference is not worth a step. */
const NOT_WORTH_A_STEP = 20;

/** The database's time, which is the same for all processes on it, however their machines' clocks differ or jump. */
export interface DatabaseClock {
  /** Goes on by the clock that nobody sets since the database was last asked. */
  now(): Date;
  /**
   * Asks the database again.
   * @returns milliseconds that this machine's clock is ahead of the database's, negative where it is behind
   */
  follow(): Promise<number>;
}

/** @returns the clock, after the database was asked for the first time */
export async function databaseClock(db: Kysely<Schema>): Promise<DatabaseClock> {
  let moment = Number.NEGATIVE_INFINITY;
  let at = 0;
  const now = () => moment + performance.now() - at;
  const follow = async () => {
    const asked = performance.now();
    const { rows } = await sql<{ now: number }>`
      SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now`.execute(db);
    const answered = performance.now();
    const half = (answered - asked) / 2;
    const told = rows[0]!.now + half;
    if (Math.abs(told - now()) > half + NOT_WORTH_A_STEP) {
      moment = told;
      at = answered;
    }
    return Date.now() - now();
  };
  await follow();
  return { now: () => new Date(now()), follow };
}
