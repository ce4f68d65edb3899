import assert from "node:assert/strict";
import { test } from "node:test";
import {
  birthDigits,
  isoDate,
  likeliestNik,
  type NikEvidence,
  nikParts,
} from "../../../src/vision/ktp/nik.ts";

const NOW = new Date("2026-06-15T00:00:00Z");

test("a NIK tells province, regency, district, birth date, gender and serial", () => {
  assert.deepEqual(nikParts("3217065803900002", NOW), {
    province: "32",
    regency: "32.17",
    district: "32.17.06",
    birthDate: "1990-03-18",
    gender: "PEREMPUAN",
    serial: "0002",
  });
});

test("the century is the one that makes the holder 17 to 120 years old, the later one first", () => {
  const year = (yy: string) => nikParts(`32170618${"03"}${yy}0002`, NOW).birthDate?.slice(0, 4);
  assert.deepEqual(["90", "26", "10", "09", "08", "05", "00"].map(year), [
    "1990",
    "1926",
    "1910",
    "2009",
    "2008",
    "2005",
    "2000",
  ]);
});

test("a day that the calendar has not is no birth date", () => {
  for (const ddmmyy of ["310290", "730290", "001290", "181390", "320190"])
    assert.equal(nikParts(`321706${ddmmyy}0002`, NOW).birthDate, null, ddmmyy);
  assert.equal(isoDate(2023, 2, 29), null);
  assert.equal(isoDate(2024, 2, 29), "2024-02-29");
});

test("a woman's day is 40 more", () => {
  assert.equal(birthDigits("1990-03-07", "PEREMPUAN"), "470390");
  assert.equal(birthDigits("1990-03-07", "LAKI-LAKI"), "070390");
});

const NIK = "3217065803900002";
const EVIDENCE: NikEvidence = {
  province: "32",
  city: "32.17",
  district: "32.17.06",
  birthDate: "1990-03-18",
  gender: "PEREMPUAN",
  hasDistrict: (code) => ["32.17.06", "32.17.08", "32.77.06"].includes(code),
};
const NOTHING: NikEvidence = {
  province: null,
  city: null,
  district: null,
  birthDate: null,
  gender: null,
  hasDistrict: () => true,
};

/** Chances for the digits of {@link NIK}; at some places another digit takes a share. */
const chances = (others: Readonly<Record<number, readonly [digit: number, chance: number]>> = {}) =>
  [...NIK].map((digit, place) => {
    const of = new Array<number>(10).fill(0);
    const [other, chance] = others[place] ?? [Number(digit), 0];
    of[Number(digit)] = 1 - chance;
    of[other] += chance;
    return of;
  });

test("a NIK without doubt is taken as it is, whatever the card says", () => {
  const against = {
    ...EVIDENCE,
    city: "11.07",
    province: "11",
    district: "11.07.01",
    birthDate: "1971-01-02",
  };
  for (const evidence of [EVIDENCE, NOTHING, against])
    assert.deepEqual(likeliestNik(chances(), evidence), { value: NIK, share: 1, mended: false });
});

/** Where the network likes a wrong digit better, the rest of the card decides. */
for (const [what, place, digit] of [
  ["regency", 2, 7],
  ["day of birth", 7, 3],
  ["year of birth", 10, 8],
  ["gender", 6, 1],
] as const) {
  test(`a doubtful digit of the ${what} is mended by the card`, () => {
    const read = likeliestNik(chances({ [place]: [digit, 0.6] }), EVIDENCE);
    assert.equal(read.value, NIK);
    assert.equal(read.mended, true);
    assert.ok(read.share > 0.9, `share ${read.share}`);
  });
}

test("only a single digit is mended: two that contradict the card leave the NIK as it was read, in doubt", () => {
  const read = likeliestNik(chances({ 3: [1, 0.55], 10: [8, 0.7] }), EVIDENCE);
  assert.equal(read.value, "3211065803800002");
  assert.equal(read.mended, false);
  assert.ok(read.share < 0.1, `share ${read.share}`);
});

test("nothing is mended where province, regency, birth date or gender was not read, or the district alone speaks", () => {
  const wrong = chances({ 7: [3, 0.6] });
  for (const unread of ["province", "city", "birthDate", "gender"] as const)
    assert.equal(likeliestNik(wrong, { ...EVIDENCE, [unread]: null }).mended, false, unread);
  assert.equal(likeliestNik(chances({ 5: [8, 0.6] }), EVIDENCE).mended, false);
});

test("a digit whose mending would still contradict the card is left", () => {
  const moved = { ...EVIDENCE, city: "32.77", district: "32.77.06" };
  const read = likeliestNik(chances({ 7: [3, 0.6] }), moved);
  assert.equal(read.value[7], "3");
  assert.equal(read.mended, false);
});

test("a doubtful digit that nothing else tells of stays doubtful", () => {
  const read = likeliestNik(chances({ 13: [8, 0.45] }), EVIDENCE);
  assert.equal(read.value, NIK);
  assert.ok(Math.abs(read.share - 0.55) < 1e-6);
  const other = likeliestNik(chances({ 13: [8, 0.6] }), EVIDENCE);
  assert.equal(other.value[13], "8");
  assert.equal(other.mended, false);
});

test("a chance below the least makes no candidate, however well it would agree", () => {
  const read = likeliestNik(chances({ 10: [8, 0.99] }), EVIDENCE);
  assert.equal(read.value[10], "8");
  assert.equal(read.mended, false);
});
