import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createAuthenticator } from "../../src/http/auth.ts";
import { startTestService, tokenFor } from "../support/service.ts";
import { assertProblem, BASE, base64, jpeg } from "./support.ts";

const ISSUER = "https://id.example";

test("keys that the provider has changed are fetched when a token needs them, and a withdrawn one is no good", async (t) => {
  const [old, fresh] = await Promise.all([1, 2].map(() => generateKeyPair("ES256", { extractable: true })));
  const published = async (pair: typeof old, kid: string) => ({
    ...(await exportJWK(pair.publicKey)),
    kid,
    alg: "ES256",
  });
  let keys = [await published(old, "old")];
  let fetched = 0;
  const server = createServer((_request, response) => {
    fetched++;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // Its cache is kept for 10 minutes and its cool-down lasts 30 s: on a clock of the test's own.
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const auth = createAuthenticator({ secret: null, oidc: { issuer: ISSUER, jwksUri }, required: true });
  const signed = (pair: typeof old, kid: string, user: string) =>
    new SignJWT({ sub: user, iss: ISSUER })
      .setProtectedHeader({ alg: "ES256", kid })
      .setExpirationTime(Math.floor(Date.now() / 1000) + 3600)
      .sign(pair.privateKey);
  const subject = async (token: Promise<string>) =>
    (await auth.authenticate(`Bearer ${await token}`)).subject;

  for (const user of ["a", "b", "c"]) assert.equal(await subject(signed(old, "old", user)), user);
  assert.equal(fetched, 1, "cached");
  keys = [await published(fresh, "new")];
  // A flood of tokens with unknown keys asks the provider once in a while, not once each.
  for (let i = 0; i < 20; i++) {
    await assert.rejects(subject(signed(fresh, `none-${i}`, "x")), { status: 401 });
  }
  assert.ok(fetched <= 2, `${fetched} times`);
  t.mock.timers.tick(31_000);
  assert.equal(await subject(signed(fresh, "new", "d")), "d");
  await assert.rejects(subject(signed(old, "old", "e")), { code: "KYC_AUTH_002", status: 401 });
});

/** Operations that need no token, and say nothing of anybody. A new one is a decision to be made here. */
const OPEN = ["GET /health", "GET /metrics", "GET /ready", "POST /api/v1/kyc/capture/open"];

/** A well-made form of a liveness challenge. */
function frames(): FormData {
  const form = new FormData();
  form.set("nonce", "a nonce");
  for (let i = 0; i < 8; i++) {
    form.append("frames", new Blob([jpeg()]), "frame.jpg");
    form.append("captured_at", `${i * 100}`);
  }
  return form;
}

test("over every route of the running service, a stranger gets nothing of another's", async (t) => {
  const service = await startTestService();
  t.after(() => service.close());
  const owner = await service.client("owner-of-it");
  const id = await owner.start();
  const image = base64(jpeg());
  const bodies: Readonly<Record<string, unknown>> = {
    "/verify/start": { user_id: "owner-of-it" },
    "/verify/ktp": { verification_id: id, ktp_image: image },
    "/verify/selfie": { verification_id: id, selfie_image: image },
    "/capture/consent": { version: "1", at: new Date().toISOString() },
    "/capture/note": { text: "my name" },
    "/review/{verification_id}/reveal": { what: "nik" },
    "/review/{verification_id}/decision": { verdict: "approve", seen: new Date().toISOString() },
  };
  const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  const tokens = [
    await tokenFor("stranger"),
    await tokenFor("stranger", "kyc:servicex", "KYC:SERVICE", "kyc"),
    // It may read all, and decide what waits for it: nothing here.
    await tokenFor("reviewer", "kyc:review"),
  ];
  const open: string[] = [];
  let guarded = 0;
  for (const [pattern, methods] of Object.entries(paths)) {
    for (const [verb, { security }] of Object.entries(methods)) {
      const method = verb.toUpperCase();
      const path = pattern
        .replace("{verification_id}", id)
        .replace("{challenge_id}", "challenge-of-it")
        .replace("{upload_id}", "upload-of-it")
        .replace("{user_id}", "owner-of-it");
      const send = (headers: Record<string, string>) => {
        if (method !== "POST") return fetch(service.url + path, { method, headers });
        if (pattern.endsWith("/frames"))
          return fetch(service.url + path, { method, headers, body: frames() });
        const body = JSON.stringify(bodies[pattern.replace(BASE, "")] ?? {});
        return fetch(service.url + path, {
          method,
          headers: { ...headers, "content-type": "application/json" },
          body,
        });
      };
      if (!security?.length) {
        open.push(`${method} ${pattern}`);
        assert.ok(!(await (await send({})).text()).includes(id), pattern);
        continue;
      }
      guarded++;
      await assertProblem(await send({}), 401, "KYC_AUTH_001");
      await assertProblem(await send({ authorization: "Bearer x.y.z" }), 401, "KYC_AUTH_002");
      for (const [i, token] of tokens.entries()) {
        const answer = await send({ authorization: `Bearer ${token}` });
        const text = await answer.text();
        const reads = i === 2 && method === "GET" && /\{(verification|user)_id\}/.test(pattern);
        // There is no upload to be read.
        if (reads && answer.status === (pattern.endsWith("{upload_id}") ? 404 : 200)) continue;
        if (i === 2 && pattern.includes("/review/")) {
          assert.equal(answer.status, pattern.endsWith("/decision") ? 409 : 200, `${pattern}: ${text}`);
          continue;
        }
        assert.equal(answer.status, 403, `${method} ${pattern}: ${text}`);
        assert.ok(!text.includes("owner-of-it"), text);
      }
    }
  }
  // What can be no id is looked for nowhere, by whoever counts the platform's requests either.
  const platform = { authorization: `Bearer ${await tokenFor("platform", "kyc:service")}` };
  const strange = await fetch(`${service.url}${BASE}/verify/%00%03`, { headers: platform });
  await assertProblem(strange, 400, "KYC_VAL_001");
  assert.ok(guarded >= 8, `${guarded} routes`);
  assert.deepEqual(open.toSorted(), OPEN.toSorted());
  // Nothing of it had an effect.
  const { body } = await owner.get(`/verify/${id}`);
  assert.equal(body.status, "PENDING");
});
