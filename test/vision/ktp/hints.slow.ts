import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawKtp, type EffectAsked, makeCitizen } from "../../../src/sample/sample.ts";
import type { Hint } from "../../../src/vision/facts.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { read, textModels } from "./support.ts";

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

const SEED = 611;
const CARDS = 2;
/** What is wrong with a photograph, how strongly, and what is to be said of it. */
const FAULTS: readonly (readonly [effect: EffectAsked, hint: Hint])[] = [
  [{ name: "defocus", strength: 1 }, "blurred"],
  [{ name: "motion", strength: 1 }, "blurred"],
  [{ name: "dark", strength: 1 }, "too_dark"],
  [{ name: "bright", strength: 1 }, "too_bright"],
  [{ name: "flash", strength: 0.6 }, "glare"],
  [{ name: "glare", strength: 1 }, "glare"],
  [{ name: "photocopy", strength: 0.5 }, "photocopy"],
  [{ name: "screen", strength: 0.6 }, "screen_capture"],
  [{ name: "cropped", strength: 0.4 }, "cropped"],
  [{ name: "upside-down" }, "rotated"],
  [{ name: "quarter-turn" }, "rotated"],
  [{ name: "low-resolution", strength: 1 }, "too_small"],
  [{ name: "two-cards", strength: 0.8 }, "two_cards"],
];

for (const [effect, hint] of FAULTS) {
  test(`${effect.name}: ${hint} is said`, async () => {
    for (let index = 0; index < CARDS; index++) {
      const { hints } = await read(
        await drawKtp(await makeCitizen(SEED, index), { effects: [effect] }),
        models,
      );
      assert.ok(hints.includes(hint), `card ${index + 1}: ${hints.join(", ") || "nothing"}`);
    }
  });
}

test("a copy's white paper is no glare", async () => {
  const copy = await drawKtp(await makeCitizen(95, 0), { effects: [{ name: "photocopy" }] });
  const { hints, result } = await read(copy, models);
  assert.ok(result.quality.glare > 0.1, "it is as white");
  assert.deepEqual(hints, ["photocopy"]);
});

test("a card without a fault has no hint, whatever it lies on", async () => {
  for (const name of ["wood", "cloth", "tiles", "clutter", "hand", "exif"] as const) {
    const { hints } = await read(await drawKtp(await makeCitizen(SEED, 0), { effects: [{ name }] }), models);
    assert.deepEqual(hints, [], name);
  }
});
