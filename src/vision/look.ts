import {
  describeLargestFace,
  describePortrait,
  describeSurePortrait,
  findFaces,
  PORTRAIT_PART,
} from "./face/face.ts";
import type {
  FaceFacts,
  FactBox,
  KtpField,
  KtpFieldFact,
  KtpOutline,
  KtpReport,
  SelfieReport,
} from "./facts.ts";
import { type Matrix, mappedBox, type Quad } from "./geometry.ts";
import { decodeImage, type Pixels } from "./image.ts";
import { cutCard, cutPart } from "./ktp/card.ts";
import { cropsOf } from "./ktp/crops.ts";
import { type JudgedReading, KTP_MAX_SIDE, readKtp } from "./ktp/ktp.ts";
import { QUALITY_LIMITS } from "./ktp/quality.ts";
import { hintsWithFace, KTP_FROM, PRINTED_FORM } from "./ktp/verdict.ts";
import type { Action } from "./liveness/actions.ts";
import { type ChallengeReport, judgeChallenge, SEQUENCE } from "./liveness/active.ts";
import { judgeSelfie, SELFIE_MAX_SIDE } from "./liveness/selfie.ts";
import type { ModelName, Models } from "./models/models.ts";

/**
 * The networks that looking at pictures takes: each one loaded costs every worker memory.
 * @param strongSpoofing  whether the strong pack is there; it takes the baseline's place
 */
export const networksFor = (strongSpoofing: boolean): readonly ModelName[] => [
  "text-detection",
  "text-recognition",
  "text-recognition-exact",
  "face-detection",
  "face-mesh",
  "iris",
  "face-embedding",
  "face-description",
  ...(strongSpoofing
    ? (["spoof-2.7", "spoof-4.0"] as const)
    : (["spoof-baseline", "liveness-baseline"] as const)),
];

/**
 * Reads a photograph of a card, and finds the portrait on it. Boxes are in pixels of the picture as it was sent.
 * @param bytes  JPEG, PNG or WebP
 * @throws {ImageRefusedError} where the bytes are no picture
 */
export async function lookAtKtp(bytes: Uint8Array, models: Models): Promise<KtpReport> {
  const begun = performance.now();
  const image = await decodeImage(bytes, KTP_MAX_SIDE);
  const decoded = performance.now();
  const judged = await readKtp(image, models);
  const { verdict, plane, place, ...reading } = judged;
  const read = performance.now();
  const { quality } = reading.result;
  const taken = reading.ktpScore >= KTP_FROM;
  // Crops are encoded by threads of the image library while the networks look at the portrait.
  const [cropped, portrait] = await Promise.all([
    taken && place ? cropsOf(image, place) : null,
    taken ? findPortrait(image, judged, models) : null,
  ]);
  const photographed = performance.now();
  const fields = Object.fromEntries(
    Object.entries(reading.result.fields).map(([name, fact]) => [
      name,
      { ...fact, box: scaled(fact.box, image.scale) },
    ]),
  ) as Record<KtpField, KtpFieldFact>;
  const form = taken && portrait === null && place !== null && isForm(quality);
  const hints = taken ? reading.hints : hintsWithFace(verdict, await faceWidth(image, models));
  return {
    ...reading,
    result: {
      ...reading.result,
      fields,
      quality: { ...quality, glare_box: scaled(quality.glare_box, image.scale) },
    },
    outline: reading.outline && outlineAt(reading.outline, image.scale),
    ...(form ? PRINTED_FORM : { hints }),
    portrait: portrait && { ...portrait, box: scaled(portrait.box, image.scale) },
    crops: form ? null : cropped,
    milliseconds: {
      decode: decoded - begun,
      ...reading.milliseconds,
      portrait: photographed - read,
    },
  };
}

/** A card's words without a portrait, in black on white or on another ground than a KTP's: typed, not a card. */
const isForm = ({ colour, ground }: KtpReport["result"]["quality"]): boolean =>
  colour < QUALITY_LIMITS.colour || ground < QUALITY_LIMITS.ground;

