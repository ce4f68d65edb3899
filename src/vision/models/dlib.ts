import { OnnxGraph } from "./onnx.ts";
import { readWeights, transpose, type Weight, type WeightsManifest } from "./weights.ts";

/** What the network was trained to subtract from red, green and blue (dlib, `input_rgb_image_sized`). */
const MEAN_RGB = [122.782, 117.001, 104.298];
/** Pixels a side of an aligned face. */
const SIDE = 150;
/** Length of an embedding. */
const EMBEDDING = 128;

/**
 * The blocks after the stem, in order. `down` halves height and width. The names are those of the weights: the first
 * number is how many channels come out.
 */
const BLOCKS = [
  { name: "conv32_1", down: false },
  { name: "conv32_2", down: false },
  { name: "conv32_3", down: false },
  { name: "conv64_down", down: true },
  { name: "conv64_1", down: false },
  { name: "conv64_2", down: false },
  { name: "conv64_3", down: false },
  { name: "conv128_down", down: true },
  { name: "conv128_1", down: false },
  { name: "conv128_2", down: false },
  { name: "conv256_down", down: true },
  { name: "conv256_1", down: false },
  { name: "conv256_2", down: false },
  { name: "conv256_down_out", down: true },
] as const;

/** A value of the graph with what is known of its shape. */
interface Maps {
  readonly name: string;
  readonly channels: number;
  readonly side: number;
}

/**
 * dlib's face recognition ResNet (29 layers, He et al. 2015 with half the filters; dlib
 * `dnn_face_recognition_ex.cpp`) as an ONNX file, from the weights that face-api.js publishes. These come without a
 * graph: the layers are written out here. Scale and bias after each convolution are folded into it.
 * Input `input`: N × 150 × 150 × 3, RGB 0..255. Output `embedding`: N × 128, not normalised.
 * @param manifest  of the weights
 * @param bytes     the weights
 * @throws RangeError where a layer's weights are missing or of another shape
 */
export function convertDlib(manifest: WeightsManifest, bytes: Uint8Array): Uint8Array {
  const weights = readWeights(manifest, bytes);
  const graph = new OnnxGraph("face_recognition");
  const weight = (name: string): Weight => {
    const found = weights.get(name);
    if (!found) throw new RangeError(`the weights hold no "${name}"`);
    return found;
  };

  const convolution = (x: Maps, name: string, stride: 1 | 2): Maps => {
    const filters = weight(`${name}/conv/filters`);
    const [height, width, channels, outputs] = filters.shape;
    if (channels !== x.channels)
      throw new RangeError(`"${name}" takes ${channels} channels, not ${x.channels}`);
    const scale = weight(`${name}/scale/weights`).data;
    const shift = weight(`${name}/scale/biases`).data;
    const kernel = transpose(filters, [3, 2, 0, 1]).map(
      (w, i) => w * scale[Math.floor(i / (channels * height * width))],
    );
    const bias = Array.from(weight(`${name}/conv/bias`).data, (b, i) => b * scale[i] + shift[i]);
    return {
      name: graph.add(
        "Conv",
        [x.name, graph.floats([outputs, channels, height, width], kernel), graph.floats([outputs], bias)],
        {
          kernel_shape: [height, width],
          strides: [stride, stride],
          auto_pad: stride === 1 ? "SAME_UPPER" : "VALID",
        },
      ),
      channels: outputs,
      side: stride === 1 ? x.side : Math.floor((x.side - height) / 2) + 1,
    };
  };

  const relu = (x: Maps): Maps => ({ ...x, name: graph.add("Relu", [x.name]) });

  /** Zeros after the last channel, row and column. */
  const padTo = (x: Maps, channels: number, side: number): Maps => {
    const ends = [0, channels - x.channels, side - x.side, side - x.side];
    if (ends.every((n) => n === 0)) return x;
    return { name: graph.add("Pad", [x.name, graph.integers([0, 0, 0, 0, ...ends])]), channels, side };
  };

  const block = (x: Maps, name: string, down: boolean): Maps => {
    const inner = relu(convolution(x, `${name}/conv1`, down ? 2 : 1));
    const residual = convolution(inner, `${name}/conv2`, 1);
    const shortcut = down ? averagePool(x) : x;
    // dlib adds maps of different sizes by padding the smaller one with zeros.
    const channels = Math.max(residual.channels, shortcut.channels);
    const side = Math.max(residual.side, shortcut.side);
    const sum = [padTo(shortcut, channels, side), padTo(residual, channels, side)].map(({ name }) => name);
    return relu({ name: graph.add("Add", sum), channels, side });
  };

  const averagePool = (x: Maps): Maps => ({
    name: graph.add("AveragePool", [x.name], { kernel_shape: [2, 2], strides: [2, 2] }),
    channels: x.channels,
    side: Math.floor((x.side - 2) / 2) + 1,
  });

  const turned = graph.add("Transpose", [graph.input("input", ["N", SIDE, SIDE, 3])], { perm: [0, 3, 1, 2] });
  const centred = graph.add("Sub", [turned, graph.floats([3, 1, 1], MEAN_RGB)]);
  const scaled = graph.add("Mul", [centred, graph.floats([], [1 / 255])]);
  const stem = relu(convolution({ name: scaled, channels: 3, side: SIDE }, "conv32_down", 2));
  let x: Maps = {
    name: graph.add("MaxPool", [stem.name], { kernel_shape: [3, 3], strides: [2, 2] }),
    channels: stem.channels,
    side: Math.floor((stem.side - 3) / 2) + 1,
  };
  for (const { name, down } of BLOCKS) x = block(x, name, down);
  const pooled = graph.add("ReduceMean", [x.name], { axes: [2, 3], keepdims: 0 });
  const { shape, data } = weight("fc");
  graph.output("embedding", graph.add("MatMul", [pooled, graph.floats(shape, data)]), ["N", EMBEDDING]);
  return graph.encode();
}
