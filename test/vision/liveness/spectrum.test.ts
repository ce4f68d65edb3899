import assert from "node:assert/strict";
import { it } from "node:test";
import { Random } from "../../../src/sample/random.ts";
import { averagedSpectrum, patternStrength, powerSpectrum } from "../../../src/vision/liveness/spectrum.ts";

const SIZE = 64;

/** Values of a function of x and y. */
const field = (value: (x: number, y: number) => number): Float32Array =>
  Float32Array.from({ length: SIZE * SIZE }, (_, i) => value(i % SIZE, Math.floor(i / SIZE)));

it("finds the frequency of a wave, and its mirror", () => {
  const power = powerSpectrum(
    field((x, y) => 100 + 10 * Math.cos((2 * Math.PI * (10 * x + 6 * y)) / SIZE)),
    SIZE,
  );
  const strongest = [...power.keys()].toSorted((a, b) => power[b] - power[a]).slice(0, 2);
  const places = strongest.map((i) => [i % SIZE, Math.floor(i / SIZE)]).toSorted((a, b) => a[0] - b[0]);
  assert.deepEqual(places, [
    [10, 6],
    [SIZE - 10, SIZE - 6],
  ]);
});

it("keeps the energy of a picture (Parseval)", () => {
  const random = new Random(3);
  const next = () => random.next();
  const light = field(() => next());
  const fade = (i: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIZE);
  const mean = light.reduce((sum, v) => sum + v, 0) / light.length;
  const expected = light.reduce(
    (sum, v, i) => sum + ((v - mean) * fade(i % SIZE) * fade(Math.floor(i / SIZE))) ** 2,
    0,
  );
  const energy = powerSpectrum(light, SIZE).reduce((sum, v) => sum + v, 0) / light.length;
  assert.ok(Math.abs(energy / expected - 1) < 1e-4);
});

it("takes windows together as they are one by one, whatever their number and size", () => {
  const random = new Random(5);
  const light = field(() => random.next() * 255);
  for (const size of [8, 16, 32]) {
    const starts = [0, 5, 20 * SIZE + 3];
    const alone = starts.map((start) =>
      powerSpectrum(
        Float32Array.from(
          { length: size * size },
          (_, i) => light[start + Math.floor(i / size) * SIZE + (i % size)],
        ),
        size,
      ),
    );
    const together = averagedSpectrum(light, SIZE, starts, size);
    together.forEach((power, i) => {
      const mean = alone.reduce((sum, one) => sum + one[i], 0) / starts.length;
      assert.ok(Math.abs(power - mean) <= 1e-4 * Math.max(1, mean), `size ${size}, cell ${i}`);
    });
  }
});

it("hears a faint pattern in noise, and none in noise alone or at the edges of JPEG's blocks", () => {
  const side = 208;
  const band = { from: 0.09, to: 0.47 };
  const random = new Random(7);
  const next = () => random.next();
  const over = (value: (x: number, y: number) => number) =>
    Float32Array.from({ length: side * side }, (_, i) => value(i % side, Math.floor(i / side)));
  const noise = over(() => (next() + next() + next() - 1.5) * 20);
  const with_ = (value: (x: number, y: number) => number) => {
    const pattern = over(value);
    return patternStrength(
      noise.map((v, i) => v + pattern[i]),
      side,
      side,
      band,
    );
  };
  const none = with_(() => 0);
  assert.ok(none < 10, `noise alone: ${none}`);
  assert.ok(with_((x, y) => 4 * Math.cos(1.3 * x + 0.9 * y)) > 15, "faint");
  assert.ok(
    with_((x, y) => 4 * Math.cos(2.7 * x + 2.6 * y)) > 15,
    "finer than one period in two pixels aslant",
  );
  assert.ok(with_((x) => (x % 8 === 0 ? 30 : 0)) < 12, "blocks of eight pixels");
  assert.ok(with_((x) => (x % 5 === 0 ? 30 : 0)) > 22, "stripes of five pixels");
  assert.equal(patternStrength(noise.subarray(0, 60 * 60), 60, 60, band), 0, "smaller than a window");
});
