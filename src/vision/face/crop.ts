import { type Box, type Matrix, multiply, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";

/** Bilinear sampling looks at two pixels a side: from this many source pixels a step on, the source is averaged first. */
const ALIASING_SCALE = 1.5;

/** The square of `side` pixels around `centre`, turned clockwise by `angle` radians, as a map from a picture of `size` pixels. */
export function turnedSquare(
  [cx, cy]: readonly [number, number],
  side: number,
  angle: number,
  size: number,
): Matrix {
  const c = (Math.cos(angle) * side) / size;
  const s = (Math.sin(angle) * side) / size;
  const middle = (size - 1) / 2;
  return [c, -s, cx - (c - s) * middle, s, c, cy - (s + c) * middle, 0, 0, 1];
}

/**
 * Samples a turned, scaled part of `image`, averaging first where it is scaled down, so that a network sees no aliasing.
 * @param m  affine; maps a point of the result to a point of `image`. What lies outside of the picture is `fill`
 */
export function cut(image: Pixels, m: Matrix, width: number, height: number, fill = 0): Pixels {
  const scale = Math.sqrt(Math.abs(m[0] * m[4] - m[1] * m[3]));
  if (scale < ALIASING_SCALE) return warp(image, m, width, height, fill);
  const step = Math.round(scale);
  const made = step === 2 ? HALVES.get(image) : undefined;
  const reach = made ? wholeOf(image) : bounds(m, width, height, image);
  if (!reach) return { width, height, data: new Uint8Array(width * height * 3).fill(fill) };
  const part = made ?? average(image, reach, step);
  // A pixel of `part` stands in the middle of step × step pixels of the picture.
  const middle = (step - 1) / 2;
  const toPart: Matrix = [
    1 / step,
    0,
    -(reach.x + middle) / step,
    0,
    1 / step,
    -(reach.y + middle) / step,
    0,
    0,
    1,
  ];
  return warp(part, multiply(toPart, m), width, height, fill);
}

/** Halves that were made: many cuts of one picture share them. */
const HALVES = new WeakMap<Pixels, Pixels>();

/**
 * A picture half as wide and high, each pixel the mean of 2 × 2; an odd column or row at its end is dropped. It is made
 * once, and {@link cut} makes use of it: it pays where a picture is cut several times.
 */
export function halved(image: Pixels): Pixels {
  const known = HALVES.get(image);
  if (known) return known;
  const half = average(image, wholeOf(image), 2);
  HALVES.set(image, half);
  return half;
}

const wholeOf = ({ width, height }: Pixels): Box => ({ x: 0, y: 0, width, height });

/** The part of the picture that `m` reaches into, with a margin; null where it reaches none. */
function bounds(m: Matrix, width: number, height: number, image: Pixels): Box | null {
  const xs = [0, width - 1].flatMap((x) => [0, height - 1].map((y) => m[0] * x + m[1] * y + m[2]));
  const ys = [0, width - 1].flatMap((x) => [0, height - 1].map((y) => m[3] * x + m[4] * y + m[5]));
  const margin = 2 * Math.hypot(m[0], m[3]) + 1;
  const left = Math.max(0, Math.floor(Math.min(...xs) - margin));
  const top = Math.max(0, Math.floor(Math.min(...ys) - margin));
  const right = Math.min(image.width, Math.ceil(Math.max(...xs) + margin));
  const bottom = Math.min(image.height, Math.ceil(Math.max(...ys) + margin));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

/** A part of the picture with each step × step pixels made one; what is left over at its right and below is dropped. */
function average({ width: across, data: source }: Pixels, part: Box, step: number): Pixels {
  const width = Math.max(1, Math.floor(part.width / step));
  const height = Math.max(1, Math.floor(part.height / step));
  // A part thinner than a step is averaged over what there is.
  const [columns, rows] = [Math.min(step, part.width), Math.min(step, part.height)];
  const data = new Uint8Array(width * height * 3);
  const mean = columns === 2 && rows === 2 ? meanOfFour : columns === 3 && rows === 3 ? meanOfNine : meanOf;
  for (let y = 0; y < height; y++) {
    const from = ((part.y + y * step) * across + part.x) * 3;
    mean(source, from, across * 3, data.subarray(y * width * 3, (y + 1) * width * 3), columns, rows);
  }
  return { width, height, data };
}

/**
 * One row of {@link average}.
 * @param from  index of its first number in the picture
 * @param row   numbers of a row of the picture
 */
function meanOf(
  source: Uint8Array,
  from: number,
  row: number,
  out: Uint8Array,
  columns: number,
  rows: number,
): void {
  const share = 1 / (columns * rows);
  const next = row - columns * 3;
  for (let o = 0; o < out.length; o += 3) {
    let i = from + o * columns;
    let r = 0;
    let g = 0;
    let b = 0;
    for (let j = 0; j < rows; j++, i += next) {
      for (let k = 0; k < columns; k++, i += 3) {
        r += source[i];
        g += source[i + 1];
        b += source[i + 2];
      }
    }
    out[o] = r * share + 0.5;
    out[o + 1] = g * share + 0.5;
    out[o + 2] = b * share + 0.5;
  }
}

/** {@link meanOf} 2 × 2 pixels: written out, since frames are mostly scaled by so much, three times as fast. */
function meanOfFour(source: Uint8Array, from: number, row: number, out: Uint8Array): void {
  for (let o = 0, i = from, j = from + row; o < out.length; o += 3, i += 6, j += 6) {
    out[o] = (source[i] + source[i + 3] + source[j] + source[j + 3] + 2) >> 2;
    out[o + 1] = (source[i + 1] + source[i + 4] + source[j + 1] + source[j + 4] + 2) >> 2;
    out[o + 2] = (source[i + 2] + source[i + 5] + source[j + 2] + source[j + 5] + 2) >> 2;
  }
}

/** {@link meanOf} 3 × 3 pixels. */
function meanOfNine(source: Uint8Array, from: number, row: number, out: Uint8Array): void {
  for (let o = 0, i = from, j = from + row, k = j + row; o < out.length; o += 3, i += 9, j += 9, k += 9) {
    out[o] = ninth(source, i, j, k);
    out[o + 1] = ninth(source, i + 1, j + 1, k + 1);
    out[o + 2] = ninth(source, i + 2, j + 2, k + 2);
  }
}

/** One channel's mean of three pixels in each of three rows. */
function ninth(source: Uint8Array, i: number, j: number, k: number): number {
  const above = source[i] + source[i + 3] + source[i + 6];
  const middle = source[j] + source[j + 3] + source[j + 6];
  return (above + middle + source[k] + source[k + 3] + source[k + 6]) / 9 + 0.5;
}
