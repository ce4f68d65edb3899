import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { people, startTestService } from "../support/service.ts";

test("a full disk costs no attempt and loses nothing, and is used again once there is room", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "kyc-disk-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip("a small disk cannot be mounted here: it needs root");
  }
  t.after(() => {
    spawnSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-storage-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [person] = await people(dataDir, 72, 1);
  const images = join(disk, "images");
  const service = await startTestService({ DATA_DIR: dataDir, STORAGE_URL: images });
  t.after(service.close);
  const user = await service.client("user-of-the-disk");
  mkdirSync(images, { recursive: true });
  const filling = join(disk, "filling");
  assert.throws(() => writeFileSync(filling, Buffer.alloc(4 * 1024 * 1024)), { code: "ENOSPC" });

  const id = await user.start("BASIC_KYC");
  const refused = await user.ktp(id, person!.ktp);
  assert.equal(refused.status, 503, JSON.stringify(refused.body));
  assert.equal((await user.get(`/verify/${id}`)).body.status, "PENDING");
  assert.equal((await fetch(`${service.url}/ready`)).status, 503);
  rmSync(filling);
  const taken = await user.ktp(id, person!.ktp);
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  assert.equal(taken.body.status, "VERIFIED");
  // The card, and of it the portrait and the signature.
  assert.equal(
    readdirSync(images, { recursive: true }).filter((name) => String(name).endsWith(".sealed")).length,
    3,
  );
});
