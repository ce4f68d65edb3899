import type { Kysely, Selectable, Transaction } from "kysely";
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
});

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
