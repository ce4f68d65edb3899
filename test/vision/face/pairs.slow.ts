/** The goals of the face match, by the command that anybody measures with. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const SHARED_FACES = resolve(REPOSITORY, "../shared/faces");
/** Pictures of the sample faces in which nobody makes a face, shuts the eyes or turns away. */
const NEAR_NEUTRAL = ["a-1", "a-3", "b-2", "b-7", "b-8"].map((name) => `person-${name}.jpg`);

/** Runs `eval …` and gives its pairs and its summary. */
function evaluate(t: TestContext, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["src/cli.ts", "eval", ...args, "--json"], {
    cwd: REPOSITORY,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  assert.equal(status, 0, stderr);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const summary = lines.pop();
  t.diagnostic(JSON.stringify(summary));
  return { pairs: lines, summary };
}

test("two people who make faces are told apart, and without error where they do not", (t) => {
  if (!existsSync(SHARED_FACES))
    return t.skip("the sample faces are not here: shared/faces beside the repository");
  const folder = mkdtempSync(join(tmpdir(), "kyc-pairs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = readdirSync(SHARED_FACES).filter((name) => /^person-[ab]-\d\.jpg$/.test(name));
  const rows = files.flatMap((a, i) =>
    files.slice(i + 1).map((b) => `${a},${b},${a[7] === b[7] ? "Yes" : "No"}\n`),
  );
  const csv = join(folder, "pairs.csv");
  writeFileSync(csv, `file_x,file_y,Decision\n${rows.join("")}`);
  const { pairs, summary } = evaluate(t, "faces", csv, "--dir", SHARED_FACES);
  assert.equal(summary.pairs, 120);
  assert.ok(summary.auc >= 0.995, `AUC ${summary.auc}`);
  const neutral = pairs.filter(({ file_x, file_y }) =>
    [file_x, file_y].every((file) => NEAR_NEUTRAL.includes(file)),
  );
  assert.equal(neutral.length, 10);
  for (const { file_x, file_y, same, similarity } of neutral)
    assert.equal(similarity >= summary.threshold, same, `${file_x} ${file_y} ${similarity}`);
});

test("portraits on drawn cards match the selfies of their holders, and not those of others", (t) => {
  const { summary } = evaluate(t, "cards");
  assert.ok(summary.pairs >= 2000);
  assert.ok(summary["fnmr_at_fmr_1e-3"] <= 0.02, `FNMR ${summary["fnmr_at_fmr_1e-3"]} at FMR 0.1%`);
});
