import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { startProcess } from "../support/process.ts";
import { people } from "../support/service.ts";

describe("the service with its own database, killed", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-process-"));
  after(() => rmSync(dataDir, { recursive: true, force: true }));

  test("killed between any two steps and in mid-upload, it goes on where it was", async (t) => {
    const [person] = await people(dataDir, 31, 1);
    let running = await startProcess(t, { DATA_DIR: dataDir, LOG_LEVEL: "debug" });
    let log = "";
    const crash = async () => {
      await running.kill();
      log += running.output();
      running = await startProcess(t, { DATA_DIR: dataDir, LOG_LEVEL: "debug" });
    };
    const client = () => running.client("user-1");

    const id = await (await client()).start();
    await crash();

    // In the middle of the upload: the answer never comes, and nothing of it is left behind.
    const lost = (await client()).ktp(id, person.ktp).catch(() => "cut off");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await crash();
    assert.equal(await lost, "cut off");
    assert.equal((await (await client()).get(`/verify/${id}`)).body.status, "PENDING");

    const ktp = await (await client()).ktp(id, person.ktp);
    assert.equal(ktp.status, 200, JSON.stringify(ktp.body));
    await crash();
    assert.deepEqual((await (await client()).get(`/verify/${id}`)).body.ktp_ocr_result, ktp.body.ocr_result);

    const selfie = await (await client()).selfie(id, person.selfie);
    assert.equal(selfie.body.status, "VERIFIED", JSON.stringify(selfie.body));
    await crash();
    const view = (await (await client()).get(`/verify/${id}`)).body;
    assert.equal(view.status, "VERIFIED");
    assert.deepEqual(view.face_match_result, selfie.body.face_match_result);
    const events = (await (await running.client("gateway", "kyc:service")).get("/events")).body;
    assert.deepEqual(
      events.map(({ kind }: { kind: string }) => kind),
      ["ktp_uploaded", "verified"],
    );

    assert.equal(await running.stop(), 0, "SIGTERM ends it in order");
    log += running.output();

    // Nothing of the person can be read from the disk or the log, however it is spelled.
    const secrets = [person.nik, person.name, person.address, ktp.body.ocr_result.name]
      .filter((text) => text.length > 4)
      .flatMap((text) => [
        Buffer.from(text),
        Buffer.from(Buffer.from(text).toString("base64").replace(/=+$/, "").slice(0, -1)),
      ]);
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.length > 20);
    for (const entry of files) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      for (const secret of secrets) assert.ok(!bytes.includes(secret), `${entry.name} holds personal data`);
    }
    assert.ok(log.includes('"answered"'), "it did log");
    for (const secret of secrets) assert.ok(!log.includes(secret.toString()), "the log holds personal data");
  });
});
