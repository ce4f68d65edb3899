import { cut, turnedSquare } from "../face/crop.ts";
import { at, distance, type FaceMesh } from "../face/mesh.ts";
import { type EyeCorners, LEFT_EYE, RIGHT_EYE } from "../face/points.ts";
import { luma, type Pixels } from "../image.ts";

/** Side of the patch around an eye over the distance of its corners, and in pixels. */
const PATCH = { reach: 2, size: 96 } as const;
/** Pixels of a patch for the distance of the eye's corners. */
const UNIT = PATCH.size / PATCH.reach;
/** Directions in which a rim is looked for, all around the eye. */
const DIRECTIONS = 24;
/**
 * Where it is looked for, from the middle of the eye, as shares of the distance of its corners: beyond the lids, and
 * nearer than the frame of a pair of spectacles. Upwards and downwards two thirds of it, as eyes are wider than high.
 */
const RADII = { from: 0.45, to: 0.8, step: 0.0125, flat: 2 / 3 } as const;
/** On either side of the line, in the same unit: what the line is brighter than. */
const BESIDE = 0.07;
/** Share of the directions that may show less than what is told: a brow or the hair may cover part of a rim. */
const COVERED = 3 / 8;
/** Luma below which a ratio of brightness says nothing, 0..255. */
const DARK = 10;

/**
 * How far a thin bright line runs around both eyes, as the cut edge of a sheet does around the holes of a mask: skin is
 * smooth there. Of each direction the brightest line, over the brighter of its sides; then what five in eight directions
 * show, of the eye that shows less.
 * @returns 0 no line; 0.5 a line half as bright again as what lies beside it
 */
export function eyeRim(image: Pixels, mesh: FaceMesh): number {
  return Math.min(...[LEFT_EYE, RIGHT_EYE].map((eye) => rimAround(image, mesh, eye)));
}

function rimAround(image: Pixels, { points, lean }: FaceMesh, { outer, inner }: EyeCorners): number {
  const [a, b] = [at(points, outer), at(points, inner)];
  const side = PATCH.reach * Math.max(1, distance(a, b));
  const toImage = turnedSquare([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], side, lean, PATCH.size);
  const light = luma(cut(image, toImage, PATCH.size, PATCH.size));
  const lines = Array.from({ length: DIRECTIONS }, (_, i) =>
    brightest(light, (2 * Math.PI * i) / DIRECTIONS),
  );
  return lines.toSorted((x, y) => x - y)[Math.floor(COVERED * DIRECTIONS)];
}

/** The brightest line across one direction, over the brighter of its sides; 0 where there is none. */
function brightest(light: Float32Array, angle: number): number {
  const middle = (PATCH.size - 1) / 2;
  const [dx, dy] = [UNIT * Math.cos(angle), UNIT * RADII.flat * Math.sin(angle)];
  const value = (radius: number) => bilinear(light, middle + radius * dx, middle + radius * dy);
  let most = 0;
  for (let radius = RADII.from; radius <= RADII.to; radius += RADII.step) {
    const beside = Math.max(value(radius - BESIDE), value(radius + BESIDE));
    most = Math.max(most, (value(radius) - beside) / Math.max(DARK, beside));
  }
  return most;
}

/** @param x, y  at least one pixel inside of the patch */
function bilinear(light: Float32Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const i = top * PATCH.size + left;
  const above = light[i] + (light[i + 1] - light[i]) * (x - left);
  const below = light[i + PATCH.size] + (light[i + PATCH.size + 1] - light[i + PATCH.size]) * (x - left);
  return above + (below - above) * (y - top);
}
