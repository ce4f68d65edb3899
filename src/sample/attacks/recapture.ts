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
 * A photograph photographed again: from paper (dots of four inks or a photographic print; less gamut,
 * paper's grain, its white margin, a bend and the hand that holds it) or from a screen (its pixels in rows or in
 * diamonds, moiré, glow, a reflection, bands of its refresh, the device's rim), from where
 * all of it is seen to where it fills the picture, before a wall, through a second camera's blur, noise and sharpening.
 * A simulation, coarser than the real thing and good for comparing.
 */
export function recapture(photo: Pixels, { kind, seed, width, height, holes = [] }: Recapture): Pixels {
  const random = new Random(seed, kind);
  const between = (a: number, b: number) => random.between(a, b);
  // From a sheet or device held so far that its edges are seen, to one that reaches beyond the picture.
  const scale = between(0.7, 1.25) * Math.min(width / photo.width, height / photo.height);
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
  const shown = kind === "print" ? paper(photo, scale, random) : screen(photo, scale, random);
  const surface = holes.length === 0 ? shown : cutOut(photo, shown, holes);
  const bend = kind === "print" ? bent(between(0, 0.5), between(0.2, 0.8)) : flat;
  const wall: Colour = [between(60, 200), between(60, 200), between(60, 200)];
  const light = [between(0.75, 1), between(-0.15, 0.15), between(-0.15, 0.15)];
  const noise = between(1, 5);
  const rim = RIM[kind] * photo.width;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const [r, g, b] = average(x, y, toPhoto, bend, surface, photo, wall, rim);
      const lit = light[0] + (light[1] * (x - width / 2)) / width + (light[2] * (y - height / 2)) / height;
      const grain = (random.next() + random.next() + random.next() - 1.5) * noise;
      data[o] = clamp(r * lit + grain);
      data[o + 1] = clamp(g * lit + grain);
      data[o + 2] = clamp(b * lit + grain);
    }
  }
  const soft = soften({ width, height, data }, between(0.1, 0.6));
  const held = kind === "print" && random.chance(0.5) ? withThumb(soft, random) : soft;
  return sharpen(held, between(0, 0.8));
}

/** How far paper's margin, or a device's rim, goes beyond the picture that is shown, in widths of it. */
const RIM = { print: 0.06, replay: 0.05 } as const;

/** Where on an unbent sheet a point lies, as a share of its width, and how much light it gets there. */
type Bend = (share: number) => { readonly at: number; readonly lit: number };
const flat: Bend = (share) => ({ at: share, lit: 1 });

/** A sheet bent around an upright axis, by so many radians from side to side. @param axis  as a share of its width */
function bent(radians: number, axis: number): Bend {
  if (radians < 0.02) return flat;
  return (share) => {
    // Seen from afar the projection of an arc is a sine; so much of the sheet lies at each point of it.
    const sine = Math.max(-0.98, Math.min(0.98, (share - axis) * radians));
    return { at: axis + Math.asin(sine) / radians, lit: Math.sqrt(1 - sine * sine) };
  };
}

/** The colour of a surface at a point of the photograph, in its pixels; null behind its rim. */
type Surface = (x: number, y: number) => Colour | null;

function average(
  x: number,
  y: number,
  toPhoto: Matrix,
  bend: Bend,
  surface: Surface,
  photo: Pixels,
  wall: Colour,
  rim: number,
): Colour {
  let [r, g, b] = [0, 0, 0];
  for (let j = 0; j < SAMPLES; j++) {
    for (let i = 0; i < SAMPLES; i++) {
      const [px, py] = [x + (i + 0.5) / SAMPLES - 0.5, y + (j + 0.5) / SAMPLES - 0.5];
      const w = toPhoto[6] * px + toPhoto[7] * py + toPhoto[8];
      const { at, lit } = bend((toPhoto[0] * px + toPhoto[1] * py + toPhoto[2]) / w / photo.width);
      const sx = at * photo.width;
      const sy = (toPhoto[3] * px + toPhoto[4] * py + toPhoto[5]) / w;
      const margin = Math.max(-sx, -sy, sx - photo.width, sy - photo.height);
      const colour = margin < rim ? surface(sx, sy) : null;
      const [cr, cg, cb] = colour ?? wall;
      const k = colour ? lit : 1;
      r += cr * k;
      g += cg * k;
      b += cb * k;
    }
  }
  const n = SAMPLES * SAMPLES;
  return [r / n, g / n, b / n];
}

