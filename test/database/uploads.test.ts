import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { imageReferences, rewrapColumns, valuesByKey } from "../../src/database/sealed-columns.ts";
import type { Claim, Upload } from "../../src/verification/ports.ts";
import { onBothDatabases } from "../support/databases.ts";
import { readingOf, type Storage } from "../support/storage.ts";

const LEASE = 60;
const MOST = 3;
const NIK = "3201234567890001";
const MINUTE = 60_000;

/** A verification with an upload that waits. */
async function waiting(
  { verifications, uploads, images }: Storage,
  userId = `user-${randomUUID().slice(0, 8)}`,
) {
  const now = new Date();
  const verificationId = randomUUID();
  await verifications.start({ verificationId, userId, type: "FULL_KYC", now });
  const claim = (await verifications.claim(verificationId, now, LEASE)) as Claim;
  const image = await images.put(verificationId, "ktp", Buffer.from("a photograph"));
  const uploadId = randomUUID();
  const upload = { uploadId, step: "ktp", image, withCrops: false } as const;
  assert.ok(await uploads.accept(claim, upload, now));
  return { now, verificationId, userId, image, uploadId };
}

const begun = async ({ uploads }: Storage, uploadId: string) => {
  const found = await uploads.begin(uploadId, MOST, new Date(), LEASE);
  assert.ok(found);
  return found as { upload: Upload; claim: Claim | null };
};

const jobsOf = async ({ db }: Storage, uploadId: string) =>
  (
    await sql<{
      state: string;
      data: unknown;
    }>`SELECT state, data FROM kyc_jobs.job WHERE id = ${uploadId}`.execute(db)
  ).rows;

const removals = async ({ db }: Storage, reference: string) =>
  (await db.selectFrom("kyc_image_removals").selectAll().where("reference", "=", reference).execute()).length;

