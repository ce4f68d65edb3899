import assert from "node:assert/strict";
import { test } from "node:test";
import { film, openStage } from "../../src/sample/attacks/attacks.ts";
import { drawSelfie, makeCitizen } from "../../src/sample/sample.ts";
import { decodeImage } from "../../src/vision/image.ts";
import { track } from "../../src/vision/liveness/track.ts";
import { follow } from "../../web/src/capture/follow.ts";
import { thinOut, thinRest } from "../../web/src/capture/thin-out.ts";
import { faceModels } from "../vision/face/support.ts";

test("the page goes along with movements in their order, as the networks see them", async () => {
  const models = await faceModels();
  try {
    const stage = await openStage(await drawSelfie(await makeCitizen(73, 0)), models);
    const actions = ["turn_left", "blink", "open_mouth"] as const;
    const frames = await film(stage, { kind: "live", actions, seed: 3 });
    const postures = await Promise.all(
      frames.map(async ({ at, jpeg }) => track(await decodeImage(jpeg, 480), at, models)),
    );
    const seen = postures.filter((posture) => posture !== null);
    assert.equal(seen.length, frames.length);
    const rest = seen.splice(0, 3);
    for (const action of actions) {
      const progress = follow(action, rest);
      const told: string[] = [];
      for (let posture = seen.shift(); posture; posture = seen.shift()) {
        const now = progress(posture);
        if (told.at(-1) !== now) told.push(now);
        if (now === "done") break;
      }
      assert.deepEqual(told, ["do", "back", "done"], action);
    }
    // Nobody does anything any more.
    const late = follow("turn_right", rest);
    assert.deepEqual(new Set(seen.map(late)), new Set(seen.length > 0 ? ["do"] : []));
  } finally {
    await models.close();
  }
});

test("of too many frames those are sent that cover the whole time evenly", () => {
  const frames = Array.from({ length: 143 }, (_, i) => ({ at: i * 100 + (i % 3) * 7 }));
  const left = thinOut(frames, 60);
  assert.equal(left.length, 60);
  assert.equal(left[0], frames[0]);
  assert.equal(left.at(-1), frames.at(-1));
  const gaps = left.slice(1).map(({ at }, i) => at - left[i].at);
  assert.ok(Math.min(...gaps) >= 90 && Math.max(...gaps) <= 330, gaps.join());
  const few = frames.slice(0, 5);
  assert.deepEqual(thinOut(few, 60), few);
});

test("a movement keeps its frames, the waiting for it does not", () => {
  const frames = Array.from({ length: 200 }, (_, i) => ({ at: i * 100 }));
  const left = thinOut(thinRest(frames, [[8_000, 10_000]]), 60).map(({ at }) => at);
  assert.ok(left.length <= 60);
  assert.deepEqual(
    left.filter((at) => at >= 8_000 && at <= 10_000),
    Array.from({ length: 21 }, (_, i) => 8_000 + i * 100),
  );
  assert.ok(left.slice(1).every((at, i) => at - left[i] <= 500));
});
