import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../../src/sample/random.ts";
import { type Example, FIT, fitFusion } from "../../../src/vision/liveness/fit.ts";
import { CLEAR, CUE_NAMES, FUSIONS, fuse, type Measures } from "../../../src/vision/liveness/fusion.ts";

const USUAL = {
  pattern: 13,
  colour_grain: 0.4,
  frame: 0.5,
  tonal_range: 0.8,
  black_level: 0.2,
  colourfulness: 0.6,
  highlights: 0,
  eye_rim: 0,
};

/** People and attacks that differ in some measures, each by chance about as much as real ones. */
function examples(seed: number): Example[] {
  const random = new Random(seed);
  const like = (label: string, measures: Partial<Record<keyof Measures, number>>): Example => {
    const at = { near: 0.97, wide: 0.97, ...USUAL, ...measures };
    return {
      label,
      measures: {
        ...at,
        near: Math.min(0.999, Math.max(0.001, at.near + 0.02 * random.normal())),
        wide: Math.min(0.999, Math.max(0.001, at.wide + 0.02 * random.normal())),
        pattern: at.pattern + 1.5 * random.normal(),
        black_level: Math.max(0, at.black_level + 0.05 * random.normal()),
        frame: Math.max(0, Math.min(1, at.frame + 0.1 * random.normal())),
      },
    };
  };
  return Array.from({ length: 40 }, () => [
    like("live", {}),
    like("print", { near: 0.3, wide: 0.6, black_level: 0.6 }),
    like("replay", { near: 0.2, wide: 0.4, pattern: 30 }),
  ]).flat();
}

describe("fitting how the measures become one confidence", () => {
  it("gives the same numbers for the same examples, and puts the threshold between people and attacks", () => {
    const known = examples(1);
    const fusion = fitFusion(known, true);
    assert.deepEqual(fitFusion(known, true), fusion);
    for (const { label, measures } of examples(2)) {
      const passes = fuse(measures, fusion) >= FIT.threshold;
      // Two in a hundred of the living are met with doubt by each cue.
      if (label !== "live") assert.equal(passes, false, `${label} ${JSON.stringify(measures)}`);
    }
    const living = examples(2).filter(({ label }) => label === "live");
    const refused = living.filter(({ measures }) => fuse(measures, fusion) < FIT.threshold);
    assert.ok(refused.length <= 2, `${refused.length} of ${living.length}`);
    assert.ok(fusion.real > 0);
    assert.ok(fusion.cues.pattern.weight > 0 && fusion.cues.black_level.weight > 0);
  });

  it("takes the cues alone where the networks are absent", () => {
    const fusion = fitFusion(examples(1), false);
    assert.equal(fusion.real, 0);
    const of = (label: string) => examples(3).filter((one) => one.label === label);
    const mean = (label: string) =>
      of(label).reduce(
        (sum, { measures }) => sum + fuse({ ...measures, near: null, wide: null }, fusion),
        0,
      ) / of(label).length;
    assert.ok(mean("live") > FIT.threshold && mean("replay") < 0.4, `${mean("live")} ${mean("replay")}`);
  });

  it("needs people and attacks", () => {
    const known = examples(1);
    for (const some of [
      known.filter(({ label }) => label === "live"),
      known.filter(({ label }) => label !== "live"),
      [],
    ])
      assert.throws(() => fitFusion(some, true), RangeError);
  });
});

describe("the fitted numbers in force", () => {
  const living: Measures = { near: 0.99, wide: 0.99, ...USUAL };

  it("let no cue speak against an attack", () => {
    for (const fusion of Object.values(FUSIONS)) {
      const at = fuse(living, fusion);
      assert.ok(fusion.real >= 0);
      for (const cue of CUE_NAMES) {
        const { weight, scale } = fusion.cues[cue];
        assert.ok(weight >= 0 && scale > 0, cue);
        for (const by of [-50 * scale, 50 * scale])
          assert.ok(fuse({ ...living, [cue]: living[cue] + by }, fusion) <= at + 1e-9, cue);
      }
    }
  });

  it("let nothing make up for what one strong measure shows clearly", () => {
    const { minifasnet } = FUSIONS;
    assert.ok(fuse(living, minifasnet) > FIT.threshold);
    for (const clear of [{ near: 0.05, wide: 0.1 }, { pattern: 45 }])
      assert.ok(fuse({ ...living, ...clear }, minifasnet) <= CLEAR.most, JSON.stringify(clear));
  });
});
