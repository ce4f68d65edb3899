import assert from "node:assert/strict";
import { test } from "node:test";
import { convertTfjs, type TfjsModel } from "../../../src/vision/models/tfjs.ts";
import { run } from "./support.ts";

type Node = TfjsModel["modelTopology"]["node"][number];
type Attributes = NonNullable<Node["attr"]>;
/** A tensor of the weights file: its shape, and its numbers. */
type Constant = readonly [shape: readonly number[], numbers: readonly number[], dtype?: "int32"];

const base64 = (text: string) => Buffer.from(text).toString("base64");
const same: Attributes = { padding: { s: base64("SAME") } };
const valid: Attributes = { padding: { s: base64("VALID") } };
const strides = (step: number): Attributes => ({
  strides: { list: { i: ["1", `${step}`, `${step}`, "1"] } },
});
const fused = (...kinds: string[]): Attributes => ({ fused_ops: { list: { s: kinds.map(base64) } } });
const node = (op: string, name: string, input: string[], attr: Attributes = {}): Node => ({
  op,
  name,
  input,
  attr,
});

/** A graph model whose input is "x" of the shape given, and whose constants are named. */
function graph(shape: readonly number[], constants: Record<string, Constant>, nodes: Node[]) {
  const weights = Object.entries(constants).map(([name, [shape, , dtype = "float32"]]) => ({
    name,
    shape,
    dtype,
  }));
  const numbers = Object.values(constants).map(([, values, dtype]) =>
    Buffer.from((dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values)).buffer),
  );
  const placeholder = node("Placeholder", "x", [], {
    shape: { shape: { dim: shape.map((size) => ({ size: `${size}` })) } },
  });
  const known = Object.keys(constants).map((name) => node("Const", name, []));
  const model: TfjsModel = {
    modelTopology: { node: [placeholder, ...known, ...nodes] },
    weightsManifest: [{ paths: ["weights.bin"], weights }],
  };
  return { model, bytes: Buffer.concat(numbers) };
}

/** Converts a graph and runs it on `values`, in the shape of its input. */
async function compute(
  shape: readonly number[],
  values: readonly number[],
  constants: Record<string, Constant>,
  nodes: Node[],
  outputs: Record<string, readonly string[]> = { y: ["y"] },
) {
  const { model, bytes } = graph(shape, constants, nodes);
  return run(convertTfjs("tiny", model, bytes, outputs), shape, values);
}

const refuses = (constants: Record<string, Constant>, nodes: Node[], what: RegExp) => {
  const { model, bytes } = graph([1, 2, 2, 1], constants, nodes);
  assert.throws(() => convertTfjs("tiny", model, bytes, { y: ["y"] }), {
    name: "TfjsConversionError",
    message: what,
  });
};

/** A picture of 2 × 2 pixels of two channels: 1, 2, 3, 4 in the first, tens of them in the second. */
const PICTURE = [1, 10, 2, 20, 3, 30, 4, 40];
const TWO_BY_TWO = [1, 2, 2, 2];

test("Identity, and inputs and outputs in TensorFlow's axes", async () => {
  const { y } = await compute(TWO_BY_TWO, PICTURE, {}, [node("Identity", "y", ["x"])]);
  assert.deepEqual(y, { dims: TWO_BY_TWO, data: PICTURE });
});

test("Conv2D without padding: every pixel under the filter, all channels", async () => {
  // 3 × 3 pixels of one channel under a filter of 2 × 2 with two outputs: the sum, and top left minus bottom right.
  const { y } = await compute(
    [1, 3, 3, 1],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    {
      w: [
        [2, 2, 1, 2],
        [1, 1, 1, 0, 1, 0, 1, -1],
      ],
    },
    [node("Conv2D", "y", ["x", "w"], { ...valid, ...strides(1) })],
  );
  assert.deepEqual(y, { dims: [1, 2, 2, 2], data: [12, -4, 16, -4, 24, -4, 28, -4] });
});

test("Conv2D with SAME padding and stride 2: the odd row and column go to the end", async () => {
  // 4 → 2 with a filter of 3: one row of padding in all, which TensorFlow puts at the bottom.
  const { y } = await compute(
    [1, 4, 4, 1],
    Array.from({ length: 16 }, (_, i) => i + 1),
    { w: [[3, 3, 1, 1], Array(9).fill(1)] },
    [node("Conv2D", "y", ["x", "w"], { ...same, ...strides(2) })],
  );
  assert.deepEqual(y, { dims: [1, 2, 2, 1], data: [54, 45, 72, 54] });
});

