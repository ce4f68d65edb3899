import type { InferenceSession } from "onnxruntime-node";
import { builtFile, checkBuilt, PACKAGED } from "./build.ts";
import { ALPHABET, CATALOGUE, type Graph, MODEL_NAMES } from "./catalogue.ts";
import { ModelMissingError, type ModelName, type Models } from "./models.ts";
import { Network } from "./network.ts";
import { readPacks } from "./packs.ts";

/** How ONNX Runtime carries out a network; see {@link openModels} for the parameters. */
export const sessionOptions = (threads: number, lowMemory = false): InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  enableCpuMemArena: !lowMemory,
  enableMemPattern: !lowMemory,
  logSeverityLevel: LOG_ERRORS,
  // A thread that spins until its next share of work takes the processor from whoever has some.
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});

/** ONNX Runtime's levels: 0 everything .. 4 fatal. What it warns of concerns whoever makes a graph, not who runs it. */
const LOG_ERRORS = 3;

/**
 * Loads networks into sessions of ONNX Runtime, each file checked against its checksum first. To be called once in
 * each worker thread; a run holds the thread that calls it.
 * @param cacheDir   where `buildModels` put the networks of the npm packages
 * @param packDir    where downloaded packs lie; what is not installed there, or is corrupt, is left out
 * @param threads    that one run may use, at least 1
 * @param names      the networks to load; all where it is left out
 * @param lowMemory  gives memory back after each run instead of keeping it for the next one
 * @throws {ModelMissingError} where a network of the npm packages is not built or is corrupt: `buildModels` mends it
 */
export async function openModels({
  cacheDir,
  packDir,
  threads,
  names = MODEL_NAMES,
  lowMemory = false,
}: {
  readonly cacheDir: string;
  readonly packDir?: string;
  readonly threads: number;
  readonly names?: readonly ModelName[];
  readonly lowMemory?: boolean;
}): Promise<Models> {
  const options = sessionOptions(threads, lowMemory);
  const found = [
    ...(await findBuilt(cacheDir, names)),
    ...(packDir === undefined ? [] : await findPacked(packDir, names)),
  ];
  const networks = new Map<ModelName, Network>();
  for (const { name, file, graph } of found)
    networks.set(name, await Network.load(name, file, graph, options));
  return {
    alphabet: ALPHABET,
    has: (name) => networks.has(name),
    get(name) {
      const network = networks.get(name);
      if (!network) throw new ModelMissingError(name, whyNotLoaded(name));
      return network;
    },
    async close() {
      for (const network of networks.values()) await network.release();
      networks.clear();
    },
  };
}

/** A file that is right, and what is known of its inputs and outputs. */
interface Found {
  readonly name: ModelName;
  readonly file: string;
  readonly graph: Graph;
}

async function findBuilt(cacheDir: string, names: readonly ModelName[]): Promise<readonly Found[]> {
  const states = await checkBuilt(
    cacheDir,
    PACKAGED.filter(({ model }) => names.includes(model)),
  );
  for (const { model, state } of states) {
    if (state !== "ok")
      throw new ModelMissingError(model, `its file in the cache is ${state}. Run "models build".`);
  }
  return states.map(({ model, source }) => ({
    name: model,
    file: builtFile(cacheDir, model),
    graph: source.graph,
  }));
}

async function findPacked(packDir: string, names: readonly ModelName[]): Promise<readonly Found[]> {
  const files = (await readPacks(packDir)).filter(({ model }) => names.includes(model));
  return files.flatMap(({ model, file, variant }) =>
    variant ? [{ name: model, file, graph: variant.graph }] : [],
  );
}

function whyNotLoaded(name: ModelName): string {
  const { source } = CATALOGUE[name];
  return source.from === "pack"
    ? `it comes in the pack "${source.pack}", which is not installed or not intact. Run "models pull ${source.pack}".`
    : "it was not asked for when the networks were loaded.";
}
