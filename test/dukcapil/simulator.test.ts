import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTANT_BEHAVIOUR } from "../../src/dukcapil/behaviour.ts";
import { type RunningSimulator, startSimulator } from "../../src/dukcapil/simulator.ts";
import { temporaryRegister } from "./support.ts";

type Json = Record<string, unknown>;

async function call(
  simulator: RunningSimulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`http://127.0.0.1:${simulator.port}${path}`, {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
}

test("the simulator answers as the original", async (t) => {
  const simulator = await startSimulator({
    register: await temporaryRegister(t),
    behaviour: INSTANT_BEHAVIOUR,
    port: 0,
  });
  t.after(() => simulator.close());

  const verdicts: [string, Json, number, Json][] = [
    [
      "the right name",
      { nik: "3201234567890001", fullName: "JOHN DOE", birthPlace: "JAKARTA", birthDate: "1990-01-15" },
      200,
      {
        nik: "3201234567890001",
        verified: true,
        fullName: "JOHN DOE",
        birthPlace: "JAKARTA",
        birthDate: "1990-01-15",
        gender: "MALE",
        status: "VALID",
        responseCode: "00",
      },
    ],
    [
      "another name: 200 and VALID, but not verified",
      { nik: "3201234567890001", fullName: "JANE DOE" },
      200,
      { verified: false, status: "VALID", responseCode: "00", fullName: "JOHN DOE" },
    ],
    [
      "case, punctuation and lost spaces do not make another name",
      { nik: "3201234567890001", fullName: "john-doe." },
      200,
      { verified: true, status: "VALID" },
    ],
    [
      "a degree makes another name, as with the original",
      { nik: "3201234567890001", fullName: "JOHN DOE, SE" },
      200,
      { verified: false, status: "VALID" },
    ],
    [
      "a birth place and date that mean nothing do not decide",
      { nik: "3201234567890002", fullName: "JANE DOE", birthPlace: "UNKNOWN", birthDate: "2000-01-01" },
      200,
      { verified: true, status: "VALID", gender: "FEMALE", birthPlace: "BANDUNG", birthDate: "1992-05-20" },
    ],
    [
      "a deceased citizen comes back verified",
      { nik: "3201234567890007", fullName: "DECEASED PERSON" },
      200,
      {
        verified: true,
        status: "DECEASED",
        responseCode: "00",
        birthDate: "1950-06-15",
        birthPlace: "MEDAN",
      },
    ],
    [
      "blocked",
      { nik: "3201234567890003", fullName: "BLOCKED USER" },
      403,
      { verified: false, status: "BLOCKED", responseCode: "62", birthDate: null },
    ],
    [
      "an unknown NIK",
      { nik: "9999999999999999", fullName: "NOBODY" },
      404,
      { nik: "9999999999999999", verified: false, status: "NOT_FOUND", responseCode: "14", fullName: null },
    ],
    [
      "an invalid NIK",
      { nik: "3299999999999999", fullName: "INVALID NIK TEST" },
      400,
      { verified: false, status: "INVALID", responseCode: "30", fullName: null },
    ],
    [
      "Alice",
      { nik: "3201234567890004", fullName: "ALICE WONDERLAND" },
      200,
      { birthDate: "1988-08-08", gender: "FEMALE", birthPlace: "SURABAYA", verified: true, status: "VALID" },
    ],
    [
      "Bob",
      { nik: "3201234567890005", fullName: "BOB BUILDER" },
      200,
      { birthDate: "1985-03-25", birthPlace: "SEMARANG", verified: true, status: "VALID" },
    ],
    [
      "Charlie",
      { nik: "3201234567890006", fullName: "CHARLIE CHOCOLATE" },
      200,
      { birthDate: "1995-12-25", birthPlace: "YOGYAKARTA", verified: true, status: "VALID" },
    ],
  ];
  for (const [name, request, status, expected] of verdicts) {
    await t.test(name, async () => {
      const answer = await call(simulator, "POST", "/api/v1/verify", request);
      assert.equal(answer.status, status);
      assert.partialDeepStrictEqual(answer.body, expected);
      assert.match(String(answer.body.requestId), /^\S+$/);
      assert.equal(typeof answer.body.responseMessage, "string");
      assert.deepEqual(Object.keys(answer.body).sort(), VERIFY_MEMBERS);
    });
  }

  const untakable: [string, unknown, string][] = [
    ["a NIK of three digits", { nik: "123", fullName: "JOHN DOE" }, "nik"],
    ["a NIK with a letter", { nik: "320123456789000A", fullName: "JOHN DOE" }, "nik"],
    ["a NIK with a line end", { nik: "3201234567890001\n", fullName: "JOHN DOE" }, "nik"],
    ["no NIK", { fullName: "JOHN DOE" }, "nik"],
    ["a blank name", { nik: "3201234567890001", fullName: "  " }, "fullName"],
    ["no name", { nik: "3201234567890001" }, "fullName"],
    [
      "a date of another form",
      { nik: "3201234567890001", fullName: "JOHN DOE", birthDate: "15-01-1990" },
      "birthDate",
    ],
    ["a list", [], "request"],
    ["half a JSON", '{"nik": ', "request"],
  ];
  for (const [name, request, field] of untakable) {
    await t.test(`Constraint Violation: ${name}`, async () => {
      const answer = await call(simulator, "POST", "/api/v1/verify", request);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.title, "Constraint Violation");
      assert.equal(answer.body.status, 400);
      const violations = answer.body.violations as { field: string; message: string }[];
      assert.deepEqual(
        violations.map((violation) => violation.field.split(".").at(-1)),
        [field],
      );
      assert.ok(violations[0]!.message.length > 0);
      assert.equal("responseCode" in answer.body, false);
    });
  }

  const forced: [string, number, Json][] = [
    ["success", 200, { verified: true, status: "VALID", responseCode: "00" }],
    ["SUCCESS", 200, { verified: true, status: "VALID" }],
    ["name-mismatch", 200, { verified: false, status: "VALID" }],
    ["deceased", 200, { status: "DECEASED", responseCode: "00" }],
    ["not-found", 404, { status: "NOT_FOUND", responseCode: "14" }],
    ["invalid", 400, { status: "INVALID", responseCode: "30" }],
    ["blocked", 403, { status: "BLOCKED", responseCode: "62" }],
    ["error", 500, { status: "ERROR", responseCode: "96" }],
    ["nothing that it knows", 404, { status: "NOT_FOUND" }],
  ];
  for (const [outcome, status, expected] of forced) {
    await t.test(`X-Simulate: ${outcome}`, async () => {
      const request = { nik: "3273010101900001", fullName: "SITI AMINAH" };
      const answer = await call(simulator, "POST", "/api/v1/verify", request, { "x-simulate": outcome });
      assert.equal(answer.status, status);
      assert.partialDeepStrictEqual(answer.body, expected);
    });
  }

  await t.test("X-Simulate: rate-limit", async () => {
    const request = { nik: "3201234567890001", fullName: "JOHN DOE" };
    for (const outcome of ["rate-limit", "RATE_LIMIT"]) {
      const answer = await call(simulator, "POST", "/api/v1/verify", request, { "x-simulate": outcome });
      assert.equal(answer.status, 429);
      assert.equal(answer.headers.get("retry-after"), "1");
    }
  });

  await t.test("GET /nik/{nik}", async () => {
    const john = await call(simulator, "GET", "/api/v1/nik/3201234567890001");
    assert.equal(john.status, 200);
    assert.partialDeepStrictEqual(john.body, {
      nik: "3201234567890001",
      fullName: "JOHN DOE",
      birthDate: "1990-01-15",
      gender: "MALE",
      nationality: "WNI",
      status: "VALID",
      responseCode: "00",
    });
    assert.deepEqual(Object.keys(john.body).sort(), CITIZEN_MEMBERS);
    const blocked = await call(simulator, "GET", "/api/v1/nik/3201234567890003");
    assert.equal(blocked.status, 403);
    assert.partialDeepStrictEqual(blocked.body, { status: "BLOCKED", responseCode: "62", fullName: null });
    const nobody = await call(simulator, "GET", "/api/v1/nik/1111111111111111");
    assert.equal(nobody.status, 404);
    assert.partialDeepStrictEqual(nobody.body, { status: "NOT_FOUND", responseCode: "14" });
    const short = await call(simulator, "GET", "/api/v1/nik/123");
    assert.equal(short.status, 400);
    assert.equal(short.body.title, "Constraint Violation");
    const nobodyForced = await call(simulator, "GET", "/api/v1/nik/1111111111111111", undefined, {
      "x-simulate": "success",
    });
    assert.equal(nobodyForced.status, 404);
  });

  await t.test("GET /health", async () => {
    const { status, body } = await call(simulator, "GET", "/api/v1/health");
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "UP", service: "dukcapil-simulator", version: "1.0.0" });
  });

  await t.test("an unknown route is a plain 404 that nobody takes for a verdict", async () => {
    for (const [method, path] of [
      ["GET", "/"],
      ["GET", "/api/v1/verify"],
      ["POST", "/api/v1/nope"],
    ] as const) {
      const { status, body } = await call(simulator, method, path);
      assert.equal(status, 404);
      assert.deepEqual(body, { title: "Not Found", status: 404 });
    }
  });

  await t.test("a body that is no JSON is 415", async () => {
    const response = await fetch(`${simulator.url}/verify`, { method: "POST", body: "nik=1" });
    assert.equal(response.status, 415);
  });
});

