import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { drawKtp, makeCitizen, photographForged, type TamperKind } from "../../../src/sample/sample.ts";
import { DEFAULT_POLICY, suspected } from "../../../src/verification/policy.ts";
import type { KtpOcrResult } from "../../../src/vision/facts.ts";
import { openGazetteer } from "../../../src/vision/ktp/regions.ts";
import type { TamperMeasures } from "../../../src/vision/ktp/tamper/measure.ts";
import { TAMPER_WEIGHTS, tamperSigns } from "../../../src/vision/ktp/tamper/signs.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { read, TODAY, textModels } from "./support.ts";

const SEED = 5001;

describe("photographs of cards", () => {
  let models: Models;
  let untouched: KtpOcrResult;
  before(async () => {
    models = await textModels();
    untouched = (await read(await drawKtp(await makeCitizen(SEED, 0), { level: 1 }), models)).result;
  });
  after(() => models.close());

  test("an untouched card passes every check that could be made", () => {
    assert.deepEqual(untouched.tampering, { weight: 0, signs: [] });
    const made = untouched.checks.flatMap(({ name, weight }) => (weight === undefined ? [] : [name]));
    assert.deepEqual(made.toSorted(), Object.keys(TAMPER_WEIGHTS).toSorted());
  });

  const forged: readonly (readonly [kind: TamperKind, sign: keyof typeof TAMPER_WEIGHTS])[] = [
    ["nik-digits", "nik_digits_alike"],
    ["portrait-ground", "portrait_ground"],
    ["no-portrait", "portrait_present"],
    ["no-signature", "signature_present"],
  ];
  for (const [kind, sign] of forged) {
    test(`${kind}: ${sign} fails, and no other check does`, async () => {
      const { photograph } = await photographForged(await makeCitizen(SEED, 0), kind, { level: 1 });
      const { result } = await read(photograph.jpeg, models);
      assert.deepEqual(result.tampering, { weight: TAMPER_WEIGHTS[sign], signs: [sign] });
      assert.equal(result.nik, untouched.nik, "what stands there is read as it stands");
    });
  }
});

describe("signs", () => {
  const FINE: TamperMeasures = {
    portrait: { ground: "blue", bare: 0 },
    digit: 0.01,
    rim: 1.1,
    field: { name: "name", hardness: 1.05 },
    signature: 0.05,
  };
  const field = (value: string | null, confidence = 0.95) => ({
    value,
    raw: value,
    confidence,
    box: null,
    source: "ocr" as const,
  });
  const UNDERSTOOD = {
    fields: {
      nik: field("3217061804860001"),
      birth_date: field("1986-04-18"),
      gender: field("LAKI-LAKI"),
      nationality: field("WNI"),
    },
    checks: [
      { name: "nik_birth_date", ok: true, detail: "" },
      { name: "nik_gender", ok: true, detail: "" },
    ],
  };
  const signs = async (
    changes: Partial<TamperMeasures>,
    fields: object = {},
    failed: readonly string[] = [],
    legible = true,
  ) => {
    const understood = {
      fields: { ...UNDERSTOOD.fields, ...fields },
      checks: UNDERSTOOD.checks.map((check) => ({ ...check, ok: !failed.includes(check.name) })),
    };
    const { checks, tampering } = tamperSigns(
      { ...FINE, ...changes },
      understood as unknown as Parameters<typeof tamperSigns>[1],
      legible,
      await openGazetteer(),
      TODAY,
    );
    return { ...tampering, made: checks.flatMap(({ name, weight }) => (weight === undefined ? [] : [name])) };
  };

  test("each measure beyond its limit is one sign", async () => {
    const cases: readonly (readonly [Partial<TamperMeasures>, keyof typeof TAMPER_WEIGHTS])[] = [
      [{ portrait: { ground: "red", bare: 0 } }, "portrait_ground"],
      [{ portrait: { ground: null, bare: 0.9 } }, "portrait_present"],
      [{ digit: 0.1 }, "nik_digits_alike"],
      [{ rim: 1.6 }, "portrait_original"],
      [{ field: { name: "name", hardness: 1.4 } }, "fields_original"],
      [{ signature: 0 }, "signature_present"],
    ];
    for (const [changes, sign] of cases) {
      const { weight, signs: found } = await signs(changes);
      assert.deepEqual([weight, found], [TAMPER_WEIGHTS[sign], [sign]]);
    }
    assert.deepEqual((await signs({})).signs, []);
  });

  test("a NIK of a regency that never was is a sign, one of a former regency or another province is none", async () => {
    for (const [nik, found] of [
      ["3255061804860001", ["nik_region_known"]],
      ["9101061804860001", []],
      ["3576011804860001", []],
    ] as const)
      assert.deepEqual((await signs({}, { nik: field(nik) })).signs, found, nik);
  });

  test("what is not surely read contradicts nothing", async () => {
    const failed = ["nik_birth_date", "nik_gender"];
    assert.deepEqual((await signs({}, {}, failed)).signs, failed);
    assert.deepEqual((await signs({}, { nik: field("3255061804860001", 0.5) }, failed)).signs, []);
  });

  test("what cannot be told is left out, and no sign", async () => {
    const unknown = await signs({
      portrait: { ground: null, bare: 0 },
      digit: null,
      rim: null,
      field: null,
      signature: null,
    });
    assert.deepEqual(unknown.signs, []);
    for (const sign of [
      "portrait_ground",
      "nik_digits_alike",
      "portrait_original",
      "fields_original",
      "signature_present",
    ])
      assert.ok(!unknown.made.includes(sign), sign);
    const blurred = await signs({ rim: 2, digit: 1, field: { name: "name", hardness: 2 } }, {}, [], false);
    assert.deepEqual(blurred.signs, []);
    const foreigner = await signs({ portrait: { ground: "red", bare: 0 } }, { nationality: field("JEPANG") });
    assert.deepEqual(foreigner.signs, []);
  });

  test("one strong sign, or two others, are suspicion; what was stored before is none", async () => {
    const result = (tampering?: KtpOcrResult["tampering"]) => ({ tampering }) as KtpOcrResult;
    assert.equal(suspected(result(await signs({ rim: 9 })), DEFAULT_POLICY), true);
    assert.equal(suspected(result(await signs({ signature: 0 })), DEFAULT_POLICY), false);
    const two = await signs({ signature: 0, portrait: { ground: "red", bare: 0 } });
    assert.equal(suspected(result(two), DEFAULT_POLICY), true);
    const all = await signs({ digit: 1, rim: 9, signature: 0, portrait: { ground: "red", bare: 1 } });
    assert.equal(all.weight, 1);
    assert.equal(suspected(result(), DEFAULT_POLICY), false);
  });
});
