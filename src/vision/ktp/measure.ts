import type { KtpQuality } from "../facts.ts";
import { type Matrix, mappedBox, multiply, type Point, transform } from "../geometry.ts";
import { luma, type Pixels } from "../image.ts";
import { powerSpectrum } from "../liveness/spectrum.ts";
import { CARD, type CardPart, type CardPlace, partOf } from "./card.ts";
import { median } from "./text.ts";

/** What is measured of a card apart from its text; all but `card_pixels` at a scale of the card itself. */
export type CardMeasures = Omit<KtpQuality, "legibility">;

/** The whole card, and what is looked at of it, in pixels a millimetre. */
const WHOLE: CardPart = { x: 0, y: 0, ...CARD };
const WHOLE_SCALE = 4;
/** From pixels of the whole card to millimetres. */
const FROM_WHOLE: Matrix = [1 / WHOLE_SCALE, 0, 0, 0, 1 / WHOLE_SCALE, 0, 0, 0, 1];
/** Labels and the beginnings of values: print on every card. */
const PRINT: CardPart = { x: 3, y: 14, width: 36, height: 28 };
const PRINT_SCALE = 10;

/** Measures a card where it was found. */
export function measureCard(image: Pixels, place: CardPlace): CardMeasures {
  const whole = partOf(image, place, WHOLE, WHOLE_SCALE);
  const { share, box } = burntPatch(whole);
  const [[ax, ay], [bx, by]] = place.corners;
  return {
    luma: meanLuma(whole),
    blur: blurOf(partOf(image, place, PRINT, PRINT_SCALE)) / PRINT_SCALE,
    glare: share,
    glare_box: box && mappedBox(box, multiply(place.toImage, FROM_WHOLE), image),
    colour: 100 * colourSpread(whole),
    pattern: patternOf(whole),
    ground: groundShare(whole),
    outside: outsideOf(image, place),
    rotation: (Math.atan2(by - ay, bx - ax) * 180) / Math.PI,
    card_pixels: place.pixels,
  };
}

const lumaOf = (data: Uint8Array, i: number) => 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];

function meanLuma({ data }: Pixels): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += lumaOf(data, i);
  return (3 * sum) / data.length;
}

/** Deviation in pixels of the Gaussian that the picture is blurred with once more to see how sharp it was. */
const REBLUR = 1;
/** Its weights at distances of 0, 1 and 2 pixels. */
const REBLUR_WEIGHTS = [0.4026, 0.2442, 0.0545] as const;
/** Edges are the steepest pixels: this share of all. */
const EDGES = 0.03;

/**
 * How much the print is blurred, in pixels: by how much less steep its edges become when they are blurred once more
 * (Zhuo and Sim 2011, "Defocus map estimation from a single image": σ = σ₀ / √(R² − 1)).
 */
function blurOf(part: Pixels): number {
  const light = luma(part);
  const { width, height } = part;
  return Math.max(edgeBlur(light, width, height, 1), edgeBlur(light, width, height, width));
}

/** @param step  from a pixel to the next in the direction that is looked along */
function edgeBlur(light: Float32Array, width: number, height: number, step: number): number {
  const [x0, y0] = step === 1 ? [3, 0] : [0, 3];
  const slopes = new Float32Array(light.length);
  const histogram = new Uint32Array(256);
  for (let y = y0; y < height - y0; y++) {
    for (let x = x0; x < width - x0; x++) {
      const i = y * width + x;
      slopes[i] = light[i + step] - light[i - step];
      histogram[Math.min(255, Math.abs(slopes[i]) | 0)]++;
    }
  }
  let steepest = 255;
  for (let left = EDGES * light.length; steepest > 1; steepest--) {
    left -= histogram[steepest];
    if (left < 0) break;
  }
  const [w0, w1, w2] = REBLUR_WEIGHTS;
  const ratios: number[] = [];
  for (let y = y0; y < height - y0; y++) {
    for (let x = x0; x < width - x0; x++) {
      const i = y * width + x;
      const before = slopes[i];
      if (Math.abs(before) < steepest) continue;
      const after =
        w0 * before +
        w1 * (slopes[i + step] + slopes[i - step]) +
        w2 * (slopes[i + 2 * step] + slopes[i - 2 * step]);
      ratios.push(Math.abs(before) / Math.max(Math.abs(after), 1e-3));
    }
  }
  const ratio = Float64Array.from(ratios).sort()[ratios.length >> 1] ?? 1;
  return REBLUR / Math.sqrt(Math.max(ratio * ratio - 1, 1e-3));
}

