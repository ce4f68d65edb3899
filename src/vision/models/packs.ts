import { join } from "node:path";
import { CATALOGUE, MODEL_NAMES, type PackName, type PackSource, type PackVariant } from "./catalogue.ts";
import { readIfThere, sha256 } from "./files.ts";
import type { ModelName } from "./models.ts";

/** `ok`; `absent`: not installed, which is allowed; `corrupt`: a file that is none of those known, not used. */
export type PackState = "ok" | "absent" | "corrupt";

/** A pack's file as it lies in the packs' folder; `variant` and `bytes` only where the state is `ok`. */
export interface PackFile {
  readonly file: string;
  readonly state: PackState;
  readonly variant: PackVariant | null;
  readonly bytes: Uint8Array | null;
}

/** The networks of a pack. */
export const modelsOf = (pack: PackName): readonly ModelName[] =>
  MODEL_NAMES.filter((name) => {
    const { source } = CATALOGUE[name];
    return source.from === "pack" && source.pack === pack;
  });

/** Reads a pack's file and tells by its sha256 which of the known variants it is. */
export async function readPackFile(packDir: string, source: PackSource): Promise<PackFile> {
  const file = join(packDir, source.file);
  const bytes = await readIfThere(file);
  if (!bytes) return { file, state: "absent", variant: null, bytes: null };
  const found = sha256(bytes);
  const variant = source.variants.find((known) => known.sha256 === found) ?? null;
  return variant
    ? { file, state: "ok", variant, bytes }
    : { file, state: "corrupt", variant: null, bytes: null };
}