test("Conv2D with dilation reaches every other pixel", async () => {
  const { y } = await compute(
    [1, 3, 3, 1],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    {
      w: [
        [2, 2, 1, 1],
        [1, 1, 1, 1],
      ],
    },
    [
      node("Conv2D", "y", ["x", "w"], {
        ...valid,
        ...strides(1),
        dilations: { list: { i: ["1", "2", "2", "1"] } },
      }),
    ],
  );
  assert.deepEqual(y, { dims: [1, 1, 1, 1], data: [20] });
});

test("_FusedConv2D: bias, then the activation", async () => {
  const w: Constant = [
    [1, 1, 2, 2],
    [1, 0, 0, 1],
  ];
  const b: Constant = [[2], [-2.5, -25]];
  const plain = await compute(TWO_BY_TWO, PICTURE, { w, b }, [
    node("_FusedConv2D", "y", ["x", "w", "b"], { ...same, ...strides(1), ...fused("BiasAdd") }),
  ]);
  assert.deepEqual(plain.y.data, [-1.5, -15, -0.5, -5, 0.5, 5, 1.5, 15]);
  const relu = await compute(TWO_BY_TWO, PICTURE, { w, b }, [
    node("_FusedConv2D", "y", ["x", "w", "b"], { ...same, ...strides(1), ...fused("BiasAdd", "Relu") }),
  ]);
  assert.deepEqual(relu.y.data, [0, 0, 0, 0, 0.5, 5, 1.5, 15]);
  const slope: Constant = [
    [1, 1, 2],
    [2, 0.5],
  ];
  const prelu = await compute(TWO_BY_TWO, PICTURE, { w, b, slope }, [
    node("_FusedConv2D", "y", ["x", "w", "b", "slope"], {
      ...same,
      ...strides(1),
      ...fused("BiasAdd", "Prelu"),
    }),
  ]);
  assert.deepEqual(prelu.y.data, [-3, -7.5, -1, -2.5, 0.5, 5, 1.5, 15]);
});

test("DepthwiseConv2dNative: each channel by itself, its outputs side by side", async () => {
  // Two filters a channel: for the first channel × 1 and × 2, for the second × 3 and × 4.
  const { y } = await compute(
    TWO_BY_TWO,
    PICTURE,
    {
      w: [
        [1, 1, 2, 2],
        [1, 2, 3, 4],
      ],
    },
    [node("DepthwiseConv2dNative", "y", ["x", "w"], { ...same, ...strides(1) })],
  );
  assert.deepEqual(y.dims, [1, 2, 2, 4]);
  assert.deepEqual(y.data, [1, 2, 30, 40, 2, 4, 60, 80, 3, 6, 90, 120, 4, 8, 120, 160]);
});

test("MaxPool: windows by size and stride, padding never wins", async () => {
  const size: Attributes = { ksize: { list: { i: ["1", "2", "2", "1"] } } };
  const negative = [-1, -2, -3, -4, -5, -6, -7, -8, -9];
  const open = await compute([1, 3, 3, 1], negative, {}, [
    node("MaxPool", "y", ["x"], { ...valid, ...size, ...strides(2) }),
  ]);
  assert.deepEqual(open.y, { dims: [1, 1, 1, 1], data: [-1] });
  const padded = await compute([1, 3, 3, 1], negative, {}, [
    node("MaxPool", "y", ["x"], { ...same, ...size, ...strides(2) }),
  ]);
  assert.deepEqual(padded.y, { dims: [1, 2, 2, 1], data: [-1, -3, -7, -9] });
});

test("Relu, Sigmoid and Prelu", async () => {
  const values = [-2, 4, 0, -6];
  const shape = [1, 1, 2, 2];
  const relu = await compute(shape, values, {}, [node("Relu", "y", ["x"])]);
  assert.deepEqual(relu.y.data, [0, 4, 0, 0]);
  const prelu = await compute(
    shape,
    values,
    {
      a: [
        [1, 1, 2],
        [0.5, 0.25],
      ],
    },
    [node("Prelu", "y", ["x", "a"])],
  );
  assert.deepEqual(prelu.y.data, [-1, 4, 0, -1.5]);
  const sigmoid = await compute([1, 2], [0, Math.log(3)], {}, [node("Sigmoid", "y", ["x"])]);
  assert.equal(sigmoid.y.data[0], 0.5);
  assert.ok(Math.abs(sigmoid.y.data[1] - 0.75) < 1e-6);
});

