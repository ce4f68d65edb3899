import type { KtpField } from "../facts.ts";
import { type Matrix, type Quad, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import type { Letter } from "./decode.ts";
import type { FoundText } from "./find.ts";
import type { Layout } from "./layout.ts";
import { type Line, type Piece, textOf } from "./pieces.ts";
import { recognise, strip } from "./recognise.ts";
import { inkOf, spaced } from "./spacing.ts";
import type { Understanding } from "./understand.ts";
import { bloodType } from "./values.ts";

/** A field less sure than this is read again. */
const DOUBTFUL = 0.9;
/**
 * Widths, relative to the natural one, at which a doubtful line is read again: wider, the network's time axis has
 * room for doubled letters and full stops that it drops; narrower, it sees more context.
 */
const WIDTHS = [1.3, 0.85] as const;
/** A degree behind a name: short letters with full stops, in which the network loses doubled letters most. */
const DEGREE = /[,.]\s*[A-Z]{1,3}\.?[A-Z]{0,4}\.?\s*$/i;
/** Fields that no list confirms. */
const FREE: readonly KtpField[] = ["nik", "name", "birth_place", "birth_date", "address", "rt_rw", "village"];
/** Fields of which each has a list to be found in: read again only where it was not found. */
const LISTED: readonly KtpField[] = [
  "province",
  "city",
  "district",
  "gender",
  "religion",
  "marital_status",
  "occupation",
  "nationality",
  "valid_until",
];

/** The lines of fields that are in doubt. */
export function doubtfulLines(layout: Layout, { fields, checks }: Understanding): ReadonlySet<Line> {
  const lines = new Set<Line>();
  const add = (pieces: readonly Piece[] | undefined) => {
    for (const { line } of pieces ?? []) lines.add(line);
  };
  for (const field of [...FREE, ...LISTED]) {
    const { confidence, raw } = fields[field];
    if (raw === null || confidence >= DOUBTFUL) continue;
    if (field === "province" || field === "city") add(layout.headline.flat());
    else add(layout.values.get(field === "birth_date" ? "birth_place" : field));
  }
  if (DEGREE.test(fields.name.raw ?? "")) add(layout.values.get("name"));
  if (checks.some(({ name, ok }) => !ok && name.startsWith("nik_"))) {
    add(layout.values.get("nik"));
    if (checks.some(({ name, ok }) => !ok && name === "nik_birth_date"))
      add(layout.values.get("birth_place"));
  }
  return lines;
}

/** Reads a straightened line, with its spaces. */
export async function readLine(picture: Pixels, quad: Quad, index: number, models: Models): Promise<Line> {
  const { letters, reading } = await recognise(picture, models);
  const ink = inkOf(picture);
  return { quad, letters: spaced(letters, reading, ink), stripWidth: picture.width, reading, ink, index };
}

/** Reads a line again at other widths; the reading that most agree on, or else the surest. */
export async function readAgain(line: Line, image: Pixels, inImage: Quad, models: Models): Promise<Line> {
  const readings = [line];
  for (const factor of WIDTHS)
    readings.push(await readLine(strip(image, inImage, factor), line.quad, line.index, models));
  return vote(readings);
}

const keyOf = (letters: readonly Letter[]) =>
  letters
    .map(({ char }) => char)
    .join("")
    .replace(/\s/g, "");
const certaintyOf = (letters: readonly Letter[]) => {
  const scores = letters.filter(({ char }) => char !== " ").map(({ score }) => score);
  return scores.length > 0 ? scores.reduce((a, b) => a + b, 0) / scores.length : 0;
};

/** What one agreeing reading leaves of the doubt about a letter, and what a dissenting one makes of its certainty. */
const AGREED = 0.5;
const DISPUTED = 0.85;

/**
 * The reading with most agreement. Its letters are surer where all agree; where there was dissent none is certain.
 * Empty readings have no vote.
 */
export function vote<T extends { readonly letters: readonly Letter[] }>(readings: readonly T[]): T {
  const said = readings.filter(({ letters }) => letters.length > 0);
  if (said.length === 0) return readings[0];
  const groups = new Map<string, { best: T; weight: number; total: number; count: number }>();
  for (const reading of said) {
    const key = keyOf(reading.letters);
    const weight = certaintyOf(reading.letters);
    const group = groups.get(key);
    if (!group) groups.set(key, { best: reading, weight, total: weight, count: 1 });
    else {
      group.total += weight;
      group.count += 1;
      if (weight > group.weight) [group.best, group.weight] = [reading, weight];
    }
  }
  const { best, count } = [...groups.values()].reduce((a, b) => (b.total > a.total ? b : a));
  const dissent = said.length - count;
  const score = (letter: Letter) =>
    dissent === 0
      ? 1 - (1 - letter.score) * AGREED
      : count > dissent
        ? letter.score
        : letter.score * DISPUTED;
  return { ...best, letters: best.letters.map((letter) => ({ ...letter, score: score(letter) })) };
}

/** Beyond its label a blood type stands within so many heights of the line. */
const BLOOD_REACH = 3.2;

/** A lone dash is no line to the detector: what stands right of the label is read by itself. */
export async function readBlood(
  label: Piece,
  image: Pixels,
  { plane }: FoundText,
  models: Models,
  index: number,
): Promise<Line | null> {
  const [, tr, br] = label.quad;
  const h = label.height;
  const quad: Quad = [
    [tr[0], tr[1]],
    [tr[0] + BLOOD_REACH * h, tr[1]],
    [br[0] + BLOOD_REACH * h, br[1]],
    [br[0], br[1]],
  ];
  const toImage: Matrix = plane?.toImage ?? [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const picture = strip(image, quad.map((p) => transform(toImage, p)) as unknown as Quad);
  const line = await readLine(picture, quad, index, models);
  return bloodType(textOf(line.letters)) === null ? null : line;
}
