import { cut } from "../face/crop.ts";
import { luma } from "../face/quality.ts";
import type { Box } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import { patternStrength } from "./spectrum.ts";

/** What pixels tell of a face that was photographed twice, each a number with a meaning of its own. */
export interface RecaptureCues {
  /** Decibels: how far the strongest repeating pattern on the face stands out; dots, a screen's pixels, moiré. */
  readonly pattern: number;
  /** 0..1: how much of two sides of the surroundings is one straight edge, as a sheet's or a screen's rim is. */
  readonly frame: number;
  /** 0..1: from the darkest to the brightest of the surroundings; ink and lit screens never reach black. */
  readonly tonal_range: number;
  /** 0..1: how colourful the most colourful twentieth of the surroundings is; ink reaches less. */
  readonly colourfulness: number;
}

/** Sides, in pixels, of the square of the face that is looked at for patterns: the larger one that fits into it. */
const PATTERN_SIDES = [128, 64] as const;

/** Surroundings in which a rim is looked for: their side over the face's box, and in pixels once scaled. */
const SURROUNDINGS = { reach: 4, size: 96 } as const;

/** @param face  forehead to chin and cheek to cheek, in pixels of the picture */
export function recaptureCues(image: Pixels, face: Box): RecaptureCues {
  const around = surroundings(image, face);
  const light = luma(around.picture);
  return {
    pattern: pattern(image, face),
    frame: frame(light, around.face),
    tonal_range: (percentile(light, 0.98) - percentile(light, 0.02)) / 255,
    colourfulness: percentile(saturation(around.picture), 0.95),
  };
}

function pattern(image: Pixels, face: Box): number {
  const side = PATTERN_SIDES.find((s) => s <= Math.min(face.width, image.width, image.height));
  if (side === undefined) return 0;
  const place = (middle: number, room: number) =>
    Math.round(Math.max(0, Math.min(room - side, middle - side / 2)));
  const x = place(face.x + face.width / 2, image.width);
  const y = place(face.y + face.height / 2, image.height);
  // As it was taken: scaling would blur or invent what is looked for.
  const data = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const from = ((y + row) * image.width + x) * 3;
    data.set(image.data.subarray(from, from + side * 3), row * side * 3);
  }
  return patternStrength(luma({ width: side, height: side, data }), side);
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
    picture: cut(image, [kx, 0, x.from + (kx - 1) / 2, 0, ky, y.from + (ky - 1) / 2, 0, 0, 1], size, size),
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

function percentile(values: Float32Array, share: number): number {
  return values.toSorted()[Math.min(values.length - 1, Math.floor(share * values.length))];
}
