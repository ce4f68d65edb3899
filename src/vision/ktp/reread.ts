import type { KtpField } from "../facts.ts";
import type { Quad } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import type { FoundLine } from "./find.ts";
import type { Layout } from "./layout.ts";
import { part } from "./looks.ts";
import { type Line, type Piece, textOf } from "./pieces.ts";
import { type Look, NATURAL, type Recogniser, recognise, strip } from "./recognise.ts";
import { columnsOf, type Ink, inkOf, inkSpan, spaced } from "./spacing.ts";
import type { Understanding } from "./understand.ts";

/** A field less sure than this is read again. */
const DOUBTFUL = 0.9;
/**
 * A doubtful line is cut out again closer, so that its letters are about as high as the network was taught, and at two
 * widths: more time steps for each letter bring back doubled and narrow ones (VIII, S.PD) and the signs between.
 */
const CLOSER = 0.8;
const TAUGHT_HEIGHT = 28;
const WIDTHS = [1.15, 1.6] as const;
/** A degree behind a name: short letters with full stops, in which the network loses doubled letters most. */
const DEGREE = /[,.]\s*[A-Z]{1,3}\.?[A-Z]{0,4}\.?\s*$/i;
/** A Roman number: strokes so narrow that the network takes two for one. */
const ROMAN = /\b[XV]*I{2,3}\b|\bVI\b/i;
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
    const lost = field === "birth_date" && raw === null;
    if ((raw === null && !lost) || confidence >= DOUBTFUL) continue;
    if (field === "province" || field === "city") add(layout.headline.flat());
    else add(layout.values.get(field === "birth_date" ? "birth_place" : field));
  }
  if (DEGREE.test(fields.name.raw ?? "")) add(layout.values.get("name"));
  if (ROMAN.test(fields.address.raw ?? "")) add(layout.values.get("address"));
  if (checks.some(({ name, ok }) => !ok && name.startsWith("nik_"))) {
    add(layout.values.get("nik"));
    if (checks.some(({ name, ok }) => !ok && name === "nik_birth_date"))
      add(layout.values.get("birth_place"));
  }
  return lines;
}

/** Reads a line of a picture, with its spaces. */
export async function readLine(
  image: Pixels,
  { inImage, quad }: FoundLine,
  index: number,
  models: Models,
  look: Look = NATURAL,
): Promise<Line> {
  const picture = strip(image, inImage, look);
  return readStrip(picture, inkOf(picture, look.stretch), quad, index, models);
}

/** Reads of a line what holds ink: neither the ground around it nor the colon before a value costs the network time. */
export async function readInk(
  image: Pixels,
  { inImage, quad }: FoundLine,
  index: number,
  models: Models,
  look: Look,
  recogniser?: Recogniser,
): Promise<Line> {
  const picture = strip(image, inImage, look);
  const { from, to, ink } = inkSpan(picture, look);
  const narrow = part(quad, from / picture.width, to / picture.width);
  return readStrip(columnsOf(picture, from, to), ink, narrow, index, models, recogniser);
}

async function readStrip(
  picture: Pixels,
  ink: Ink,
  quad: Quad,
  index: number,
  models: Models,
  recogniser?: Recogniser,
): Promise<Line> {
  const { letters, reading } = await recognise(picture, models, recogniser);
  return {
    quad,
    letters: spaced(letters, reading, ink),
    stripWidth: picture.width,
    reading,
    ink,
    index,
    doubt: 1,
  };
}

/** Reads a line again at other widths, by the exact network; the reading that most agree on, or else the surest. */
export async function readAgain(line: Line, image: Pixels, found: FoundLine, models: Models): Promise<Line> {
  const readings = [line];
  for (const width of WIDTHS) {
    const stretch = ((TAUGHT_HEIGHT * CLOSER) / line.ink.height) * width;
    const look = { height: CLOSER, stretch: Math.min(MOST_STRETCH, Math.max(1, stretch)) };
    readings.push(await readInk(image, found, line.index, models, look, "text-recognition-exact"));
    if (readings.length === 2 && keyOf(readings[0]) === keyOf(readings[1])) break;
  }
  return vote(readings);
}

const MOST_STRETCH = 2.2;

/** What is compared: the letters as a value has them, without spaces and the signs around it. */
const keyOf = ({ letters }: Pick<Line, "letters">) =>
  textOf(letters)
    .toUpperCase()
    .replace(/\s/g, "")
    .replace(/^[^A-Z0-9]+|[^A-Z0-9]+$/g, "");
/** A reading is as good as its weakest letter and all of them together; what goes wrong most is that some are lost. */
const certaintyOf = ({ letters }: Pick<Line, "letters">) => {
  const scores = letters.filter(({ char }) => char !== " ").map(({ score }) => score);
  return Math.min(1, ...scores) * scores.reduce((a, b) => a + b, 0);
};

/** How sure the least sure place between two letters is to hold a space, or none. */
const leastJoint = ({ letters }: Pick<Line, "letters">) =>
  Math.min(1, ...letters.map(({ joint = 1 }) => joint));

/** What is left of the doubt where all looks agree, where most do, and where no two do. */
const DOUBT = { allAgree: 0.35, mostAgree: 0.6, noneAgree: 1.1 } as const;

/** The reading that most looks agree on, or else the surest; empty ones have no vote. */
export function vote<T extends Pick<Line, "letters" | "doubt">>(readings: readonly T[]): T {
  const said = readings.filter((reading) => keyOf(reading) !== "");
  if (said.length === 0) return readings[0];
  const groups = new Map<string, T[]>();
  for (const reading of said) groups.set(keyOf(reading), [...(groups.get(keyOf(reading)) ?? []), reading]);
  const total = (group: readonly T[]) => group.reduce((sum, reading) => sum + certaintyOf(reading), 0);
  const group = [...groups.values()].reduce((a, b) => (total(b) > total(a) ? b : a));
  // They differ in their spaces at most: those of the look that leaves the least doubt about any of them.
  const best = group.reduce((a, b) => (leastJoint(b) > leastJoint(a) ? b : a));
  const doubt =
    group.length === 1 ? DOUBT.noneAgree : group.length === said.length ? DOUBT.allAgree : DOUBT.mostAgree;
  return { ...best, doubt };
}
