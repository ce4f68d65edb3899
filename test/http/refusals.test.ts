import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { before, test } from "node:test";
import type { ErrorCode } from "../../src/verification/errors.ts";
import {
  assertProblem,
  BASE,
  base64,
  bearer,
  begin,
  form,
  jpeg,
  MAX_IMAGE,
  NIK,
  serve,
  tokenFor,
} from "./support.ts";

let mine: { authorization: string };
before(async () => {
  mine = await bearer("u");
});

const START = `${BASE}/verify/start`;
const KTP = `${BASE}/verify/ktp`;
const SELFIE = `${BASE}/verify/selfie`;

/** What is sent, and what comes back: status, code, and a word of the explanation. */
type Row = readonly [
  name: string,
  path: string,
  body: unknown,
  status: number,
  code: ErrorCode,
  word: RegExp,
];

const image = base64(jpeg());
const id = "b8a7c1d2-0000-4000-8000-000000000000";

const JSON_ROWS: readonly Row[] = [
  ["no user", START, {}, 400, "KYC_VAL_001", /user_id is missing/],
  ["an empty user", START, { user_id: "" }, 400, "KYC_VAL_001", /user_id must not be empty/],
  ["a blank user", START, { user_id: "   " }, 400, "KYC_VAL_001", /user_id must not be blank/],
  ["a user of 37 characters", START, { user_id: "u".repeat(37) }, 400, "KYC_VAL_001", /at most 36/],
  ["a user of many code points", START, { user_id: "👨‍👩‍👧‍👦".repeat(20) }, 400, "KYC_VAL_001", /user_id/],
  ["a user with NUL", START, { user_id: "u\u0000" }, 400, "KYC_VAL_001", /control characters/],
  ["a user that is a number", START, { user_id: 5 }, 400, "KYC_VAL_001", /user_id must be a string/],
  [
    "an unknown type",
    START,
    { user_id: "u", verification_type: "X" },
    400,
    "KYC_VAL_001",
    /FULL_KYC, BASIC_KYC/,
  ],
  ["an array", START, [], 400, "KYC_VAL_001", /must be an object/],
  ["null", START, "null", 400, "KYC_VAL_001", /must be an object/],
  ["an empty body", START, "", 400, "KYC_VAL_001", /empty/],
  ["half a body", START, '{"user_id": "u', 400, "KYC_VAL_001", /not valid JSON/],
  ["a prototype", START, '{"__proto__": {"user_id": "u"}}', 400, "KYC_VAL_001", /not valid JSON/],
  ["someone else's user", START, { user_id: "other" }, 403, "KYC_AUTH_003", /another user/],
  ["no id", KTP, { ktp_image: image }, 400, "KYC_VAL_001", /verification_id is missing/],
  ["no image", KTP, { verification_id: id }, 400, "KYC_VAL_001", /ktp_image is missing/],
  ["no selfie", SELFIE, { verification_id: id }, 400, "KYC_VAL_002", /selfie_image is missing/],
  [
    "the other step's image",
    SELFIE,
    { verification_id: id, ktp_image: image },
    400,
    "KYC_VAL_002",
    /selfie_image/,
  ],
  ["an unknown id", KTP, { verification_id: id, ktp_image: image }, 404, "KYC_VAL_003", /no such/],
  [
    "an unknown id that is no UUID",
    KTP,
    { verification_id: "x", ktp_image: image },
    404,
    "KYC_VAL_003",
    /no such/,
  ],
  [
    "an image that is a number",
    KTP,
    { verification_id: id, ktp_image: 1 },
    400,
    "KYC_VAL_001",
    /must be a string/,
  ],
  ["an empty image", KTP, { verification_id: id, ktp_image: "" }, 400, "KYC_VAL_001", /ktp_image is empty/],
  [
    "an empty data URL",
    KTP,
    { verification_id: id, ktp_image: "data:image/png;base64," },
    400,
    "KYC_VAL_001",
    /empty/,
  ],
  ["not base64", KTP, { verification_id: id, ktp_image: "not base64!" }, 400, "KYC_VAL_001", /not base64/],
  [
    "not base64 in the selfie",
    SELFIE,
    { verification_id: id, selfie_image: "{}" },
    400,
    "KYC_VAL_002",
    /not base64/,
  ],
  [
    "base64 with a stray letter",
    KTP,
    { verification_id: id, ktp_image: `${image}A=` },
    400,
    "KYC_VAL_001",
    /not base64/,
  ],
  [
    "base64 with text after it",
    KTP,
    { verification_id: id, ktp_image: `${image}=\nx` },
    400,
    "KYC_VAL_001",
    /not base64/,
  ],
  ["one character", KTP, { verification_id: id, ktp_image: "A" }, 400, "KYC_VAL_001", /not base64/],
  [
    "a data URL in plain text",
    KTP,
    { verification_id: id, ktp_image: "data:image/svg+xml,<svg/>" },
    400,
    "KYC_VAL_001",
    /base64/,
  ],
  [
    "one byte too many",
    KTP,
    { verification_id: id, ktp_image: base64(jpeg(MAX_IMAGE + 1)) },
    413,
    "KYC_VAL_001",
    /at most 0.06 MiB/,
  ],
  [
    "30 MB",
    SELFIE,
    { verification_id: id, selfie_image: "A".repeat(30_000_000) },
    413,
    "KYC_VAL_002",
    /too large/,
  ],
];

