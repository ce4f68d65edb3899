import { invert, type Point, type Quad, transform } from "../../geometry.ts";
import type { Pixels } from "../../image.ts";
import { type CardPlace, partOf } from "../card.ts";

/** Where a signature may stand under the portrait, in millimetres; it begins where place and date of issue end. */
const SPACE = { x: 60.5, width: 23, top: 44.5, bottom: 51.8 } as const;
const SCALE = 5;
/** Ink is darker than this share of the ground's light, which most of the place shows. */
const INK = 0.6;
const GROUND = 0.7;

/**
 * Share of the place under the date of issue that is ink.
 * @param dates  where place and date of issue lie in the photograph
 * @returns null where no room for it is left, or it lies outside of the photograph
 */
export function signatureInk(image: Pixels, place: CardPlace, dates: readonly Quad[]): number | null {
  const toCard = invert(place.toImage);
  const feet = dates.map((quad) => Math.max(...quad.map((p: Point) => transform(toCard, p)[1])));
  const top = Math.max(SPACE.top - (feet.length > 0 ? KNOWN : 0), ...feet);
  const height = SPACE.bottom - top;
  if (height < LEAST_HEIGHT) return null;
  const { width, x } = SPACE;
  for (const [u, v] of [
    [x, top],
    [x + width, top],
    [x + width, SPACE.bottom],
    [x, SPACE.bottom],
  ]) {
    const [px, py] = transform(place.toImage, [u, v]);
    if (px < 0 || py < 0 || px >= image.width || py >= image.height) return null;
  }
  const { data } = partOf(image, place, { x, y: top, width, height }, SCALE);
  const levels = new Uint32Array(256);
  for (let i = 0; i < data.length; i += 3)
    levels[(77 * data[i] + 150 * data[i + 1] + 29 * data[i + 2]) >> 8]++;
  const all = data.length / 3;
  let ground = 0;
  for (let seen = levels[0]; seen <= Math.floor(GROUND * all); ) seen += levels[++ground];
  let ink = 0;
  for (let level = 0; level < INK * ground; level++) ink += levels[level];
  return ink / all;
}
/** Where they end is known, it may begin so much further up. */
const KNOWN = 2;
const LEAST_HEIGHT = 3;
