import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** The element types that a graph built here holds: TensorProto.DataType of onnx.proto. */
const FLOAT = 1;
const INT64 = 7;

/** Known to every ONNX Runtime since 1.8, and the last where Pad, ReduceMean and the like are as they are used here. */
const OPSET = 13;
const IR_VERSION = 7;

/** An attribute of a node: whole numbers become INT or INTS, strings STRING. */
export type Attribute = number | string | readonly number[];

/** One axis of an input or output: its length, or the name of a length that is free. */
export type Axis = number | string;

/**
 * An ONNX graph in the making. Names of values are counted, never random, and nodes are written in the order in which
 * they are added, so that the same calls give the same bytes.
 *
 * @example
 * const graph = new OnnxGraph("twice");
 * graph.input("x", ["N", 3]);
 * graph.output("y", graph.add("Mul", ["x", graph.floats([1], [2])]), ["N", 3]);
 * await writeFile("twice.onnx", graph.encode());
 */
export class OnnxGraph {
  readonly #graph;
  #values = 0;

  constructor(name: string) {
    this.#graph = onnx.GraphProto.create({ name });
  }

  /** Declares an input of float32. Returns its name. */
  input(name: string, shape: readonly Axis[]): string {
    this.#graph.input.push(valueInfo(name, shape));
    return name;
  }

  /** A constant of float32, rows first. Returns its name. */
  floats(shape: readonly number[], values: ArrayLike<number>): string {
    return this.#constant(FLOAT, shape, Float32Array.from(values));
  }

  /** A constant vector of int64, as shapes and paddings are. Returns its name. */
  integers(values: readonly number[]): string {
    return this.#constant(INT64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Adds a node of one output. Returns the output's name. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const output = `v${this.#values++}`;
    this.#graph.node.push(
      onnx.NodeProto.create({
        opType: operator,
        name: output,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  /** Declares `value` as the output `name`. A shape that is left out is found by the runtime. */
  output(name: string, value: string, shape?: readonly Axis[]): void {
    this.#graph.node.push(
      onnx.NodeProto.create({ opType: "Identity", input: [value], output: [name], name }),
    );
    this.#graph.output.push(valueInfo(name, shape));
  }

  /** The model as the bytes of an .onnx file. */
  encode(): Uint8Array {
    return onnx.ModelProto.encode(
      onnx.ModelProto.create({
        irVersion: IR_VERSION,
        producerName: "payu-kyc",
        opsetImport: [{ domain: "", version: OPSET }],
        graph: this.#graph,
      }),
    ).finish();
  }

  #constant(dataType: number, shape: readonly number[], values: Float32Array | BigInt64Array): string {
    const count = shape.reduce((a, b) => a * b, 1);
    if (values.length !== count)
      throw new RangeError(`a constant of shape [${shape}] takes ${count} numbers, not ${values.length}`);
    const name = `v${this.#values++}`;
    this.#graph.initializer.push(
      onnx.TensorProto.create({
        name,
        dataType,
        dims: [...shape],
        // Little-endian by the format; so are all the machines that ONNX Runtime runs on.
        rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      }),
    );
    return name;
  }
}

function attribute(name: string, value: Attribute) {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "string")
    return onnx.AttributeProto.create({
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  if (typeof value === "number")
    return onnx.AttributeProto.create({ name, type: AttributeType.INT, i: value });
  return onnx.AttributeProto.create({ name, type: AttributeType.INTS, ints: [...value] });
}

function valueInfo(name: string, shape?: readonly Axis[]) {
  const dim = shape?.map((axis) => (typeof axis === "string" ? { dimParam: axis } : { dimValue: axis }));
  return onnx.ValueInfoProto.create({
    name,
    type: { tensorType: { elemType: FLOAT, ...(dim && { shape: { dim } }) } },
  });
}

/** The numbers of a float32 tensor, however its writer laid them down. */
export function floatsOf({ rawData, floatData }: onnxProto.onnx.ITensorProto): Float32Array {
  if (!rawData?.length) return Float32Array.from(floatData ?? []);
  return new Float32Array(Uint8Array.from(rawData).buffer);
}
