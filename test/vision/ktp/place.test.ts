import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeCitizen, photographKtp } from "../../../src/sample/sample.ts";
import { invert, multiply, type Point, transform } from "../../../src/vision/geometry.ts";
import { fitMarks, type Mark } from "../../../src/vision/ktp/marks.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { read, textModels } from "./support.ts";

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

/** By so much of the card's width a corner may be off: the margin that crops and `cropped` leave. */
const MOST_OFF = 0.04;

/** Where marks of a card stand, as shares of its width. */
const STAND: readonly (readonly [x: number | null, y: number | null])[] = [
  ...Array.from({ length: 10 }, (_, i) => [0.034, 0.19 + 0.0315 * i] as const),
  ...Array.from({ length: 10 }, () => [0.254, null] as const),
  [0.5, null],
  [0.849, null],
];
const HEIGHTS = STAND.map(([, y], i) => y ?? (i < 20 ? 0.19 + 0.0315 * (i - 10) : i === 20 ? 0.05 : 0.5));

test("marks undo taper, lean and scale that the columns alone do not tell, though some are misread", () => {
  const off = multiply([1.03, 0.05, 0.01, 0, 0.97, -0.01, 0, 0.25, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const marks = STAND.map(([x, y], i): Mark => {
    const seen = transform(off, [x ?? 0.3, HEIGHTS[i]]);
    // The third row's label was cut off in its middle.
    return { seen: i === 2 ? [seen[0] + 0.06, seen[1]] : seen, x, y, slack: 0.01 };
  });
  const all = multiply(fitMarks(marks), off);
  const before = (p: Point) => Math.hypot(transform(off, p)[0] - p[0], transform(off, p)[1] - p[1]);
  for (const corner of [
    [1, 0],
    [1, 0.63],
    [0, 0.63],
  ] as const) {
    const [x, y] = transform(all, corner);
    const left = Math.hypot(x - corner[0], y - corner[1]);
    assert.ok(left < 0.02, `${corner} comes to ${x}, ${y}`);
    assert.ok(left < before(corner) / 2);
  }
});

test("where there are no marks nothing is changed", () => {
  const same = transform(fitMarks([]), [0.7, 0.4]);
  assert.ok(Math.hypot(same[0] - 0.7, same[1] - 0.4) < 1e-9);
  assert.doesNotThrow(() => invert(fitMarks([])));
});

for (const [seed, index, what] of [
  [1001, 8, "on its side, in a small picture"],
  [1001, 18, "on its side, with EXIF"],
  [2001, 0, "among printed papers"],
] as const) {
  test(`the corners of a card ${what} are found, and none of it is said to be cut off`, async () => {
    const { jpeg, corners } = await photographKtp(await makeCitizen(seed, index), { level: 2 });
    const { outline, hints } = await read(jpeg, models);
    assert.ok(outline);
    const width = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
    for (const [i, [x, y]] of outline.card.entries()) {
      const off = Math.hypot(x - corners[i][0], y - corners[i][1]) / width;
      assert.ok(off < MOST_OFF, `corner ${i} is ${off} of the card's width off`);
    }
    assert.ok(!hints.includes("cropped"));
  });
}
