import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DukcapilResult, DukcapilStatus } from "../../src/dukcapil/dukcapil.ts";
import { consider, DOUBT, failedChecks } from "../../src/verification/doubt.ts";
import { ending } from "../../src/verification/ending.ts";
import { DEFAULT_POLICY } from "../../src/verification/policy.ts";
import type { Change, Status, Verification } from "../../src/verification/ports.ts";
import { conclusionOf } from "../../src/verification/review.ts";
import type { FaceMatchResult, KtpOcrResult, LivenessResult } from "../../src/vision/facts.ts";
import { readingOf } from "../support/storage.ts";

const NOW = new Date("2026-11-23T08:00:00Z");
const POLICY = { ...DEFAULT_POLICY, doubt: { ...DOUBT, liveness: 0.8 } };
const sure = (): KtpOcrResult => {
  const read = readingOf("3201234567890001", "JOHN DOE");
  const fields = Object.fromEntries(
    Object.entries(read.fields).map(([field, fact]) => [field, { ...fact, confidence: 0.99 }]),
  ) as KtpOcrResult["fields"];
  return { ...read, confidence: 0.98, fields, checks: [{ name: "nik_structure", ok: true, detail: "" }] };
};
const face = (similarity_score: number): FaceMatchResult => ({
  is_match: similarity_score >= 0.38,
  similarity_score,
  threshold: 0.38,
  ktp_face_found: true,
  selfie_face_found: true,
});
const live = (confidence: number, is_live = true): LivenessResult =>
  ({ is_live, confidence, details: { model_decides: true } }) as LivenessResult;
const registry = (status: DukcapilStatus, match_score = 1, is_valid = status === "VALID"): DukcapilResult =>
  ({ status, is_valid, match_score }) as DukcapilResult;
const good = {
  type: "FULL_KYC" as const,
  ktp: sure(),
  liveness: live(0.97),
  faceMatch: face(0.7),
  dukcapil: registry("VALID"),
  duplicateOf: [],
};
const name = (confidence: number): KtpOcrResult => {
  const read = sure();
  return { ...read, fields: { ...read.fields, name: { ...read.fields.name, confidence } } };
};

describe("the band of doubt", () => {
  const cases: [string, object, Status, readonly string[]][] = [
    ["all sure", {}, "VERIFIED", []],
    ["a match by little", { faceMatch: face(0.4) }, "IN_REVIEW", ["doubtful_face"]],
    ["a miss by little", { faceMatch: face(0.33) }, "IN_REVIEW", ["doubtful_face"]],
    ["a miss by far", { faceMatch: face(0.2) }, "REJECTED", []],
    ["liveness just so", { liveness: live(0.75) }, "IN_REVIEW", ["doubtful_liveness"]],
    ["no liveness", { liveness: live(0.69, false) }, "REJECTED", []],
    [
      "a miss by little and no liveness",
      { faceMatch: face(0.33), liveness: live(0.1, false) },
      "REJECTED",
      [],
    ],
    ["a name in doubt", { ktp: name(0.7) }, "IN_REVIEW", ["doubtful_reading"]],
    [
      "a check of the card that failed",
      { ktp: { ...sure(), checks: [{ name: "nik_gender", ok: false, detail: "" }] } },
      "IN_REVIEW",
      ["doubtful_card"],
    ],
    [
      "a name nearly the registry's",
      { dukcapil: registry("VALID", 0.7, false) },
      "IN_REVIEW",
      ["doubtful_registry"],
    ],
    ["another name", { dukcapil: registry("VALID", 0.3, false) }, "REJECTED", []],
    ["a blocked NIK", { dukcapil: registry("BLOCKED") }, "REJECTED", []],
    [
      "a miss by little before the registry answers",
      { faceMatch: face(0.33), dukcapil: registry("PENDING") },
      "PROCESSING",
      [],
    ],
    [
      "a miss by little of a dead man",
      { faceMatch: face(0.33), dukcapil: registry("DECEASED") },
      "REJECTED",
      [],
    ],
  ];
  for (const [what, change, status, reasons] of cases) {
    test(`${what}: ${status}`, () => {
      const considered = consider({ ...good, ...change }, POLICY);
      assert.equal(considered.decision.status, status);
      assert.deepEqual(considered.reasons, reasons);
    });
  }

  test("is nobody's where manual review is off", () => {
    for (const [, change, status] of cases) {
      const decided = consider({ ...good, ...change }, DEFAULT_POLICY).decision.status;
      assert.notEqual(decided, "IN_REVIEW");
      if (status !== "IN_REVIEW" && status !== "PROCESSING") assert.equal(decided, status);
    }
  });

  test("weak networks leave a near miss refused, unless they may decide", () => {
    const weak = { ...live(0.97), details: { model_decides: false } } as LivenessResult;
    const near = { ...good, liveness: weak, faceMatch: face(0.33) };
    assert.equal(consider(near, POLICY).decision.status, "REJECTED");
    assert.equal(consider(near, { ...POLICY, baselineMayDecide: true }).decision.status, "IN_REVIEW");
  });
});

