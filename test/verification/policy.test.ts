import assert from "node:assert/strict";
import { test } from "node:test";
import type { DukcapilResult, DukcapilStatus } from "../../src/dukcapil/dukcapil.ts";
import {
  DEFAULT_POLICY,
  decide,
  type Evidence,
  judgeKtp,
  judgeSelfie,
} from "../../src/verification/policy.ts";
import {
  type FaceFacts,
  type FaceMatchResult,
  KTP_FIELDS,
  type KtpField,
  type KtpFieldFact,
  type KtpReport,
  type LivenessResult,
  type SelfieReport,
} from "../../src/vision/facts.ts";
import { FLAWLESS } from "../support/quality.ts";

const liveness = (is_live: boolean, model_decides = true): LivenessResult => ({
  is_live,
  confidence: is_live ? 0.95 : 0.1,
  face_detected: true,
  face_quality_score: 0.9,
  details: {
    eye_openness: 0.9,
    mouth_movement: 0,
    head_pose: { yaw: 0, pitch: 0, roll: 0 },
    skin_texture: 0.8,
    spoof_score: is_live ? 0.98 : 0.02,
    model: model_decides ? "minifasnet" : "baseline",
    model_decides,
  },
});
const match = (is_match: boolean): FaceMatchResult => ({
  is_match,
  similarity_score: is_match ? 0.97 : 0.8,
  threshold: 0.93,
  ktp_face_found: true,
  selfie_face_found: true,
});
const registry = (status: DukcapilStatus, is_valid = status === "VALID"): DukcapilResult => ({
  nik: "3201234567890001",
  is_valid,
  name: null,
  birth_date: null,
  gender: null,
  status,
  match_score: null,
  notes: null,
});
const full: Evidence = {
  type: "FULL_KYC",
  liveness: liveness(true),
  faceMatch: match(true),
  dukcapil: registry("VALID"),
  duplicateOf: [],
};

test("VERIFIED only where every check was made and passed", () => {
  assert.deepEqual(decide(full, DEFAULT_POLICY), { status: "VERIFIED" });
  assert.deepEqual(
    decide(
      { type: "BASIC_KYC", liveness: null, faceMatch: null, dukcapil: registry("VALID"), duplicateOf: [] },
      DEFAULT_POLICY,
    ),
    { status: "VERIFIED" },
  );
  for (const missing of ["liveness", "faceMatch", "dukcapil"] as const) {
    assert.equal(decide({ ...full, [missing]: null }, DEFAULT_POLICY).status, "PROCESSING", missing);
  }
});

const rejections: [string, Partial<Evidence>, RegExp][] = [
  ["a spoof", { liveness: liveness(false) }, /living person/],
  ["another face", { faceMatch: match(false) }, /does not match/],
  ["a blocked NIK", { dukcapil: registry("BLOCKED") }, /blocked/],
  ["a deceased citizen", { dukcapil: registry("DECEASED") }, /deceased/],
  ["an invalid NIK", { dukcapil: registry("INVALID") }, /invalid/],
  ["an unknown NIK", { dukcapil: registry("NOT_FOUND") }, /does not know/],
  ["particulars that differ", { dukcapil: registry("VALID", false) }, /do not agree/],
  // A deceased citizen comes from the registry as verified: the status alone must be enough to refuse.
  ["deceased though marked valid", { dukcapil: registry("DECEASED", true) }, /deceased/],
  [
    "another face while the registry is away",
    { faceMatch: match(false), dukcapil: registry("PENDING") },
    /match/,
  ],
];
for (const [name, change, reason] of rejections) {
  test(`REJECTED with its reason: ${name}`, () => {
    const decision = decide({ ...full, ...change }, DEFAULT_POLICY);
    assert.equal(decision.status, "REJECTED");
    assert.match("reason" in decision ? decision.reason : "", reason);
  });
}

test("every reason is named, not only the first", () => {
  const decision = decide(
    { ...full, liveness: liveness(false), dukcapil: registry("BLOCKED") },
    DEFAULT_POLICY,
  );
  assert.match("reason" in decision ? decision.reason : "", /living person.*blocked/);
});

test("a registry that has not answered leaves PROCESSING; one that never did ends as FAILED", () => {
  assert.equal(decide({ ...full, dukcapil: registry("PENDING") }, DEFAULT_POLICY).status, "PROCESSING");
  assert.equal(decide({ ...full, dukcapil: registry("ERROR") }, DEFAULT_POLICY).status, "FAILED");
});

test("the baseline verifies nobody unless the deployment allows it", () => {
  const baseline = { ...full, liveness: liveness(true, false) };
  assert.equal(decide(baseline, DEFAULT_POLICY).status, "FAILED");
  assert.equal(decide(baseline, { ...DEFAULT_POLICY, baselineMayDecide: true }).status, "VERIFIED");
});

