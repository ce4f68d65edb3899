import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import sharp from "sharp";
import {
  makeCitizen,
  type Photograph,
  photographForged,
  photographKtp,
  type SampleCitizen,
  TAMPER_KINDS,
  type TamperKind,
  truthOf,
} from "../../src/sample/sample.ts";
import { KTP_FIELDS } from "../../src/vision/facts.ts";

const SEED = 61;
/** Fields that the kinds change, where they change what stands on a card. */
const CHANGED: Readonly<Partial<Record<TamperKind, readonly string[]>>> = {
  "birth-date": ["birth_date"],
  gender: ["gender"],
  region: ["nik"],
  "pasted-field": ["name", "address", "occupation"],
};
/** Two JPEGs' colours differ by more than this where something else is drawn. */
const DIFFERENT = 40;

describe("forged sample cards", () => {
  let holder: SampleCitizen;
  let untouched: Photograph;
  before(async () => {
    holder = await makeCitizen(SEED, 0);
    untouched = await photographKtp(holder, { level: 1 });
  });

  for (const kind of TAMPER_KINDS) {
    it(`${kind}: differs from the untouched card where it says so, and nowhere else`, async () => {
      const { photograph, citizen } = await photographForged(holder, kind, { level: 1 });
      const again = await photographForged(holder, kind, { level: 1 });
      assert.deepEqual(
        photograph.jpeg,
        again.photograph.jpeg,
        "the same citizen and kind give the same bytes",
      );
      const [truth, before] = [truthOf(citizen), truthOf(holder)];
      const changed = KTP_FIELDS.filter((field) => truth[field] !== before[field]);
      assert.equal(changed.length, kind in CHANGED ? 1 : 0, changed.join());
      for (const field of changed) assert.ok(CHANGED[kind]?.includes(field), field);
      const share = await differing(photograph.jpeg, untouched.jpeg);
      assert.ok(share > 0.0001, `only ${share} of its levels differ`);
      assert.ok(share < 0.1, `${share} of its levels differ`);
      assert.deepEqual(photograph.corners, untouched.corners);
    });
  }

  it("a pasted field carries the value that another citizen has there", async () => {
    const { citizen } = await photographForged(holder, "pasted-field", { level: 0 });
    const other = await makeCitizen(SEED, 2);
    const field = KTP_FIELDS.find((field) => citizen[field] !== holder[field]);
    assert.ok(field && other[field].startsWith(citizen[field]));
  });
});

/** Share of the colour levels that differ between two pictures of one size. */
async function differing(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([one, other].map((jpeg) => sharp(jpeg).autoOrient().raw().toBuffer()));
  assert.equal(a.length, b.length);
  return a.filter((level, i) => Math.abs(level - b[i]) > DIFFERENT).length / a.length;
}
