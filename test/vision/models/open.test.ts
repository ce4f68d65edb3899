import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import onnxProto from "onnx-proto";
import { builtFile } from "../../../src/vision/models/build.ts";
import { CATALOGUE, MODEL_NAMES } from "../../../src/vision/models/catalogue.ts";
import { Network } from "../../../src/vision/models/network.ts";
import { openModels } from "../../../src/vision/models/open.ts";
import { emptyFolder, near, ownCache, packFolder, pixels, sharedCache } from "./support.ts";

const LATIN = "text-recognition";

test("the recogniser is opened with its alphabet", async (t) => {
  const models = await openModels({ cacheDir: await sharedCache(), threads: 1, names: [LATIN] });
  t.after(() => models.close());
  const { alphabet } = models;
  assert.equal(alphabet.length, 96);
  assert.deepEqual(alphabet.slice(0, 4), ["", " ", "!", '"']);
  assert.equal(alphabet.at(-1), "~");
  const [width, height] = [64, 48];
  const { probabilities } = await models.get(LATIN).see(pixels(width * height * 3), width, height);
  assert.deepEqual(probabilities.dims, [1, width / 8, alphabet.length]);
});

test("every output that the catalogue names comes, in the shape that it says begins with N", async (t) => {
  const models = await openModels({ cacheDir: await sharedCache(), threads: 1 });
  t.after(() => models.close());
  for (const name of MODEL_NAMES.filter((name) => CATALOGUE[name].source.from === "package")) {
    const { source } = CATALOGUE[name];
    if (source.from !== "package") continue;
    const { width, height, multipleOf = 1 } = source.graph.input;
    const [w, h] = [width ?? multipleOf * 8, height ?? multipleOf * 2];
    const outputs = await models.get(name).see(pixels(w * h * 3), w, h);
    for (const [output, { holds }] of Object.entries(source.graph.outputs)) {
      assert.match(holds, /^N × /);
      assert.equal(outputs[output].dims[0], 1, `${name} ${output}`);
      assert.ok(outputs[output].data.every(Number.isFinite));
    }
  }
});

test("only the networks asked for are loaded; another is missing by name", async (t) => {
  const models = await openModels({
    cacheDir: await sharedCache(),
    threads: 1,
    names: ["liveness-baseline"],
  });
  t.after(() => models.close());
  assert.ok(models.has("liveness-baseline"));
  assert.ok(!models.has("iris"));
  assert.throws(() => models.get("iris"), { name: "ModelMissingError", model: "iris" });
  assert.throws(() => models.get("spoof-2.7"), /models pull minifasnet/);
});

test("lowMemory gives the same numbers", async (t) => {
  const cacheDir = await sharedCache();
  const [ample, low] = await Promise.all(
    [false, true].map((lowMemory) => openModels({ cacheDir, threads: 1, names: ["iris"], lowMemory })),
  );
  t.after(() => Promise.all([ample.close(), low.close()]));
  const picture = pixels(64 * 64 * 3);
  assert.deepEqual(await low.get("iris").see(picture, 64, 64), await ample.get("iris").see(picture, 64, 64));
});

test("a network of the packages that is not built, or is corrupt, is not opened", async (t) => {
  const cacheDir = await ownCache(t);
  const file = builtFile(cacheDir, "iris");
  const bytes = await readFile(file);
  await rm(file);
  await assert.rejects(openModels({ cacheDir, threads: 1, names: ["iris"] }), {
    name: "ModelMissingError",
    model: "iris",
    message: /missing/,
  });
  bytes[1000] ^= 1;
  await writeFile(file, bytes);
  await assert.rejects(openModels({ cacheDir, threads: 1, names: ["iris"] }), /corrupt.*models build/);
});

