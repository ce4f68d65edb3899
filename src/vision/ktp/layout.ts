import type { KtpField } from "../facts.ts";
import type { Point } from "../geometry.ts";
import { nameRows, pitchOf, ROWS, type RowName } from "./naming.ts";
import { type Line, type Piece, pieceOf, piecesOf } from "./pieces.ts";
import { joinRows, type Row } from "./rows.ts";
import { median } from "./text.ts";

/** The pieces of a card by what they are. */
export interface Layout {
  /** Lines above the NIK, from the top: province and city. */
  readonly headline: readonly (readonly Piece[])[];
  /** Each field's value, in reading order; a value over several lines has several pieces. */
  readonly values: ReadonlyMap<KtpField, readonly Piece[]>;
  /** Labels that were read. */
  readonly labels: ReadonlyMap<KtpField, Piece>;
  readonly bloodLabel: Piece | null;
  /** Null where too few rows were named. */
  readonly frame: Frame | null;
}

/** The grid on which a card is printed, in pixels of the picture whose lines are level. */
export interface Frame {
  /** Where labels begin, and how far from there values do. */
  readonly left: number;
  readonly column: number;
  /** Height of the NIK's line at x = 0, and the distance of two rows. */
  readonly nik: number;
  readonly pitch: number;
  /** By which lines fall to the right. */
  readonly slope: number;
  readonly marks: GridMarks;
}

/** Print whose place on a card is known, where it was seen. */
export interface GridMarks {
  /** Beginnings of the labels that are not indented, and how many rows each stands below the NIK. */
  readonly heads: readonly { readonly at: Point; readonly row: number }[];
  /** Beginnings of values, and of the blood type's label. */
  readonly values: readonly { readonly at: Point }[];
  readonly blood: readonly { readonly at: Point }[];
  /** Middles of the lines at the top. */
  readonly headlines: readonly { readonly at: Point }[];
}

/** Where fewer labels are read there is no card, or none that can be read: its rows cannot be told apart. */
const LEAST_LABELS = 3;
/** A label further to the side of the others than this, in heights of a line, is a value that reads like one. */
const INDENT = 4;
/** An unlabelled row begins within so many heights of a line of where the values begin. */
const COLUMN = 2;
/** The digits of what can only be a NIK. */
const NIK_LIKE = /(?:\d\s?){13,}/;

/** Sorts the lines of an upright card into fields: pieces, rows of pieces, then the name of each row. */
export function layOut(lines: readonly Line[]): Layout {
  const pieces = labelledPieces(lines);
  const labels = new Map(
    pieces.flatMap((piece) => (piece.label === null ? [] : [[piece.label, piece] as const])),
  );
  const bloodLabel = labels.get("blood_type") ?? null;
  if (labels.size < LEAST_LABELS) return { headline: [], values: new Map(), labels, bloodLabel, frame: null };
  const slope = slopeOf(pieces);
  const joined = joinRows(pieces, slope);
  const begins = valueColumn(joined);
  const rows = joinRows(withoutRemnants(pieces, joined, begins), slope);
  const named = (row: Row) => row.label !== null;
  const inColumn = (row: Row) =>
    row.values.length > 0 &&
    (Math.abs(row.values[0].left[0] - begins(row.y)) < COLUMN * row.values[0].height ||
      row.values.some(({ text }) => NIK_LIKE.test(text)));
  const tellable = rows.filter((row) => named(row) || inColumn(row));
  const names = nameRows(tellable);
  const firstY = Math.min(
    ...tellable.filter((_, i) => typeof names[i] === "string" && names[i] !== "headline").map(({ y }) => y),
  );

  const values = new Map<KtpField, Piece[]>();
  const headline: (readonly Piece[])[] = [];
  const add = (field: KtpField, more: readonly Piece[]) =>
    void (more.length > 0 && values.set(field, [...(values.get(field) ?? []), ...more]));
  for (const row of rows) {
    add("blood_type", row.blood);
    const name = names[tellable.indexOf(row)];
    if (name === "headline" || (name === undefined && row.y < firstY)) headline.push(row.values);
    else if (name) add(name, row.values);
  }
  return {
    headline: headline.filter((line) => line.length > 0),
    values,
    labels,
    bloodLabel,
    frame: frameOf(tellable, names, begins, slope, {
      headlines: headline.flatMap((line) => (line.length > 0 ? [{ at: middleOf(line) }] : [])),
      blood: bloodLabel ? [{ at: bloodLabel.left }] : [],
    }),
  };
}

