import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DataFolderInUseError, lockDataFolder } from "../../src/database/lock.ts";
import { openStorage, temporaryFolder } from "../support/storage.ts";

const NIK = "3578102309870003";
const NAME = "BAMBANG WICAKSONO";
const WRITER = fileURLToPath(new URL("../support/writer.ts", import.meta.url));
const ROUNDS = 2;
/** How many are acknowledged before the kill comes, which then falls wherever the writer just is. */
const ACKNOWLEDGED = 15;

interface Writer {
  /** A line for each row that the writer was told is safe, after its first, `open`. */
  readonly said: readonly string[];
  /** Waits for so many lines. */
  until(lines: number): Promise<void>;
  kill(): Promise<void>;
}

function startWriter(dataDir: string): Writer {
  const child = spawn(process.execPath, [WRITER, dataDir, NIK, NAME], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
  return {
    said,
    until: async (lines) => {
      while (said.length < lines) {
        assert.equal(child.exitCode, null, "the writer ended by itself");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("the data folder of the embedded database", () => {
  const folder = temporaryFolder();
  after(folder.remove);

  test("keeps what was acknowledged through kill -9, is one process's alone, and shows no NIK and no name", async (context) => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const writer = startWriter(folder.path);
      context.after(() => writer.kill());
      await writer.until(1);
      if (round === 0) {
        await assert.rejects(openStorage({ dataDir: folder.path }), (error) => {
          assert.ok(error instanceof DataFolderInUseError);
          assert.equal(error.dataDir, folder.path);
          return true;
        });
      }
      await writer.until(1 + ACKNOWLEDGED);
      await writer.kill();
      acknowledged.push(...writer.said.slice(1));
    }

    const needles = [NIK, NAME, Buffer.from(NAME).toString("base64"), ...NAME.split(" ")];
    const files = filesUnder(folder.path);
    assert.ok(
      files.some((file) => file.includes("pg_wal")) && files.some((file) => file.endsWith(".sealed")),
    );
    for (const file of files) {
      const content = readFileSync(file);
      for (const needle of needles) assert.ok(!content.includes(needle), `${needle} stands in ${file}`);
    }

    const storage = await openStorage({ dataDir: folder.path });
    const events = await storage.outbox.list({ limit: 1_000_000 });
    const told = new Set(events.map((event) => event.value.verification_id));
    for (const id of acknowledged) {
      const found = await storage.verifications.find(id);
      assert.equal(found?.status, "VERIFIED", `${id} was acknowledged and is gone`);
      assert.equal(found.ktp?.nik, NIK);
      assert.match(Buffer.from(await storage.images.get(found.ktpImage!)).toString(), new RegExp(NAME));
      assert.ok(told.has(id), `the event of ${id} is gone`);
    }
    const { items } = await storage.verifications.history({
      userId: "user-1",
      limit: 1_000_000,
      now: new Date(),
    });
    for (const item of items) {
      assert.equal(item.status === "VERIFIED", told.has(item.verificationId), "state and event go together");
    }
    await storage.close();
  });
});

describe("the lock of a data folder", () => {
  test("refuses a second holder, and is free once released", () => {
    const folder = temporaryFolder();
    const lock = lockDataFolder(join(folder.path, "new"));
    assert.throws(() => lockDataFolder(join(folder.path, "new")), DataFolderInUseError);
    lock.release();
    lockDataFolder(join(folder.path, "new")).release();
    folder.remove();
  });

  test("does not call other faults a folder in use", () => {
    assert.throws(
      () => lockDataFolder("/dev/null/data"),
      (error) =>
        !(error instanceof DataFolderInUseError) && (error as NodeJS.ErrnoException).code === "ENOTDIR",
    );
  });
});
