import assert from "node:assert/strict";
import { it } from "node:test";
import { Random } from "../../../src/sample/random.ts";
import { patternStrength, powerSpectrum } from "../../../src/vision/liveness/spectrum.ts";

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

it("hears a faint pattern in noise, and none in noise alone or at the edges of JPEG's blocks", () => {
  const random = new Random(7);
  const next = () => random.next();
  const noise = field(() => (next() + next() + next() - 1.5) * 20);
  const with_ = (value: (x: number, y: number) => number) => {
    const pattern = field(value);
    return patternStrength(
      noise.map((v, i) => v + pattern[i]),
      SIZE,
    );
  };
  assert.ok(patternStrength(noise, SIZE) < 16);
  assert.ok(with_((x, y) => 8 * Math.cos(1.3 * x + 0.9 * y)) > 22);
  assert.ok(with_((x) => (x % 8 === 0 ? 30 : 0)) < 18, "blocks of eight pixels");
  assert.ok(with_((x) => (x % 5 === 0 ? 30 : 0)) > 22, "stripes of five pixels");
});