/** How ink comes on paper: dots on four turned grids, or none that can be seen. */
const INKS = [
  ["offset", 5],
  ["photographic", 1],
] as const;
/** Entries of a table of one turn's cosines: a dot's edge is softer than their steps. */
const TURN = 1024;
const COSINES = Float32Array.from({ length: TURN }, (_, i) => Math.cos((2 * Math.PI * i) / TURN));
/** @param turns  whole turns count nothing */
const cosineOf = (turns: number): number => COSINES[Math.floor(turns * TURN) & (TURN - 1)];

/** A print: ink that is not quite black, paper that is not quite white, colours paler than light's. */
function paper(photo: Pixels, scale: number, random: Random): Surface {
  const between = (a: number, b: number) => random.between(a, b);
  const ink = random.weighted(INKS);
  const pitch = between(1.6, 4.2) / scale;
  const [black, white, saturation] = [between(25, 45), between(225, 245), between(0.7, 0.9)];
  const inked = ink === "photographic" ? 0 : between(0.35, 0.75);
  const gloss = ink === "photographic" ? between(0, 40) : 0;
  const [gx, gy] = [between(0, photo.width), between(0, photo.height)];
  // Photographic paper is smooth; plain paper's fibres are one to four of the camera's pixels long.
  const fibres = ink === "photographic" ? between(0, 0.02) : between(0.02, 0.08);
  const [fine, coarse] = [scale / between(0.8, 1.5), scale / between(2, 4)];
  const angles = [0.26, 1.31, 0, 0.785];
  const cosines = angles.map((angle) => Math.cos(angle) / pitch);
  const sines = angles.map((angle) => Math.sin(angle) / pitch);
  const dot = (x: number, y: number, plate: number, amount: number) => {
    const [c, s] = [cosines[plate], sines[plate]];
    const wave = (cosineOf(c * x + s * y) + cosineOf(c * y - s * x)) / 4 + 0.5;
    return Math.max(0, Math.min(1, (amount - wave) * 4 + 0.5));
  };
  return (x, y) => {
    const colour = pixel(photo, x, y);
    const shine = gloss * Math.exp(-(((x - gx) / photo.width) ** 2 + ((y - gy) / photo.height) ** 2) * 12);
    if (!colour) return [white, white, white * 0.97];
    const grey = (colour[0] + colour[1] + colour[2]) / 3;
    const inkFor = (v: number) => 1 - (grey + (v - grey) * saturation) / 255;
    // Fibres: two sizes of light and dark that belong to the sheet.
    const fibre =
      1 +
      fibres *
        (chance(Math.floor(x * fine), Math.floor(y * fine), 7) +
          chance(Math.floor(x * coarse), Math.floor(y * coarse), 8) -
          1);
    const mix = (amount: number, plate: number) =>
      amount * (1 - inked) + (inked === 0 ? 0 : dot(x, y, plate, amount) * inked);
    const range = white - black;
    return [
      (white - range * mix(inkFor(colour[0]), 0)) * fibre + shine,
      (white - range * mix(inkFor(colour[1]), 1)) * fibre + shine,
      (white - range * mix(inkFor(colour[2]), 2)) * fibre + shine,
    ];
  };
}

