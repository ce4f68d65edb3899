import assert from "node:assert/strict";
import { it } from "node:test";
import { type LivenessCase, livenessSummary } from "../../../src/vision/liveness/evaluate.ts";

it("rates attacks that pass by kind, people who are refused, and the mean of the worse", () => {
  const cases = (label: LivenessCase["label"], ...confidences: (number | null)[]): LivenessCase[] =>
    confidences.map((confidence) => ({ label, confidence }));
  const given = [
    ...cases("live", 0.9, 0.7, 0.6, null),
    ...cases("print", 0.1, 0.2, null, 0.8),
    ...cases("replay", 0.7, 0.1),
  ];
  assert.deepEqual(livenessSummary(given, 0.7), {
    files: 10,
    threshold: 0.7,
    apcer: { print: 0.25, replay: 0.5, cutout: null },
    bpcer: 0.5,
    acer: 0.5,
  });
  assert.deepEqual(livenessSummary(cases("live", 0.9), 0.7), {
    files: 1,
    threshold: 0.7,
    apcer: { print: null, replay: null, cutout: null },
    bpcer: 0,
    acer: null,
  });
});