test("Softmax is over the last axis, which for pictures is the channels", async () => {
  const thirds = [Math.log(1), Math.log(2), Math.log(3), Math.log(1)];
  const expected = [1 / 3, 2 / 3, 3 / 4, 1 / 4];
  for (const shape of [
    [2, 2],
    [1, 2, 1, 2],
  ]) {
    const { y } = await compute(shape, thirds, {}, [node("Softmax", "y", ["x"])]);
    assert.deepEqual(y.dims, shape);
    for (const [i, value] of y.data.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-6);
  }
});

for (const [op, expected] of [
  ["Add", [3, 13, 4, 23, 5, 33, 6, 43]],
  ["AddV2", [3, 13, 4, 23, 5, 33, 6, 43]],
  ["Mul", [2, 30, 4, 60, 6, 90, 8, 120]],
  ["Minimum", [1, 3, 2, 3, 2, 3, 2, 3]],
  ["Maximum", [2, 10, 2, 20, 3, 30, 4, 40]],
] as const) {
  test(`${op} with one number a channel`, async () => {
    const { y } = await compute(TWO_BY_TWO, PICTURE, { c: [[2], [2, 3]] }, [node(op, "y", ["x", "c"])]);
    assert.deepEqual(y.data, expected);
  });
}

test("a constant may be one number, one a pixel, or one an element, on either side", async () => {
  const scalar = await compute(TWO_BY_TWO, PICTURE, { c: [[], [3]] }, [node("Mul", "y", ["c", "x"])]);
  assert.deepEqual(scalar.y.data, [3, 30, 6, 60, 9, 90, 12, 120]);
  const pixel = await compute(
    TWO_BY_TWO,
    PICTURE,
    {
      c: [
        [2, 2, 1],
        [1, 2, 3, 4],
      ],
    },
    [node("Mul", "y", ["x", "c"])],
  );
  assert.deepEqual(pixel.y.data, [1, 10, 4, 40, 9, 90, 16, 160]);
  const element = await compute(
    TWO_BY_TWO,
    PICTURE,
    {
      c: [
        [1, 2, 2, 2],
        [1, 2, 3, 4, 5, 6, 7, 8],
      ],
    },
    [node("Add", "y", ["x", "c"])],
  );
  assert.deepEqual(element.y.data, [2, 12, 5, 24, 8, 36, 11, 48]);
  const row = await compute([2, 2], [1, 2, 3, 4], { c: [[2], [10, 20]] }, [node("Add", "y", ["x", "c"])]);
  assert.deepEqual(row.y.data, [11, 22, 13, 24]);
});

test("two pictures are added element by element", async () => {
  const { y } = await compute(TWO_BY_TWO, PICTURE, {}, [
    node("Relu", "same", ["x"]),
    node("AddV2", "y", ["x", "same:0"]),
  ]);
  assert.deepEqual(
    y.data,
    PICTURE.map((value) => 2 * value),
  );
});

test("Pad adds zeros on the side and axis that it names", async () => {
  // One row above, one column on the right, one channel behind.
  const { y } = await compute([1, 1, 1, 1], [5], { p: [[4, 2], [0, 0, 1, 0, 0, 1, 0, 1], "int32"] }, [
    node("Pad", "y", ["x", "p"]),
  ]);
  assert.deepEqual(y, { dims: [1, 2, 2, 2], data: [0, 0, 0, 0, 5, 0, 0, 0] });
});

test("Mean over height and width leaves one number a channel", async () => {
  const axes: Constant = [[2], [1, 2], "int32"];
  const flat = await compute(TWO_BY_TWO, PICTURE, { axes }, [node("Mean", "y", ["x", "axes"])]);
  assert.deepEqual(flat.y, { dims: [1, 2], data: [2.5, 25] });
  const kept = await compute(TWO_BY_TWO, PICTURE, { axes }, [
    node("Mean", "y", ["x", "axes"], { keep_dims: { b: true } }),
  ]);
  assert.deepEqual(kept.y, { dims: [1, 1, 1, 2], data: [2.5, 25] });
});

test("Mean over the channels, counted from the end", async () => {
  const { y } = await compute(TWO_BY_TWO, PICTURE, { axes: [[1], [-1], "int32"] }, [
    node("Mean", "y", ["x", "axes"], { keep_dims: { b: true } }),
  ]);
  assert.deepEqual(y, { dims: [1, 2, 2, 1], data: [5.5, 11, 16.5, 22] });
});

