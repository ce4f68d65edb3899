import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openRedis } from "../../src/http/redis.ts";
import { freePort } from "../support/ports.ts";
import { assertProblem, BASE, bearer, serve } from "./support.ts";

const HAS_REDIS = spawnSync("redis-server", ["--version"]).status === 0;
const skip = HAS_REDIS ? false : "redis-server (Debian's package of that name) is not installed";

/** Debian's Redis on a port, without a file; gone with the test. */
async function startRedis(t: TestContext, port: number) {
  const dir = mkdtempSync(join(tmpdir(), "kyc-redis-"));
  const arguments_ = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir];
  const server = spawn("redis-server", arguments_, { stdio: "ignore" });
  const ended = once(server, "close");
  const stop = async () => {
    server.kill("SIGKILL");
    await ended;
  };
  t.after(async () => {
    await stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return { stop };
}

function connect(t: TestContext, port: number) {
  const states: string[] = [];
  const opened = openRedis(`redis://127.0.0.1:${port}`, (state) => void states.push(state));
  t.after(() => opened.close());
  return { ...opened, states };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await condition()) return;
    await sleep(25);
  }
  assert.fail("it did not come to pass within 10 s");
}

test("two processes count a user and an address together, and Redis learns nobody's name", {
  skip,
}, async (t) => {
  const port = await freePort();
  await startRedis(t, port);
  const [one, two] = [connect(t, port), connect(t, port)];
  await until(() => one.ready() && two.ready());
  const limits = { rateLimit: 4, addressLimit: 9 };
  const a = await serve(t, { redis: one.redis, limits });
  const b = await serve(t, { redis: two.redis, limits });
  const ask = async (from: typeof a, user: string) => from.get(`${BASE}/user/${user}`, await bearer(user));
  for (const from of [a, b, a, b]) assert.equal((await ask(from, "somebody-known")).status, 200);
  for (const from of [a, b]) await assertProblem(await ask(from, "somebody-known"), 429, "KYC_RAT_001");
  // Another user is another count; the address is the same.
  for (const from of [a, b, a]) assert.equal((await ask(from, "another")).status, 200);
  const refused = await ask(b, "third");
  await assertProblem(refused, 429, "KYC_RAT_001");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await b.get("/health")).status, 200);

  const keys = await one.redis.keys("*");
  assert.equal(keys.length, 3, keys.join());
  for (const key of keys) {
    assert.ok(key.startsWith("payu-kyc:limit:"), key);
    assert.ok(!/somebody|another|third/.test(key), key);
    assert.ok((await one.redis.pttl(key)) > 0, "it is forgotten");
  }
});

test("while Redis is away requests pass at once; it counts again when it is back", { skip }, async (t) => {
  const port = await freePort();
  const first = await startRedis(t, port);
  const connection = connect(t, port);
  await until(connection.ready);
  const { get } = await serve(t, { redis: connection.redis, limits: { rateLimit: 2 } });
  const headers = await bearer("u");
  const ask = async () => (await get(`${BASE}/user/u`, headers)).status;
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
  await first.stop();
  await until(() => !connection.ready());
  const begun = performance.now();
  for (let i = 0; i < 5; i++) assert.equal(await ask(), 200);
  assert.ok(performance.now() - begun < 2500, "nobody waits for it");
  await startRedis(t, port);
  await until(connection.ready);
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
  assert.deepEqual(connection.states.slice(-3), ["ready", "lost", "ready"]);
});
