import { type Axis, OnnxGraph } from "./onnx.ts";
import { readWeights, transpose, type Weight, type WeightsManifest } from "./weights.ts";

/** One node of a frozen TensorFlow graph, as TensorFlow.js writes it to JSON. */
interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, TfAttribute>>;
}

/** Numbers of 64 bits come as strings, strings as base64. */
interface TfAttribute {
  readonly s?: string;
  readonly b?: boolean;
  readonly list?: { readonly i?: readonly (string | number)[]; readonly s?: readonly string[] };
  readonly shape?: { readonly dim?: readonly { readonly size: string | number }[] };
}

/** The parts of a TensorFlow.js `model.json` (graph model) that are read. */
export interface TfjsModel {
  readonly modelTopology: { readonly node: readonly TfNode[] };
  readonly weightsManifest: WeightsManifest;
}

/** A graph that holds something this converter does not know. `node` and `op` say where. */
export class TfjsConversionError extends Error {
  readonly node: string;
  readonly op: string;
  constructor(node: TfNode, what: string) {
    super(`The node "${node.name}" (${node.op}) cannot be converted: ${what}.`);
    this.name = "TfjsConversionError";
    this.node = node.name;
    this.op = node.op;
  }
}

/**
 * A TensorFlow.js graph model as an ONNX file. TensorFlow holds pictures as batch × height × width × channels (NHWC),
 * ONNX computes on batch × channels × height × width (NCHW): inputs are turned once on the way in, pictures stay
 * turned between the nodes, constants are turned here, and what leaves is turned back, so that inputs and outputs
 * are those of the original. The batch may be of any size, also where the original was frozen with a batch of one.
 * @param name     what the graph is called in the file
 * @param bytes    the weights: the files of the manifest, one after another
 * @param outputs  for each output wanted, the nodes that it is read from; several are joined along axis 1.
 *                 Nodes that lead to none of them are left out
 * @throws {TfjsConversionError} for a node, or a way of using it, that is not known
 */
export function convertTfjs(
  name: string,
  model: TfjsModel,
  bytes: Uint8Array,
  outputs: Readonly<Record<string, readonly string[]>>,
): Uint8Array {
  const conversion = new Conversion(name, model, bytes);
  for (const [output, nodes] of Object.entries(outputs)) conversion.output(output, nodes);
  return conversion.graph.encode();
}

/** A value in the ONNX graph. `picture`: of four axes, NHWC in the original and NCHW here. */
interface Value {
  readonly name: string;
  readonly picture: boolean;
}

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];
/** TensorFlow's element-wise nodes of two operands. */
const PAIRWISE: Readonly<Record<string, string>> = {
  Add: "Add",
  AddV2: "Add",
  Mul: "Mul",
  Minimum: "Min",
  Maximum: "Max",
};

class Conversion {
  readonly graph: OnnxGraph;
  readonly #nodes: ReadonlyMap<string, TfNode>;
  readonly #weights: ReadonlyMap<string, Weight>;
  readonly #values = new Map<string, Value>();

  constructor(name: string, model: TfjsModel, bytes: Uint8Array) {
    this.graph = new OnnxGraph(name);
    this.#nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
    this.#weights = readWeights(model.weightsManifest, bytes);
  }

  output(name: string, nodes: readonly string[]): void {
    const parts = nodes.map((node) => this.#asInOriginal(this.#value(node)));
    this.graph.output(name, parts.length === 1 ? parts[0] : this.graph.add("Concat", parts, { axis: 1 }));
  }

  /** The value of a node; the nodes that it needs are converted first, each once. */
  #value(reference: string): Value {
    const name = nodeName(reference);
    const known = this.#values.get(name);
    if (known) return known;
    const node = this.#nodes.get(name);
    if (!node) throw new RangeError(`the graph has no node "${name}"`);
    const value = this.#convert(node);
    this.#values.set(name, value);
    return value;
  }

