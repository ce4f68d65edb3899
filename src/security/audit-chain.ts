import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from "node:crypto";

/** One entry of the audit log as it is stored, without its place in the table. */
export interface ChainEntry {
  /** The chain that it belongs to, a UUID. */
  readonly lane: string;
  /** 1, 2, … within the chain. */
  readonly seq: number;
  readonly at: Date;
  /** Who: `user:<pseudonym>`, `reviewer:<subject>`, `platform:<subject>` or `service`. */
  readonly actor: string;
  readonly action: string;
  /** Whose data it is about, as a pseudonym. */
  readonly user_ref: string | null;
  readonly verification_id: string | null;
  readonly trace_id: string | null;
  /** JSON text, hashed as it stands. */
  readonly detail: string;
}

/** Links entries of the audit log, and names users in it without saying who they are. */
export interface AuditChain {
  /**
   * The hash that binds an entry to all before it in its chain.
   * @param before  the hash of the entry before, or `lane` for the first
   * @returns 43 characters of base64url
   */
  link(before: string, entry: ChainEntry): string;
  /** Whether `hash` is what {@link AuditChain.link} gives. */
  holds(before: string, entry: ChainEntry, hash: string): boolean;
  /** @returns 43 characters of base64url: equal for equal users, telling nothing else without the key */
  pseudonym(userId: string): string;
}

const DERIVED_BYTES = 32;

/**
 * HMAC-SHA-256 rather than a plain hash: whoever may write to the database, but has not the key, cannot alter an entry
 * and compute the chain anew.
 * @param key  32 bytes, kept with the data and sealed; two keys are drawn from it (HKDF, RFC 5869)
 */
export function auditChain(key: Uint8Array): AuditChain {
  const derive = (purpose: string) =>
    createSecretKey(
      Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), `payu-kyc audit ${purpose}`, DERIVED_BYTES)),
    );
  const linking = derive("chain");
  const naming = derive("pseudonym");
  const mac = (before: string, entry: ChainEntry) =>
    createHmac("sha256", linking)
      // An array of known length and order: no two entries have the same text.
      .update(
        JSON.stringify([
          before,
          entry.lane,
          entry.seq,
          entry.at.toISOString(),
          entry.actor,
          entry.action,
          entry.user_ref,
          entry.verification_id,
          entry.trace_id,
          entry.detail,
        ]),
      )
      .digest();
  return {
    link: (before, entry) => mac(before, entry).toString("base64url"),
    holds(before, entry, hash) {
      const given = Buffer.from(hash, "base64url");
      const due = mac(before, entry);
      return given.length === due.length && timingSafeEqual(given, due);
    },
    pseudonym: (userId) => createHmac("sha256", naming).update(userId).digest("base64url"),
  };
}
