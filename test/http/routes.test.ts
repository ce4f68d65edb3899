import assert from "node:assert/strict";
import { test } from "node:test";
import type { KtpStepAnswer, StartAnswer, VerificationView } from "../../src/verification/verification.ts";
import { BASE, base64, bearer, begin, bodyOf, jpeg, MAX_IMAGE, serve } from "./support.ts";

test("a verification goes from start to decision with JSON, as the contract writes it", async (t) => {
  const { get, postJson } = await serve(t);
  const mine = await bearer("user-1");

  const start = await postJson(`${BASE}/verify/start`, { user_id: "user-1" }, mine);
  assert.equal(start.status, 200);
  const begun = await bodyOf<StartAnswer>(start);
  assert.deepEqual(Object.keys(begun), ["verification_id", "status", "message"]);
  assert.equal(begun.status, "PENDING");
  const { verification_id } = begun;

  const ktp = await postJson(`${BASE}/verify/ktp`, { verification_id, ktp_image: base64(jpeg()) }, mine);
  assert.equal(ktp.status, 200);
  const read = await bodyOf<KtpStepAnswer>(ktp);
  assert.equal(read.status, "PROCESSING");
  assert.equal(read.ocr_result.nik, "3201234567890001");
  assert.equal(read.ocr_result.fields.nik.source, "ocr");
  assert.deepEqual(read.ocr_result.quality, { sharpness: 0.9 });
  assert.equal(read.next_step, "Please upload selfie image");

  const selfie = await postJson(
    `${BASE}/verify/selfie`,
    { verification_id, selfie_image: base64(jpeg()) },
    mine,
  );
  assert.equal((await bodyOf<VerificationView>(selfie)).status, "VERIFIED");

  const status = await get(`${BASE}/verify/${verification_id}`, mine);
  assert.equal(status.headers.get("cache-control"), "no-store");
  const known = await bodyOf<VerificationView>(status);
  assert.equal(known.status, "VERIFIED");
  assert.equal(known.rejection_reason, null);
  assert.equal(known.completed_at, null);
});

test("the type of verification is handed on, FULL_KYC where none is said; members it does not know are passed over", async (t) => {
  const { postJson, postForm, seen } = await serve(t);
  const mine = await bearer("u");
  const path = `${BASE}/verify/start`;
  assert.equal((await postJson(path, { user_id: "u", channel: "app" }, mine)).status, 200);
  assert.equal((await postJson(path, { user_id: "u", verification_type: "BASIC_KYC" }, mine)).status, 200);
  assert.equal((await postForm(path, { user_id: "u", verification_type: "BASIC_KYC" }, mine)).status, 200);
  assert.deepEqual(
    seen.map(({ what }) => what),
    ["start FULL_KYC", "start BASIC_KYC", "start BASIC_KYC"],
  );
});

test("an image arrives byte for byte, in whatever form it was sent", async (t) => {
  const client = await serve(t);
  const { postJson, postForm, seen } = client;
  const mine = await bearer("u");
  const verification_id = await begin(client, mine);
  const image = jpeg(1001);
  const plain = base64(image);
  const forms: Record<string, string> = {
    plain,
    "without padding": plain.replace(/=+$/, ""),
    "URL-safe": Buffer.from(image).toString("base64url"),
    "lines of 76": plain.replace(/.{76}/g, "$&\r\n"),
    "data URL": `data:image/jpeg;base64,${plain}`,
    "data URL with a parameter": `data:image/jpeg;name=a.jpg;base64,${plain}`,
  };
  for (const [name, ktp_image] of Object.entries(forms)) {
    const response = await postJson(`${BASE}/verify/ktp`, { verification_id, ktp_image }, mine);
    assert.equal(response.status, 200, `${name}: ${await response.text()}`);
    assert.deepEqual(Buffer.from(seen.at(-1)?.image ?? []), Buffer.from(image), name);
  }
  for (const [path, field] of [
    ["ktp", "ktp_image"],
    ["selfie", "selfie_image"],
  ]) {
    const response = await postForm(`${BASE}/verify/${path}`, { verification_id, [field]: image }, mine);
    assert.equal(response.status, 200, await response.text());
    assert.equal(seen.at(-1)?.what, path);
    assert.deepEqual(Buffer.from(seen.at(-1)?.image ?? []), Buffer.from(image), path);
  }
});

test("an image of exactly the limit is taken, in both forms", async (t) => {
  const client = await serve(t);
  const { postJson, postForm } = client;
  const mine = await bearer("u");
  const verification_id = await begin(client, mine);
  const ktp_image = jpeg(MAX_IMAGE);
  assert.equal((await postForm(`${BASE}/verify/ktp`, { verification_id, ktp_image }, mine)).status, 200);
  assert.equal(
    (await postJson(`${BASE}/verify/ktp`, { verification_id, ktp_image: base64(ktp_image) }, mine)).status,
    200,
  );
});

test("the history is a plain array, newest first; Link leads to each next page and keeps the limit", async (t) => {
  const client = await serve(t);
  const { get, url } = client;
  const user = "user a/b?c";
  const mine = await bearer(user);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.unshift(await begin(client, mine, user));
  }
  const found: string[] = [];
  let path: string | undefined = `${BASE}/user/${encodeURIComponent(user)}?limit=2`;
  let pages = 0;
  while (path !== undefined) {
    const page: Response = await get(path, mine);
    assert.equal(page.status, 200);
    found.push(...(await bodyOf<VerificationView[]>(page)).map((item) => item.verification_id));
    const link = page.headers.get("link");
    const next = link?.match(/^<([^>]+)>; rel="next"$/)?.[1];
    if (link !== null) assert.equal(new URL(next as string, url).searchParams.get("limit"), "2");
    path = next;
    pages++;
  }
  assert.deepEqual(found, ids);
  assert.equal(pages, 3);
  const whole = await get(`${BASE}/user/${encodeURIComponent(user)}`, mine);
  assert.equal(whole.headers.get("link"), null);
  assert.equal((await bodyOf<unknown[]>(whole)).length, 5);
});

