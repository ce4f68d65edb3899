import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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
import { after, before, describe, type TestContext, test } from "node:test";
import { folderStore } from "../../src/images/folder-store.ts";
import { ImageMissingError, type SealedImages, sealedImages } from "../../src/images/images.ts";
import { type S3Options, s3Store } from "../../src/images/s3-store.ts";
import { type EnvelopeSealer, envelopeSealer } from "../../src/security/envelope.ts";
import { openKeys } from "../../src/security/keys.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";
import { startS3, type TestS3 } from "../support/s3.ts";
import { temporaryFolder } from "../support/storage.ts";

const ID = "5f0c3c0e-8a43-4c7f-9df5-3f4f0c1f6a11";
const key = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;
const [FIRST, SECOND] = [key("first"), key("second")];
const sealerOf = (spec: string) => envelopeSealer(openKeys({ spec, dataDir: "" }));
const sealer = sealerOf(FIRST);
const bytes = randomBytes(200_000);

interface Opened {
  /** Where its objects can be looked at as files. */
  readonly dir: string;
  images(sealer: EnvelopeSealer): Promise<SealedImages>;
  close(): Promise<void>;
}

/** What every kind of store must do alike. */
function photographs(name: string, open: () => Promise<Opened | { readonly skip: string }>) {
  describe(`photographs in ${name}`, () => {
    let images: SealedImages;
    let reopen: (sealer: EnvelopeSealer) => Promise<SealedImages>;
    let dir: string;
    let close: (() => Promise<void>) | undefined;
    let skipped: string | undefined;
    before(async () => {
      const opened = await open();
      if ("skip" in opened) skipped = opened.skip;
      else {
        ({ dir, close } = opened);
        reopen = opened.images;
        images = await reopen(sealer);
      }
    });
    after(() => close?.());
    const it = (title: string, body: () => Promise<void>) =>
      test(title, (context: TestContext) => (skipped ? context.skip(skipped) : body()));

    it("come back as they were, and are gone once removed", async () => {
      const reference = await images.put(ID, "ktp", bytes);
      assert.ok(reference.length <= 255 && reference.includes(ID));
      assert.deepEqual(Buffer.from(await images.get(reference)), bytes);
      await images.remove(reference);
      await assert.rejects(images.get(reference), { name: "ImageMissingError", reference });
      await images.remove(reference);
    });

    it("lie there sealed", async () => {
      const reference = await images.put(ID, "selfie", Buffer.from("a photograph of BUDI SANTOSO"));
      const stored = readFileSync(join(dir, reference));
      assert.ok(stored.length > 28 && !stored.includes("BUDI"));
    });

    it("of one step do not replace one another", async () => {
      const first = await images.put(ID, "ktp", Buffer.from("first"));
      const second = await images.put(ID, "ktp", Buffer.from("second"));
      assert.equal(Buffer.from(await images.get(first)).toString(), "first");
      assert.equal(Buffer.from(await images.get(second)).toString(), "second");
    });

    it("do not open when altered, cut, or put under another's name", async () => {
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

    it("are never looked for outside of the store", async () => {
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
        await assert.rejects(images.rewrap(reference), ImageMissingError, reference);
      }
      for (const id of ["../x", "a/b", "", "x".repeat(37), "a.b"]) {
        await assert.rejects(images.put(id, "ktp", bytes), RangeError, id);
      }
    });

    it("are wrapped anew by the active key without being touched, and then need the old one no more", async () => {
      const reference = await images.put(ID, "ktp", bytes);
      assert.equal(await images.rewrap(reference), false);
      const both = await reopen(sealerOf(`${SECOND},${FIRST}`));
      assert.equal(await both.rewrap(reference), true);
      assert.equal(await both.rewrap(reference), false);
      const second = await reopen(sealerOf(SECOND));
      assert.deepEqual(Buffer.from(await second.get(reference)), bytes);
      await assert.rejects(images.get(reference), SealBrokenError);
      await both.remove(reference);
      assert.equal(await both.rewrap(reference), null);
    });

    it("say that they can be stored", async () => assert.equal(await images.healthy(), true));
  });
}

photographs("a folder", async () => {
  const folder = temporaryFolder();
  const dir = join(folder.path, "images");
  return {
    dir,
    images: async (sealer) => sealedImages({ store: folderStore(dir), sealer }),
    close: async () => folder.remove(),
  };
});

const optionsOf = ({ endpoint, region, bucket, credentials }: TestS3): S3Options => ({
  endpoint,
  region,
  bucket,
  credentials,
  prefix: "of/this/service/",
  pathStyle: true,
});

photographs("S3", async () => {
  const server = await startS3();
  if ("skip" in server) return server;
  return {
    dir: join(server.folder, "of/this/service"),
    images: async (sealer) => sealedImages({ store: await s3Store(optionsOf(server)), sealer }),
    close: server.stop,
  };
});

describe("a folder of photographs", () => {
  const folder = temporaryFolder();
  after(folder.remove);
  const dir = join(folder.path, "images");
  const images = sealedImages({ store: folderStore(dir), sealer });

  test("is its owner's alone", async () => {
    const reference = await images.put(ID, "ktp", bytes);
    assert.equal(statSync(join(dir, reference)).mode & 0o777, 0o600);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  });

  test("is cleared at the start of what a process that died left half written, not of what is being written", async () => {
    const unfinished = join(dir, "unfinished");
    writeFileSync(join(unfinished, "old"), "x");
    writeFileSync(join(unfinished, "young"), "x");
    const yesterday = Date.now() / 1000 - 86_400;
    utimesSync(join(unfinished, "old"), yesterday, yesterday);
    await sealedImages({ store: folderStore(dir), sealer }).put(ID, "ktp", bytes);
    assert.deepEqual(readdirSync(unfinished), ["young"]);
    rmSync(join(unfinished, "young"));
  });

  test("says whether the disk is usable, and recovers when it is again", async () => {
    assert.equal(await images.healthy(), true);
    assert.deepEqual(readdirSync(join(dir, "unfinished")), []);
    const blocked = join(folder.path, "blocked");
    writeFileSync(blocked, "a file where the folder should be");
    const unusable = sealedImages({ store: folderStore(blocked), sealer });
    assert.equal(await unusable.healthy(), false);
    await assert.rejects(unusable.put(ID, "ktp", bytes));
    rmSync(blocked);
    mkdirSync(blocked);
    assert.equal(await unusable.healthy(), true);
    rmSync(blocked, { recursive: true });
    assert.equal(await unusable.healthy(), false);
  });

  test("that is full refuses, leaves nothing half written, keeps what it has, and takes again with room", async (t) => {
    const full = join(folder.path, "full");
    mkdirSync(full);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", full]).status !== 0) {
      return t.skip("a small disk cannot be mounted here: it needs root");
    }
    t.after(() => spawnSync("umount", ["-l", full]));
    const small = sealedImages({ store: folderStore(full), sealer });
    const kept = await small.put(ID, "ktp", bytes);
    const filling = join(full, "filling");
    assert.throws(() => writeFileSync(filling, Buffer.alloc(1024 * 1024)), { code: "ENOSPC" });
    await assert.rejects(small.put(ID, "selfie", bytes), { code: "ENOSPC" });
    assert.deepEqual(readdirSync(join(full, "unfinished")), []);
    assert.equal(await small.healthy(), false);
    assert.deepEqual(Buffer.from(await small.get(kept)), bytes);
    rmSync(filling);
    const later = await small.put(ID, "selfie", bytes);
    assert.deepEqual(Buffer.from(await small.get(later)), bytes);
    assert.equal(await small.healthy(), true);
  });
});

