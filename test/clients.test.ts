import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { CLIENT_FILE, generateClient, type OpenApi } from "../clients/generate.ts";
import { KycClient, KycProblemError } from "../clients/typescript/src/client.ts";
import { createAuthenticator, signToken } from "../src/http/auth.ts";
import { jpeg, memoryKyc, SECRET, serve } from "./http/support.ts";

test("the client in the tree is what the OpenAPI document makes", async (t) => {
  const { get } = await serve(t, { version: "1.0.0" });
  const document = (await (await get("/openapi.json")).json()) as OpenApi;
  assert.equal(
    await readFile(CLIENT_FILE, "utf8"),
    generateClient(document),
    "Start the service and run: npm run client",
  );
});

test("the client takes a verification through its steps and throws what is refused", async (t) => {
  const { kyc } = memoryKyc();
  const upload = { uploadId: randomUUID(), step: "ktp", createdAt: new Date(), finishedAt: null } as const;
  const { url } = await serve(t, {
    kyc: {
      ...kyc,
      accept: async (_, verificationId) => ({ ...upload, verificationId, state: "queued", answer: null }),
      upload: async (_, verificationId) => ({
        ...upload,
        verificationId,
        state: "done",
        answer: { body: { judged: "later" } },
      }),
    },
    auth: createAuthenticator({ secret: SECRET, oidc: null, required: true }),
  });
  const token = () => signToken({ secret: SECRET, user: "client-user", minutes: 1 });
  const client = new KycClient({ baseUrl: url, token });
  const { verification_id } = await client.startVerification({ user_id: "client-user" });
  const read = await client.uploadKtp({ verification_id, ktp_image: new Blob([jpeg()]) });
  assert.equal(read.status, "PROCESSING");
  const done = await client.uploadSelfie({ verification_id, selfie_image: new Blob([jpeg()]) });
  assert.equal(done.status, "VERIFIED");
  const later = await client.uploadKtpLater({ verification_id, ktp_image: new Blob([jpeg()]) });
  assert.deepEqual([later.state, later.answer], ["queued", null]);
  const judged = await client.getUpload(verification_id, later.upload_id);
  assert.deepEqual([judged.state, judged.answer?.body], ["done", { judged: "later" }]);
  const history = await client.getHistory("client-user", { limit: 5 });
  assert.deepEqual(
    history.map((item) => item.verification_id),
    [verification_id],
  );
  await assert.rejects(client.getHistory("somebody/else"), (error) => {
    assert.ok(error instanceof KycProblemError);
    assert.equal(error.problem.error_code, "KYC_AUTH_003");
    return true;
  });
});
