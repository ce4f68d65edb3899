import { perspective, type Quad, transform } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { asPixels, asSharp, shade } from "./pixels.ts";
import type { Random } from "./random.ts";
import { lie, type Settings } from "./settings.ts";

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
export function moveCamera(picture: Pixels, random: Random, { motion }: Settings): Promise<Pixels> {
  const length = random.whole(...motion);
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

/** Samples of a disc's edge in each pixel's side. */
const DISC_SAMPLES = 5;

/**
 * Draws every point out to a disc, as a lens out of focus does.
 * @param deviation  of the disc along an axis: half of its radius
 */
export function defocus(picture: Pixels, deviation: number): Promise<Pixels> {
  const radius = 2 * deviation;
  const reach = Math.ceil(radius);
  const size = 2 * reach + 1;
  const kernel = Array.from({ length: size * size }, (_, i) => {
    let inside = 0;
    for (let k = 0; k < DISC_SAMPLES ** 2; k++) {
      const dx = (i % size) - reach + ((k % DISC_SAMPLES) + 0.5) / DISC_SAMPLES - 0.5;
      const dy = Math.floor(i / size) - reach + (Math.floor(k / DISC_SAMPLES) + 0.5) / DISC_SAMPLES - 0.5;
      if (dx * dx + dy * dy <= radius * radius) inside++;
    }
    return inside;
  });
  return asPixels(asSharp(picture).convolve({ width: size, height: size, kernel }));
}

/** Grey, harsh, with the specks of a copier's glass. */
export async function photocopy(card: Pixels, random: Random, { contrast }: Settings): Promise<Pixels> {
  const grey = await asPixels(
    asSharp(card)
      .modulate({ saturation: 0 })
      .linear(random.between(...contrast), random.between(-90, -50)),
  );
  for (let i = random.whole(100, 400); i > 0; i--) {
    const at = random.whole(0, grey.width * grey.height - 2) * 3;
    grey.data.fill(random.whole(30, 120), at, at + random.pick([3, 6]));
  }
  return grey;
}

/** The stripes that a screen's grid and a sensor's grid make of one another, and the screen's bluish white; in place. */
export function showOnScreen(card: Pixels, random: Random, { stripes }: Settings): void {
  const { width, height, data } = card;
  const waves = [0, 1].map(() => ({
    fx: random.between(0.05, 0.35) * random.pick([-1, 1]),
    fy: random.between(0.05, 0.35),
    bend: random.between(0.2, 1.2),
    depth: random.between(...stripes),
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

/** Fingertips that hold the card at its lower edge. */
export async function holdWithFingers(
  picture: Pixels,
  random: Random,
  corners: Quad,
  { fingers: { count, tip: end } }: Settings,
): Promise<Pixels> {
  const card = perspective(UNIT, corners);
  const size = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]) * 0.09;
  const skin = `hsl(${random.whole(18, 28)},${random.whole(35, 55)}%,${random.whole(42, 68)}%)`;
  const fingers = Array.from({ length: random.whole(...count) }, () => {
    const u = random.between(0.12, 0.7);
    const tip = transform(card, [u, end]);
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

/** A flash in the laminate: a patch in which nothing is left but white, with a soft rim; in place. */
export function addFlash(picture: Pixels, random: Random, { flash }: Settings, corners: Quad): void {
  const { data, width, height } = picture;
  const [cx, cy] = transform(perspective(UNIT, corners), [
    random.between(0.1, 0.9),
    random.between(0.15, 0.85),
  ]);
  const radius = flash * Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
  const flat = random.between(0.7, 1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const d = Math.hypot(x - cx, (y - cy) / flat) / radius;
      if (d > FLASH_HALO) continue;
      // White to its rim, from there on fading as the light scattered in the plastic does.
      const shine = d < 1 ? 1 : Math.exp(-3 * (d - 1));
      for (let c = 0; c < 3; c++) data[i + c] += (255 - data[i + c]) * shine + 0.4;
    }
  }
}
/** Radii within which a flash's halo can be seen. */
const FLASH_HALO = 2.8;

/** Bands of light that creased laminate throws back over the card, and the veil between them; in place. */
export function addLaminate(picture: Pixels, random: Random, { laminate }: Settings, corners: Quad): void {
  const { data, width, height } = picture;
  const toCard = perspective(corners, UNIT);
  const angle = random.between(-0.9, 0.9);
  const bands = Array.from({ length: random.whole(2, 4) }, () => ({
    at: random.between(-0.2, 1.2),
    width: random.between(0.02, 0.09),
    gain: random.between(0.5, 1),
    bend: random.between(-0.15, 0.15),
  }));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [u, v] = transform(toCard, [x, y]);
      if (u < 0 || v < 0 || u > 1 || v > 1) continue;
      const across = u * Math.cos(angle) + v * Math.sin(angle);
      let shine = LAMINATE_VEIL;
      for (const { at, width, gain, bend } of bands) {
        const d = (across - at - bend * (v - 0.5) ** 2) / width;
        shine += gain * Math.exp(-d * d);
      }
      for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, data[i + c] + shine * laminate);
    }
  }
}
/** What the laminate throws back everywhere, as a share of a band's light. */
const LAMINATE_VEIL = 0.15;

/** Samples in each side of a camera's pixel that are taken of a screen's. */
const SCREEN_SAMPLES = 3;
/** Share of a screen's row that is dark. */
const SCREEN_GAP = 0.18;

/**
 * The picture as a screen shows it and a second camera sees it: stripes of red, green and blue side by side in every
 * pixel of the screen, dark lines between its rows, sampled by a grid that is a little turned and a little bent. What
 * beats between the two grids is the moiré. Blacks glow, whites are bluish. In place.
 */
export function recapture(picture: Pixels, random: Random, { subpixels }: Settings): void {
  const { data, width, height } = picture;
  // Pixels of the picture for one of the screen: about one and two are where the grids beat most.
  const pitch = random.pick([random.between(0.9, 1.15), random.between(1.3, 2.4), random.between(2.4, 3.6)]);
  const turn = random.between(-0.12, 0.12);
  const bend = random.between(-0.02, 0.02) / width;
  const [cos, sin] = [Math.cos(turn) / pitch, Math.sin(turn) / pitch];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const lit = [0, 0, 0];
      for (let s = 0; s < SCREEN_SAMPLES ** 2; s++) {
        let px = x - width / 2 + ((s % SCREEN_SAMPLES) + 0.5) / SCREEN_SAMPLES;
        let py = y - height / 2 + (Math.floor(s / SCREEN_SAMPLES) + 0.5) / SCREEN_SAMPLES;
        const lens = 1 + bend * Math.abs(px) + bend * Math.abs(py);
        px *= lens;
        py *= lens;
        const [u, v] = [px * cos + py * sin, py * cos - px * sin];
        if (v - Math.floor(v) < SCREEN_GAP) continue;
        lit[Math.floor((u - Math.floor(u)) * 3)]++;
      }
      for (let c = 0; c < 3; c++) {
        const share = (3 * lit[c]) / (SCREEN_SAMPLES ** 2 * (1 - SCREEN_GAP));
        const v = (data[i + c] * 0.94 + 12) * (c === 2 ? 1.04 : 0.98) * (1 + subpixels * (share - 1));
        data[i + c] = v > 255 ? 255 : v + 0.5;
      }
    }
  }
}