test("networks run in a worker thread as they do here", async (t) => {
  const cacheDir = await sharedCache();
  const models = await openModels({ cacheDir, threads: 1, names: ["liveness-baseline"] });
  t.after(() => models.close());
  const picture = pixels(32 * 32 * 3);
  const here = await models.get("liveness-baseline").see(picture, 32, 32);
  const script = `
    const { parentPort, workerData } = await import("node:worker_threads");
    const { openModels } = await import(workerData.module);
    const models = await openModels({ cacheDir: workerData.cacheDir, threads: 1, names: ["liveness-baseline"] });
    parentPort.postMessage(await models.get("liveness-baseline").see(workerData.picture, 32, 32));
    await models.close();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: { cacheDir, picture, module: import.meta.resolve("../../../src/vision/models/open.ts") },
  });
  const there = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await worker.terminate();
  assert.deepEqual(there, { probabilities: { dims: [1, 2], data: here.probabilities.data } });
});

const SPOOF = ["spoof-2.7", "spoof-4.0"] as const;

test("the strong pack is loaded from its folder; each file is told by its checksum", async (t) => {
  const packDir = packFolder(t);
  if (!packDir) return;
  const models = await openModels({ cacheDir: await sharedCache(), packDir, threads: 1, names: SPOOF });
  t.after(() => models.close());
  for (const name of SPOOF) {
    const { probabilities } = await models.get(name).see(pixels(80 * 80 * 3), 80, 80);
    assert.deepEqual(probabilities.dims, [1, 3]);
    assert.ok(Math.abs(probabilities.data.reduce((a, b) => a + b) - 1) < 1e-5);
  }
});

test("a pack's file that is none of the known ones is not used", async (t) => {
  const packDir = packFolder(t);
  if (!packDir) return;
  const own = await emptyFolder(t);
  const bytes = await readFile(join(packDir, "MiniFASNetV2.onnx"));
  bytes[bytes.length - 1] ^= 1;
  await writeFile(join(own, "MiniFASNetV2.onnx"), bytes);
  const models = await openModels({ cacheDir: await sharedCache(), packDir: own, threads: 1, names: SPOOF });
  t.after(() => models.close());
  assert.ok(!models.has("spoof-2.7"));
  assert.ok(!models.has("spoof-4.0"));
  assert.throws(() => models.get("spoof-2.7"), { name: "ModelMissingError", message: /not intact/ });
});

test("both variants of the strong pack see the same: NCHW with logits, as published, and NHWC with softmax", async (t) => {
  const packDir = packFolder(t);
  if (!packDir) return;
  const { source } = CATALOGUE["spoof-2.7"];
  assert.equal(source.from, "pack");
  const [published, ours] = source.variants;
  assert.equal(ours.graph.input.layout, "NHWC");
  const file = join(packDir, source.file);
  const { onnx } = onnxProto;
  const model = onnx.ModelProto.decode(await readFile(file));
  const graph = model.graph!;
  // The published form from ours: without the turn at its beginning and the softmax at its end.
  const turn = graph.node!.find(({ opType, input }) => opType === "Transpose" && input![0] === "input")!;
  const softmax = graph.node!.find(({ opType }) => opType === "Softmax")!;
  graph.node = graph.node!.filter((node) => node !== turn && node !== softmax);
  for (const node of graph.node) {
    node.input = node.input!.map((name) => (name === turn.output![0] ? "input" : name));
    node.output = node.output!.map((name) => (name === softmax.input![0] ? "output" : name));
  }
  const dim = ["N", 3, 80, 80].map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: d }));
  graph.input![0].type!.tensorType!.shape = onnx.TensorShapeProto.create({ dim });
  graph.output![0].name = "output";
  const asPublished = join(await emptyFolder(t), source.file);
  await writeFile(asPublished, onnx.ModelProto.encode(model).finish());

  const options = { intraOpNumThreads: 1 };
  const networks = [
    await Network.load("spoof-2.7", file, ours.graph, options),
    await Network.load("spoof-2.7", asPublished, published.graph, options),
  ];
  t.after(() => Promise.all(networks.map((network) => network.release())));
  const [a, b] = await Promise.all(networks.map((network) => network.see(pixels(80 * 80 * 3), 80, 80)));
  for (const i of [0, 1, 2]) assert.ok(near(a.probabilities.data[i], b.probabilities.data[i]));
});
