import assert from "node:assert/strict";
import { test } from "node:test";
import {
  invert,
  type Matrix,
  type Point,
  perspective,
  type Quad,
  transform,
} from "../../../src/vision/geometry.ts";
import type { TextBox } from "../../../src/vision/ktp/detect.ts";
import { locateText, type TextPlane, upsideDown } from "../../../src/vision/ktp/locate.ts";

const IMAGE = { width: 1600, height: 1200, data: new Uint8Array(0) };
/** Labels and values in two columns, fourteen rows, as upright boxes of a flat card. */
const FLAT: readonly Quad[] = Array.from({ length: 14 }, (_, row): Quad[] => {
  const y = 300 + row * 40;
  const box = (x: number, width: number): Quad => [
    [x, y],
    [x + width, y],
    [x + width, y + 24],
    [x, y + 24],
  ];
  return [box(300, 110 + 8 * (row % 5)), box(520, 180 + 30 * (row % 4))];
}).flat();

const seen = (toImage: Matrix): TextBox[] =>
  FLAT.map((quad) => ({ quad: quad.map((p) => transform(toImage, p)) as unknown as Quad, score: 0.9 }));

function turned(degrees: number): Matrix {
  const a = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(a), Math.sin(a)];
  return [c, -s, 800 - 800 * c + 600 * s, s, c, 600 - 800 * s - 600 * c, 0, 0, 1];
}

/** Degrees by which a flat direction at a place of the card is off level once the plane is applied; 0..90. */
function tilt(plane: TextPlane, toImage: Matrix, from: Point, to: Point): number {
  const back = invert(plane.toImage);
  const [a, b] = [from, to].map((p) => transform(back, transform(toImage, p)));
  const angle = Math.abs((Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI);
  return Math.min(angle, 180 - angle);
}

const TILTED = perspective(
  [
    [0, 0],
    [1600, 0],
    [1600, 1200],
    [0, 1200],
  ],
  [
    [160, 60],
    [1500, 200],
    [1420, 1050],
    [60, 1150],
  ],
);

for (const [name, toImage] of [
  ["lying flat", turned(0)],
  ["turned a little", turned(7)],
  ["turned by 25°", turned(-25)],
  ["standing on its side", turned(90)],
  ["seen from aside", TILTED],
] as const) {
  test(`text ${name} is made level and its columns upright`, () => {
    const plane = locateText(seen(toImage), IMAGE);
    assert.ok(plane);
    for (const y of [312, 572, 832]) assert.ok(tilt(plane, toImage, [300, y], [800, y]) < 1, `row at ${y}`);
    const lean = 90 - tilt(plane, toImage, [300, 312], [300, 832]);
    assert.ok(lean < 4, `the labels' column leans by ${lean}°`);
  });
}

test("boxes of upright text may point up or down by chance", () => {
  const boxes = seen(turned(90)).map(
    ({ quad: [a, b, c, d], score }, i): TextBox => ({
      quad: i % 3 === 0 ? [c, d, a, b] : [a, b, c, d],
      score,
    }),
  );
  const plane = locateText(boxes, IMAGE);
  assert.ok(plane);
  for (const y of [312, 832]) assert.ok(tilt(plane, turned(90), [300, y], [800, y]) < 1);
});

test("every line lies inside the straightened picture", () => {
  const plane = locateText(seen(TILTED), IMAGE);
  assert.ok(plane);
  const back = invert(plane.toImage);
  for (const { quad } of seen(TILTED)) {
    for (const corner of quad) {
      const [x, y] = transform(back, corner);
      assert.ok(x > 0 && y > 0 && x < plane.width && y < plane.height);
    }
  }
});

test("print that lies elsewhere in another direction does not turn the card", () => {
  const stray = (i: number): TextBox => {
    const at = transform(turned(40), [1500, 40 + 40 * i]);
    const corners = [
      [0, 0],
      [150, 126],
      [134, 145],
      [-16, 19],
    ];
    return { quad: corners.map(([x, y]): Point => [at[0] + x, at[1] + y]) as unknown as Quad, score: 0.9 };
  };
  const plane = locateText([...seen(turned(0)), stray(0), stray(1), stray(2)], IMAGE);
  assert.ok(plane);
  assert.ok(tilt(plane, turned(0), [300, 312], [800, 312]) < 1);
});

test("half a turn maps each corner to the opposite one", () => {
  const plane = locateText(seen(turned(0)), IMAGE);
  assert.ok(plane);
  const other = upsideDown(plane);
  const [x, y] = transform(other.toImage, [0, 0]);
  const [u, v] = transform(plane.toImage, [plane.width - 1, plane.height - 1]);
  assert.ok(Math.hypot(x - u, y - v) < 1e-6);
});

test("too few lines tell nothing", () => {
  assert.equal(locateText([], IMAGE), null);
  assert.equal(locateText(seen(turned(0)).slice(0, 3), IMAGE), null);
});
