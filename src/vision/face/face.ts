import type { FaceFacts } from "../facts.ts";
import type { Box } from "../geometry.ts";
import { luma, type Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { chip } from "./align.ts";
import { type DetectedFace, detect, overlap } from "./detect.ts";
import { embed } from "./embed.ts";
import { at, distance, type EyeShape, eyes, type FaceMesh, mesh } from "./mesh.ts";
import { LEFT_EYE, LIPS, RIGHT_EYE } from "./points.ts";
import { headPose } from "./pose.ts";
import { brightness, faceQuality, grade, hasDarkGlasses, isMasked, type Ramp } from "./quality.ts";

export type { DetectedFace } from "./detect.ts";

/** A face with all that was measured on the way to its facts. */
export interface MeasuredFace {
  readonly detected: DetectedFace;
  readonly mesh: FaceMesh;
  readonly facts: FaceFacts;
  /** Mean luma of the face, 0..255. */
  readonly brightness: number;
}

/** Between the lids over the diameter of the iris: shut, and wide open. */
const EYE: Ramp = { bad: 0.2, good: 0.75 };
/** Between the lips over the distance of the eyes' outer corners: closed, and wide open. */
const MOUTH: Ramp = { bad: 0.02, good: 0.35 };
/** Side in pixels of the face that its quality is measured on: what the first embedding network sees, without a rim. */
const QUALITY_CHIP = 100;
/** Beyond this yaw, in degrees, the far eye is hidden and the near one speaks for both. */
const FAR_EYE_HIDDEN = 35;

/**
 * Finds the faces of a picture.
 * @returns the largest first; empty where there is none. Where the whole shows none, its parts are looked at, so that
 *          a face of about a twenty-fifth of the longer side is still found
 */
export async function findFaces(image: Pixels, models: Models): Promise<DetectedFace[]> {
  const whole = await detect(image, models);
  const found = whole.length > 0 ? whole : await detectInParts(image, models, PARTS);
  return found.toSorted((a, b) => b.box.width - a.box.width);
}

/**
 * Finds the portrait on a card: where a KTP has it first, then anywhere.
 * @param card    the card upright, or the whole photograph where its edges were not found
 * @param length  the card's longer side in pixels of that picture
 */
export async function findPortrait(
  card: Pixels,
  length: number,
  models: Models,
): Promise<DetectedFace | null> {
  const least = LEAST_PORTRAIT * length;
  const isPortrait = ({ box }: DetectedFace) => box.width >= least;
  const portrait = (await detectInParts(card, models, [PORTRAIT_PART])).find(isPortrait);
  if (portrait && portrait.score >= SURE) return portrait;
  const other = (await findFaces(card, models)).find(isPortrait);
  return portrait ?? other ?? null;
}

/**
 * The portrait where a KTP has it, if it is surely there: else {@link describePortrait} finds it.
 * @param part  of the picture, which shows the card's {@link PORTRAIT_PART} there
 */
export async function describeSurePortrait(
  picture: Pixels,
  part: Box,
  models: Models,
): Promise<FaceFacts | null> {
  const least = (LEAST_PORTRAIT * part.width) / PORTRAIT_PART.width;
  const portrait = (await detect(picture, models, part)).find(({ box }) => box.width >= least);
  return portrait && portrait.score >= SURE ? describeFace(picture, portrait, models) : null;
}

/** Of the card's longer side: a portrait's face is a sixth of it; what is much less is a speck that looks like a face. */
const LEAST_PORTRAIT = 0.06;

/** A face surer than this needs no second look. */
const SURE = 0.7;

/** Where a KTP's portrait lies, with room around it, as shares of the card's width and height. */
export const PORTRAIT_PART: Box = { x: 0.62, y: 0.08, width: 0.38, height: 0.8 };

/** Overlapping parts of a picture, as shares of its width and height. */
const PARTS: readonly Box[] = [0, 0.25, 0.5].flatMap((y) =>
  [0, 0.25, 0.5].map((x) => ({ x, y, width: 0.5, height: 0.5 })),
);

/** Looks at parts of a picture one by one; a face that two of them show is told once. The surest first. */
async function detectInParts(image: Pixels, models: Models, parts: readonly Box[]): Promise<DetectedFace[]> {
  const found: DetectedFace[] = [];
  for (const part of parts) {
    const faces = await detect(image, models, {
      x: part.x * image.width,
      y: part.y * image.height,
      width: part.width * image.width,
      height: part.height * image.height,
    });
    found.push(...faces);
  }
  const surest = found.toSorted((a, b) => b.score - a.score);
  return surest.filter((face, i) => surest.slice(0, i).every((other) => overlap(face.box, other.box) === 0));
}

/** How a face is held, and how far its eyes and its mouth are open. */
export type FaceShape = Pick<FaceFacts, "pose" | "eyeOpenness" | "mouthOpenness">;

/** Measures how a face is held; what costs least of all that {@link measureFace} tells. */
export async function shapeOf(image: Pixels, surface: FaceMesh, models: Models): Promise<FaceShape> {
  const pose = headPose(surface.points);
  return {
    pose,
    eyeOpenness: eyeOpenness(await eyes(image, surface, models), pose.yaw),
    mouthOpenness: mouthOpenness(surface),
  };
}

/** Measures a face and makes it comparable. */
export async function measureFace(
  image: Pixels,
  detected: DetectedFace,
  models: Models,
): Promise<MeasuredFace> {
  const surface = await mesh(image, detected, models);
  const { points } = surface;
  const shape = await shapeOf(image, surface, models);
  const { x, y, width, height } = detected.box;
  const view = chip(image, points, QUALITY_CHIP, 0);
  const masked = isMasked(view, { detectorScore: detected.score, mouthOpenness: shape.mouthOpenness });
  const facts: FaceFacts = {
    box: [x, y, width, height],
    score: detected.score,
    ...shape,
    covered: masked ? "mask" : hasDarkGlasses(view) ? "sunglasses" : null,
    quality: faceQuality(view, {
      width,
      pose: shape.pose,
      meshScore: surface.score,
      disagreement: disagreement(detected, surface),
      masked,
    }),
    embedding: await embed(image, points, models),
  };
  return { detected, mesh: surface, facts, brightness: brightness(luma(view), QUALITY_CHIP) };
}

/** What is told of a face: where it is, how fit to be compared, how it looks into the camera, whose it is. */
export async function describeFace(
  image: Pixels,
  detected: DetectedFace,
  models: Models,
): Promise<FaceFacts> {
  return (await measureFace(image, detected, models)).facts;
}

/** The largest face of a picture; null where there is none. */
export async function describeLargestFace(image: Pixels, models: Models): Promise<FaceFacts | null> {
  const [largest] = await findFaces(image, models);
  return largest ? describeFace(image, largest, models) : null;
}

/** The portrait on a card, see {@link findPortrait}; null where there is none. */
export async function describePortrait(
  card: Pixels,
  length: number,
  models: Models,
): Promise<FaceFacts | null> {
  const portrait = await findPortrait(card, length, models);
  return portrait ? describeFace(card, portrait, models) : null;
}

/** 0 shut .. 1 wide open: the lesser of both eyes, or the near one where the head hides the other. */
function eyeOpenness([left, right]: readonly [EyeShape, EyeShape], yaw: number): number {
  // Lids hide part of an iris, and then it is guessed too small: the larger of two is the better guess for both.
  const iris = Math.max(left.iris, right.iris);
  const open = ({ aperture }: EyeShape) => grade(aperture / iris, EYE);
  if (yaw > FAR_EYE_HIDDEN) return open(left);
  if (yaw < -FAR_EYE_HIDDEN) return open(right);
  return Math.min(open(left), open(right));
}

/** 0 closed .. 1 wide open. */
function mouthOpenness({ points }: FaceMesh): number {
  const [left, right] = [points[LEFT_EYE.outer], points[RIGHT_EYE.outer]];
  const gap = distance(at(points, LIPS.upper), at(points, LIPS.lower));
  return grade(gap / Math.hypot(...left.map((v, k) => v - right[k])), MOUTH);
}

/** How far apart detector and mesh see the tip of the nose and the mouth, over the width of the box. */
function disagreement({ box, points }: DetectedFace, surface: FaceMesh): number {
  const nose = at(surface.points, NOSE_TIP);
  const mouth = at(surface.points, LIPS.upper);
  return Math.max(distance(points[2], nose), distance(points[3], mouth)) / box.width;
}

const NOSE_TIP = 1;