/** Width of the largest face in shares of the picture's shorter side; null where there is none. */
async function faceWidth(image: Pixels, models: Models): Promise<number | null> {
  const [face] = await findFaces(image, models);
  return face ? face.box.width / Math.min(image.width, image.height) : null;
}

function outlineAt({ card, fields }: KtpOutline, scale: number): KtpOutline {
  const times = (quad: Quad) => quad.map(([x, y]) => [x * scale, y * scale]) as unknown as Quad;
  return {
    card: times(card),
    fields: Object.fromEntries(Object.entries(fields).map(([field, quad]) => [field, times(quad)])),
  };
}

/** Where a card has it, else on the whole card, else anywhere: a cut that went wrong must not cost the portrait. */
async function findPortrait(
  image: Pixels,
  { plane, place, result }: Pick<JudgedReading, "plane" | "place" | "result">,
  models: Models,
): Promise<FaceFacts | null> {
  const close = cutPart(image, plane, place, PORTRAIT_PART);
  const sure = close && (await describeSurePortrait(close.picture, close.part, models));
  if (sure) return inPhotograph(sure, close.toImage);
  const card = cutCard(image, plane, place);
  if (card) {
    const { width, height } = card.picture;
    const onCard = await describePortrait(card.picture, Math.max(width, height), models);
    if (onCard) return inPhotograph(onCard, card.toImage);
  }
  return describePortrait(image, result.quality.card_pixels, models);
}

/** A face with its box in the photograph, out of which it was cut: as many pixels as there really are. */
const inPhotograph = (face: FaceFacts, toImage: Matrix): FaceFacts => ({
  ...face,
  box: mappedBox(face.box, toImage),
});

/**
 * Judges a selfie: its one face, and whether a living person stood before the camera.
 * @param livenessThreshold  0..1: `is_live` from this confidence on
 * @throws {ImageRefusedError} where the bytes are no picture
 */
export async function lookAtSelfie(
  bytes: Uint8Array,
  models: Models,
  livenessThreshold: number,
): Promise<SelfieReport> {
  const begun = performance.now();
  const image = await decodeImage(bytes, SELFIE_MAX_SIDE);
  const decoded = performance.now();
  const report = await judgeSelfie(image, models, { liveness: livenessThreshold });
  const face = report.face && { ...report.face, box: scaled(report.face.box, image.scale) };
  return { ...report, face, milliseconds: { decode: decoded - begun, ...report.milliseconds } };
}

/**
 * Judges the frames of a liveness challenge.
 * @param frames   in the order in which they were taken, each with its time in milliseconds
 * @param actions  what was asked for
 * @throws {ImageRefusedError} where the bytes of a frame are no picture
 */
export function lookAtChallenge(
  frames: readonly { readonly at: number; readonly bytes: Uint8Array }[],
  actions: readonly Action[],
  models: Models,
): Promise<ChallengeReport> {
  return judgeChallenge(
    frames.map(({ at, bytes }) => ({ at, decode: () => decodeImage(bytes, SEQUENCE.side) })),
    actions,
    models,
  );
}

/**
 * The largest face of any picture, be it a selfie or a card.
 * @returns null where there is none
 * @throws {ImageRefusedError} where the bytes are no picture
 */
export async function lookAtFace(
  bytes: Uint8Array,
  models: Models,
): Promise<{ readonly face: FaceFacts | null; readonly milliseconds: Readonly<Record<string, number>> }> {
  const begun = performance.now();
  const image = await decodeImage(bytes, SELFIE_MAX_SIDE);
  const decoded = performance.now();
  const face = await describeLargestFace(image, models);
  return {
    face: face && { ...face, box: scaled(face.box, image.scale) },
    milliseconds: { decode: decoded - begun, face: performance.now() - decoded },
  };
}

/** From pixels of the decoded picture to pixels of the one that was sent. */
function scaled<T extends FactBox | null>(box: T, scale: number): T {
  return (box?.map((n) => Math.round(n * scale)) ?? null) as T;
}
