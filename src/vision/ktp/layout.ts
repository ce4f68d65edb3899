import type { KtpField } from "../facts.ts";
import { LABELS } from "./labels.ts";
import { type Line, type Piece, pieceOf, piecesOf } from "./pieces.ts";

/** The pieces of a card by what they are. */
export interface Layout {
  /** Lines above the NIK, from the top: province and city. */
  readonly headline: readonly Piece[];
  /** Each field's value, in reading order; a value over several lines has several pieces. */
  readonly values: ReadonlyMap<KtpField, readonly Piece[]>;
  /** Labels that were read. */
  readonly labels: ReadonlySet<KtpField>;
  /** Beside the values, under the portrait: place and date of issue, scrawls of the signature. */
  readonly aside: readonly Piece[];
}

/** Fields whose value may go on in the next line. */
const WRAPS: ReadonlySet<KtpField> = new Set<KtpField>([
  "name",
  "birth_place",
  "address",
  "village",
  "district",
  "occupation",
]);
const ORDER = new Map(LABELS.map(({ field }, i) => [field, i]));
/** Where the portrait's column begins, in widths of the label column (0.215 of a card): 0.70 of the card's width. */
const ASIDE = 3.1;
/** What reaches this far and has a wide gap before is two things: 0.79 of the card's width. */
const BEYOND = 3.5;
/** Pieces whose middles differ by less than this share of the rows' distance stand in one row. */
const SAME_ROW = 0.5;

