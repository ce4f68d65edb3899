import type { MeasuredFace } from "../face/face.ts";
import { grade, type Ramp } from "../face/quality.ts";
import type { LivenessResult } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { type RecaptureCues, recaptureCues } from "./cues.ts";
import { baselineSpoofing, hasStrongSpoofing, meshBox, strongSpoofing } from "./spoof.ts";
import { skinTexture } from "./texture.ts";

export interface LivenessThresholds {
  /** `is_live` from this confidence on, 0..1 (`LIVENESS_THRESHOLD`). */
  readonly liveness: number;
}

/** How far each measurement speaks for a living person who looks into the camera. */
const EVIDENCE = {
  /** Eye openness. */
  eyes: { bad: 0, good: 0.2 },
  /** Skin texture. */
  texture: { bad: 0, good: 0.4 },
  /** Face quality. */
  quality: { bad: 0, good: 0.4 },
} as const satisfies Record<string, Ramp>;

/** The baseline's share of the confidence where the strong pack is absent: too little to pass or refuse by itself. */
const BASELINE_SHARE = 0.1;

/**
 * How the networks' score and the cues become one confidence with the strong pack: a logistic of their weighted sum.
 * Chosen by hand on 48 photographs, each also recompressed, darkened and softened, and 192 simulated prints and
 * replays of them (`src/sample/attacks/recapture.ts`): 1% of the prints and 6% of the replays pass, 7% of the
 * photographs of people with open eyes do not.
 * A cue can only lessen the confidence: a picture without pattern and rim proves nothing.
 */
const FUSION = {
  /** Networks' score at which the confidence is `confidence`, where no cue speaks. */
  score: 0.45,
  confidence: 0.7,
  /** Logits a whole step of the score. */
  scoreWeight: 8,
  /** Pattern in decibels beyond which it counts (one in a hundred living faces is stronger), and logits a decibel. */
  pattern: 20,
  patternWeight: 0.5,
  /** Frame beyond which it counts (one in fifty living faces stands before a straighter one), and logits a step. */
  frame: 0.85,
  frameWeight: 20,
} as const;

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
 * With the strong pack the confidence is that of {@link FUSION}, halved at worst where eyes, skin or quality speak
 * against a living face. Without it those measurements make nine tenths of the confidence and the baseline one tenth.
 * @param image  the picture as the camera gave it, not warped
 */
export async function judgeLiveness(
  image: Pixels,
  { facts, mesh }: MeasuredFace,
  models: Models,
  thresholds: LivenessThresholds,
): Promise<LivenessResult> {
  const texture = skinTexture(image, mesh);
  const face = meshBox(mesh);
  const cues = recaptureCues(image, face);
  const evidence = Math.cbrt(
    grade(facts.eyeOpenness, EVIDENCE.eyes) *
      grade(texture, EVIDENCE.texture) *
      grade(facts.quality.score, EVIDENCE.quality),
  );
  const strong = hasStrongSpoofing(models);
  const verdict = strong ? await strongSpoofing(image, mesh, facts.box, models) : null;
  const score = verdict?.real ?? (await baselineSpoofing(image, face, models));
  const confidence = verdict
    ? fused(score, cues) * (0.5 + 0.5 * evidence)
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
      ...cues,
    },
  };
}

/** 0..1, see {@link FUSION}. */
function fused(score: number, { pattern, frame }: RecaptureCues): number {
  const logit =
    Math.log(FUSION.confidence / (1 - FUSION.confidence)) +
    FUSION.scoreWeight * (score - FUSION.score) -
    FUSION.patternWeight * Math.max(0, pattern - FUSION.pattern) -
    FUSION.frameWeight * Math.max(0, frame - FUSION.frame);
  return 1 / (1 + Math.exp(-logit));
}
