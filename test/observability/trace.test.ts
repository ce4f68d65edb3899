import assert from "node:assert/strict";
import { test } from "node:test";
import { currentTraceparent, inTrace, parseTraceparent } from "../../src/observability/trace.ts";

/** The example of the W3C recommendation. */
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a traceparent is read by the recommendation's rules", () => {
  assert.deepEqual(parseTraceparent(TRACEPARENT), {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceparent: TRACEPARENT,
  });
  for (const bad of [
    undefined,
    [TRACEPARENT],
    "",
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}-more`,
    TRACEPARENT.replace(/[\da-f]{32}/, "0".repeat(32)),
    TRACEPARENT.replace("b7ad6b7169203331", "0".repeat(16)),
  ]) {
    assert.equal(parseTraceparent(bad), null, `${bad}`);
  }
});

test("all that work starts belongs to its trace, and nothing else does", async () => {
  assert.equal(currentTraceparent(), null);
  const later = new Promise<string | null>((resolve) => {
    inTrace(parseTraceparent(TRACEPARENT), () => setTimeout(() => resolve(currentTraceparent()), 5));
  });
  assert.equal(currentTraceparent(), null);
  assert.equal(await later, TRACEPARENT);
});