onBothDatabases("uploads that wait", (it) => {
  it("binds its verification to it, with a job that tells nothing but an id", async (storage) => {
    const { verificationId, uploadId, image } = await waiting(storage);
    assert.equal(await storage.verifications.claim(verificationId, new Date(), LEASE), "busy");
    assert.deepEqual(await jobsOf(storage, uploadId), [{ state: "created", data: null }]);
    assert.equal(await removals(storage, image), 0, "it is referred to");
    const references: string[] = [];
    for await (const reference of imageReferences(storage.db)) references.push(reference);
    assert.ok(references.includes(image), "its key is rotated with the others");
    const { waiting: count, oldest } = await storage.uploads.backlog();
    assert.ok(count >= 1 && oldest instanceof Date);
  });

  it("writes nothing where the claim was lost: no upload, no job", async (storage) => {
    const { verifications, uploads } = storage;
    const now = new Date();
    const verificationId = randomUUID();
    await verifications.start({ verificationId, userId: "late", type: "FULL_KYC", now });
    const claim = (await verifications.claim(verificationId, now, LEASE)) as Claim;
    await verifications.release(claim);
    const uploadId = randomUUID();
    assert.equal(
      await uploads.accept(claim, { uploadId, step: "ktp", image: null, withCrops: false }, now),
      false,
    );
    assert.equal(await uploads.find(uploadId), null);
    assert.deepEqual(await jobsOf(storage, uploadId), []);
  });

  it("delivered twice it is decided once: the last who began writes, the other finds the claim lost", async (storage) => {
    const { verificationId, uploadId, image } = await waiting(storage);
    const first = (await begun(storage, uploadId)).claim as Claim;
    const second = (await begun(storage, uploadId)).claim as Claim;
    const change = { status: "PROCESSING", ktp: readingOf(NIK, "JOHN DOE"), ktpImage: image } as const;
    const event = { kind: "ktp_uploaded", value: { verification_id: verificationId } } as const;
    const settled = await Promise.all(
      [first, second].map((claim) => storage.verifications.settle(claim, change, [event], new Date())),
    );
    assert.deepEqual(
      settled.map((row) => row?.status),
      [undefined, "PROCESSING"],
    );
    const events = await storage.outbox.list({ limit: 500 });
    assert.equal(events.filter(({ value }) => value.verification_id === verificationId).length, 1);
    // Delivered a third time it is found settled, and only answered.
    const third = await begun(storage, uploadId);
    assert.equal(third.claim, null);
    assert.ok(third.upload.settled && third.upload.image === null);
    assert.equal(await removals(storage, image), 0, "the verification refers to it now");
    await storage.uploads.finish(uploadId, { body: { the: "answer" } }, new Date());
    await storage.uploads.finish(uploadId, { body: { another: "answer" } }, new Date());
    assert.deepEqual((await storage.uploads.find(uploadId))?.outcome, { body: { the: "answer" } });
    assert.notEqual(await storage.verifications.claim(verificationId, new Date(), LEASE), "busy");
  });

  it("keeps a refusal with the attempt that it cost, and lets the photograph go", async (storage) => {
    const { verificationId, uploadId, image } = await waiting(storage);
    const { claim } = await begun(storage, uploadId);
    const refusal = {
      code: "KYC_VAL_001",
      status: 400,
      message: "Blurred.",
      hints: ["blurred"],
      attemptsLeft: 2,
    };
    await storage.verifications.settle(claim as Claim, { ktpAttempts: 1 }, [], new Date(), refusal);
    const found = await storage.uploads.find(uploadId);
    assert.deepEqual([found?.settled, found?.outcome], [true, { refusal }]);
    assert.equal(await removals(storage, image), 1);
    assert.notEqual(await storage.verifications.claim(verificationId, new Date(), LEASE), "busy");
  });

  it("is begun three times, but for what says nothing of the photograph", async (storage) => {
    const { verificationId, uploadId, image } = await waiting(storage);
    for (const counts of [false, true, true, false, true]) {
      const { upload, claim } = await begun(storage, uploadId);
      assert.ok(claim && upload.running === false);
      assert.ok((await storage.uploads.find(uploadId))?.running);
      await storage.uploads.putOff(claim, counts);
      assert.equal((await storage.uploads.find(uploadId))?.running, false);
    }
    const { upload, claim } = await begun(storage, uploadId);
    assert.deepEqual([upload.tries, claim], [3, null]);
    const refusal = { code: "KYC_SYS_002", status: 500, message: "It could not be read." };
    await storage.uploads.finish(uploadId, { refusal }, new Date());
    assert.equal(await removals(storage, image), 1);
    const free = await storage.verifications.claim(verificationId, new Date(), LEASE);
    assert.ok(free !== null && free !== "busy" && free.verification.status === "PENDING");
    assert.equal(free.verification.ktpAttempts, 0);
  });

  it("a job that was lost is sent again, one that is on its way is left alone", async (storage) => {
    const { uploadId } = await waiting(storage);
    const later = new Date(Date.now() + 20 * MINUTE);
    await storage.uploads.recall(later);
    await sql`DELETE FROM kyc_jobs.job WHERE id = ${uploadId}`.execute(storage.db);
    assert.equal(await storage.uploads.recall(new Date(Date.now() - MINUTE)), 0, "not yet");
    assert.equal(await storage.uploads.recall(later), 1);
    assert.equal(await storage.uploads.recall(later), 0);
    assert.equal((await jobsOf(storage, uploadId)).length, 1);
  });

  it("goes with its user, its job and its photograph; and in time by itself", async (storage) => {
    const { userId, uploadId, image } = await waiting(storage);
    const other = await waiting(storage);
    const { images: erased } = await storage.keeper.erase(
      { subject: "platform", scopes: new Set(["kyc:service"]) },
      userId,
      new Date(),
    );
    assert.equal(erased, 1);
    assert.equal(await storage.uploads.find(uploadId), null);
    assert.deepEqual(await jobsOf(storage, uploadId), []);
    assert.equal(await removals(storage, image), 1);
    assert.equal(await storage.uploads.begin(uploadId, MOST, new Date(), LEASE), null);

    await storage.uploads.finish(other.uploadId, { body: {} }, new Date());
    assert.ok((await valuesByKey(storage.db)).size > 0);
    assert.equal(
      await rewrapColumns(storage.db, storage.sealer),
      0,
      "the answer is sealed by the ring's key",
    );
    await storage.uploads.purge(new Date(Date.now() - MINUTE));
    assert.ok(await storage.uploads.find(other.uploadId));
    assert.ok((await storage.uploads.purge(new Date(Date.now() + MINUTE))) >= 1);
    assert.equal(await storage.uploads.find(other.uploadId), null);
  });

  it("a sweep finds what nothing would move on, and leaves alone what waits for somebody", async (storage) => {
    const { db, verifications } = storage;
    const now = new Date();
    const since = new Date(now.getTime() - 15 * MINUTE);
    const rows = {
      stuck: sql`status = 'PROCESSING', liveness_result = '{}'`,
      basic: sql`status = 'PROCESSING', verification_type = 'BASIC_KYC'`,
      selfie: sql`status = 'PROCESSING'`,
      due: sql`status = 'PROCESSING', liveness_result = '{}', dukcapil_due_at = ${now}`,
      overdue: sql`status = 'PROCESSING', liveness_result = '{}', dukcapil_due_at = ${new Date(since.getTime() - MINUTE)}`,
      claimed: sql`status = 'PROCESSING', liveness_result = '{}', claim_token = 'x', claim_expires_at = ${new Date(now.getTime() + MINUTE / 2)}`,
      done: sql`status = 'VERIFIED', liveness_result = '{}'`,
      bound: sql`upload_id = 'an upload that is none'`,
    };
    const ids = new Map<string, string>();
    for (const [name, set] of Object.entries(rows)) {
      const id = randomUUID();
      ids.set(id, name);
      await verifications.start({ verificationId: id, userId: "swept", type: "FULL_KYC", now });
      await sql`UPDATE kyc_verifications SET ${set} WHERE verification_id = ${id}`.execute(db);
    }
    const held = await waiting(storage);
    const swept = await verifications.sweep(now, since, LEASE);
    assert.deepEqual(swept.mended.map((id) => ids.get(id)).sort(), ["basic", "bound", "stuck"]);
    assert.equal(swept.overdue, 1);
    assert.equal(await verifications.claim(held.verificationId, now, LEASE), "busy");
    const again = await verifications.sweep(now, since, LEASE);
    assert.deepEqual(again, { overdue: 1, mended: [] });
    const stuck = [...ids].find(([, name]) => name === "stuck")?.[0] ?? "";
    assert.deepEqual((await verifications.summary(stuck))?.dukcapilDueAt, now);
  });
});
