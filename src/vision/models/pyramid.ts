import { EditedGraph, type Node, wholeNumbers } from "./edit.ts";

/** The side of the convolutions that are taken apart, with a border of 1. */
const SIDE = 3;
/** Of a slice: to the end. */
const END = 2 ** 31 - 1;

/**
 * The DB detector in half of the operations. Its pyramid (RSE-FPN) enlarges what it saw at coarse scales, each pixel
 * into a square of equal ones, and then puts that through 3 × 3 convolutions at its finest scale: most of its products
 * are of one value with several weights. Here
 * 1. a convolution over a sum, or over maps side by side, becomes the sum of one over each;
 * 2. one over a map enlarged to twice its sides becomes a 2 × 2 convolution of the small map, with four times the
 *    channels: one for each of the four places of a pixel, whose weights are sums of those that met the same value;
 * 3. one over a few channels that were spread to many and weighed (squeeze and excitation) becomes one over the few,
 *    its weights made for each picture;
 * 4. the two transposed convolutions at the end, whose squares do not overlap, become pointwise ones, with the
 *    normalisation between them in their weights.
 * The results differ by rounding alone (some 10⁻⁵).
 *
 * @param model  an ONNX file of operator set 11 as `fuseActivations` leaves it
 */
export function lowerPyramid(model: Uint8Array): Uint8Array {
  const graph = new EditedGraph(model, "pyramid");
  for (const conv of graph.all("Conv")) {
    if (!hasBorder(graph, conv)) continue;
    splitConcat(graph, conv);
    splitSum(graph, conv);
  }
  for (const transposed of graph.all("ConvTranspose")) makePointwise(graph, transposed);
  return graph.encode();
}

function hasBorder(graph: EditedGraph, conv: Node): boolean {
  const [, , ...kernel] = graph.shape(conv.input![1]);
  const all = (name: string) => wholeNumbers(conv, name).every((n) => n === 1);
  return kernel.every((side) => side === SIDE) && ["pads", "strides", "group"].every(all) && !conv.input![2];
}

/** By how much a value was enlarged; 1 where it was not, or goes elsewhere too. */
function enlargedBy(graph: EditedGraph, value: string): number {
  const resize = graph.maker(value);
  if (resize?.opType !== "Resize" || !graph.onlyUser(value)) return 1;
  return graph.floats(resize.input![2])[2];
}

const CONVOLVED = {
  kernel_shape: { ints: [SIDE, SIDE] },
  pads: { ints: [1, 1, 1, 1] },
};

/** Of maps side by side, each of as many channels: those that were enlarged apart from the others. */
function splitConcat(graph: EditedGraph, conv: Node): void {
  const concat = graph.maker(conv.input![0]);
  if (concat?.opType !== "Concat" || !graph.onlyUser(concat.output![0])) return;
  const weights = weightsOf(graph, conv.input![1]);
  const each = weights.inputs / concat.input!.length;
  const maps = concat.input!.map((value, i) => ({
    value,
    by: enlargedBy(graph, value),
    channels: Array.from({ length: each }, (_, k) => i * each + k),
  }));
  const [small, large] = [maps.filter(({ by }) => by > 1), maps.filter(({ by }) => by === 1)];
  if (small.length === 0 || large.length !== 1) return;

  const nodes: Node[] = [];
  const halves = small.map(({ value, by }) => {
    const resize = graph.maker(value)!;
    if (by === 2) return resize.input![0];
    const scales = graph.constant([4], Float32Array.of(1, 1, by / 2, by / 2));
    const half = graph.node("Resize", [resize.input![0], resize.input![1], scales]);
    half.node.attribute = resize.attribute;
    nodes.push(half.node);
    return half.value;
  });
  const beside = graph.node("Concat", halves, { attributes: { axis: { i: 1 } } });
  const ofSmall = pick(
    weights,
    small.flatMap(({ channels }) => channels),
  );
  const enlarged = ofEnlarged(graph, beside.value, ofSmall);
  const ofLarge = pick(weights, large[0].channels);
  const rest = graph.node(
    "Conv",
    [large[0].value, graph.constant([ofLarge.outputs, ofLarge.inputs, SIDE, SIDE], ofLarge.values)],
    { attributes: CONVOLVED },
  );
  const sum = graph.node("Add", [rest.value, enlarged.value], { output: conv.output![0] });
  graph.replace(conv, [...nodes, beside.node, ...enlarged.nodes, rest.node, sum.node]);
}

