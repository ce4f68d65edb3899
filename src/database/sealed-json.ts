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
 * @returns its JSON; null where nothing stands there
 * @throws {SealBrokenError}
 */
export function openText(sealer: Sealer, value: unknown, context: string): string | null {
  if (!isSealed(value)) return value === null ? null : JSON.stringify(value);
  const { buffer, byteOffset, length } = openBytes(sealer, value, context);
  return Buffer.from(buffer, byteOffset, length).toString("utf8");
}

/** As {@link openText}. @returns the value itself */
export function openJson(sealer: Sealer, value: unknown, context: string): unknown {
  return isSealed(value) ? JSON.parse(openText(sealer, value, context) as string) : value;
}
