import assert from "node:assert/strict";
import { test } from "node:test";
import { Check } from "typebox/value";
import { NAMED_SCHEMAS } from "../../src/http/schemas.ts";
import { readingOf } from "../support/storage.ts";
import { assertProblem, BASE, bodyOf, NIK, serve } from "./support.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: { required: string[] } }>> };
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, unknown> }>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

test("the OpenAPI document lists every route, with its answers and errors", async (t) => {
  const { get } = await serve(t);
  const document = await bodyOf<Document>(await get("/openapi.json"));
  assert.equal(document.openapi, "3.1.0");
  assert.equal(document.info.version, "1.2.3");
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(listed.sort(), [
    `DELETE ${BASE}/user/{user_id}`,
    `GET ${BASE}/events`,
    `GET ${BASE}/review/queue`,
    `GET ${BASE}/review/statistics`,
    `GET ${BASE}/review/{verification_id}`,
    `GET ${BASE}/user/{user_id}`,
    `GET ${BASE}/verify/{verification_id}`,
    `GET ${BASE}/verify/{verification_id}/uploads/{upload_id}`,
    "GET /health",
    "GET /metrics",
    "GET /ready",
    `POST ${BASE}/capture/consent`,
    `POST ${BASE}/capture/note`,
    `POST ${BASE}/capture/open`,
    `POST ${BASE}/review/{verification_id}/decision`,
    `POST ${BASE}/review/{verification_id}/reveal`,
    `POST ${BASE}/user/{user_id}/close`,
    `POST ${BASE}/verify/ktp`,
    `POST ${BASE}/verify/selfie`,
    `POST ${BASE}/verify/start`,
    `POST ${BASE}/verify/{verification_id}/capture`,
    `POST ${BASE}/verify/{verification_id}/liveness`,
    `POST ${BASE}/verify/{verification_id}/liveness/{challenge_id}/frames`,
  ]);

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  );
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const { path, summary, security, parameters = [], responses } of operations) {
    assert.ok(summary, path);
    assert.ok(responses[200].content, path);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(
      parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name),
      inPath,
    );
    // Whoever holds a link has no token yet.
    if (!path.startsWith(BASE) || path === `${BASE}/capture/open`) continue;
    assert.deepEqual(security, [{ bearer: [] }], path);
    for (const status of ["400", "401", "403", "429", "500", "503"]) {
      assert.ok(responses[status]?.content?.["application/problem+json"], `${path} ${status}`);
    }
  }
});

test("both forms of an upload are documented, with the same members", async (t) => {
  const { get } = await serve(t);
  const document = await bodyOf<Document>(await get("/openapi.json"));
  for (const [path, members] of [
    ["/verify/start", ["user_id"]],
    ["/verify/ktp", ["verification_id", "ktp_image"]],
    // The best frame of a liveness challenge may stand in for the picture.
    ["/verify/selfie", ["verification_id"]],
  ] as const) {
    const content = document.paths[BASE + path].post.requestBody?.content ?? {};
    assert.deepEqual(Object.keys(content).sort(), ["application/json", "multipart/form-data"], path);
    for (const { schema } of Object.values(content)) assert.deepEqual(schema.required, members, path);
  }
});

test("every reference in the document leads somewhere", async (t) => {
  const { get } = await serve(t);
  const document = await bodyOf<Document>(await get("/openapi.json"));
  const references = new Set(
    [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to),
  );
  assert.ok(references.size >= 5, [...references].join());
  for (const reference of references) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1] ?? "";
    assert.ok(document.components.schemas[name], reference);
  }
});

test("the page and all that it loads come from here, and it may load nothing else", async (t) => {
  const { get } = await serve(t);
  const page = await get("/docs");
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'self';/);
  const html = await page.text();
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
  assert.ok(loaded.some((path) => path.endsWith(".js")) && loaded.some((path) => path.endsWith(".css")));
  assert.doesNotMatch(html, /<script>|https?:\/\//);
  for (const path of loaded) assert.equal((await get(path)).status, 200, path);
  await assertProblem(await get("/docs/static/nothing.js"), 404, "KYC_VAL_001");
});

test("the documented results are those that the rooms behind give", () => {
  const { KtpOcrResult } = NAMED_SCHEMAS;
  const reading = readingOf(NIK, "JOHN DOE");
  assert.ok(Check(KtpOcrResult, reading));
  assert.ok(!Check(KtpOcrResult, { ...reading, nik: 5 }));
  assert.ok(!Check(KtpOcrResult, { ...reading, checks: undefined }));
});
