import type { Pixels } from "../image.ts";
import { chanceOf, type Letter, type Reading } from "./decode.ts";

/**
 * Free space left and right of a character inside its own box, in heights of a capital: the mean of Liberation Sans,
 * Liberation Sans Narrow, DejaVu Sans Condensed, FreeSans, Roboto and Open Sans. So much of a gap is the letters' own.
 */
const BEARINGS: readonly (readonly [chars: string, left: number, right: number])[] = [
  ["AVWXYT/", 0.02, 0.02],
  ["BDPR", 0.12, 0.06],
  ["EFL", 0.12, 0.05],
  ["K", 0.12, 0],
  ["HMNU", 0.12, 0.12],
  ["I", 0.13, 0.13],
  ["COQSZ", 0.06, 0.06],
  ["G", 0.07, 0.1],
  ["J", 0.02, 0.11],
  ["1", 0.12, 0.2],
  ["4", 0.04, 0.05],
  ["02356789", 0.07, 0.07],
  [".,:;'", 0.11, 0.11],
  ["(", 0.08, 0.04],
  [")", 0.04, 0.08],
];
const OWN = new Map(BEARINGS.flatMap(([chars, left, right]) => [...chars].map((c) => [c, { left, right }])));
/** Of small letters and other signs. */
const USUAL = { left: 0.08, right: 0.06 } as const;

/**
 * The log-odds of a space: a logistic regression over 11,800 neighbours on cards in seven faces, from scans to hard
 * photographs, of which it misjudges 5. The network's chance tells most, even where it is far from winning: between
 * letters of one word it is hardly ever above 0.08, at a space hardly ever below 0.18, behind a full stop or comma ten
 * times less each. The pixels' gap helps where it is in between.
 */
const LOG_ODDS = { base: 4.75, excess: 12.6, logHeard: 2.02, behindStop: 2.87 } as const;
const STOPS = ".,:";
/** Never set with a space before them. */
const CLOSING = ".,";
/** A clue beyond these is no stronger for it. */
const EXCESS = { least: -0.1, most: 0.4 } as const;
const LEAST_HEARD = 0.001;
/** Letters may be set this much wider or closer than the face has them, in heights of a capital. */
const TRACKING = { least: -0.06, most: 0.1 } as const;
/** Ink is darker than the ground beside it by this share of the line's contrast. */
const INK = 0.45;
const INK_SHARE = 0.02;
/** Over how many columns the ground's brightness is averaged. */
const GROUND_REACH = 8;

/** Where a straightened line holds ink. */
export interface Ink {
  /** 1 for each column with ink. */
  readonly columns: Uint8Array;
  /** Height of the letters in pixels. */
  readonly height: number;
  /** What is as wide as letters are high, in pixels: the same, unless the line was stretched. */
  readonly unit: number;
}

/** What speaks for a space between two neighbours. */
export type Clue = readonly [
  /** By how much the gap exceeds the letters' own, in heights of a capital, beyond what the line has throughout. */
  excess: number,
  /** The recogniser's own chance for a space there, 0..1. */
  heard: number,
];

/** @param solid  a line's letters without spaces, with their places in the pixels that `ink` was taken from */
export function clues(solid: readonly Letter[], reading: Reading, ink: Ink): Clue[] {
  const excess = solid.slice(1).map((next, i) => {
    const letter = solid[i];
    const own = (OWN.get(letter.char) ?? USUAL).right + (OWN.get(next.char) ?? USUAL).left;
    return widestGap(ink.columns, letter.x, next.x) / ink.unit - own;
  });
  // Most neighbours are letters of one word: what they have too much is how widely the line is set.
  const usual = excess.toSorted((a, b) => a - b)[Math.floor(excess.length * 0.4)] ?? 0;
  const tracking = Math.min(TRACKING.most, Math.max(TRACKING.least, usual));
  return excess.map((e, i) => [e - tracking, chanceOf(reading, " ", solid[i].to + 1, solid[i + 1].from - 1)]);
}

/** The letters of a line with the spaces that the recogniser lost, and without those that it made up. */
export function spaced(letters: readonly Letter[], reading: Reading, ink: Ink): Letter[] {
  const solid = letters.filter(({ char }) => char !== " ");
  const between = clues(solid, reading, ink);
  return solid.flatMap((letter, i) => {
    const next = solid[i + 1];
    if (!next) return [letter];
    const [excess, heard] = between[i];
    const evidence =
      LOG_ODDS.base +
      LOG_ODDS.excess * Math.min(EXCESS.most, Math.max(EXCESS.least, excess)) +
      LOG_ODDS.logHeard * Math.log(Math.max(LEAST_HEARD, heard)) +
      (STOPS.includes(letter.char) ? LOG_ODDS.behindStop : 0);
    if (CLOSING.includes(next.char)) return [letter];
    const joint = 1 / (1 + Math.exp(-Math.abs(evidence)));
    if (evidence <= 0) return [{ ...letter, joint }];
    const space: Letter = {
      char: " ",
      score: 1,
      x: (letter.x + next.x) / 2,
      from: letter.to + 1,
      to: next.from - 1,
    };
    return [{ ...letter, joint }, space];
  });
}

/**
 * Which columns hold ink, and how high the letters are.
 * @param stretch  by how much the line is wider than is natural
 */
export function inkOf(line: Pixels, stretch = 1): Ink {
  return inkBetween(inkMask(line), line.width, 0, line.width, stretch);
}

