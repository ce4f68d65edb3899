import { type Kysely, sql, type Transaction } from "kysely";
import type { AuditChain } from "../security/audit-chain.ts";
import { type Erased, type Keeper, keptSince } from "../verification/custody.ts";
import { type Actor, type AuditEntry, SERVICE } from "../verification/ports.ts";
import type { Audit } from "./audit.ts";
import { purgeAudit } from "./audit-checks.ts";
import { referencesIn, releaseFrames } from "./challenges.ts";
import { eraseFaces } from "./faces.ts";
import { eraseAnswers } from "./idempotency.ts";
import { dropImages } from "./image-removals.ts";
import type { Jobs } from "./jobs.ts";
import { IMAGES, type Schema } from "./schema.ts";
import { eraseUploads } from "./uploads.ts";

/** Users, and events, that one round of retention takes on. */
const USERS = 100;
const EVENTS = 1000;
/** Milliseconds after which a photograph that could not be removed is tried again. */
const AGAIN_AFTER = 10 * 60_000;

/**
 * Events that a webhook endpoint still waits for. Longer than the schedule lasts: one that is not in the settings any
 * more is sent nothing, and its rows do not keep events for ever.
 */
const OWED = sql<boolean>`EXISTS (SELECT 1 FROM kyc_webhook_deliveries d WHERE d.outbox_id = kyc_outbox.id
  AND d.dead_at IS NULL AND d.since > (now() AT TIME ZONE 'UTC') - interval '14 days')`;

/** What the store of photographs itself gives out; the replaced service's references look otherwise. */
const OURS = /\.sealed$/;

