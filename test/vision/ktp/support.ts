import { drawKtp, type Level, makeCitizen, type SampleCitizen, truthOf } from "../../../src/sample/sample.ts";
import type { KtpReading } from "../../../src/vision/facts.ts";
import { decodeImage } from "../../../src/vision/image.ts";
import { compareKtp, type FieldOutcome } from "../../../src/vision/ktp/evaluate.ts";
import { KTP_MAX_SIDE, readKtp } from "../../../src/vision/ktp/ktp.ts";
import { networksFor } from "../../../src/vision/look.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { openModels } from "../../../src/vision/models/open.ts";
import { sharedCache } from "../models/support.ts";

/** The networks that read text. */
export async function textModels(): Promise<Models> {
  return openModels({ cacheDir: await sharedCache(), threads: 1, names: networksFor(false) });
}

/** Sample cards are as of this day. */
export const TODAY = new Date("2026-01-01T00:00:00Z");

/** Reads the bytes of a photograph as the service does. */
export async function read(jpeg: Uint8Array, models: Models): Promise<KtpReading> {
  return readKtp(await decodeImage(jpeg, KTP_MAX_SIDE), models, TODAY);
}

export interface ReadCard {
  readonly citizen: SampleCitizen;
  readonly reading: KtpReading;
  readonly outcomes: readonly FieldOutcome[];
}

/** Draws a sample citizen's card, reads it, and compares field by field. */
export async function readSample(
  seed: number,
  index: number,
  level: Level,
  models: Models,
): Promise<ReadCard> {
  const citizen = await makeCitizen(seed, index);
  const reading = await read(await drawKtp(citizen, { level }), models);
  return { citizen, reading, outcomes: compareKtp(truthOf(citizen), reading.result) };
}

/** The fields that were not read exactly, with what was read: an assertion's message. */
export const missesOf = (outcomes: readonly FieldOutcome[]): string[] =>
  outcomes
    .filter(({ outcome }) => outcome !== "exact")
    .map(({ field, got, expected }) => `${field}: read ${got}, printed ${expected}`);
