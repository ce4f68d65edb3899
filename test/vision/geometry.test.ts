import assert from "node:assert/strict";
import { test } from "node:test";
import {
  crop,
  invert,
  mappedBox,
  multiply,
  type Point,
  perspective,
  type Quad,
  shrink,
  similarity,
  transform,
  warp,
  warpHalved,
} from "../../src/vision/geometry.ts";
import type { Pixels } from "../../src/vision/image.ts";

const near = (a: Point, b: Point, within = 1e-6) =>
  assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) < within, `${a} is not ${b}`);

/** A picture whose red is x and whose green is y: any sample tells where it came from. */
function ramp(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([x, y, 7], (y * width + x) * 3);
  }
  return { width, height, data };
}

/** Corners of a picture of so many pixels. */
const cornersOf = (width: number, height: number): Quad => [
  [0, 0],
  [width - 1, 0],
  [width - 1, height - 1],
  [0, height - 1],
];

/** A quadrilateral in a picture of 200 × 120 pixels. */
const TILTED: Quad = [
  [20, 15],
  [170, 30],
  [160, 100],
  [30, 90],
];

test("a perspective maps its corners exactly, and its inverse maps them back", () => {
  const from: Quad = [
    [0, 0],
    [100, 0],
    [100, 60],
    [0, 60],
  ];
  const to: Quad = [
    [10, 5],
    [90, 20],
    [80, 70],
    [3, 50],
  ];
  const m = perspective(from, to);
  for (let i = 0; i < 4; i++) {
    near(transform(m, from[i]), to[i]);
    near(transform(invert(m), to[i]), from[i]);
  }
  near(transform(multiply(invert(m), m), [33, 21]), [33, 21]);
});

test("corners in one line have no perspective", () => {
  assert.throws(
    () =>
      perspective(
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [3, 0],
        ],
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ],
      ),
    RangeError,
  );
});

test("a similarity finds turn, scale and shift again", () => {
  const turn = Math.PI / 7;
  const [c, s] = [2.5 * Math.cos(turn), 2.5 * Math.sin(turn)];
  const from: Point[] = [
    [0, 0],
    [10, 3],
    [4, 20],
    [-7, 5],
  ];
  const to = from.map(([x, y]): Point => [c * x - s * y + 40, s * x + c * y - 9]);
  const m = similarity(from, to);
  for (let i = 0; i < from.length; i++) near(transform(m, from[i]), to[i]);
  assert.throws(
    () =>
      similarity(
        [
          [1, 1],
          [1, 1],
        ],
        [
          [0, 0],
          [2, 2],
        ],
      ),
    RangeError,
  );
});

test("warp samples where the matrix points, between pixels too, and fills the outside", () => {
  const out = warp(ramp(50, 40), [1, 0, 10.5, 0, 1, 5, 0, 0, 1], 60, 10, 99);
  assert.deepEqual([...out.data.subarray(0, 3)], [11, 5, 7]);
  assert.deepEqual([...out.data.subarray(3 * 20, 3 * 20 + 3)], [31, 5, 7]);
  assert.deepEqual([...out.data.subarray(3 * 55, 3 * 55 + 3)], [99, 99, 99]);
});

test("warp undoes a perspective", () => {
  const image = ramp(200, 120);
  const flat = warp(image, perspective(cornersOf(100, 60), TILTED), 100, 60);
  for (const [x, y, [u, v]] of [
    [0, 0, TILTED[0]],
    [99, 0, TILTED[1]],
    [99, 59, TILTED[2]],
    [0, 59, TILTED[3]],
  ] as const) {
    const at = (y * 100 + x) * 3;
    assert.ok(Math.abs(flat.data[at] - u) <= 1 && Math.abs(flat.data[at + 1] - v) <= 1);
  }
});