/** @param consumers  whether events are sent to anybody: where they are not, nobody is owed an erased user's */
export function keeper({
  db,
  audit,
  chain,
  jobs,
  consumers = true,
}: {
  db: Kysely<Schema>;
  audit: Audit;
  chain: AuditChain;
  jobs: Pick<Jobs, "remove">;
  consumers?: boolean;
}): Keeper {
  async function eraseIn(
    transaction: Transaction<Schema>,
    tell: (entry: AuditEntry) => Promise<void>,
    by: Actor,
    userId: string,
    now: Date,
  ): Promise<Erased> {
    const rows = await transaction
      .deleteFrom("kyc_verifications")
      .where("user_id", "=", userId)
      .returning(["verification_id", ...IMAGES])
      .execute();
    const ids = rows.map(({ verification_id }) => verification_id);
    const challenges =
      ids.length === 0
        ? []
        : await transaction
            .deleteFrom("kyc_liveness_challenges")
            .where("verification_id", "in", ids)
            .returning("frames")
            .execute();
    const waited = await eraseUploads(transaction, jobs, userId);
    await eraseAnswers(transaction, userId);
    const references = rows
      .flatMap((row) => IMAGES.map((column) => row[column]))
      .filter((reference) => reference !== null)
      .concat(referencesIn(challenges), waited);
    const ours = references.filter((reference) => OURS.test(reference));
    await dropImages(transaction, ours, now);
    await transaction.deleteFrom("kyc_captures").where("user_id", "=", userId).execute();
    await transaction.deleteFrom("kyc_closed_accounts").where("user_id", "=", userId).execute();
    await transaction
      .deleteFrom("kyc_webhook_deliveries")
      .where("user_id", "=", userId)
      .where("dead_at", "is not", null)
      .execute();
    const { numDeletedRows } = await transaction
      .deleteFrom("kyc_outbox")
      .where("user_id", "=", userId)
      .where(consumers ? sql<boolean>`sent_at IS NOT NULL AND NOT ${OWED}` : sql<boolean>`TRUE`)
      .executeTakeFirst();
    // An event that consumers wait for is still owed to them.
    await transaction
      .updateTable("kyc_outbox")
      .set({ erase_when_sent: true })
      .where("user_id", "=", userId)
      .execute();
    const erased = {
      verifications: rows.length,
      images: ours.length,
      events: Number(numDeletedRows),
      imagesElsewhere: references.filter((reference) => !OURS.test(reference)),
    };
    const { imagesElsewhere, ...counts } = erased;
    const detail = { ...counts, images_elsewhere: imagesElsewhere.length };
    await tell({ at: now, by, action: "user.erased", userId, verificationId: null, detail });
    return erased;
  }

  /** Users whose account was closed before, of whom there is still something of a kind. */
  const usersWith = (before: Date, kind: "images" | "faces") =>
    db
      .selectFrom("kyc_closed_accounts")
      .select("user_id")
      .where("closed_at", "<", before)
      .where((closed) =>
        closed.exists(
          closed
            .selectFrom("kyc_verifications as v")
            .whereRef("v.user_id", "=", "kyc_closed_accounts.user_id")
            .where((v) =>
              kind === "images"
                ? v.or([
                    ...IMAGES.map((column) => v(column, "is not", null)),
                    // For each row by itself: EXISTS may be answered by reading all challenges.
                    v(
                      v
                        .selectFrom("kyc_liveness_challenges as c")
                        .whereRef("c.verification_id", "=", "v.verification_id")
                        .where("c.frames", "is not", null)
                        .select("c.challenge_id")
                        .limit(1),
                      "is not",
                      null,
                    ),
                  ])
                : v.or([v("portrait_embedding", "is not", null), v("selfie_embedding", "is not", null)]),
            )
            .select(sql.lit(1).as("one")),
        ),
      )
      .limit(USERS)
      .execute();

  const expireKind = async (before: Date | null, kind: "images" | "faces", now: Date): Promise<number> => {
    if (before === null) return 0;
    const users = await usersWith(before, kind);
    for (const { user_id: userId } of users) {
      await audit.transact(async (transaction, tell) => {
        if (kind === "images") {
          const rows = await transaction
            .selectFrom("kyc_verifications")
            .select(["verification_id", ...IMAGES])
            .where("user_id", "=", userId)
            .forUpdate()
            .execute();
          const references = rows.flatMap((row) => IMAGES.map((column) => row[column]));
          const ours = references.filter((reference) => reference !== null && OURS.test(reference));
          const frames = await releaseFrames(
            transaction,
            rows.map(({ verification_id }) => verification_id),
          );
          await dropImages(transaction, [...(ours as string[]), ...frames], now);
          await transaction
            .updateTable("kyc_verifications")
            .set(Object.fromEntries(IMAGES.map((column) => [column, null])))
            .where("user_id", "=", userId)
            .execute();
        } else {
          await eraseFaces(transaction, userId);
          await transaction
            .updateTable("kyc_verifications")
            .set({ portrait_embedding: null, embedding_model: null })
            .where("user_id", "=", userId)
            .execute();
        }
        const detail = { kind };
        await tell({ at: now, by: SERVICE, action: "data.expired", userId, verificationId: null, detail });
      });
    }
    return users.length;
  };

  const expireEvents = async (before: Date | null): Promise<number> => {
    const { numAffectedRows: erased = 0n } = await sql`
      DELETE FROM kyc_outbox WHERE erase_when_sent AND sent_at IS NOT NULL AND NOT ${OWED}`.execute(db);
    if (before === null) return Number(erased);
    // Events are sent nearly in the order of their ids: what is old stands at the beginning.
    const { numAffectedRows: old = 0n } = await sql`
      DELETE FROM kyc_outbox WHERE id IN (
        SELECT id FROM (SELECT id, sent_at FROM kyc_outbox ORDER BY id LIMIT ${sql.lit(EVENTS)}) AS first
        WHERE sent_at < ${before}) AND NOT ${OWED}`.execute(db);
    return Number(erased + old);
  };

  const expireAudit = async (before: Date | null, now: Date): Promise<number> => {
    if (before === null) return 0;
    const oldest = await db.selectFrom("kyc_audit").select("at").orderBy("id").limit(1).executeTakeFirst();
    return oldest && oldest.at < before ? purgeAudit(db, chain, before, now) : 0;
  };

  return {
    closeAccount: (by, userId, at, now) =>
      audit.transact(async (transaction, tell) => {
        await transaction
          .insertInto("kyc_closed_accounts")
          .values({ user_id: userId, closed_at: at })
          .onConflict((conflict) => conflict.column("user_id").doUpdateSet({ closed_at: at }))
          .execute();
        const detail = { closed_at: at.toISOString() };
        await tell({ at: now, by, action: "account.closed", userId, verificationId: null, detail });
      }),

    erase: (by, userId, now) =>
      audit.transact((transaction, tell) => eraseIn(transaction, tell, by, userId, now)),

    async expire(policy, now) {
      const identity = keptSince(now, policy.identity);
      const users =
        identity === null
          ? []
          : await db
              .selectFrom("kyc_closed_accounts")
              .select("user_id")
              .where("closed_at", "<", identity)
              .limit(USERS)
              .execute();
      for (const { user_id } of users) {
        await audit.transact((transaction, tell) => eraseIn(transaction, tell, SERVICE, user_id, now));
      }
      return {
        users: users.length,
        images: await expireKind(keptSince(now, policy.images), "images", now),
        faces: await expireKind(keptSince(now, policy.faces), "faces", now),
        events: await expireEvents(keptSince(now, policy.events)),
        audit: await expireAudit(keptSince(now, policy.audit), now),
      };
    },

    async imagesToRemove(now, limit) {
      const rows = await db
        .with("due", (inner) =>
          inner
            .selectFrom("kyc_image_removals")
            .select("reference")
            .where("due_at", "<=", now)
            .orderBy("due_at")
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable("kyc_image_removals")
        .from("due")
        .set((row) => ({ due_at: new Date(now.getTime() + AGAIN_AFTER), tries: row("tries", "+", 1) }))
        .whereRef("kyc_image_removals.reference", "=", "due.reference")
        .returning("kyc_image_removals.reference")
        .execute();
      return rows.map(({ reference }) => reference);
    },

    async imageRemoved(reference) {
      await db.deleteFrom("kyc_image_removals").where("reference", "=", reference).execute();
    },
  };
}
