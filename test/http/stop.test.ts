import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { assertProblem, BASE, bearer, begin, form as formOf, serve } from "./support.ts";

const KTP = `${BASE}/verify/ktp`;

test("what was accepted is finished, what comes now gets 503, then the port is closed", async (t) => {
  const client = await serve(t, { readiness: { database: () => ({ ok: true }) } });
  const mine = await bearer("u");
  const verification_id = await begin(client, mine);
  const accepted = client.postForm(KTP, { verification_id, ktp_image: Buffer.from("SLOW upload") }, mine);
  await client.slow.begun;

  const stopped = client.app.stop(10_000);
  const refused = await client.get(`${BASE}/verify/${verification_id}`, mine);
  await assertProblem(refused, 503, "KYC_SYS_001");
  assert.equal(refused.headers.get("connection"), "close");
  assert.equal(refused.headers.get("retry-after"), "5");
  const ready = await client.get("/ready");
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), {
    status: "not_ready",
    checks: { database: { ok: true }, process: { ok: false, note: "being stopped" } },
  });
  assert.equal((await client.get("/health")).status, 200);

  client.slow.release();
  const answer = await accepted;
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("connection"), "close");
  assert.equal(await stopped, 0);
  await assert.rejects(client.get("/health"), { name: "TypeError" });
});

test("the deadline is kept: what hangs is cut off and counted", async (t) => {
  const client = await serve(t);
  const mine = await bearer("u");
  const verification_id = await begin(client, mine);
  const hanging = client.postForm(KTP, { verification_id, ktp_image: Buffer.from("SLOW upload") }, mine);
  hanging.catch(() => {});
  await client.slow.begun;
  const begun = performance.now();
  assert.equal(await client.app.stop(300), 1);
  const took = performance.now() - begun;
  assert.ok(took >= 300 && took < 3000, `${took} ms`);
  await assert.rejects(hanging);
  assert.ok(client.log().some(({ msg, requests }) => /stopped before/.test(msg) && requests === 1));
  client.slow.release();
});

test("work whose client has left is waited for too", async (t) => {
  const client = await serve(t);
  const mine = await bearer("u");
  const verification_id = await begin(client, mine);
  const leaving = new AbortController();
  const left = fetch(client.url + KTP, {
    method: "POST",
    headers: mine,
    body: formOf({ verification_id, ktp_image: Buffer.from("SLOW upload") }),
    signal: leaving.signal,
  });
  await client.slow.begun;
  leaving.abort();
  await assert.rejects(left, { name: "AbortError" });
  let over = false;
  const stopped = client.app.stop(10_000).then((cutOff) => {
    over = true;
    return cutOff;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(over, false);
  client.slow.release();
  assert.equal(await stopped, 0);
});

test("idle connections do not hold the stop up", async (t) => {
  const client = await serve(t);
  const agent = new Agent({ keepAlive: true });
  t.after(async () => agent.destroy());
  await new Promise<void>((resolve, reject) => {
    request(`${client.url}/health`, { agent }, (response) => response.resume().on("end", resolve))
      .on("error", reject)
      .end();
  });
  const begun = performance.now();
  assert.equal(await client.app.stop(10_000), 0);
  assert.ok(performance.now() - begun < 3000);
});
