import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { openStage, type Stage } from "../../../src/sample/attacks/attacks.ts";
import { FLAT } from "../../../src/sample/attacks/flat.ts";
import { drawPuppet, type Motion, REST, solid } from "../../../src/sample/attacks/puppet.ts";
import { camera } from "../../../src/sample/attacks/sequence.ts";
import { addNoise } from "../../../src/sample/pixels.ts";
import { drawSelfiePicture } from "../../../src/sample/portrait.ts";
import { Random } from "../../../src/sample/random.ts";
import { SEQUENCE } from "../../../src/vision/liveness/active.ts";
import type { Plate } from "../../../src/vision/liveness/plate.ts";
import { reliefIn } from "../../../src/vision/liveness/relief.ts";
import { track } from "../../../src/vision/liveness/track.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { faceModels } from "../face/support.ts";

let models: Models;
let stage: Stage;
before(async () => {
  models = await faceModels();
  stage = await openStage(await drawSelfiePicture("6d", 3, "relief"), models);
});
after(() => models.close());

/** Plates of a face that turns by steps of four degrees to the farthest, and by how much it seems to turn. */
async function turn(motion: Motion, farthest: number, from = 0): Promise<{ plates: Plate[]; sine: number }> {
  const random = new Random(5);
  const eye = camera(random);
  const plates: Plate[] = [];
  const yaws: number[] = [];
  const steps = Math.round(Math.abs(farthest - from) / 4);
  for (let i = 0; i <= steps; i++) {
    const pose = { ...REST, yaw: from + ((farthest - from) * i) / steps };
    const picture = drawPuppet(
      stage.puppet,
      motion(stage.puppet, pose),
      eye.view(i * 100, stage.puppet.photograph),
      480,
      640,
    );
    addNoise(picture, random, 2);
    const seen = await track(picture, i * 100, models);
    assert.ok(seen);
    plates.push(seen.plate);
    yaws.push(seen.yaw);
  }
  return { plates, sine: Math.sin(((yaws[steps] - yaws[0]) * Math.PI) / 180) };
}

it("sees the relief of a head that turns, whichever way, and none in pictures that are bent or pushed aside", async () => {
  const { likeness, parallax } = SEQUENCE.depth;
  for (const farthest of [20, -20]) {
    const { plates, sine } = await turn(solid, farthest);
    const seen = reliefIn(plates, sine);
    assert.ok(seen && seen.likeness > likeness && seen.parallax > parallax, JSON.stringify(seen));
    const back = reliefIn(plates.toReversed(), -sine);
    assert.ok(back && back.likeness > likeness && back.parallax > parallax, JSON.stringify(back));
    // The same movement of pixels said to be a turn the other way is none of a solid head.
    assert.ok((reliefIn(plates, -sine)?.likeness ?? 0) < 0);
  }
  for (const kind of ["bent", "shifted", "squeezed"] as const) {
    const { plates, sine } = await turn(FLAT[kind], 36);
    const seen = reliefIn(plates, sine);
    assert.ok((seen?.likeness ?? 0) < likeness - 0.05, `${kind}: ${JSON.stringify(seen)}`);
  }
});

it("says nothing of a face that was lost from sight", async () => {
  const { plates, sine } = await turn(solid, 20);
  const [first] = plates;
  const other = new Random(9);
  const noise: Plate = { ...first, light: first.light.map(() => 255 * other.next()) };
  assert.equal(reliefIn([first, noise], sine), null);
});
