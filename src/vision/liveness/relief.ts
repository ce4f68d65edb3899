import type { Point } from "../geometry.ts";
import { follow, HALF } from "./follow.ts";
import { EYES_APART, PLATE, type Plate } from "./plate.ts";

/** What a turn of the head shows of the face's relief. */
export interface Relief {
  /**
   * −1..1: correlation between how far the pixels moved aside and how near the anatomy under them is, once all that a
   * sheet could do is taken off both. The movement of a solid head is of its relief: it is far above 0. A picture has none.
   */
  readonly likeness: number;
  /** How far they moved for their nearness, over what the head's angle makes of it: 1 for a head, 0 for a picture. */
  readonly parallax: number;
}

/** The grid of points that are followed, in pixels of a plate. */
const GRID = 5;
/** A point is followed where the mesh is as near as this, in pixels of a plate: on the face, not beside it. */
const ON_FACE = 6;
/** Mesh points whose depth a point of the grid takes the mean of, the nearer the more. */
const NEIGHBOURS = 4;
/** Mean change from left to right, in grey levels over two pixels, below which there is nothing to see a movement by. */
const TEXTURE = 3;
/** Points, and share of those that were begun with, below which a turn was not followed. */
const FOLLOWED = { points: 60, share: 0.5 } as const;
/**
 * A sheet that is turned, tilted, rolled, dented or pushed aside moves its points by a smooth function of where they
 * are: polynomials of x and y up to this degree. A nose is narrower than they can follow.
 */
const DEGREE = 4;
/** Rounds of reweighting, by which a point that jumped to something else loses its say (Cauchy's weights). */
const ROUNDS = 5;
/** Least scale of a residual in distances of the eyes: a quarter of a pixel of the plate. */
const LEAST_SCALE = 0.004;

/** One point of the grid: where it was, how near (distances of the eyes, smaller is nearer), where it came to lie. */
interface Followed {
  readonly from: Point;
  readonly depth: number;
  readonly to: Point;
}

/**
 * Whether the face stands out while the head turns. The pixels themselves are followed from frame to frame, because the
 * mesh lays a solid face even over a flat picture. In a turn by Δ, seen from afar, a point at x and depth z moves aside
 * by x (cos Δ − 1) − z sin Δ: the first is smooth whatever the sheet, the second is the anatomy's.
 * @param plates  of a turn, from rest to where the head is turned farthest, or back
 * @param sine    of the angle from the first to the last, positive to the person's left, as yaw is
 * @returns null where the face was lost from sight
 */
export function reliefIn(plates: readonly Plate[], sine: number): Relief | null {
  const begun = gridOn(plates[0]);
  const followed = begun.flatMap(({ from, depth }): Followed[] => {
    let to: Point | null = from;
    for (let i = 1; i < plates.length && to; i++) to = follow(plates[i - 1].light, plates[i].light, to);
    return to ? [{ from, depth, to }] : [];
  });
  if (followed.length < Math.max(FOLLOWED.points, FOLLOWED.share * begun.length) || sine === 0) return null;
  const smooth = followed.map(({ from: [x, y] }) => polynomials(x, y));
  const aside = followed.map(({ from, to }) => (to[0] - from[0]) / EYES_APART);
  const depth = followed.map((point) => point.depth);
  let weights = followed.map(() => 1);
  for (let round = 0; ; round++) {
    const [moved, stands] = leftOver(smooth, [aside, depth], weights);
    const product = (a: Float64Array, b: Float64Array) =>
      weights.reduce((sum, w, i) => sum + w * a[i] * b[i], 0);
    const slope = product(moved, stands) / Math.max(Number.EPSILON, product(stands, stands));
    if (round === ROUNDS) {
      const spread = Math.sqrt(product(moved, moved) * product(stands, stands));
      const sign = -Math.sign(sine);
      return {
        likeness: (sign * product(moved, stands)) / Math.max(Number.EPSILON, spread),
        parallax: -slope / sine,
      };
    }
    const errors = moved.map((m, i) => m - slope * stands[i]);
    const middle = errors.map(Math.abs).sort()[errors.length >> 1];
    // 1.5 times the median of the errors estimates their deviation (1.4826 of a normal one's).
    const scale = 2 * (1.5 * middle + LEAST_SCALE);
    weights = Array.from(errors, (error) => 1 / (1 + (error / scale) ** 2));
  }
}

