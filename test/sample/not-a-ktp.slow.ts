import assert from "node:assert/strict";
import { test } from "node:test";
import { drawNotAKtp, NOT_A_KTP_KINDS } from "../../src/sample/sample.ts";
import { decodeImage } from "../../src/vision/image.ts";

test("each kind of other picture gives one of its own, as large as a photograph", async () => {
  const seen = new Set<string>();
  for (const kind of NOT_A_KTP_KINDS) {
    const bytes = await drawNotAKtp(1, kind);
    const { width, height } = await decodeImage(bytes);
    assert.ok(Math.max(width, height) >= 720, kind);
    seen.add(Buffer.from(bytes).toString("base64"));
  }
  assert.equal(seen.size, NOT_A_KTP_KINDS.length);
});
