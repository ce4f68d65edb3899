import { cut } from "../face/crop.ts";
import { at, type FaceMesh } from "../face/mesh.ts";
import { LEFT_EYE, RIGHT_EYE } from "../face/points.ts";
import { luma } from "../face/quality.ts";
import { type Point, similarity, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";

/** A face upright and of one size, in grey, and where its parts lie on it. */
export interface Plate {
  readonly light: Float32Array;
  readonly eyes: readonly [Point, Point];
  readonly nose: readonly [Point, Point];
  readonly lips: readonly [Point, Point];
}

/** Side of a plate in pixels. */
export const PLATE = 132;
/** Distance of the eyes' outer corners on a plate. */
const EYES_APART = 60;
/** Where the eyes' outer corners lie on a plate. */
const CORNERS: readonly [Point, Point] = [
  [(PLATE - EYES_APART) / 2, 46],
  [(PLATE + EYES_APART) / 2, 46],
];
/** Mesh points: inner corners of the eyes; tip and base of the nose. */
const INNER = [LEFT_EYE.inner, RIGHT_EYE.inner] as const;
const NOSE = [4, 2] as const;
/** The upper lip, on both sides of its middle. */
const LIPS = [37, 267] as const;
/** Half the side of what is followed, and how far it is looked for from one frame to the next, in pixels of a plate. */
const HALF = 6;
const SEARCH = { x: 8, y: 5 } as const;
/** Correlation below which what was followed is lost. */
const LOST = 0.5;

/** @param image  the frame; a plate of it is kept, not the frame */
export function plateOf(image: Pixels, { points }: FaceMesh): Plate {
  const found: Point[] = [at(points, LEFT_EYE.outer), at(points, RIGHT_EYE.outer)];
  const toPlate = similarity(found, CORNERS);
  const place = (i: number) => transform(toPlate, at(points, i));
  return {
    light: luma(cut(image, similarity(CORNERS, found), PLATE, PLATE)),
    eyes: [place(INNER[0]), place(INNER[1])],
    nose: [place(NOSE[0]), place(NOSE[1])],
    lips: [place(LIPS[0]), place(LIPS[1])],
  };
}

/** How far parts of the face moved aside before the eyes, as shares of the distance between the eyes. */
export interface Depth {
  readonly nose: number;
  readonly lips: number;
}

/**
 * How far nose and lips moved aside before the eyes while the head turned: in a solid face they stand before them, in a
 * flat picture they move with them however the picture is turned, bent or squeezed; one whose middle is pushed aside
 * moves its nose and leaves its lips behind. The pixels themselves are followed from frame to frame, because the mesh
 * lays a solid face even over a flat one.
 * @param plates  of a turn, from rest to the farthest
 * @returns positive to the right of the picture; null where sight was lost
 */
export function depthInTurn(plates: readonly Plate[]): Depth | null {
  const moved = { nose: 0, lips: 0 };
  for (let i = 1; i < plates.length; i++) {
    const [from, to] = [plates[i - 1], plates[i]];
    const shift = (points: readonly Point[]): number | null => {
      const shifts = points.map((point) => follow(from.light, to.light, point)).filter((one) => one !== null);
      return shifts.length === 0 ? null : shifts.reduce((sum, v) => sum + v, 0) / shifts.length;
    };
    const [eyes, nose, lips] = [shift(from.eyes), shift(from.nose), shift(from.lips)];
    if (eyes === null || nose === null || lips === null) return null;
    moved.nose += nose - eyes;
    moved.lips += lips - eyes;
  }
  return { nose: moved.nose / EYES_APART, lips: moved.lips / EYES_APART };
}

/** How far aside the pixels around a point have moved, by normalised correlation; null where they are lost. */
function follow(from: Float32Array, to: Float32Array, [px, py]: Point): number | null {
  const margin = HALF + 1;
  const [x, y] = [Math.round(px), Math.round(py)];
  if (x < margin || y < margin || x >= PLATE - margin || y >= PLATE - margin) return null;
  const side = 2 * HALF + 1;
  const n = side * side;
  const patch = new Float32Array(n);
  let sum = 0;
  for (let j = 0, k = 0; j < side; j++)
    for (let i = 0; i < side; i++, k++) {
      patch[k] = from[(y - HALF + j) * PLATE + x - HALF + i];
      sum += patch[k];
    }
  let energy = 0;
  for (let k = 0; k < n; k++) {
    patch[k] -= sum / n;
    energy += patch[k] * patch[k];
  }
  const best = { score: -1, dx: 0, row: new Map<number, number>() };
  for (let dy = -SEARCH.y; dy <= SEARCH.y; dy++) {
    if (y + dy < HALF || y + dy >= PLATE - HALF) continue;
    const row = new Map<number, number>();
    for (let dx = -SEARCH.x; dx <= SEARCH.x; dx++) {
      if (x + dx < HALF || x + dx >= PLATE - HALF) continue;
      let [s, ss, cross] = [0, 0, 0];
      for (let j = 0, k = 0; j < side; j++) {
        const line = (y + dy - HALF + j) * PLATE + x + dx - HALF;
        for (let i = 0; i < side; i++, k++) {
          const v = to[line + i];
          s += v;
          ss += v * v;
          cross += v * patch[k];
        }
      }
      const score = cross / Math.sqrt(Math.max(1e-6, energy * (ss - (s * s) / n)));
      row.set(dx, score);
      if (score > best.score) Object.assign(best, { score, dx, row });
    }
  }
  if (best.score < LOST) return null;
  // The top of the parabola through the best and its neighbours: finer than a pixel.
  const [a, b, c] = [best.row.get(best.dx - 1), best.score, best.row.get(best.dx + 1)];
  const finer =
    a === undefined || c === undefined || a + c - 2 * b >= 0 ? 0 : (a - c) / (2 * (a - 2 * b + c));
  return best.dx + finer;
}
