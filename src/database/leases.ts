import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** The right to do something that only one process may do at a time; it ends by itself where its holder dies. */
export interface Lease {
  /** Takes the lease or makes it last longer. @returns whether it is held now, for `seconds` from now */
  hold(seconds: number): Promise<boolean>;
  /** Gives it back, so that another process need not wait for its end. */
  release(): Promise<void>;
}

/**
 * @param name    what it is for, 1..50 characters
 * @param holder  this process, 1..36 characters
 */
export function lease(db: Kysely<Schema>, name: string, holder: string): Lease {
  return {
    async hold(seconds) {
      // The database's clock: those of two processes may differ.
      const until = sql<Date>`(now() AT TIME ZONE 'UTC') + make_interval(secs => ${seconds})`;
      const held = await db
        .insertInto("kyc_leases")
        .values({ name, holder, expires_at: until })
        .onConflict((conflict) =>
          conflict
            .column("name")
            .doUpdateSet({ holder, expires_at: until })
            .where((old) =>
              old.or([
                old("kyc_leases.holder", "=", holder),
                old("kyc_leases.expires_at", "<=", sql<Date>`now() AT TIME ZONE 'UTC'`),
              ]),
            ),
        )
        .returning("holder")
        .executeTakeFirst();
      return held !== undefined;
    },

    async release() {
      await db.deleteFrom("kyc_leases").where("name", "=", name).where("holder", "=", holder).execute();
    },
  };
}
