import type { FactBox } from "./facts.ts";
import type { Pixels } from "./image.ts";

/** A point in pixels; x to the right, y down, the centre of the first pixel at (0, 0). */
export type Point = readonly [x: number, y: number];

/** Four corners of a card or line: top left, top right, bottom right, bottom left, as its reader sees them. */
export type Quad = readonly [Point, Point, Point, Point];

/** An upright box in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A 3 × 3 projective matrix, rows first. It maps a point of the result to a point of the source. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** The point that `m` maps `p` to. */
export function transform(m: Matrix, [x, y]: Point): Point {
  const w = m[6] * x + m[7] * y + m[8];
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
}

/** The corners of a box where `m` maps them to. */
export const mappedQuad = ([x, y, w, h]: FactBox, m: Matrix): Quad => [
  transform(m, [x, y]),
  transform(m, [x + w, y]),
  transform(m, [x + w, y + h]),
  transform(m, [x, y + h]),
];

/**
 * The upright box around where `m` maps a box to, each as left, top, width and height in pixels.
 * @param within  a picture that it is clipped to
 */
export function mappedBox(
  box: FactBox,
  m: Matrix,
  within?: { readonly width: number; readonly height: number },
): FactBox {
  const clip = (n: number, most?: number) => (most === undefined ? n : Math.min(most, Math.max(0, n)));
  const corners = mappedQuad(box, m);
  const xs = corners.map(([x]) => clip(x, within?.width));
  const ys = corners.map(([, y]) => clip(y, within?.height));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** The matrix that undoes `m`. @throws RangeError where `m` has no inverse */
export function invert(m: Matrix): Matrix {
  const [a, b, c, d, e, f, g, h, i] = m;
  const [A, B, C] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const det = a * A + b * B + c * C;
  if (!(Math.abs(det) > 1e-12)) throw new RangeError("the transform has no inverse");
  return [
    A / det,
    (c * h - b * i) / det,
    (b * f - c * e) / det,
    B / det,
    (a * i - c * g) / det,
    (c * d - a * f) / det,
    C / det,
    (b * g - a * h) / det,
    (a * e - b * d) / det,
  ];
}

/**
 * The similarity (turn, scale, shift) that brings `from` nearest to `to` in the least-squares sense (Umeyama 1991,
 * without reflection).
 * @param from, to  at least two points each, in the same order
 */
export function similarity(from: readonly Point[], to: readonly Point[]): Matrix {
  const n = from.length;
  const mean = (points: readonly Point[], k: 0 | 1) => points.reduce((sum, p) => sum + p[k], 0) / n;
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let cos = 0;
  let sin = 0;
  let spread = 0;
  for (let i = 0; i < n; i++) {
    const [x, y, u, v] = [from[i][0] - fx, from[i][1] - fy, to[i][0] - tx, to[i][1] - ty];
    cos += x * u + y * v;
    sin += x * v - y * u;
    spread += x * x + y * y;
  }
  if (!(spread > 0)) throw new RangeError("a similarity needs two different points");
  const a = cos / spread;
  const b = sin / spread;
  return [a, -b, tx - a * fx + b * fy, b, a, ty - b * fx - a * fy, 0, 0, 1];
}

/** The perspective that maps the four corners `from` exactly onto `to`. @throws RangeError where three are in line */
export function perspective(from: Quad, to: Quad): Matrix {
  return multiply(fromUnitSquare(to), invert(fromUnitSquare(from)));
}

/** The matrix that applies `b` first, then `a`. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const at = (r: number, c: number) => a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

/** Heckbert 1989, "Fundamentals of Texture Mapping", 2.2.3: the unit square onto a quadrilateral. */
function fromUnitSquare([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Quad): Matrix {
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const det = dx1 * dy2 - dx2 * dy1;
  if (!(Math.abs(det) > 1e-9)) throw new RangeError("three corners are in one line");
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

/**
 * Samples `image` bilinearly into a picture of `width` × `height`; what lies outside is `fill`. It does not low-pass:
 * scale a much larger source down first (see {@link shrink}).
 * @param m  maps a point of the result to a point of `image`
 */
export function warp(image: Pixels, m: Matrix, width: number, height: number, fill = 0): Pixels {
  const out = new Uint8Array(width * height * 3);
  const [right, bottom] = [width - 1, height - 1];
  const within = [0, bottom].every((y) => isInside(image, m, 0, y) && isInside(image, m, right, y));
  for (let y = 0; y < height; y++) {
    // A picture is convex: with its corners, all of a quadrilateral lies in it.
    const [first, end] = within ? [0, width] : spanInside(image, m, y, width);
    if (first >= end) sampleAnywhere(image, m, y, 0, width, width, out, fill);
    else {
      if (first > 0) sampleAnywhere(image, m, y, 0, first, width, out, fill);
      sampleInside(image, m, y, first, end, width, out);
      if (end < width) sampleAnywhere(image, m, y, end, width, width, out, fill);
    }
  }
  return { width, height, data: out };
}

/**
 * Which points of one row of {@link warp} are sampled from inside of the picture, from the first to before the last. A row
 * is a straight line there: between two points inside of it, it does not leave it.
 */
function spanInside(
  image: Pixels,
  m: Matrix,
  y: number,
  width: number,
): readonly [first: number, end: number] {
  // Each number is ≥ 0 where x is at least, or at most, where the line from `at 0` with this slope crosses 0.
  const [u, v, w] = [m[1] * y + m[2], m[4] * y + m[5], m[7] * y + m[8]];
  const [right, bottom] = [image.width - 1, image.height - 1];
  const sides: readonly (readonly [start: number, slope: number])[] = [
    [u, m[0]],
    [v, m[3]],
    [right * w - u, right * m[6] - m[0]],
    [bottom * w - v, bottom * m[6] - m[3]],
    [w, m[6]],
  ];
  let [first, last] = [0, width - 1];
  for (const [start, slope] of sides) {
    if (slope === 0 && start < 0) return [0, 0];
    if (slope > 0) first = Math.max(first, Math.ceil(-start / slope));
    else if (slope < 0) last = Math.min(last, Math.floor(-start / slope));
  }
  // Rounding, and sides that the point may not lie on, cost a point at most or two.
  while (first <= last && !isInside(image, m, first, y)) first++;
  while (last >= first && !isInside(image, m, last, y)) last--;
  return [first, last + 1];
}

/** Whether a point of the result has four neighbours in the picture, from before it. */
function isInside({ width, height }: Pixels, m: Matrix, x: number, y: number): boolean {
  const [px, py] = transform(m, [x, y]);
  return px >= 0 && py >= 0 && px < width - 1 && py < height - 1 && m[6] * x + m[7] * y + m[8] > 0;
}

/** Weights of bilinear sampling are whole numbers of this many parts: whole numbers are several times faster. */
const PARTS = 256;
/** Half of the sum of a pixel's weights, to round by. */
const HALF = (PARTS * PARTS) / 2;

/** Part of one row of {@link warp}, none of which lies at the picture's edge. */
function sampleInside(
  { data, width: across }: Pixels,
  m: Matrix,
  y: number,
  first: number,
  end: number,
  width: number,
  out: Uint8Array,
) {
  const row = across * 3;
  const [m0, , , m3, , , m6] = m;
  // Without perspective there is nothing to divide by.
  const flat = m6 === 0 && m[7] * y + m[8] === 1;
  let u = (m0 * first + m[1] * y + m[2]) * PARTS;
  let v = (m3 * first + m[4] * y + m[5]) * PARTS;
  let w = m6 * first + m[7] * y + m[8];
  const last = (y * width + end) * 3;
  for (let o = (y * width + first) * 3; o < last; o += 3, u += m0 * PARTS, v += m3 * PARTS, w += m6) {
    const sx = (flat ? u : u / w) | 0;
    const sy = (flat ? v : v / w) | 0;
    const right = sx & (PARTS - 1);
    const below = sy & (PARTS - 1);
    const i = (sy >> 8) * row + (sx >> 8) * 3;
    const j = i + row;
    const d = Math.imul(right, below);
    const b = (right << 8) - d;
    const c = (below << 8) - d;
    const a = PARTS * PARTS - b - c - d;
    out[o] =
      (Math.imul(data[i], a) +
        Math.imul(data[i + 3], b) +
        Math.imul(data[j], c) +
        Math.imul(data[j + 3], d) +
        HALF) >>
      16;
    out[o + 1] =
      (Math.imul(data[i + 1], a) +
        Math.imul(data[i + 4], b) +
        Math.imul(data[j + 1], c) +
        Math.imul(data[j + 4], d) +
        HALF) >>
      16;
    out[o + 2] =
      (Math.imul(data[i + 2], a) +
        Math.imul(data[i + 5], b) +
        Math.imul(data[j + 2], c) +
        Math.imul(data[j + 5], d) +
        HALF) >>
      16;
  }
}

/**
 * Samples `image` as {@link warp} does, each pixel of the result as the mean of four of the source: half as dear, and for
 * measuring a picture that is made smaller; what lies outside is black.
 * @param m  maps a point of a picture of twice the size to a point of `image`
 */
export function warpHalved(image: Pixels, m: Matrix, width: number, height: number): Pixels {
  const out = new Uint8Array(width * height * 3);
  const { data, width: sw, height: sh } = image;
  const [m0, , , m3, , , m6] = m;
  const flat = m6 === 0 && m[7] === 0 && m[8] === 1;
  // Two rows of samples a row: each adds its share to the sums of one.
  const sums = new Uint16Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(2);
    for (let half = 0; half < 2; half++) {
      const row = 2 * y + half;
      let u = m[1] * row + m[2] + 0.5;
      let v = m[4] * row + m[5] + 0.5;
      let w = m[7] * row + m[8];
      for (let x = 0, o = 0; x < 2 * width; x++, u += m0, v += m3, w += m6) {
        const sx = Math.floor(flat ? u : u / w);
        const sy = Math.floor(flat ? v : v / w);
        if (sx >= 0 && sy >= 0 && sx < sw && sy < sh) {
          const i = (sy * sw + sx) * 3;
          sums[o] += data[i];
          sums[o + 1] += data[i + 1];
          sums[o + 2] += data[i + 2];
        }
        if (x & 1) o += 3;
      }
    }
    for (let k = 0, o = y * sums.length; k < sums.length; k++, o++) out[o] = sums[k] >> 2;
  }
  return { width, height, data: out };
}

/** Part of one row of {@link warp}. */
function sampleAnywhere(
  { data, width: sw, height: sh }: Pixels,
  m: Matrix,
  y: number,
  first: number,
  end: number,
  width: number,
  out: Uint8Array,
  fill: number,
) {
  for (let x = first, o = (y * width + first) * 3; x < end; x++, o += 3) {
    const w = m[6] * x + m[7] * y + m[8];
    const sx = (m[0] * x + m[1] * y + m[2]) / w;
    const sy = (m[3] * x + m[4] * y + m[5]) / w;
    const x0 = Math.floor(sx);
    const y0 = Math.floor(sy);
    if (!(x0 >= -1 && y0 >= -1 && x0 < sw && y0 < sh)) {
      out[o] = out[o + 1] = out[o + 2] = fill;
      continue;
    }
    const fx = sx - x0;
    const fy = sy - y0;
    // The border pixel is repeated for the half pixel outside of it.
    const xa = Math.max(x0, 0);
    const xb = x0 + 1 >= sw ? sw - 1 : x0 + 1;
    const ya = Math.max(y0, 0) * sw;
    const yb = (y0 + 1 >= sh ? sh - 1 : y0 + 1) * sw;
    const aa = (ya + xa) * 3;
    const ab = (ya + xb) * 3;
    const ba = (yb + xa) * 3;
    const bb = (yb + xb) * 3;
    for (let c = 0; c < 3; c++) {
      const top = data[aa + c] + (data[ab + c] - data[aa + c]) * fx;
      const bottom = data[ba + c] + (data[bb + c] - data[ba + c]) * fx;
      out[o + c] = top + (bottom - top) * fy + 0.5;
    }
  }
}

/** The part of `image` inside `box` (rounded, clipped to the picture). */
export function crop(image: Pixels, box: Box): Pixels {
  const left = Math.max(0, Math.round(box.x));
  const top = Math.max(0, Math.round(box.y));
  const width = Math.max(1, Math.min(image.width, Math.round(box.x + box.width)) - left);
  const height = Math.max(1, Math.min(image.height, Math.round(box.y + box.height)) - top);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/**
 * Scales to exactly `width` × `height`: by area averaging where it shrinks, bilinearly where it grows. Synchronous
 * and for the small crops that networks take; whole photographs are scaled while they are decoded.
 */
export function shrink(image: Pixels, width: number, height: number): Pixels {
  const kx = image.width / width;
  const ky = image.height / height;
  if (kx <= 1 && ky <= 1)
    return warp(image, [kx, 0, (kx - 1) / 2, 0, ky, (ky - 1) / 2, 0, 0, 1], width, height);
  const columns = weights(image.width, width);
  const rows = weights(image.height, height);
  const data = new Uint8Array(width * height * 3);
  // One row of the result at a time: the rows it covers are summed up, then the columns of that sum.
  const row = image.width * 3;
  const sums = new Float32Array(row + columns.most * 3);
  for (let y = 0; y < height; y++) {
    sumRows(image.data, sums, row, rows.from[y], rows.share.subarray(y * rows.most, (y + 1) * rows.most));
    sumColumns(sums, columns, data.subarray(y * width * 3, (y + 1) * width * 3));
  }
  return { width, height, data };
}

/**
 * The weighted sum of some rows of a picture.
 * @param sums   of `row` numbers, and as many more as weights may reach beyond them, which stay 0
 * @param from   the first row
 * @param share  of each row from there on; those that do not count may lie below the picture
 */
function sumRows(
  source: Uint8Array,
  sums: Float32Array,
  row: number,
  from: number,
  share: Float32Array,
): void {
  for (let k = 0; k < share.length && share[k] > 0; k += TAPS) {
    const [a, b, c, d] = share.subarray(k, k + TAPS);
    const i = (from + k) * row;
    const j = b > 0 ? i + row : i;
    const l = c > 0 ? j + row : i;
    const m = d > 0 ? l + row : i;
    if (k === 0)
      for (let x = 0; x < row; x++)
        sums[x] = source[i + x] * a + source[j + x] * b + source[l + x] * c + source[m + x] * d;
    else
      for (let x = 0; x < row; x++)
        sums[x] += source[i + x] * a + source[j + x] * b + source[l + x] * c + source[m + x] * d;
  }
}

/** The weighted sums of the columns of one row, rounded. */
function sumColumns(sums: Float32Array, { from, share, most }: Weights, out: Uint8Array): void {
  for (let x = 0, o = 0, at = 0; x < from.length; x++, o += 3) {
    let red = 0.5;
    let green = 0.5;
    let blue = 0.5;
    for (let k = 0, i = from[x] * 3; k < most; k += TAPS, at += TAPS, i += 3 * TAPS) {
      const a = share[at];
      const b = share[at + 1];
      const c = share[at + 2];
      const d = share[at + 3];
      red += sums[i] * a + sums[i + 3] * b + sums[i + 6] * c + sums[i + 9] * d;
      green += sums[i + 1] * a + sums[i + 4] * b + sums[i + 7] * c + sums[i + 10] * d;
      blue += sums[i + 2] * a + sums[i + 5] * b + sums[i + 8] * c + sums[i + 11] * d;
    }
    out[o] = red;
    out[o + 1] = green;
    out[o + 2] = blue;
  }
}

/** Cells are summed up so many at a time: a sum is then loaded and stored a quarter as often. */
const TAPS = 4;

/** For each of some cells, which others it covers, from which one on, and by how much; the shares of a cell sum to 1. */
interface Weights {
  readonly from: Int32Array;
  /** `most` for each cell, a multiple of {@link TAPS}; 0 for those it does not cover. */
  readonly share: Float32Array;
  readonly most: number;
}

/** @param from, to  how many cells there are, and how many cover them */
function weights(from: number, to: number): Weights {
  const k = from / to;
  // A growing axis is sampled linearly between two neighbours, a shrinking one averaged over what it covers.
  const reach = Math.max(1, k);
  const most = Math.ceil((Math.ceil(reach) + 1) / TAPS) * TAPS;
  const made: Weights = { from: new Int32Array(to), share: new Float32Array(to * most), most };
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * k;
    const start = Math.max(0, Math.min(from - 1, Math.floor(centre - reach / 2)));
    const end = Math.min(from, Math.max(start + 1, Math.ceil(centre + reach / 2)));
    made.from[i] = start;
    const share = made.share.subarray(i * most, (i + 1) * most);
    let sum = 0;
    for (let j = start; j < end; j++)
      sum += share[j - start] = Math.max(
        0,
        Math.min(j + 1, centre + reach / 2) - Math.max(j, centre - reach / 2),
      );
    if (sum > 0) for (let j = 0; j < end - start; j++) share[j] /= sum;
    else share[0] = 1;
  }
  return made;
}
