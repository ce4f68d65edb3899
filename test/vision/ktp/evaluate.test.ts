import assert from "node:assert/strict";
import { test } from "node:test";
import { KTP_FIELDS, type KtpField, type KtpOcrResult } from "../../../src/vision/facts.ts";
import { byField, compareKtp, ktpSummary, reliability } from "../../../src/vision/ktp/evaluate.ts";
import { FLAWLESS } from "../../support/quality.ts";

type Said = Partial<Record<KtpField, readonly [value: string | null, confidence: number]>>;

/** A reading that says no more than it is given. */
function result(said: Said): KtpOcrResult {
  const fields = Object.fromEntries(
    KTP_FIELDS.map((field) => {
      const [value, confidence] = said[field] ?? [null, 0];
      return [field, { value, raw: value, confidence, box: null, source: "ocr" as const }];
    }),
  ) as KtpOcrResult["fields"];
  const values = Object.fromEntries(KTP_FIELDS.map((f) => [f, fields[f].value])) as Record<
    KtpField,
    string | null
  >;
  return { ...values, confidence: 0, fields, checks: [], quality: FLAWLESS };
}

const NIK = "3217060112870001";
const right = compareKtp(
  { nik: NIK, name: "BUDI SANTOSO", address: "JL. MERDEKA NO. 1" },
  result({ nik: [NIK, 0.99], name: ["BUDISANTOSO", 0.9], address: ["JL. MERDEKA NO. 7", 0.97] }),
);
const wrongNik = compareKtp({ nik: NIK }, result({ nik: ["3217060112870007", 0.91] }));

test("a field is exact, right but for its spaces, or missed", () => {
  assert.deepEqual(
    right.map(({ field, outcome }) => [field, outcome]),
    [
      ["nik", "exact"],
      ["name", "spacing"],
      ["address", "miss"],
    ],
  );
});

test("what has no truth is not counted; what could not be read is a miss", () => {
  assert.deepEqual(compareKtp({ nik: null, issue_place: "X" }, result({ nik: [NIK, 1] })), []);
  assert.deepEqual(compareKtp({ nik: NIK }, null), [
    { field: "nik", expected: NIK, got: null, confidence: 0, outcome: "miss" },
  ]);
});

test("the summary counts cards, fields, NIKs and NIKs wrongly said with confidence", () => {
  assert.deepEqual(ktpSummary([right, wrongNik]), {
    cards: 2,
    fields: 4,
    exact: 1,
    exact_but_spacing: 2,
    nik_exact: 1,
    confident_wrong_nik: 1,
    sure: 2,
    sure_exact: 1,
  });
  const unsure = compareKtp({ nik: NIK }, result({ nik: ["3217060112870007", 0.9] }));
  assert.equal(ktpSummary([unsure]).confident_wrong_nik, 0);
  assert.equal(ktpSummary([compareKtp({ nik: NIK }, null)]).confident_wrong_nik, 0);
});

test("the tables by field and by confidence count what was said", () => {
  assert.deepEqual(byField([right, wrongNik]), [
    { field: "nik", fields: 2, exact: 1, exact_but_spacing: 1 },
    { field: "name", fields: 1, exact: 0, exact_but_spacing: 1 },
    { field: "address", fields: 1, exact: 0, exact_but_spacing: 0 },
  ]);
  const rows = reliability([right, wrongNik]);
  assert.equal(
    rows.reduce((sum, { said }) => sum + said, 0),
    4,
  );
  assert.deepEqual(rows.at(-1), { from: 0.99, to: 1, said: 1, exact: 1 });
});
