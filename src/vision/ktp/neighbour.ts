import { invert, type Quad, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { CARD, type CardPlace } from "./card.ts";
import { labelAt } from "./labels.ts";
import { LABEL } from "./looks.ts";
import { textOf } from "./pieces.ts";
import { recognise, strip } from "./recognise.ts";

/** How far beyond the card's edge a line is no longer its own, in millimetres. */
const BEYOND = 1.5;
/** Lines of another card are so high, in millimetres of this one: it may lie nearer or further, or be smaller. */
const HEIGHT = { least: 0.9, most: 5 } as const;
/** Another card has so many lines, and so many of them begin in one column, this wide in heights of a line. */
const LINES = 8;
const COLUMN = { lines: 5, width: 1.5 } as const;
/** So many of them are read, and a label may be misread by this. */
const READ = 7;
const MISREAD = 0.2;

/**
 * How many of a KTP's labels stand in one column beyond the card: those of another card, or none.
 * @param lines  all that was found in the photograph, in its pixels
 */
export async function labelsBeside(
  image: Pixels,
  lines: readonly Quad[],
  { toImage }: CardPlace,
  models: Models,
): Promise<number> {
  const toCard = invert(toImage);
  const beyond = lines.flatMap((inImage) => {
    const [a, b, c, d] = inImage.map((p) => transform(toCard, p));
    // A box points along the card's lines, whichever way the detector had it.
    const along = b[0] > a[0];
    const [x, y] = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
    const height = Math.hypot(a[0] - d[0], a[1] - d[1]);
    const off = Math.max(-x, x - CARD.width, -y, y - CARD.height);
    if (off < BEYOND || height < HEIGHT.least || height > HEIGHT.most) return [];
    const upright: Quad = along ? inImage : [inImage[2], inImage[3], inImage[0], inImage[1]];
    return [{ inImage: upright, x: Math.min(a[0], b[0]), y, height }];
  });
  if (beyond.length < LINES) return 0;
  const columns = beyond.map((line) =>
    beyond.filter(({ x }) => Math.abs(x - line.x) < COLUMN.width * line.height),
  );
  // Labels stand in the first of a card's columns.
  const [column] = columns.filter(({ length }) => length >= COLUMN.lines).sort(([p], [q]) => p.x - q.x);
  if (!column) return 0;
  const labels = new Set<string>();
  for (const { inImage } of column.slice(0, READ)) {
    const { letters } = await recognise(strip(image, inImage, LABEL), models);
    const label = labelAt(textOf(letters));
    if (label && label.fault <= MISREAD) labels.add(label.field);
  }
  return labels.size;
}