test("what is wrong with a JSON body is named, with what to do", async (t) => {
  const { postJson } = await serve(t);
  for (const [name, path, body, status, code, word] of JSON_ROWS) {
    const problem = await assertProblem(await postJson(path, body, mine), status, code).catch((error) => {
      throw new Error(name, { cause: error });
    });
    assert.match(problem.detail, word, name);
  }
});

test("each member at fault is listed", async (t) => {
  const { postJson } = await serve(t);
  const problem = await assertProblem(
    await postJson(START, { user_id: 1, verification_type: "?" }, mine),
    400,
    "KYC_VAL_001",
  );
  assert.deepEqual(problem.errors, [
    { field: "user_id", message: "must be a string." },
    { field: "verification_type", message: "must be one of FULL_KYC, BASIC_KYC." },
  ]);
});

test("base64 of something else reaches the service, which knows images", async (t) => {
  const client = await serve(t);
  const { postJson, seen } = client;
  const verification_id = await begin(client, mine);
  const pdf = base64(Buffer.from("%PDF-1.7\n%âãÏÓ"));
  await assertProblem(await postJson(KTP, { verification_id, ktp_image: pdf }, mine), 415, "KYC_VAL_001");
  await assertProblem(
    await postJson(SELFIE, { verification_id, selfie_image: pdf }, mine),
    415,
    "KYC_VAL_002",
  );
  assert.equal(seen.at(-1)?.image?.length, Buffer.from(pdf, "base64").length);
});

test("a refused photograph carries hints in two languages and the attempts left", async (t) => {
  const client = await serve(t);
  const { postForm } = client;
  const verification_id = await begin(client, mine);
  const refused = Buffer.from("REFUSE");
  const response = await postForm(SELFIE, { verification_id, selfie_image: refused }, mine);
  const problem = await assertProblem(response, 400, "KYC_VAL_002");
  assert.equal(problem.attempts_left, 2);
  const [hint] = problem.hints as { code: string; id: string; en: string }[];
  assert.equal(hint.code, "blurred");
  assert.match(hint.id, /buram/);
  assert.match(hint.en, /blurred/);
});

test("a wrong step is 409 and says where the verification stands", async (t) => {
  const client = await serve(t);
  const { postJson } = client;
  const verification_id = await begin(client, mine);
  const response = await postJson(SELFIE, { verification_id, selfie_image: image }, mine);
  const problem = await assertProblem(response, 409, "KYC_VAL_002");
  assert.equal(problem.verification_status, "PENDING");
});

test("busy is 503 with Retry-After in whole seconds", async (t) => {
  const client = await serve(t);
  const { postForm } = client;
  const verification_id = await begin(client, mine);
  const response = await postForm(KTP, { verification_id, ktp_image: Buffer.from("BUSY!!") }, mine);
  await assertProblem(response, 503, "KYC_SYS_002");
  assert.equal(response.headers.get("retry-after"), "7");
});