const face = (quality: Partial<FaceFacts["quality"]> = {}): FaceFacts => ({
  box: [0, 0, 100, 100],
  score: 0.99,
  quality: { score: 0.9, size: 1, sharpness: 1, exposure: 1, pose: 1, occlusion: 1, ...quality },
  pose: { yaw: 0, pitch: 0, roll: 0 },
  eyeOpenness: 1,
  mouthOpenness: 0,
  covered: null,
  embedding: new Float32Array([1, 0]),
});
const ktp = (change: Partial<KtpReport> = {}, weak: Partial<Record<KtpField, number>> = {}): KtpReport => {
  const fact = (field: KtpField): KtpFieldFact => ({
    value: field === "nik" ? "3201234567890001" : "X",
    raw: "X",
    confidence: weak[field] ?? 0.99,
    box: null,
    source: "ocr",
  });
  const fields = Object.fromEntries(KTP_FIELDS.map((f) => [f, fact(f)])) as Record<KtpField, KtpFieldFact>;
  const values = Object.fromEntries(KTP_FIELDS.map((f) => [f, fields[f].value])) as Record<KtpField, string>;
  return {
    result: { ...values, confidence: 0.97, fields, checks: [], quality: FLAWLESS },
    ktpScore: 0.99,
    hints: [],
    portrait: face(),
    outline: null,
    crops: null,
    milliseconds: {},
    ...change,
  };
};

test("a clear card is taken", () => {
  assert.deepEqual(judgeKtp(ktp(), "FULL_KYC", DEFAULT_POLICY), { accepted: true });
});

test("a copy of a card that reads well is refused, unless a deployment asks for no more than the check", () => {
  for (const copy of ["screen_capture", "photocopy"] as const) {
    const report = ktp({ hints: [copy, "rotated"] });
    assert.deepEqual(judgeKtp(report, "FULL_KYC", DEFAULT_POLICY), { accepted: false, hints: [copy] });
    const flagged = judgeKtp(report, "FULL_KYC", { ...DEFAULT_POLICY, copies: "flag" });
    assert.deepEqual(flagged, { accepted: true });
  }
});

test("a card that is none, unreadable, doubtful, or without portrait is refused with what to do", () => {
  const hints = (report: KtpReport, type: "FULL_KYC" | "BASIC_KYC" = "FULL_KYC") => {
    const judgement = judgeKtp(report, type, DEFAULT_POLICY);
    return judgement.accepted ? "accepted" : judgement.hints;
  };
  assert.deepEqual(hints(ktp({ ktpScore: 0.1 })), ["not_a_ktp"]);
  assert.deepEqual(hints(ktp({ ktpScore: 0.1, hints: ["not_a_ktp", "passport"] })), [
    "not_a_ktp",
    "passport",
  ]);
  // A KTP too dark to be known for one is not called another thing.
  assert.deepEqual(hints(ktp({ ktpScore: 0.1, hints: ["too_dark"] })), ["too_dark"]);
  assert.deepEqual(hints(ktp({}, { nik: 0.5 })), ["unreadable"]);
  assert.deepEqual(hints(ktp({ hints: ["blurred"] }, { name: 0.2 })), ["blurred"]);
  assert.deepEqual(hints(ktp({ portrait: null })), ["no_portrait"]);
  assert.deepEqual(hints(ktp({ portrait: null }), "BASIC_KYC"), "accepted");
  const small = { ...face(), box: [0, 0, 40, 44] } as const;
  assert.deepEqual(hints(ktp({ portrait: small, hints: ["too_small"] })), [
    "portrait_too_small",
    "too_small",
  ]);
  assert.deepEqual(hints(ktp({ portrait: face({ score: 0.15 }) })), ["portrait_unclear"]);
  assert.deepEqual(hints(ktp({ portrait: face({ score: 0.15 }) }), "BASIC_KYC"), "accepted");
});

const selfie = (change: Partial<SelfieReport>): SelfieReport => ({
  face: face(),
  faces: 1,
  liveness: liveness(true),
  hints: [],
  milliseconds: {},
  ...change,
});

test("a selfie must show exactly one good face", () => {
  const hints = (change: Partial<SelfieReport>) => {
    const judgement = judgeSelfie(selfie(change), DEFAULT_POLICY);
    return judgement.accepted ? "accepted" : judgement.hints;
  };
  assert.equal(hints({}), "accepted");
  assert.deepEqual(hints({ face: null, faces: 0, hints: [] }), ["no_face"]);
  assert.deepEqual(hints({ face: null, faces: 2, hints: ["several_faces"] }), ["several_faces"]);
  assert.deepEqual(hints({ hints: ["eyes_closed"] }), ["eyes_closed"]);
  assert.deepEqual(hints({ face: face({ score: 0.1, sharpness: 0.1 }) }), ["blurred"]);
});

test("a person verified already as another user is flagged, reviewed or rejected, as the policy says", () => {
  const found = { verificationId: "4f8e", by: "face", similarity: 0.7 } as const;
  const nik = { verificationId: "4f8e", by: "nik", similarity: null } as const;
  const under = (duplicates: "flag" | "review" | "reject", evidence: Partial<Evidence>) =>
    decide({ ...full, ...evidence }, { ...DEFAULT_POLICY, duplicates });
  assert.deepEqual(under("flag", { duplicateOf: [found, nik] }), { status: "VERIFIED" });
  assert.deepEqual(under("review", { duplicateOf: [] }), { status: "VERIFIED" });
  assert.deepEqual(under("review", { duplicateOf: [found] }), {
    status: "IN_REVIEW",
    reason: "This face has already been verified for another user.",
  });
  assert.deepEqual(under("reject", { duplicateOf: [found, nik] }), {
    status: "REJECTED",
    reason:
      "This NIK has already been verified for another user. This face has already been verified for another user.",
  });
  // What fails by itself is not handed to a reviewer, and a registry that has not answered is waited for.
  assert.equal(under("review", { duplicateOf: [found], liveness: liveness(false) }).status, "REJECTED");
  assert.equal(under("review", { duplicateOf: [found], dukcapil: registry("PENDING") }).status, "PROCESSING");
});
