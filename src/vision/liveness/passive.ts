import type { MeasuredFace } from "../face/face.ts";
import { grade, type Ramp } from "../face/quality.ts";
import type { LivenessResult } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { recaptureCues } from "./cues.ts";
import { FUSIONS, fuse, type Measures } from "./fusion.ts";
import { baselineSpoofing, hasStrongSpoofing, meshBox, type SpoofVerdict, strongSpoofing } from "./spoof.ts";
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

/** The baseline networks' share of the confidence where the strong pack is absent: too little to pass or refuse. */
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

/** All that is measured of one picture. */
export interface Measured {
  readonly measures: Measures;
  /** What the strong pack says; null where it is absent. */
  readonly verdict: SpoofVerdict | null;
  readonly texture: number;
}

/** Asks the networks, and looks for what a second camera leaves. @param image  as the camera gave it, not warped */
export async function measurePicture(
  image: Pixels,
  { facts, mesh }: MeasuredFace,
  models: Models,
): Promise<Measured> {
  const verdict = hasStrongSpoofing(models) ? await strongSpoofing(image, mesh, facts.box, models) : null;
  const cues = recaptureCues(image, mesh, meshBox(mesh));
  return {
    measures: { ...cues, near: verdict?.near ?? null, wide: verdict?.wide ?? null },
    verdict,
    texture: skinTexture(image, mesh),
  };
}

/**
 * Judges from one picture whether a living person stood before the camera: what the networks and the cues make together
 * (see `fuse`), halved at worst where eyes, skin or quality speak against a living face. Without the strong pack the
 * cues stand alone, and the baseline's networks make a tenth.
 * @param image  the picture as the camera gave it, not warped
 */
export async function judgeLiveness(
  image: Pixels,
  face: MeasuredFace,
  models: Models,
  thresholds: LivenessThresholds,
): Promise<LivenessResult> {
  const { facts, mesh } = face;
  const { measures, verdict, texture } = await measurePicture(image, face, models);
  const evidence = Math.cbrt(
    grade(facts.eyeOpenness, EVIDENCE.eyes) *
      grade(texture, EVIDENCE.texture) *
      grade(facts.quality.score, EVIDENCE.quality),
  );
  const model = verdict ? "minifasnet" : "baseline";
  const fused = fuse(measures, FUSIONS[model]) * (0.5 + 0.5 * evidence);
  const score = verdict?.real ?? (await baselineSpoofing(image, meshBox(mesh), models));
  const confidence = verdict ? fused : (1 - BASELINE_SHARE) * fused + BASELINE_SHARE * score;
  const { near, wide, ...cues } = measures;
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
      model,
      model_decides: verdict !== null,
      ...(verdict && {
        print_score: verdict.print,
        replay_score: verdict.replay,
        near_score: near,
        wide_score: wide,
      }),
      ...cues,
    },
  };
}