/** Of the sum of a map that was enlarged to twice its sides and another one. */
function splitSum(graph: EditedGraph, conv: Node): void {
  const sum = graph.maker(conv.input![0]);
  if (sum?.opType !== "Add" || !graph.onlyUser(sum.output![0])) return;
  const small = sum.input!.find((value) => enlargedBy(graph, value) === 2);
  const other = sum.input!.find((value) => value !== small);
  const spread = other && spreadOf(graph, other);
  if (!small || !spread) return;
  const weights = weightsOf(graph, conv.input![1]);
  const enlarged = ofEnlarged(graph, graph.maker(small)!.input![0], weights);
  const rest = ofSpread(graph, spread, weights);
  const both = graph.node("Add", [rest.value, enlarged.value], { output: conv.output![0] });
  graph.replace(conv, [...enlarged.nodes, ...rest.nodes, both.node]);
}

interface Weights {
  readonly outputs: number;
  readonly inputs: number;
  /** outputs × inputs × 3 × 3 */
  readonly values: Float32Array;
}

function weightsOf(graph: EditedGraph, name: string): Weights {
  const [outputs, inputs] = graph.shape(name);
  return { outputs, inputs, values: graph.floats(name) };
}

const TAPS = SIDE * SIDE;

/** The weights of some of the channels that go in. */
function pick({ outputs, inputs, values }: Weights, channels: readonly number[]): Weights {
  const picked = new Float32Array(outputs * channels.length * TAPS);
  for (let o = 0; o < outputs; o++)
    channels.forEach((channel, i) => {
      const from = (o * inputs + channel) * TAPS;
      picked.set(values.subarray(from, from + TAPS), (o * channels.length + i) * TAPS);
    });
  return { outputs, inputs: channels.length, values: picked };
}

interface Part {
  readonly nodes: readonly Node[];
  readonly value: string;
}

/** Which row of the small map's two a row of the weights meets, for the upper and the lower of a pixel's two rows. */
const MEETS = [
  [0, 1, 1],
  [0, 0, 1],
] as const;

/** Step 2: what a convolution gives of `small` enlarged to twice its sides. */
function ofEnlarged(graph: EditedGraph, small: string, { outputs, inputs, values }: Weights): Part {
  const folded = new Float32Array(4 * outputs * inputs * 4);
  for (let place = 0; place < 4; place++) {
    const [rows, columns] = [MEETS[place >> 1], MEETS[place & 1]];
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        for (let tap = 0; tap < TAPS; tap++) {
          const at = 2 * rows[Math.floor(tap / SIDE)] + columns[tap % SIDE];
          folded[((place * outputs + o) * inputs + i) * 4 + at] += values[(o * inputs + i) * TAPS + tap];
        }
  }
  const conv = graph.node("Conv", [small, graph.constant([4 * outputs, inputs, 2, 2], folded)], {
    attributes: { kernel_shape: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } },
  });
  // With its border the result has a row and a column more than the map: the upper left place of a pixel begins with
  // the first of them, the lower right one with the second.
  const places = [0, 1, 2, 3].map((place) => {
    const [y, x] = [place >> 1, place & 1];
    const starts = graph.integers([place * outputs, y, x]);
    const ends = graph.integers([(place + 1) * outputs, y ? END : -1, x ? END : -1]);
    return graph.node("Slice", [conv.value, starts, ends, graph.integers([1, 2, 3])]);
  });
  const beside = graph.node(
    "Concat",
    places.map(({ value }) => value),
    { attributes: { axis: { i: 1 } } },
  );
  const spread = graph.node("DepthToSpace", [beside.value], { attributes: { blocksize: { i: 2 } } });
  return {
    nodes: [conv.node, ...places.map(({ node }) => node), beside.node, spread.node],
    value: spread.value,
  };
}

/** u + u · gate, where u is a pointwise convolution of `few`, and `gate` one number a channel. */
interface Spread {
  readonly few: string;
  readonly gate: string;
  readonly pointwise: Node;
  /** The mean of u over the picture. */
  readonly mean: Node;
}

function spreadOf(graph: EditedGraph, value: string): Spread | null {
  const sum = graph.maker(value);
  if (sum?.opType !== "Add") return null;
  const product = sum.input!.map((name) => graph.maker(name)).find((node) => node?.opType === "Mul");
  if (!product) return null;
  const u = sum.input!.find((name) => name !== product.output![0]);
  if (u === undefined || !product.input!.includes(u)) return null;
  const gate = product.input!.find((name) => name !== u);
  const pointwise = graph.maker(u);
  if (gate === undefined || pointwise?.opType !== "Conv" || pointwise.input![2]) return null;
  if (graph.shape(pointwise.input![1])[2] !== 1) return null;
  const [mean, ...others] = graph.users(u).filter((node) => node !== sum && node !== product);
  if (mean?.opType !== "GlobalAveragePool" || others.length > 0) return null;
  return { few: pointwise.input![0], gate, pointwise, mean };
}