/** A pixel all of whose channels reach this is burnt out: the lightest print of a card stays below it. */
const BURNT = 250;

function burntPatch({ width, height, data }: Pixels): {
  share: number;
  box: readonly [number, number, number, number] | null;
} {
  const burnt = new Uint8Array(width * height);
  for (let i = 0; i < burnt.length; i++)
    burnt[i] = Math.min(data[3 * i], data[3 * i + 1], data[3 * i + 2]) >= BURNT ? 1 : 0;
  let most = 0;
  let box: readonly [number, number, number, number] | null = null;
  const stack: number[] = [];
  for (let start = 0; start < burnt.length; start++) {
    if (burnt[start] === 0) continue;
    let size = 0;
    let [left, right, top, bottom] = [width, 0, height, 0];
    burnt[start] = 0;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      size++;
      const x = at % width;
      const y = (at - x) / width;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      for (const [near, inside] of [
        [at - 1, x > 0],
        [at + 1, x < width - 1],
        [at - width, y > 0],
        [at + width, y < height - 1],
      ] as const) {
        if (inside && burnt[near] === 1) {
          burnt[near] = 0;
          stack.push(near);
        }
      }
    }
    if (size > most) [most, box] = [size, [left, top, right - left + 1, bottom - top + 1]];
  }
  return { share: most / burnt.length, box };
}

/** Side in pixels of {@link WHOLE} of the squares whose mean colours are compared: print and noise are averaged out. */
const SQUARE = 12;
/** Of squares darker than this, 0..255, no colour can be told. */
const TOO_DARK = 16;

/** A KTP's ground: blue beyond red by this share of their sum, and lighter than this, 0..255. */
const GROUND = { blue: 0.03, light: 80 } as const;

function groundShare({ data }: Pixels): number {
  let blue = 0;
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i];
    const b = data[i + 2];
    if (b - r > GROUND.blue * (r + b) && lumaOf(data, i) > GROUND.light) blue++;
  }
  return (3 * blue) / data.length;
}

/** Deviation of chromaticity (red and blue as shares of red, green and blue) over the card, around its median. */
function colourSpread({ width, height, data }: Pixels): number {
  const reds: number[] = [];
  const blues: number[] = [];
  for (let y = 0; y + SQUARE <= height; y += SQUARE) {
    for (let x = 0; x + SQUARE <= width; x += SQUARE) {
      let [r, g, b] = [0, 0, 0];
      for (let dy = 0; dy < SQUARE; dy++) {
        let i = ((y + dy) * width + x) * 3;
        for (let dx = 0; dx < SQUARE; dx++, i += 3) {
          r += data[i];
          g += data[i + 1];
          b += data[i + 2];
        }
      }
      const sum = r + g + b;
      if (sum < 3 * TOO_DARK * SQUARE * SQUARE) continue;
      reds.push(r / sum);
      blues.push(b / sum);
    }
  }
  return reds.length > 0 ? Math.sqrt(spread(reds) + spread(blues)) : 0;
}

/** Mean square of how far values lie from their median. */
function spread(values: readonly number[]): number {
  const middle = median(values);
  let sum = 0;
  for (const value of values) sum += (value - middle) ** 2;
  return sum / values.length;
}

/** Squares of the card that are looked at for patterns, in millimetres: without the portrait. */
const PATCHES: readonly CardPart[] = [
  { x: 4, y: 14, width: 32, height: 32 },
  { x: 30, y: 18, width: 32, height: 32 },
];
/** Periods a pixel between which moiré shows, 1 to 8 millimetres long: longer is light and shadow, shorter is print. */
const BAND = { from: 0.03, to: 0.3 } as const;
/** Keeps the share of green of what is nearly black from being noise. */
const BLACK = 30;

