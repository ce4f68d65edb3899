import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import type { Challenge, Challenges } from "../verification/ports.ts";
import type { Action } from "../vision/liveness/actions.ts";
import type { ChallengeVerdict } from "../vision/liveness/active.ts";
import type { LivenessChallengesTable, Schema } from "./schema.ts";

const challengeOf = (row: Selectable<LivenessChallengesTable>): Challenge => ({
  challengeId: row.challenge_id,
  verificationId: row.verification_id,
  nonce: row.nonce,
  actions: row.actions as readonly Action[],
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
  passed: row.passed,
  verdict: row.verdict as ChallengeVerdict | null,
  frames: framesOf(row.frames),
});

const framesOf = (column: unknown) => (column ?? []) as readonly (string | null)[];

/** The references that rows of challenges hold. */
export const referencesIn = (rows: readonly { readonly frames: unknown }[]): string[] =>
  rows.flatMap(({ frames }) => framesOf(frames)).filter((reference) => reference !== null);

/** The challenges of one database; they are written with their verification, see {@link saveChallenge}. */
export function challenges(db: Kysely<Schema>): Challenges {
  return {
    async of(verificationId) {
      const rows = await db
        .selectFrom("kyc_liveness_challenges")
        .selectAll()
        .where("verification_id", "=", verificationId)
        .orderBy("issued_at")
        .execute();
      return rows.map(challengeOf);
    },
  };
}

/**
 * Writes a new challenge, or the verdict of one that was not used yet.
 * @returns false where it had been used: nothing was written then
 */
export async function saveChallenge(
  transaction: Transaction<Schema>,
  challenge: Challenge,
): Promise<boolean> {
  const outcome = {
    used_at: challenge.usedAt,
    passed: challenge.passed,
    verdict: challenge.verdict === null ? null : JSON.stringify(challenge.verdict),
    frames: challenge.frames.length === 0 ? null : JSON.stringify(challenge.frames),
  };
  const saved = await transaction
    .insertInto("kyc_liveness_challenges")
    .values({
      challenge_id: challenge.challengeId,
      verification_id: challenge.verificationId,
      nonce: challenge.nonce,
      actions: JSON.stringify(challenge.actions),
      issued_at: challenge.issuedAt,
      expires_at: challenge.expiresAt,
      ...outcome,
    })
    .onConflict((conflict) =>
      conflict
        .column("challenge_id")
        .doUpdateSet(outcome)
        .where("kyc_liveness_challenges.used_at", "is", null),
    )
    .returning("challenge_id")
    .executeTakeFirst();
  return saved !== undefined;
}

/**
 * Takes the frames out of the challenges of some verifications.
 * @param replacedBy  where given, of those alone that ended like this one, which keeps its own
 * @returns the references that nothing holds any more
 */
export async function releaseFrames(
  transaction: Transaction<Schema>,
  verificationIds: readonly string[],
  replacedBy?: Challenge,
): Promise<string[]> {
  if (verificationIds.length === 0) return [];
  const { rows } = await sql<{ frames: unknown }>`
    WITH gone AS (
      SELECT challenge_id, frames FROM kyc_liveness_challenges
      WHERE verification_id IN (${sql.join(verificationIds)}) AND frames IS NOT NULL
        ${replacedBy ? sql`AND passed = ${replacedBy.passed} AND challenge_id <> ${replacedBy.challengeId}` : sql``}
      FOR UPDATE)
    UPDATE kyc_liveness_challenges c SET frames = NULL FROM gone WHERE c.challenge_id = gone.challenge_id
    RETURNING gone.frames`.execute(transaction);
  return referencesIn(rows);
}
