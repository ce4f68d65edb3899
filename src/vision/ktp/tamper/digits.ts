import { luma, type Pixels } from "../../image.ts";
import type { Letter } from "../decode.ts";
import { median } from "../text.ts";

/** Ink is darker than half of what is between ground and ink. */
const HALF = 0.5;
/**
 * By how much the top or the foot of the oddest digit of a straightened line stands off those of the others, in heights
 * of a digit. All digits of one face end on two lines, but for the overshoot of round ones, about 0.02.
 * @param line    the line, its text level
 * @param digits  its 16 digits, `x` in its pixels
 * @returns null where they are not set at even distances, or hardly stand out
 */
export function oddestDigit(line: Pixels, digits: readonly Letter[]): number | null {
  const grid = evenly(digits);
  const ink = inkOf(line);
  if (grid === null || ink === null) return null;
  const cells = digits.map((_, i) => {
    const [from, to] = [-0.5, 0.5].map((half) => Math.round(grid.from + (i + half) * grid.pitch));
    return { from, to, ...extent(ink, line.width, line.height, from, to) };
  });
  if (cells.some(({ top, foot }) => foot - top < line.height / 4)) return null;
  const size = median(cells.map(({ top, foot }) => foot - top));
  const off = [cells.map(({ top }) => top), cells.map(({ foot }) => foot)].flatMap(residuals);
  return Math.max(...off.map(Math.abs)) / size;
}

/** Where digits set at even distances stand; null where they are not. */
function evenly(digits: readonly Letter[]): { readonly from: number; readonly pitch: number } | null {
  const xs = digits.map(({ x }) => x);
  const pitch = median(xs.slice(8).map((x, i) => (x - xs[i]) / 8));
  const from = median(xs.map((x, i) => x - i * pitch));
  return xs.every((x, i) => Math.abs(x - from - i * pitch) < pitch / 2) ? { from, pitch } : null;
}

/** 0 ground .. 1 ink for each pixel; null where they differ too little. */
function inkOf(line: Pixels): Float32Array | null {
  const values = luma(line);
  const sorted = values.toSorted();
  const [dark, light] = [sorted[Math.floor(0.04 * sorted.length)], sorted[Math.floor(0.75 * sorted.length)]];
  if (light - dark < LEAST_CONTRAST) return null;
  for (let i = 0; i < values.length; i++) values[i] = (light - values[i]) / (light - dark);
  return values;
}
const LEAST_CONTRAST = 40;

/** Where the ink between two columns begins and ends, to parts of a pixel. */
function extent(ink: Float32Array, width: number, height: number, from: number, to: number) {
  const rows = new Float32Array(height);
  for (let y = 0; y < height; y++)
    for (let x = Math.max(0, from); x < Math.min(width, to); x++)
      rows[y] = Math.max(rows[y], ink[y * width + x]);
  const middle = height >> 1;
  // From the middle outwards: print of the ground or of the next line may begin beyond.
  let top = middle;
  let foot = middle;
  for (let gap = 0, y = middle; y > 0 && gap < height / 4; y--) {
    if (rows[y] > HALF) [top, gap] = [y, 0];
    else gap++;
  }
  for (let gap = 0, y = middle; y < height - 1 && gap < height / 4; y++) {
    if (rows[y] > HALF) [foot, gap] = [y, 0];
    else gap++;
  }
  const part = (inside: number, outside: number) =>
    inside > outside ? Math.min(1, Math.max(0, (inside - HALF) / (inside - outside))) : 0;
  return {
    top: top - part(rows[top], rows[top - 1] ?? 0),
    foot: foot + part(rows[foot], rows[foot + 1] ?? 0),
  };
}

/** What is left of numbers once a straight line through them is taken away (Theil and Sen). */
function residuals(ys: readonly number[]): number[] {
  const slopes = ys.flatMap((a, i) => ys.slice(i + 1).map((b, j) => (b - a) / (j + 1)));
  const slope = median(slopes);
  const base = median(ys.map((y, i) => y - slope * i));
  return ys.map((y, i) => y - slope * i - base);
}
