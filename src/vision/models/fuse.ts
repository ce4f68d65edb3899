import { EditedGraph, type Node, wholeNumbers } from "./edit.ts";

/** h-swish(x) = x · ReLU6(x + 3) / 6 (Howard et al., Searching for MobileNetV3, 2019). */
const SHIFT = 3;
const SCALE = 6;

/**
 * The same network in fewer steps. PP-OCRv4's PP-LCNetV3 blocks come out of Paddle as convolution, scalar scale and
 * shift, h-swish in four steps, scalar scale and shift: nine passes over the values, of which ONNX Runtime merges none
 * into the convolution. Here
 * 1. a scale and shift after a convolution go into its weights and bias;
 * 2. h-swish becomes x · HardSigmoid(x), which ONNX Runtime makes part of the convolution before it;
 * 3. a scale after an activation goes into the weights of the convolutions that follow; the shift into their bias, or,
 *    where a border is padded with zeros that it would not reach, into a BatchNormalization, which ONNX Runtime runs
 *    without leaving the convolutions' own layout.
 * The results differ by rounding alone (some 10⁻⁶).
 *
 * @param model  an ONNX file whose constants are float32
 */
export function fuseActivations(model: Uint8Array): Uint8Array {
  const graph = new EditedGraph(model, "fused");
  for (const conv of graph.all("Conv")) foldInto(graph, conv);
  for (const shift of graph.all("Add")) joinHardSwish(graph, shift);
  return graph.encode();
}

/** A scalar scale and shift: y = scale · x + shift. */
interface Affine {
  readonly scale: number;
  readonly shift: number;
  /** The nodes that do it, and the value that the last one gives. */
  readonly nodes: readonly Node[];
  readonly output: string;
}

/** Step 1. */
function foldInto(graph: EditedGraph, conv: Node): void {
  const { scale, shift, nodes, output } = affineAfter(graph, conv.output![0]);
  if (nodes.length === 0) return;
  const bias = graph.biasOf(conv);
  setWeights(
    graph,
    conv,
    graph.floats(conv.input![1]).map((w) => w * scale),
  );
  setBias(
    graph,
    conv,
    bias.map((b) => b * scale + shift),
  );
  graph.remove(nodes);
  conv.output = [output];
}

/** Steps 2 and 3. @param shift  the node that may be the +3 of an h-swish */
function joinHardSwish(graph: EditedGraph, shift: Node): void {
  const x = shift.input!.find((name) => !graph.isConstant(name));
  if (x === undefined || graph.scalarBeside(shift, x) !== SHIFT) return;
  const clip = graph.onlyUser(shift.output![0], "Clip");
  const product = clip && graph.onlyUser(clip.output![0], "Mul");
  const quotient = product && graph.onlyUser(product.output![0], "Div");
  if (!quotient || !product.input!.includes(x)) return;
  if (graph.scalarBeside(quotient, product.output![0]) !== SCALE) return;

  const gate = graph.node("HardSigmoid", [x], {
    output: shift.output![0],
    attributes: { alpha: { f: 1 / SCALE }, beta: { f: SHIFT / SCALE } },
  });
  const gated = graph.node("Mul", [x, gate.value], { output: quotient.output![0] });
  graph.replace(shift, [gate.node, gated.node]);
  graph.remove([clip, product, quotient]);
  foldForward(graph, gated.node);
}

/** Step 3: what follows an activation goes into the convolutions after it, where it goes nowhere else. */
function foldForward(graph: EditedGraph, activation: Node): void {
  const from = activation.output![0];
  const { scale, shift, nodes, output } = affineAfter(graph, from);
  const next = graph.users(output);
  const convs = next.filter((node) => node.opType === "Conv" && node.input![0] === output);
  if (nodes.length === 0 || convs.length !== next.length || graph.isOutput(output)) return;
  graph.remove(nodes);
  if (convs.some(isPadded)) {
    const [channels] = graph.shape(convs[0].input![1]);
    const same = (value: number) => graph.constant([channels], new Float32Array(channels).fill(value));
    const shifted = graph.node("BatchNormalization", [from, same(1), same(shift / scale), same(0), same(1)], {
      output,
      attributes: { epsilon: { f: 0 } },
    });
    graph.insertAfter(activation, shifted.node);
  } else {
    for (const conv of convs) {
      const weights = graph.floats(conv.input![1]);
      const bias = graph.biasOf(conv);
      const each = weights.length / bias.length;
      const reached = bias.map((b, o) => b + shift * sum(weights.subarray(o * each, (o + 1) * each)));
      setBias(graph, conv, reached);
      conv.input![0] = from;
    }
  }
  for (const conv of convs)
    setWeights(
      graph,
      conv,
      graph.floats(conv.input![1]).map((w) => w * scale),
    );
}

/** The scalar scales and shifts that a value goes through, and nothing else does. */
function affineAfter(graph: EditedGraph, value: string): Affine {
  let [scale, shift, output] = [1, 0, value];
  const nodes: Node[] = [];
  for (;;) {
    const node = graph.onlyUser(output);
    const by = node && graph.scalarBeside(node, output);
    if (by === undefined || by === null || !["Mul", "Add"].includes(node!.opType!)) break;
    [scale, shift] = node!.opType === "Mul" ? [scale * by, shift * by] : [scale, shift + by];
    nodes.push(node!);
    output = node!.output![0];
  }
  return { scale, shift, nodes, output };
}

function setWeights(graph: EditedGraph, conv: Node, weights: Float32Array): void {
  conv.input![1] = graph.constant(graph.shape(conv.input![1]), weights);
}

function setBias(graph: EditedGraph, conv: Node, bias: Float32Array): void {
  conv.input![2] = graph.constant([bias.length], bias);
}

const isPadded = (conv: Node) => wholeNumbers(conv, "pads").some((pad) => pad !== 0);

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
