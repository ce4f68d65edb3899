import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Graph, Input } from "../../../src/vision/models/catalogue.ts";
import { Network } from "../../../src/vision/models/network.ts";
import { OnnxGraph } from "../../../src/vision/models/onnx.ts";
import { emptyFolder } from "./support.ts";

const RGB: Input = {
  layout: "NHWC",
  order: "RGB",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  width: null,
  height: null,
};

/** A network whose output is what it was given, described as told. */
async function mirror(t: TestContext, input: Partial<Input>, outputs?: Graph["outputs"]): Promise<Network> {
  const onnx = new OnnxGraph("mirror");
  onnx.input("in", ["N", "a", "b", "c"]);
  onnx.output("out", onnx.add("Relu", ["in"]));
  const file = join(await emptyFolder(t), "mirror.onnx");
  await writeFile(file, onnx.encode());
  const graph: Graph = { input: { ...RGB, ...input }, outputs: outputs ?? { out: { holds: "the input" } } };
  const network = await Network.load("iris", file, graph, { intraOpNumThreads: 1 });
  t.after(() => network.release());
  return network;
}

/** Two pixels side by side. */
const TWO = Uint8Array.of(1, 2, 3, 101, 102, 103);

test("channels stay last, in their order", async (t) => {
  const { out } = await (await mirror(t, {})).see(TWO, 2, 1);
  assert.deepEqual(out, { dims: [1, 1, 2, 3], data: Float32Array.of(1, 2, 3, 101, 102, 103) });
});

test("channels last, blue first", async (t) => {
  const { out } = await (await mirror(t, { order: "BGR" })).see(TWO, 2, 1);
  assert.deepEqual(out.data, Float32Array.of(3, 2, 1, 103, 102, 101));
});

test("channels before the rows", async (t) => {
  const { out } = await (await mirror(t, { layout: "NCHW" })).see(TWO, 1, 2);
  assert.deepEqual(out, { dims: [1, 3, 2, 1], data: Float32Array.of(1, 101, 2, 102, 3, 103) });
});

test("channels before the rows, blue first, two pictures", async (t) => {
  const network = await mirror(t, { layout: "NCHW", order: "BGR" });
  const { out } = await network.see(Uint8Array.of(...TWO, 7, 8, 9, 17, 18, 19), 2, 1, 2);
  assert.deepEqual(out.dims, [2, 3, 1, 2]);
  assert.deepEqual(out.data, Float32Array.of(3, 103, 2, 102, 1, 101, 9, 19, 8, 18, 7, 17));
});

test("mean and scale are by channel in the network's own order", async (t) => {
  const network = await mirror(t, { order: "BGR", mean: [1, 0, 1], std: [2, 1, 4] });
  const { out } = await network.see(Uint8Array.of(5, 6, 7), 1, 1);
  assert.deepEqual(out.data, Float32Array.of((7 - 1) / 2, 6, (5 - 1) / 4));
});

test("pictures may come as fractions", async (t) => {
  const { out } = await (await mirror(t, {})).see(Float32Array.of(0.5, 254.5, 1), 1, 1);
  assert.deepEqual(out.data, Float32Array.of(0.5, 254.5, 1));
});

test("outputs get the catalogue's names, and softmax where the file gives logits", async (t) => {
  const network = await mirror(t, {}, { probabilities: { from: "out", softmax: true, holds: "" } });
  const { probabilities } = await network.see(Uint8Array.of(0, 0, 0, 250, 0, 0), 2, 1);
  assert.deepEqual(
    Array.from(probabilities.data.subarray(0, 3), (p) => p.toFixed(6)),
    Array(3).fill("0.333333"),
  );
  assert.deepEqual(Array.from(probabilities.data.subarray(3)), [1, 0, 0]);
});

test("two calls at once do not write into each other's numbers, nor into an earlier answer", async (t) => {
  const network = await mirror(t, {});
  const before = await network.see(Uint8Array.of(9, 9, 9), 1, 1);
  const both = await Promise.all([1, 2, 3].map((n) => network.see(Uint8Array.of(n, n, n), 1, 1)));
  assert.deepEqual(
    both.map(({ out }) => Array.from(out.data)),
    [
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ],
  );
  assert.deepEqual(Array.from(before.out.data), [9, 9, 9]);
});

test("a picture of another size than the network takes is refused by name", async (t) => {
  const fixed = await mirror(t, { width: 2, height: 1 });
  await assert.rejects(fixed.see(TWO, 1, 2), {
    name: "RangeError",
    message: '"iris" takes 2 × 1 pixels, not 1 × 2',
  });
  const free = await mirror(t, { multipleOf: 2 });
  await assert.rejects(free.see(new Uint8Array(9), 3, 1), /any multiple of 2 × any multiple of 2/);
  await assert.rejects(free.see(new Uint8Array(0), 0, 2), RangeError);
});

test("more or fewer numbers than the size says are refused", async (t) => {
  const network = await mirror(t, {});
  await assert.rejects(network.see(TWO, 1, 1), /hold 3 numbers, not 6/);
  await assert.rejects(network.see(TWO, 2, 1, 0), RangeError);
});

test("a network that takes one picture a run says so", async (t) => {
  await assert.rejects((await mirror(t, { batch: 1 })).see(TWO, 1, 1, 2), /one picture at a time/);
});
