import { type Matrix, type Quad, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { spelled } from "./decode.ts";
import type { FoundText } from "./find.ts";
import { bloodLabelIn } from "./labels.ts";
import { type Line, type Piece, pieceOf, textOf } from "./pieces.ts";
import { type Look, strip } from "./recognise.ts";
import { readLine } from "./reread.ts";
import { inkMask } from "./spacing.ts";
import { bloodType } from "./values.ts";

/** Beyond its label a blood type stands within so many heights of the line. */
const REACH = 2.6;
const LOOK: Look = { height: 0.85, stretch: 1 };
const WIDER: Look = { height: 0.85, stretch: 1.4 };

/**
 * What stands right of the blood type's label where the detector saw nothing: a lone letter or dash is no line to it.
 * The label is read along with it, for alone it is none to the recogniser either; and a dash is known by its shape.
 */
export async function readBlood(
  label: Piece,
  image: Pixels,
  { plane }: FoundText,
  models: Models,
  index: number,
): Promise<Line | null> {
  const [tl, tr, br, bl] = label.quad;
  const more = REACH * label.height;
  const quad: Quad = [tl, [tr[0] + more, tr[1]], [br[0] + more, br[1]], bl];
  const toImage: Matrix = plane?.toImage ?? [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const inImage = quad.map((p) => transform(toImage, p)) as unknown as Quad;
  const line = await readLine(image, { quad, inImage }, index, models, WIDER);
  const at = bloodLabelIn(textOf(line.letters));
  if (at === null) return null;
  const value = pieceOf(line, null, at.to, line.letters.length);
  const known = value && bloodType(value.text);
  if (value && known)
    return said(line, value.quad, known.value, Math.min(...value.letters.map((l) => l.score)));
  const end = line.letters[at.to - 1].x / WIDER.stretch;
  const dash = dashIn(strip(image, inImage, LOOK), end);
  if (dash === null) return null;
  const share = (x: number): Quad[0] => [quad[0][0] + (quad[1][0] - quad[0][0]) * x, quad[0][1]];
  const below = (x: number): Quad[0] => [quad[3][0] + (quad[2][0] - quad[3][0]) * x, quad[3][1]];
  return said(line, [share(dash.from), share(dash.to), below(dash.to), below(dash.from)], "-", SEEN);
}

/** How sure a dash is that was known by its shape alone. */
const SEEN = 0.9;

/** A line that says `text`, in place of one that the recogniser could not read. */
function said(line: Line, quad: Quad, text: string, score: number): Line {
  const { letters, reading } = spelled(text, score, line.reading.alphabet);
  return { ...line, quad, letters, reading, stripWidth: letters.length * reading.stepWidth };
}

/** The shape of a dash, in heights of a capital: wide, low, and in the middle of the line. */
const DASH = { least: 0.2, most: 0.85, height: 0.3, top: 0.3, bottom: 0.8, wider: 1.25 } as const;
/** From the middle of a label's last letter to its end. */
const HALF_LETTER = 0.4;
/** Anything else of this height is a letter. */
const LETTER = 0.5;

/**
 * A dash right of `end` with no letter beside it.
 * @param end  where the label's last letter has its middle, in pixels
 * @returns from where to where, in shares of the picture's width
 */
export function dashIn(picture: Pixels, end: number): { readonly from: number; readonly to: number } | null {
  const { mask, top, bottom } = inkMask(picture, Math.ceil(end));
  const unit = bottom - top + 1;
  const { width, height } = picture;
  const seen = new Uint8Array(mask.length);
  let dash: { from: number; to: number } | null = null;
  const start = Math.ceil(end + unit * HALF_LETTER);
  for (let x = start; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (!mask[y * width + x] || seen[y * width + x]) continue;
      const blob = blobAt(mask, seen, width, height, x, y);
      // What begins before is the label's own.
      if (blob.left < start) continue;
      const [w, h] = [blob.right - blob.left + 1, blob.bottom - blob.top + 1];
      if (h > LETTER * unit) {
        // What reaches the edge is the portrait or a line of the ground.
        if (blob.right === width - 1 || blob.top === 0 || blob.bottom === height - 1) continue;
        return null;
      }
      const middle = ((blob.top + blob.bottom) / 2 - top) / unit;
      const isDash =
        w >= DASH.least * unit &&
        w <= DASH.most * unit &&
        h <= DASH.height * unit &&
        w >= DASH.wider * h &&
        middle >= DASH.top &&
        middle <= DASH.bottom;
      if (!isDash) continue;
      if (dash !== null) return null;
      dash = { from: blob.left / width, to: (blob.right + 1) / width };
    }
  }
  return dash;
}

/** The connected ink around a pixel. */
function blobAt(mask: Uint8Array, seen: Uint8Array, width: number, height: number, x: number, y: number) {
  const blob = { left: x, right: x, top: y, bottom: y };
  const todo = [y * width + x];
  seen[todo[0]] = 1;
  for (let i = todo.pop(); i !== undefined; i = todo.pop()) {
    const [u, v] = [i % width, Math.floor(i / width)];
    blob.left = Math.min(blob.left, u);
    blob.right = Math.max(blob.right, u);
    blob.top = Math.min(blob.top, v);
    blob.bottom = Math.max(blob.bottom, v);
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const [p, q] = [u + dx, v + dy];
        if (p < 0 || q < 0 || p >= width || q >= height) continue;
        const j = q * width + p;
        if (!mask[j] || seen[j]) continue;
        seen[j] = 1;
        todo.push(j);
      }
    }
  }
  return blob;
}
