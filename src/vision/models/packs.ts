import { join } from "node:path";
import { CATALOGUE, MODEL_NAMES, type PackName, type PackSource, type PackVariant } from "./catalogue.ts";
import { sha256File } from "./files.ts";
import type { ModelName } from "./models.ts";

/**
 * `ok`; `absent`: not installed, which is allowed; `corrupt`: a file of its name that is none of the known ones, which
 * is not used.
 */
export type PackState = "ok" | "absent" | "corrupt";

/** A file of a pack as it lies, or would lie, in the packs' folder. */
export interface PackFile {
  readonly pack: PackName;
  readonly model: ModelName;
  readonly file: string;
  readonly state: PackState;
  /** Which of the known contents it has; null unless it is `ok`. */
  readonly variant: PackVariant | null;
}

/** A network that comes in a pack. */
export interface PackedModel {
  readonly model: ModelName;
  readonly source: PackSource;
}

/** The networks of a pack, or of all packs. */
export function packedModels(pack?: PackName): readonly PackedModel[] {
  return MODEL_NAMES.flatMap((model) => {
    const { source } = CATALOGUE[model];
    return source.from === "pack" && (pack ?? source.pack) === source.pack ? [{ model, source }] : [];
  });
}

/** The known content that has this checksum. */
export const variantOf = (source: PackSource, sha256: string): PackVariant | null =>
  source.variants.find((variant) => variant.sha256 === sha256) ?? null;

/** Looks at one file of a pack and tells by its checksum which of the known variants it is. */
export async function checkPackFile(packDir: string, { model, source }: PackedModel): Promise<PackFile> {
  const file = join(packDir, source.file);
  const found = await sha256File(file);
  const variant = found === null ? null : variantOf(source, found);
  const state = found === null ? "absent" : variant ? "ok" : "corrupt";
  return { pack: source.pack, model, file, state, variant };
}

/**
 * How the files of all packs stand.
 * @example
 * const files = (await readPacks(packDir)).filter(({ pack }) => pack === "minifasnet");
 * files.every(({ state }) => state === "ok"); // the strong spoofing networks will be used
 */
export const readPacks = (packDir: string): Promise<readonly PackFile[]> =>
  Promise.all(packedModels().map((packed) => checkPackFile(packDir, packed)));
