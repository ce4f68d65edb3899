import type { FaceResult } from "@vladmandic/human";
import type { Action } from "../../../src/vision/liveness/actions.ts";
import type { Posture } from "../../../src/vision/liveness/trajectory.ts";
import { follow } from "./follow.ts";
import { postureOf } from "./posture.ts";
import { type Frame, record } from "./recording.ts";
import type { Span } from "./thin-out.ts";

/** What the person is to do now. `number` counts from 0. */
export type Cue =
  | { readonly at: "ready" }
  | { readonly at: "do" | "back"; readonly number: number }
  | { readonly at: "last" };

/** Before the first movement and after the last, the face is seen at rest; milliseconds. */
const REST_MS = { before: 1000, after: 500 };
/** Postures from which the rest is known. */
const REST_POSTURES = 3;
/** For a movement that nobody follows: time to read, to do it and to come back. */
const PACE_MS = 3000;
/** Before the end of a movement that was followed, its frames are all wanted: the service gives none more time. */
const MOVEMENT_MS = 2500;
/** A movement that is not seen for so long is given up. */
const GIVE_UP_MS = 9000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Leads a person through the movements of a challenge while frames are taken.
 * @param look    the faces that are seen now; null where nothing can follow them: then each movement has its time
 * @param onCue   told what to do now
 * @param signal  ends it before its time
 * @returns the frames to be judged; null where a movement was not seen, or it was ended
 */
export async function perform(
  video: HTMLVideoElement,
  actions: readonly Action[],
  look: (() => Promise<readonly FaceResult[]>) | null,
  onCue: (cue: Cue) => void,
  signal: AbortSignal,
): Promise<readonly Frame[] | null> {
  const recording = record(video);
  const movements: Span[] = [];
  const posture = async (): Promise<Posture | null> => {
    const [face] = (await look?.()) ?? [];
    return face ? postureOf(face, performance.now()) : null;
  };
  const followed = async (rest: readonly Posture[], action: Action, number: number): Promise<boolean> => {
    const progress = follow(action, rest);
    const begun = performance.now();
    let back = false;
    while (!signal.aborted && performance.now() - begun < GIVE_UP_MS) {
      const [held] = await Promise.all([posture(), wait(0)]);
      if (held === null) continue;
      const now = progress(held);
      if (now === "done") {
        movements.push([held.at - MOVEMENT_MS, held.at + REST_MS.after]);
        return true;
      }
      if (now === "back" && !back) {
        back = true;
        onCue({ at: "back", number });
      }
    }
    return false;
  };

  try {
    onCue({ at: "ready" });
    const rest: Posture[] = [];
    const begun = performance.now();
    while (performance.now() - begun < REST_MS.before || (look && rest.length < REST_POSTURES)) {
      if (signal.aborted || performance.now() - begun > GIVE_UP_MS) return null;
      const [held] = await Promise.all([posture(), wait(look ? 0 : REST_MS.before)]);
      if (held) rest.push(held);
    }
    for (const [number, action] of actions.entries()) {
      onCue({ at: "do", number });
      if (look === null) await wait(PACE_MS);
      else if (!(await followed(rest, action, number))) return null;
      if (signal.aborted) return null;
    }
    onCue({ at: "last" });
    await wait(REST_MS.after);
    return signal.aborted ? null : recording.stop(look && movements);
  } finally {
    recording.stop(null);
  }
}
