import type { FaceMesh } from "../face/mesh.ts";
import { type Box, crop } from "../geometry.ts";
import { luma, type Pixels } from "../image.ts";
import { eyeRim } from "./rim.ts";
import { type Band, patternStrength } from "./spectrum.ts";
import { cheeks } from "./texture.ts";

/** What pixels tell of a face that was photographed twice, each a number with a meaning of its own. */
export interface RecaptureCues {
  /** Decibels: how far the strongest pattern that repeats all over the face stands out; dots, a screen's pixels, moiré. */
  readonly pattern: number;
  /**
   * How coloured the fine structure of the cheeks is over how light and dark it is: skin's is light and shadow, that of
   * inks and of a screen's red, green and blue is colour. About 0.3 on skin.
   */
  readonly colour_grain: number;
  /** 0..1: how much of two sides of the surroundings is one straight edge, as a sheet's or a screen's rim is. */
  readonly frame: number;
  /** 0..1: from the darkest to the brightest of the surroundings; ink and lit screens never reach black. */
  readonly tonal_range: number;
  /** 0..1: the darkest of the face, over its middle: pupils and nostrils give no light; ink shines, glass reflects. */
  readonly black_level: number;
  /** 0..1: how colourful the most colourful twentieth of the surroundings is; ink reaches less. */
  readonly colourfulness: number;
  /** 0..1: share of the face that is burnt out and without colour: a lamp's reflection on skin, paper or glass. */
  readonly highlights: number;
  /** How far a thin bright line around both eyes stands out, 0 none: the cut edge of a mask's holes, see `eyeRim`. */
  readonly eye_rim: number;
}

/** Sides, in pixels, of the part of the face that is looked at for patterns, at most: more of it tells little more. */
const PATTERN_SIDE = 224;
/**
 * Periods a pixel between which dots, stripes and moiré show: below are the face's own shapes, above the next to the
 * sensor's own grid. Moiré between a screen's three colours and the sensor is coarse and coloured; it is looked for at half
 * the size, as JPEG stores colour, and below the edges of JPEG's blocks of 16 pixels and what they are enlarged with.
 */
const PATTERN_BANDS = {
  light: { from: 0.09, to: 0.47 },
  colour: { from: 0.09, to: 0.25 },
} as const satisfies Record<string, Band>;
/** A quarter as many windows tell the colour: on living faces its peaks were measured to be so many decibels higher. */
const COLOUR_MORE = 3;

/** Surroundings in which a rim is looked for: their side over the face's box, and in pixels once scaled. */
const SURROUNDINGS = { reach: 4, size: 96 } as const;

/** @param face  forehead to chin and cheek to cheek, in pixels of the picture */
export function recaptureCues(image: Pixels, mesh: FaceMesh, face: Box): RecaptureCues {
  const around = surroundings(image, face);
  const light = luma(around.picture);
  const own = faceOf(image, face);
  const skin = luma(own);
  return {
    pattern: pattern(image, face),
    colour_grain: Math.min(...cheeks(image, mesh).map(colourGrain)),
    frame: frame(light, around.face),
    tonal_range: (percentile(light, 0.98, 255) - percentile(light, 0.02, 255)) / 255,
    black_level: percentile(skin, 0.01, 255) / Math.max(1, percentile(skin, 0.5, 255)),
    colourfulness: percentile(saturation(around.picture), 0.95, 1),
    highlights: highlights(own),
    eye_rim: eyeRim(image, mesh),
  };
}

/** Side of the face as it is looked at as a whole, in pixels. */
const FACE = 64;

const faceOf = (image: Pixels, face: Box): Pixels => thumbnail(image, face, FACE);

/** Points a side whose mean each pixel of a thumbnail is. */
const POINTS = 3;

/** A part of the picture at `size` × `size`, of a few points a pixel: enough for light and edges, and soon done. */
function thumbnail(image: Pixels, part: Box, size: number): Pixels {
  const inside = (v: number, room: number) => Math.max(0, Math.min(room - 1, Math.floor(v)));
  const steps = Array.from({ length: size * POINTS }, (_, i) => (i + 0.5) / (size * POINTS));
  const columns = steps.map((share) => 3 * inside(part.x + share * part.width, image.width));
  const rows = steps.map((share) => 3 * image.width * inside(part.y + share * part.height, image.height));
  const sums = new Uint16Array(size * size * 3);
  const source = image.data;
  for (let j = 0; j < rows.length; j++) {
    const line = Math.floor(j / POINTS) * size;
    for (let i = 0; i < columns.length; i++) {
      const from = rows[j] + columns[i];
      const to = 3 * (line + Math.floor(i / POINTS));
      sums[to] += source[from];
      sums[to + 1] += source[from + 1];
      sums[to + 2] += source[from + 2];
    }
  }
  const data = new Uint8Array(sums.length);
  for (let i = 0; i < data.length; i++) data[i] = sums[i] / (POINTS * POINTS) + 0.5;
  return { width: size, height: size, data };
}

/** Mean of how a pixel's colour differs from that of its four neighbours, over the same of its light. */
function colourGrain({ width, height, data }: Pixels): number {
  let [light, colour] = [0, 0];
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i += 3) {
      const rest = (c: number) =>
        data[i + c] - (data[i + c - 3] + data[i + c + 3] + data[i + c - row] + data[i + c + row]) / 4;
      const [r, g, b] = [rest(0), rest(1), rest(2)];
      const l = 0.299 * r + 0.587 * g + 0.114 * b;
      light += Math.abs(l);
      colour += (Math.abs(r - l) + Math.abs(b - l)) / 2;
    }
  }
  return colour / Math.max(1, light);
}

