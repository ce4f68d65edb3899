import type { Point } from "../geometry.ts";
import { PLATE } from "./plate.ts";

/** Half the side of what is followed, in pixels of a plate: a square of 11, a sixth of the distance of the eyes. */
export const HALF = 5;
const SIDE = 2 * HALF + 1;
/** How far it is looked for from one frame to the next, in pixels of a plate; whole steps of {@link COARSE}. */
const SEARCH = { x: 8, y: 4 } as const;
/** The first look takes every second place and every second pixel: a face's correlation does not fall off faster. */
const COARSE = 2;
/** Correlation below which what was followed is lost. */
const LOST = 0.6;

/**
 * Where the pixels around a point of one plate lie on the next, by normalised correlation, finer than a pixel.
 * @param from, to  {@link PLATE} × {@link PLATE} grey levels
 * @returns null where they are lost, or too near to the edge
 */
export function follow(from: Float32Array, to: Float32Array, [px, py]: Point): Point | null {
  const margin = HALF + 1;
  const [x, y] = [Math.round(px), Math.round(py)];
  if (x < margin || y < margin || x >= PLATE - margin || y >= PLATE - margin) return null;
  const patch = patchAround(from, px, py);
  const score = (dx: number, dy: number): number => correlation(patch, to, x + dx, y + dy, 1);
  let [best, cx, cy] = [Number.NEGATIVE_INFINITY, 0, 0];
  for (let dy = -SEARCH.y; dy <= SEARCH.y; dy += COARSE) {
    for (let dx = -SEARCH.x; dx <= SEARCH.x; dx += COARSE) {
      const found = correlation(patch, to, x + dx, y + dy, COARSE);
      if (found > best) [best, cx, cy] = [found, dx, dy];
    }
  }
  let [bx, by] = [0, 0];
  best = Number.NEGATIVE_INFINITY;
  for (let dy = cy - 1; dy <= cy + 1; dy++) {
    for (let dx = cx - 1; dx <= cx + 1; dx++) {
      const found = score(dx, dy);
      if (found > best) [best, bx, by] = [found, dx, dy];
    }
  }
  if (best < LOST) return null;
  return [
    x + bx + summit(score(bx - 1, by), best, score(bx + 1, by)),
    y + by + summit(score(bx, by - 1), best, score(bx, by + 1)),
  ];
}

/** A square of pixels, sampled bilinearly. */
function patchAround(from: Float32Array, px: number, py: number): Float32Array {
  const [left, top] = [Math.floor(px), Math.floor(py)];
  const [a, b] = [px - left, py - top];
  const patch = new Float32Array(SIDE * SIDE);
  for (let j = -HALF, k = 0; j <= HALF; j++) {
    let i = (top + j) * PLATE + left - HALF;
    for (let n = 0; n < SIDE; n++, i++, k++) {
      const above = from[i] + (from[i + 1] - from[i]) * a;
      const below = from[i + PLATE] + (from[i + PLATE + 1] - from[i + PLATE]) * a;
      patch[k] = above + (below - above) * b;
    }
  }
  return patch;
}

/**
 * Pearson's correlation −1..1 of a patch with the square around x, y; minus infinity where that sticks out.
 * @param step  of how many pixels, and rows, one is taken
 */
function correlation(patch: Float32Array, to: Float32Array, x: number, y: number, step: number): number {
  if (x < HALF || y < HALF || x >= PLATE - HALF || y >= PLATE - HALF) return Number.NEGATIVE_INFINITY;
  // Names apart, not destructured: this is where the time goes.
  let a = 0;
  let b = 0;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let j = 0; j < SIDE; j += step) {
    const line = (y + j - HALF) * PLATE + x - HALF;
    for (let i = 0; i < SIDE; i += step) {
      const p = patch[j * SIDE + i];
      const q = to[line + i];
      a += p;
      b += q;
      aa += p * p;
      bb += q * q;
      ab += p * q;
    }
  }
  const count = Math.ceil(SIDE / step) ** 2;
  const spread = (aa - (a * a) / count) * (bb - (b * b) / count);
  return (ab - (a * b) / count) / Math.sqrt(Math.max(1e-6, spread));
}

/** Where the parabola through three neighbours has its top, −0.5..0.5 from the middle one, which is the largest. */
function summit(a: number, b: number, c: number): number {
  const bend = a + c - 2 * b;
  return Number.isFinite(bend) && bend < 0 ? Math.max(-0.5, Math.min(0.5, (a - c) / (2 * bend))) : 0;
}
