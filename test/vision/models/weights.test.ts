import assert from "node:assert/strict";
import { test } from "node:test";
import {
  halfToNumber,
  readWeights,
  transpose,
  type WeightEntry,
} from "../../../src/vision/models/weights.ts";

const manifest = (...weights: WeightEntry[]) => [{ paths: ["w.bin"], weights }];
const bytes = (...parts: ArrayBufferView[]) =>
  Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );

test("tensors lie one after another, each with its kind of number", () => {
  const weights = readWeights(
    manifest(
      { name: "plain", shape: [2], dtype: "float32" },
      {
        name: "quantised",
        shape: [1, 3],
        dtype: "float32",
        quantization: { dtype: "uint8", scale: 0.5, min: -1 },
      },
      { name: "half", shape: [2], dtype: "float32", quantization: { dtype: "float16" } },
      { name: "whole", shape: [], dtype: "int32" },
    ),
    bytes(
      Float32Array.of(0.25, -8),
      Uint8Array.of(0, 2, 255),
      Uint8Array.of(0x00, 0x3c, 0x00, 0xc1),
      Uint8Array.of(0xfe, 0xff, 0xff, 0xff),
    ),
  );
  assert.deepEqual(weights.get("plain"), { shape: [2], data: Float32Array.of(0.25, -8) });
  assert.deepEqual(weights.get("quantised"), { shape: [1, 3], data: Float32Array.of(-1, 0, 126.5) });
  assert.deepEqual(weights.get("half"), { shape: [2], data: Float32Array.of(1, -2.5) });
  assert.deepEqual(weights.get("whole"), { shape: [], data: Int32Array.of(-2) });
});

test("half precision: the corners of IEEE 754", () => {
  assert.equal(halfToNumber(0x3555), 0.333251953125);
  assert.equal(halfToNumber(0x0001), 2 ** -24);
  assert.equal(halfToNumber(0x03ff), 2 ** -14 - 2 ** -24);
  assert.equal(halfToNumber(0x7bff), 65504);
  assert.equal(halfToNumber(0x8000), -0);
  assert.equal(halfToNumber(0xfc00), Number.NEGATIVE_INFINITY);
  assert.equal(halfToNumber(0x7e00), Number.NaN);
});

test("a file that is shorter or longer than its manifest, or of another kind, is refused", () => {
  const entry = { name: "w", shape: [2], dtype: "float32" };
  assert.throws(() => readWeights(manifest(entry), new Uint8Array(7)), /end before "w"/);
  assert.throws(() => readWeights(manifest(entry), new Uint8Array(9)), /1 bytes that nothing names/);
  assert.throws(() => readWeights(manifest({ ...entry, dtype: "complex64" }), new Uint8Array(16)), TypeError);
});

test("transpose puts the axes of a tensor in another order", () => {
  const picture = { shape: [1, 2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  assert.deepEqual(transpose(picture, [0, 3, 1, 2]), Float32Array.of(1, 4, 2, 5, 3, 6));
});