const VERIFY_MEMBERS = [
  "requestId",
  "nik",
  "verified",
  "fullName",
  "birthPlace",
  "birthDate",
  "gender",
  "address",
  "status",
  "responseCode",
  "responseMessage",
].sort();

const CITIZEN_MEMBERS = [
  "requestId",
  "nik",
  "fullName",
  "birthPlace",
  "birthDate",
  "gender",
  "bloodType",
  "address",
  "rt",
  "rw",
  "village",
  "district",
  "city",
  "province",
  "religion",
  "maritalStatus",
  "occupation",
  "nationality",
  "status",
  "responseCode",
  "responseMessage",
].sort();

test("match-photo", async (t) => {
  const photo = Buffer.from("a photograph, as far as the simulator can tell").toString("base64");
  const request = { nik: "3201234567890001", ktpPhotoBase64: photo, selfiePhotoBase64: photo };
  const register = await temporaryRegister(t);

  await t.test("without a comparer there is no score", async () => {
    const simulator = await startSimulator({ register, behaviour: INSTANT_BEHAVIOUR, port: 0 });
    const { status, body } = await call(simulator, "POST", "/api/v1/match-photo", request);
    await simulator.close();
    assert.equal(status, 500);
    assert.partialDeepStrictEqual(body, { matched: false, status: "ERROR", responseCode: "96" });
  });

  let comparison = { score: 0.95, threshold: 0.93, live: true };
  const seen: Uint8Array[] = [];
  const simulator = await startSimulator({
    register,
    behaviour: INSTANT_BEHAVIOUR,
    port: 0,
    comparer: async (ktp, selfie) => {
      seen.push(ktp, selfie);
      if (comparison.score < 0) throw new Error("not a photograph");
      return comparison;
    },
  });
  t.after(() => simulator.close());

  const cases: [string, typeof comparison, Json, number, Json][] = [
    [
      "the same person",
      { score: 0.95, threshold: 0.93, live: true },
      {},
      200,
      {
        matched: true,
        status: "MATCHED",
        responseCode: "00",
        threshold: 75,
        matchScore: 82,
        livenessDetected: true,
      },
    ],
    [
      "at the threshold",
      { score: 0.93, threshold: 0.93, live: true },
      {},
      200,
      { matched: true, matchScore: 75 },
    ],
    [
      "just below the threshold is below 75 too",
      { score: 0.9299, threshold: 0.93, live: true },
      {},
      200,
      { matched: false, status: "NOT_MATCHED", responseCode: "51", matchScore: 74 },
    ],
    [
      "another person",
      { score: 0.1, threshold: 0.93, live: true },
      {},
      200,
      { matched: false, matchScore: 8 },
    ],
    [
      "not alive",
      { score: 0.99, threshold: 0.93, live: false },
      {},
      400,
      { matched: false, status: "LIVENESS_FAILED", responseCode: "52" },
    ],
    [
      "not alive, not asked",
      { score: 0.99, threshold: 0.93, live: false },
      { livenessCheck: false },
      200,
      { matched: true, livenessDetected: false },
    ],
    [
      "what cannot be compared",
      { score: -1, threshold: 0.93, live: true },
      {},
      500,
      { matched: false, responseCode: "96", matchScore: 0 },
    ],
    ["blocked", comparison, { nik: "3201234567890003" }, 403, { status: "BLOCKED", responseCode: "62" }],
    ["unknown", comparison, { nik: "1111111111111111" }, 404, { status: "NOT_FOUND", responseCode: "14" }],
    ["no photograph", comparison, { selfiePhotoBase64: "" }, 400, { title: "Constraint Violation" }],
    [
      "no base64",
      comparison,
      { selfiePhotoBase64: "%%% this is no base64 %%%" },
      400,
      { title: "Constraint Violation" },
    ],
    [
      "a data: URL",
      { score: 0.95, threshold: 0.93, live: true },
      { ktpPhotoBase64: `data:image/jpeg;base64,${photo}` },
      200,
      { matched: true },
    ],
  ];
  for (const [name, measured, change, status, expected] of cases) {
    await t.test(name, async () => {
      comparison = measured;
      const answer = await call(simulator, "POST", "/api/v1/match-photo", { ...request, ...change });
      assert.equal(answer.status, status);
      assert.partialDeepStrictEqual(answer.body, expected);
    });
  }
  assert.ok(seen.every((bytes) => Buffer.from(bytes).toString("base64") === photo));

  await t.test("X-Simulate forces both refusals", async () => {
    for (const [outcome, status, code] of [
      ["face-not-matched", 200, "51"],
      ["liveness-failed", 400, "52"],
      ["success", 200, "00"],
    ] as const) {
      const answer = await call(simulator, "POST", "/api/v1/match-photo", request, { "x-simulate": outcome });
      assert.equal(answer.status, status);
      assert.equal(answer.body.responseCode, code);
    }
  });
});

