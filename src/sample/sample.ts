import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KTP_FIELDS, type KtpField } from "../vision/facts.ts";
import { drawCard } from "./card.ts";
import { makeCitizen, type SampleCitizen } from "./citizen.ts";
import { drawNotAKtpPicture, type NotAKtpKind } from "./not-a-ktp.ts";
import { addNoise, asSharp } from "./pixels.ts";
import { drawSelfiePicture } from "./portrait.ts";
import { Random } from "./random.ts";

export { makeCitizen, type SampleCitizen } from "./citizen.ts";
export { NOT_A_KTP_KINDS, type NotAKtpKind } from "./not-a-ktp.ts";

/** How hard a photograph of a card is to read: 0 flat scan, 1 easy, 2 usual, 3 hard. */
export type Level = 0 | 1 | 2 | 3;

export interface DrawOptions {
  readonly level?: Level;
}

/** A JPEG photograph of the citizen's card. The same citizen and options give the same bytes. */
export async function drawKtp(citizen: SampleCitizen, _options: DrawOptions = {}): Promise<Uint8Array> {
  const random = new Random(citizen.seed, citizen.index, "scan");
  const width = random.pick([1280, 1360, 1440, 1520, 1600]);
  const card = await drawCard(citizen, width);
  addNoise(card, random, random.between(0.8, 2.4));
  return asSharp(card).jpeg({ quality: 92 }).toBuffer();
}

/** A JPEG selfie of the citizen: 720 × 960 pixels and more, one face. The same citizen gives the same bytes. */
export async function drawSelfie(citizen: SampleCitizen): Promise<Uint8Array> {
  return drawSelfiePicture(citizen.face, citizen.seed, citizen.index);
}

/**
 * A JPEG picture with no KTP in it. The same seed and kind give the same bytes.
 * @param kind  `landscape` sky and hills, `receipt` a page of text, `bank-card` a card of the same size
 */
export async function drawNotAKtp(seed: number, kind: NotAKtpKind = "landscape"): Promise<Uint8Array> {
  const random = new Random(seed, kind);
  const picture = await drawNotAKtpPicture(random, kind);
  addNoise(picture, random, 2);
  return asSharp(picture).jpeg({ quality: 88 }).toBuffer();
}

/** What stands on the citizen's card, field by field. */
export function truthOf(citizen: SampleCitizen): Record<KtpField, string> {
  return Object.fromEntries(KTP_FIELDS.map((field) => [field, citizen[field]])) as Record<KtpField, string>;
}

export interface SampleOrder {
  readonly seed: number;
  readonly count: number;
  /** Folder; made where it is missing. */
  readonly out: string;
  readonly level?: Level;
}

/**
 * Writes `ktp-0001.jpg`, `selfie-0001.jpg`, … and `truth.json` (`{ "ktp-0001.jpg": { nik, name, … } }`).
 * @returns the citizens in the order of their numbers
 */
export async function writeSamples({ seed, count, out, level }: SampleOrder): Promise<SampleCitizen[]> {
  await mkdir(out, { recursive: true });
  const citizens: SampleCitizen[] = [];
  const truth: Record<string, Record<KtpField, string>> = {};
  for (let index = 0; index < count; index++) {
    const citizen = await makeCitizen(seed, index);
    const number = String(index + 1).padStart(4, "0");
    const [ktp, selfie] = await Promise.all([drawKtp(citizen, { level }), drawSelfie(citizen)]);
    await Promise.all([
      writeFile(join(out, `ktp-${number}.jpg`), ktp),
      writeFile(join(out, `selfie-${number}.jpg`), selfie),
    ]);
    truth[`ktp-${number}.jpg`] = truthOf(citizen);
    citizens.push(citizen);
  }
  await writeFile(join(out, "truth.json"), `${JSON.stringify(truth, null, 2)}\n`);
  return citizens;
}
