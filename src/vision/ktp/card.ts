import { type Matrix, multiply, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Frame } from "./layout.ts";
import type { TextPlane } from "./locate.ts";

/** ISO/IEC 7810 ID-1: 85.60 mm × 53.98 mm. */
const RATIO = 85.6 / 53.98;
/** Where a KTP's print stands, in widths of the card from its upper left corner, as measured on cards. */
const PRINT = {
  /** Left end of the labels, and from there to the values. */
  labels: 0.034,
  column: 0.22,
  /** Middle of the NIK's line, and the distance of two rows. */
  nik: 0.143,
  pitch: 0.0315,
} as const;
/** What is left around the card, as a share of its sides: the grid tells its edges only roughly. */
const MARGIN = 0.03;
/** Width in pixels of the card that is cut out. */
const WIDTH = 1200;
/** A card that fills so much of an upright photograph need not be cut out. */
const FILLS = 0.7;

/** The card upright, cut out by the grid of its print; the whole photograph where there is no grid or nothing to cut. */
export function cutCard(image: Pixels, plane: TextPlane | null, frame: Frame | null): Pixels {
  if (!plane) return image;
  if (!frame) return warp(image, plane.toImage, plane.width, plane.height, 0);
  const kx = frame.column / PRINT.column;
  // Foreshortening makes the two scales differ; a grid too short to tell its pitch is taken as it is wide.
  const ky = Math.min(1.6, Math.max(0.6, frame.pitch / PRINT.pitch / kx)) * kx;
  const [left, top] = [frame.left - PRINT.labels * kx, frame.nik - PRINT.nik * ky + frame.slope * frame.left];
  const [width, height] = [kx, ky / RATIO];
  const upright = Math.abs(plane.angle) < 0.1 && plane.toImage[0] > 0;
  const scale = Math.abs(plane.toImage[0] * plane.toImage[4]);
  if (upright && width * height * scale > FILLS * image.width * image.height) return image;
  const [w, h] = [WIDTH, Math.round(WIDTH / RATIO)];
  const [sx, sy] = [(width * (1 + 2 * MARGIN)) / w, (height * (1 + 2 * MARGIN)) / h];
  const [x0, y0] = [left - MARGIN * width, top - MARGIN * height];
  // The lines' remaining fall is taken along.
  const place: Matrix = [sx, 0, x0, frame.slope * sx, sy, y0, 0, 0, 1];
  return warp(image, multiply(plane.toImage, place), w, h, 0);
}
