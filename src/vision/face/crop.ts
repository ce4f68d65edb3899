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
  const share = 1 / (columns * rows);
  const next = (across - columns) * 3;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      let i = ((part.y + y * step) * across + part.x + x * step) * 3;
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
      data[o] = r * share + 0.5;
      data[o + 1] = g * share + 0.5;
      data[o + 2] = b * share + 0.5;
    }
  }
  return { width, height, data };
}
