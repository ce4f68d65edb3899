import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KTP_FIELDS, type KtpField } from "../vision/facts.ts";
import type { Pixels } from "../vision/image.ts";
import { type EffectAsked, settingsWith } from "./alone.ts";
import { CARD_CORNER, CARD_RATIO, type CardAltered, drawCard } from "./card.ts";
import { makeCitizen, type SampleCitizen } from "./citizen.ts";
import { drawDocument, drawPeople, drawTexture } from "./documents.ts";
import { FACES } from "./faces.ts";
import type { Sheet } from "./lay.ts";
import { drawScene, isDocument, NOT_A_KTP_KINDS, type NotAKtpKind } from "./not-a-ktp.ts";
import { editPhotograph } from "./paste.ts";
import { type Photograph, photograph, scan } from "./photograph.ts";
import { addNoise, asSharp } from "./pixels.ts";
import { drawSelfiePicture } from "./portrait.ts";
import { Random } from "./random.ts";
import { chooseSettings, type Level } from "./settings.ts";
import { forgeCard, type TamperKind } from "./tamper.ts";
import type { Variant } from "./variants.ts";

export { EFFECT_NAMES, EFFECTS, type EffectAsked } from "./alone.ts";
export { makeCitizen, type SampleCitizen } from "./citizen.ts";
export { NOT_A_KTP_KINDS, type NotAKtpKind } from "./not-a-ktp.ts";
export type { Photograph } from "./photograph.ts";
export type { Effect, Level } from "./settings.ts";
export { TAMPER_KINDS, TAMPERINGS, type TamperKind } from "./tamper.ts";
export { VARIANT_NAMES, VARIANTS, type Variant } from "./variants.ts";

export interface DrawOptions {
  /** Default 0. Not looked at where effects are asked for. */
  readonly level?: Level;
  /** These and no others, on a picture that is plain but for them. */
  readonly effects?: readonly EffectAsked[];
}

/** Widths in pixels at which cards are drawn: those of common scans. */
const SCAN_WIDTHS = [1280, 1360, 1440, 1520, 1600];

/**
 * A photograph of the citizen's card, and where the card is in it. The same citizen and options give the same bytes; of
 * one effect in several strengths the rest of the picture stays as it is.
 * @param altered  what a forger changed about the card
 * @throws RangeError where there is no such effect, or a strength outside of 0..1
 */
export async function photographKtp(
  citizen: SampleCitizen,
  { level = 0, effects }: DrawOptions = {},
  altered: CardAltered = {},
): Promise<Photograph> {
  const key = effects ? effects.map(({ name }) => name).join(" ") : level;
  const random = new Random(citizen.seed, citizen.index, "photograph", key);
  const card = await drawCard(citizen, random.pick(SCAN_WIDTHS), altered);
  if (effects) {
    const settings = settingsWith(random, effects);
    const second = settings.effects.has("two-cards") ? await neighbourOf(citizen) : undefined;
    return photograph(asSheet(card), random, settings, second);
  }
  return level === 0 ? scan(card, random) : photograph(asSheet(card), random, chooseSettings(random, level));
}

/** A photograph of a forged card, or a forged photograph of one, and what stands on the card in it. */
export async function photographForged(
  holder: SampleCitizen,
  kind: TamperKind,
  options: DrawOptions = {},
): Promise<{ readonly photograph: Photograph; readonly citizen: SampleCitizen }> {
  const { citizen, altered } = forgeCard(holder, kind);
  const taken = await photographKtp(citizen, options, altered);
  // The next of the same gender, who has another face.
  const other = await makeCitizen(citizen.seed, citizen.index + 2);
  return editPhotograph(taken, citizen, other, kind);
}

const asSheet = (face: Pixels): Sheet => ({ face, ratio: CARD_RATIO, corner: CARD_CORNER });

/** The next citizen's card. */
async function neighbourOf({ seed, index }: SampleCitizen): Promise<Sheet> {
  return asSheet(await drawCard(await makeCitizen(seed, index + 1), SCAN_WIDTHS[0]));
}

/** The JPEG of {@link photographKtp}. */
export async function drawKtp(citizen: SampleCitizen, options: DrawOptions = {}): Promise<Uint8Array> {
  return (await photographKtp(citizen, options)).jpeg;
}

/** A JPEG selfie of the citizen: 720 × 960 pixels and more, one face. The same citizen gives the same bytes. */
export async function drawSelfie(citizen: SampleCitizen): Promise<Uint8Array> {
  return drawSelfiePicture(citizen.face, citizen.seed, citizen.index);
}

/**
 * A JPEG picture with no front of a KTP in it. The same seed and kind give the same bytes. Documents are photographed
 * as cards of level 1 or 2 are.
 */