/** The ink of some columns of a line, `to` exclusive. */
function inkBetween(
  { mask, top, bottom }: InkMask,
  width: number,
  from: number,
  to: number,
  stretch: number,
): Ink {
  const columns = new Uint8Array(to - from);
  for (let i = from; i < mask.length; i += width)
    for (let x = 0; x < columns.length; x++) columns[x] |= mask[i + x];
  const height = bottom - top + 1;
  return { columns, height, unit: height * stretch };
}

/** Which pixels of a line are ink (1), and between which rows most of it lies, both among them. */
interface InkMask {
  readonly mask: Uint8Array;
  readonly top: number;
  readonly bottom: number;
}

/** @param until  the column up to which there is text to tell ink from ground */
export function inkMask({ width, height, data }: Pixels, until = width): InkMask {
  const luma = new Uint8Array(width * height);
  const brightest = new Uint8Array(width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const l = (77 * data[3 * i] + 150 * data[3 * i + 1] + 29 * data[3 * i + 2]) >> 8;
      luma[i] = l;
      if (l > brightest[x]) brightest[x] = l;
    }
  }
  // A letter never fills its column: above and below it the ground is seen.
  const ground = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    let sum = 0;
    const [a, b] = [Math.max(0, x - GROUND_REACH), Math.min(width - 1, x + GROUND_REACH)];
    for (let k = a; k <= b; k++) sum += brightest[k];
    ground[x] = sum / (b - a + 1);
  }
  const level = new Uint8Array(width);
  for (let x = 0; x < width; x++) level[x] = Math.round(ground[x]);
  const depth = new Uint32Array(256);
  const end = Math.min(width, until);
  for (let y = 0; y < height; y++)
    for (let x = 0, i = y * width; x < end; x++, i++) depth[Math.max(0, level[x] - luma[i])] += 1;
  // The darkest fiftieth is ink in every line of text.
  let contrast = 255;
  for (let seen = 0; contrast > 1; contrast--) {
    seen += depth[contrast];
    if (seen > INK_SHARE * until * height) break;
  }
  // Ink is darker than this of its column; lumas are whole numbers.
  const lightest = new Uint8Array(width);
  for (let x = 0; x < width; x++) lightest[x] = Math.max(0, Math.ceil(ground[x] - INK * contrast));
  const mask = new Uint8Array(width * height);
  const rows = new Uint32Array(height);
  for (let y = 0; y < height; y++) {
    let inked = 0;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      if (luma[i] >= lightest[x]) continue;
      mask[i] = 1;
      if (x < end) inked++;
    }
    rows[y] = inked;
  }
  const some = Math.max(...rows) * 0.25;
  return { mask, top: rows.findIndex((n) => n >= some), bottom: rows.findLastIndex((n) => n >= some) };
}

/** What is left of the ground beside the ink, in pixels: the network was taught on lines with a rim. */
const RIM = 5;
/** A colon, in heights of a letter: no wider, and no more ink in a column than two dots; behind it a gap. */
const COLON = { width: 0.3, ink: 0.62, gap: 0.12 } as const;

/** What of a straightened line is to be read, in pixels, `to` exclusive, and its ink. */
export interface InkSpan {
  readonly from: number;
  readonly to: number;
  readonly ink: Ink;
}

/**
 * A straightened line without the ground on its sides and without a colon before it.
 * @param rim      what is left of the ground on both sides, in pixels
 * @param stretch  by how much the line is wider than is natural
 */
export function inkSpan(line: Pixels, { rim = RIM, stretch = 1 } = {}): InkSpan {
  const { width, height } = line;
  const inked = inkMask(line);
  const { mask, top, bottom } = inked;
  const span = (from: number, to: number) => ({
    from,
    to,
    ink: inkBetween(inked, width, from, to, stretch),
  });
  const unit = bottom - top + 1;
  const depth = new Uint16Array(width);
  for (let y = Math.max(0, top); y <= bottom; y++)
    for (let x = 0; x < width; x++) depth[x] += mask[y * width + x];
  const next = (from: number, ink: boolean) => {
    let x = from;
    while (x < width && depth[x] > 0 !== ink) x++;
    return x;
  };
  let first = next(0, true);
  const end = next(first, false);
  const behind = next(end, true);
  const dots =
    end - first <= COLON.width * unit && depth.subarray(first, end).every((ink) => ink <= COLON.ink * unit);
  if (dots && behind < width && behind - end >= COLON.gap * unit) first = behind;
  let last = width - 1;
  while (last > first && depth[last] === 0) last--;
  // Hardly anything is no line of text: all of it is shown.
  if (last - first < height / 3) return span(0, width);
  return span(Math.max(0, first - rim), Math.min(width, last + rim + 1));
}

/** Some columns of a picture, `to` exclusive. */
export function columnsOf({ width, height, data }: Pixels, from: number, to: number): Pixels {
  const out = new Uint8Array((to - from) * height * 3);
  for (let y = 0; y < height; y++)
    out.set(data.subarray((y * width + from) * 3, (y * width + to) * 3), y * (to - from) * 3);
  return { width: to - from, height, data: out };
}

/** The longest run of columns without ink between two places. */
function widestGap(ink: Uint8Array, from: number, to: number): number {
  let widest = 0;
  let run = 0;
  for (let x = Math.max(0, Math.floor(from)); x <= Math.min(ink.length - 1, Math.ceil(to)); x++) {
    run = ink[x] ? 0 : run + 1;
    if (run > widest) widest = run;
  }
  return widest;
}