test("a user may have any 36 characters but control characters", async (t) => {
  const client = await serve(t);
  for (const user of ["😀".repeat(36), "%2F..%2F", "'; DROP TABLE kyc_verifications; --", "İ\u202eß"]) {
    const service = await bearer("gateway", "kyc:service");
    const id = await begin(client, service, user);
    const history = await client.get(`${BASE}/user/${encodeURIComponent(user)}`, service);
    assert.deepEqual(
      (await bodyOf<VerificationView[]>(history)).map((item) => [item.verification_id, item.user_id]),
      [[id, user]],
    );
  }
});

test("a request keeps a sane id of its own and gets one otherwise", async (t) => {
  const { get } = await serve(t);
  const idFor = async (id: string) =>
    (await get("/health", { "x-request-id": id })).headers.get("x-request-id");
  assert.equal(await idFor("gateway-1.2:3_a"), "gateway-1.2:3_a");
  for (const bad of ["a b", "x".repeat(65), "<script>", ""]) {
    assert.match((await idFor(bad)) ?? "", /^[\da-f]{8}-[\da-f-]{27}$/, bad);
  }
});

test("every answer forbids a browser to run, frame, sniff or share it", async (t) => {
  const { get } = await serve(t);
  for (const [path, status] of [
    ["/health", 200],
    ["/nothing/here", 404],
    [`${BASE}/verify/${"1".repeat(36)}`, 401],
    ["/%", 400],
  ] as const) {
    const { headers, status: given } = await get(path);
    assert.equal(given, status, path);
    assert.deepEqual(
      [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cross-origin-resource-policy",
        "strict-transport-security",
      ].map((name) => headers.get(name)),
      [
        "default-src 'none';frame-ancestors 'none'",
        "nosniff",
        "DENY",
        "no-referrer",
        "same-origin",
        "max-age=31536000; includeSubDomains",
      ],
      path,
    );
  }
});

test("health, readiness and measurements are open and say what they should", async (t) => {
  const readiness = {
    database: async () => ({ ok: true }),
    models: () => ({ ok: true, note: "spoofing: baseline only" }),
    disk: async () => ({ ok: false, note: "full" }),
    registry: () => Promise.reject(new Error("password=hunter2")),
  };
  const { get, log } = await serve(t, { readiness });
  const health = await get("/health");
  assert.deepEqual(await health.json(), { status: "healthy", service: "PayU KYC Service", version: "1.2.3" });
  assert.equal(health.headers.get("x-content-type-options"), "nosniff");

  const ready = await get("/ready");
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), {
    status: "not_ready",
    checks: {
      database: { ok: true },
      models: { ok: true, note: "spoofing: baseline only" },
      disk: { ok: false, note: "full" },
      registry: { ok: false, note: "does not answer" },
    },
  });
  // The fault is told to the operator's log, not to whoever asks.
  assert.ok(log().some(({ part, err }) => part === "registry" && err.message === "password=hunter2"));

  await get(`${BASE}/verify/${"1".repeat(36)}`);
  await get("/nothing/here");
  const metrics = await (await get("/metrics")).text();
  assert.match(metrics, /^http_requests_total\{method="GET",path="\/health",status="200"\} 1$/m);
  assert.match(
    metrics,
    /^http_requests_total\{method="GET",path="\/api\/v1\/kyc\/verify\/\{verification_id\}",status="401"\} 1$/m,
  );
  assert.match(metrics, /^http_requests_total\{method="GET",path="unmatched",status="404"\} 1$/m);
  assert.match(metrics, /^http_request_duration_seconds_bucket\{le="0.1",method="GET",path="\/ready"\} 1$/m);
  assert.match(metrics, /^process_resident_memory_bytes \d+$/m);
  assert.match(metrics, /^process_cpu_seconds_total /m);
});

test("without parts that fail it is ready, and without permission it shows no measurements", async (t) => {
  const { get } = await serve(t, { readiness: { database: () => ({ ok: true }) }, serveMetrics: false });
  const ready = await get("/ready");
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { status: "ready", checks: { database: { ok: true } } });
  assert.equal((await get("/metrics")).status, 404);
});

test("the log has one line a request: who, what, how long, and the trace it belongs to", async (t) => {
  const { get, log } = await serve(t);
  const trace_id = "0af7651916cd43dd8448eb211c80319c";
  await get(`${BASE}/verify/some-verification?token=abc`, {
    ...(await bearer("user-9")),
    traceparent: `00-${trace_id}-b7ad6b7169203331-01`,
    "x-request-id": "r-1",
  });
  const answered = log().filter(({ msg }) => msg === "answered");
  assert.equal(answered.length, 1);
  const { ms, time, ...rest } = answered[0];
  assert.ok(ms >= 0 && ms < 5000);
  assert.ok(Date.parse(time) > 0);
  assert.deepEqual(rest, {
    level: "info",
    request_id: "r-1",
    trace_id,
    span_id: "b7ad6b7169203331",
    method: "GET",
    path: `${BASE}/verify/{verification_id}`,
    status: 404,
    user: "user-9",
    msg: "answered",
  });
});