export async function drawNotAKtp(seed: number, kind: NotAKtpKind = "landscape"): Promise<Uint8Array> {
  const random = new Random(seed, kind);
  if (isDocument(kind)) {
    const sheet = await drawDocument(random, kind);
    return (await photograph(sheet, random, chooseSettings(random, random.pick([1, 2] as const)))).jpeg;
  }
  if (kind === "face") return drawSelfiePicture(random.pick(FACES).id, seed, kind);
  if (kind === "people") return drawPeople(random);
  const picture = kind === "texture" ? await drawTexture(random) : await drawScene(random, kind);
  addNoise(picture, random, 2);
  return asSharp(picture).jpeg({ quality: 88 }).toBuffer();
}

/**
 * Writes `not-a-ktp-0001.jpg`, … of all kinds in turn, and `not-a-ktp.json`
 * `{ "not-a-ktp-0001.jpg": { kind, expected } }`: what each shows, and the hint it is to be refused with.
 */
export async function writeNotKtps({
  seed,
  count,
  out,
}: Omit<SampleOrder, "level" | "effects" | "tamper" | "variant">): Promise<void> {
  await mkdir(out, { recursive: true });
  const index: Record<string, { kind: NotAKtpKind; expected: "not_a_ktp" }> = {};
  for (let i = 0; i < count; i++) {
    const kind = NOT_A_KTP_KINDS[i % NOT_A_KTP_KINDS.length];
    const name = `not-a-ktp-${String(i + 1).padStart(4, "0")}.jpg`;
    // A number of its own for every picture of a seed, and for no picture of the next.
    await writeFile(join(out, name), await drawNotAKtp(seed * NOT_A_KTP_MOST + i, kind));
    index[name] = { kind, expected: "not_a_ktp" };
  }
  await writeFile(join(out, "not-a-ktp.json"), `${JSON.stringify(index, null, 2)}\n`);
}
/** Most pictures of one seed. */
const NOT_A_KTP_MOST = 100_000;

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
  /** In place of a level. */
  readonly effects?: readonly EffectAsked[];
  /** Forged in this way. */
  readonly tamper?: TamperKind;
  /** Rarer cards than most. */
  readonly variant?: Variant;
}

/** How many other people's selfies each card is paired with in `pairs.csv`. */
const IMPOSTORS = 3;

/**
 * Writes `ktp-0001.jpg`, `selfie-0001.jpg`, … and three files about them:
 * - `truth.json` `{ "ktp-0001.jpg": { nik, name, … } }`: what stands on each card
 * - `photographs.json` `{ "ktp-0001.jpg": { corners, effects, tampered } }`: where the card is in its picture, what was
 *   done to it, how it was forged
 * - `pairs.csv` `file_x,file_y,Decision`: cards with selfies, Yes of the same person, No of another
 * @returns the citizens in the order of their numbers
 */
export async function writeSamples({
  seed,
  count,
  out,
  level,
  effects,
  tamper,
  variant,
}: SampleOrder): Promise<SampleCitizen[]> {
  await mkdir(out, { recursive: true });
  const citizens: SampleCitizen[] = [];
  const truth: Record<string, Record<KtpField, string>> = {};
  const photographs: Record<string, Omit<Photograph, "jpeg"> & { readonly tampered?: TamperKind }> = {};
  for (let index = 0; index < count; index++) {
    const holder = await makeCitizen(seed, index, variant);
    const [{ photograph: taken, citizen }, selfie] = await Promise.all([
      tamper
        ? photographForged(holder, tamper, { level, effects })
        : { photograph: await photographKtp(holder, { level, effects }), citizen: holder },
      drawSelfie(holder),
    ]);
    const { jpeg, ...photograph } = taken;
    await Promise.all([
      writeFile(join(out, nameOf("ktp", index)), jpeg),
      writeFile(join(out, nameOf("selfie", index)), selfie),
    ]);
    truth[nameOf("ktp", index)] = truthOf(citizen);
    photographs[nameOf("ktp", index)] = { ...photograph, tampered: tamper };
    citizens.push(holder);
  }
  const pairs = citizens.flatMap((citizen, index) => [
    [nameOf("ktp", index), nameOf("selfie", index), "Yes"],
    ...citizens
      .map((other, at) => ({ other, at, distance: (at - index + count) % count }))
      .filter(({ other }) => other.face !== citizen.face)
      .sort((a, b) => a.distance - b.distance)
      .slice(0, IMPOSTORS)
      .map(({ at }) => [nameOf("ktp", index), nameOf("selfie", at), "No"]),
  ]);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await Promise.all([
    writeFile(join(out, "truth.json"), json(truth)),
    writeFile(join(out, "photographs.json"), json(photographs)),
    writeFile(
      join(out, "pairs.csv"),
      `file_x,file_y,Decision\n${pairs.map((p) => `${p.join(",")}\n`).join("")}`,
    ),
  ]);
  return citizens;
}

const nameOf = (kind: "ktp" | "selfie", index: number) => `${kind}-${String(index + 1).padStart(4, "0")}.jpg`;
