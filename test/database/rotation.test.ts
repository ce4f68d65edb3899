import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { rewrapColumns, sealAdopted, valuesByKey } from "../../src/database/sealed-columns.ts";
import { auditKey } from "../../src/database/sealed-keys.ts";
import { blindIndex } from "../../src/security/blind-index.ts";
import { envelopeSealer } from "../../src/security/envelope.ts";
import { openKeys } from "../../src/security/keys.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";
import type { Claim } from "../../src/verification/ports.ts";
import { runCommand } from "../support/command.ts";
import { onBothDatabases } from "../support/databases.ts";
import { startPostgres } from "../support/postgres.ts";
import { openStorage, readingOf, type Storage, temporaryFolder } from "../support/storage.ts";

const NIK = "3273014505900007";
const keyOf = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;
const ringOf = (spec: string) => openKeys({ spec, dataDir: "" });
const sealerOf = (spec: string) => envelopeSealer(ringOf(spec));

/** Rows enough for several pages, in every sealed column. */
async function fill(storage: Storage, count: number): Promise<string[]> {
  const now = new Date();
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const verificationId of ids) {
    await storage.verifications.start({ verificationId, userId: "u", type: "FULL_KYC", now });
    const claim = (await storage.verifications.claim(verificationId, now, 60)) as Claim;
    const face = Float32Array.from([0.6, 0.8]);
    const change = {
      ktp: readingOf(NIK, "SITI"),
      portraitEmbedding: face,
      embeddingModel: "m",
      selfieEmbedding: face,
      selfieModel: "m",
    };
    await storage.verifications.settle(claim, change, [{ kind: "ktp_uploaded", value: { n: 1 } }], now);
  }
  const key = randomUUID();
  const begun = await storage.idempotency.begin({
    userId: "u",
    scope: "s",
    key,
    bodyHash: "h",
    now,
    leaseSeconds: 9,
  });
  assert.equal(begun.kind, "new");
  await storage.idempotency.finish((begun as { token: string }).token, { status: 200, body: "{}" });
  return ids;
}

