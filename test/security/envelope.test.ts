import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { envelopeSealer } from "../../src/security/envelope.ts";
import { type KeyRing, openKeys } from "../../src/security/keys.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";

const spec = (...ids: string[]) => ids.map((id) => `${id}:${KEYS[id]}`).join(",");
const KEYS: Record<string, string> = {
  old: randomBytes(32).toString("base64"),
  new: randomBytes(32).toString("base64"),
};
const ring = (...ids: string[]): KeyRing => openKeys({ spec: spec(...ids), dataDir: "unused" });
const CONTEXT = "kyc_verifications.ktp_ocr_result:1";

describe("envelope encryption", () => {
  const sealer = envelopeSealer(ring("old"));

  test("opens what it sealed, empty and large, at 70 bytes and the key's id more", () => {
    for (const plain of [Buffer.alloc(0), Buffer.from("Budi"), randomBytes(1_000_000)]) {
      const sealed = sealer.seal(plain, CONTEXT);
      assert.equal(sealed.length, plain.length + 70 + "old".length);
      assert.deepEqual(Buffer.from(sealer.open(sealed, CONTEXT)), plain);
    }
  });

  test("seals the same thing differently each time, with nothing of it to be seen", () => {
    const plain = Buffer.from("3201234567890001".repeat(4));
    const [a, b] = [sealer.seal(plain, CONTEXT), sealer.seal(plain, CONTEXT)];
    assert.notDeepEqual(a, b);
    assert.ok(!Buffer.from(a).includes("3201234567890001"));
  });

  test("does not open under another context", () => {
    const sealed = sealer.seal(Buffer.from("x"), CONTEXT);
    for (const other of ["", "kyc_verifications.ktp_ocr_result:2", "kyc_verifications.dukcapil_result:1"]) {
      assert.throws(() => sealer.open(sealed, other), SealBrokenError);
    }
  });

  test("does not open when any single byte is altered, or any is missing", () => {
    const sealed = sealer.seal(Buffer.from("Budi Santoso"), CONTEXT);
    for (let i = 0; i < sealed.length; i++) {
      const altered = Buffer.from(sealed);
      altered[i]! ^= 0x01;
      assert.throws(() => sealer.open(altered, CONTEXT), SealBrokenError, `byte ${i}`);
      assert.throws(() => sealer.open(sealed.subarray(0, i), CONTEXT), SealBrokenError, `cut at ${i}`);
    }
    assert.throws(() => sealer.open(Buffer.concat([sealed, Buffer.alloc(1)]), CONTEXT), SealBrokenError);
  });

  test("opens under a retired key, seals under the active one", () => {
    const before = sealer.seal(Buffer.from("x"), CONTEXT);
    const rotated = envelopeSealer(ring("new", "old"));
    assert.equal(Buffer.from(rotated.open(before, CONTEXT)).toString(), "x");
    const after = rotated.seal(Buffer.from("y"), CONTEXT);
    assert.throws(() => sealer.open(after, CONTEXT), SealBrokenError);
    assert.equal(Buffer.from(envelopeSealer(ring("new")).open(after, CONTEXT)).toString(), "y");
  });

  test("moves an object to the active key without a change of what is in it", () => {
    const before = sealer.seal(Buffer.from("x"), CONTEXT);
    const rotated = envelopeSealer(ring("new", "old"));
    const moved = rotated.rewrap(before);
    const alone = envelopeSealer(ring("new"));
    assert.equal(Buffer.from(alone.open(moved, CONTEXT)).toString(), "x");
    assert.deepEqual(rotated.rewrap(moved), moved);
    assert.throws(() => alone.rewrap(before), SealBrokenError);
    assert.throws(() => alone.open(moved, "elsewhere"), SealBrokenError);
  });

  test("does not open another deployment's things though the key has the same id", () => {
    const theirs = openKeys({ spec: `old:${randomBytes(32).toString("base64")}`, dataDir: "unused" });
    const sealed = envelopeSealer(theirs).seal(Buffer.from("x"), CONTEXT);
    assert.throws(() => sealer.open(sealed, CONTEXT), SealBrokenError);
  });
});
