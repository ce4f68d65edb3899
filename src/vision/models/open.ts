import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { builtFile, checkBuilt } from "./build.ts";
import { ALPHABET, CATALOGUE, type Graph, type Input, MODEL_NAMES } from "./catalogue.ts";
import { type Model, ModelMissingError, type ModelName, type Models, type Tensor } from "./models.ts";
import { checkPackFile } from "./packs.ts";

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
  const options: InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: !lowMemory,
    enableMemPattern: !lowMemory,
  };
  const loaded = new Map<ModelName, LoadedModel>();
  for (const name of names) {
    const found = await find(name, cacheDir, packDir);
    // By path: the runtime then reads the file itself, without a second copy of it in JavaScript's memory.
    if (found)
      loaded.set(
        name,
        new LoadedModel(name, await InferenceSession.create(found.file, options), found.graph),
      );
  }
  return {
    alphabet: ALPHABET,
    has: (name) => loaded.has(name),
    get(name) {
      const model = loaded.get(name);
      if (!model) throw new ModelMissingError(name, "it is not loaded.");
      return model;
    },
    async close() {
      for (const model of loaded.values()) await model.release();
      loaded.clear();
    },
  };
}

/** The file of a network and what is known of its inputs and outputs; null for a pack that cannot be used. */
async function find(
  name: ModelName,
  cacheDir: string,
  packDir: string | undefined,
): Promise<{ readonly file: string; readonly graph: Graph } | null> {
  const { source } = CATALOGUE[name];
  if (source.from === "pack") {
    const found = packDir === undefined ? null : await checkPackFile(packDir, { model: name, source });
    return found?.variant ? { file: found.file, graph: found.variant.graph } : null;
  }
  const state = (await checkBuilt(cacheDir, [name])).get(name);
  if (state !== "ok")
    throw new ModelMissingError(name, `its file in the cache is ${state}. Run "models build".`);
  return { file: builtFile(cacheDir, name), graph: source.graph };
}

class LoadedModel implements Model {
  readonly name: ModelName;
  readonly #session: InferenceSession;
  readonly #graph: Graph;
  /** The numbers of the last run, to be written over by the next one of the same size. */
  #spare: Float32Array | null = null;

  constructor(name: ModelName, session: InferenceSession, graph: Graph) {
    this.name = name;
    this.#session = session;
    this.#graph = graph;
  }

  async see(
    rgb: Uint8Array | Float32Array,
    width: number,
    height: number,
    count = 1,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const { input, outputs } = this.#graph;
    this.#check(rgb, width, height, count);
    // Taken, not shared: a second call while the first one runs gets numbers of its own.
    const spare = this.#spare;
    this.#spare = null;
    const numbers = spare?.length === rgb.length ? spare : new Float32Array(rgb.length);
    fill(numbers, rgb, width * height, input);
    const dims = input.layout === "NHWC" ? [count, height, width, 3] : [count, 3, height, width];
    const given = await this.#session.run({
      [this.#session.inputNames[0]]: new OrtTensor("float32", numbers, dims),
    });
    this.#spare = numbers;
    const named: Record<string, Tensor> = {};
    for (const [name, { from = name, softmax }] of Object.entries(outputs)) {
      const { dims, data } = given[from] as OrtTensor & { readonly data: Float32Array };
      named[name] = { dims, data: softmax ? softmaxRows(data, dims.at(-1)!) : data };
    }
    return named;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #check(rgb: Uint8Array | Float32Array, width: number, height: number, count: number): void {
    const { input } = this.#graph;
    const fits = (side: number, fixed: number | null) =>
      fixed === null ? side > 0 && side % (input.multipleOf ?? 1) === 0 : side === fixed;
    if (!fits(width, input.width) || !fits(height, input.height))
      throw new RangeError(
        `"${this.name}" takes ${size(input.width, input)} × ${size(input.height, input)} pixels, not ${width} × ${height}`,
      );
    if (count < 1 || rgb.length !== count * width * height * 3)
      throw new RangeError(
        `${count} pictures of ${width} × ${height} hold ${count * width * height * 3} numbers, not ${rgb.length}`,
      );
  }
}

const size = (fixed: number | null, { multipleOf = 1 }: Input) => fixed ?? `any multiple of ${multipleOf}`;

/**
 * RGB pixels as the numbers that a network takes.
 * @param out     as long as `rgb`
 * @param pixels  of one picture
 */
function fill(out: Float32Array, rgb: Uint8Array | Float32Array, pixels: number, input: Input): void {
  const { layout, order, mean, std } = input;
  for (let channel = 0; channel < 3; channel++) {
    const from = order === "RGB" ? channel : 2 - channel;
    const scale = 1 / std[channel];
    const shift = -mean[channel] * scale;
    for (let picture = 0; picture < rgb.length; picture += pixels * 3) {
      const end = picture + pixels * 3;
      if (layout === "NHWC") {
        for (let i = picture + from, o = picture + channel; i < end; i += 3, o += 3)
          out[o] = rgb[i] * scale + shift;
      } else {
        for (let i = picture + from, o = picture + channel * pixels; i < end; i += 3, o++)
          out[o] = rgb[i] * scale + shift;
      }
    }
  }
}

/** Softmax over rows of `width` numbers; the largest is subtracted first, so that nothing overflows. */
function softmaxRows(logits: Float32Array, width: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += width) {
    const largest = logits.subarray(row, row + width).reduce((a, b) => Math.max(a, b));
    let sum = 0;
    for (let i = row; i < row + width; i++) sum += out[i] = Math.exp(logits[i] - largest);
    for (let i = row; i < row + width; i++) out[i] /= sum;
  }
  return out;
}