/** Points of the face that have something to be followed by. */
function gridOn({ light, points }: Plate): { readonly from: Point; readonly depth: number }[] {
  const found: { from: Point; depth: number }[] = [];
  const margin = HALF + 2;
  for (let y = margin; y < PLATE - margin; y += GRID) {
    for (let x = margin; x < PLATE - margin; x += GRID) {
      if (texture(light, x, y) < TEXTURE) continue;
      const depth = depthAt(points, x, y);
      if (depth !== null) found.push({ from: [x, y], depth });
    }
  }
  return found;
}

/** Mean depth of the nearest points of the mesh, in distances of the eyes; null beside the face. */
function depthAt(points: Plate["points"], x: number, y: number): number | null {
  const squared = new Float64Array(NEIGHBOURS).fill(Number.POSITIVE_INFINITY);
  const depth = new Float64Array(NEIGHBOURS);
  for (let i = 0; i < points.length; i++) {
    const point = points[i];
    const far = (point[0] - x) * (point[0] - x) + (point[1] - y) * (point[1] - y);
    if (far >= squared[NEIGHBOURS - 1]) continue;
    let place = NEIGHBOURS - 1;
    for (; place > 0 && squared[place - 1] > far; place--) {
      squared[place] = squared[place - 1];
      depth[place] = depth[place - 1];
    }
    squared[place] = far;
    depth[place] = point[2];
  }
  if (squared[0] > ON_FACE * ON_FACE) return null;
  let [sum, weight] = [0, 0];
  squared.forEach((far, i) => {
    sum += depth[i] / (far + 1);
    weight += 1 / (far + 1);
  });
  return sum / weight / EYES_APART;
}

/** Root of the mean square by which grey changes from left to right over two pixels, around a point. */
function texture(light: Float32Array, x: number, y: number): number {
  let sum = 0;
  for (let j = -HALF; j <= HALF; j++)
    for (let i = (y + j) * PLATE + x - HALF; i <= (y + j) * PLATE + x + HALF; i++)
      sum += (light[i + 1] - light[i - 1]) ** 2;
  return Math.sqrt(sum) / (2 * HALF + 1);
}

/** All products of powers of x and y up to {@link DEGREE}, in distances of the eyes from the middle of the plate. */
function polynomials(px: number, py: number): number[] {
  const [x, y] = [(px - PLATE / 2) / EYES_APART, (py - PLATE / 2) / EYES_APART];
  const out: number[] = [];
  for (let i = 0; i <= DEGREE; i++) for (let j = 0; i + j <= DEGREE; j++) out.push(x ** i * y ** j);
  return out;
}

/** What of each of `values` no weighted sum of the columns of `rows` explains (Gram and Schmidt, weighted). */
function leftOver(
  rows: readonly (readonly number[])[],
  values: readonly (readonly number[])[],
  weights: readonly number[],
): Float64Array[] {
  const roots = Float64Array.from(weights, Math.sqrt);
  const without = (v: Float64Array, unit: Float64Array) => {
    let share = 0;
    for (let i = 0; i < v.length; i++) share += unit[i] * v[i];
    for (let i = 0; i < v.length; i++) v[i] -= share * unit[i];
  };
  const basis: Float64Array[] = [];
  for (let c = 0; c < rows[0].length; c++) {
    const column = roots.map((root, i) => root * rows[i][c]);
    for (const unit of basis) without(column, unit);
    const length = Math.hypot(...column);
    if (length > 1e-6) basis.push(column.map((v) => v / length));
  }
  return values.map((value) => {
    const left = roots.map((root, i) => root * value[i]);
    for (const unit of basis) without(left, unit);
    return left.map((v, i) => v / roots[i]);
  });
}
