import { perspective, type Quad, transform } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { asPixels, asSharp, shade } from "./pixels.ts";
import type { Random } from "./random.ts";
import { type Level, lie, type Settings } from "./settings.ts";

/** A card whose sides are 1, for points told as shares of it. */
const UNIT: Quad = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

/** Slope, exposure, colour, and where wanted a shadow with a soft edge; in place. */
export function light(picture: Pixels, random: Random, settings: Settings): void {
  const angle = random.between(0, 2 * Math.PI);
  const [ax, ay] = [Math.cos(angle), Math.sin(angle)];
  const shadow = settings.effects.has("shadow")
    ? {
        angle: random.between(0, 2 * Math.PI),
        at: random.between(-0.15, 0.2),
        depth: random.between(...settings.shadow),
        soft: random.between(0.01, 0.06),
      }
    : undefined;
  const gain = (x: number, y: number) => {
    const slope = settings.exposure * (1 + settings.slope * ((x - 0.5) * ax + (y - 0.5) * ay));
    if (!shadow) return slope;
    const side = (x - 0.5) * Math.cos(shadow.angle) + (y - 0.5) * Math.sin(shadow.angle) - shadow.at;
    return slope * (1 - shadow.depth / (1 + Math.exp(-side / shadow.soft)));
  };
  shade(picture, gain, settings.cast);
}

/** The reflection of a lamp in the laminate, somewhere on the card; in place. */
export function addGlare(picture: Pixels, random: Random, settings: Settings, corners: Quad): void {
  const { data, width, height } = picture;
  const [u, v] = [random.between(0.1, 0.9), random.between(0.1, 0.9)];
  const [cx, cy] = transform(perspective(UNIT, corners), [u, v]);
  const [rx, ry] = [random.between(0.05, 0.16) * width, random.between(0.03, 0.1) * width];
  const turn = random.between(0, Math.PI);
  const peak = random.between(...settings.glare);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [dx, dy] = [x - cx, y - cy];
      const p = (dx * Math.cos(turn) + dy * Math.sin(turn)) / rx;
      const q = (dy * Math.cos(turn) - dx * Math.sin(turn)) / ry;
      const shine = peak * Math.exp(-(p * p + q * q));
      if (shine < 1) continue;
      for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, data[i + c] + shine);
    }
  }
}

/** Draws every point out to a line, as a hand that moves during the exposure does. */
export function moveCamera(picture: Pixels, random: Random, level: Level): Promise<Pixels> {
  const length = random.whole(3, level === 3 ? 9 : 4);
  const angle = random.between(0, Math.PI);
  const size = 2 * Math.ceil(length / 2) + 1;
  const kernel = new Array<number>(size * size).fill(0);
  for (let t = -length / 2; t <= length / 2; t += 0.25) {
    const x = Math.round((size - 1) / 2 + t * Math.cos(angle));
    const y = Math.round((size - 1) / 2 + t * Math.sin(angle));
    kernel[y * size + x] += 1;
  }
  return asPixels(asSharp(picture).convolve({ width: size, height: size, kernel }));
}

/** Grey, harsh, with the specks of a copier's glass. */
export async function photocopy(card: Pixels, random: Random): Promise<Pixels> {
  const grey = await asPixels(
    asSharp(card).modulate({ saturation: 0 }).linear(random.between(1.25, 1.6), random.between(-90, -50)),
  );
  for (let i = random.whole(100, 400); i > 0; i--) {
    const at = random.whole(0, grey.width * grey.height - 2) * 3;
    grey.data.fill(random.whole(30, 120), at, at + random.pick([3, 6]));
  }
  return grey;
}

/** The stripes that a screen's grid and a sensor's grid make of one another, and the screen's bluish white; in place. */
export function showOnScreen(card: Pixels, random: Random): void {
  const { width, height, data } = card;
  const waves = [0, 1].map(() => ({
    fx: random.between(0.05, 0.35) * random.pick([-1, 1]),
    fy: random.between(0.05, 0.35),
    bend: random.between(0.2, 1.2),
    depth: random.between(0.04, 0.1),
  }));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      for (let c = 0; c < 3; c++) {
        let gain = c === 2 ? 1.05 : 0.97;
        for (const { fx, fy, bend, depth } of waves)
          gain += depth * Math.sin(fx * x + fy * y + bend * Math.sin(x / 90 + y / 130) + c * 2.1);
        data[i + c] = Math.min(255, data[i + c] * gain);
      }
    }
  }
}

/** Fingertips that hold the card at its lower or upper edge, outside of what is printed. */
export async function holdWithFingers(picture: Pixels, random: Random, corners: Quad): Promise<Pixels> {
  const card = perspective(UNIT, corners);
  const size = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]) * 0.09;
  const skin = `hsl(${random.whole(18, 28)},${random.whole(35, 55)}%,${random.whole(42, 68)}%)`;
  const fingers = Array.from({ length: random.whole(1, 2) }, () => {
    const u = random.between(0.12, 0.7);
    const tip = transform(card, [u, 0.955]);
    const knuckle = transform(card, [u + lie(random, 0.1), 1.1]);
    // On in the same direction until it is out of the picture.
    const reach = (2 * picture.width) / Math.hypot(knuckle[0] - tip[0], knuckle[1] - tip[1]);
    const root = [0, 1].map((k) => tip[k] + (knuckle[k] - tip[k]) * reach);
    return `<path d="M${tip.join(" ")}L${root.join(" ")}" stroke="${skin}" stroke-width="${size.toFixed(1)}" stroke-linecap="round"/>`;
  });
  return asPixels(
    asSharp(picture).composite([
      {
        input: Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${picture.width}" height="${picture.height}">${fingers.join("")}</svg>`,
        ),
      },
    ]),
  );
}
