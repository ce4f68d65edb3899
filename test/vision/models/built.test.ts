import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { builtFile } from "../../../src/vision/models/build.ts";
import type { ModelName } from "../../../src/vision/models/models.ts";
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
