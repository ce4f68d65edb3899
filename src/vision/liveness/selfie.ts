import { type DetectedFace, findFaces, type MeasuredFace, measureFace } from "../face/face.ts";
import type { Hint, SelfieReport } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { judgeLiveness, type LivenessThresholds, noFace } from "./passive.ts";

/** The longer side to which a selfie is decoded, in pixels: a face at arm's length is then still 300 wide. */
export const SELFIE_MAX_SIDE = 1280;

/** What makes a selfie one to be taken again. */
const LIMITS = {
  /** A face is a second person before the camera from this share of the largest one's width on, else a passer-by. */
  secondFace: 0.5,
  /** Least detector's score 0..1 of a second face: a poster's or a pattern's is lower. */
  secondFaceScore: 0.7,
  /** Least width of the face in pixels. */
  width: 64,
  /** Parts of the face quality below which it is named, 0..1. */
  quality: 0.15,
  eyes: 0.15,
} as const;

/** Luma 0..255: a badly exposed face is too dark below it and too bright above. */
const MIDDLE_GREY = 128;

/**
 * Judges a selfie: its one large face, how fit it is, and whether a living person stood before the camera.
 * @param image  at most {@link SELFIE_MAX_SIDE} on its longer side
 */
export async function judgeSelfie(
  image: Pixels,
  models: Models,
  thresholds: LivenessThresholds,
): Promise<SelfieReport> {
  const begun = performance.now();
  const [largest, ...others] = await findFaces(image, models);
  const detected = performance.now();
  if (!largest) {
    return {
      face: null,
      faces: 0,
      liveness: noFace(models),
      hints: ["no_face"],
      milliseconds: { detect: detected - begun },
    };
  }
  const faces = 1 + others.filter((other) => isSecondPerson(other, largest)).length;
  const measured = await measureFace(image, largest, models);
  const described = performance.now();
  const liveness = await judgeLiveness(image, measured, models, thresholds);
  return {
    face: faces === 1 ? measured.facts : null,
    faces,
    liveness,
    hints: faces > 1 ? ["several_faces"] : advice(measured),
    milliseconds: {
      detect: detected - begun,
      describe: described - detected,
      liveness: performance.now() - described,
    },
  };
}

const isSecondPerson = (other: DetectedFace, largest: DetectedFace): boolean =>
  other.box.width >= LIMITS.secondFace * largest.box.width && other.score >= LIMITS.secondFaceScore;

/** What to do better with the next photograph; empty where nothing is wrong. */
function advice({ facts: { box, covered, eyeOpenness, quality }, brightness }: MeasuredFace): Hint[] {
  const hints: Hint[] = [];
  if (box[2] < LIMITS.width) hints.push("face_too_small");
  if (covered !== null) hints.push(covered);
  else if (quality.occlusion < LIMITS.quality) hints.push("face_covered");
  if (quality.pose < LIMITS.quality) hints.push("face_turned");
  if (quality.sharpness < LIMITS.quality) hints.push("blurred");
  if (quality.exposure < LIMITS.quality) hints.push(brightness < MIDDLE_GREY ? "too_dark" : "too_bright");
  if (eyeOpenness < LIMITS.eyes && covered !== "sunglasses") hints.push("eyes_closed");
  return hints;
}