/** A number 0..1 that looks like chance and is the same for the same place. */
function chance(x: number, y: number, plate: number): number {
  let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(plate + 1, 2246822519);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
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

/** How a screen's pixels lie: upright stripes of three colours, or diamonds. */
const GRIDS = ["stripes", "diamonds"] as const;

/** A screen: dark between its pixels, bluish and glowing where it should be black, its glass reflecting a window. */
function screen(photo: Pixels, scale: number, random: Random): Surface {
  const between = (a: number, b: number) => random.between(a, b);
  const grid = random.pick(GRIDS);
  // Pixels as small as the camera's own are seen by the moiré that both make.
  const pitch = between(0.8, 2.5) / scale;
  const depth = between(0.2, 0.7);
  const gamma = between(0.85, 1.2);
  const blue = between(1, 1.12);
  const glow = between(0, 14);
  const reflection = between(0, 30);
  const [rx, ry] = [between(0, photo.width), between(0, photo.height)];
  // The camera's rows see the screen at different moments of its refresh.
  const [bands, high, phase] = [between(0, 0.04), between(0.15, 0.6) * photo.height, between(0, 1)];
  const rim: Colour = random.chance(0.8) ? [18, 18, 20] : [200, 200, 205];
  return (x, y) => {
    const colour = pixel(photo, x, y);
    if (!colour) return rim;
    // Diamonds: the same waves along both diagonals.
    const [u, v] = grid === "diamonds" ? [(x + y) * Math.SQRT1_2, (x - y) * Math.SQRT1_2] : [x, y];
    const across = u / pitch;
    const row = 1 - (depth / 2) * (0.5 + 0.5 * cosineOf(v / pitch));
    const band = 1 + bands * cosineOf(y / high + phase);
    const glare =
      glow + reflection * Math.exp(-(((x - rx) / photo.width) ** 2 + ((y - ry) / photo.height) ** 2) * 8);
    const channel = (value: number, shift: number, gain: number) =>
      255 *
        (value / 255) ** gamma *
        gain *
        band *
        row *
        (1 - depth * (0.5 - 0.5 * cosineOf(across - shift))) *
        (1 + depth / 2) +
      glare;
    return [channel(colour[0], 0, 1), channel(colour[1], 1 / 3, 1), channel(colour[2], 2 / 3, blue)];
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

/** What a camera does to make up for its lens: each pixel is pushed away from the mean of its four neighbours. */
function sharpen({ width, height, data }: Pixels, by: number): Pixels {
  const out = new Uint8Array(data);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const around = (data[i - 3] + data[i + 3] + data[i - row] + data[i + row]) / 4;
      out[i] = clamp(data[i] + by * (data[i] - around));
    }
  }
  return { width, height, data: out };
}

/** A thumb that holds the sheet from below or from a side, in place: a soft ellipse in the colour of skin. */
function withThumb(picture: Pixels, random: Random): Pixels {
  const { width, height, data } = picture;
  const below = random.chance(0.5);
  const [cx, cy] = below
    ? [width * random.between(0.2, 0.8), height * random.between(0.97, 1.05)]
    : [width * (random.chance(0.5) ? -0.02 : 1.02), height * random.between(0.5, 0.9)];
  const [rx, ry] = below ? [0.06 * width, 0.12 * height] : [0.14 * width, 0.05 * height];
  const tone = random.between(0.6, 1);
  const skin = [205 * tone, 155 * tone, 125 * tone];
  for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(height, cy + ry); y++) {
    for (let x = Math.max(0, Math.floor(cx - rx)); x < Math.min(width, cx + rx); x++) {
      const far = Math.hypot((x - cx) / rx, (y - cy) / ry);
      const share = Math.max(0, Math.min(1, (1 - far) * 8));
      for (let c = 0; c < 3; c++) {
        const i = (y * width + x) * 3 + c;
        data[i] = data[i] * (1 - share) + skin[c] * (1 - 0.35 * far) * share;
      }
    }
  }
  return picture;
}

const clamp = (v: number) => Math.max(0, Math.min(255, v));