  #convert(node: TfNode): Value {
    switch (node.op) {
      case "Placeholder":
        return this.#placeholder(node);
      case "Identity":
        return this.#value(input(node, 0));
      case "Conv2D":
      case "_FusedConv2D":
      case "DepthwiseConv2dNative":
        return this.#convolution(node);
      case "MaxPool":
        return this.#maxPool(node);
      case "_FusedMatMul":
        return this.#dense(node);
      case "Relu":
      case "Sigmoid":
      case "Prelu":
        return this.#activation(node, node.op, this.#value(input(node, 0)), node.input?.[1]);
      case "Softmax":
        return this.#softmax(node);
      case "Add":
      case "AddV2":
      case "Mul":
      case "Minimum":
      case "Maximum":
        return this.#pairwise(node);
      case "Pad":
        return this.#pad(node);
      case "Mean":
        return this.#mean(node);
      case "Reshape":
        return this.#reshape(node);
      case "ConcatV2":
        return this.#concat(node);
      default:
        throw new TfjsConversionError(node, "this kind of node is not known");
    }
  }

  #placeholder(node: TfNode): Value {
    const sizes = node.attr?.shape?.shape?.dim?.map((dim) => Number(dim.size)) ?? [];
    const shape: Axis[] = sizes.map((size, axis) => (axis === 0 ? "N" : size < 0 ? `d${axis}` : size));
    const name = this.graph.input(node.name, shape);
    return sizes.length === 4
      ? { name: this.graph.add("Transpose", [name], { perm: TO_NCHW }), picture: true }
      : { name, picture: false };
  }

  #convolution(node: TfNode): Value {
    const x = this.#picture(node, 0);
    const filter = this.#weight(node, 1);
    const depthwise = node.op === "DepthwiseConv2dNative";
    const [height, width, channels, outputs] = filter.shape;
    // Depthwise: `outputs` filters for each channel; ONNX writes that as one group a channel.
    const kernel = depthwise
      ? this.graph.floats([channels * outputs, 1, height, width], transpose(filter, [2, 3, 0, 1]))
      : this.graph.floats([outputs, channels, height, width], transpose(filter, [3, 2, 0, 1]));
    const fused = fusedOps(node);
    const biased = fused[0] === "BiasAdd";
    const inputs = [x.name, kernel];
    if (biased) inputs.push(this.#vector(node, 2));
    const name = this.graph.add("Conv", inputs, {
      kernel_shape: [height, width],
      strides: overSpace(node, "strides"),
      dilations: node.attr?.dilations ? overSpace(node, "dilations") : [1, 1],
      group: depthwise ? channels : 1,
      auto_pad: padding(node),
    });
    return this.#fusedActivation(node, fused.slice(biased ? 1 : 0), { name, picture: true }, biased ? 3 : 2);
  }

  #maxPool(node: TfNode): Value {
    const x = this.#picture(node, 0);
    const name = this.graph.add("MaxPool", [x.name], {
      kernel_shape: overSpace(node, "ksize"),
      strides: overSpace(node, "strides"),
      auto_pad: padding(node),
    });
    return { name, picture: true };
  }

  #dense(node: TfNode): Value {
    const x = this.#value(input(node, 0));
    if (x.picture || node.attr?.transpose_a?.b || node.attr?.transpose_b?.b)
      throw new TfjsConversionError(node, "only rows × weights are known");
    const weight = this.#weight(node, 1);
    const fused = fusedOps(node);
    if (fused[0] !== "BiasAdd") throw new TfjsConversionError(node, "a bias is expected");
    const inputs = [x.name, this.graph.floats(weight.shape, weight.data), this.#vector(node, 2)];
    return this.#fusedActivation(
      node,
      fused.slice(1),
      { name: this.graph.add("Gemm", inputs), picture: false },
      3,
    );
  }

  #fusedActivation(node: TfNode, kinds: readonly string[], x: Value, slope: number): Value {
    if (kinds.length > 1) throw new TfjsConversionError(node, `it fuses ${kinds.join(" and ")}`);
    return kinds.length === 0 ? x : this.#activation(node, kinds[0], x, node.input?.[slope]);
  }

  #activation(node: TfNode, kind: string, x: Value, slope: string | undefined): Value {
    const { picture } = x;
    switch (kind) {
      case "Relu":
      case "Sigmoid":
        return { name: this.graph.add(kind, [x.name]), picture };
      case "Prelu":
        if (slope === undefined) break;
        return { name: this.graph.add("PRelu", [x.name, this.#operand(node, slope, picture)]), picture };
    }
    throw new TfjsConversionError(node, `the activation ${kind} is not known`);
  }

  #softmax(node: TfNode): Value {
    const x = this.#value(input(node, 0));
    return { name: this.graph.add("Softmax", [x.name], { axis: x.picture ? 1 : -1 }), picture: x.picture };
  }

  #pairwise(node: TfNode): Value {
    const operands = [input(node, 0), input(node, 1)];
    const kinds = operands.filter((name) => !this.#constant(name)).map((name) => this.#value(name).picture);
    if (kinds.length === 0 || kinds.some((kind) => kind !== kinds[0]))
      throw new TfjsConversionError(node, "a picture meets something that is none");
    const [picture] = kinds;
    const names = operands.map((name) => this.#operand(node, name, picture));
    return { name: this.graph.add(PAIRWISE[node.op], names), picture };
  }

  #pad(node: TfNode): Value {
    const x = this.#picture(node, 0);
    const { data } = this.#weight(node, 1);
    const begins = TO_NCHW.map((axis) => data[2 * axis]);
    const ends = TO_NCHW.map((axis) => data[2 * axis + 1]);
    return {
      name: this.graph.add("Pad", [x.name, this.graph.integers([...begins, ...ends])]),
      picture: true,
    };
  }

  #mean(node: TfNode): Value {
    const x = this.#picture(node, 0);
    const axes = Array.from(this.#weight(node, 1).data, (axis) => TO_NCHW.indexOf((axis + 4) % 4)).sort();
    const keep = node.attr?.keep_dims?.b ?? false;
    if (!keep && axes.join() !== "2,3")
      throw new TfjsConversionError(node, "what is left is neither a picture nor one vector a picture");
    return { name: this.graph.add("ReduceMean", [x.name], { axes, keepdims: keep ? 1 : 0 }), picture: keep };
  }

  #reshape(node: TfNode): Value {
    const x = this.#value(input(node, 0));
    const shape = Array.from(this.#weight(node, 1).data);
    // Frozen with a batch of one: 0 copies the batch that there is. It leads in pictures, so it is the same axis.
    if (x.picture && shape[0] === 1 && !shape.includes(-1)) shape[0] = 0;
    const name = this.graph.add("Reshape", [this.#asInOriginal(x), this.graph.integers(shape)]);
    return { name, picture: false };
  }

  #concat(node: TfNode): Value {
    const inputs = node.input ?? [];
    const parts = inputs.slice(0, -1).map((name) => this.#value(name));
    const axis = this.#weight(node, inputs.length - 1).data[0];
    const { picture } = parts[0];
    if (parts.some((part) => part.picture !== picture))
      throw new TfjsConversionError(node, "a picture is joined with something that is none");
    const name = this.graph.add(
      "Concat",
      parts.map((part) => part.name),
      { axis: picture ? TO_NCHW.indexOf((axis + 4) % 4) : axis },
    );
    return { name, picture };
  }

  /** The name of `value` in the axes that the original has. */
  #asInOriginal(value: Value): string {
    return value.picture ? this.graph.add("Transpose", [value.name], { perm: TO_NHWC }) : value.name;
  }

  #picture(node: TfNode, index: number): Value {
    const value = this.#value(input(node, index));
    if (!value.picture) throw new TfjsConversionError(node, "it does not get a picture");
    return value;
  }

  /** An operand of an element-wise node; a constant is brought to the axes of the value that it meets. */
  #operand(node: TfNode, reference: string, picture: boolean): string {
    const constant = this.#constant(reference);
    if (!constant) return this.#value(reference).name;
    const { shape, data } = constant;
    if (!(data instanceof Float32Array))
      throw new TfjsConversionError(node, "it computes with whole numbers");
    if (!picture) return this.graph.floats(shape, data);
    // TensorFlow fills missing axes in front; with them in place the constant can be turned like a picture.
    const full = { shape: [...Array<number>(4 - shape.length).fill(1), ...shape], data };
    const [, ...axes] = TO_NCHW.map((axis) => full.shape[axis]);
    if (full.shape[0] !== 1) throw new TfjsConversionError(node, "a constant has a batch of its own");
    return this.graph.floats(axes, transpose(full, TO_NCHW));
  }

  #vector(node: TfNode, index: number): string {
    const { shape, data } = this.#weight(node, index);
    return this.graph.floats(shape, data);
  }

  #weight(node: TfNode, index: number): Weight {
    const weight = this.#constant(input(node, index));
    if (!weight) throw new TfjsConversionError(node, `its input ${index} is not a constant`);
    return weight;
  }

  #constant(reference: string): Weight | undefined {
    return this.#weights.get(nodeName(reference));
  }
}