/** Step 3: what a convolution gives of channels that were spread from few ones. */
function ofSpread(graph: EditedGraph, { few, gate, pointwise, mean }: Spread, weights: Weights): Part {
  // The mean of what a pointwise convolution gives is what it gives of the mean.
  const meanOfFew = graph.node("GlobalAveragePool", [few]);
  const spreadMean = graph.node("Conv", [meanOfFew.value, pointwise.input![1]], { output: mean.output![0] });
  graph.replace(mean, [meanOfFew.node, spreadMean.node]);

  const { outputs, inputs: many, values } = weights;
  const [, inputs] = graph.shape(pointwise.input![1]);
  const byTap = new Float32Array(values.length);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < many; i++)
      for (let tap = 0; tap < TAPS; tap++)
        byTap[(o * TAPS + tap) * many + i] = values[(o * many + i) * TAPS + tap];
  const nodes: Node[] = [];
  const add = (operator: string, input: readonly string[], options?: Parameters<typeof graph.node>[2]) => {
    const { node, value } = graph.node(operator, input, options);
    nodes.push(node);
    return value;
  };
  const weight = add("Add", [gate, graph.constant([1], Float32Array.of(1))]);
  const column = add("Reshape", [weight, graph.integers([many, 1])]);
  const spreading = graph.constant([many, inputs], graph.floats(pointwise.input![1]));
  const weighed = add("Mul", [spreading, column]);
  const product = add("MatMul", [graph.constant([outputs * TAPS, many], byTap), weighed]);
  const grouped = add("Reshape", [product, graph.integers([outputs, TAPS, inputs])]);
  const turned = add("Transpose", [grouped], { attributes: { perm: { ints: [0, 2, 1] } } });
  const made = add("Reshape", [turned, graph.integers([outputs, inputs, SIDE, SIDE])]);
  return { value: add("Conv", [few, made], { attributes: CONVOLVED }), nodes };
}

/**
 * Step 4: two transposed convolutions of 2 × 2 in steps of 2, each with a bias behind it, a normalisation and a ReLU
 * between them and a sigmoid at the end.
 */
function makePointwise(graph: EditedGraph, first: Node): void {
  const bias = graph.onlyUser(first.output![0], "Add");
  const norm = bias && graph.onlyUser(bias.output![0], "BatchNormalization");
  const relu = norm && graph.onlyUser(norm.output![0], "Relu");
  const second = relu && graph.onlyUser(relu.output![0], "ConvTranspose");
  const lastBias = second && graph.onlyUser(second.output![0], "Add");
  const sigmoid = lastBias && graph.onlyUser(lastBias.output![0], "Sigmoid");
  if (!sigmoid) return;
  const [inputs, middle] = graph.shape(first.input![1]);
  const [one, two] = [graph.floats(first.input![1]), graph.floats(second.input![1])];
  const [scale, shift, mean, variance] = norm.input!.slice(1).map((name) => graph.floats(name));
  const epsilon = norm.attribute?.find(({ name }) => name === "epsilon")?.f ?? 0;
  const biases = graph.floats(bias.input!.find((name) => graph.isConstant(name))!);
  const [lastShift] = graph.floats(lastBias.input!.find((name) => graph.isConstant(name))!);

  // A place in the first's square, and one in the second's within it: together one of 4 × 4.
  const weights = new Float32Array(4 * middle * inputs);
  const shifts = new Float32Array(4 * middle);
  const lastWeights = new Float32Array(16 * 4 * middle);
  for (let place = 0; place < 4; place++)
    for (let m = 0; m < middle; m++) {
      const row = place * middle + m;
      const by = scale[m] / Math.sqrt(variance[m] + epsilon);
      for (let i = 0; i < inputs; i++) weights[row * inputs + i] = by * one[(i * middle + m) * 4 + place];
      shifts[row] = (biases[m] - mean[m]) * by + shift[m];
      for (let within = 0; within < 4; within++) {
        const y = 2 * (place >> 1) + (within >> 1);
        const x = 2 * (place & 1) + (within & 1);
        lastWeights[(4 * y + x) * 4 * middle + row] = two[m * 4 + within];
      }
    }
  const spread = graph.node("Conv", [
    first.input![0],
    graph.constant([4 * middle, inputs, 1, 1], weights),
    graph.constant([4 * middle], shifts),
  ]);
  const active = graph.node("Relu", [spread.value]);
  const logits = graph.node("Conv", [
    active.value,
    graph.constant([16, 4 * middle, 1, 1], lastWeights),
    graph.constant([16], new Float32Array(16).fill(lastShift)),
  ]);
  const chances = graph.node("Sigmoid", [logits.value]);
  const map = graph.node("DepthToSpace", [chances.value], {
    attributes: { blocksize: { i: 4 } },
    output: sigmoid.output![0],
  });
  graph.remove([bias, norm, relu, second, lastBias, sigmoid]);
  graph.replace(first, [spread.node, active.node, logits.node, chances.node, map.node]);
}
