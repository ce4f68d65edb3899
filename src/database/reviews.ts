import { type Kysely, sql } from "kysely";
import type { AuditChain } from "../security/audit-chain.ts";
import type { Status, VerificationType } from "../verification/ports.ts";
import type { Counts, Distribution, Reviews, Statistics } from "../verification/review.ts";
import type { Schema } from "./schema.ts";
import { decodeCursor, encodeCursor } from "./verifications.ts";

/** Entries of one verification's trail that are shown. */
const TRAIL = 300;
/** Steps of a distribution, over the range of its numbers. */
const STEPS = 25;
const SCORES = {
  ocr: { column: "ocr_score", from: 0, to: 1 },
  liveness: { column: "liveness_score", from: 0, to: 1 },
  // Cosines of faces: hardly any is below 0.
  face_match: { column: "face_score", from: -0.25, to: 1 },
  registry: { column: "registry_score", from: 0, to: 1 },
} as const;

const NONE: Counts = { PENDING: 0, PROCESSING: 0, IN_REVIEW: 0, VERIFIED: 0, REJECTED: 0, FAILED: 0 };

/** What those who review look up: the queue, statistics, and who did what. */
export function reviews({ db, chain }: { db: Kysely<Schema>; chain: AuditChain }): Reviews {
  const within = (from: Date, to: Date) => sql`created_at >= ${from} AND created_at < ${to}`;

  async function distribution(name: keyof typeof SCORES, from: Date, to: Date): Promise<Distribution> {
    const { column, from: low, to: high } = SCORES[name];
    const { rows } = await sql<{ step: number; count: string }>`
      SELECT width_bucket(${sql.ref(column)}::float8, ${sql.lit(low)}, ${sql.lit(high)}, ${sql.lit(STEPS)}) AS step,
        count(*) AS count
      FROM kyc_verifications WHERE ${within(from, to)} AND ${sql.ref(column)} IS NOT NULL GROUP BY 1`.execute(
      db,
    );
    const counts = new Array<number>(STEPS).fill(0);
    // What lies outside of the range, the greatest number included, counts with the nearest step.
    for (const { step, count } of rows) counts[Math.min(Math.max(step, 1), STEPS) - 1] += Number(count);
    const width = (high - low) / STEPS;
    const edge = (i: number) => Math.round((low + i * width) * 1000) / 1000;
    return counts.map((count, i) => ({ from: edge(i), to: edge(i + 1), count }));
  }

  return {
    async queue({ status, reason, proposed, from, to, order }, limit, cursor) {
      let query = db
        .selectFrom("kyc_verifications")
        .select([
          "verification_id",
          "user_id",
          "verification_type",
          "status",
          "reasons",
          "face_score",
          "review_since",
          "review_proposed_by",
          "created_at",
          "completed_at",
        ])
        .select(sql<string>`to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as("position"))
        .where("status", "=", status);
      if (reason !== undefined)
        query = query.where(sql<boolean>`reasons @> ${JSON.stringify([reason])}::jsonb`);
      if (proposed !== undefined) query = query.where("review_proposed_by", proposed ? "is not" : "is", null);
      if (from) query = query.where("created_at", ">=", from);
      if (to) query = query.where("created_at", "<", to);
      if (cursor !== undefined) {
        const { createdAt, verificationId } = decodeCursor(cursor);
        const beyond = sql.raw(order === "oldest" ? ">" : "<");
        query = query.where(
          sql<boolean>`(created_at, verification_id) ${beyond} (${createdAt}::timestamp, ${verificationId})`,
        );
      }
      const direction = order === "oldest" ? "asc" : "desc";
      const rows = await query
        .orderBy("created_at", direction)
        .orderBy("verification_id", direction)
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map((row) => ({
          verificationId: row.verification_id,
          userId: row.user_id,
          type: row.verification_type as VerificationType,
          status: row.status as Status,
          reasons: row.reasons as readonly string[] | null,
          faceScore: row.face_score,
          reviewSince: row.review_since,
          proposedBy: row.review_proposed_by,
          createdAt: row.created_at,
          completedAt: row.completed_at,
        })),
        next:
          rows.length > limit && last
            ? encodeCursor({ createdAt: last.position, verificationId: last.verification_id })
            : null,
      };
    },

    async statistics(from, to, period): Promise<Statistics> {
      const { rows: counted } = await sql<{ start: Date; status: Status; count: string }>`
        SELECT date_trunc(${sql.lit(period)}, created_at) AS start, status, count(*) AS count
        FROM kyc_verifications WHERE ${within(from, to)} GROUP BY 1, 2 ORDER BY 1`.execute(db);
      const total = { ...NONE };
      const periods = new Map<number, { start: Date; counts: Record<Status, number> }>();
      for (const { start, status, count } of counted) {
        const one = periods.get(start.getTime()) ?? { start, counts: { ...NONE } };
        periods.set(start.getTime(), one);
        one.counts[status] += Number(count);
        (total as Record<Status, number>)[status] += Number(count);
      }
      const { rows: reasons } = await sql<{ reason: string; count: string }>`
        SELECT reason, count(*) AS count
        FROM kyc_verifications, jsonb_array_elements_text(reasons) AS reason
        WHERE ${within(from, to)} AND status IN ('REJECTED', 'FAILED', 'IN_REVIEW') AND reasons IS NOT NULL
        GROUP BY 1 ORDER BY 2 DESC, 1`.execute(db);
      const { rows: took } = await sql<{ quantiles: number[] | null }>`
        SELECT percentile_cont(ARRAY[0.5, 0.9, 0.99])
          WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - created_at)::float8) AS quantiles
        FROM kyc_verifications WHERE ${within(from, to)} AND completed_at IS NOT NULL`.execute(db);
      const [p50, p90, p99] = took[0]?.quantiles ?? [];
      return {
        total,
        periods: [...periods.values()],
        reasons: reasons.map(({ reason, count }) => ({ reason, count: Number(count) })),
        seconds: p50 === undefined ? null : { p50, p90: p90 ?? p50, p99: p99 ?? p50 },
        scores: {
          ocr: await distribution("ocr", from, to),
          liveness: await distribution("liveness", from, to),
          face_match: await distribution("face_match", from, to),
          registry: await distribution("registry", from, to),
        },
      };
    },

    async trail(verificationId, userId) {
      // By the user's index: a user has few verifications, and the log none of its own by them.
      const rows = await db
        .selectFrom("kyc_audit")
        .select(["at", "actor", "action", "detail"])
        .where("user_ref", "=", chain.pseudonym(userId))
        .where("verification_id", "=", verificationId)
        .orderBy("id", "desc")
        .limit(TRAIL)
        .execute();
      return rows
        .reverse()
        .map(({ at, actor, action, detail }) => ({ at, actor, action, detail: JSON.parse(detail) }));
    },
  };
}