/** "conv/BiasAdd:0" names the first output of "conv/BiasAdd". */
const nodeName = (reference: string) => reference.replace(/:0$/, "");

const text = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64").toString();

function input(node: TfNode, index: number): string {
  const name = node.input?.[index];
  if (name === undefined) throw new TfjsConversionError(node, `it has no input ${index}`);
  return name;
}

const fusedOps = (node: TfNode) => node.attr?.fused_ops?.list?.s?.map(text) ?? [];

/** An attribute of four numbers, one an axis of NHWC: those of height and width. */
function overSpace(node: TfNode, name: string): number[] {
  if (text(node.attr?.data_format?.s) === "NCHW")
    throw new TfjsConversionError(node, "its pictures are NCHW");
  const axes = node.attr?.[name]?.list?.i?.map(Number) ?? [];
  if (axes.length !== 4) throw new TfjsConversionError(node, `it does not say its ${name}`);
  return axes.slice(1, 3);
}

/** TensorFlow's SAME puts the odd row or column at the end, which ONNX calls SAME_UPPER. */
function padding(node: TfNode): string {
  const kind = text(node.attr?.padding?.s);
  if (kind === "SAME") return "SAME_UPPER";
  if (kind === "VALID") return "VALID";
  throw new TfjsConversionError(node, `the padding ${kind} is not known`);
}