/** A pixel counts as burnt out from this luma 0..255 on, where its channels differ by no more than the second. */
const BURNT = { luma: 240, spread: 14 } as const;

function highlights({ data }: Pixels): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    const most = Math.max(r, g, b);
    if (0.299 * r + 0.587 * g + 0.114 * b >= BURNT.luma && most - Math.min(r, g, b) <= BURNT.spread) count++;
  }
  return (3 * count) / data.length;
}

/** Of the middle of the face, as it was taken: scaling would blur or invent what is looked for. */
function pattern(image: Pixels, face: Box): number {
  const inside = (v: number, room: number) => Math.max(0, Math.min(room, Math.round(v)));
  const span = (start: number, length: number, room: number) => {
    const [from, to] = [inside(start, room), inside(start + length, room)];
    const size = Math.min(PATTERN_SIDE, to - from);
    return { from: (from + to - size) >> 1, size };
  };
  const [x, y] = [span(face.x, face.width, image.width), span(face.y, face.height, image.height)];
  const part = crop(image, { x: x.from, y: y.from, width: x.size, height: y.size });
  const [width, height] = [part.width >> 1, part.height >> 1];
  const light = patternStrength(luma(part), part.width, part.height, PATTERN_BANDS.light);
  const colour = patternStrength(redOverGreen(part), width, height, PATTERN_BANDS.colour);
  return Math.max(light, colour - COLOUR_MORE, 0);
}

/** Red less green at half the size, each value the mean of four pixels. */
function redOverGreen({ width, height, data }: Pixels): Float32Array {
  const [columns, rows] = [width >> 1, height >> 1];
  const out = new Float32Array(columns * rows);
  for (let y = 0, o = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, o++) {
      const i = (2 * y * width + 2 * x) * 3;
      const j = i + width * 3;
      out[o] =
        (data[i] -
          data[i + 1] +
          data[i + 3] -
          data[i + 4] +
          data[j] -
          data[j + 1] +
          data[j + 3] -
          data[j + 4]) /
        4;
    }
  }
  return out;
}

/** A square around the face, as much of it as the picture holds, and where the face lies in it. */
function surroundings(image: Pixels, face: Box): { readonly picture: Pixels; readonly face: Box } {
  const { reach, size } = SURROUNDINGS;
  const span = (start: number, length: number, room: number) => {
    const middle = start + length / 2;
    const wanted = reach * Math.max(face.width, face.height);
    const from = Math.max(0, middle - wanted / 2);
    return { from, length: Math.min(room, middle + wanted / 2) - from };
  };
  const x = span(face.x, face.width, image.width);
  const y = span(face.y, face.height, image.height);
  const [kx, ky] = [x.length / size, y.length / size];
  return {
    picture: thumbnail(image, { x: x.from, y: y.from, width: x.length, height: y.length }, size),
    face: {
      x: (face.x - x.from) / kx,
      y: (face.y - y.from) / ky,
      width: face.width / kx,
      height: face.height / ky,
    },
  };
}

/** Luma by which an edge's two sides differ at least. */
const EDGE = 10;
/** How far an edge may lean, in pixels over the whole side. */
const LEAN = 6;
const LEAN_STEP = 2;

/** The mean share of the two best sides outside of the face along which one straight edge runs. */
function frame(light: Float32Array, face: Box): number {
  const { size } = SURROUNDINGS;
  const right = Math.ceil(face.x + face.width);
  const bottom = Math.ceil(face.y + face.height);
  const sides = [
    bestEdge(light, 1, size, 2, Math.floor(face.x)),
    bestEdge(light, 1, size, right, size - 2),
    bestEdge(light, size, 1, 2, Math.floor(face.y)),
    bestEdge(light, size, 1, bottom, size - 2),
  ].toSorted((a, b) => b - a);
  return (sides[0] + sides[1]) / 2;
}

/** @param step, along  from a pixel to its neighbour across the edge, and along it */
function bestEdge(light: Float32Array, step: number, along: number, from: number, to: number): number {
  const { size } = SURROUNDINGS;
  let best = 0;
  for (let position = from; position < to; position++) {
    for (let lean = -LEAN; lean <= LEAN; lean += LEAN_STEP) {
      let rising = 0;
      let falling = 0;
      for (let k = 0; k < size; k++) {
        const at = position + Math.round(lean * (k / size - 0.5));
        if (at < 1 || at > size - 2) continue;
        const i = at * step + k * along;
        const change = light[i + step] - light[i - step];
        if (change > EDGE) rising++;
        else if (change < -EDGE) falling++;
      }
      best = Math.max(best, rising, falling);
    }
  }
  return best / size;
}

/** Saturation 0..1 of each pixel (HSV). */
function saturation({ data }: Pixels): Float32Array {
  const out = new Float32Array(data.length / 3);
  for (let i = 0, o = 0; o < out.length; i += 3, o++) {
    const most = Math.max(data[i], data[i + 1], data[i + 2]);
    // The hue of what is nearly black is noise.
    out[o] = most < 32 ? 0 : 1 - Math.min(data[i], data[i + 1], data[i + 2]) / most;
  }
  return out;
}

/** Steps of the histogram by which a percentile is found: finer than the cues know. */
const STEPS = 1024;

/** @param most  values lie in 0..most */
function percentile(values: Float32Array, share: number, most: number): number {
  const counts = new Uint32Array(STEPS);
  for (let i = 0; i < values.length; i++)
    counts[Math.min(STEPS - 1, Math.floor((values[i] / most) * STEPS))]++;
  let left = share * values.length;
  let step = 0;
  for (; step < STEPS - 1 && left >= counts[step]; step++) left -= counts[step];
  return ((step + 0.5) / STEPS) * most;
}
