import type { Point } from "../../vision/geometry.ts";

/** Three points by their numbers. */
export type Triangle = readonly [number, number, number];

interface Circled {
  readonly corners: Triangle;
  readonly x: number;
  readonly y: number;
  readonly squared: number;
}

/**
 * Delaunay's triangulation of scattered points (Bowyer 1981, Watson 1981): no point lies inside of a triangle's
 * circumscribed circle. For some hundred points; the time grows with their square.
 */
export function triangulate(points: readonly Point[]): Triangle[] {
  const reach = 10 * Math.max(...points.flat().map(Math.abs), 1);
  const n = points.length;
  // One triangle around all, taken away in the end.
  const all: readonly Point[] = [...points, [-3 * reach, -reach], [3 * reach, -reach], [0, 3 * reach]];
  let triangles = [circled(all, [n, n + 1, n + 2])];
  for (let i = 0; i < n; i++) {
    const [x, y] = all[i];
    const edges = new Map<string, readonly [number, number]>();
    const kept: Circled[] = [];
    for (const triangle of triangles) {
      if ((x - triangle.x) ** 2 + (y - triangle.y) ** 2 >= triangle.squared) {
        kept.push(triangle);
        continue;
      }
      const [a, b, c] = triangle.corners;
      for (const [p, q] of [
        [a, b],
        [b, c],
        [c, a],
      ] as const) {
        // An edge of two broken triangles lies within the hole; one of a single triangle is its rim.
        if (!edges.delete(`${q},${p}`)) edges.set(`${p},${q}`, [p, q]);
      }
    }
    for (const [p, q] of edges.values()) kept.push(circled(all, [p, q, i]));
    triangles = kept;
  }
  return triangles.map(({ corners }) => corners).filter((corners) => corners.every((k) => k < n));
}

function circled(points: readonly Point[], corners: Triangle): Circled {
  const [[ax, ay], [bx, by], [cx, cy]] = corners.map((k) => points[k]);
  const d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by)) || Number.EPSILON;
  const [a, b, c] = [ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy];
  const x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / d;
  const y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / d;
  return { corners, x, y, squared: (ax - x) ** 2 + (ay - y) ** 2 };
}
