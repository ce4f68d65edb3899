import { hkdfSync } from "node:crypto";
import type { KeyRing } from "./keys.ts";

/**
 * The key that signs tokens where the deployment gave none: drawn from the key-encryption key (HKDF, RFC 5869), so
 * that the service and its commands find the same one without another file. For development only.
 * @returns 64 hexadecimal digits
 */
export function developmentSecret(keys: KeyRing): string {
  const drawn = hkdfSync(
    "sha256",
    keys.active.key,
    Buffer.alloc(0),
    "payu-kyc development token signing",
    32,
  );
  return Buffer.from(drawn).toString("hex");
}
