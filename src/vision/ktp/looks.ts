import type { Point, Quad } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { FoundLine } from "./find.ts";
import { type Look, NATURAL, strip } from "./recognise.ts";
import { inkOf } from "./spacing.ts";
import { median } from "./text.ts";

/** A part of the card to be read, and how it is to be looked at first. */
export interface LineToRead extends FoundLine {
  readonly look: Look;
  /** Of a label that was cut from its value, which is the next line: both, as the detector found them. */
  readonly whole?: FoundLine;
}

/**
 * Labels are words of a short list, known from half of their letters: they are read narrow, at less cost. So is the
 * headline, printed large and wide, of which there are lists. Values are read a little narrower than they are printed;
 * those in doubt are read again, wider.
 */
export const LABEL: Look = { ...NATURAL, stretch: 0.6 };
const HEADLINE: Look = { ...NATURAL, stretch: 0.6 };
export const VALUE: Look = { ...NATURAL, stretch: 0.85 };
/** A label alone ends before values begin, but for so many heights of a line. */
const OVERHANG = 0.3;
/** A column is where so many lines begin within so many heights of a line. */
const COLUMN = { lines: 5, width: 1.2 } as const;
/** From where labels begin to where values do, in heights of a line. */
const APART = { least: 4.5, most: 9 } as const;
/** In distances of the two columns from the first: here the portrait's side begins, and no value; the blood type is at 2.5. */
const PORTRAIT = 3.1;
/** A label ends and its value begins within so many heights of a line before and behind where most values do … */
const SEAM = { before: 1.5, behind: 0.7 } as const;
/** … with a gap between them, or beside the colon, of at least this. */
const LEAST_GAP = 0.12;
/** … and of this share of the widest there. */
const LIKE_WIDEST = 0.5;

/**
 * What of the lines is to be read, and how. Where the columns of labels and values are seen, what stands under the
 * portrait (place and date of issue, scrawls of the signature) is left out, and a label and a value that are one line to
 * the detector are read apart.
 */
export function linesToRead(image: Pixels, lines: readonly FoundLine[]): readonly LineToRead[] {
  const columns = columnsIn(lines);
  const firstLabel = Math.min(
    ...lines.filter(({ quad }) => columns?.near(quad[0][0], columns.labels)).map(({ quad }) => quad[0][1]),
  );
  return lines.flatMap((line): LineToRead[] => {
    const { quad } = line;
    const { width, height } = size(quad);
    const [x] = quad[0];
    if (columns === null) return [{ ...line, look: VALUE }];
    const { labels, values, near } = columns;
    if ((quad[0][1] + quad[3][1]) / 2 < firstLabel) return [{ ...line, look: HEADLINE }];
    if (x - labels > PORTRAIT * (values - labels)) return [];
    const isLabel = near(x, labels);
    if (isLabel && x + width <= values + OVERHANG * height) return [{ ...line, look: LABEL }];
    const seam = isLabel ? seamOf(image, line, (values - x) / width) : null;
    if (seam === null) return [{ ...line, look: VALUE }];
    const cut = (from: number, to: number) => ({
      quad: part(quad, from, to),
      inImage: part(line.inImage, from, to),
    });
    return [
      { ...cut(0, seam), look: LABEL, whole: line },
      { ...cut(seam, 1), look: VALUE },
    ];
  });
}

interface Columns {
  /** Where they begin, in pixels of the straightened picture. */
  readonly labels: number;
  readonly values: number;
  /** Whether two lines begin in one column. */
  near(a: number, b: number): boolean;
}

/** The two columns in which the most lines begin; null where there are none. Other print about the card has its own. */
function columnsIn(lines: readonly FoundLine[]): Columns | null {
  const height = median(lines.map(({ quad }) => size(quad).height));
  const starts = lines.map(({ quad }) => quad[0][0]).sort((a, b) => a - b);
  const near = (a: number, b: number) => Math.abs(a - b) <= COLUMN.width * height;
  const columns = starts
    .map((x) => ({ x, lines: starts.filter((other) => near(other, x)) }))
    .filter(({ lines }) => lines.length >= COLUMN.lines);
  let best: Columns | null = null;
  let most = 0;
  for (const labels of columns) {
    for (const values of columns) {
      const apart = (values.x - labels.x) / height;
      const count = labels.lines.length + values.lines.length;
      if (apart < APART.least || apart > APART.most || count <= most) continue;
      most = count;
      best = { labels: labels.x, values: median(values.lines), near };
    }
  }
  return best;
}

/**
 * Where a label turns into its value: the middle of the gap that is nearest to where values begin, of those not much
 * narrower than the widest; words of a label or of a value have gaps between them too.
 * @param near  where most values begin
 * @returns as `near` a share of the line's length; null where there is no gap
 */
function seamOf(image: Pixels, { inImage }: FoundLine, near: number): number | null {
  const picture = strip(image, inImage);
  const { width, height } = picture;
  const { columns } = inkOf(picture);
  const from = Math.round(near * width - SEAM.before * height);
  const to = Math.round(near * width + SEAM.behind * height);
  if (from < height || to > width - height / 2) return null;
  const gaps: { middle: number; width: number }[] = [];
  for (let x = from, begin = from; x <= to; x++) {
    if (x < to && !columns[x]) continue;
    if (x > begin) gaps.push({ middle: (begin + x) / 2, width: x - begin });
    begin = x + 1;
  }
  const least = Math.max(LEAST_GAP * height, LIKE_WIDEST * Math.max(0, ...gaps.map((gap) => gap.width)));
  const off = (middle: number) => Math.abs(middle - near * width);
  const [seam] = gaps.filter((gap) => gap.width >= least).sort((a, b) => off(a.middle) - off(b.middle));
  return seam ? seam.middle / width : null;
}

/** The part of a line between two shares of its length. */
export const part = ([tl, tr, br, bl]: Quad, from: number, to: number): Quad => [
  between(tl, tr, from),
  between(tl, tr, to),
  between(bl, br, to),
  between(bl, br, from),
];

const between = (a: Point, b: Point, share: number): Point => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
];
const size = ([tl, tr, , bl]: Quad) => ({ width: distance(tl, tr), height: distance(tl, bl) });
const distance = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);
