import assert from "node:assert/strict";
import { test } from "node:test";
import { drawCurves } from "../../src/cli/curves.ts";
import { rocCurve } from "../../src/vision/face/evaluate.ts";

const pairs = (same: boolean, ...similarities: number[]) =>
  similarities.map((similarity) => ({ same, similarity }));

/** Corners of the n-th curve's staircase, in pixels. */
function corners(svg: string, n: number): [x: number, y: number][] {
  const path = [...svg.matchAll(/<path d="(M[^"]+)" fill="none"/g)][n][1];
  let [x, y] = [0, 0];
  return [...path.matchAll(/([MHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)].map(([, step, a, b]) => {
    if (step === "M") [x, y] = [Number(a), Number(b)];
    else if (step === "H") x = Number(a);
    else y = Number(a);
    return [x, y];
  });
}

test("draws both curves inside of their frames, from nothing matched to all matched", () => {
  const svg = drawCurves("a < b", rocCurve([...pairs(true, 0.9, 0.6, 0.4), ...pairs(false, 0.5, 0.1)]), 0.55);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/);
  assert.match(svg, /a &#60; b/);
  const frame = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/
    .exec(svg)!
    .slice(1)
    .map(Number);
  const [left, top, width, height] = frame;
  const [right, bottom] = [left + width, top + height];
  const [roc, det] = [corners(svg, 0), corners(svg, 1)];
  for (const [x, y] of [...roc, ...det])
    assert.ok(x >= left && x <= right && y >= top && y <= bottom, `${x} ${y} of ${frame}`);
  assert.deepEqual(roc[0], [left, bottom], "nothing matches, nobody is matched");
  assert.deepEqual(roc.at(-1), [right, top], "all match");
  assert.deepEqual(det[0], [left, top], "nothing matches: all genuine pairs are refused");
  assert.deepEqual(det.at(-1), [right, bottom]);
  // At FMR 50% the normal deviate is 0: the middle of the axis.
  assert.ok(det.some(([x]) => Math.abs(x - (left + right) / 2) < 0.2));
  // Two of three genuine pairs are above the threshold in force, no impostor pair is.
  const [, x, y] = /<circle cx="([\d.]+)" cy="([\d.]+)"/.exec(svg)!.map(Number);
  assert.equal(x, left);
  assert.ok(Math.abs(y - (bottom - (2 / 3) * height)) < 0.2);
});
