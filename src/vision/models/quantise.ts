import { EditedGraph, type Node, wholeNumbers } from "./edit.ts";

/** Operators of ONNX Runtime's own. */
const RUNTIMES_OWN = "com.microsoft";
/** Narrower convolutions gain less than turning the axes costs. */
const LEAST_CHANNELS = 64;
/**
 * Processors that have AVX2 or AVX-512 without VNNI add the products of two neighbouring values (0..255) and weights in
 * 16 bits. Of four neighbours no two weights of one sign may come to more than 128, since 255 · 128 < 2¹⁵: nothing
 * overflows then, and one file reads the same on every machine. Before they are rounded they may come to one less.
 */
const NEIGHBOURS = 4;
const MOST_OF_TWO = 127;
/** From channels before the rows, as a convolution has them, to channels last, as a product of matrices does; and back. */
const CHANNELS_LAST = { perm: { ints: [0, 2, 3, 1] } };
const CHANNELS_FIRST = { perm: { ints: [0, 3, 1, 2] } };

/**
 * The same network with its pointwise convolutions, nine tenths of its operations, in whole numbers: about a third of
 * the time. A pointwise convolution is the product of the matrix of all pixels and that of the weights. Each column of
 * weights is divided by a scale of its own and rounded; the values are so by ONNX Runtime, between the least and the
 * greatest of each picture, so that nothing was to be measured beforehand. Sums are exact, bias and scale float32.
 * All else stays float32: the first layers and the depthwise convolutions, which are few operations, and the head.
 *
 * @param model  an ONNX file as `fuseActivations` leaves it
 */
export function quantisePointwise(model: Uint8Array): Uint8Array {
  const graph = new EditedGraph(model, "quantised");
  graph.addOperators(RUNTIMES_OWN, 1);
  for (const conv of graph.all("Conv")) if (isPointwise(graph, conv)) quantise(graph, conv);
  return graph.encode();
}

function isPointwise(graph: EditedGraph, conv: Node): boolean {
  const [most, least, ...kernel] = graph.shape(conv.input![1]);
  const plain =
    kernel.every((side) => side === 1) &&
    ["group", "strides"].every((name) => wholeNumbers(conv, name).every((n) => n === 1)) &&
    wholeNumbers(conv, "pads").every((pad) => pad === 0);
  return plain && Math.min(most, least) >= LEAST_CHANNELS && !isOfOnePixel(graph, conv);
}

/** Whether it weighs channels, each by its mean over the picture (squeeze and excitation): a single row of numbers. */
function isOfOnePixel(graph: EditedGraph, conv: Node): boolean {
  let before = graph.maker(conv.input![0]);
  while (before && ["Conv", "Relu"].includes(before.opType!)) before = graph.maker(before.input![0]);
  return before?.opType === "GlobalAveragePool";
}

function quantise(graph: EditedGraph, conv: Node): void {
  const [outputs, inputs] = graph.shape(conv.input![1]);
  const { columns, scales } = rounded(graph.floats(conv.input![1]), outputs, inputs);
  const turned = graph.node("Transpose", [conv.input![0]], { attributes: CHANNELS_LAST });
  const product = graph.node(
    "DynamicQuantizeMatMul",
    [
      turned.value,
      graph.constant([inputs, outputs], columns),
      graph.constant([outputs], scales),
      graph.constant([outputs], new Int8Array(outputs)),
      graph.constant([outputs], graph.biasOf(conv)),
    ],
    { domain: RUNTIMES_OWN },
  );
  const { nodes, from, replaced } = activationAfter(graph, conv, product.value);
  const output = replaced.at(-1)!.output![0];
  const back = graph.node("Transpose", [from], { attributes: CHANNELS_FIRST, output });
  graph.remove(replaced.slice(1));
  graph.replace(conv, [turned.node, product.node, ...nodes, back.node]);
}

/**
 * Columns of weights as whole numbers, each with the scale that they are to be multiplied by.
 * @param weights  outputs × inputs
 * @returns columns: inputs × outputs
 */
function rounded(
  weights: Float32Array,
  outputs: number,
  inputs: number,
): { readonly columns: Int8Array; readonly scales: Float32Array } {
  const columns = new Int8Array(weights.length);
  const scales = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const of = weights.subarray(o * inputs, (o + 1) * inputs);
    const most = mostOfTwo(of);
    scales[o] = most > 0 ? most / MOST_OF_TWO : 1;
    of.forEach((w, i) => {
      columns[i * outputs + o] = Math.round(w / scales[o]);
    });
  }
  return { columns, scales };
}

/** The greatest sum, without its sign, of two weights of one sign among {@link NEIGHBOURS}. */
function mostOfTwo(weights: Float32Array): number {
  let most = 0;
  for (let i = 0; i < weights.length; i += NEIGHBOURS) {
    const neighbours = weights.slice(i, i + NEIGHBOURS);
    for (const side of [neighbours, neighbours.map((w) => -w)]) {
      const [greatest = 0, second = 0] = side.filter((w) => w > 0).sort((a, b) => b - a);
      most = Math.max(most, greatest + second);
    }
  }
  return most;
}

interface Activation {
  readonly nodes: readonly Node[];
  /** The value that comes out of them. */
  readonly from: string;
  /** Those that they stand for: the convolution, then what followed it. */
  readonly replaced: readonly Node[];
}

/**
 * The h-swish and shift behind a convolution, for channels last: the axes are then turned back after them, which the
 * runtime does in one pass with bringing them to the layout of the depthwise convolution that follows.
 */
function activationAfter(graph: EditedGraph, conv: Node, value: string): Activation {
  const nothing = { nodes: [], from: value, replaced: [conv] };
  const [output] = conv.output!;
  const users = graph.users(output);
  const gate = users.find(({ opType }) => opType === "HardSigmoid");
  const product = gate && graph.onlyUser(gate.output![0], "Mul");
  if (!product || users.length !== 2 || !users.includes(product)) return nothing;
  const gated = graph.node("HardSigmoid", [value]);
  gated.node.attribute = gate.attribute;
  const swish = graph.node("Mul", [value, gated.value]);
  const replaced = [conv, gate, product];
  const nodes = [gated.node, swish.node];
  const norm = graph.onlyUser(product.output![0], "BatchNormalization");
  if (!norm || !onlyShifts(graph, norm)) return { nodes, from: swish.value, replaced };
  const shift = graph.node("Add", [swish.value, norm.input![2]]);
  return { nodes: [...nodes, shift.node], from: shift.value, replaced: [...replaced, norm] };
}

/** Whether a normalisation adds its bias and does nothing else. */
function onlyShifts(graph: EditedGraph, { input }: Node): boolean {
  const [scale, mean, variance] = [input![1], input![3], input![4]].map((name) => graph.floats(name));
  return scale.every((s) => s === 1) && mean.every((m) => m === 0) && variance.every((v) => v === 1);
}
