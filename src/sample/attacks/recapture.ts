import { type Matrix, type Point, perspective, type Quad } from "../../vision/geometry.ts";
import type { Pixels } from "../../vision/image.ts";
import { Random } from "../random.ts";

/** How a photograph is shown to the camera a second time. */
export interface Recapture {
  readonly kind: "print" | "replay";
  /** The same seed gives the same picture. */
  readonly seed: number;
  /** Pixels of the second camera's picture. */
  readonly width: number;
  readonly height: number;
  /** Cut out of a print, so that living eyes look through: ellipses, in pixels of the photograph. */
  readonly holes?: readonly Hole[];
}

/** An ellipse. */
export interface Hole {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
}

type Colour = readonly [r: number, g: number, b: number];

/** Samples a pixel of the second camera takes across: what gives moiré and halftone their look. */
const SAMPLES = 3;

/**
 * A photograph photographed again: from paper (halftone dots of four inks, less gamut, paper's grain and white margin)
 * or from a screen (stripes of red, green and blue, glow, a reflection, the device's rim), held a little askew before
 * a wall, through a second camera's blur and noise. A simulation, coarser than the real thing and good for comparing.
 */
export function recapture(photo: Pixels, { kind, seed, width, height, holes = [] }: Recapture): Pixels {
  const random = new Random(seed, kind);
  const next = () => random.next();
  const between = (a: number, b: number) => a + (b - a) * next();
  // The sheet or screen fills most of the picture; its corners are moved a little each.
  const scale = between(0.8, 1.05) * Math.min(width / photo.width, height / photo.height);
  const [w, h] = [photo.width * scale, photo.height * scale];
  const jitter = () => between(-0.02, 0.02) * width;
  const [left, top] = [(width - w) / 2 + jitter(), (height - h) / 2 + jitter()];
  const corner = (x: number, y: number): Point => [left + x * w + jitter(), top + y * h + jitter()];
  const quad: Quad = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)];
  const source: Quad = [
    [0, 0],
    [photo.width, 0],
    [photo.width, photo.height],
    [0, photo.height],
  ];
  const toPhoto = perspective(quad, source);
  const shown = kind === "print" ? paper(photo, scale, next) : screen(photo, scale, next);
  const surface = holes.length === 0 ? shown : cutOut(photo, shown, holes);
  const wall: Colour = [between(60, 200), between(60, 200), between(60, 200)];
  const light = [between(0.75, 1), between(-0.15, 0.15), between(-0.15, 0.15)];
  const noise = between(1, 5);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const [r, g, b] = average(x, y, toPhoto, surface, photo, wall);
      const lit = light[0] + (light[1] * (x - width / 2)) / width + (light[2] * (y - height / 2)) / height;
      const grain = (next() + next() + next() - 1.5) * noise;
      data[o] = clamp(r * lit + grain);
      data[o + 1] = clamp(g * lit + grain);
      data[o + 2] = clamp(b * lit + grain);
    }
  }
  return soften({ width, height, data }, between(0.2, 0.6));
}

/** The colour of a surface at a point of the photograph, in its pixels; null behind its rim. */
type Surface = (x: number, y: number) => Colour | null;

function average(
  x: number,
  y: number,
  toPhoto: Matrix,
  surface: Surface,
  photo: Pixels,
  wall: Colour,
): Colour {
  let [r, g, b] = [0, 0, 0];
  for (let j = 0; j < SAMPLES; j++) {
    for (let i = 0; i < SAMPLES; i++) {
      const [px, py] = [x + (i + 0.5) / SAMPLES - 0.5, y + (j + 0.5) / SAMPLES - 0.5];
      const w = toPhoto[6] * px + toPhoto[7] * py + toPhoto[8];
      const sx = (toPhoto[0] * px + toPhoto[1] * py + toPhoto[2]) / w;
      const sy = (toPhoto[3] * px + toPhoto[4] * py + toPhoto[5]) / w;
      const margin = Math.max(-sx, -sy, sx - photo.width, sy - photo.height);
      const colour = (margin < 0.06 * photo.width ? surface(sx, sy) : null) ?? wall;
      r += colour[0];
      g += colour[1];
      b += colour[2];
    }
  }
  const n = SAMPLES * SAMPLES;
  return [r / n, g / n, b / n];
}

