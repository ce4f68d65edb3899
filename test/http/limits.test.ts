import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { assertProblem, BASE, base64, bearer, begin, jpeg, serve, tokenFor } from "./support.ts";

test("a user over the limit gets 429 with Retry-After; others, and the operator's routes, do not", async (t) => {
  const { get } = await serve(t, { limits: { rateLimit: 3 } });
  const busy = await bearer("busy");
  for (const left of ["2", "1", "0"]) {
    const response = await get(`${BASE}/user/busy`, busy);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("ratelimit-limit"), "3");
    assert.equal(response.headers.get("ratelimit-remaining"), left);
  }
  const over = await get(`${BASE}/user/busy`, busy);
  const problem = await assertProblem(over, 429, "KYC_RAT_001");
  const seconds = Number(over.headers.get("retry-after"));
  assert.ok(seconds > 50 && seconds <= 60, `${seconds}`);
  assert.equal(problem.retry_after, seconds);
  assert.equal((await get(`${BASE}/user/calm`, await bearer("calm"))).status, 200);
  for (let i = 0; i < 10; i++) assert.equal((await get("/health")).status, 200);
});

test("the limit holds before an upload is read, and counts what is refused", async (t) => {
  const { postJson, seen } = await serve(t, { limits: { rateLimit: 2 } });
  const busy = await bearer("busy");
  const send = (body: unknown) => postJson(`${BASE}/verify/ktp`, body, busy);
  await assertProblem(await send("{"), 400, "KYC_VAL_001");
  await assertProblem(await send({}), 400, "KYC_VAL_001");
  await assertProblem(await send("{"), 429, "KYC_RAT_001");
  assert.deepEqual(seen, []);
});

test("the platform is counted by the user that each request is for", async (t) => {
  const client = await serve(t, { limits: { rateLimit: 3 } });
  const platform = await bearer("platform", "kyc:service");
  const id = await begin(client, platform, "one");
  const ktp = { verification_id: id, ktp_image: base64(jpeg()) };
  assert.equal((await client.postJson(`${BASE}/verify/ktp`, ktp, platform)).status, 200);
  assert.equal((await client.get(`${BASE}/verify/${id}`, platform)).status, 200);
  await assertProblem(await client.get(`${BASE}/user/one`, platform), 429, "KYC_RAT_001");
  await assertProblem(
    await client.postForm(`${BASE}/verify/ktp`, { verification_id: id }, platform),
    429,
    "KYC_RAT_001",
  );
  await assertProblem(await client.get(`${BASE}/user/one`, await bearer("one")), 429, "KYC_RAT_001");
  await begin(client, platform, "two");
});

test("without a limit nobody is counted", async (t) => {
  const { get } = await serve(t);
  const mine = await bearer("u");
  const responses = await Promise.all(Array.from({ length: 100 }, () => get(`${BASE}/user/u`, mine)));
  assert.ok(
    responses.every(({ status, headers }) => status === 200 && headers.get("ratelimit-limit") === null),
  );
});

test("an address that guesses tokens is told to stop; good tokens from it still pass", async (t) => {
  const { get } = await serve(t);
  const guess = { authorization: "Bearer guess" };
  const statuses = new Map<number, number>();
  for (let i = 0; i < 320; i++) {
    const { status } = await get(`${BASE}/user/u`, guess);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(statuses), { 401: 300, 429: 20 });
  await assertProblem(await get(`${BASE}/user/u`, guess), 429, "KYC_RAT_001");
  assert.equal((await get(`${BASE}/user/u`, await bearer("u"))).status, 200);
});

test("addresses behind a proxy are told apart only where the proxy is trusted", async (t) => {
  const guess = (address: string) => ({ authorization: "Bearer guess", "x-forwarded-for": address });
  for (const [trustProxy, expected] of [
    [false, 429],
    [1, 401],
    ["127.0.0.1", 401],
  ] as const) {
    const { get } = await serve(t, { trustProxy });
    for (let i = 0; i < 300; i++) await get(`${BASE}/user/u`, guess("192.0.2.1"));
    assert.equal((await get(`${BASE}/user/u`, guess("192.0.2.2"))).status, expected, `${trustProxy}`);
  }
});

test("uploads that do not fit into memory together are sent away, and taken when there is room", async (t) => {
  const client = await serve(t, { limits: { uploadsInMemoryBytes: 1 } });
  const mine = await bearer("u");
  const id = await begin(client, mine);
  const { hostname, port } = new URL(client.url);
  // One body of the largest length is announced and held back.
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const length = Math.ceil((64 * 1024 * 4) / 3) + 1024 * 1024;
  socket.write(
    `POST ${BASE}/verify/selfie HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await tokenFor("u")}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{`,
  );
  const body = { verification_id: id, ktp_image: jpeg() };
  const send = () => client.postForm(`${BASE}/verify/ktp`, body, mine);
  let response = await send();
  for (let tries = 0; response.status === 200 && tries < 50; tries++) response = await send();
  await assertProblem(response, 503, "KYC_SYS_002");
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal((await client.get(`${BASE}/verify/${id}`, mine)).status, 200);
  socket.destroy();
  for (let tries = 0; response.status !== 200 && tries < 50; tries++) response = await send();
  assert.equal(response.status, 200);
});