/**
 * A screen's coloured pixels and a sensor's beat against each other in stripes of green and magenta, which neither
 * print nor light makes: looked for in the share of green alone, so that dark print does not show.
 */
function patternOf(whole: Pixels): number {
  const side = PATCHES[0].width * WHOLE_SCALE;
  return Math.max(
    ...PATCHES.map(({ x, y }) =>
      stripes(powerSpectrum(greensOf(whole, x * WHOLE_SCALE, y * WHOLE_SCALE, side), side), side),
    ),
  );
}

/** The share of green of a square, whatever its light. */
function greensOf({ width, data }: Pixels, left: number, top: number, side: number): Float32Array {
  const greens = new Float32Array(side * side);
  for (let v = 0, o = 0; v < side; v++) {
    let i = ((top + v) * width + left) * 3;
    for (let u = 0; u < side; u++, i += 3, o++) {
      const r = data[i];
      const g = data[i + 1];
      const b = data[i + 2];
      greens[o] = (GREEN_SCALE * (2 * g - r - b)) / (r + g + b + BLACK);
    }
  }
  return greens;
}
const GREEN_SCALE = 255;

/** How far the strongest frequency and its neighbours stand out of the median of those as high, in decibels. */
function stripes(power: Float32Array, size: number): number {
  const rings: number[][] = [];
  const peaks: number[] = [];
  for (let v = 0; v < size; v++) {
    const y = Math.abs(v <= size / 2 ? v : v - size);
    for (let x = 0; x <= size / 2; x++) {
      const radius = Math.hypot(x, y);
      if (radius < BAND.from * size || radius > BAND.to * size) continue;
      const ring = Math.round(radius / 2);
      rings[ring] ??= [];
      rings[ring].push(power[v * size + x]);
      // Lines of text and their columns lie along the axes.
      if (Math.min(x, y) <= 1) continue;
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++)
          sum += power[((v + dy + size) % size) * size + ((x + dx + size) % size)];
      peaks[ring] = Math.max(peaks[ring] ?? 0, sum / 9);
    }
  }
  const least = size * size * 1e-6;
  const strongest = peaks.reduce((most, peak, ring) => {
    return Math.max(most, peak / Math.max(least, median(rings[ring])));
  }, 1);
  return 10 * Math.log10(strongest);
}

/** Steps in which the card is walked to see how much of it is in the photograph. */
const STEPS = 40;

function outsideOf({ width, height }: Pixels, { toImage }: CardPlace): number {
  let outside = 0;
  for (let j = 0; j < STEPS; j++) {
    for (let i = 0; i < STEPS; i++) {
      const at: Point = [((i + 0.5) / STEPS) * CARD.width, ((j + 0.5) / STEPS) * CARD.height];
      const [x, y] = transform(toImage, at);
      if (x < 0 || y < 0 || x > width - 1 || y > height - 1) outside++;
    }
  }
  return outside / STEPS ** 2;
}

/** How far inside an edge it is walked, in millimetres: the edge itself is known only roughly. */
const INSIDE = 2;
/** An edge is cut off where so much of it lies outside of the photograph. */
const CUT = 0.25;

/** The edges of the card that are cut off, as its reader sees them. */
export function cutEdges({ width, height }: Pixels, { toImage }: CardPlace): readonly CardEdge[] {
  const walks: Readonly<Record<CardEdge, (t: number) => Point>> = {
    left: (t) => [INSIDE, t * CARD.height],
    right: (t) => [CARD.width - INSIDE, t * CARD.height],
    top: (t) => [t * CARD.width, INSIDE],
    bottom: (t) => [t * CARD.width, CARD.height - INSIDE],
  };
  return CARD_EDGES.filter((edge) => {
    let outside = 0;
    for (let i = 0; i < STEPS; i++) {
      const [x, y] = transform(toImage, walks[edge]((i + 0.5) / STEPS));
      if (x < 0 || y < 0 || x > width - 1 || y > height - 1) outside++;
    }
    return outside > CUT * STEPS;
  });
}
const CARD_EDGES = ["left", "right", "top", "bottom"] as const;
export type CardEdge = (typeof CARD_EDGES)[number];
