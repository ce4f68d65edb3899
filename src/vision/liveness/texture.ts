import { cut } from "../face/crop.ts";
import type { FaceMesh } from "../face/mesh.ts";
import { at, distance } from "../face/mesh.ts";
import { LEFT_EYE, RIGHT_EYE } from "../face/points.ts";
import { grade } from "../face/quality.ts";
import type { Point } from "../geometry.ts";
import { luma, type Pixels } from "../image.ts";

/** Mesh points in the middle of the cheeks, the picture's left one first. */
const CHEEKS = [50, 280] as const;
/** Side of the patch of a cheek over the distance of the eyes' outer corners. */
const PATCH_REACH = 0.32;
/** Side of a patch in pixels: small enough for a selfie of arm's length to fill it without being scaled up. */
const PATCH = 32;

/**
 * Mean size of the fine structure (each pixel against the mean of its 3 × 3 surroundings, over the mean luma): less
 * than the first is a surface without pores, smoothed or out of focus; more than the last is grain, halftone or noise.
 */
const FINE_STRUCTURE = { none: 0.001, skin: 0.005, coarse: 0.1, grain: 0.25 } as const;

/**
 * How much the cheeks' fine structure is that of skin before a lens.
 * @returns 0 (smooth as a blurred print, or coarse as a halftone) .. 1; the better cheek counts, as the other may be
 *          turned away or in the shade
 */
export function skinTexture(image: Pixels, mesh: FaceMesh): number {
  return Math.max(
    ...cheeks(image, mesh).map((patch) => {
      const energy = fineStructure(patch);
      return Math.min(
        grade(energy, { bad: FINE_STRUCTURE.none, good: FINE_STRUCTURE.skin }),
        grade(energy, { bad: FINE_STRUCTURE.grain, good: FINE_STRUCTURE.coarse }),
      );
    }),
  );
}

/** A square of each cheek, upright. */
export function cheeks(image: Pixels, { points, lean }: FaceMesh): Pixels[] {
  const side = PATCH_REACH * distance(at(points, LEFT_EYE.outer), at(points, RIGHT_EYE.outer));
  return CHEEKS.map((cheek) => patchAround(image, at(points, cheek), side, lean));
}

function patchAround(image: Pixels, [x, y]: Point, side: number, lean: number): Pixels {
  const c = (Math.cos(lean) * side) / PATCH;
  const s = (Math.sin(lean) * side) / PATCH;
  const middle = (PATCH - 1) / 2;
  return cut(image, [c, -s, x - (c - s) * middle, s, c, y - (s + c) * middle, 0, 0, 1], PATCH, PATCH);
}

/** Mean of |pixel − mean of its 3 × 3 surroundings| over the mean luma of the patch. */
export function fineStructure(patch: Pixels): number {
  const light = luma(patch);
  const { width, height } = patch;
  let residual = 0;
  let sum = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      let around = 0;
      for (let j = -width; j <= width; j += width)
        around += light[i + j - 1] + light[i + j] + light[i + j + 1];
      residual += Math.abs(light[i] - around / 9);
      sum += light[i];
    }
  }
  return sum === 0 ? 0 : residual / sum;
}
