import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../support/command.ts";
import { startS3 } from "../support/s3.ts";
import { people, startTestService } from "../support/service.ts";

const objectsUnder = (folder: string) =>
  readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".sealed"));

test("S3 that is away costs no attempt and loses nothing; an erased user leaves nothing there", async (t) => {
  const s3 = await startS3();
  if ("skip" in s3) return t.skip(s3.skip);
  t.after(s3.stop);
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-storage-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [person] = await people(dataDir, 71, 1);
  const service = await startTestService({
    DATA_DIR: dataDir,
    STORAGE_URL: `s3://${s3.bucket}/photographs?endpoint=${s3.endpoint}`,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  });
  let open = true;
  t.after(() => (open ? service.close() : undefined));
  const user = await service.client("user-of-s3");
  const platform = await service.client("platform", "kyc:service");
  const ready = async () => {
    const response = await fetch(`${service.url}/ready`);
    return { status: response.status, checks: ((await response.json()) as { checks: object }).checks };
  };

  const id = await user.start();
  await s3.kill();
  const refused = await user.ktp(id, person!.ktp);
  assert.equal(refused.status, 503, JSON.stringify(refused.body));
  assert.equal(refused.body.error_code, "KYC_SYS_002");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await user.get(`/verify/${id}`)).body.status, "PENDING");
  const unready = await ready();
  assert.equal(unready.status, 503);
  assert.equal((unready.checks as { disk: { ok: boolean } }).disk.ok, false);

  await s3.restart();
  const taken = await user.ktp(id, person!.ktp);
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  const done = await user.selfie(id, person!.selfie);
  assert.equal(done.body.status, "VERIFIED", JSON.stringify(done.body));
  // Card, selfie, and of the card the portrait and the signature.
  assert.equal(objectsUnder(s3.folder).length, 4);

  const { status, body } = await platform.remove("/user/user-of-s3");
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body, {
    user_id: "user-of-s3",
    erased: { verifications: 1, images: 4, events: 2 },
    images_elsewhere: [],
  });
  assert.deepEqual(objectsUnder(s3.folder), []);
  assert.equal((await user.get(`/verify/${id}`)).status, 404);
  assert.deepEqual((await user.get("/user/user-of-s3")).body, []);

  await service.close();
  open = false;
  const log = await runCommand(["audit", "verify"], { DATA_DIR: dataDir });
  assert.equal(log.code, 0, log.output);
  const told = await runCommand(["audit", "of", "--user", "user-of-s3", "--json"], { DATA_DIR: dataDir });
  const actions = told.output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).action);
  assert.deepEqual(actions, [
    "verification.started",
    "verification.read",
    "verification.changed",
    "verification.changed",
    "verification.decided",
    "user.erased",
    "history.read",
  ]);
});
