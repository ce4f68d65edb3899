import type { MeasuredFace } from "../face/face.ts";
import { grade, type Ramp } from "../face/quality.ts";
import type { LivenessResult } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { baselineSpoofing, hasStrongSpoofing, meshBox, strongSpoofing } from "./spoof.ts";
import { skinTexture } from "./texture.ts";

export interface LivenessThresholds {
  /** `is_live` from this confidence on, 0..1 (`LIVENESS_THRESHOLD`). */
  readonly liveness: number;
}

/** How far each measurement speaks for a living person who looks into the camera. */
const EVIDENCE = {
  /** Eye openness. */
  eyes: { bad: 0.05, good: 0.35 },
  /** Skin texture. */
  texture: { bad: 0, good: 0.6 },
  /** Face quality. */
  quality: { bad: 0, good: 0.5 },
} as const satisfies Record<string, Ramp>;

/** The baseline's share of the confidence where the strong pack is absent: too little to pass or refuse by itself. */
const BASELINE_SHARE = 0.1;

/** What is said where there is no face to judge. */
export function noFace(models: Models): LivenessResult {
  const strong = hasStrongSpoofing(models);
  return {
    is_live: false,
    confidence: 0,
    face_detected: false,
    face_quality_score: 0,
    details: {
      eye_openness: null,
      mouth_movement: null,
      head_pose: null,
      skin_texture: null,
      spoof_score: null,
      model: strong ? "minifasnet" : "baseline",
      model_decides: strong,
    },
  };
}

/**
 * Judges from one picture whether a living person stood before the camera.
 *
 * With the strong pack the confidence is its probability of "real", lessened where the measurements speak against a
 * living face. Without it the measurements make nine tenths of the confidence and the baseline one tenth.
 * @param image  the picture as the camera gave it, not warped
 */
export async function judgeLiveness(
  image: Pixels,
  { facts, mesh }: MeasuredFace,
  models: Models,
  thresholds: LivenessThresholds,
): Promise<LivenessResult> {
  const texture = skinTexture(image, mesh);
  const evidence = Math.cbrt(
    grade(facts.eyeOpenness, EVIDENCE.eyes) *
      grade(texture, EVIDENCE.texture) *
      grade(facts.quality.score, EVIDENCE.quality),
  );
  const strong = hasStrongSpoofing(models);
  const verdict = strong ? await strongSpoofing(image, meshBox(mesh), models) : null;
  const score = verdict?.real ?? (await baselineSpoofing(image, mesh, models));
  const confidence = strong
    ? score * (0.5 + 0.5 * evidence)
    : (1 - BASELINE_SHARE) * evidence + BASELINE_SHARE * score;
  return {
    is_live: confidence >= thresholds.liveness,
    confidence,
    face_detected: true,
    face_quality_score: facts.quality.score,
    details: {
      eye_openness: facts.eyeOpenness,
      mouth_movement: facts.mouthOpenness,
      head_pose: facts.pose,
      skin_texture: texture,
      spoof_score: score,
      model: strong ? "minifasnet" : "baseline",
      model_decides: strong,
      ...(verdict ? { print_score: verdict.print, replay_score: verdict.replay } : {}),
    },
  };
}
