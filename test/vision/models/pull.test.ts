import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readPacks } from "../../../src/vision/models/packs.ts";
import { type PullProgress, pullPack } from "../../../src/vision/models/pull.ts";
import { emptyFolder, packFolder, serve } from "./support.ts";

const pack = "minifasnet";
const FILES = ["MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"];

/** A host of files in memory by path, which understands ranges and keeps the ranges that it was asked for. */
function host(files: Readonly<Record<string, Uint8Array>>) {
  const asked: string[] = [];
  const listener: RequestListener = ({ url, headers: { range } }, response) => {
    asked.push(`${url} ${range ?? "all"}`);
    const bytes = files[url!];
    if (!bytes) return response.writeHead(404).end();
    const start = Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
    if (start >= bytes.length && range) return response.writeHead(416).end();
    const part = bytes.subarray(start);
    response.writeHead(range ? 206 : 200, { "content-length": part.length }).end(part);
  };
  return { asked, listener };
}

/** The strong pack, as the mirror serves it. */
async function mirrored(folder: string) {
  const bytes = await Promise.all(FILES.map((file) => readFile(join(folder, file))));
  return host(Object.fromEntries(FILES.map((file, i) => [`/models/${file}`, bytes[i]])));
}

async function isInstalled(packDir: string): Promise<void> {
  const files = (await readPacks(packDir)).filter((file) => file.pack === pack);
  assert.deepEqual(
    files.map(({ state }) => state),
    ["ok", "ok"],
  );
  assert.deepEqual((await readdir(packDir)).sort(), FILES.toSorted());
}

/** The strong pack's folder and an empty one, or null where there is none. */
async function folders(t: TestContext) {
  const source = packFolder(t);
  return source && { source, packDir: join(await emptyFolder(t), "packs") };
}

test("a pack comes from a mirror, each file checked and put in place as a whole", async (t) => {
  const at = await folders(t);
  if (!at) return;
  const { listener, asked } = await mirrored(at.source);
  const mirror = `${await serve(t, listener)}/models/`;
  const told: PullProgress[] = [];
  const files = await pullPack({ pack, packDir: at.packDir, mirror, onProgress: (step) => told.push(step) });
  assert.deepEqual(
    files,
    FILES.map((file) => join(at.packDir, file)),
  );
  await isInstalled(at.packDir);
  assert.deepEqual(
    asked,
    FILES.map((file) => `/models/${file} all`),
  );
  const size = (await readFile(files[0])).length;
  assert.deepEqual(
    told.findLast(({ file, step }) => file === FILES[0] && step === "downloading"),
    {
      file: FILES[0],
      step: "downloading",
      bytes: size,
      of: size,
    },
  );
  assert.deepEqual(told.at(-1)?.step, "downloaded");

  const again: string[] = [];
  await pullPack({ pack, packDir: at.packDir, mirror, onProgress: ({ step }) => again.push(step) });
  assert.deepEqual(again, ["kept", "kept"]);
  assert.equal(asked.length, 2);
});

test("a transfer that breaks off goes on where it ended", async (t) => {
  const at = await folders(t);
  if (!at) return;
  const { listener, asked } = await mirrored(at.source);
  const whole = await readFile(join(at.source, FILES[0]));
  const half = whole.subarray(0, whole.length >> 1);
  let broken = false;
  const mirror = `${await serve(t, (request, response) => {
    if (broken) return listener(request, response);
    broken = true;
    response.writeHead(200, { "content-length": whole.length });
    response.write(half, () => setTimeout(() => response.destroy(), 50));
  })}/models`;
  await pullPack({ pack, packDir: at.packDir, mirror });
  await isInstalled(at.packDir);
  assert.match(asked[0], /^\/models\/MiniFASNetV2\.onnx bytes=[1-9]\d*-$/);
});

test("what came before a host fell silent is kept for the next call", async (t) => {
  const at = await folders(t);
  if (!at) return;
  const whole = await readFile(join(at.source, FILES[0]));
  const mirror = `${await serve(t, ({ headers: { range } }, response) => {
    // A little more each time, never all of it.
    const start = Number(range?.match(/\d+/)?.[0] ?? 0);
    response.writeHead(range ? 206 : 200, { "content-length": whole.length - start });
    response.write(whole.subarray(start, start + 1000), () => setTimeout(() => response.destroy(), 50));
  })}/models`;
  await assert.rejects(pullPack({ pack, packDir: at.packDir, mirror }), {
    name: "PackPullError",
    pack,
    file: FILES[0],
    fault: "unreachable",
    message: /kept for the next time/,
  });
  assert.deepEqual(await readdir(at.packDir), [`${FILES[0]}.part`]);
  assert.deepEqual(await readFile(join(at.packDir, `${FILES[0]}.part`)), whole.subarray(0, 3000));

  const { listener, asked } = await mirrored(at.source);
  await pullPack({ pack, packDir: at.packDir, mirror: `${await serve(t, listener)}/models` });
  await isInstalled(at.packDir);
  assert.equal(asked[0], `/models/${FILES[0]} bytes=3000-`);
});