test("a bug is 500 with the step's code: nothing of it in the answer, all of it but the NIK in the log", async (t) => {
  const client = await serve(t);
  const { postForm, get, log, lines } = client;
  const verification_id = await begin(client, mine);
  const crash = Buffer.from("CRASH!");
  const ktp = await postForm(
    KTP,
    { verification_id, ktp_image: crash },
    { ...mine, "x-request-id": "crash-1" },
  );
  const problem = await assertProblem(ktp, 500, "KYC_SYS_002");
  assert.doesNotMatch(JSON.stringify(problem), /bug|hand|\.ts/);
  const [logged] = log().filter(({ level, request_id }) => level === "error" && request_id === "crash-1");
  assert.match(logged.err.message, /^a bug with 320123\*+0001 in hand$/);
  assert.match(logged.err.stack, /support\.ts/);
  assert.ok(!lines.join("").includes(NIK));
  await assertProblem(
    await postForm(SELFIE, { verification_id, selfie_image: crash }, mine),
    500,
    "KYC_SYS_003",
  );
  await assertProblem(await get(`${BASE}/verify/crash`, mine), 500, "KYC_SYS_004");
});

test("a form is held to the same rules", async (t) => {
  const { postForm, url } = await serve(t);
  const bytes = jpeg();
  const send = (path: string, body: FormData | string, type?: string) =>
    fetch(url + path, { method: "POST", headers: { ...mine, ...(type && { "content-type": type }) }, body });
  const rows: readonly (readonly [string, Promise<Response>, number, ErrorCode, RegExp])[] = [
    ["no id", postForm(KTP, { ktp_image: bytes }, mine), 400, "KYC_VAL_001", /verification_id is missing/],
    [
      "no file",
      postForm(SELFIE, { verification_id: id }, mine),
      400,
      "KYC_VAL_002",
      /selfie_image is missing/,
    ],
    [
      "empty file",
      postForm(KTP, { verification_id: id, ktp_image: new Uint8Array() }, mine),
      400,
      "KYC_VAL_001",
      /empty/,
    ],
    [
      "text for a file",
      postForm(KTP, { verification_id: id, ktp_image: image }, mine),
      400,
      "KYC_VAL_001",
      /file part/,
    ],
    [
      "much text for a file",
      postForm(KTP, { verification_id: id, ktp_image: base64(jpeg(9999)) }, mine),
      400,
      "KYC_VAL_001",
      /file part/,
    ],
    [
      "a file for text",
      postForm(KTP, { verification_id: bytes }, mine),
      400,
      "KYC_VAL_001",
      /verification_id must be a string/,
    ],
    [
      "one byte too many",
      postForm(KTP, { verification_id: id, ktp_image: jpeg(MAX_IMAGE + 1) }, mine),
      413,
      "KYC_VAL_001",
      /too large/,
    ],
    [
      "far too many",
      postForm(SELFIE, { verification_id: id, selfie_image: jpeg(9_000_000) }, mine),
      413,
      "KYC_VAL_002",
      /too large/,
    ],
    [
      "two files",
      postForm(KTP, { ktp_image: bytes, other: bytes }, mine),
      400,
      "KYC_VAL_001",
      /more than one file/,
    ],
    [
      "fields without end",
      postForm(KTP, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, "x"])), mine),
      400,
      "KYC_VAL_001",
      /too many/,
    ],
    ["a prototype", postForm(KTP, JSON.parse('{"__proto__":"x"}'), mine), 400, "KYC_VAL_001", /not allowed/],
    ["no boundary", send(KTP, "x", "multipart/form-data"), 400, "KYC_VAL_001", /malformed/],
    [
      "no end",
      send(
        KTP,
        '--b\r\nContent-Disposition: form-data; name="verification_id"\r\n\r\nx',
        "multipart/form-data; boundary=b",
      ),
      400,
      "KYC_VAL_001",
      /malformed|cut off/,
    ],
    [
      "an empty form",
      send(KTP, "--b--\r\n", "multipart/form-data; boundary=b"),
      400,
      "KYC_VAL_001",
      /missing/,
    ],
  ];
  for (const [name, response, status, code, word] of rows) {
    const problem = await assertProblem(await response, status, code).catch((error) => {
      throw new Error(name, { cause: error });
    });
    assert.match(problem.detail, word, name);
  }
  const twice = form({ verification_id: id });
  twice.append("verification_id", "other");
  assert.match((await assertProblem(await send(KTP, twice), 400, "KYC_VAL_001")).detail, /sent once/);
});

