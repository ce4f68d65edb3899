import type { FaceResult } from "@vladmandic/human";
import { headPose } from "../../../src/vision/face/pose.ts";
import type { Posture } from "../../../src/vision/liveness/trajectory.ts";

/** Corners, upper and lower lid of each eye, in MediaPipe's mesh. */
const EYES = [
  { corners: [33, 133], lids: [159, 145] },
  { corners: [263, 362], lids: [386, 374] },
] as const;
const LIPS = [13, 14] as const;
const OUTER_CORNERS = [33, 263] as const;

/** Between the lids over an eye's width: shut, and open. The mesh shuts an eye less far than the lids do. */
const EYE = { shut: 0.1, open: 0.33 };
/** Between the lips over the distance of the eyes' outer corners, as the service measures it. */
const MOUTH = { closed: 0.02, open: 0.35 };

const share = (value: number, from: number, to: number) =>
  Math.max(0, Math.min(1, (value - from) / (to - from)));

/** How a face is held, in the units in which the service measures movements; to guide by, not to judge. */
export function postureOf({ mesh }: Pick<FaceResult, "mesh">, at: number): Posture {
  const points = mesh.map(([x, y, z = 0]): [number, number, number] => [x, y, z]);
  const apart = ([a, b]: readonly [number, number]) =>
    Math.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]);
  const { yaw, pitch } = headPose(points);
  const eyes = EYES.map(({ corners, lids }) => apart(lids) / apart(corners));
  const [left, right] = OUTER_CORNERS.map((i) => points[i]);
  return {
    at,
    eyes: share(Math.min(...eyes), EYE.shut, EYE.open),
    mouth: share(apart(LIPS) / apart(OUTER_CORNERS), MOUTH.closed, MOUTH.open),
    yaw,
    pitch,
    size: Math.hypot(left[0] - right[0], left[1] - right[1], left[2] - right[2]),
  };
}
