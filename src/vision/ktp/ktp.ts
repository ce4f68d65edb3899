import {
  KTP_FIELDS,
  type KtpField,
  type KtpFieldFact,
  type KtpOcrResult,
  type KtpReading,
} from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { findLines } from "./find.ts";
import { layOut } from "./layout.ts";
import type { Line } from "./pieces.ts";
import { judgeQuality, ktpScore } from "./quality.ts";
import { recognise, strip } from "./recognise.ts";
import { openGazetteer } from "./regions.ts";
import { spaced } from "./spacing.ts";
import { understand } from "./understand.ts";

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
  for (const { quad, inImage } of found.lines) {
    const line = strip(image, inImage);
    const { letters } = await recognise(line, models);
    lines.push({ quad, letters: spaced(letters, line), stripWidth: line.width });
  }
  const recognised = performance.now();
  const layout = layOut(lines);
  const understanding = understand(layout, await openGazetteer(), now);
  const { fields, checks } = understanding;
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
    card: image,
    milliseconds: {
      detect: detected - begun,
      recognise: recognised - detected,
      understand: performance.now() - recognised,
    },
  };
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
