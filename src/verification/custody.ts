import { KycError } from "./errors.ts";
import type { Actor, AuditTrail, Clock } from "./ports.ts";

/** How long something is kept; null: for ever. */
export type Period = { readonly years: number } | { readonly days: number } | null;

/** How long each kind of data is kept. */
export interface RetentionPolicy {
  /** After the account was closed: readings, the registry's answers, and with them the whole verification. */
  readonly identity: Period;
  /** After the account was closed: photographs. */
  readonly images: Period;
  /** After the account was closed: embeddings of faces. */
  readonly faces: Period;
  /** After they were sent. */
  readonly events: Period;
  /** After they were written. */
  readonly audit: Period;
}

/** What the platform has promised its users: five years after the account is closed, seven for audit records. */
export const DEFAULT_RETENTION: RetentionPolicy = {
  identity: { years: 5 },
  images: { years: 5 },
  faces: { years: 5 },
  events: { days: 30 },
  audit: { years: 7 },
};

/** The moment before which something has been kept long enough; null where it is kept for ever. */
export function keptSince(now: Date, period: Period): Date | null {
  if (period === null) return null;
  const since = new Date(now);
  if ("years" in period) since.setUTCFullYear(since.getUTCFullYear() - period.years);
  else since.setUTCDate(since.getUTCDate() - period.days);
  return since;
}

/** What an erasure removed. */
export interface Erased {
  readonly verifications: number;
  readonly images: number;
  /** Events that were sent; what is not sent yet goes when it is. */
  readonly events: number;
  /** References of photographs that the replaced service stored: they are not in this store. */
  readonly imagesElsewhere: readonly string[];
}

/** What expired data come to. */
export interface Expired {
  readonly images: number;
  readonly faces: number;
  readonly users: number;
  readonly events: number;
  readonly audit: number;
}

/** What custody needs of the database. */
export interface Keeper {
  closeAccount(by: Actor, userId: string, at: Date, now: Date): Promise<void>;
  /** Everything of a user in one transaction, with its entry in the audit log. */
  erase(by: Actor, userId: string, now: Date): Promise<Erased>;
  /** Removes what the policy keeps no longer, some of it each time. */
  expire(policy: RetentionPolicy, now: Date): Promise<Expired>;
  /** References of photographs to be removed now; each is given to one caller, and again later if it is not done. */
  imagesToRemove(now: Date, limit: number): Promise<readonly string[]>;
  imageRemoved(reference: string): Promise<void>;
}

/** The platform's orders about a user's data, and the clock's. */
export interface Custody {
  /** From now on the periods of retention run. */
  closeAccount(caller: Actor, userId: string, at: Date): Promise<void>;
  /** Removes all that is known of a user but the audit log, in which the user is a pseudonym. */
  eraseUser(caller: Actor, userId: string): Promise<Erased>;
  /** @returns what was removed because its time was over */
  expire(): Promise<Expired>;
  /** Removes photographs that nothing refers to. @returns how many */
  removeImages(): Promise<number>;
}

/** Photographs removed in one go. */
const BATCH = 100;
/** Clocks of the platform and of this service may differ by this much. */
const AHEAD_MS = 5 * 60_000;

export function custody({
  keeper,
  removeImage,
  audit,
  clock,
  policy,
}: {
  keeper: Keeper;
  /** Does nothing where there is no such photograph. */
  removeImage: (reference: string) => Promise<void>;
  audit: AuditTrail;
  clock: Clock;
  policy: RetentionPolicy;
}): Custody {
  const refuseOthers = async (caller: Actor, userId: string, to: string) => {
    if (caller.scopes.has("kyc:service")) return;
    await audit.record({
      at: clock.now(),
      by: caller,
      action: "access.refused",
      userId,
      verificationId: null,
      detail: { to },
    });
    throw new KycError(
      "KYC_AUTH_003",
      403,
      "This is for the platform: the token needs the scope kyc:service.",
    );
  };

  const removeImages = async () => {
    const references = await keeper.imagesToRemove(clock.now(), BATCH);
    const done = await Promise.allSettled(
      references.map(async (reference) => {
        await removeImage(reference);
        await keeper.imageRemoved(reference);
      }),
    );
    const failed = done.filter((result) => result.status === "rejected");
    if (failed.length > 0) {
      throw new AggregateError(
        failed.map(({ reason }) => reason),
        "photographs could not be removed; it is tried again",
      );
    }
    return references.length;
  };

  return {
    async closeAccount(caller, userId, at) {
      await refuseOthers(caller, userId, "close");
      if (Number.isNaN(at.getTime()) || at.getTime() - clock.now().getTime() > AHEAD_MS) {
        throw new KycError("KYC_VAL_001", 400, "closed_at lies in the future. Send it when it has come.");
      }
      await keeper.closeAccount(caller, userId, at, clock.now());
    },

    async eraseUser(caller, userId) {
      await refuseOthers(caller, userId, "erase");
      const erased = await keeper.erase(caller, userId, clock.now());
      // The order stands once the transaction does; a store that refuses now is asked again by the timekeeper.
      await removeImages().catch(() => undefined);
      return erased;
    },

    expire: () => keeper.expire(policy, clock.now()),
    removeImages,
  };
}