onBothDatabases("rotation of keys", (it) => {
  it("wraps every sealed value by the new key beside a writer, after which the old one is not needed", async (storage) => {
    const ids = await fill(storage, 5);
    const first = [...(await valuesByKey(storage.db)).keys()];
    assert.deepEqual(first, ["development"]);
    const old = `development:${Buffer.from(storage.keys.active.key).toString("base64")}`;
    const next = keyOf("2027a");
    const both = sealerOf(`${next},${old}`);

    let writing = true;
    const written: string[] = [];
    const writer = (async () => {
      while (writing) {
        written.push(...(await fill(storage, 1)));
        await pause(1);
      }
    })();
    const wrapped = await rewrapColumns(storage.db, both);
    writing = false;
    await writer;
    assert.ok(wrapped >= 5 * 4 + 2, `${wrapped} values`);
    // What the writer sealed by the old key meanwhile is taken in a second go, once no process seals by it any more.
    await rewrapColumns(storage.db, both);
    assert.equal(await rewrapColumns(storage.db, both), 0, "nothing is left to do");
    assert.deepEqual([...(await valuesByKey(storage.db)).keys()], ["2027a"]);

    const reopened = await storage.over(ringOf(next));
    for (const id of [...ids, ...written]) {
      const found = await reopened.verifications.find(id);
      assert.equal(found?.ktp?.nik, NIK);
      assert.equal(found.portraitEmbedding?.length, 2);
      assert.equal(found.selfieEmbedding?.length, 2);
    }
    assert.equal((await reopened.outbox.list({ limit: 1000 })).length, ids.length + written.length);
    assert.equal((await auditKey(storage.db, sealerOf(next))).length, 32);
    await assert.rejects(storage.verifications.find(ids[0]!), SealBrokenError);
    await rewrapColumns(storage.db, sealerOf(`${old},${next}`));
  });

  it("stops at a value whose key is not there, and says so", async (storage) => {
    await fill(storage, 1);
    await assert.rejects(rewrapColumns(storage.db, sealerOf(keyOf("stranger"))), SealBrokenError);
  });

  it("seals the replaced service's rows, which then read as before and are found by their NIK", async (storage) => {
    const [full, half, none] = [randomUUID(), randomUUID(), randomUUID()];
    const insert = (id: string, reading: unknown, answer: unknown) =>
      sql`
      INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, ktp_ocr_result, dukcapil_result,
        created_at, updated_at)
      VALUES (${id}, 'adopted', 'FULL_KYC', 'VERIFIED', ${reading && JSON.stringify(reading)}::jsonb,
        ${answer && JSON.stringify(answer)}::jsonb, now(), now())`.execute(storage.db);
    await insert(
      full,
      { nik: NIK, name: "SITI", confidence: 0.87 },
      { nik: NIK, status: "VALID", name: "SITI" },
    );
    await insert(half, null, { nik: NIK, status: "VALID", name: "SITI" });
    await insert(none, null, null);
    const read = async (id: string) => {
      const found = await storage.verifications.find(id);
      return { ktp: found?.ktp ?? null, dukcapil: found?.dukcapil ?? null };
    };
    const before = await Promise.all([full, half, none].map(read));

    const index = blindIndex(randomBytes(32));
    assert.deepEqual(await sealAdopted(storage.db, storage.sealer, index), { sealed: 2, left: 0 });
    assert.deepEqual(await sealAdopted(storage.db, storage.sealer, index), { sealed: 0, left: 0 });
    assert.deepEqual(await Promise.all([full, half, none].map(read)), before);
    const shown = await storage.verifications.shown(full);
    assert.deepEqual(
      [shown?.ktp?.toJSON(), shown?.dukcapil?.toJSON()],
      [before[0]!.ktp, before[0]!.dukcapil],
    );
    const { rows } = await sql<{ id: string; nik_index: string | null; text: string }>`
      SELECT verification_id AS id, nik_index, kyc_verifications::text AS text FROM kyc_verifications
      WHERE user_id = 'adopted'`.execute(storage.db);
    for (const { id, nik_index, text } of rows) {
      assert.ok(!text.includes("SITI") && !text.includes(NIK), text);
      assert.equal(nik_index, id === none ? null : index.of(NIK));
    }
  });
});

test("photographs and values are rotated by the command while a service has the database open", async (context) => {
  const folder = temporaryFolder();
  context.after(folder.remove);
  const server = await startPostgres();
  if ("skip" in server) return context.skip(server.skip);
  context.after(server.stop);
  const url = await server.createDatabase();
  const [old, next] = [keyOf("old"), keyOf("next")];
  const storage = await openStorage({ url, dataDir: folder.path, keys: `${old},${next}` });
  const [id] = await fill(storage, 1);
  const claim = (await storage.verifications.claim(id!, new Date(), 60)) as Claim;
  const ktpImage = await storage.images.put(id!, "ktp", Buffer.from("a card"));
  await storage.verifications.settle(claim, { ktpImage }, [], new Date());

  const environment = { DATABASE_URL: url, DATA_DIR: folder.path, KYC_KEYS: `${next},${old}` };
  const rotated = await runCommand(["keys", "rotate", "--json"], environment);
  assert.equal(rotated.code, 0, rotated.output);
  const { key, photographs, photographs_missing } = JSON.parse(rotated.output);
  assert.deepEqual(
    { key, photographs, photographs_missing },
    { key: "next", photographs: 1, photographs_missing: 0 },
  );
  assert.equal(
    Buffer.from(await storage.images.get(ktpImage)).toString(),
    "a card",
    "the running one goes on",
  );
  await storage.close();

  const alone = await openStorage({ url, dataDir: folder.path, keys: next });
  assert.equal((await alone.verifications.find(id!))?.ktp?.nik, NIK);
  assert.equal(Buffer.from(await alone.images.get(ktpImage)).toString(), "a card");
  await alone.close();
  const verified = await runCommand(["audit", "verify"], { ...environment, KYC_KEYS: next });
  assert.equal(verified.code, 0, verified.output);
  assert.match(verified.output, /entries in .*: whole/);
});
