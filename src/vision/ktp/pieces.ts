import type { KtpField } from "../facts.ts";
import type { Point, Quad } from "../geometry.ts";
import { decode, type Fold, type Letter, type Reading } from "./decode.ts";
import { bloodLabelIn, labelAt } from "./labels.ts";
import { type Ink, spaced } from "./spacing.ts";

/** A line of text read from the picture. */
export interface Line {
  /** Its corners where text runs level. */
  readonly quad: Quad;
  /** With spaces; `x` in the pixels of the straightened strip. */
  readonly letters: readonly Letter[];
  readonly stripWidth: number;
  readonly reading: Reading;
  readonly ink: Ink;
  /** Its place among the lines that were found. */
  readonly index: number;
  /** Of the network's doubt about its letters so much is left after other looks at them; more than 1 where they differ. */
  readonly doubt: number;
}

/** Part of a line that is one thing: a label, or a value. */
export interface Piece {
  readonly label: KtpField | null;
  readonly text: string;
  readonly letters: readonly Letter[];
  /** Middle of its left and right edge. */
  readonly left: Point;
  readonly right: Point;
  readonly height: number;
  readonly quad: Quad;
  readonly line: Line;
  /** The line's steps that are this piece's, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Two letters further apart than this, in heights of a letter, do not stand in one value. */
const WIDE_GAP = 3;
/** What may stand around a value without being of it. */
const BEFORE = /[\s:;.,'"`~_=|!*-]/;
const BEHIND = /[\s:;,'"`~_=|]/;

export const textOf = (letters: readonly Letter[]): string => letters.map(({ char }) => char).join("");

const between = (a: Point, b: Point, share: number): Point => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
];

/** The letters `from` … `to` of a line as a piece of its own, without the punctuation around a value. */
export function pieceOf(line: Line, label: KtpField | null, from: number, to: number): Piece | null {
  const all = line.letters;
  let [a, b] = [from, to];
  while (b > a && BEHIND.test(all[b - 1].char)) b -= 1;
  // A dash alone is a value: no blood type.
  if (label === null)
    while (a < b && BEFORE.test(all[a].char) && !(b - a === 1 && all[a].char === "-")) a += 1;
  if (a >= b) return null;
  const letters = all.slice(a, b);
  const [tl, tr, br, bl] = line.quad;
  const width = Math.max(1, line.stripWidth - 1);
  const half = line.ink.unit / 3;
  const s = inkBefore(line.ink, letters[0].x - half) / width;
  const e = Math.min(1, (letters[letters.length - 1].x + half) / width);
  const quad: Quad = [between(tl, tr, s), between(tl, tr, e), between(bl, br, e), between(bl, br, s)];
  return {
    label,
    text: textOf(letters),
    letters,
    left: between(quad[0], quad[3], 0.5),
    right: between(quad[1], quad[2], 0.5),
    height: (Math.hypot(tl[0] - bl[0], tl[1] - bl[1]) + Math.hypot(tr[0] - br[0], tr[1] - br[1])) / 2,
    quad,
    line,
    start: a === 0 ? 0 : all[a - 1].to + 1,
    end: b === all.length ? line.reading.steps : all[b].from,
  };
}

/**
 * Where the ink of a letter begins that was seen to begin about at `x`: its step tells that only to some pixels.
 * @returns in pixels of the straightened line, not below 0
 */
function inkBefore({ columns, unit }: Ink, x: number): number {
  const reach = unit / 4;
  let at = Math.max(0, Math.round(x));
  if (columns[at] === 1) while (at > 0 && at > x - reach && columns[at - 1] === 1) at--;
  else while (at < x + reach && columns[at] === 0) at++;
  return at;
}

/** The piece read again, knowing which characters can stand there. */
export function readAs({ line, start, end }: Piece, fold: Fold): Letter[] {
  const letters = decode(line.reading, fold, start, end);
  return spaced(letters, line.reading, line.ink).map((letter) => ({
    ...letter,
    score: Math.max(0, 1 - (1 - letter.score) * line.doubt),
  }));
}

/** Takes a line apart into labels and values, and values at wide gaps. */
export function piecesOf(line: Line, withLabel = true): Piece[] {
  const { letters } = line;
  const text = textOf(letters);
  const label = withLabel ? labelAt(text) : null;
  const rest = label?.end ?? 0;
  const pieces: (Piece | null)[] = label ? [pieceOf(line, label.field, 0, rest)] : [];
  const values = (from: number, to: number) => {
    let begin = from;
    for (let i = from + 1, last = from; i < to; i++) {
      if (letters[i].char === " ") continue;
      if (letters[i].x - letters[last].x > WIDE_GAP * line.ink.unit) {
        pieces.push(pieceOf(line, null, begin, i));
        begin = i;
      }
      last = i;
    }
    pieces.push(pieceOf(line, null, begin, to));
  };
  const blood = label?.field === "blood_type" ? null : bloodLabelIn(text.slice(rest));
  if (blood) {
    values(rest, rest + blood.from);
    pieces.push(pieceOf(line, "blood_type", rest + blood.from, rest + blood.to));
    values(rest + blood.to, letters.length);
  } else values(rest, letters.length);
  return pieces.filter((piece) => piece !== null);
}