interface Row {
  readonly field: KtpField;
  readonly label: Piece | null;
  /** The label's right end, from where the row goes on along `slope`. */
  readonly x: number;
  readonly y: number;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Sorts the lines of an upright card into fields, columns before rows. */
export function layOut(lines: readonly Line[]): Layout {
  const all = lines.flatMap(piecesOf);
  const slope = slopeOf(all);
  /** A point's height in a picture whose lines are level. */
  const level = (p: readonly [number, number]) => p[1] - slope * p[0];

  const labels = trueLabels(all);
  const loose = all.filter((piece) => !labels.includes(piece));
  const rows = labels
    .filter(({ label }) => label !== "blood_type")
    .map(
      (label): Row => ({ field: label.label as KtpField, label, x: label.right[0], y: level(label.right) }),
    )
    .sort((a, b) => a.y - b.y);
  if (rows.length < 3) {
    return { headline: [], values: new Map(), labels: new Set(rows.map(({ field }) => field)), aside: loose };
  }
  const pitch = pitchOf(rows);
  const left = median(rows.map(({ label }) => label?.left[0] ?? 0));
  const inRow = (piece: Piece, row: Row) => Math.abs(level(piece.left) - row.y) < SAME_ROW * pitch;
  const firsts = rows.flatMap((row) => {
    const right = loose.filter((piece) => inRow(piece, row) && piece.left[0] > row.x - pitch * 0.3);
    return right.length > 0 ? [Math.min(...right.map((piece) => piece.left[0]))] : [];
  });
  const column = (firsts.length > 0 ? median(firsts) : left + 8 * pitch) - left;
  const asideFrom = left + ASIDE * column;

  const parts = loose.flatMap((piece) =>
    splitAside(piece, left + ASIDE * column * 0.9, left + BEYOND * column),
  );
  const top = rows[0].field === "nik" ? rows[0].y : rows[0].y - pitch * 1.3;
  const headline: Piece[] = [];
  const aside: Piece[] = [];
  const values = new Map<KtpField, Piece[]>();
  const put = (field: KtpField, piece: Piece) =>
    void values.set(field, [...(values.get(field) ?? []), piece]);
  const blood = labels.find(({ label }) => label === "blood_type");
  const complete = withMissingRows(rows, pitch);

  for (const piece of parts.toSorted((a, b) => level(a.left) - level(b.left) || a.left[0] - b.left[0])) {
    const y = level(piece.left);
    if (y < top - SAME_ROW * pitch) {
      headline.push(piece);
      continue;
    }
    if (
      blood &&
      Math.abs(y - level(blood.left)) < SAME_ROW * pitch &&
      piece.left[0] > blood.right[0] - pitch * 0.5 &&
      piece.text.length <= 3
    ) {
      put("blood_type", piece);
      continue;
    }
    const nikRow = complete[0].field === "nik" && Math.abs(y - complete[0].y) < SAME_ROW * pitch;
    const middle = (piece.left[0] + piece.right[0]) / 2;
    if (!nikRow && (piece.left[0] > asideFrom || middle > left + BEYOND * column)) {
      aside.push(piece);
      continue;
    }
    const row = complete.reduce((near, other) =>
      Math.abs(y - other.y) < Math.abs(y - near.y) ? other : near,
    );
    if (Math.abs(y - row.y) < SAME_ROW * pitch) {
      put(row.field, piece);
      continue;
    }
    const above = complete.findLast((other) => other.y < y);
    if (above && WRAPS.has(above.field)) put(above.field, piece);
    else aside.push(piece);
  }
  for (const [field, pieces] of values) {
    values.set(
      field,
      pieces.toSorted((a, b) =>
        Math.abs(level(a.left) - level(b.left)) < SAME_ROW * pitch
          ? a.left[0] - b.left[0]
          : level(a.left) - level(b.left),
      ),
    );
  }
  return { headline, values, labels: new Set(labels.map(({ label }) => label as KtpField)), aside };
}

/** How much the lines rise or fall to the right, from the long ones. */
function slopeOf(pieces: readonly Piece[]): number {
  const long = pieces.filter(({ left, right, height }) => right[0] - left[0] > 4 * height);
  return long.length > 0
    ? median(long.map(({ left, right }) => (right[1] - left[1]) / (right[0] - left[0])))
    : 0;
}

/** Labels stand in the left column, one of each; a value that reads like a label does not. */
function trueLabels(pieces: readonly Piece[]): Piece[] {
  const read = pieces.filter(({ label }) => label !== null);
  const left =
    read.length > 0
      ? median(read.filter(({ label }) => label !== "blood_type").map((piece) => piece.left[0]))
      : 0;
  const best = new Map<KtpField, Piece>();
  for (const piece of read) {
    const field = piece.label as KtpField;
    if (field !== "blood_type" && Math.abs(piece.left[0] - left) > 4 * piece.height) continue;
    const other = best.get(field);
    if (!other || Math.abs(piece.left[0] - left) < Math.abs(other.left[0] - left)) best.set(field, piece);
  }
  return [...best.values()];
}

/** The distance of two neighbouring rows. */
function pitchOf(rows: readonly Row[]): number {
  const steps: number[] = [];
  for (let i = 1; i < rows.length; i++) {
    const apart =
      (ORDER.get(rows[i].field) ?? 0) -
      (ORDER.get(rows[i - 1].field) ?? 0) -
      (rows[i - 1].field === "gender" ? 1 : 0);
    if (apart === 1 && rows[i].y > rows[i - 1].y) steps.push(rows[i].y - rows[i - 1].y);
  }
  const height = median(rows.map(({ label }) => label?.height ?? 1));
  return steps.length > 0 ? median(steps) : height;
}

/** Adds rows whose label was not read, where their neighbours leave room for just these. */
function withMissingRows(rows: readonly Row[], pitch: number): Row[] {
  const fields: KtpField[] = LABELS.map(({ field }) => field).filter((field) => field !== "blood_type");
  const complete: Row[] = [];
  rows.forEach((row, i) => {
    complete.push(row);
    const next = rows[i + 1];
    if (!next) {
      const last = fields.indexOf(row.field);
      for (const [k, field] of fields.slice(last + 1).entries()) {
        complete.push({ field, label: null, x: row.x, y: row.y + (k + 1) * pitch });
      }
      return;
    }
    const missing = fields.slice(fields.indexOf(row.field) + 1, fields.indexOf(next.field));
    const room = (next.y - row.y) / pitch;
    if (missing.length > 0 && Math.abs(room - (missing.length + 1)) < 0.6) {
      for (const [k, field] of missing.entries()) {
        complete.push({
          field,
          label: null,
          x: row.x,
          y: row.y + ((k + 1) * (next.y - row.y)) / (missing.length + 1),
        });
      }
    }
  });
  return complete;
}

/** A detector's line that runs from a value into the portrait's column is cut at the gap between the two. */
function splitAside(piece: Piece, from: number, beyond: number): Piece[] {
  if (piece.left[0] > from || piece.right[0] < beyond) return [piece];
  const scale =
    (piece.right[0] - piece.left[0]) /
    Math.max(1, piece.letters[piece.letters.length - 1].x - piece.letters[0].x);
  const at = (i: number) => piece.left[0] + (piece.letters[i].x - piece.letters[0].x) * scale;
  let cut = 0;
  let widest = 1.6 * piece.height;
  for (let i = 1; i < piece.letters.length; i++) {
    if (piece.letters[i].char === " ") continue;
    let before = i - 1;
    while (before > 0 && piece.letters[before].char === " ") before -= 1;
    const gap = at(i) - at(before);
    if (at(i) > from * 0.9 && gap > widest) [cut, widest] = [i, gap];
  }
  if (cut === 0) return [piece];
  const last = piece.letters[piece.letters.length - 1].x;
  const line: Line = {
    quad: piece.quad,
    letters: piece.letters.map((l) => ({ ...l, x: l.x - piece.letters[0].x })),
    stripWidth: Math.max(2, last - piece.letters[0].x + 1),
  };
  return [pieceOf(line, null, 0, cut), pieceOf(line, null, cut)].filter((part) => part !== null);
}
