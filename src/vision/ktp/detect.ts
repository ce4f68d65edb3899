import { type Point, type Quad, shrink } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";

/** A line of text as it was found. */
export interface TextBox {
  /** In pixels of the picture; its first side is the reading direction. */
  readonly quad: Quad;
  /** Mean probability of its pixels, 0..1. */
  readonly score: number;
}

/** PaddleOCR's values for the DB network (`det_db_thresh`, `det_db_box_thresh`, `det_db_unclip_ratio`). */
const DB = { pixel: 0.3, box: 0.55, unclip: 1.6, minSide: 3 } as const;
const MULTIPLE = 32;
/** Small pictures are enlarged by at most this much. */
const MOST_GROWTH = 2.2;

/**
 * Finds lines of text.
 * @param longSide  to which the picture is scaled for the network; a line should still be 8 pixels high there
 */
export async function detectText(image: Pixels, models: Models, longSide: number): Promise<TextBox[]> {
  const scale = Math.min(MOST_GROWTH, longSide / Math.max(image.width, image.height));
  const snap = (n: number) => Math.max(MULTIPLE, Math.round((n * scale) / MULTIPLE) * MULTIPLE);
  const [width, height] = [snap(image.width), snap(image.height)];
  const small = shrink(image, width, height);
  const { probability } = await models.get("text-detection").see(small.data, width, height);
  const [kx, ky] = [image.width / width, image.height / height];
  return regions(probability.data, width, height).map(({ quad, score }) => ({
    quad: quad.map(([x, y]): Point => [x * kx, y * ky]) as unknown as Quad,
    score,
  }));
}

/** Connected regions of the probability map as turned rectangles, grown back by what DB shrank them. */
export function regions(map: Float32Array, width: number, height: number): TextBox[] {
  const seen = new Uint8Array(width * height);
  const stack = new Int32Array(width * height);
  // Of each row of a region the first and the last pixel: its hull has no other corners.
  const [first, last] = [new Int32Array(height), new Int32Array(height)];
  const found: TextBox[] = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || map[start] <= DB.pixel) continue;
    first.fill(width);
    last.fill(-1);
    let top = 0;
    let count = 0;
    let sum = 0;
    stack[top++] = start;
    seen[start] = 1;
    while (top > 0) {
      const i = stack[--top];
      const x = i % width;
      const y = (i - x) / width;
      count += 1;
      sum += map[i];
      if (x < first[y]) first[y] = x;
      if (x > last[y]) last[y] = x;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const j = v * width + u;
          if (seen[j] || map[j] <= DB.pixel) continue;
          seen[j] = 1;
          stack[top++] = j;
        }
      }
    }
    const score = sum / count;
    if (score < DB.box) continue;
    const edge: Point[] = [];
    for (let y = 0; y < height; y++) if (last[y] >= 0) edge.push([first[y], y], [last[y], y]);
    const rectangle = smallestRectangle(edge);
    if (!rectangle || Math.min(rectangle.width, rectangle.height) < DB.minSide) continue;
    const { centre, angle } = rectangle;
    const [w, h] = [rectangle.width + 1, rectangle.height + 1];
    const grow = (w * h * DB.unclip) / (2 * (w + h));
    found.push({ quad: corners(centre, w + 2 * grow, h + 2 * grow, angle), score });
  }
  return found;
}

interface Rectangle {
  readonly centre: Point;
  readonly width: number;
  readonly height: number /** radians */;
  readonly angle: number;
}

const corners = ([cx, cy]: Point, w: number, h: number, angle: number): Quad => {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const at = (x: number, y: number): Point => [cx + c * x - s * y, cy + s * x + c * y];
  return [at(-w / 2, -h / 2), at(w / 2, -h / 2), at(w / 2, h / 2), at(-w / 2, h / 2)];
};

/** Convex hull, then the hull edge on which the rectangle is smallest; its long side is its width. */
function smallestRectangle(points: readonly Point[]): Rectangle | null {
  const hull = convexHull(points);
  if (hull.length < 3) return null;
  let best: Rectangle | null = null;
  for (let i = 0; i < hull.length; i++) {
    const [a, b] = [hull[i], hull[(i + 1) % hull.length]];
    const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    let [l, r, t, d] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of hull) {
      const [u, v] = [c * x + s * y, c * y - s * x];
      l = Math.min(l, u);
      r = Math.max(r, u);
      t = Math.min(t, v);
      d = Math.max(d, v);
    }
    const [w, h] = [r - l, d - t];
    if (!best || w * h < best.width * best.height) {
      const [u, v] = [(l + r) / 2, (t + d) / 2];
      best = { centre: [c * u - s * v, s * u + c * v], width: w, height: h, angle };
    }
  }
  if (!best) return null;
  let { width, height, angle } = best;
  if (height > width) {
    [width, height] = [height, width];
    angle += Math.PI / 2;
  }
  // The reading direction: to the right, or downwards where the line stands upright.
  while (angle > Math.PI / 2 + 1e-6) angle -= Math.PI;
  while (angle <= -Math.PI / 2 + 1e-6) angle += Math.PI;
  return { centre: best.centre, width, height, angle };
}

/** Andrew's monotone chain. */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = points.toSorted(fromLeft);
  return [...chain(sorted), ...chain(sorted.toReversed())];
}

const fromLeft = (a: Point, b: Point): number => a[0] - b[0] || a[1] - b[1];

/** One side of a hull, without its last point, which begins the other side. */
function chain(points: readonly Point[]): Point[] {
  const out: Point[] = [];
  for (const p of points) {
    while (out.length > 1) {
      const a = out[out.length - 2];
      const b = out[out.length - 1];
      if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
      out.pop();
    }
    out.push(p);
  }
  out.pop();
  return out;
}
