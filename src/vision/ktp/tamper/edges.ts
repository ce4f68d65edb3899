import { type Matrix, type Point, perspective, type Quad, transform } from "../../geometry.ts";
import type { Pixels } from "../../image.ts";
import type { CardPlace } from "../card.ts";
import { median } from "../text.ts";

const lumaAt = (data: Uint8Array, i: number) => (77 * data[i] + 150 * data[i + 1] + 29 * data[i + 2]) >> 8;

const SQUARE: Quad = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
/** The steepest pixels of print, and where ground and ink are among its grey levels: shares of all pixels. */
const STEEP = 0.985;
const GROUND = 0.8;
const INK = 0.01;
/** Print that stands out by fewer grey levels, or shows on fewer pixels, tells nothing of its edges. */
const LEAST_CONTRAST = 40;
const LEAST_PIXELS = 300;

/**
 * How hard the edges of print are in the photograph's own pixels: the share of its contrast that its steepest pixels
 * step over at once, 0 blurred .. 1 hard.
 * @returns null where there is too little of it to tell
 */
export function printEdge({ width, height, data }: Pixels, quad: Quad): number | null {
  const [a, b, , d] = quad;
  const across = Math.round(Math.hypot(b[0] - a[0], b[1] - a[1]));
  const down = Math.round(Math.hypot(d[0] - a[0], d[1] - a[1]));
  if (across * down < LEAST_PIXELS) return null;
  const toImage = perspective(SQUARE, quad);
  const [levels, steps] = [new Uint32Array(256), new Uint32Array(256)];
  const row = 3 * width;
  let seen = 0;
  for (let v = 0; v < down; v++) {
    // Within one line of print perspective bends nothing: its pixels are walked evenly.
    const [x0, y0] = transform(toImage, [0, (v + 0.5) / down]);
    const [x1, y1] = transform(toImage, [1, (v + 0.5) / down]);
    const [dx, dy] = [(x1 - x0) / across, (y1 - y0) / across];
    for (let u = 0, x = x0, y = y0; u < across; u++, x += dx, y += dy) {
      const px = Math.round(x);
      const py = Math.round(y);
      if (px < 0 || py < 0 || px >= width - 1 || py >= height - 1) continue;
      const i = py * row + 3 * px;
      const here = lumaAt(data, i);
      levels[here]++;
      steps[Math.max(Math.abs(lumaAt(data, i + 3) - here), Math.abs(lumaAt(data, i + row) - here))]++;
      seen++;
    }
  }
  if (seen < LEAST_PIXELS) return null;
  const contrast = levelAt(levels, GROUND * seen) - levelAt(levels, INK * seen);
  return contrast < LEAST_CONTRAST ? null : levelAt(steps, STEEP * seen) / contrast;
}

/** The level up to which so many are counted. */
function levelAt(histogram: Uint32Array, count: number): number {
  let level = 0;
  for (let left = count - histogram[0]; left > 0 && level < 255; ) left -= histogram[++level];
  return level;
}

/** Where the sides of the portrait are looked for: along a line, across which, how far; in millimetres of the card. */
const SIDES: readonly { readonly from: Point; readonly to: Point; readonly across: Point }[] = [
  { from: [63.2, 14], to: [63.2, 26], across: [1, 0] },
  { from: [82.2, 14], to: [82.2, 26], across: [1, 0] },
  { from: [65, 11.6], to: [80, 11.6], across: [0, 1] },
];
const REACH = 2.6;
/** How often a side is crossed, and how often it must be seen. */
const WALKS = 24;
const LEAST_SEEN = 12;
/** A portrait's ground differs from the card's by so many grey levels. */
const LEAST_STEP = 40;
/** Pixels beside a rim in which it may be blurred, and beyond them pixels of either side. */
const RIM = 1;
const BESIDE = 3;

/**
 * How hard the portrait's rim is, as {@link printEdge} tells it of print: the middling one of its sides.
 * @returns null where no side is seen
 */
export function rimEdge(image: Pixels, { toImage }: CardPlace): number | null {
  const sides = SIDES.flatMap(({ from, to, across }) => {
    const shares = Array.from({ length: WALKS }, (_, i) => {
      const t = i / (WALKS - 1);
      const at: Point = [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
      return stepAt(image, toImage, at, across);
    }).filter((share) => share !== null);
    return shares.length >= LEAST_SEEN ? [median(shares)] : [];
  });
  return sides.length > 0 ? median(sides) : null;
}

/** Of the change across a rim the share that happens from one pixel to the next, along the picture's rows or columns. */
function stepAt({ width, height, data }: Pixels, toImage: Matrix, at: Point, across: Point): number | null {
  const [x, y] = transform(toImage, at);
  const [u, v] = transform(toImage, [at[0] + across[0] * REACH, at[1] + across[1] * REACH]);
  const flat = Math.abs(u - x) > Math.abs(v - y);
  const reach = Math.round(Math.max(Math.abs(u - x), Math.abs(v - y)));
  const profile: number[] = [];
  for (let k = -reach; k <= reach; k++) {
    const [px, py] = [Math.round(x) + (flat ? k : 0), Math.round(y) + (flat ? 0 : k)];
    if (px < 0 || py < 0 || px >= width || py >= height) return null;
    profile.push(lumaAt(data, 3 * (py * width + px)));
  }
  const margin = RIM + BESIDE;
  let best = -1;
  let most = 0;
  for (let k = margin; k + 1 + margin < profile.length; k++) {
    const step = Math.abs(profile[k + 1] - profile[k]);
    if (step > most) [best, most] = [k, step];
  }
  if (best < 0) return null;
  const before = median(profile.slice(best - margin, best - RIM));
  const behind = median(profile.slice(best + 2 + RIM - 1, best + 2 + RIM - 1 + BESIDE));
  const change = Math.abs(behind - before);
  return change < LEAST_STEP ? null : most / change;
}
