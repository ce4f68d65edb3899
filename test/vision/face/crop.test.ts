import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, halved } from "../../../src/vision/face/crop.ts";
import type { Pixels } from "../../../src/vision/image.ts";

/** Grey levels without any order, the same at each run. */
function speckled(width: number, height: number): Pixels {
  let state = 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
  return { width, height, data };
}

/** The mean of step × step pixels from x, y on, of one channel. */
function mean({ width, data }: Pixels, x: number, y: number, step: number, channel: number): number {
  let sum = 0;
  for (let j = 0; j < step; j++)
    for (let i = 0; i < step; i++) sum += data[((y + j) * width + x + i) * 3 + channel];
  return sum / step ** 2;
}

test("a cut that scales down takes the mean of all pixels, whatever the scale", () => {
  const image = speckled(121, 97);
  for (const step of [2, 3, 4, 7]) {
    // The middle of each step × step pixels.
    const toImage = [step, 0, (step - 1) / 2, 0, step, (step - 1) / 2, 0, 0, 1] as const;
    const { data } = cut(image, toImage, 8, 6);
    for (let y = 0; y < 6; y++)
      for (let x = 0; x < 8; x++)
        for (let channel = 0; channel < 3; channel++) {
          const expected = mean(image, x * step, y * step, step, channel);
          const got = data[(y * 8 + x) * 3 + channel];
          assert.ok(
            Math.abs(got - expected) <= 0.5 + 1e-9,
            `step ${step}, ${x},${y}: ${got} for ${expected}`,
          );
        }
  }
});

test("half a picture has the mean of four of its pixels at each place, and drops what is over", () => {
  const image = speckled(21, 9);
  const half = halved(image);
  assert.deepEqual([half.width, half.height], [10, 4]);
  for (let i = 0; i < 40; i++) {
    const expected = mean(image, 2 * (i % 10), 2 * Math.floor(i / 10), 2, 1);
    assert.ok(Math.abs(half.data[3 * i + 1] - expected) <= 0.5);
  }
});

test("a cut of a picture whose half was made is the cut that it was without", () => {
  const [image, other] = [speckled(121, 97), speckled(121, 97)];
  halved(other);
  // From an even pixel on, both take the mean of the same pixels.
  const toImage = [2, 0, 21.5, 0, 2, 11.5, 0, 0, 1] as const;
  assert.deepEqual(cut(other, toImage, 30, 40), cut(image, toImage, 30, 40));
});
