import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ImageRefusedError } from "../../src/vision/image.ts";
import { openPool, type PoolOptions } from "../../src/vision/pool.ts";
import { VisionBusyError, VisionFailedError } from "../../src/vision/vision.ts";

/** Stands in for the worker with what a real one cannot be told to do: die, throw, take long. */
const WORKER = `
export async function ready() {}
export async function ktp(bytes) {
  switch (bytes[0]) {
    case 1: process.exit(3);
    case 2: throw new Error("out of memory");
    case 3: return { fault: "damaged" };
    default: await new Promise((resolve) => setTimeout(resolve, 10 * bytes[0])); return { report: { said: bytes[0] } };
  }
}
export const selfie = ktp;
`;

describe("the pool of image workers", () => {
  const folder = mkdtempSync(join(tmpdir(), "kyc-pool-"));
  const worker = join(folder, "worker.mjs");
  writeFileSync(worker, WORKER);
  after(() => rmSync(folder, { recursive: true, force: true }));

  const open = (more: Partial<PoolOptions> = {}) =>
    openPool({
      models: { cacheDir: folder, threads: 1 },
      livenessThreshold: 0.7,
      workers: 1,
      queue: 2,
      faceModel: { name: "none", threshold: 0, identification: 0 },
      strongSpoofing: false,
      onError: () => undefined,
      worker,
      ...more,
    });
  const told = (n: number) => Uint8Array.of(n);

  test("a worker that dies fails its own job alone, and is replaced", async () => {
    const pool = await open();
    const [died, next] = await Promise.allSettled([pool.readKtp(told(1)), pool.readKtp(told(10))]);
    assert.ok(died.status === "rejected" && died.reason instanceof VisionFailedError);
    assert.deepEqual(next, { status: "fulfilled", value: { said: 10 } });
    await pool.close();
  });

  test("an error in a worker is a failure, a refused picture is a refusal", async () => {
    const pool = await open();
    await assert.rejects(pool.readKtp(told(2)), VisionFailedError);
    await assert.rejects(
      pool.judgeSelfie(told(3)),
      (error) => error instanceof ImageRefusedError && error.fault === "damaged",
    );
    await pool.close();
  });

  test("more than may wait is refused at once, with a time to come again; what waits is served", async () => {
    const pool = await open();
    const jobs = [20, 11, 12].map((n) => pool.readKtp(told(n)));
    assert.deepEqual(pool.load, { running: 1, waiting: 2, workers: 1 });
    const begun = performance.now();
    await assert.rejects(
      pool.readKtp(told(4)),
      (error) => error instanceof VisionBusyError && error.retryAfter >= 1,
    );
    assert.ok(performance.now() - begun < 100);
    assert.deepEqual(
      await Promise.all(jobs),
      [20, 11, 12].map((said) => ({ said })),
    );
    await pool.close();
  });

  test("closing finishes what was accepted and takes nothing more", async () => {
    const pool = await open();
    const jobs = [pool.readKtp(told(20)), pool.readKtp(told(5))];
    const closed = pool.close();
    await assert.rejects(pool.readKtp(told(6)), VisionBusyError);
    await closed;
    assert.deepEqual(await Promise.all(jobs), [{ said: 20 }, { said: 5 }]);
  });

  test("workers that cannot load end the start", async () => {
    writeFileSync(join(folder, "broken.mjs"), "throw new Error('no networks here')");
    await assert.rejects(open({ worker: join(folder, "broken.mjs") }), /no networks here/);
  });
});
