import assert from "node:assert/strict";
import { test } from "node:test";
import type { Level } from "../../../src/sample/sample.ts";
import { type FieldOutcome, ktpSummary, reliability } from "../../../src/vision/ktp/evaluate.ts";
import { missesOf, readSample, textModels } from "./support.ts";

const SEED = 4242;
/** Cards of each level. */
const CARDS = 100;
const LEVELS: readonly Level[] = [0, 1];
/** Least share of exact fields, and of exact fields among those said with at least `sure`. */
const GOAL = { exact: 0.99, sure: 0.95, reliable: 0.99 } as const;

test(`${CARDS * LEVELS.length} generated cards: 99% of fields and every NIK exact`, async (t) => {
  const models = await textModels();
  const cards: (readonly FieldOutcome[])[] = [];
  try {
    for (const level of LEVELS) {
      for (let index = 0; index < CARDS; index++) {
        const { outcomes } = await readSample(SEED + level, index, level, models);
        cards.push(outcomes);
        for (const miss of missesOf(outcomes)) t.diagnostic(`level ${level}, card ${index + 1}, ${miss}`);
      }
      t.diagnostic(`level ${level}: ${JSON.stringify(ktpSummary(cards.slice(-CARDS)))}`);
    }
  } finally {
    await models.close();
  }
  const summary = ktpSummary(cards);
  for (const row of reliability(cards)) t.diagnostic(JSON.stringify(row));
  assert.ok(summary.exact >= GOAL.exact * summary.fields, `${summary.exact} of ${summary.fields} fields`);
  assert.equal(summary.nik_exact, summary.cards);
  assert.equal(summary.confident_wrong_nik, 0);
  const sure = reliability(cards).filter(({ from }) => from >= GOAL.sure);
  const [said, exact] = [sure.reduce((n, r) => n + r.said, 0), sure.reduce((n, r) => n + r.exact, 0)];
  assert.ok(exact >= GOAL.reliable * said, `${exact} exact of ${said} said with ${GOAL.sure} or more`);
});
