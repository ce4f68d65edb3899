import onnxProto from "onnx-proto";
import { floatsOf } from "./onnx.ts";

const { onnx } = onnxProto;
type Node = onnxProto.onnx.INodeProto;
type Tensor = onnxProto.onnx.ITensorProto;
type GraphProto = onnxProto.onnx.IGraphProto;

/** TensorProto.DataType and AttributeProto.AttributeType of onnx.proto. */
const FLOAT = 1;
const FLOAT_ATTRIBUTE = 1;

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
  const decoded = onnx.ModelProto.decode(model);
  if (!decoded.graph) return model;
  const graph = new Fusing(decoded.graph);
  for (const conv of graph.all("Conv")) graph.foldInto(conv);
  for (const shift of graph.all("Add")) graph.joinHardSwish(shift);
  graph.dropUnused();
  return onnx.ModelProto.encode(decoded).finish();
}

/** A scalar scale and shift: y = scale · x + shift. */
interface Affine {
  readonly scale: number;
  readonly shift: number;
  /** The nodes that do it, and the value that the last one gives. */
  readonly nodes: readonly Node[];
  readonly output: string;
}

class Fusing {
  readonly #graph: GraphProto;
  readonly #constants = new Map<string, Tensor>();
  #made = 0;

  constructor(graph: GraphProto) {
    this.#graph = graph;
    for (const node of this.all("Constant")) {
      const tensor = node.attribute?.find(({ t }) => t)?.t;
      if (tensor) this.#constants.set(node.output![0], tensor);
    }
    for (const tensor of graph.initializer ?? []) this.#constants.set(tensor.name!, tensor);
    // The shapes noted for values in between may be of values that are gone; the runtime finds them itself.
    graph.valueInfo = [];
  }

  /** The nodes of a kind, as they are now. */
  all(operator: string): readonly Node[] {
    return this.#nodes.filter(({ opType }) => opType === operator);
  }

