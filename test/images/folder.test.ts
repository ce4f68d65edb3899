import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { folderImages, ImageMissingError } from "../../src/images/folder.ts";
import { envelopeSealer } from "../../src/security/envelope.ts";
import { openKeys } from "../../src/security/keys.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";
import { temporaryFolder } from "../support/storage.ts";

const ID = "5f0c3c0e-8a43-4c7f-9df5-3f4f0c1f6a11";

describe("photographs in a folder", () => {
  const folder = temporaryFolder();
  after(folder.remove);
  const dir = join(folder.path, "images");
  const sealer = envelopeSealer(openKeys({ dataDir: folder.path }));
  const images = folderImages({ dir, sealer });
  const bytes = randomBytes(200_000);

  test("come back as they were, and are gone once removed", async () => {
    const reference = await images.put(ID, "ktp", bytes);
    assert.ok(reference.length <= 255 && reference.includes(ID));
    assert.deepEqual(Buffer.from(await images.get(reference)), bytes);
    assert.equal(statSync(join(dir, reference)).mode & 0o777, 0o600);
    await images.remove(reference);
    await assert.rejects(images.get(reference), { name: "ImageMissingError", reference });
    await images.remove(reference);
  });

  test("lie there sealed", async () => {
    const reference = await images.put(ID, "selfie", Buffer.from("a photograph of BUDI SANTOSO"));
    assert.ok(!readFileSync(join(dir, reference)).includes("BUDI"));
  });

  test("of one step do not replace one another", async () => {
    const first = await images.put(ID, "ktp", Buffer.from("first"));
    const second = await images.put(ID, "ktp", Buffer.from("second"));
    assert.equal(Buffer.from(await images.get(first)).toString(), "first");
    assert.equal(Buffer.from(await images.get(second)).toString(), "second");
  });

  test("do not open when altered, cut, or put under another's name", async () => {
    const reference = await images.put(ID, "ktp", bytes);
    const path = join(dir, reference);
    const sealed = readFileSync(path);
    const altered = Buffer.from(sealed);
    altered[altered.length >> 1]! ^= 1;
    for (const content of [altered, sealed.subarray(0, sealed.length / 2), Buffer.alloc(0)]) {
      writeFileSync(path, content);
      await assert.rejects(images.get(reference), SealBrokenError);
    }
    writeFileSync(path, sealed);
    const other = await images.put("another-verification", "ktp", bytes);
    renameSync(path, join(dir, other));
    await assert.rejects(images.get(other), SealBrokenError);
  });

  test("are never looked for outside of the folder", async () => {
    writeFileSync(join(folder.path, "outside"), "outside");
    const references = [
      "../outside",
      "ab/../../outside",
      "/etc/passwd",
      `ab/${ID}-ktp-0123456789abcdef.sealed/../../../outside`,
      `../images/ab/${ID}-ktp-0123456789abcdef.sealed`,
      `ab\\..\\${ID}-ktp-0123456789abcdef.sealed`,
      `ab/${ID}-ktp-0123456789abcdef.sealed\0`,
      "s3://kyc/ktp.jpg",
      "",
    ];
    for (const reference of references) {
      await assert.rejects(images.get(reference), ImageMissingError, reference);
      await assert.rejects(images.remove(reference), ImageMissingError, reference);
    }
    for (const id of ["../x", "a/b", "", "x".repeat(37), "a.b"]) {
      await assert.rejects(images.put(id, "ktp", bytes), RangeError, id);
    }
    assert.equal(readFileSync(join(folder.path, "outside"), "utf8"), "outside");
  });

  test("half written by a process that died are cleared away at the next start, not those being written", async () => {
    const unfinished = join(dir, "unfinished");
    writeFileSync(join(unfinished, "old"), "x");
    writeFileSync(join(unfinished, "young"), "x");
    const yesterday = Date.now() / 1000 - 86_400;
    utimesSync(join(unfinished, "old"), yesterday, yesterday);
    await folderImages({ dir, sealer }).put(ID, "ktp", bytes);
    assert.deepEqual(readdirSync(unfinished), ["young"]);
    rmSync(join(unfinished, "young"));
  });

  test("say whether the disk is usable, and recover when it is again", async () => {
    assert.equal(await images.healthy(), true);
    assert.deepEqual(readdirSync(join(dir, "unfinished")), []);
    const blocked = join(folder.path, "blocked");
    writeFileSync(blocked, "a file where the folder should be");
    const unusable = folderImages({ dir: blocked, sealer });
    assert.equal(await unusable.healthy(), false);
    await assert.rejects(unusable.put(ID, "ktp", bytes));
    rmSync(blocked);
    mkdirSync(blocked);
    assert.equal(await unusable.healthy(), true);
    rmSync(blocked, { recursive: true });
    assert.equal(await unusable.healthy(), false);
  });
});