describe("a reviewer's word", () => {
  const { end, eventNik } = ending({ clock: { now: () => NOW }, maskNik: () => "masked", fullNik: false });
  const waiting = (change: Change = {}): Verification =>
    ({
      verificationId: "v",
      userId: "u",
      status: "IN_REVIEW",
      reviews: [],
      proposedBy: null,
      ...good,
      ...change,
    }) as unknown as Verification;
  const by = (subject: string) => ({ subject, scopes: new Set(["kyc:review"]) });
  const said = (v: Verification, who: string, decided: Parameters<typeof conclusionOf>[2]) =>
    conclusionOf(v, by(who), decided, NOW, { end, eventNik });

  test("approves what no check speaks against", () => {
    const { change, events } = said(waiting(), "ani", { verdict: "approve" });
    assert.equal(change.status, "VERIFIED");
    assert.deepEqual(
      events.map(({ kind, value }) => [kind, value.nik]),
      [["verified", "masked"]],
    );
  });

  test("is a proposal against a failed check, until a second says so too", () => {
    for (const failed of [
      { faceMatch: face(0.33) },
      { dukcapil: registry("VALID", 0.7, false) },
      { ktp: { ...sure(), checks: [{ name: "nik_gender", ok: false, detail: "" }] } },
    ]) {
      const v = waiting(failed);
      assert.equal(failedChecks(v).length, 1);
      const first = said(v, "ani", { verdict: "approve", note: "why" });
      assert.equal(first.change.status, undefined);
      assert.equal(first.change.proposedBy, "ani");
      assert.deepEqual(first.events, []);
      const second = said({ ...v, ...first.change } as Verification, "budi", {
        verdict: "approve",
        note: "so",
      });
      assert.equal(second.change.status, "VERIFIED");
      assert.deepEqual(
        second.change.reviews?.map((one) => one.by),
        ["ani", "budi"],
      );
    }
    assert.deepEqual(
      failedChecks(waiting({ duplicateOf: [{ verificationId: "o", by: "face", similarity: 0.6 }] })),
      [],
    );
  });

  test("takes signs measured on the picture for a failed check where their weights suffice, and not one alone", () => {
    const checks = [{ name: "portrait_ground", ok: false, detail: "", weight: 0.4 }];
    const card = (weight: number) =>
      waiting({ ktp: { ...sure(), checks, tampering: { weight, signs: ["portrait_ground"] } } });
    assert.deepEqual(failedChecks(card(0.4)), []);
    assert.deepEqual(failedChecks(card(0.5)), ["card_portrait_ground"]);
  });

  test("rejects with a sentence of its code, and the note in no event", () => {
    const { change, events } = said(waiting(), "ani", {
      verdict: "reject",
      reason: "fraud",
      note: "JOHN DOE of …",
    });
    assert.equal(change.status, "REJECTED");
    assert.deepEqual(change.reasons, ["review_fraud"]);
    assert.ok(!JSON.stringify(events).includes("JOHN"));
    assert.match(String(events[0]?.value.reason), /suspicion of fraud/);
  });

  test("asks again, and takes back what was sent", () => {
    const card = said(waiting({ ktpImage: "k", selfieImage: "s" }), "ani", { verdict: "ask_card" }).change;
    assert.equal(card.status, "PENDING");
    for (const member of ["ktp", "ktpImage", "selfieImage", "liveness", "faceMatch", "dukcapil"] as const) {
      assert.equal(card[member], null, member);
    }
    const selfie = said(waiting({ ktpImage: "k" }), "ani", { verdict: "ask_selfie" }).change;
    assert.equal(selfie.status, "PROCESSING");
    assert.equal(selfie.selfieEmbedding, null);
    assert.equal(selfie.ktpImage, undefined, "the card stays");
  });
});
