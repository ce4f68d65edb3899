import { openStage } from "../../src/sample/attacks/attacks.ts";
import { drawPuppet, type Motion, solid } from "../../src/sample/attacks/puppet.ts";
import { camera, expose, perform } from "../../src/sample/attacks/sequence.ts";
import { Random } from "../../src/sample/random.ts";
import type { Action } from "../../src/vision/liveness/actions.ts";
import type { Models } from "../../src/vision/models/models.ts";

/** Chromium plays motion JPEG at 30 frames a second; each is drawn for two, no two looks a tenth apart see one twice. */
const DRAWN_PER_SECOND = 15;
const VIEW = { width: 480, height: 640 };
/** How much of a photograph's own turn is taken back, as the sample generator's bona fide sequences have it. */
const FACED = 0.6;

/**
 * A clip for Chromium's fake camera: a person at rest, who then does what is asked for, and is at rest again.
 * @param motion  how the photograph is moved: as a solid head, where it is left out, or as a flat picture
 * @param restMs  at rest before the first movement, and after the last
 * @returns motion JPEG
 */
export async function acted(
  selfie: Uint8Array,
  actions: readonly Action[],
  {
    seed,
    restMs,
    models,
    motion = solid,
  }: { seed: number; restMs: readonly [before: number, after: number]; models: Models; motion?: Motion },
): Promise<Uint8Array> {
  const { puppet, yaw } = await openStage(selfie, models);
  const random = new Random(seed, "acted", actions.join());
  const { length, pose } = perform(actions, random, -FACED * yaw);
  const eye = camera(random);
  const [before, after] = restMs;
  const frames: Uint8Array[] = [];
  for (let at = 0; at < before + length + after; at += 1000 / DRAWN_PER_SECOND) {
    const view = eye.view(at, puppet.photograph);
    const drawn = drawPuppet(puppet, motion(puppet, pose(at - before)), view, VIEW.width, VIEW.height);
    const jpeg = await expose(drawn, eye, at, random);
    frames.push(jpeg, jpeg);
  }
  return Buffer.concat(frames);
}