describe("a bucket of photographs", () => {
  test("that refuses or does not answer is told of, loses nothing, and works again when it does", async (t) => {
    const server = await startS3();
    if ("skip" in server) return t.skip(server.skip);
    t.after(server.stop);
    const options = optionsOf(server);
    const open = async (more: Partial<S3Options> = {}) =>
      sealedImages({ store: await s3Store({ ...options, ...more }), sealer });
    const images = await open();
    const kept = await images.put(ID, "ktp", bytes);

    const stranger = await open({ credentials: { accessKeyId: "test", secretAccessKey: "wrong" } });
    assert.equal(await stranger.healthy(), false);
    await assert.rejects(stranger.put(ID, "ktp", bytes), { name: "SignatureDoesNotMatch" });
    await assert.rejects(stranger.get(kept), { name: "SignatureDoesNotMatch" });
    await assert.rejects(stranger.remove(kept), { name: "SignatureDoesNotMatch" });
    const nowhere = await open({ bucket: "no-such-bucket" });
    assert.equal(await nowhere.healthy(), false);
    await assert.rejects(nowhere.put(ID, "ktp", bytes), { name: "NoSuchBucket" });

    await server.kill();
    assert.equal(await images.healthy(), false);
    await assert.rejects(images.put(ID, "selfie", bytes), { code: "ECONNREFUSED" });
    await assert.rejects(images.get(kept), { code: "ECONNREFUSED" });
    await server.restart();
    assert.equal(await images.healthy(), true);
    assert.deepEqual(Buffer.from(await images.get(kept)), bytes);
    assert.deepEqual(Buffer.from(await images.get(await images.put(ID, "selfie", bytes))), bytes);
  });
});
