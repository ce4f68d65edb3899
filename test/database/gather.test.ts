import assert from "node:assert/strict";
import { test } from "node:test";
import { gather } from "../../src/database/gather.ts";

const BOUNDS = { most: 3, atOnce: 1 };

test("calls of one turn share a statement, up to its size; each has its own answer", async () => {
  const statements: number[][] = [];
  const doubled = gather(async (calls: readonly number[]) => {
    statements.push([...calls]);
    return calls.map((call) => 2 * call);
  }, BOUNDS);
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map(doubled)), [2, 4, 6, 8]);
  assert.deepEqual(statements, [[1, 2, 3], [4]]);
  assert.equal(await doubled(5), 10);
  assert.deepEqual(statements.at(-1), [5]);
});

test("a call that comes while a statement is under way is no part of it", async () => {
  const statements: number[][] = [];
  const sent = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const asked = gather(async (calls: readonly number[]) => {
    statements.push([...calls]);
    sent.resolve();
    await ended.promise;
    return calls;
  }, BOUNDS);
  const first = asked(1);
  await sent.promise;
  const second = asked(2);
  ended.resolve();
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
  assert.deepEqual(statements, [[1], [2]]);
});

test("a value that the server refuses is a fault of its own call alone", async () => {
  const checked = gather(async (calls: readonly number[]) => {
    if (calls.includes(2)) throw Object.assign(new Error("refused"), { code: "22003" });
    return calls;
  }, BOUNDS);
  const done = await Promise.allSettled([1, 2, 3].map(checked));
  assert.deepEqual(
    done.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});
