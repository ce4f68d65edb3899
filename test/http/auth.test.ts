import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { createAuthenticator, signToken } from "../../src/http/auth.ts";
import type { Caller } from "../../src/verification/verification.ts";
import { assertProblem, BASE, bearer, begin, bodyOf, SECRET, serve } from "./support.ts";

const ISSUER = "https://id.example";
const AUDIENCE = "kyc";
const key = new TextEncoder().encode(SECRET);
const START = `${BASE}/verify/start`;

/** A token signed with the service's own secret, its claims as told. */
const hs256 = (claims: JWTPayload, alg = "HS256", secret: Uint8Array = key) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(secret);
const now = () => Math.floor(Date.now() / 1000);

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let rsa: Pair;
let ec: Pair;
let ed: Pair;
let stranger: Pair;
before(async () => {
  const extractable = { extractable: true };
  [rsa, ec, ed, stranger] = await Promise.all([
    generateKeyPair("RS256", extractable),
    generateKeyPair("ES256", extractable),
    generateKeyPair("EdDSA", extractable),
    generateKeyPair("RS256", extractable),
  ]);
});

/** An identity provider's key endpoint. */
async function provider(t: { after(work: () => void): void }) {
  let fetched = 0;
  const keys = await Promise.all(
    [
      ["RS256", rsa],
      ["ES256", ec],
      ["EdDSA", ed],
    ].map(async ([alg, pair]) => ({
      ...(await exportJWK((pair as Pair).publicKey)),
      kid: alg as string,
      alg: alg as string,
    })),
  );
  const server = createServer((_request, response) => {
    fetched++;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { jwksUri: `http://127.0.0.1:${port}/jwks`, fetched: () => fetched };
}

test("no bad token passes, and each is 401 by its kind", async (t) => {
  const { jwksUri } = await provider(t);
  const auth = createAuthenticator({
    secret: SECRET,
    oidc: { issuer: ISSUER, jwksUri, audience: AUDIENCE },
    required: true,
  });
  const { get, postJson } = await serve(t, { auth });
  const good = await signToken({ secret: SECRET, user: "u", minutes: 1 });
  const [head, body, signature] = good.split(".");
  const claims = { sub: "u", iss: ISSUER, aud: AUDIENCE, exp: now() + 60 };
  const rs256 = (payload: JWTPayload, pair = rsa) =>
    new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: "RS256" }).sign(pair.privateKey);
  const encoded = (json: unknown) => Buffer.from(JSON.stringify(json)).toString("base64url");
  const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
  const modulus = Buffer.from((await exportJWK(rsa.publicKey)).n as string, "base64url");

  const attacks: Readonly<Record<string, string>> = {
    "another scheme": "Basic dTpw",
    "no token": "Bearer ",
    "not a token": "Bearer abc",
    "three empty parts": "Bearer ..",
    "two tokens": `Bearer ${good}, Bearer ${good}`,
    unsigned: `Bearer ${new UnsecuredJWT({ sub: "u" }).setExpirationTime("1h").encode()}`,
    "alg none with a signature": `Bearer ${encoded({ alg: "none" })}.${body}.${signature}`,
    "alg NonE": `Bearer ${encoded({ alg: "NonE" })}.${body}.`,
    "signature left out": `Bearer ${head}.${body}.`,
    "signature altered": `Bearer ${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
    "subject altered": `Bearer ${head}.${encoded({ sub: "victim", exp: now() + 60 })}.${signature}`,
    "another secret": `Bearer ${await signToken({ secret: `${SECRET}!`, user: "u", minutes: 1 })}`,
    "HS384 with our secret": `Bearer ${await hs256(claims, "HS384")}`,
    "HS256 with the provider's public key in PEM": `Bearer ${await hs256(claims, "HS256", pem)}`,
    "HS256 with the provider's modulus": `Bearer ${await hs256(claims, "HS256", modulus)}`,
    "a key id of the provider on HS256": `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "RS256" }).sign(pem)}`,
    "a key in the token itself": `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: "RS256", jwk: await exportJWK(stranger.publicKey) }).sign(stranger.privateKey)}`,
    "a stranger's key under a known id": `Bearer ${await rs256(claims, stranger)}`,
    "a critical header of its own": `Bearer ${encoded({ alg: "HS256", crit: ["x"], x: 1 })}.${body}.${signature}`,
    expired: `Bearer ${await hs256({ sub: "u", exp: now() - 6 })}`,
    "never expiring": `Bearer ${await hs256({ sub: "u" })}`,
    "expiring in text": `Bearer ${await hs256({ sub: "u", exp: "never" as unknown as number })}`,
    "not yet valid": `Bearer ${await hs256({ sub: "u", exp: now() + 60, nbf: now() + 30 })}`,
    "no subject": `Bearer ${await hs256({ exp: now() + 60 })}`,
    "an empty subject": `Bearer ${await hs256({ sub: "", exp: now() + 60 })}`,
    "a subject with a line break": `Bearer ${await hs256({ sub: "u\nv", exp: now() + 60 })}`,
    "the provider's, wrong issuer": `Bearer ${await rs256({ ...claims, iss: "https://evil.example" })}`,
    "the provider's, wrong audience": `Bearer ${await rs256({ ...claims, aud: "other" })}`,
    "the provider's, no audience": `Bearer ${await rs256({ ...claims, aud: undefined })}`,
    "the provider's, expired": `Bearer ${await rs256({ ...claims, exp: now() - 6 })}`,
    oversized: `Bearer ${await hs256({ sub: "u", exp: now() + 60, pad: "x".repeat(7000) })}`,
  };
  for (const [name, authorization] of Object.entries(attacks)) {
    const response = await get(`${BASE}/user/u`, { authorization });
    const problem = await assertProblem(response, 401, "KYC_AUTH_002").catch((cause) => {
      throw new Error(name, { cause });
    });
    assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="kyc", error="invalid_token"', name);
    assert.ok(!JSON.stringify(problem).includes(signature), name);
  }
  const none = await postJson(START, { user_id: "u" });
  await assertProblem(none, 401, "KYC_AUTH_001");
  assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="kyc"');
  assert.equal((await get(`${BASE}/user/u`, { authorization: `Bearer ${good}` })).status, 200);
});

test("the provider's tokens are taken in three algorithms, its keys fetched once", async (t) => {
  const { jwksUri, fetched } = await provider(t);
  const auth = createAuthenticator({
    secret: null,
    oidc: { issuer: ISSUER, jwksUri, audience: AUDIENCE },
    required: true,
  });
  for (const [alg, pair] of [
    ["RS256", rsa],
    ["ES256", ec],
    ["EdDSA", ed],
  ] as const) {
    const token = await new SignJWT({ scope: "openid kyc:review", scp: ["kyc:extra"] })
      .setProtectedHeader({ alg, kid: alg })
      .setSubject(`user-${alg}`)
      .setIssuer(ISSUER)
      .setAudience([AUDIENCE, "other"])
      .setExpirationTime("1m")
      .sign(pair.privateKey);
    const caller = await auth.authenticate(`bearer ${token}`);
    assert.equal(caller.subject, `user-${alg}`);
    assert.deepEqual([...caller.scopes], ["openid", "kyc:review", "kyc:extra"]);
  }
  assert.equal(fetched(), 1);
  // Without a secret of our own no HMAC is any good, the empty one least of all.
  for (const secret of [key, new Uint8Array(1)]) {
    await assert.rejects(
      auth.authenticate(`Bearer ${await hs256({ sub: "u", exp: now() + 60 }, "HS256", secret)}`),
      {
        code: "KYC_AUTH_002",
        status: 401,
      },
    );
  }
});

test("a provider that cannot be reached is our failure, not the token's", async (t) => {
  const oidc = { issuer: ISSUER, jwksUri: "http://127.0.0.1:9/jwks" };
  const { get } = await serve(t, { auth: createAuthenticator({ secret: SECRET, oidc, required: true }) });
  const token = await new SignJWT({ sub: "u", iss: ISSUER })
    .setProtectedHeader({ alg: "ES256" })
    .setExpirationTime("1m")
    .sign(ec.privateKey);
  const response = await get(`${BASE}/user/u`, { authorization: `Bearer ${token}` });
  await assertProblem(response, 503, "KYC_SYS_001");
  assert.equal(response.headers.get("retry-after"), "5");
  assert.equal((await get(`${BASE}/user/u`, await bearer("u"))).status, 200);
});

test("a token that was taken before is refused once it has expired, or when it is altered", async (t) => {
  const auth = createAuthenticator({ secret: SECRET, oidc: null, required: true });
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const token = await signToken({
    secret: SECRET,
    user: "u",
    scopes: ["kyc:review"],
    minutes: 0.5,
    now: new Date(),
  });
  for (let i = 0; i < 3; i++) {
    const caller = await auth.authenticate(`Bearer ${token}`);
    assert.deepEqual([caller.subject, ...caller.scopes], ["u", "kyc:review"]);
  }
  await assert.rejects(auth.authenticate(`Bearer ${token.slice(0, -1)}`), { code: "KYC_AUTH_002" });
  t.mock.timers.tick(36_000);
  await assert.rejects(auth.authenticate(`Bearer ${token}`), { code: "KYC_AUTH_002", message: /expired/ });
});

test("clocks may differ by five seconds; an issuer and an audience are held to where they are set", async () => {
  const auth = createAuthenticator({ secret: SECRET, oidc: null, required: true });
  const late = await auth.authenticate(`Bearer ${await hs256({ sub: "u", exp: now() - 3 })}`);
  assert.equal(late.subject, "u");
  const early = await auth.authenticate(
    `Bearer ${await hs256({ sub: "u", exp: now() + 60, nbf: now() + 3 })}`,
  );
  assert.equal(early.subject, "u");

  const strict = createAuthenticator({
    secret: SECRET,
    oidc: null,
    required: true,
    issuer: ISSUER,
    audience: AUDIENCE,
  });
  const claims = { sub: "u", exp: now() + 60, iss: ISSUER, aud: AUDIENCE };
  assert.equal((await strict.authenticate(`Bearer ${await hs256(claims)}`)).subject, "u");
  for (const wrong of [{ iss: "x" }, { aud: "x" }, { iss: undefined }, { aud: undefined }]) {
    await assert.rejects(strict.authenticate(`Bearer ${await hs256({ ...claims, ...wrong })}`), {
      status: 401,
    });
  }
});

test("where no token is needed, none makes the caller the platform; a bad one stays 401", async (t) => {
  const auth = createAuthenticator({ secret: SECRET, oidc: null, required: false });
  const client = await serve(t, { auth });
  await begin(client, {}, "anybody");
  const { caller } = client.seen.at(-1) as { caller: Caller };
  assert.deepEqual([caller.subject, ...caller.scopes], ["anonymous", "kyc:service"]);
  await assertProblem(
    await client.get(`${BASE}/user/anybody`, { authorization: "Bearer x" }),
    401,
    "KYC_AUTH_002",
  );
  await assertProblem(await client.get(`${BASE}/user/anybody`, await bearer("other")), 403, "KYC_AUTH_003");
});

test("nobody reaches another user's verification; the scopes reach what they say", async (t) => {
  const client = await serve(t);
  const { get, postJson } = client;
  const id = await begin(client, await bearer("owner"), "owner");
  const stranger = await bearer("stranger");
  const reviewer = await bearer("reviewer", "kyc:review");
  const platform = await bearer("platform", "kyc:service");
  const upload = { verification_id: id, ktp_image: "AAAA" };

  for (const headers of [stranger, await bearer("stranger", "kyc:servicex", "kyc")]) {
    await assertProblem(await get(`${BASE}/verify/${id}`, headers), 403, "KYC_AUTH_003");
    await assertProblem(await get(`${BASE}/user/owner`, headers), 403, "KYC_AUTH_003");
    await assertProblem(await postJson(`${BASE}/verify/ktp`, upload, headers), 403, "KYC_AUTH_003");
    await assertProblem(await postJson(START, { user_id: "owner" }, headers), 403, "KYC_AUTH_003");
  }
  assert.equal((await get(`${BASE}/verify/${id}`, reviewer)).status, 200);
  assert.equal((await bodyOf<unknown[]>(await get(`${BASE}/user/owner`, reviewer))).length, 1);
  await assertProblem(await postJson(START, { user_id: "owner" }, reviewer), 403, "KYC_AUTH_003");
  for (const headers of [stranger, reviewer]) {
    await assertProblem(await get(`${BASE}/events`, headers), 403, "KYC_AUTH_003");
  }
  assert.equal((await get(`${BASE}/verify/${id}`, platform)).status, 200);
  assert.equal((await postJson(START, { user_id: "owner" }, platform)).status, 200);
});

test("tokens stay out of the log, whole or in part", async (t) => {
  const { get, lines } = await serve(t);
  const { authorization } = await bearer("u");
  await get(`${BASE}/user/u`, { authorization });
  await get(`${BASE}/user/u`, { authorization: `${authorization}x` });
  const log = lines.join("");
  for (const part of authorization.slice("Bearer ".length).split(".")) assert.ok(!log.includes(part));
});
