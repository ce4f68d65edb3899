/** A tensor of a TensorFlow.js weights file, brought to plain numbers. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What a weights manifest says of one tensor (tfjs-core, `WeightsManifestEntry`). */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: {
    readonly dtype: string;
    readonly scale?: number;
    readonly min?: number;
  };
}

export type WeightsManifest = readonly {
  readonly paths: readonly string[];
  readonly weights: readonly WeightEntry[];
}[];

/**
 * Reads the tensors out of a weights file: they lie one after another in the order of the manifest, as float32, int32,
 * float16, or as bytes b that stand for b × scale + min.
 * @param bytes  the files of the manifest's groups, one after another
 * @throws RangeError where the file is shorter or longer than the manifest says, TypeError for a kind of number
 *         that is none of the four
 */
export function readWeights(manifest: WeightsManifest, bytes: Uint8Array): ReadonlyMap<string, Weight> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Map<string, Weight>();
  let offset = 0;
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const count = entry.shape.reduce((a, b) => a * b, 1);
    const { width, read } = reader(entry);
    if (offset + count * width > bytes.length)
      throw new RangeError(`the weights end before "${entry.name}" is complete`);
    const data = entry.dtype === "int32" ? new Int32Array(count) : new Float32Array(count);
    for (let i = 0; i < count; i++, offset += width) data[i] = read(view, offset);
    weights.set(entry.name, { shape: entry.shape, data });
  }
  if (offset !== bytes.length)
    throw new RangeError(`the weights hold ${bytes.length - offset} bytes that nothing names`);
  return weights;
}

interface Reader {
  /** Bytes of one number. */
  readonly width: number;
  readonly read: (view: DataView, offset: number) => number;
}

function reader({ name, dtype, quantization }: WeightEntry): Reader {
  const stored = quantization?.dtype ?? dtype;
  switch (stored) {
    case "float32":
      return { width: 4, read: (view, at) => view.getFloat32(at, true) };
    case "int32":
      return { width: 4, read: (view, at) => view.getInt32(at, true) };
    case "float16":
      return { width: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) };
    case "uint8": {
      const { scale = 1, min = 0 } = quantization ?? {};
      return { width: 1, read: (view, at) => view.getUint8(at) * scale + min };
    }
    default:
      throw new TypeError(`"${name}" holds ${stored}, which is not read`);
  }
}

/** IEEE 754 binary16: one sign bit, five of exponent (bias 15), ten of fraction. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The numbers of a tensor of four axes with its axes in another order: axis i of the result is axis `order[i]`. */
export function transpose({ shape, data }: Weight, order: readonly number[]): Float32Array {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = order.map((axis) => shape[axis]);
  const [sa, sb, sc, sd] = order.map((axis) => steps[axis]);
  const out = new Float32Array(data.length);
  let o = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) out[o++] = data[i * sa + j * sb + k * sc + l * sd];
  return out;
}