test("paths, methods and media types that are not taken", async (t) => {
  const { get, url } = await serve(t);
  const send = (method: string, path: string, type: string, body = "x") =>
    fetch(url + path, { method, headers: { ...mine, "content-type": type }, body });
  await assertProblem(await get("/"), 404, "KYC_VAL_001");
  await assertProblem(await get(`${BASE}/nothing`), 404, "KYC_VAL_001");
  await assertProblem(await get(`${BASE}/verify/%E0%A4`, mine), 400, "KYC_VAL_001");
  await assertProblem(await get(`${BASE}/verify/a%00b`, mine), 400, "KYC_VAL_001");
  await assertProblem(await get(`${BASE}/verify/${"x".repeat(5000)}`, mine), 414, "KYC_VAL_001");
  for (const type of [
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/mixed; boundary=b",
  ]) {
    const problem = await assertProblem(await send("POST", KTP, type), 415, "KYC_VAL_001");
    assert.match(problem.detail, /application\/json or multipart/);
  }
  await assertProblem(await send("POST", SELFIE, "image/jpeg"), 415, "KYC_VAL_002");
  const bare = await fetch(url + SELFIE, { method: "POST", headers: mine });
  assert.match((await assertProblem(bare, 400, "KYC_VAL_002")).detail, /body is missing/);
  const put = await send("PUT", KTP, "text/plain");
  await assertProblem(put, 405, "KYC_VAL_001");
  assert.equal(put.headers.get("allow"), "POST");
  const deleted = await fetch(`${url}/health`, { method: "DELETE" });
  await assertProblem(deleted, 405, "KYC_VAL_001");
  assert.equal(deleted.headers.get("allow"), "GET, HEAD");
});

test("a page that cannot be is refused by name", async (t) => {
  const { get } = await serve(t);
  const history = `${BASE}/user/u`;
  for (const [query, word] of [
    ["limit=0", /limit must be at least 1/],
    ["limit=101", /limit must be at most 100/],
    ["limit=-1", /limit must be a whole number/],
    ["limit=1.5", /limit must be a whole number/],
    ["limit=many", /limit must be a whole number/],
    ["limit=", /limit must be a whole number/],
    ["limit=1&limit=2", /limit must be a whole number/],
    ["cursor=", /cursor must not be empty/],
    ["cursor=bm8", /cursor is not from a Link header/],
    ["cursor=a%00b", /cursor/],
    ["cursor=a&cursor=b", /cursor must be a string/],
  ] as const) {
    const problem = await assertProblem(await get(`${history}?${query}`, mine), 400, "KYC_VAL_001");
    assert.match(problem.detail, word, query);
  }
  await assertProblem(await get(`${BASE}/user/${"u".repeat(37)}`, mine), 400, "KYC_VAL_001");
  await assertProblem(await get(`${BASE}/user/other`, mine), 403, "KYC_AUTH_003");
});

/** Sends bytes as they are, then ends the sending half or cuts the connection. @returns all that came back */
async function raw(url: string, text: string, end: "finish" | "cut" | "nothing"): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => {}).on("end", () => socket.end());
  await once(socket, "connect");
  socket.write(text);
  if (end === "finish") socket.end();
  if (end === "cut") socket.destroy();
  if (end !== "cut") await once(socket, "close");
  return answer;
}