test("Reshape takes the elements in TensorFlow's order", async () => {
  const { y } = await compute(TWO_BY_TWO, PICTURE, { s: [[2], [-1, 8], "int32"] }, [
    node("Reshape", "y", ["x", "s"]),
  ]);
  assert.deepEqual(y, { dims: [1, 8], data: PICTURE });
});

test("Reshape frozen with a batch of one takes any batch", async () => {
  const { model, bytes } = graph([1, 1, 1, 2], { s: [[3], [1, 2, 1], "int32"] }, [
    node("Reshape", "y", ["x", "s"]),
  ]);
  const onnx = convertTfjs("tiny", model, bytes, { y: ["y"] });
  assert.deepEqual((await run(onnx, [1, 1, 1, 2], [1, 2])).y, { dims: [1, 2, 1], data: [1, 2] });
  assert.deepEqual((await run(onnx, [2, 1, 1, 2], [1, 2, 3, 4])).y, { dims: [2, 2, 1], data: [1, 2, 3, 4] });
});

test("ConcatV2 joins pictures along the axis that TensorFlow means", async () => {
  const join = (axis: number) =>
    compute([1, 1, 2, 1], [1, 2], { axis: [[], [axis], "int32"] }, [
      node("ConcatV2", "y", ["x", "x", "axis"]),
    ]);
  assert.deepEqual((await join(1)).y, { dims: [1, 2, 2, 1], data: [1, 2, 1, 2] });
  assert.deepEqual((await join(2)).y, { dims: [1, 1, 4, 1], data: [1, 2, 1, 2] });
  assert.deepEqual((await join(-1)).y, { dims: [1, 1, 2, 2], data: [1, 1, 2, 2] });
});

test("_FusedMatMul: rows × weights, bias, activation", async () => {
  const { y } = await compute(
    [2, 2],
    [1, 2, 3, 4],
    {
      w: [
        [2, 3],
        [1, 0, -1, 0, 1, -1],
      ],
      b: [[3], [10, 20, 4]],
    },
    [node("_FusedMatMul", "y", ["x", "w", "b"], fused("BiasAdd", "Relu"))],
  );
  assert.deepEqual(y, { dims: [2, 3], data: [11, 22, 1, 13, 24, 0] });
});

test("several nodes make one output; nodes that lead to none are left out, even unknown ones", async () => {
  const onnx = await compute(
    [1, 2],
    [1, 2],
    { c: [[2], [10, 10]] },
    [node("Mul", "tens", ["x", "c"]), node("Relu", "ones", ["x"]), node("Einsum", "odd", ["x"])],
    { both: ["ones", "tens"], tens: ["tens"] },
  );
  assert.deepEqual(onnx, {
    both: { dims: [1, 4], data: [1, 2, 10, 20] },
    tens: { dims: [1, 2], data: [10, 20] },
  });
});

test("what is not known is refused by the node's name, never guessed", () => {
  refuses({}, [node("Einsum", "y", ["x"])], /"y" \(Einsum\).*this kind of node is not known/);
  refuses({ w: [[1, 1, 1, 1], [1]] }, [node("Conv2D", "y", ["x", "w"], strides(1))], /padding/);
  refuses({ w: [[1, 1, 1, 1], [1]] }, [node("Conv2D", "y", ["x", "w"], same)], /strides/);
  refuses(
    { w: [[1, 1, 1, 1], [1]] },
    [node("Conv2D", "y", ["x", "w"], { ...same, ...strides(1), ...fused("Elu") })],
    /Elu/,
  );
  refuses(
    { w: [[1, 1, 1, 1], [1]] },
    [node("Conv2D", "y", ["x", "w"], { ...same, ...strides(1), data_format: { s: base64("NCHW") } })],
    /NCHW/,
  );
  refuses({}, [node("Conv2D", "y", ["x", "x"], { ...same, ...strides(1) })], /not a constant/);
  refuses({ axes: [[1], [1], "int32"] }, [node("Mean", "y", ["x", "axes"])], /neither a picture/);
  refuses(
    { s: [[2], [-1, 4], "int32"] },
    [node("Reshape", "flat", ["x", "s"]), node("Add", "y", ["x", "flat"])],
    /a picture meets/,
  );
});
