import type { Pixels } from "../image.ts";
import type { Letter } from "./recognise.ts";

/**
 * A gap between two letters from this share of the line's letter height on is a space. In faces of the Arial kind a
 * space with its neighbours' bearings is at least 0.42 of a capital's height, two letters stand at most 0.27 apart.
 */
const SPACE = 0.34;
/** Ink is darker than the ground by this share of the line's own contrast. */
const INK = 0.45;

/**
 * The letters of a line with the spaces that the recogniser lost: where the pixels between two letters show a gap.
 * @param letters  with their places in the strip's pixels
 */
export function spaced(letters: readonly Letter[], strip: Pixels): Letter[] {
  const { ink, height } = inkOf(strip);
  const out: Letter[] = [];
  letters.forEach((letter, i) => {
    if (letter.char === " " && (out.length === 0 || out.at(-1)?.char === " ")) return;
    out.push(letter);
    const next = letters[i + 1];
    if (!next || letter.char === " " || next.char === " ") return;
    if (widestGap(ink, letter.x, next.x) >= SPACE * height) {
      out.push({ char: " ", score: 1, x: (letter.x + next.x) / 2 });
    }
  });
  while (out.at(-1)?.char === " ") out.pop();
  return out;
}
/** Which columns hold ink, and how high the letters are. */
function inkOf({ width, height, data }: Pixels): { ink: Uint8Array; height: number } {
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++)
    luma[i] = 0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2];
  const sorted = luma.toSorted();
  const dark = sorted[Math.floor(sorted.length * 0.02)];
  const ground = sorted[Math.floor(sorted.length * 0.7)];
  const limit = ground - INK * (ground - dark);
  const ink = new Uint8Array(width);
  const rows = new Uint32Array(height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (luma[y * width + x] < limit) {
        ink[x] = 1;
        rows[y] += 1;
      }
    }
  }
  const most = Math.max(...rows);
  let top = 0;
  while (top < height - 1 && rows[top] < most * 0.25) top += 1;
  let bottom = height - 1;
  while (bottom > top && rows[bottom] < most * 0.25) bottom -= 1;
  return { ink, height: bottom - top + 1 };
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