test("the simulator can be slow, fail a share of calls, be down, hang and talk rubbish", async (t) => {
  const draws = [0.5, 0.02, 0.5, 0.04];
  const simulator = await startSimulator({
    register: await temporaryRegister(t),
    // One draw for the latency, one for the failure, of each call.
    random: () => draws.shift() ?? 0.5,
    behaviour: { latencyMs: [40, 80], failureShare: 0.03 },
    port: 0,
  });
  t.after(() => simulator.close());
  const request = { nik: "3201234567890001", fullName: "JOHN DOE" };

  const started = performance.now();
  assert.equal((await call(simulator, "POST", "/api/v1/verify", request)).status, 500);
  assert.ok(performance.now() - started >= 55, "the latency drawn was 60 ms");
  assert.equal((await call(simulator, "POST", "/api/v1/verify", request)).status, 200);

  const told = await call(simulator, "PUT", "/control", { mode: "rubbish", latencyMs: [0, 0] });
  assert.deepEqual(told.body, { latencyMs: [0, 0], failureShare: 0.03, mode: "rubbish" });
  const rubbish = await fetch(`${simulator.url}/health`);
  assert.equal(rubbish.status, 200);
  assert.match(await rubbish.text(), /^<html>/);

  simulator.behave({ mode: "down" });
  await assert.rejects(fetch(`${simulator.url}/health`));

  simulator.behave({ mode: "hang" });
  await assert.rejects(fetch(`${simulator.url}/health`, { signal: AbortSignal.timeout(100) }), {
    name: "TimeoutError",
  });

  assert.equal((await call(simulator, "PUT", "/control", { failureShare: 3 })).status, 400);
  assert.equal((await call(simulator, "PUT", "/control", { mode: "up", failureShare: 0 })).status, 200);
  assert.deepEqual((await call(simulator, "GET", "/control")).body, {
    latencyMs: [0, 0],
    failureShare: 0,
    mode: "up",
  });
  assert.equal((await call(simulator, "POST", "/api/v1/verify", request)).status, 200);
});

test("the original's slowness and failures are the default", async (t) => {
  const simulator = await startSimulator({ register: await temporaryRegister(t), port: 0 });
  assert.deepEqual(simulator.behaviour(), { latencyMs: [100, 800], failureShare: 0.03, mode: "up" });
  await simulator.close();
});
