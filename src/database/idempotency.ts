import { createHash, randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import type { Sealer } from "../security/sealer.ts";
import type { Schema } from "./schema.ts";

/** The contract: records are kept for 24 hours. */
const KEPT_MILLISECONDS = 24 * 60 * 60 * 1000;
const SECOND = 1000;
/** Seconds that the clocks of two processes may differ by. */
const CLOCK_SKEW = 300;
const leaseFrom = (now: Date, seconds: number) => new Date(now.getTime() + seconds * SECOND);

/** An answer that has been given. */
export interface KeptResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Begun =
  /** Work on it, then `finish` or `abandon` with this token. */
  | { readonly kind: "new"; readonly token: string }
  /** It has been answered: give the same answer again. */
  | ({ readonly kind: "replay" } & KeptResponse)
  /** Somebody is working on it. */
  | { readonly kind: "in_flight" }
  /** The key was used for a request with another body. */
  | { readonly kind: "other_body" };

/** Requests that must not be carried out twice, by their Idempotency-Key. */
export interface Idempotency {
  /**
   * @param userId        for whom: the answer goes where they are erased
   * @param scope         who calls and which route: a key is theirs and that route's alone
   * @param bodyHash      at most 255 characters, equal for equal bodies
   * @param leaseSeconds  after this the request counts as abandoned (its process died) and may be begun again
   */
  begin(request: {
    userId: string;
    scope: string;
    key: string;
    bodyHash: string;
    now: Date;
    leaseSeconds: number;
  }): Promise<Begun>;
  /** Keeps the answer. Does nothing where the lease ended and somebody else has begun the request meanwhile. */
  finish(token: string, response: KeptResponse): Promise<void>;
  /** Forgets the request, so that it may be tried again under the same key. */
  abandon(token: string): Promise<void>;
  /** Removes what is older than 24 hours. @returns how many */
  purge(now: Date): Promise<number>;
}

const idOf = (scope: string, key: string) =>
  createHash("sha256")
    .update(JSON.stringify([scope, key]))
    .digest("base64url");
/** Bound to the token too: of the record and of this one time that it was worked on. */
const contextOf = (id: string, token: string) => `kyc_idempotency.response:${id}:${token}`;

/** Takes away what was answered to requests for a user; what is being worked on is not kept when it is done. */
export async function eraseAnswers(transaction: Transaction<Schema>, userId: string): Promise<void> {
  await transaction.deleteFrom("kyc_idempotency").where("user_id", "=", userId).execute();
}

export function idempotency({ db, sealer }: { db: Kysely<Schema>; sealer: Sealer }): Idempotency {
  const expiry = (now: Date) => new Date(now.getTime() - KEPT_MILLISECONDS);

  return {
    async begin({ userId, scope, key, bodyHash, now, leaseSeconds }) {
      const id = idOf(scope, key);
      const fresh = {
        body_hash: bodyHash,
        token: randomUUID(),
        lease_expires_at: leaseFrom(now, leaseSeconds),
        response: null,
        created_at: now,
        user_id: userId,
      };
      const begun = await db
        .insertInto("kyc_idempotency")
        .values({ id, ...fresh })
        .onConflict((conflict) =>
          conflict
            .column("id")
            .doUpdateSet(fresh)
            .where((old) =>
              old.or([
                old("kyc_idempotency.created_at", "<=", expiry(now)),
                old.and([
                  old("kyc_idempotency.response", "is", null),
                  old.or([
                    old("kyc_idempotency.lease_expires_at", "<=", now),
                    // Longer than any lease: a clock ran ahead.
                    old("kyc_idempotency.lease_expires_at", ">", leaseFrom(now, leaseSeconds + CLOCK_SKEW)),
                  ]),
                  old("kyc_idempotency.body_hash", "=", bodyHash),
                ]),
              ]),
            ),
        )
        .returning("token")
        .executeTakeFirst();
      if (begun) return { kind: "new", token: begun.token };

      const row = await db.selectFrom("kyc_idempotency").selectAll().where("id", "=", id).executeTakeFirst();
      // Abandoned between the two statements: whoever asks again will begin it.
      if (!row) return { kind: "in_flight" };
      if (row.body_hash !== bodyHash) return { kind: "other_body" };
      if (row.response === null) return { kind: "in_flight" };
      const opened = sealer.open(row.response, contextOf(id, row.token));
      return { kind: "replay", ...(JSON.parse(Buffer.from(opened).toString("utf8")) as KeptResponse) };
    },

    async finish(token, response) {
      const row = await db
        .selectFrom("kyc_idempotency")
        .select("id")
        .where("token", "=", token)
        .executeTakeFirst();
      if (!row) return;
      const sealed = sealer.seal(Buffer.from(JSON.stringify(response)), contextOf(row.id, token));
      await db
        .updateTable("kyc_idempotency")
        .set({ response: sealed })
        .where("token", "=", token)
        .where("response", "is", null)
        .execute();
    },

    async abandon(token) {
      await db
        .deleteFrom("kyc_idempotency")
        .where("token", "=", token)
        .where("response", "is", null)
        .execute();
    },

    async purge(now) {
      const { numDeletedRows } = await db
        .deleteFrom("kyc_idempotency")
        .where("created_at", "<=", expiry(now))
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