  /** Step 1. */
  foldInto(conv: Node): void {
    const { scale, shift, nodes, output } = this.#affineAfter(conv.output![0]);
    if (nodes.length === 0) return;
    const weights = this.#floats(conv.input![1]);
    const bias = this.#biasOf(conv);
    this.#setWeights(
      conv,
      weights.map((w) => w * scale),
    );
    this.#setBias(
      conv,
      bias.map((b) => b * scale + shift),
    );
    this.#remove(nodes);
    conv.output = [output];
  }

  /** Steps 2 and 3. @param shift  the node that may be the +3 of an h-swish */
  joinHardSwish(shift: Node): void {
    const x = shift.input!.find((name) => !this.#constants.has(name));
    if (x === undefined || this.#scalarBeside(shift, x) !== SHIFT) return;
    const clip = this.#onlyUser(shift.output![0], "Clip");
    const product = clip && this.#onlyUser(clip.output![0], "Mul");
    const quotient = product && this.#onlyUser(product.output![0], "Div");
    if (!quotient || !product.input!.includes(x)) return;
    if (this.#scalarBeside(quotient, product.output![0]) !== SCALE) return;

    const gate = onnx.NodeProto.create({
      opType: "HardSigmoid",
      input: [x],
      output: shift.output,
      attribute: [floatAttribute("alpha", 1 / SCALE), floatAttribute("beta", SHIFT / SCALE)],
    });
    const gated = onnx.NodeProto.create({
      opType: "Mul",
      input: [x, gate.output[0]],
      output: quotient.output,
    });
    this.#replace(shift, [gate, gated]);
    this.#remove([clip, product, quotient]);
    this.#foldForward(gated);
  }

  dropUnused(): void {
    const used = new Set(this.#nodes.flatMap(({ input }) => input ?? []));
    this.#graph.node = this.#nodes.filter(
      ({ opType, output }) => opType !== "Constant" || used.has(output![0]),
    );
    this.#graph.initializer = this.#graph.initializer!.filter(({ name }) => used.has(name!));
  }

  /** Step 3: what follows an activation goes into the convolutions after it, where it goes nowhere else. */
  #foldForward(activation: Node): void {
    const from = activation.output![0];
    const { scale, shift, nodes, output } = this.#affineAfter(from);
    const next = this.#users(output);
    const convs = next.filter((node) => node.opType === "Conv" && node.input![0] === output);
    if (nodes.length === 0 || convs.length !== next.length || this.#isOutput(output)) return;
    this.#remove(nodes);
    if (convs.some(isPadded)) {
      const channels = Number(this.#constants.get(convs[0].input![1])?.dims?.[0]);
      const same = (value: number) => this.#constant([channels], new Float32Array(channels).fill(value));
      const shifted = onnx.NodeProto.create({
        opType: "BatchNormalization",
        input: [from, same(1), same(shift / scale), same(0), same(1)],
        output: [output],
        attribute: [floatAttribute("epsilon", 0)],
      });
      this.#insertAfter(activation, shifted);
    } else {
      for (const conv of convs) {
        const weights = this.#floats(conv.input![1]);
        const bias = this.#biasOf(conv);
        const each = weights.length / bias.length;
        const reached = bias.map((b, o) => b + shift * sum(weights.subarray(o * each, (o + 1) * each)));
        this.#setBias(conv, reached);
        conv.input![0] = from;
      }
    }
    for (const conv of convs)
      this.#setWeights(
        conv,
        this.#floats(conv.input![1]).map((w) => w * scale),
      );
  }

  /** The scalar scales and shifts that a value goes through, and nothing else does. */
  #affineAfter(value: string): Affine {
    let [scale, shift, output] = [1, 0, value];
    const nodes: Node[] = [];
    for (;;) {
      const node = this.#onlyUser(output);
      const by = node && this.#scalarBeside(node, output);
      if (by === undefined || by === null || !["Mul", "Add"].includes(node!.opType!)) break;
      [scale, shift] = node!.opType === "Mul" ? [scale * by, shift * by] : [scale, shift + by];
      nodes.push(node!);
      output = node!.output![0];
    }
    return { scale, shift, nodes, output };
  }

  get #nodes(): Node[] {
    return this.#graph.node!;
  }

  #users(value: string): readonly Node[] {
    return this.#nodes.filter(({ input }) => input?.includes(value));
  }

  #isOutput(value: string): boolean {
    return this.#graph.output!.some(({ name }) => name === value);
  }

  #onlyUser(value: string, operator?: string): Node | undefined {
    const users = this.#users(value);
    if (users.length !== 1 || this.#isOutput(value)) return undefined;
    return operator === undefined || users[0].opType === operator ? users[0] : undefined;
  }

  /** The one number that a node combines with `value`; null where it is none. */
  #scalarBeside(node: Node, value: string): number | null {
    const other = node.input!.find((name) => name !== value);
    const tensor = other === undefined ? undefined : this.#constants.get(other);
    if (tensor?.dataType !== FLOAT) return null;
    const values = floatsOf(tensor);
    return values.length === 1 ? values[0] : null;
  }

  #floats(name: string): Float32Array {
    return floatsOf(this.#constants.get(name)!);
  }

  #biasOf(conv: Node): Float32Array {
    const bias = conv.input![2];
    if (bias) return this.#floats(bias);
    return new Float32Array(Number(this.#constants.get(conv.input![1])!.dims![0]));
  }

  #setWeights(conv: Node, weights: Float32Array): void {
    const { dims } = this.#constants.get(conv.input![1])!;
    conv.input![1] = this.#constant(dims!.map(Number), weights);
  }

  #setBias(conv: Node, bias: Float32Array): void {
    conv.input![2] = this.#constant([bias.length], bias);
  }

  /** A constant of its own for whom it is made for: another convolution may share the old one. */
  #constant(dims: number[], values: Float32Array): string {
    const name = `fused.${this.#made++}`;
    const tensor = onnx.TensorProto.create({
      name,
      dims,
      dataType: FLOAT,
      rawData: new Uint8Array(values.buffer),
    });
    this.#graph.initializer!.push(tensor);
    this.#constants.set(name, tensor);
    return name;
  }

  #replace(node: Node, by: readonly Node[]): void {
    this.#nodes.splice(this.#nodes.indexOf(node), 1, ...by);
  }

  #insertAfter(node: Node, added: Node): void {
    this.#nodes.splice(this.#nodes.indexOf(node) + 1, 0, added);
  }

  #remove(nodes: readonly Node[]): void {
    this.#graph.node = this.#nodes.filter((node) => !nodes.includes(node));
  }
}

const floatAttribute = (name: string, f: number) =>
  onnx.AttributeProto.create({ name, f, type: FLOAT_ATTRIBUTE });

const isPadded = (conv: Node) =>
  conv.attribute?.some(({ name, ints }) => name === "pads" && ints?.some((pad) => Number(pad) !== 0)) ??
  false;

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
