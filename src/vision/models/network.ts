import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Graph, Input } from "./catalogue.ts";
import type { Model, ModelName, Tensor } from "./models.ts";

/** A network in a session of ONNX Runtime. */
export class Network implements Model {
  readonly name: ModelName;
  readonly #session: InferenceSession;
  readonly #graph: Graph;
  /** The numbers of earlier runs, to be written over by the next one that is no larger. */
  #spare: Float32Array | null = null;

  private constructor(name: ModelName, session: InferenceSession, graph: Graph) {
    this.name = name;
    this.#session = session;
    this.#graph = graph;
  }

  /** Loads `file`, whose inputs and outputs are as `graph` says. */
  static async load(
    name: ModelName,
    file: string,
    graph: Graph,
    options: InferenceSession.SessionOptions,
  ): Promise<Network> {
    // By path: the runtime then reads the file itself, without a second copy of it in JavaScript's memory.
    return new Network(name, await InferenceSession.create(file, options), graph);
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
    const room = spare && spare.length >= rgb.length ? spare : new Float32Array(rgb.length);
    const numbers = room.subarray(0, rgb.length);
    fill(numbers, rgb, width * height, input);
    const dims = input.layout === "NHWC" ? [count, height, width, 3] : [count, 3, height, width];
    const given = await this.#session.run({
      [this.#session.inputNames[0]]: new OrtTensor("float32", numbers, dims),
    });
    this.#spare = room;
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
    if (input.batch === 1 && count !== 1) throw new RangeError(`"${this.name}" takes one picture at a time`);
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
