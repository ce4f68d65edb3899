import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/observability/log.ts";

const NIK = "3201234567890001";

function capture(format: "json" | "text", level = "debug") {
  const lines: string[] = [];
  const log = createLog({ level, format, to: { write: (line) => void lines.push(line) } });
  return { log, text: () => lines.join(""), last: () => JSON.parse(lines.at(-1) ?? "{}") };
}

test("a NIK is masked wherever it stands, and the line stays JSON", () => {
  const { log, text, last } = capture("json");
  log.info(`seen ${NIK} here`);
  assert.equal(last().msg, "seen 320123******0001 here");
  log.info({ url: `/citizens/${NIK}?a=1`, list: [NIK, { deep: { deeper: `x${NIK}` } }], [NIK]: 1 }, "deep");
  log.info({ number: 3201234567890001, minus: -3201234567890001, list: [3201234567890001] }, "numbers");
  assert.equal(last().number, "320123******0001");
  log.info({ grouped: "3201 2345 6789 0001", quoted: `"${NIK}"`, lines: `\n${NIK}\n` });
  log.child({ owner: NIK }).warn("from a child");
  const cause = new Error(`duplicate key (${NIK})`);
  log.error({ err: new TypeError(`cannot take ${NIK}`, { cause }) }, "an error with a cause");
  assert.equal(last().err.cause.message, "duplicate key (320123******0001)");
  assert.ok(!text().replace(/\D/g, "").includes(NIK));
});

test("what only looks like a NIK is left alone", () => {
  const { log, last } = capture("json");
  log.info(
    { score: 0.9834571123456789, share: 1.234567890123456e-7, id: "123456789012345", ms: 12.5 },
    "measured",
  );
  const { score, share, id, ms } = last();
  assert.deepEqual(
    { score, share, id, ms },
    { score: 0.9834571123456789, share: 1.234567890123456e-7, id: "123456789012345", ms: 12.5 },
  );
});

test("tokens, images and secret members are never written", () => {
  const { log, text, last } = capture("json");
  const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl";
  const image = Buffer.alloc(3000, 0xa5).toString("base64");
  log.info({ authorization: `Bearer ${token}`, headers: { authorization: token, cookie: "a=b" } });
  log.info({ ktp_image: "small", body: { selfie_image: "small", nik: "x", full_name: "JOHN DOE" } });
  log.info({ other: image, url: `/?token=${token}` }, `sent ${image}`);
  assert.equal(last().msg, "sent [bytes]");
  for (const secret of ["c2lnbmF0dXJl", image.slice(0, 300), "a=b", "small", "JOHN DOE"]) {
    assert.ok(!text().includes(secret), secret);
  }
});

test("of an error its kind, message, code, stack and causes are written, its other members are not", () => {
  const { log, last } = capture("json");
  const error = Object.assign(new RangeError("too far"), {
    code: "23514",
    detail: "Failing row contains (JOHN DOE)",
  });
  log.error({ err: error }, "failed");
  const { type, message, code, stack, ...rest } = last().err;
  assert.deepEqual([type, message, code], ["RangeError", "too far", "23514"]);
  assert.match(stack, /log\.test\.ts/);
  assert.deepEqual(rest, {});
  const turning: Error & { cause?: unknown } = new Error("round");
  turning.cause = turning;
  log.error({ err: turning }, "an error that causes itself");
  assert.equal(last().err.cause.cause.message, "round");
});

test("the level holds, and can be changed while running", () => {
  const { log, text, last } = capture("json", "warn");
  log.info("quiet");
  assert.equal(text(), "");
  log.level = "debug";
  log.debug("loud");
  const { level, time, msg } = last();
  assert.deepEqual([level, msg], ["debug", "loud"]);
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("as text a line is readable, and masked all the same", () => {
  const { log, text } = capture("text");
  log.warn(
    { user: "u 1", count: 3, nested: { a: 1 }, err: new Error(`no ${NIK}`, { cause: new Error("why") }) },
    "not taken",
  );
  const [head, ...stack] = text().split("\n");
  assert.match(head, /^\S+Z WARN {2}not taken user=u 1 count=3 nested=\{"a":1\}$/);
  assert.equal(stack[0], "Error: no 320123******0001");
  assert.ok(stack.includes("Caused by Error: why"));
});
