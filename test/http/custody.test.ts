import assert from "node:assert/strict";
import { test } from "node:test";
import { KycError } from "../../src/verification/errors.ts";
import type { Caller } from "../../src/verification/verification.ts";
import { BASE, bearer, serve } from "./support.ts";

const USER = "user-to-be-erased";

test("closing and erasing hand the caller, the user and the time on, and answer as documented", async (t) => {
  const seen: [string, Caller, string, Date?][] = [];
  const custody = {
    closeAccount: async (caller: Caller, userId: string, at: Date) => {
      seen.push(["close", caller, userId, at]);
    },
    eraseUser: async (caller: Caller, userId: string) => {
      seen.push(["erase", caller, userId]);
      if (!caller.scopes.has("kyc:service")) throw new KycError("KYC_AUTH_003", 403, "Not yours.");
      return { verifications: 1, images: 2, events: 3, imagesElsewhere: ["s3://old/ktp.jpg"] };
    },
  };
  const { url } = await serve(t, { custody });
  const send = async (method: string, path: string, scopes: string[], body?: unknown) => {
    const response = await fetch(`${url}${BASE}${path}`, {
      method,
      headers: {
        ...(await bearer("platform", ...scopes)),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };

  const closed_at = "2026-03-01T07:00:00+07:00";
  assert.deepEqual(await send("POST", `/user/${USER}/close`, ["kyc:service"], { closed_at }), {
    status: 200,
    body: { user_id: USER, closed_at: "2026-03-01T00:00:00.000Z" },
  });
  assert.deepEqual(await send("DELETE", `/user/${USER}`, ["kyc:service"]), {
    status: 200,
    body: {
      user_id: USER,
      erased: { verifications: 1, images: 2, events: 3 },
      images_elsewhere: ["s3://old/ktp.jpg"],
    },
  });
  assert.deepEqual(
    seen.map(([what, caller, userId, at]) => [what, caller.subject, userId, at?.toISOString()]),
    [
      ["close", "platform", USER, "2026-03-01T00:00:00.000Z"],
      ["erase", "platform", USER, undefined],
    ],
  );
  assert.equal((await send("DELETE", `/user/${USER}`, [])).status, 403);
  assert.equal(
    (await send("POST", `/user/${USER}/close`, ["kyc:service"], { closed_at: "soon" })).status,
    400,
  );
});
