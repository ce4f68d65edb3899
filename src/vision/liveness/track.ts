import { cut, halved } from "../face/crop.ts";
import { type DetectedFace, detect } from "../face/detect.ts";
import { shapeOf } from "../face/face.ts";
import { at, distance, type FaceMesh, mesh } from "../face/mesh.ts";
import { LEFT_EYE, RIGHT_EYE } from "../face/points.ts";
import { blur } from "../face/quality.ts";
import { luma, type Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { PLATE, type Plate, plateOf } from "./plate.ts";
import type { Posture } from "./trajectory.ts";

/** A whole frame, tiny, in grey. */
export interface Scene {
  /** {@link SCENE} × {@link SCENE} values, 0..255, and their mean. */
  readonly light: Float32Array;
  readonly mean: number;
}

/** What is kept of one frame; its pixels are not. */
export interface Tracked extends Posture {
  readonly face: DetectedFace;
  readonly mesh: FaceMesh;
  readonly plate: Plate;
  readonly scene: Scene;
  /** Crété's blur of the face, 0 sharp .. 1 blurred. */
  readonly blur: number;
  /** Faces that are large enough to be another person before the camera. */
  readonly faces: number;
}

/** Side of the tiny picture by which scenes are compared, in pixels. */
export const SCENE = 32;
/** A second face counts from this share of the first one's width and this score on, as in a selfie. */
const SECOND = { width: 0.5, score: 0.7 } as const;

/** Longer side of what the detector looks at, in pixels: halving a frame that has twice as many hides nothing from it. */
const DETECTOR_SIDE = 256;

/** A face found in a picture whose pixels are `times` × `times` of the frame's, as it lies in the frame. */
function enlarged({ box, score, points }: DetectedFace, times: number): DetectedFace {
  const place = (v: number) => (v + 0.5) * times - 0.5;
  return {
    box: { x: place(box.x), y: place(box.y), width: box.width * times, height: box.height * times },
    score,
    points: points.map(([x, y]) => [place(x), place(y)]),
  };
}

/** Finds and measures the face of one frame; null where there is none. */
export async function track(image: Pixels, time: number, models: Models): Promise<Tracked | null> {
  const small = Math.max(image.width, image.height) >= 2 * DETECTOR_SIDE ? halved(image) : image;
  const times = small === image ? 1 : 2;
  const seen = (await detect(small, models)).map((found) => enlarged(found, times));
  const [face, ...others] = seen.toSorted((a, b) => b.box.width - a.box.width);
  if (!face) return null;
  const surface = await mesh(image, face, models);
  const shape = await shapeOf(image, surface, models);
  const plate = plateOf(image, surface);
  const isSecond = ({ box, score }: DetectedFace) =>
    box.width >= SECOND.width * face.box.width && score >= SECOND.score;
  return {
    at: time,
    eyes: shape.eyeOpenness,
    mouth: shape.mouthOpenness,
    yaw: shape.pose.yaw,
    pitch: shape.pose.pitch,
    size: sizeOf(surface),
    face,
    mesh: surface,
    plate,
    scene: sceneOf(small),
    blur: blur(plate.light, PLATE),
    faces: 1 + others.filter(isSecond).length,
  };
}

/** Top of the forehead, and base of the nose: as far apart as the eyes' outer corners, and moved by no expression. */
const UPRIGHT = [10, 2] as const;

/**
 * How large the face is in the picture: a turn makes it narrower and a nod lower, but not both, so the larger of the two
 * stays as it is. The mesh's depth, which is a guess, has no part in it.
 */
function sizeOf({ points }: FaceMesh): number {
  return Math.max(
    distance(at(points, LEFT_EYE.outer), at(points, RIGHT_EYE.outer)),
    distance(at(points, UPRIGHT[0]), at(points, UPRIGHT[1])),
  );
}

function sceneOf(image: Pixels): Scene {
  const [kx, ky] = [image.width / SCENE, image.height / SCENE];
  const light = luma(cut(image, [kx, 0, (kx - 1) / 2, 0, ky, (ky - 1) / 2, 0, 0, 1], SCENE, SCENE));
  return { light, mean: light.reduce((sum, v) => sum + v, 0) / light.length };
}
