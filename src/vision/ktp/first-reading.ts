import type { KtpField } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { spelled } from "./decode.ts";
import { LABELS, labelAt } from "./labels.ts";
import { LABEL, type LineToRead, part, VALUE } from "./looks.ts";
import { type Line, textOf } from "./pieces.ts";
import { type Look, strip } from "./recognise.ts";
import { readInk } from "./reread.ts";
import { inkSpan } from "./spacing.ts";
import { median } from "./text.ts";

/**
 * The labels of a card from the top, how long they are printed (the NIK's is larger than the others), which of them are
 * read at once (those between two that are read follow from their number, their order and their lengths), and of which
 * the values are words of a short list.
 */
const PRINTED: readonly {
  readonly field: KtpField;
  readonly length: number;
  readonly anchor?: true;
  readonly listed?: true;
}[] = [
  { field: "nik", length: 95, anchor: true },
  { field: "name", length: 95 },
  { field: "birth_place", length: 238 },
  { field: "gender", length: 203 },
  { field: "address", length: 110, anchor: true },
  { field: "rt_rw", length: 110 },
  { field: "village", length: 136 },
  { field: "district", length: 165 },
  { field: "religion", length: 110, anchor: true, listed: true },
  { field: "marital_status", length: 258, listed: true },
  { field: "occupation", length: 150, anchor: true, listed: true },
  { field: "nationality", length: 260, listed: true },
  { field: "valid_until", length: 221, listed: true },
];
/** A label may be longer or shorter than in print by this share, once all are brought to one scale. */
const LENGTH_OFF = 0.15;
/** A narrow label that is further than this from any is read again as wide as values are: it may be one all the same. */
const MISREAD = 0.2;

/**
 * Reads the lines of a card for the first time.
 * @returns the lines in their order, and what each was read from: what was cut at a wrong place is whole again
 */
export async function readLines(
  image: Pixels,
  toRead: readonly LineToRead[],
  models: Models,
): Promise<{ lines: Line[]; readFrom: readonly LineToRead[] }> {
  const lines = new Map<number, Line>();
  let listed: readonly LineToRead[] = [];
  const places = labelPlaces(toRead);
  if (places) {
    const anchors = PRINTED.flatMap(({ field, anchor }, i) => (anchor ? [{ field, index: places[i] }] : []));
    for (const { index } of anchors) lines.set(index, await readFirst(image, toRead[index], index, models));
    const proven = anchors.every(
      ({ field, index }) => labelAt(textOf(lines.get(index)?.letters ?? []))?.field === field,
    );
    if (proven) {
      const seen = anchors.flatMap(({ index }) => lines.get(index)?.letters ?? []);
      const score = seen.reduce((sum, letter) => sum + letter.score, 0) / seen.length;
      PRINTED.forEach(({ field, anchor }, i) => {
        if (!anchor)
          lines.set(places[i], implied(image, field, toRead[places[i]], places[i], score, models.alphabet));
      });
      listed = PRINTED.flatMap(({ listed }, i) => (listed ? [toRead[places[i]]] : []));
    }
  }
  const readFrom: LineToRead[] = [];
  const inOrder: Line[] = [];
  for (let index = 0; index < toRead.length; index++) {
    let from = listed.some((label) => areBeside(label, toRead[index]))
      ? { ...toRead[index], look: LISTED }
      : toRead[index];
    let line = lines.get(index) ?? (await readFirst(image, from, index, models));
    if (from.whole && faultOf(line) > MISREAD) {
      from = { ...from.whole, look: VALUE };
      line = await readFirst(image, from, index, models);
      index++;
    }
    inOrder.push({ ...line, index: inOrder.length });
    readFrom.push(from);
  }
  return { lines: inOrder, readFrom };
}

/** Values that are words of a short list are read as narrow as labels, where their labels are sure. */
const LISTED: Look = { ...VALUE, stretch: 0.62 };

/** Whether a value stands in the row of a label. */
function areBeside(label: LineToRead, line: LineToRead): boolean {
  const [a, b] = [middleOf(label), middleOf(line)];
  return line.look === VALUE && Math.abs(a.y - b.y) < a.height / 2;
}

function middleOf({ quad: [tl, , , bl] }: LineToRead): { readonly y: number; readonly height: number } {
  return { y: (tl[1] + bl[1]) / 2, height: bl[1] - tl[1] };
}

/** How far a line is from beginning with a label: 0 exact .. 1 nothing in common. */
const faultOf = ({ letters }: Line) => labelAt(textOf(letters))?.fault ?? 1;

/**
 * Where each of {@link PRINTED} is among the lines, if all of them are there, one a row, as long as in print.
 * @returns null where that is not so: then each label must be read
 */
function labelPlaces(toRead: readonly LineToRead[]): readonly number[] | null {
  const labels = toRead
    .map((line, index) => ({
      index,
      isLabel: line.look === LABEL,
      ...middleOf(line),
      length: Math.hypot(line.quad[1][0] - line.quad[0][0], line.quad[1][1] - line.quad[0][1]),
    }))
    .filter(({ isLabel }) => isLabel)
    .sort((a, b) => a.y - b.y);
  if (labels.length !== PRINTED.length) return null;
  const inRows = labels.slice(1).every(({ y, height }, i) => y - labels[i].y > height / 2);
  const off = labels.map(({ length }, i) => Math.log(length / PRINTED[i].length));
  const scale = median(off);
  const fit = off.every((by) => Math.abs(by - scale) <= LENGTH_OFF);
  return inRows && fit ? labels.map(({ index }) => index) : null;
}

/** Width in pixels of a letter of a label that was not read. */
const LETTER = 16;

/** The line of a label that stands where it must. @param score  0..1, of each of its letters */
function implied(
  image: Pixels,
  field: KtpField,
  { quad, inImage }: LineToRead,
  index: number,
  score: number,
  alphabet: readonly string[],
): Line {
  const text = LABELS.find((label) => label.field === field)?.spellings[0] ?? "";
  const { letters, reading } = spelled(text, score, alphabet);
  // Where its ink is, as of those that are read: the columns tell where the card lies.
  const picture = strip(image, inImage, LABEL);
  const { from, to } = inkSpan(picture, { rim: 0 });
  return {
    quad: part(quad, from / picture.width, to / picture.width),
    letters,
    reading,
    stripWidth: reading.steps * reading.stepWidth,
    ink: { columns: new Uint8Array(), height: LETTER, unit: LETTER },
    index,
    doubt: 1,
  };
}

/** Reads a line as it is to be looked at first. */
async function readFirst(image: Pixels, line: LineToRead, index: number, models: Models): Promise<Line> {
  const read = await readInk(image, line, index, models, line.look);
  if (line.look !== LABEL) return read;
  return faultOf(read) > MISREAD ? readInk(image, line, index, models, VALUE) : read;
}
