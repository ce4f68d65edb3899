import { type Point, perspective, type Quad, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { AS_READ, decode, type Letter, type Reading } from "./decode.ts";

/** The recogniser's height in pixels, and the step of its time axis. */
const HEIGHT = 48;
const STEP = 8;
/** Longer lines are squeezed; no line of a card is as long. */
const MAX_WIDTH = 1600;

export type { Letter } from "./decode.ts";

const length = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** How a line is cut out, beside its natural way. */
export interface Look {
  /** Of the box's height the middle part, 0..1. */
  readonly height: number;
  /** Letters are made wider by this. */
  readonly stretch: number;
}
export const NATURAL: Look = { height: 1, stretch: 1 };

/** The line straightened to 48 pixels of height. */
export function strip(image: Pixels, quad: Quad, { height, stretch }: Look = NATURAL): Pixels {
  const [tl, tr, br, bl] = quad;
  const off = (1 - height) / 2;
  const inward = (a: Point, b: Point): Point => [a[0] + (b[0] - a[0]) * off, a[1] + (b[1] - a[1]) * off];
  const middle: Quad = [inward(tl, bl), inward(tr, br), inward(br, tr), inward(bl, tl)];
  const w = (length(tl, tr) + length(bl, br)) / 2;
  const h = (height * (length(tl, bl) + length(tr, br))) / 2;
  const width = Math.min(MAX_WIDTH, Math.max(2 * STEP, Math.round((w / h) * HEIGHT * stretch)));
  const corners: Quad = [
    [0, 0],
    [width - 1, 0],
    [width - 1, HEIGHT - 1],
    [0, HEIGHT - 1],
  ];
  return warp(image, perspective(corners, middle), width, HEIGHT);
}

/** A line as the recogniser reads it when nothing is known of it. */
export interface ReadLine {
  readonly letters: readonly Letter[];
  /** Mean of the letters' scores, 0..1. */
  readonly score: number;
  readonly reading: Reading;
}

/** Which of the two networks that read lines: the quick one, or the exact one, which takes about twice as long. */
export type Recogniser = "text-recognition" | "text-recognition-exact";

/** Reads one straightened line. */
export async function recognise(
  line: Pixels,
  models: Models,
  recogniser: Recogniser = "text-recognition",
): Promise<ReadLine> {
  const width = Math.ceil(line.width / STEP) * STEP;
  // The rest of the last step is the line's own last column: an edge would be read as a letter.
  const data = new Uint8Array(width * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    data.set(line.data.subarray(y * line.width * 3, (y + 1) * line.width * 3), y * width * 3);
    const last = (y * line.width + line.width - 1) * 3;
    for (let x = line.width; x < width; x++)
      data.set(line.data.subarray(last, last + 3), (y * width + x) * 3);
  }
  const { probabilities } = await models.get(recogniser).see(data, width, HEIGHT);
  const steps = probabilities.data.length / models.alphabet.length;
  const reading = { alphabet: models.alphabet, chances: probabilities.data, steps, stepWidth: width / steps };
  const letters = decode(reading, AS_READ);
  const score = letters.reduce((sum, letter) => sum + letter.score, 0) / Math.max(1, letters.length);
  return { letters, score, reading };
}