test("a .part file that is complete, or the beginning of another file, does no harm", async (t) => {
  const at = await folders(t);
  if (!at) return;
  const { listener, asked } = await mirrored(at.source);
  const mirror = `${await serve(t, listener)}/models`;
  await mkdir(at.packDir);
  const [first] = await Promise.all(FILES.map((file) => readFile(join(at.source, file))));
  await writeFile(join(at.packDir, `${FILES[0]}.part`), first);
  await writeFile(join(at.packDir, `${FILES[1]}.part`), "the beginning of another file");
  await pullPack({ pack, packDir: at.packDir, mirror });
  await isInstalled(at.packDir);
  assert.deepEqual(asked, [
    `/models/${FILES[0]} bytes=${first.length}-`,
    `/models/${FILES[1]} bytes=29-`,
    `/models/${FILES[1]} all`,
  ]);
});

test("a host that knows no ranges sends all of it again", async (t) => {
  const at = await folders(t);
  if (!at) return;
  const { listener } = await mirrored(at.source);
  const mirror = `${await serve(t, (request, response) => {
    delete request.headers.range;
    listener(request, response);
  })}/models`;
  await mkdir(at.packDir);
  await writeFile(join(at.packDir, `${FILES[0]}.part`), "something");
  await pullPack({ pack, packDir: at.packDir, mirror });
  await isInstalled(at.packDir);
});

test("other content than the known ones leaves nothing behind", async (t) => {
  const packDir = await emptyFolder(t);
  const { listener, asked } = host({ [`/${FILES[0]}`]: Buffer.from("not a network") });
  const mirror = await serve(t, listener);
  await assert.rejects(pullPack({ pack, packDir, mirror }), {
    name: "PackPullError",
    file: FILES[0],
    fault: "wrong_content",
  });
  assert.deepEqual(await readdir(packDir), []);
  assert.equal(asked.length, 1);
});

test("a sender that does not stop is stopped, and nothing is left behind", async (t) => {
  const packDir = await emptyFolder(t);
  const mebibyte = Buffer.alloc(1024 * 1024);
  let sent = 0;
  const mirror = await serve(t, (_, response) => {
    const send = () => {
      while (!response.destroyed && response.write(mebibyte)) sent++;
    };
    response.on("drain", send);
    send();
  });
  await assert.rejects(pullPack({ pack, packDir, mirror }), { fault: "wrong_content" });
  assert.deepEqual(await readdir(packDir), []);
  assert.ok(sent < 200, `${sent} MiB were taken`);
});

test("a host that refuses, and one that is not there, are told apart", async (t) => {
  const packDir = await emptyFolder(t);
  const mirror = await serve(t, host({}).listener);
  await assert.rejects(pullPack({ pack, packDir, mirror }), { fault: "refused", message: /answered 404/ });
  await assert.rejects(pullPack({ pack, packDir, mirror: "http://127.0.0.1:1" }), {
    fault: "unreachable",
    message: /cannot be reached/,
  });
  assert.deepEqual(await readdir(packDir), []);
});

test("a pack comes from a folder; a corrupt file in place is named and replaced", async (t) => {
  const at = await folders(t);
  if (!at) return;
  await mkdir(at.packDir);
  await writeFile(join(at.packDir, FILES[1]), "damaged");
  const before = (await readPacks(at.packDir)).filter((file) => file.pack === pack);
  assert.deepEqual(
    before.map(({ model, state }) => [model, state]),
    [
      ["spoof-2.7", "absent"],
      ["spoof-4.0", "corrupt"],
    ],
  );
  const steps: string[] = [];
  await pullPack({ pack, packDir: at.packDir, from: at.source, onProgress: ({ step }) => steps.push(step) });
  assert.deepEqual(steps, ["copied", "copied"]);
  await isInstalled(at.packDir);
});

test("a folder without the file, or with another of its name, is refused", async (t) => {
  const [packDir, from] = [await emptyFolder(t), await emptyFolder(t)];
  await assert.rejects(pullPack({ pack, packDir, from }), {
    file: FILES[0],
    message: /there is no such file/,
  });
  await writeFile(join(from, FILES[0]), "something else");
  await assert.rejects(pullPack({ pack, packDir, from }), { file: FILES[0], fault: "wrong_content" });
  assert.deepEqual(await readdir(packDir), []);
});

test("an unknown pack is refused by name", async (t) => {
  const packDir = await emptyFolder(t);
  await assert.rejects(pullPack({ pack: "toString" as never, packDir }), /no pack "toString".*minifasnet/);
});
