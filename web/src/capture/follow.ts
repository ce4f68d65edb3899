import type { Action } from "../../../src/vision/liveness/actions.ts";
import { MOVEMENTS, type Posture, restOf } from "../../../src/vision/liveness/trajectory.ts";

/** How far a movement has come: to be done, far enough and on the way back, over. */
export type Progress = "do" | "back" | "done";

/**
 * Goes along with one movement, by the service's own measure of it.
 * @param before  postures of the face at rest, at least one
 * @returns told each posture, says how far the movement has come
 */
export function follow(action: Action, before: readonly Posture[]): (posture: Posture) => Progress {
  const kind = MOVEMENTS.find((one) => one.action === action);
  if (!kind) return () => "done";
  const rest = restOf(before);
  let progress: Progress = "do";
  return (posture) => {
    const reach = kind.of(posture, rest);
    if (progress === "do" && reach >= kind.reach) progress = "back";
    else if (progress === "back" && reach < kind.rest) progress = "done";
    return progress;
  };
}
