import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jwtVerify } from "jose";
import { INHERITED } from "../support/command.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SECRET = "a secret of the tests that is long enough";

describe("the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "kyc-cli-"));
  const samples = join(folder, "samples");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const kyc = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli.ts", ...args], {
      cwd: ROOT,
      env: { ...INHERITED, DATA_DIR: join(folder, "data"), SECRET_KEY: SECRET },
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  /** Runs with --json; every line must be one object. */
  const json = (...args: string[]) => {
    const { status, stdout, stderr } = kyc(...args, "--json");
    assert.equal(status, 0, stderr);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  };

  let truth: Record<string, Record<string, string>>;
  before(() => {
    const { status, stderr } = kyc("sample", "--seed", "5", "--count", "2", "--out", samples);
    assert.equal(status, 0, stderr);
    truth = JSON.parse(readFileSync(join(samples, "truth.json"), "utf8"));
  });
  const file = (name: string) => join(samples, name);

  test("sample writes cards, selfies of the same people, and their truth", () => {
    assert.deepEqual(Object.keys(truth), ["ktp-0001.jpg", "ktp-0002.jpg"]);
    for (const name of ["ktp-0001.jpg", "selfie-0001.jpg", "ktp-0002.jpg", "selfie-0002.jpg"])
      assert.ok(existsSync(file(name)));
    assert.match(truth["ktp-0001.jpg"].nik, /^\d{16}$/);
  });

  test("ocr gives one line a file, with times, and says of a file that is no picture why", () => {
    const text = join(folder, "text.jpg");
    writeFileSync(text, "no picture");
    const lines = json("ocr", file("ktp-0001.jpg"), file("ktp-0002.jpg"), text);
    assert.deepEqual(
      lines.map((line) => line.file),
      [file("ktp-0001.jpg"), file("ktp-0002.jpg"), text],
    );
    for (const [i, name] of Object.keys(truth).entries()) {
      assert.equal(lines[i].nik, truth[name].nik);
      assert.equal(lines[i].fields.nik.value, truth[name].nik);
      assert.ok(lines[i].milliseconds.total >= lines[i].milliseconds.recognise);
    }
    assert.equal(lines[2].error.fault, "unsupported_format");
  });

  test("ocr is readable without --json", () => {
    const { stdout } = kyc("ocr", file("ktp-0001.jpg"));
    assert.match(stdout, new RegExp(`nik +${truth["ktp-0001.jpg"].nik} +\\d+%`));
  });

  test("match tells a card's holder from another person", () => {
    const [same] = json("match", file("ktp-0001.jpg"), file("selfie-0001.jpg"));
    assert.equal(same.is_match, true);
    assert.ok(same.similarity_score >= same.threshold && same.similarity_score <= 1);
    const [other] = json("match", file("ktp-0001.jpg"), file("selfie-0002.jpg"));
    assert.equal(other.is_match, false);
  });

  test("liveness and embed give their results a file", () => {
    const [selfie] = json("liveness", file("selfie-0001.jpg"));
    assert.equal(selfie.face_detected, true);
    assert.ok(selfie.confidence >= 0 && selfie.confidence <= 1);
    assert.equal(selfie.details.model, "baseline");
    const [embedded] = json("embed", file("selfie-0001.jpg"));
    const length = Math.hypot(...embedded.embedding);
    assert.ok(Math.abs(length - 1) < 1e-4, `${length}`);
  });

  test("eval ktp, faces and liveness end with their summaries", () => {
    const ktp = json("eval", "ktp", file("truth.json"), "--dir", samples).at(-1);
    assert.deepEqual(Object.keys(ktp), [
      "cards",
      "fields",
      "exact",
      "exact_but_spacing",
      "nik_exact",
      "confident_wrong_nik",
      "sure",
      "sure_exact",
    ]);
    assert.deepEqual([ktp.cards, ktp.fields, ktp.nik_exact, ktp.confident_wrong_nik], [2, 34, 2, 0]);
    assert.ok(ktp.exact >= 32, JSON.stringify(ktp));

    const pairs = join(folder, "pairs.csv");
    writeFileSync(
      pairs,
      "file_x,file_y,Decision\nktp-0001.jpg,selfie-0001.jpg,Yes\nktp-0001.jpg,selfie-0002.jpg,No\n",
    );
    const curves = join(folder, "curves.svg");
    const told = json("eval", "faces", pairs, "--dir", samples, "--curves", curves);
    assert.deepEqual(
      told.slice(0, 2).map(({ file_x, file_y, same }) => [file_x, file_y, same]),
      [
        ["ktp-0001.jpg", "selfie-0001.jpg", true],
        ["ktp-0001.jpg", "selfie-0002.jpg", false],
      ],
    );
    assert.match(readFileSync(curves, "utf8"), /^<svg [\s\S]*>DET<[\s\S]*<\/svg>\n$/);
    const faces = told.at(-1);
    assert.deepEqual(Object.keys(faces), [
      "pairs",
      "errors",
      "threshold",
      "auc",
      "fnmr_at_fmr_1e-2",
      "fnmr_at_fmr_1e-3",
    ]);
    assert.deepEqual([faces.pairs, faces.errors, faces.auc], [2, 0, 1]);

    const labels = join(folder, "labels.csv");
    writeFileSync(labels, "file,label\nselfie-0001.jpg,live\nselfie-0002.jpg,live\n");
    const live = json("eval", "liveness", labels, "--dir", samples).at(-1);
    assert.deepEqual(Object.keys(live), ["pack", "files", "threshold", "apcer", "bpcer", "acer"]);
    assert.equal(live.files, 2);
    assert.deepEqual(Object.keys(live.apcer), ["print", "replay", "cutout"]);
  });

  test("token prints the bare token, good for its user and scopes", async () => {
    const { stdout } = kyc("token", "--user", "ani", "--scope", "kyc:review");
    const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(SECRET));
    assert.deepEqual([payload.sub, payload.scope], ["ani", "kyc:review"]);
  });

  test("models list names every network with its licence, verify finds them whole", () => {
    const listed = json("models", "list");
    assert.ok(listed.some(({ name, state }) => name === "text-recognition" && state === "ok"));
    assert.ok(listed.every(({ licence }) => licence.length > 2));
    assert.equal(kyc("models", "verify").status, 0);
  });

  test("events of an empty outbox are none; a fresh data folder is made", () => {
    const { status, stdout } = kyc("events", "--json");
    assert.deepEqual([status, stdout], [0, ""]);
  });

  test("a call whose words are off says how it goes", () => {
    for (const args of [
      ["ocr"],
      ["sample", "--seed", "x", "--out", "y"],
      ["eval", "cats", "x"],
      ["token"],
      ["nonsense"],
    ]) {
      const { status, stderr } = kyc(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, /kyc/);
    }
    const missing = kyc("ocr", join(folder, "nowhere.jpg"));
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /no such file/);
    assert.match(kyc("help").stdout, /eval ktp TRUTH\.json/);
  });
});
