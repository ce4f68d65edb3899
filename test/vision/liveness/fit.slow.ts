import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyFolder, packFolder } from "../models/support.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FITTED = join(ROOT, "src/vision/liveness/fusion.json");
/** Another build of ONNX Runtime adds in another order: measures, and what is fitted on them, differ a little. */
const TOLERANCE = 0.05;

test("the documented commands make the fitted numbers again", async (t) => {
  const packs = packFolder(t);
  if (packs === null) return;
  const out = await emptyFolder(t);
  const kyc = (...args: string[]) =>
    execFileSync(process.execPath, ["src/cli.ts", ...args], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, MODELS_DIR: packs },
      stdio: ["ignore", "ignore", "ignore"],
    });
  const docs = await readFile(join(ROOT, "docs/liveness.md"), "utf8");
  const asked = /sample-attacks (--seed \d+ --count \d+ --side fit --only pictures) --out fit\n/.exec(
    docs,
  )?.[1];
  assert.ok(asked, "docs/liveness.md says how the numbers were made");
  kyc("sample-attacks", ...asked.split(" "), "--out", out);
  const file = join(out, "fusion.json");
  kyc("fit", "liveness", join(out, "labels.csv"), "--dir", out, "--out", file);
  const [made, stored] = await Promise.all(
    [file, FITTED].map(async (f) => JSON.parse(await readFile(f, "utf8"))),
  );
  const same = (a: unknown, b: unknown, path: string): void => {
    if (typeof a === "number" && typeof b === "number") {
      assert.ok(Math.abs(a - b) <= TOLERANCE * Math.max(0.1, Math.abs(b)), `${path}: ${a} in place of ${b}`);
      return;
    }
    const [left, right] = [a, b] as Record<string, unknown>[];
    assert.deepEqual(Object.keys(left), Object.keys(right), path);
    for (const key of Object.keys(right)) same(left[key], right[key], `${path}.${key}`);
  };
  same(made, stored, "fusion");
});
