import onnxProto from "onnx-proto";
import { floatsOf } from "./onnx.ts";

const { onnx } = onnxProto;

/**
 * The recogniser with the columns of its last layer that stand for `alphabet`, and no others: a class that a KTP
 * cannot hold is then never read, and the layer costs less.
 * @param model     a PP-OCR recogniser (CTC, softmax over the classes at the end)
 * @param keys      its list of characters, one a line; class 0 is the CTC blank, the class after the last is the space
 * @param alphabet  the classes to keep, in the order in which they are to come out; "" is the blank
 * @throws RangeError where `keys` lacks a character of `alphabet`, or the model has no layer of that many classes
 */
export function keepClasses(model: Uint8Array, keys: string, alphabet: readonly string[]): Uint8Array {
  const characters = ["", ...keys.split(/\r?\n/).filter((line) => line !== ""), " "];
  const columns = alphabet.map((character) => {
    const index = characters.indexOf(character);
    if (index < 0) throw new RangeError(`the recogniser has no class for "${character}"`);
    return index;
  });

  const decoded = onnx.ModelProto.decode(model);
  const { graph } = decoded;
  const constants = (graph?.node ?? [])
    .filter((node) => node.opType === "Constant")
    .flatMap((node) => node.attribute?.flatMap(({ t }) => (t ? [t] : [])) ?? []);
  const layer = [...(graph?.initializer ?? []), ...constants].filter(
    (tensor) => Number(tensor.dims?.at(-1)) === characters.length,
  );
  if (!graph || layer.length === 0)
    throw new RangeError(`the recogniser has no layer of ${characters.length} classes`);
  for (const tensor of layer) {
    const rows = (tensor.dims ?? []).slice(0, -1).map(Number);
    const kept = pick(floatsOf(tensor), characters.length, columns);
    tensor.dims = [...rows, columns.length];
    tensor.floatData = [];
    tensor.rawData = new Uint8Array(kept.buffer);
  }
  // The shapes noted for the values between the nodes are those of the wide layer; the runtime finds them itself.
  graph.valueInfo = [];
  for (const output of graph.output ?? []) {
    const axes = output.type?.tensorType?.shape?.dim;
    axes?.splice(-1, 1, onnx.TensorShapeProto.Dimension.create({ dimValue: columns.length }));
  }
  return onnx.ModelProto.encode(decoded).finish();
}

/** Of a matrix of `width` columns, those named. */
function pick(matrix: Float32Array, width: number, columns: readonly number[]): Float32Array {
  const rows = matrix.length / width;
  const out = new Float32Array(rows * columns.length);
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < columns.length; c++) out[row * columns.length + c] = matrix[row * width + columns[c]];
  return out;
}
