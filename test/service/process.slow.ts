import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startProcess } from "../support/process.ts";
import { people } from "../support/service.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("the service as a process", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-process-"));
  after(() => rmSync(dataDir, { recursive: true, force: true }));

  test("a second process on the same data folder is refused by name", async (t) => {
    const running = await startProcess(t, { DATA_DIR: dataDir });
    try {
      await assert.rejects(startProcess(t, { DATA_DIR: dataDir }), /in use|another process/i);
      const [id] = [await (await running.client("user-2")).start()];
      assert.equal((await (await running.client("user-2")).get(`/verify/${id}`)).status, 200);
    } finally {
      await running.stop();
    }
  });

  test("what was accepted before SIGTERM is answered", async (t) => {
    const [person] = await people(dataDir, 32, 1);
    const running = await startProcess(t, { DATA_DIR: dataDir });
    const client = await running.client("user-3");
    const id = await client.start("BASIC_KYC");
    const answer = client.ktp(id, person.ktp);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(await running.stop(), 0);
    assert.equal((await answer).body.status, "VERIFIED");
  });

  test("SIGUSR2 turns the log to debug while the service runs, and back", async (t) => {
    const running = await startProcess(t, { DATA_DIR: dataDir, LOG_LEVEL: "info", LOG_FORMAT: "json" });
    const levels = () => {
      const said = running.output().matchAll(/^\{.*changed by SIGUSR2.*\}$/gm);
      return [...said].map(([line]) => JSON.parse(line).log_level);
    };
    const until = async (what: () => boolean) => {
      while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    for (const turned of ["debug", "info"]) {
      running.child.kill("SIGUSR2");
      await until(() => levels().at(-1) === turned);
    }
    assert.deepEqual(levels(), ["debug", "info"]);
    assert.equal(await running.stop(), 0);
  });

  test("an environment that cannot be used ends the start and names every variable", () => {
    const { status, stderr } = spawnSync(process.execPath, ["src/main.ts"], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: "99999", NODE_ENV: "production" },
      encoding: "utf8",
    });
    assert.equal(status, 1);
    for (const name of ["PORT", "KYC_KEYS", "SECRET_KEY"])
      assert.match(stderr, new RegExp(`^ {2}${name}: `, "m"));
    assert.doesNotMatch(stderr, /\bat \w+ \(/, "no stack for a fault that is explained");
  });

  test("the start-up message's lines work as they stand", async (t) => {
    const fresh = mkdtempSync(join(tmpdir(), "kyc-welcome-"));
    try {
      const running = await startProcess(t, { DATA_DIR: fresh });
      while (!running.output().includes("Others to send"))
        await new Promise((resolve) => setTimeout(resolve, 50));
      const text = running.output();
      const lines = text.slice(text.indexOf("Try it"), text.indexOf("Others to send")).split("\n").slice(1);
      const { stdout } = spawnSync("bash", ["-c", lines.join("\necho\n")], { cwd: ROOT, encoding: "utf8" });
      const answers = stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      assert.equal(answers.at(-1)?.status, "VERIFIED", stdout);
      await running.stop();
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
});
