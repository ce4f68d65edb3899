import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { blindIndex } from "../../src/security/blind-index.ts";
import { KeysError, openKeys } from "../../src/security/keys.ts";
import { temporaryFolder } from "../support/storage.ts";

const key = () => randomBytes(32).toString("base64");

describe("the key ring", () => {
  test("takes keys from its text, the first being the active one", () => {
    const [a, b] = [key(), key()];
    const keys = openKeys({ spec: `2026a:${a},2025:${b}`, dataDir: "unused" });
    assert.equal(keys.active.id, "2026a");
    assert.deepEqual([...keys.all.keys()], ["2026a", "2025"]);
    assert.equal(Buffer.from(keys.all.get("2025")!.key).toString("base64"), b);
    assert.equal(keys.development, false);
  });

  test("takes keys from a file, a line each", () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "keys");
    writeFileSync(path, `b:${key()}\na:${key()}\n`);
    assert.equal(openKeys({ spec: `file:${path}`, dataDir: "unused" }).active.id, "b");
    folder.remove();
  });

  test("refuses what cannot be used, naming it without key material", () => {
    const secret = key();
    const short = randomBytes(16).toString("base64");
    const cases: [string, RegExp][] = [
      [secret, /Entry 1 is not id:base64/],
      [`a:${secret},b c:${secret}`, /Entry 2 is not/],
      [`a:${secret},:${secret}`, /Entry 2 is not/],
      [`a:${short}`, /Key "a" is not 32 bytes/],
      ["a:", /Key "a" is not 32 bytes/],
      [`a:${secret.slice(0, -4)}!!!!`, /Key "a" is not 32 bytes/],
      [`a:${secret},a:${key()}`, /"a" is given twice/],
      [" , ", /There is no key/],
      ["file:/nowhere/keys", /\/nowhere\/keys cannot be read/],
    ];
    for (const [spec, message] of cases) {
      assert.throws(
        () => openKeys({ spec, dataDir: "unused" }),
        (error) => {
          assert.ok(error instanceof KeysError);
          assert.match(error.message, message);
          assert.ok(!error.message.includes(secret.slice(0, 20)) && !error.message.includes(short));
          return true;
        },
      );
    }
  });

  test("makes development keys once, for the owner alone", () => {
    const folder = temporaryFolder();
    const dataDir = join(folder.path, "data");
    const first = openKeys({ dataDir });
    assert.equal(first.development, true);
    assert.deepEqual(openKeys({ dataDir }), first);
    assert.equal(statSync(join(dataDir, "keys.json")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dataDir), ["keys.json"]);
    folder.remove();
  });

  test("never makes new development keys over damaged ones", () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "keys.json");
    for (const content of ["", "{", "null", "{}", '{"keys":"a:AA=="}']) {
      writeFileSync(path, content, { mode: 0o600 });
      assert.throws(() => openKeys({ dataDir: folder.path }), KeysError, content);
      assert.equal(readFileSync(path, "utf8"), content);
    }
    folder.remove();
  });

  test("gives all processes that start at once the same development keys", async () => {
    const folder = temporaryFolder();
    const module = new URL("../../src/security/keys.ts", import.meta.url).href;
    // Each waits for a common moment, so that they meet.
    const moment = Date.now() + 1500;
    const program = `
      const { openKeys } = await import(${JSON.stringify(module)});
      await new Promise((resolve) => setTimeout(resolve, ${moment} - Date.now()));
      const { active } = openKeys({ dataDir: ${JSON.stringify(folder.path)} });
      process.stdout.write(Buffer.from(active.key).toString("hex"));`;
    const keys = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let said = "";
        child.stdout.on("data", (chunk) => (said += chunk));
        await once(child, "close");
        return said;
      }),
    );
    assert.match(keys[0]!, /^[0-9a-f]{64}$/);
    assert.equal(new Set(keys).size, 1);
    assert.deepEqual(readdirSync(folder.path), ["keys.json"]);
    folder.remove();
  });
});

describe("the blind index", () => {
  test("is HMAC-SHA-256", () => {
    // RFC 4231, test case 2.
    assert.equal(
      Buffer.from(blindIndex(Buffer.from("Jefe")).of("what do ya want for nothing?"), "base64url").toString(
        "hex",
      ),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });
});
