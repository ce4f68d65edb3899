import type { Point, Quad } from "../geometry.ts";
import type { FoundLine } from "./find.ts";
import { type Look, NATURAL } from "./recognise.ts";
import { median } from "./text.ts";

/**
 * Labels are words of a short list, known from half of their letters: they are read narrow, at less cost. Values are
 * read a little narrower than they are printed; those in doubt are read again, wider.
 */
const LABEL: Look = { ...NATURAL, stretch: 0.7 };
const VALUE: Look = { ...NATURAL, stretch: 0.85 };
/** A label alone is at most so many times longer than high; where its value is in the same box, it is longer. */
const LABEL_LENGTH = 5.5;
/** A column is where so many lines begin within so many heights of a line. */
const COLUMN = { lines: 5, width: 1.2 } as const;

/** How each line is to be looked at first. */
export function firstLooks(lines: readonly FoundLine[]): readonly Look[] {
  const height = median(lines.map(({ quad }) => size(quad).height));
  const starts = lines.map(({ quad: [tl] }) => tl[0]).sort((a, b) => a - b);
  const near = (a: number, b: number) => Math.abs(a - b) <= COLUMN.width * height;
  // The labels' column is the first from the left.
  const column = starts.find((x) => starts.filter((other) => near(other, x)).length >= COLUMN.lines);
  return lines.map(({ quad }) => {
    const { width, height } = size(quad);
    const isLabel = column !== undefined && near(quad[0][0], column) && width <= LABEL_LENGTH * height;
    return isLabel ? LABEL : VALUE;
  });
}

const size = ([tl, tr, , bl]: Quad) => ({ width: distance(tl, tr), height: distance(tl, bl) });
const distance = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);
