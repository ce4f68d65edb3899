import { perspective, type Quad, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";

/** The recogniser's height in pixels, and the step of its time axis. */
const HEIGHT = 48;
const STEP = 8;
const MAX_WIDTH = 1600;

export interface Letter {
  readonly char: string;
  readonly score: number /** centre, in pixels of the 48-pixel strip */;
  readonly x: number;
}
export interface ReadLine {
  readonly text: string;
  readonly score: number;
  readonly letters: readonly Letter[];
  readonly strip: Pixels;
}

const length = (a: readonly [number, number], b: readonly [number, number]) =>
  Math.hypot(a[0] - b[0], a[1] - b[1]);

/** The line straightened to 48 pixels of height. */
export function strip(image: Pixels, quad: Quad): Pixels {
  const w = (length(quad[0], quad[1]) + length(quad[3], quad[2])) / 2;
  const h = (length(quad[0], quad[3]) + length(quad[1], quad[2])) / 2;
  const width = Math.min(MAX_WIDTH, Math.max(2 * STEP, Math.round((w / h) * HEIGHT)));
  return warp(
    image,
    perspective(
      [
        [0, 0],
        [width - 1, 0],
        [width - 1, HEIGHT - 1],
        [0, HEIGHT - 1],
      ],
      quad,
    ),
    width,
    HEIGHT,
  );
}

export async function recognise(line: Pixels, models: Models): Promise<ReadLine> {
  const width = Math.ceil(line.width / STEP) * STEP;
  // The rest of the last step is the line's own last column: an edge would be read as a letter.
  const data = new Uint8Array(width * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    data.set(line.data.subarray(y * line.width * 3, (y + 1) * line.width * 3), y * width * 3);
    const last = (y * line.width + line.width - 1) * 3;
    for (let x = line.width; x < width; x++)
      data.set(line.data.subarray(last, last + 3), (y * width + x) * 3);
  }
  const { probabilities } = await models.get("text-recognition").see(data, width, HEIGHT);
  const { alphabet } = models;
  const classes = alphabet.length;
  const steps = probabilities.data.length / classes;
  const letters: Letter[] = [];
  let previous = 0;
  for (let t = 0; t < steps; t++) {
    let best = 0;
    const row = t * classes;
    for (let c = 1; c < classes; c++)
      if (probabilities.data[row + c] > probabilities.data[row + best]) best = c;
    if (best !== 0 && best !== previous) {
      letters.push({
        char: alphabet[best],
        score: probabilities.data[row + best],
        x: (t + 0.5) * (width / steps),
      });
    } else if (best !== 0 && best === previous) {
      const last = letters[letters.length - 1];
      letters[letters.length - 1] = { ...last, score: Math.max(last.score, probabilities.data[row + best]) };
    }
    previous = best;
  }
  const score = letters.length ? letters.reduce((s, l) => s + l.score, 0) / letters.length : 0;
  return { text: letters.map((l) => l.char).join(""), score, letters, strip: line };
}
