import { SealBrokenError, type Sealer } from "../security/sealer.ts";

/** How a sealed value stands in a JSONB column. */
interface SealedJson {
  readonly sealed: string;
}

function isSealed(value: unknown): value is SealedJson {
  return typeof value === "object" && value !== null && typeof (value as SealedJson).sealed === "string";
}

/** @returns the text of a JSONB value that holds the bytes, sealed */
export function sealBytes(sealer: Sealer, bytes: Uint8Array, context: string): string {
  return JSON.stringify({ sealed: Buffer.from(sealer.seal(bytes, context)).toString("base64") });
}

/** @throws {SealBrokenError} */
export function openBytes(sealer: Sealer, value: unknown, context: string): Uint8Array {
  if (!isSealed(value))
    throw new SealBrokenError("A sealed value was expected, something else stands there.");
  return sealer.open(Buffer.from(value.sealed, "base64"), context);
}

export function sealJson(sealer: Sealer, value: unknown, context: string): string {
  return sealBytes(sealer, Buffer.from(JSON.stringify(value)), context);
}

/**
 * Opens a sealed value; a plain one, written by the replaced service, is taken as it is.
 * @throws {SealBrokenError}
 */
export function openJson(sealer: Sealer, value: unknown, context: string): unknown {
  if (!isSealed(value)) return value;
  return JSON.parse(Buffer.from(openBytes(sealer, value, context)).toString("utf8"));
}