test("warp samples alike within the picture and at its edges, whatever leaves it", () => {
  const image = ramp(60, 50);
  const quad: Quad = [
    [-12, 8],
    [50, -9],
    [75, 44],
    [9, 62],
  ];
  const unit = cornersOf(80, 70);
  const turned = similarity(
    [
      [40, 35],
      [50, 35],
    ],
    [
      [30, 25],
      [36, 31],
    ],
  );
  for (const m of [
    perspective(unit, quad),
    turned,
    invert(perspective(quad, unit)),
    [-0.7, 0, 59, 0, 0.7, -3, 0, 0, 1] as const,
  ]) {
    const { data } = warp(image, m, 80, 70, 200);
    let [inside, outside] = [0, 0];
    for (let y = 0; y < 70; y++) {
      for (let x = 0; x < 80; x++) {
        const [u, v] = transform(m, [x, y]);
        const [red, green] = data.subarray((y * 80 + x) * 3);
        // A ramp's value is its place; half a pixel around the picture its border is repeated.
        if (u >= 0 && v >= 0 && u <= 59 && v <= 49) {
          inside++;
          assert.ok(
            Math.abs(red - u) <= 0.51 && Math.abs(green - v) <= 0.51,
            `${x},${y}: ${red},${green} for ${u},${v}`,
          );
        } else if (u < -1 || v < -1 || u > 60 || v > 50) {
          outside++;
          assert.deepEqual([red, green], [200, 200], `${x},${y}`);
        }
      }
    }
    assert.ok(inside > 1000 && outside > 100, `${inside} inside, ${outside} outside`);
  }
});

test("warpHalved is the mean of four pixels, in perspective too, and black outside", () => {
  const image = ramp(200, 120);
  const m = perspective(cornersOf(80, 60), TILTED);
  const { width, height, data } = warpHalved(image, m, 40, 30);
  assert.deepEqual([width, height], [40, 30]);
  for (let y = 0; y < 30; y++) {
    for (let x = 0; x < 40; x++) {
      const [u, v] = transform(m, [2 * x + 0.5, 2 * y + 0.5]);
      const [red, green, blue] = data.subarray((y * 40 + x) * 3);
      assert.ok(Math.abs(red - u) <= 1 && Math.abs(green - v) <= 1, `${red},${green} for ${u},${v}`);
      assert.equal(blue, 7);
    }
  }
  const beside = warpHalved(image, [1, 0, 190, 0, 1, 0, 0, 0, 1], 20, 4);
  assert.deepEqual([...beside.data.subarray(3 * 2, 3 * 3)], [195, 1, 7]);
  assert.deepEqual([...beside.data.subarray(3 * 5, 3 * 6)], [0, 0, 0]);
});

test("a mapped box is the upright one around where its corners come to, within the picture where there is one", () => {
  const quarterTurn = [0, -1, 100, 1, 0, 0, 0, 0, 1] as const;
  assert.deepEqual(mappedBox([10, 20, 30, 5], quarterTurn), [75, 10, 5, 30]);
  assert.deepEqual(mappedBox([10, 20, 30, 5], quarterTurn, { width: 78, height: 25 }), [75, 10, 3, 15]);
});

test("crop clips to the picture", () => {
  const part = crop(ramp(30, 20), { x: 25, y: -4, width: 50, height: 10 });
  assert.deepEqual([part.width, part.height], [5, 6]);
  assert.deepEqual([...part.data.subarray(0, 3)], [25, 0, 7]);
});

test("shrink averages areas: a fine checkerboard turns grey, a flat colour stays", () => {
  const data = new Uint8Array(90 * 90 * 3);
  for (let i = 0; i < 90 * 90; i++) data.fill((Math.floor(i / 90) + i) % 2 ? 255 : 0, i * 3, i * 3 + 3);
  for (const value of shrink({ width: 90, height: 90, data }, 31, 17).data)
    assert.ok(Math.abs(value - 127.5) < 20, `${value}`);
  const flat: Pixels = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(201) };
  assert.ok(shrink(flat, 13, 50).data.every((v) => v === 201));
  assert.ok(shrink(flat, 130, 100).data.every((v) => v === 201));
});
