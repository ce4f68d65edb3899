import type { KtpField } from "../facts.ts";
import type { Point, Quad } from "../geometry.ts";
import { labelAt } from "./labels.ts";
import type { Letter } from "./recognise.ts";

/** A line of text read from the picture. */
export interface Line {
  readonly quad: Quad;
  /** With spaces; `x` in the pixels of the straightened strip. */
  readonly letters: readonly Letter[];
  readonly stripWidth: number;
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
}

const between = (a: Point, b: Point, share: number): Point => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
];

/** The letters `from` … `to` of a line as a piece of its own, without the punctuation before a value. */
export function pieceOf(
  line: Line,
  label: KtpField | null,
  from = 0,
  to = line.letters.length,
): Piece | null {
  let [a, b] = [from, to];
  if (label === null)
    while (
      a < b &&
      /[\s:;.,'"`~_=|!-]/.test(line.letters[a].char) &&
      !(b - a === 1 && line.letters[a].char === "-")
    )
      a += 1;
  while (b > a && /[\s:;,'"`~_=|]/.test(line.letters[b - 1].char)) b -= 1;
  if (a >= b) return null;
  const letters = line.letters.slice(a, b);
  const [tl, tr, br, bl] = line.quad;
  const width = Math.max(1, line.stripWidth - 1);
  const pitch = line.letters.length > 1 ? width / line.letters.length : width;
  const s = a === 0 ? 0 : Math.max(0, (letters[0].x - pitch / 2) / width);
  const e = b === line.letters.length ? 1 : Math.min(1, (letters[letters.length - 1].x + pitch / 2) / width);
  const quad: Quad = [between(tl, tr, s), between(tl, tr, e), between(bl, br, e), between(bl, br, s)];
  return {
    label,
    text: letters.map(({ char }) => char).join(""),
    letters,
    left: between(quad[0], quad[3], 0.5),
    right: between(quad[1], quad[2], 0.5),
    height: (Math.hypot(tl[0] - bl[0], tl[1] - bl[1]) + Math.hypot(tr[0] - br[0], tr[1] - br[1])) / 2,
    quad,
  };
}

const BLOOD = /G[O0Q]L?\.? ?D?AR?AH?/i;

/** Takes a line apart into labels and values. */
export function piecesOf(line: Line): Piece[] {
  const text = line.letters.map(({ char }) => char).join("");
  const label = labelAt(text);
  const pieces: (Piece | null)[] = [];
  const rest = label?.end ?? 0;
  if (label) pieces.push(pieceOf(line, label.field, 0, rest));
  const blood = label?.field === "blood_type" ? null : BLOOD.exec(text.slice(rest));
  if (blood) {
    const at = rest + blood.index;
    pieces.push(
      pieceOf(line, null, rest, at),
      pieceOf(line, "blood_type", at, at + blood[0].length),
      pieceOf(line, null, at + blood[0].length),
    );
  } else pieces.push(pieceOf(line, null, rest));
  return pieces.filter((piece) => piece !== null);
}
