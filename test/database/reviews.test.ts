import assert from "node:assert/strict";
import { sql } from "kysely";
import { reviews } from "../../src/database/reviews.ts";
import type { QueueFilter } from "../../src/verification/review.ts";
import { onBothDatabases } from "../support/databases.ts";
import type { Storage } from "../support/storage.ts";

const T0 = new Date("2026-03-01T00:00:00Z");
const DAY_MS = 86_400_000;
const day = (n: number) => new Date(T0.getTime() + n * DAY_MS);
/** Rows enough for the planner to prefer an index where there is one. */
const MANY = 4000;
const WAITING: QueueFilter = { status: "IN_REVIEW", order: "oldest" };

/** Every 40th waits, every 20th was refused; a tenth of a day lies between two. */
async function filled(storage: Storage) {
  await storage.db.deleteFrom("kyc_verifications").execute();
  await sql`
    INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, created_at, updated_at,
      completed_at, reasons, face_score, ocr_score)
    SELECT 'v-' || lpad(n::text, 5, '0'), 'u-' || n, 'FULL_KYC',
      CASE WHEN n % 40 = 0 THEN 'IN_REVIEW' WHEN n % 20 = 10 THEN 'REJECTED' ELSE 'VERIFIED' END,
      ${T0}::timestamp + n / 10 * interval '1 day', ${T0}::timestamp,
      CASE WHEN n % 40 = 0 THEN NULL ELSE ${T0}::timestamp + n / 10 * interval '1 day' + interval '30 s' END,
      CASE WHEN n % 80 = 0 THEN '["doubtful_face"]'::jsonb WHEN n % 40 = 0 THEN '["doubtful_card"]'::jsonb
        WHEN n % 20 = 10 THEN '["liveness", "face_match"]'::jsonb END,
      CASE WHEN n % 20 = 10 THEN 0.1 ELSE 0.9 END, 1
    FROM generate_series(0, ${sql.lit(MANY - 1)}) AS n`.execute(storage.db);
  await sql`ANALYZE kyc_verifications`.execute(storage.db);
  return reviews({ db: storage.db, chain: storage.chain });
}

onBothDatabases("the store of reviewers", (it) => {
  it("the queue comes in pages that neither leave out nor repeat, in both orders, though many came at once", async (storage) => {
    const store = await filled(storage);
    for (const order of ["oldest", "newest"] as const) {
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const { items, next } = await store.queue({ ...WAITING, order }, 7, cursor);
        seen.push(...items.map(({ verificationId }) => verificationId));
        if (next === null) break;
        cursor = next;
      }
      assert.equal(seen.length, MANY / 40);
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual(order === "oldest" ? seen : seen.toReversed(), seen.toSorted());
    }
    await assert.rejects(store.queue(WAITING, 7, "nonsense"), RangeError);
  });

  it("the queue is filtered by status, reason, date and the second person", async (storage) => {
    const store = await filled(storage);
    const count = async (filter: Partial<QueueFilter>) =>
      (await store.queue({ ...WAITING, ...filter }, 1000)).items.length;
    assert.equal(await count({ reason: "doubtful_face" }), MANY / 80);
    assert.equal(await count({ reason: "doubtful" }), 0);
    assert.equal(await count({ status: "REJECTED", reason: "liveness" }), MANY / 20);
    assert.equal(await count({ from: day(4), to: day(8) }), 1);
    assert.equal(await count({ proposed: true }), 0);
    assert.equal(await count({ proposed: false }), MANY / 40);
  });

  it("statistics count what was started in their span", async (storage) => {
    const store = await filled(storage);
    const all = await store.statistics(day(0), day(400), "month");
    assert.equal(all.total.IN_REVIEW, MANY / 40);
    assert.equal(all.total.REJECTED, MANY / 20);
    assert.equal(
      Object.values(all.total).reduce((sum, count) => sum + count, 0),
      MANY,
    );
    assert.deepEqual(
      all.periods.slice(0, 2).map(({ start }) => start.toISOString()),
      ["2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"],
    );
    assert.deepEqual(all.seconds, { p50: 30, p90: 30, p99: 30 });
    assert.deepEqual(all.reasons.slice(0, 2), [
      { reason: "face_match", count: MANY / 20 },
      { reason: "liveness", count: MANY / 20 },
    ]);
    const { face_match: scores, ocr, registry } = all.scores;
    assert.equal(scores.find(({ from, to }) => from <= 0.1 && 0.1 < to)?.count, MANY / 20);
    assert.equal(ocr.at(-1)?.count, MANY, "1 is in the last step");
    assert.ok(registry.every(({ count }) => count === 0));
    const none = await store.statistics(day(-9), day(-8), "day");
    assert.deepEqual([none.seconds, none.periods, none.reasons], [null, [], []]);
  });

  it("neither reads the table where an index will do", async (storage) => {
    await filled(storage);
    const plan = async (query: ReturnType<typeof sql>) =>
      JSON.stringify((await sql`EXPLAIN ${query}`.execute(storage.db)).rows);
    const page = sql`SELECT verification_id FROM kyc_verifications WHERE status = 'IN_REVIEW'
    ORDER BY created_at, verification_id LIMIT 20`;
    assert.match(await plan(page), /idx_kyc_queue/);
    const span = sql`SELECT status, count(*) FROM kyc_verifications
    WHERE created_at >= ${day(1)}::timestamp AND created_at < ${day(5)}::timestamp GROUP BY 1`;
    assert.match(await plan(span), /idx_kyc_statistics/);
  });
});
