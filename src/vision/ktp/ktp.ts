import {
  KTP_FIELDS,
  type KtpField,
  type KtpFieldFact,
  type KtpOcrResult,
  type KtpReading,
} from "../facts.ts";
import { type Matrix, type Point, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { readBlood } from "./blood.ts";
import { cutCard } from "./card.ts";
import { findLines } from "./find.ts";
import { layOut } from "./layout.ts";
import { firstLooks } from "./looks.ts";
import type { Line } from "./pieces.ts";
import { judgeQuality, ktpScore } from "./quality.ts";
import { openGazetteer } from "./regions.ts";
import { doubtfulLines, readAgain, readLine } from "./reread.ts";
import { type Understanding, understand } from "./understand.ts";

/** The longer side to which a photograph of a card is decoded, in pixels. */
export const KTP_MAX_SIDE = 2048;
/** What counts as a KTP's front at all. */
const KTP_FROM = 0.5;

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

/**
 * Reads the front of a KTP: find text, read it, sort it into columns and rows, name and check the fields.
 * @param image  at most {@link KTP_MAX_SIDE} on its longer side
 * @param now    tells the century of two-digit years
 */
export async function readKtp(image: Pixels, models: Models, now = new Date()): Promise<KtpReading> {
  const begun = performance.now();
  const found = await findLines(image, models);
  const detected = performance.now();
  const lines: Line[] = [];
  const looks = firstLooks(found.lines);
  for (const [index, line] of found.lines.entries())
    lines.push(await readLine(image, line, index, models, looks[index]));
  const recognised = performance.now();
  const gazetteer = await openGazetteer();
  let layout = layOut(lines);
  let understanding = understand(layout, gazetteer, now);
  const doubtful = doubtfulLines(layout, understanding);
  for (const { index } of doubtful) {
    lines[index] = await readAgain(lines[index], image, found.lines[index], models);
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
  const { checks } = understanding;
  const fields = inPhotograph(understanding.fields, found.plane?.toImage ?? null, image);
  const score = ktpScore(layout, understanding);
  const quality = judgeQuality(image, lines);
  const values = Object.fromEntries(KTP_FIELDS.map((field) => [field, fields[field].value])) as Record<
    KtpField,
    string | null
  >;
  const result: KtpOcrResult = {
    ...values,
    confidence: overall(fields),
    fields,
    checks,
    quality: quality.numbers,
  };
  return {
    result,
    ktpScore: score,
    hints: score < KTP_FROM ? ["not_a_ktp", ...quality.hints] : quality.hints,
    card: cutCard(image, found.plane, layout.frame),
    milliseconds: {
      detect: detected - begun,
      recognise: recognised - detected,
      again: reread - recognised,
      understand: performance.now() - reread,
    },
  };
}

/** The fields with their boxes in the photograph's pixels, clipped to it. */
function inPhotograph(
  fields: Understanding["fields"],
  toImage: Matrix | null,
  { width, height }: Pixels,
): Record<KtpField, KtpFieldFact> {
  const clip = (n: number, most: number) => Math.min(most, Math.max(0, n));
  return Object.fromEntries(
    KTP_FIELDS.map((field) => {
      const { box } = fields[field];
      if (!box) return [field, fields[field]];
      const [x, y, w, h] = box;
      const corners = [
        [x, y],
        [x + w, y],
        [x + w, y + h],
        [x, y + h],
      ].map((p): Point => (toImage ? transform(toImage, p as unknown as Point) : (p as unknown as Point)));
      const [xs, ys] = [corners.map(([u]) => clip(u, width)), corners.map(([, v]) => clip(v, height))];
      const [left, top] = [Math.min(...xs), Math.min(...ys)];
      return [field, { ...fields[field], box: [left, top, Math.max(...xs) - left, Math.max(...ys) - top] }];
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
