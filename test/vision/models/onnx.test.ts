import assert from "node:assert/strict";
import { test } from "node:test";
import { OnnxGraph } from "../../../src/vision/models/onnx.ts";
import { run } from "./support.ts";

const twice = () => {
  const graph = new OnnxGraph("twice");
  graph.input("x", ["N", 2]);
  graph.output("y", graph.add("Mul", ["x", graph.floats([1], [2])]), ["N", 2]);
  return graph.encode();
};

test("a graph runs in ONNX Runtime, with any length where an axis has a name", async () => {
  assert.deepEqual(await run(twice(), [1, 2], [1, 2]), { y: { dims: [1, 2], data: [2, 4] } });
  assert.deepEqual(await run(twice(), [3, 2], [1, 2, 3, 4, 5, 6]), {
    y: { dims: [3, 2], data: [2, 4, 6, 8, 10, 12] },
  });
});

test("the same calls give the same bytes", () => {
  assert.deepEqual(twice(), twice());
});

test("attributes are whole numbers, lists of them, and strings; constants may be whole numbers", async () => {
  const graph = new OnnxGraph("kinds");
  graph.input("x", [1, 1, 2, 2]);
  const padded = graph.add("Pad", ["x", graph.integers([0, 0, 0, 0, 0, 0, 1, 0])], { mode: "constant" });
  const sum = graph.add("ReduceMean", [padded], { axes: [3], keepdims: 0 });
  graph.output("y", sum);
  const { y } = await run(graph.encode(), [1, 1, 2, 2], [1, 3, 5, 7]);
  assert.deepEqual(y, { dims: [1, 1, 3], data: [2, 6, 0] });
});

test("a constant whose shape does not fit its numbers is refused", () => {
  assert.throws(() => new OnnxGraph("wrong").floats([2, 2], [1, 2, 3]), RangeError);
});
