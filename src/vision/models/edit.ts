import onnxProto from "onnx-proto";
import { floatsOf } from "./onnx.ts";

const { onnx } = onnxProto;
export type Node = onnxProto.onnx.INodeProto;
type Tensor = onnxProto.onnx.ITensorProto;
type GraphProto = onnxProto.onnx.IGraphProto;
type ModelProto = onnxProto.onnx.ModelProto;

/** TensorProto.DataType and AttributeProto.AttributeType of onnx.proto. */
const FLOAT = 1;
const INT8 = 3;
const INT64 = 7;
const ATTRIBUTE = { f: 1, i: 2, ints: 7 } as const;

/** A number, a whole number, or several. */
type Attribute = { readonly f: number } | { readonly i: number } | { readonly ints: number[] };

/** The graph of an ONNX file that is about to be changed. The same changes give the same bytes. */
export class EditedGraph {
  readonly #model: ModelProto;
  readonly #graph: GraphProto;
  readonly #constants = new Map<string, Tensor>();
  readonly #prefix: string;
  #made = 0;

  /**
   * @param model   an ONNX file with a graph
   * @param prefix  of the names of what is added; another one for each time that a file is changed
   */
  constructor(model: Uint8Array, prefix: string) {
    this.#model = onnx.ModelProto.decode(model);
    this.#graph = this.#model.graph ?? {};
    this.#prefix = prefix;
    for (const node of this.all("Constant")) {
      const tensor = node.attribute?.find(({ t }) => t)?.t;
      if (tensor) this.#constants.set(node.output![0], tensor);
    }
    for (const tensor of this.#graph.initializer ?? []) this.#constants.set(tensor.name!, tensor);
    // The shapes noted for values in between may be of values that are gone; the runtime finds them itself.
    this.#graph.valueInfo = [];
  }

  /** The model as the bytes of an .onnx file, without the nodes and constants that nothing uses any more. */
  encode(): Uint8Array {
    let used = new Set<string>();
    for (let before = -1; before !== this.#nodes.length; ) {
      before = this.#nodes.length;
      used = new Set(this.#nodes.flatMap(({ input }) => input ?? []));
      this.#graph.node = this.#nodes.filter(({ output }) =>
        output?.some((value) => used.has(value) || this.isOutput(value)),
      );
    }
    this.#graph.initializer = this.#graph.initializer?.filter(({ name }) => used.has(name!));
    return onnx.ModelProto.encode(this.#model).finish();
  }

  /** Lets nodes be of another set of operators. */
  addOperators(domain: string, version: number): void {
    const known = this.#model.opsetImport.some((opset) => opset.domain === domain);
    if (!known) this.#model.opsetImport.push(onnx.OperatorSetIdProto.create({ domain, version }));
  }

  /** The nodes of a kind, as they are now. */
  all(operator: string): readonly Node[] {
    return this.#nodes.filter(({ opType }) => opType === operator);
  }

  users(value: string): readonly Node[] {
    return this.#nodes.filter(({ input }) => input?.includes(value));
  }

  /** Its only user, where it has but one and is no output. @param operator  which it must be */
  onlyUser(value: string, operator?: string): Node | undefined {
    const users = this.users(value);
    if (users.length !== 1 || this.isOutput(value)) return undefined;
    return operator === undefined || users[0].opType === operator ? users[0] : undefined;
  }

  /** The node that a value comes out of; none where it is an input or a constant. */
  maker(value: string): Node | undefined {
    return this.#nodes.find(({ opType, output }) => opType !== "Constant" && output?.includes(value));
  }

  isOutput(value: string): boolean {
    return this.#graph.output?.some(({ name }) => name === value) ?? false;
  }

  isConstant(name: string): boolean {
    return this.#constants.has(name);
  }

  /** The one number that a node combines with `value`; null where it is none. */
  scalarBeside(node: Node, value: string): number | null {
    const other = node.input!.find((name) => name !== value);
    const tensor = other === undefined ? undefined : this.#constants.get(other);
    if (tensor?.dataType !== FLOAT) return null;
    const values = floatsOf(tensor);
    return values.length === 1 ? values[0] : null;
  }

  /** The numbers of a constant of float32. */
  floats(name: string): Float32Array {
    return floatsOf(this.#constants.get(name)!);
  }

  /** Lengths of a constant's axes. */
  shape(name: string): readonly number[] {
    return this.#constants.get(name)?.dims?.map(Number) ?? [];
  }

  /** Of a convolution: one number for each channel that comes out. */
  biasOf(conv: Node): Float32Array {
    const bias = conv.input![2];
    return bias ? this.floats(bias) : new Float32Array(this.shape(conv.input![1])[0]);
  }

  /** A new constant for one user alone: others may share the one that it had. Returns its name. */
  constant(dims: readonly number[], values: Float32Array | Int8Array | BigInt64Array): string {
    const name = this.#name();
    const tensor = onnx.TensorProto.create({
      name,
      dims: [...dims],
      dataType: values instanceof Int8Array ? INT8 : values instanceof BigInt64Array ? INT64 : FLOAT,
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
    this.#graph.initializer?.push(tensor);
    this.#constants.set(name, tensor);
    return name;
  }

  /** A new constant of whole numbers, as shapes are. Returns its name. */
  integers(values: readonly number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  /** A node to be put in. @param output  the name of its value, where that is known already */
  node(
    opType: string,
    input: readonly string[],
    {
      attributes = {},
      output = this.#name(),
      domain = "",
    }: {
      readonly attributes?: Readonly<Record<string, Attribute>>;
      readonly output?: string;
      readonly domain?: string;
    } = {},
  ): { readonly node: Node; readonly value: string } {
    const attribute = Object.entries(attributes).map(([name, value]) =>
      onnx.AttributeProto.create({
        name,
        ...value,
        type: "f" in value ? ATTRIBUTE.f : "i" in value ? ATTRIBUTE.i : ATTRIBUTE.ints,
      }),
    );
    const node = onnx.NodeProto.create({ opType, domain, input: [...input], output: [output], attribute });
    return { node, value: output };
  }

  replace(node: Node, by: readonly Node[]): void {
    this.#nodes.splice(this.#nodes.indexOf(node), 1, ...by);
  }

  insertAfter(node: Node, added: Node): void {
    this.#nodes.splice(this.#nodes.indexOf(node) + 1, 0, added);
  }

  remove(nodes: readonly Node[]): void {
    this.#graph.node = this.#nodes.filter((node) => !nodes.includes(node));
  }

  get #nodes(): Node[] {
    return this.#graph.node ?? [];
  }

  #name(): string {
    return `${this.#prefix}.${this.#made++}`;
  }
}

/** Of a node's attribute its whole numbers; empty where it has none of that name. */
export const wholeNumbers = (node: Node, name: string): readonly number[] => {
  const attribute = node.attribute?.find((one) => one.name === name);
  if (!attribute) return [];
  return attribute.ints?.length ? attribute.ints.map(Number) : [Number(attribute.i)];
};
