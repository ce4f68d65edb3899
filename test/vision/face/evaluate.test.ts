import assert from "node:assert/strict";
import { it } from "node:test";
import { type FacePair, facesSummary, rocCurve } from "../../../src/vision/face/evaluate.ts";

const pairs = (same: boolean, ...similarities: (number | null)[]): FacePair[] =>
  similarities.map((similarity) => ({ same, similarity }));

it("counts errors at the threshold, a face that was not found among the pairs that do not match", () => {
  const given = [...pairs(true, 0.9, 0.5, null), ...pairs(false, 0.6, 0.1, null)];
  const summary = facesSummary(given, 0.55);
  assert.equal(summary.pairs, 6);
  assert.equal(summary.threshold, 0.55);
  assert.equal(summary.errors, 3, "two genuine pairs refused, one impostor pair matched");
});

it("gives the area under the curve as the share of pairs in the right order, ties half", () => {
  const auc = (genuine: number[], impostor: number[]) =>
    facesSummary([...pairs(true, ...genuine), ...pairs(false, ...impostor)], 0.5).auc;
  assert.equal(auc([0.8, 0.9], [0.1, 0.2]), 1);
  assert.equal(auc([0.1, 0.2], [0.8, 0.9]), 0);
  assert.equal(auc([0.5], [0.5]), 0.5);
  // 0.3 is below one impostor, 0.7 above both: 3 of 4 in order.
  assert.equal(auc([0.3, 0.7], [0.2, 0.5]), 0.75);
});

it("gives the share of genuine pairs refused where so many impostor pairs match", () => {
  const impostor = Array.from({ length: 200 }, (_, i) => i / 1000);
  // 1% of 200 are two: the third highest impostor (0.197) must not match.
  const summary = facesSummary([...pairs(true, 0.1975, 0.1985, 0.5, 0.6), ...pairs(false, ...impostor)], 0.3);
  assert.equal(summary["fnmr_at_fmr_1e-2"], 0);
  assert.equal(summary["fnmr_at_fmr_1e-3"], 0.5);
});

it("says nothing where only one kind of pair was given", () => {
  const summary = facesSummary(pairs(true, 0.9), 0.5);
  assert.deepEqual(summary, {
    pairs: 1,
    errors: 0,
    threshold: 0.5,
    auc: null,
    "fnmr_at_fmr_1e-2": null,
    "fnmr_at_fmr_1e-3": null,
  });
  assert.deepEqual(rocCurve([]), []);
});