test("bytes that are no request are answered on the bare socket", async (t) => {
  const { url } = await serve(t);
  for (const [bytes, status] of [
    ["rubbish\r\n\r\n", 400],
    [`GET /health HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    [
      "POST /api/v1/kyc/verify/ktp HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
  ] as const) {
    const [head, body] = (await raw(url, bytes, "nothing")).split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(head, /content-type: application\/problem\+json/i);
    const problem = JSON.parse(body);
    assert.equal(problem.status, status);
    assert.equal(problem.error_code, "KYC_VAL_001");
  }
});

test("a file that is too large is refused as soon as it is, not when its last byte has come", async (t) => {
  const { url } = await serve(t);
  const head = `POST ${KTP} HTTP/1.1\r\nHost: a\r\nAuthorization: ${mine.authorization}\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const part = `--b\r\nContent-Disposition: form-data; name="ktp_image"; filename="a.jpg"\r\n\r\n${"x".repeat(2 * MAX_IMAGE)}`;
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(async () => socket.destroy());
  socket.write(`${head}${part.length.toString(16)}\r\n${part}\r\n`);
  const [answer] = await once(socket.setEncoding("utf8"), "data");
  assert.match(answer, /^HTTP\/1.1 413 /);
  assert.match(answer, /KYC_VAL_001/);
});

test("a body announced as too large is refused before it comes, however much may be under way", async (t) => {
  const { url } = await serve(t);
  for (const type of ["application/json", "multipart/form-data; boundary=b"]) {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    t.after(async () => socket.destroy());
    socket.write(
      `POST ${SELFIE} HTTP/1.1\r\nHost: a\r\nAuthorization: ${mine.authorization}\r\nContent-Type: ${type}\r\nContent-Length: 1000000000\r\n\r\n`,
    );
    const [answer] = await once(socket.setEncoding("utf8"), "data");
    assert.match(answer, /^HTTP\/1.1 413 /);
    assert.match(answer, /KYC_VAL_002/);
  }
});

test("a client that sends its whole body before it reads still gets the refusal", async (t) => {
  const { url } = await serve(t);
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(async () => socket.destroy());
  const chunk = Buffer.alloc(1_000_000, "A");
  socket.pause();
  socket.write(
    `POST ${KTP} HTTP/1.1\r\nHost: a\r\nAuthorization: ${mine.authorization}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  for (let sent = 0; sent < 30; sent++) {
    socket.write(`${chunk.length.toString(16)}\r\n`);
    await new Promise<void>((resolve, reject) =>
      socket.write(chunk, (error) => (error ? reject(error) : resolve())),
    );
    socket.write("\r\n");
  }
  socket.write("0\r\n\r\n");
  socket.resume();
  const [answer] = await once(socket.setEncoding("utf8"), "data");
  assert.match(answer, /^HTTP\/1.1 413 /);
});

test("an upload that breaks off leaves nothing behind: no call, no hanging request", async (t) => {
  const { url, app, seen, get } = await serve(t);
  const token = await tokenFor("u");
  const head = (type: string, length: number) =>
    `POST ${KTP} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
  const part = `--b\r\nContent-Disposition: form-data; name="ktp_image"; filename="a.jpg"\r\n\r\n${"x".repeat(500)}`;

  const half = await raw(url, head("multipart/form-data; boundary=b", 5000) + part, "finish");
  assert.match(half, /^HTTP\/1.1 400 /);
  assert.match(half, /KYC_VAL_001/);
  const halfJson = await raw(url, `${head("application/json", 5000)}{"verification_id":"`, "finish");
  assert.match(halfJson, /^HTTP\/1.1 400 /);
  await raw(url, head("multipart/form-data; boundary=b", 5000) + part, "cut");
  await raw(url, `${head("application/json", 5000)}{"verif`, "cut");

  assert.deepEqual(seen, []);
  const metric = /^http_requests_total\{method="POST",path="\/api\/v1\/kyc\/verify\/ktp",status="499"\} 4$/m;
  for (let tries = 0; tries < 50; tries++) {
    if (metric.test(await (await get("/metrics")).text())) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(await (await get("/metrics")).text(), metric);
  assert.equal(await app.stop(5000), 0);
});
