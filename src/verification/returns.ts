import type { Claim, Verifications } from "./ports.ts";

/**
 * Remembers the claims of work that failed, above all because the database could not be reached, so that they are
 * given back as soon as it can be: who sends the photograph again then need not wait until the claim ends by itself.
 * Where a commit came through and only its answer was lost, the claim is gone already, and giving it back does nothing.
 * @param leaseSeconds  after which a claim has ended by itself
 */
export function returningClaims(
  verifications: Verifications,
  leaseSeconds: number,
): { readonly verifications: Verifications; returnClaims(): Promise<void> } {
  /** Each with the moment, on the clock that nobody sets, at which it has ended. */
  const held = new Map<Claim, number>();
  const remembering = async <T>(claim: Claim, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      held.set(claim, performance.now() + leaseSeconds * 1000);
      throw error;
    }
  };
  return {
    verifications: {
      ...verifications,
      settle: (claim, ...rest) => remembering(claim, verifications.settle(claim, ...rest)),
      conclude: (claim, ...rest) => remembering(claim, verifications.conclude(claim, ...rest)),
      release: (claim) => remembering(claim, verifications.release(claim)),
    },
    async returnClaims() {
      for (const [claim, ended] of [...held]) {
        if (performance.now() < ended) await verifications.release(claim);
        held.delete(claim);
      }
    },
  };
}
