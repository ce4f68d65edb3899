import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawNotAKtp, NOT_A_KTP_KINDS } from "../../../src/sample/sample.ts";
import { lookAtKtp } from "../../../src/vision/look.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { textModels } from "./support.ts";

const SEEDS = [401, 402, 403, 404, 405, 406, 407];
/** What the policy takes for a KTP. */
const TAKEN_FROM = 0.5;

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

for (const kind of NOT_A_KTP_KINDS) {
  test(`no ${kind} is taken for a KTP`, async (t) => {
    for (const seed of SEEDS) {
      const { ktpScore, hints } = await lookAtKtp(await drawNotAKtp(seed, kind), models);
      t.diagnostic(`${kind} ${seed}: ${ktpScore.toFixed(2)} ${hints.join(", ")}`);
      assert.ok(ktpScore < TAKEN_FROM, `seed ${seed}: score ${ktpScore}`);
      assert.ok(hints.length > 0, `seed ${seed}: nothing is said of it`);
    }
  });
}