/** A four-colour print: dots on four turned grids, ink that is not quite black, paper that is not quite white. */
function paper(photo: Pixels, scale: number, next: () => number): Surface {
  const pitch = (1.6 + 2.6 * next()) / scale;
  const [black, white, saturation] = [25 + 20 * next(), 225 + 20 * next(), 0.7 + 0.2 * next()];
  const angles = [0.26, 1.31, 0, 0.785];
  const dot = (x: number, y: number, angle: number, ink: number) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const wave =
      (Math.cos((2 * Math.PI * (c * x + s * y)) / pitch) +
        Math.cos((2 * Math.PI * (c * y - s * x)) / pitch)) /
        4 +
      0.5;
    return Math.max(0, Math.min(1, (ink - wave) * 4 + 0.5));
  };
  const inked = 0.35 + 0.4 * next();
  return (x, y) => {
    const colour = pixel(photo, x, y);
    if (!colour) return [white, white, white * 0.97];
    const grey = (colour[0] + colour[1] + colour[2]) / 3;
    const [cyan, magenta, yellow] = colour.map((v) => 1 - (grey + (v - grey) * saturation) / 255);
    const mix = (ink: number, i: number) => ink * (1 - inked) + dot(x, y, angles[i], ink) * inked;
    const range = white - black;
    return [white - range * mix(cyan, 0), white - range * mix(magenta, 1), white - range * mix(yellow, 2)];
  };
}

/** Paper's edge around a hole is white and throws a shadow on what lies behind it; both as shares of the hole. */
const HOLE = { rim: 1.08, shadow: 0.85, dark: 0.75 } as const;

/** A print with holes, and the living behind them. */
function cutOut(photo: Pixels, print: Surface, holes: readonly Hole[]): Surface {
  return (x, y) => {
    for (const hole of holes) {
      const far = Math.hypot((x - hole.x) / hole.rx, (y - hole.y) / hole.ry);
      if (far > HOLE.rim) continue;
      if (far > 1) return [235, 235, 230];
      const colour = pixel(photo, x, y);
      if (!colour) return null;
      const k = far > HOLE.shadow ? HOLE.dark : 0.92;
      return [colour[0] * k, colour[1] * k, colour[2] * k];
    }
    return print(x, y);
  };
}

/** A screen: stripes of three colours, dark between its rows, bluish and glowing, its glass reflecting a window. */
function screen(photo: Pixels, scale: number, next: () => number): Surface {
  const pitch = (0.9 + 1.6 * next()) / scale;
  const depth = 0.2 + 0.5 * next();
  const gamma = 0.85 + 0.35 * next();
  const blue = 1 + 0.12 * next();
  const reflection = 30 * next();
  const [rx, ry] = [next() * photo.width, next() * photo.height];
  const rim: Colour = next() < 0.8 ? [18, 18, 20] : [200, 200, 205];
  return (x, y) => {
    const colour = pixel(photo, x, y);
    if (!colour) return rim;
    const across = (x / pitch) * 2 * Math.PI;
    const row = 1 - (depth / 2) * (0.5 + 0.5 * Math.cos((y / pitch) * 2 * Math.PI));
    const glare =
      reflection * Math.exp(-(((x - rx) / photo.width) ** 2 + ((y - ry) / photo.height) ** 2) * 8);
    const channel = (v: number, phase: number, gain: number) =>
      255 *
        (v / 255) ** gamma *
        gain *
        row *
        (1 - depth * (0.5 - 0.5 * Math.cos(across - phase))) *
        (1 + depth / 2) +
      glare;
    return [channel(colour[0], 0, 1), channel(colour[1], 2.09, 1), channel(colour[2], 4.19, blue)];
  };
}

/** Nearest pixel; null outside. */
function pixel({ width, height, data }: Pixels, x: number, y: number): Colour | null {
  if (x < 0 || y < 0 || x >= width || y >= height) return null;
  const i = (Math.floor(y) * width + Math.floor(x)) * 3;
  return [data[i], data[i + 1], data[i + 2]];
}

/** A lens's blur: each pixel mixed with its four neighbours. */
function soften({ width, height, data }: Pixels, share: number): Pixels {
  const out = new Uint8Array(data);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const around = (data[i - 3] + data[i + 3] + data[i - row] + data[i + row]) / 4;
      out[i] = data[i] * (1 - share) + around * share;
    }
  }
  return { width, height, data: out };
}

const clamp = (v: number) => Math.max(0, Math.min(255, v));
