import { createHmac, createSecretKey } from "node:crypto";

/** Finds equal values without storing them: who has the table but not the key learns only which rows are equal. */
export interface BlindIndex {
  /** @returns 43 characters of base64url; equal for equal NIKs, telling nothing else without the key */
  of(nik: string): string;
}

/**
 * HMAC-SHA-256 under a key of its own. A plain hash would not do: all NIKs of a birth date and district are quickly
 * tried. The key never changes, or what was indexed before is no longer found.
 * @param key  32 bytes, used for nothing else
 */
export function blindIndex(key: Uint8Array): BlindIndex {
  const secret = createSecretKey(key);
  return { of: (nik) => createHmac("sha256", secret).update(nik).digest("base64url") };
}