/** The middle of pieces that stand in one line. */
const middleOf = (line: readonly Piece[]): Point => {
  const [{ left }, { right }] = [line[0], line[line.length - 1]];
  return [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
};

/** Labels that do not stand as far to the left as the others. */
const INDENTED: ReadonlySet<RowName> = new Set<RowName>(["rt_rw", "village", "district"]);

/** So many rows tell the grid. */
const GRID_ROWS = 4;

function frameOf(
  rows: readonly Row[],
  names: readonly RowName[],
  begins: (y: number) => number,
  slope: number,
  marks: Omit<GridMarks, "heads" | "values">,
): Frame | null {
  const heads = rows.flatMap((row, i) => {
    const name = names[i];
    const place = name === null || name === "headline" ? -1 : ROWS.indexOf(name);
    return row.label === null || place < 0
      ? []
      : [
          {
            y: row.y,
            place,
            x: row.label.left[0],
            at: row.label.left,
            indented: INDENTED.has(name),
            values: row.values,
          },
        ];
  });
  if (heads.length < GRID_ROWS) return null;
  const pitch = pitchOf(rows);
  const left = median(heads.map(({ x }) => x));
  // Further lines push rows down, never up: the NIK's row is where the topmost of them says.
  const [first] = heads;
  const nik = first.y - first.place * pitch;
  return {
    left,
    column: begins(nik) - left,
    nik,
    pitch,
    slope,
    marks: {
      ...marks,
      heads: rowsBelow(heads, pitch).filter(({ indented }) => !indented),
      values: heads.flatMap(({ values: [value], place }) => (value && place > 0 ? [{ at: value.left }] : [])),
    },
  };
}

/** How many rows each head stands below the NIK: more than its place, where a value before it has several lines. */
function rowsBelow<T extends { readonly y: number; readonly place: number }>(
  heads: readonly T[],
  pitch: number,
) {
  let row = heads[0].place;
  return heads.map((head, i) => {
    const step = i === 0 ? 0 : head.place - heads[i - 1].place;
    const seen = i === 0 ? 0 : Math.round((head.y - heads[i - 1].y) / pitch);
    // Below the NIK, whose row is higher, the first step is longer.
    row += heads[i - 1]?.place === 0 ? step : Math.max(step, Math.min(seen, step + MOST_LINES));
    return { ...head, row };
  });
}
/** Lines that a value has beyond its first, at most. */
const MOST_LINES = 2;

/** All pieces; of what reads like a label only what stands where labels do, one for each field. */
function labelledPieces(lines: readonly Line[]): Piece[] {
  const taken = lines.map((line) => piecesOf(line));
  const heads = taken.flatMap((pieces) =>
    pieces.filter(({ label }) => label !== null && label !== "blood_type"),
  );
  const left = median(heads.map((piece) => piece.left[0]));
  const best = new Map<KtpField, Piece>();
  for (const head of heads) {
    const off = Math.abs(head.left[0] - left);
    const other = best.get(head.label as KtpField);
    if (off > INDENT * head.height || (other && Math.abs(other.left[0] - left) <= off)) continue;
    best.set(head.label as KtpField, head);
  }
  return taken.flatMap((pieces, i) => {
    const head = pieces.find(({ label }) => label !== null && label !== "blood_type");
    return head && best.get(head.label as KtpField) !== head ? piecesOf(lines[i], false) : pieces;
  });
}

/** How much the lines rise or fall to the right, from the long ones. */
function slopeOf(pieces: readonly Piece[]): number {
  const long = pieces.filter(({ left, right, height }) => right[0] - left[0] > 4 * height);
  return median(long.map(({ left, right }) => (right[1] - left[1]) / (right[0] - left[0])));
}

/** Where values begin at a height of the card: a straight line through the beginnings of those with a label. */
function valueColumn(rows: readonly Row[]): (y: number) => number {
  const starts = rows.flatMap(({ label, values, y }) =>
    label !== null && values.length > 0 ? [{ x: values[0].left[0], y }] : [],
  );
  const leans = starts.flatMap((a, i) =>
    starts.slice(i + 1).flatMap((b) => (a.y !== b.y ? [(b.x - a.x) / (b.y - a.y)] : [])),
  );
  const lean = starts.length > 3 ? median(leans) : 0;
  const base = median(starts.map(({ x, y }) => x - lean * y));
  return (y) => base + lean * y;
}

/** What ends this far before where values begin, in heights of a line, is no value: a colon, the rest of a label. */
const BEFORE_COLUMN = 0.3;

/** Pieces that stand before the column of the values in a row with a label are left out, or cut where it begins. */
function withoutRemnants(
  pieces: readonly Piece[],
  rows: readonly Row[],
  begins: (y: number) => number,
): Piece[] {
  const cut = new Map<Piece, Piece | null>();
  for (const { label, values, y } of rows) {
    if (label === null || label.label === "nik") continue;
    for (const [i, piece] of values.entries()) {
      const from = begins(y) - BEFORE_COLUMN * piece.height;
      const next = values[i + 1];
      // Two boxes that overlap show the same letter twice.
      if (piece.letters.length === 1 && next && next.left[0] < piece.right[0]) cut.set(piece, null);
      else if (startsWithColon(piece, begins(y))) cut.set(piece, cutFrom(piece, 2));
      else if (piece.left[0] >= from) break;
      else cut.set(piece, piece.right[0] < from ? null : cutAt(piece, from));
    }
  }
  return pieces.flatMap((piece) => cut.get(piece) ?? (cut.has(piece) ? [] : [piece]));
}

/** Whether a lone character stands before the column and the rest begins in it. */
function startsWithColon({ letters, line, left, right }: Piece, begins: number): boolean {
  if (letters.length < 3 || letters[1].char !== " ") return false;
  const at = placeOf({ letters, line, left, right });
  const half = line.ink.unit / 3;
  return Math.abs(at(letters[2].x - half) - begins) < Math.abs(at(letters[0].x - half) - begins);
}

/** Where a pixel of the straightened line lies on the card. */
function placeOf({ letters, line, left, right }: Pick<Piece, "letters" | "line" | "left" | "right">) {
  const half = line.ink.unit / 3;
  const [from, to] = [letters[0].x - half, letters[letters.length - 1].x + half];
  return (x: number) => left[0] + ((right[0] - left[0]) * (x - from)) / Math.max(1, to - from);
}

/** The letters of a piece right of `x`. */
function cutAt(piece: Piece, x: number): Piece | null {
  const at = placeOf(piece);
  const keep = piece.letters.findIndex((letter) => letter.char !== " " && at(letter.x) > x);
  return keep < 0 ? null : cutFrom(piece, keep);
}

function cutFrom({ line, letters }: Piece, keep: number): Piece | null {
  const from = line.letters.indexOf(letters[keep]);
  return pieceOf(line, null, from, from + letters.length - keep);
}
