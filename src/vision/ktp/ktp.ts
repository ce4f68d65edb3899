import {
  type Hint,
  KTP_FIELDS,
  type KtpField,
  type KtpFieldFact,
  type KtpOcrResult,
  type KtpReading,
} from "../facts.ts";
import { type Matrix, mappedBox, mappedQuad, type Quad } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { readBlood } from "./blood.ts";
import { type CardPlace, placeCard, roughPlace } from "./card.ts";
import { findLines } from "./find.ts";
import { readLines } from "./first-reading.ts";
import { layOut } from "./layout.ts";
import type { TextPlane } from "./locate.ts";
import { linesToRead } from "./looks.ts";
import { labelsBeside } from "./neighbour.ts";
import { judgeQuality, ktpScore } from "./quality.ts";
import { openGazetteer } from "./regions.ts";
import { doubtfulLines, readAgain } from "./reread.ts";
import { measureTampering, type TamperMeasures } from "./tamper/measure.ts";
import { tamperSigns } from "./tamper/signs.ts";
import { type Understanding, understand } from "./understand.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** The longer side to which a photograph of a card is decoded, in pixels. */
export const KTP_MAX_SIDE = 2048;

/** What each field counts for the reading as a whole; the others count a half. */
const WEIGHTS: Readonly<Partial<Record<KtpField, number>>> = {
  nik: 4,
  name: 3,
  birth_date: 2,
  gender: 1,
  province: 1,
  city: 1,
};
const OTHER_WEIGHT = 0.25;

/** A reading with what its taker needs to look for more in the picture. */
export interface JudgedReading extends KtpReading {
  readonly verdict: Verdict;
  /** How the photograph is to be straightened; null where it shows too little text to tell. */
  readonly plane: TextPlane | null;
  /** Where the card is; null where the grid of its print was not found. */
  readonly place: CardPlace | null;
  /** Null where the place is. */
  readonly tamperMeasures: TamperMeasures | null;
}

/**
 * Reads the front of a KTP: find text, read it, sort it into columns and rows, name and check the fields.
 * @param image  at most {@link KTP_MAX_SIDE} on its longer side
 * @param now    tells the century of two-digit years
 */
export async function readKtp(image: Pixels, models: Models, now = new Date()): Promise<JudgedReading> {
  const begun = performance.now();
  const found = await findLines(image, models);
  const detected = performance.now();
  const { lines, readFrom } = await readLines(image, linesToRead(image, found.lines), models);
  const recognised = performance.now();
  const gazetteer = await openGazetteer();
  let layout = layOut(lines);
  let understanding = understand(layout, gazetteer, now);
  const doubtful = doubtfulLines(layout, understanding);
  for (const { index } of doubtful) {
    lines[index] = await readAgain(lines[index], image, readFrom[index], models);
  }
  const blood =
    layout.bloodLabel && understanding.fields.blood_type.value === null
      ? await readBlood(layout.bloodLabel, image, found, models, lines.length)
      : null;
  if (blood) lines.push(blood);
  if (blood || doubtful.size > 0) {
    layout = layOut(lines);
    understanding = understand(layout, gazetteer, now);
  }
  const reread = performance.now();
  const { plane } = found;
  const toImage = plane?.toImage ?? AS_IT_IS;
  const fields = inPhotograph(understanding.fields, toImage, image);
  const place =
    plane &&
    layout.frame &&
    placeCard(
      plane,
      layout.frame,
      found.lines.map(({ quad }) => quad),
    );
  const about = place ?? roughPlace(plane ?? { toImage, width: image.width, height: image.height });
  const judged = judgeQuality(image, lines, about, place !== null);
  const tamperMeasures = place && measureTampering(image, found, layout, place);
  const legible = !judged.hints.some((hint) => ILLEGIBLE.has(hint));
  const { checks, tampering } = tamperSigns(tamperMeasures, understanding, legible, gazetteer, now);
  const score = ktpScore(layout, understanding);
  const seen = [...found.lines.map(({ inImage }) => inImage), ...found.others];
  const beside = place ? await labelsBeside(image, seen, place, models) : 0;
  const verdict = verdictOf(score, layout, lines, beside, judged.measures, judged.hints);
  const values = Object.fromEntries(KTP_FIELDS.map((field) => [field, fields[field].value])) as Record<
    KtpField,
    string | null
  >;
  const result: KtpOcrResult = {
    ...values,
    confidence: overall(fields),
    fields,
    checks: [...checks, ...judged.checks],
    tampering,
    quality: judged.quality,
  };
  return {
    result,
    ktpScore: verdict.score,
    hints: verdict.hints,
    verdict,
    plane,
    place,
    tamperMeasures,
    outline: place && { card: place.corners, fields: outlines(understanding.fields, toImage) },
    milliseconds: {
      detect: detected - begun,
      recognise: recognised - detected,
      again: reread - recognised,
      understand: performance.now() - reread,
    },
  };
}

/** Faults of a photograph in which the edges of print and portrait cannot be compared. */
const ILLEGIBLE: ReadonlySet<Hint> = new Set<Hint>([
  "blurred",
  "glare",
  "too_dark",
  "too_bright",
  "too_small",
  "photocopy",
  "screen_capture",
]);

/** A photograph that shows too little text to tell a plane. */
const AS_IT_IS: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Where the fields lie in the photograph. */
function outlines(fields: Understanding["fields"], toImage: Matrix): Partial<Record<KtpField, Quad>> {
  return Object.fromEntries(
    KTP_FIELDS.flatMap((field) => {
      const { box } = fields[field];
      return box ? [[field, mappedQuad(box, toImage)]] : [];
    }),
  );
}

/** The fields with their boxes in the photograph's pixels, clipped to it. */
function inPhotograph(
  fields: Understanding["fields"],
  toImage: Matrix,
  image: Pixels,
): Record<KtpField, KtpFieldFact> {
  return Object.fromEntries(
    KTP_FIELDS.map((field) => {
      const { box } = fields[field];
      return [field, { ...fields[field], box: box && mappedBox(box, toImage, image) }];
    }),
  ) as Record<KtpField, KtpFieldFact>;
}

/** The weighted mean of the fields' confidences; what was not read counts nothing. */
function overall(fields: Readonly<Record<KtpField, KtpFieldFact>>): number {
  let sum = 0;
  let weight = 0;
  for (const field of KTP_FIELDS) {
    const w = WEIGHTS[field] ?? OTHER_WEIGHT;
    sum += w * fields[field].confidence;
    weight += w;
  }
  return sum / weight;
}
