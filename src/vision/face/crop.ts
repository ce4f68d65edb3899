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
  const reach = bounds(m, width, height, image);
  if (!reach) return { width, height, data: new Uint8Array(width * height * 3).fill(fill) };
  const part = average(image, reach, step);
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

/** A picture half as wide and high, each pixel the mean of 2 × 2; an odd column or row at its end is dropped. */
export const halved = (image: Pixels): Pixels =>
  average(image, { x: 0, y: 0, width: image.width, height: image.height }, 2);

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
  for (let o = 0, i = from, j = from + row; o < out.length; i += 3, j += 3) {
    for (const end = o + 3; o < end; o++, i++, j++)
      out[o] = (source[i] + source[i + 3] + source[j] + source[j + 3] + 2) >> 2;
  }
}

/** {@link meanOf} 3 × 3 pixels. */
function meanOfNine(source: Uint8Array, from: number, row: number, out: Uint8Array): void {
  for (let o = 0, i = from, j = from + row, k = j + row; o < out.length; i += 6, j += 6, k += 6) {
    for (const end = o + 3; o < end; o++, i++, j++, k++) {
      const above = source[i] + source[i + 3] + source[i + 6];
      const middle = source[j] + source[j + 3] + source[j + 6];
      const below = source[k] + source[k + 3] + source[k + 6];
      out[o] = (above + middle + below) / 9 + 0.5;
    }
  }
}
