import { cut } from "../face/crop.ts";
import { at, type FaceMesh, type Point3 } from "../face/mesh.ts";
import { LEFT_EYE, RIGHT_EYE } from "../face/points.ts";
import { type Point, similarity, transform } from "../geometry.ts";
import { luma, type Pixels } from "../image.ts";

/** A face upright and of one size, in grey, and the mesh that lies on it. */
export interface Plate {
  /** {@link PLATE} × {@link PLATE} values, 0..255. */
  readonly light: Float32Array;
  /** The mesh's 468 points: x, y in pixels of the plate, z on the same scale, smaller is nearer. */
  readonly points: readonly Point3[];
}

/** Side of a plate in pixels: from above the brows to below the chin, from ear to ear. */
export const PLATE = 132;
/** Distance of the eyes' outer corners on a plate, in pixels. */
export const EYES_APART = 60;
/** Where the eyes' outer corners lie on a plate. */
const CORNERS: readonly [Point, Point] = [
  [(PLATE - EYES_APART) / 2, 46],
  [(PLATE + EYES_APART) / 2, 46],
];

/** @param image  the frame; a plate of it is kept, not the frame */
export function plateOf(image: Pixels, { points }: FaceMesh): Plate {
  const found: Point[] = [at(points, LEFT_EYE.outer), at(points, RIGHT_EYE.outer)];
  const toPlate = similarity(found, CORNERS);
  const scale = Math.hypot(toPlate[0], toPlate[3]);
  return {
    light: luma(cut(image, similarity(CORNERS, found), PLATE, PLATE)),
    points: points.map(([x, y, z]): Point3 => [...transform(toPlate, [x, y]), z * scale]),
  };
}
