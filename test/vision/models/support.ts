import { existsSync } from "node:fs";
import { copyFile, link, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { buildModels, defaultCacheDir } from "../../../src/vision/models/build.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** Where the strong pack lies, or null with the reason printed: the weights are no part of the project. */
export function packFolder(t: TestContext): string | null {
  const folder = process.env.MODELS_DIR ?? resolve(REPOSITORY, "../shared/models");
  if (existsSync(join(folder, "MiniFASNetV2.onnx"))) return folder;
  t.skip("the strong spoofing pack is not here: set MODELS_DIR to a folder that holds its files");
  return null;
}

/** The cache folder that all tests share, built once. */
export async function sharedCache(): Promise<string> {
  const cacheDir = defaultCacheDir();
  await buildModels({ cacheDir });
  return cacheDir;
}

/** An empty folder that is gone when the test ends. */
export async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kyc-models-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A cache folder of the test's own in which all is well. Its files may be hard links: replace them, never write into
 * them.
 */
export async function ownCache(t: TestContext): Promise<string> {
  const [shared, own] = [await sharedCache(), await emptyFolder(t)];
  for (const file of await readdir(shared)) {
    if (file.endsWith(".tmp")) continue;
    const [from, to] = [join(shared, file), join(own, file)];
    // Folders on two file systems cannot share a file.
    await link(from, to).catch(() => copyFile(from, to));
  }
  return own;
}

/** The numbers that the stored outputs were made from: pictures with something in every pixel and channel. */
export const pixels = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => i * 7919 + (i >> 5));

/** Float32 sums in another order differ in the fifth digit. */
const TOLERANCE = 1e-4;

/** Whether two numbers are the same but for the order in which a network adds. */
export const near = (actual: number, expected: number): boolean =>
  Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));

/** Runs an ONNX file of one input once. */
export async function run(
  model: Uint8Array,
  dims: readonly number[],
  values: ArrayLike<number>,
): Promise<Record<string, { dims: readonly number[]; data: number[] }>> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const input = new Tensor("float32", Float32Array.from(values), dims);
  const outputs = await session.run({ [session.inputNames[0]]: input });
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [
      name,
      { dims, data: Array.from(data as Float32Array) },
    ]),
  );
}

/** Serves HTTP on a free port until the test ends. @returns the base URL */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
