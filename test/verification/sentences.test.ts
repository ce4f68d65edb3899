import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_POLICY, decide } from "../../src/verification/policy.ts";
import { SENTENCES, spokenReasons, usedUp } from "../../src/verification/sentences.ts";

test("every reason that is stored is told in both languages, in its order", () => {
  for (const step of ["ktp", "selfie", "liveness"] as const) {
    const [one, ...more] = spokenReasons(usedUp(step, 3));
    assert.equal(one.en, usedUp(step, 3));
    assert.match(one.id, / 3 kali /);
    assert.deepEqual(more, []);
  }
  const decision = decide(
    {
      type: "FULL_KYC",
      liveness: { is_live: false } as never,
      faceMatch: { is_match: false } as never,
      dukcapil: { status: "BLOCKED", is_valid: false } as never,
      duplicateOf: [],
    },
    DEFAULT_POLICY,
  );
  assert.ok("reason" in decision);
  const { liveness, face_match, registry_blocked } = SENTENCES;
  assert.deepEqual(spokenReasons(decision.reason), [liveness, face_match, registry_blocked]);
});

test("what the service does not know is not translated", () => {
  assert.deepEqual(spokenReasons(null), []);
  assert.deepEqual(spokenReasons("Wajah tidak cocok."), []);
  // A sentence within another would be told twice.
  for (const { en } of Object.values(SENTENCES)) {
    const told = spokenReasons(en.replace("{attempts}", "2"));
    assert.equal(told.length, 1, en);
  }
});
