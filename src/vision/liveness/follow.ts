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
  lookAt(from, px, py);
  const score = (dx: number, dy: number): number => correlation(FINE, to, x + dx, y + dy);
  let [best, cx, cy] = [Number.NEGATIVE_INFINITY, 0, 0];
  for (let dy = -SEARCH.y; dy <= SEARCH.y; dy += COARSE) {
    for (let dx = -SEARCH.x; dx <= SEARCH.x; dx += COARSE) {
      const found = correlation(COARSE_LOOK, to, x + dx, y + dy);
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

/** What is looked for: of every `step`th pixel and row of a square, how far it lies from their mean, in deviations. */
interface Look {
  readonly step: number;
  readonly values: Float32Array;
}

const look = (step: number): Look => ({ step, values: new Float32Array(Math.ceil(SIDE / step) ** 2) });
/** What is looked for at present: thousands of squares are followed one after another, none of them kept. */
const FINE = look(1);
const COARSE_LOOK = look(COARSE);

/** Takes the square around a point, sampled bilinearly, for what is looked for. */
function lookAt(from: Float32Array, px: number, py: number): void {
  const [left, top] = [Math.floor(px), Math.floor(py)];
  const [a, b] = [px - left, py - top];
  const patch = FINE.values;
  for (let j = -HALF, k = 0; j <= HALF; j++) {
    let i = (top + j) * PLATE + left - HALF;
    for (let n = 0; n < SIDE; n++, i++, k++) {
      const above = from[i] + (from[i + 1] - from[i]) * a;
      const below = from[i + PLATE] + (from[i + PLATE + 1] - from[i + PLATE]) * a;
      patch[k] = above + (below - above) * b;
    }
  }
  for (let j = 0, k = 0; j < SIDE; j += COARSE)
    for (let i = 0; i < SIDE; i += COARSE, k++) COARSE_LOOK.values[k] = patch[j * SIDE + i];
  standardise(FINE.values);
  standardise(COARSE_LOOK.values);
}

/** Sum of squares that a square without any structure is taken to have, so that it correlates with nothing. */
const LEAST_SPREAD = 1e-3;

/** Makes the values' sum 0, and that of their squares 1. */
function standardise(values: Float32Array): void {
  let [sum, squares] = [0, 0];
  for (let k = 0; k < values.length; k++) sum += values[k];
  const mean = sum / values.length;
  for (let k = 0; k < values.length; k++) {
    values[k] -= mean;
    squares += values[k] * values[k];
  }
  const scale = 1 / Math.sqrt(Math.max(LEAST_SPREAD, squares));
  for (let k = 0; k < values.length; k++) values[k] *= scale;
}

/** Pearson's correlation −1..1 of what is wanted with the square around x, y; minus infinity where that sticks out. */
function correlation({ step, values }: Look, to: Float32Array, x: number, y: number): number {
  if (x < HALF || y < HALF || x >= PLATE - HALF || y >= PLATE - HALF) return Number.NEGATIVE_INFINITY;
  // Where the time goes: of what is wanted the sum is 0 and that of the squares 1, so only the square's are summed here.
  let b = 0;
  let bb = 0;
  let ab = 0;
  for (let j = 0, k = 0; j < SIDE; j += step) {
    const line = (y + j - HALF) * PLATE + x - HALF;
    for (let i = 0; i < SIDE; i += step, k++) {
      const q = to[line + i];
      b += q;
      bb += q * q;
      ab += values[k] * q;
    }
  }
  return ab / Math.sqrt(Math.max(LEAST_SPREAD, bb - (b * b) / values.length));
}

/** Where the parabola through three neighbours has its top, −0.5..0.5 from the middle one, which is the largest. */
function summit(a: number, b: number, c: number): number {
  const bend = a + c - 2 * b;
  return Number.isFinite(bend) && bend < 0 ? Math.max(-0.5, Math.min(0.5, (a - c) / (2 * bend))) : 0;
}
