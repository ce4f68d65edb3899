import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { sql } from "kysely";
import { auditOf, verifyAudit } from "../../src/database/audit-checks.ts";
import { challenges } from "../../src/database/challenges.ts";
import type { Begun } from "../../src/database/idempotency.ts";
import { keeper } from "../../src/database/keeper.ts";
import { imageReferences } from "../../src/database/sealed-columns.ts";
import { ImageMissingError } from "../../src/images/images.ts";
import {
  custody,
  DEFAULT_RETENTION,
  keptSince,
  type RetentionPolicy,
} from "../../src/verification/custody.ts";
import type { Actor, Challenge, Change, Claim, KycEvent } from "../../src/verification/ports.ts";
import { onBothDatabases } from "../support/databases.ts";
import { readingOf, type Storage } from "../support/storage.ts";

const NIK = "3273014505900007";
const platform: Actor = { subject: "platform", scopes: new Set(["kyc:service"]) };
const uploaded: KycEvent = { kind: "ktp_uploaded", value: { name: "SITI" } };
const DAY = 86_400_000;
const HOUR = 3_600_000;

const challengeOf = (
  verificationId: string,
  now: Date,
  frames: Challenge["frames"],
  passed = true,
): Challenge => ({
  challengeId: randomUUID(),
  verificationId,
  nonce: "n",
  actions: ["blink", "turn_left"],
  issuedAt: now,
  expiresAt: now,
  usedAt: now,
  passed,
  verdict: null,
  frames,
});

/** A user with one verification that has all that there can be of it, its first event sent. */
async function onboard(storage: Storage) {
  const userId = randomUUID();
  const id = randomUUID();
  const now = new Date();
  await storage.verifications.start({ verificationId: id, userId, type: "FULL_KYC", now });
  const claim = (await storage.verifications.claim(id, now, 60)) as Claim;
  const ktpImage = await storage.images.put(id, "ktp", Buffer.from("card"));
  const selfieImage = await storage.images.put(id, "selfie", Buffer.from("selfie"));
  const portraitImage = await storage.images.put(id, "portrait", Buffer.from("portrait"));
  const signatureImage = await storage.images.put(id, "signature", Buffer.from("signature"));
  const frame = await storage.images.put(id, "action", Buffer.from("eyes shut"));
  const challenge = challengeOf(id, now, [null, frame]);
  const face = Float32Array.from({ length: 8 }, () => Math.SQRT1_2 / 2);
  const done = await storage.verifications.settle(
    claim,
    {
      status: "VERIFIED",
      ktpImage,
      selfieImage,
      portraitImage,
      signatureImage,
      challenge,
      nik: NIK,
      ktp: readingOf(NIK, "SITI"),
      portraitEmbedding: face,
      embeddingModel: "m",
      selfieEmbedding: face,
      selfieModel: "m",
    },
    [uploaded, uploaded],
    now,
  );
  assert.ok(done);
  const events = (await storage.outbox.list({ limit: 10_000 })).filter((event) => event.userId === userId);
  await storage.outbox.markSent([events[0]!.id], now);
  return { userId, id, ktpImage, selfieImage, portraitImage, signatureImage, frame, unsent: events[1]!.id };
}

const keeping = (storage: Storage, now: Date, policy: RetentionPolicy = DEFAULT_RETENTION) =>
  custody({
    keeper: storage.keeper,
    removeImage: (reference) => storage.images.remove(reference),
    audit: storage.audit,
    clock: { now: () => now },
    policy,
  });
const isGone = (storage: Storage, reference: string) =>
  assert.rejects(storage.images.get(reference), ImageMissingError);
const eventsOf = async (storage: Storage, userId: string) =>
  (await storage.outbox.list({ limit: 10_000 })).filter((event) => event.userId === userId);

onBothDatabases("the keeper of users' data", (it) => {
  it("erases all of one user and nothing of another, and leaves the audit chain whole", async (storage) => {
    const [gone, stays] = [await onboard(storage), await onboard(storage)];
    const erased = await keeping(storage, new Date()).eraseUser(platform, gone.userId);
    assert.deepEqual(erased, { verifications: 1, images: 5, events: 1, imagesElsewhere: [] });
    assert.equal(await storage.verifications.find(gone.id), null);
    await isGone(storage, gone.ktpImage);
    await isGone(storage, gone.selfieImage);
    await isGone(storage, gone.portraitImage);
    await isGone(storage, gone.signatureImage);
    await isGone(storage, gone.frame);
    assert.equal((await storage.verifications.find(stays.id))?.ktp?.nik, NIK);
    assert.equal(Buffer.from(await storage.images.get(stays.ktpImage)).toString(), "card");

    // The event that consumers wait for is told, then goes too.
    assert.deepEqual(
      (await eventsOf(storage, gone.userId)).map((event) => event.id),
      [gone.unsent],
    );
    await storage.outbox.markSent([gone.unsent], new Date());
    await keeping(storage, new Date()).expire();
    assert.deepEqual(await eventsOf(storage, gone.userId), []);
    assert.equal((await eventsOf(storage, stays.userId)).length, 2);

    const { rows } = await sql<{ table: string; hits: number }>`
      SELECT 'audit' AS table, count(*)::int AS hits FROM kyc_audit WHERE kyc_audit::text LIKE ${`%${gone.userId}%`}
      UNION ALL SELECT 'removals', count(*)::int FROM kyc_image_removals WHERE reference LIKE ${`%${gone.id}%`}`.execute(
      storage.db,
    );
    for (const { table, hits } of rows) assert.equal(hits, 0, table);
    const told = await auditOf(storage.db, storage.chain, gone.userId, { limit: 100 });
    assert.deepEqual(
      told.map(({ actor, action }) => `${actor.split(":")[0]} ${action}`),
      ["service verification.started", "service verification.decided", "platform user.erased"],
    );
    assert.deepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);
    const again = await keeping(storage, new Date()).eraseUser(platform, gone.userId);
    assert.deepEqual(again, { verifications: 0, images: 0, events: 0, imagesElsewhere: [] });
  });

  it("erases the answers kept for Idempotency-Keys with their user, also one that is still being worked on", async (storage) => {
    const [gone, stays] = [randomUUID(), randomUUID()];
    const ask = (userId: string, key: string) =>
      storage.idempotency.begin({
        userId,
        scope: "s",
        key: `${userId} ${key}`,
        bodyHash: "h",
        now: new Date(),
        leaseSeconds: 60,
      });
    const answer = async (begun: Begun) => {
      assert.equal(begun.kind, "new");
      await storage.idempotency.finish((begun as { token: string }).token, { status: 200, body: "answer" });
    };
    for (const userId of [gone, stays]) await answer(await ask(userId, "answered"));
    const underWay = await ask(gone, "under way");
    await keeping(storage, new Date()).eraseUser(platform, gone);
    await answer(underWay);
    assert.equal((await ask(stays, "answered")).kind, "replay");
    assert.equal((await ask(gone, "answered")).kind, "new");
    assert.equal((await ask(gone, "under way")).kind, "new");
  });

  it("erases what was never sent, too, where nobody is sent anything", async (storage) => {
    const { userId } = await onboard(storage);
    const { db, audit, chain, jobs } = storage;
    const alone = keeper({ db, audit, chain, jobs, consumers: false });
    const { events } = await alone.erase(platform, userId, new Date());
    assert.equal(events, 2);
    assert.deepEqual(await eventsOf(storage, userId), []);
  });

  it("erases for the platform alone, and writes down who else tried", async (storage) => {
    const { userId, id } = await onboard(storage);
    for (const by of [
      { subject: userId, scopes: new Set<string>() },
      { subject: "reviewer", scopes: new Set(["kyc:review"]) },
    ]) {
      const own = keeping(storage, new Date());
      await assert.rejects(own.eraseUser(by, userId), { status: 403, code: "KYC_AUTH_003" });
      await assert.rejects(own.closeAccount(by, userId, new Date()), { status: 403 });
    }
    assert.ok(await storage.verifications.find(id));
    const refused = (await auditOf(storage.db, storage.chain, userId, { limit: 100 })).filter(
      ({ action }) => action === "access.refused",
    );
    assert.equal(refused.length, 4);
  });

  it("names photographs that the replaced service stored, since they are not here", async (storage) => {
    const { userId, id } = await onboard(storage);
    await sql`UPDATE kyc_verifications SET ktp_image_url = 's3://kyc/ktp.jpg' WHERE verification_id = ${id}`.execute(
      storage.db,
    );
    const erased = await keeping(storage, new Date()).eraseUser(platform, userId);
    assert.deepEqual(erased.imagesElsewhere, ["s3://kyc/ktp.jpg"]);
    assert.equal(erased.images, 4);
  });

  it("lets an upload that is under way end without a trace", async (storage) => {
    const { userId } = await onboard(storage);
    const id = randomUUID();
    const now = new Date();
    await storage.verifications.start({ verificationId: id, userId, type: "FULL_KYC", now });
    const claim = (await storage.verifications.claim(id, now, 60)) as Claim;
    const late = await storage.images.put(id, "ktp", Buffer.from("late"));
    await keeping(storage, now).eraseUser(platform, userId);
    assert.equal(await storage.verifications.settle(claim, { ktpImage: late }, [], now), null);
    // Its process died before it could remove what it had stored.
    await keeping(storage, new Date(now.getTime() + 2 * HOUR)).removeImages();
    await isGone(storage, late);
  });

  it("removes a photograph that no row came to refer to, not one that a row refers to", async (storage) => {
    const { ktpImage, frame } = await onboard(storage);
    const orphan = await storage.images.put(randomUUID(), "ktp", Buffer.from("orphan"));
    await keeping(storage, new Date()).removeImages();
    assert.equal(
      Buffer.from(await storage.images.get(orphan)).toString(),
      "orphan",
      "it may be referred to yet",
    );
    await keeping(storage, new Date(Date.now() + 2 * HOUR)).removeImages();
    await isGone(storage, orphan);
    assert.equal(Buffer.from(await storage.images.get(ktpImage)).toString(), "card");
    assert.equal(Buffer.from(await storage.images.get(frame)).toString(), "eyes shut");
  });

  it("keeps the frames of the challenge that ended alike last, and none once the selfie is asked for again", async (storage) => {
    const { id, frame } = await onboard(storage);
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000);
    const settle = async (change: Change, now: Date) => {
      const claim = (await storage.verifications.claim(id, now, 60)) as Claim;
      assert.ok(await storage.verifications.settle(claim, change, [], now));
      await keeping(storage, now).removeImages();
    };
    const failed = await storage.images.put(id, "action", Buffer.from("a squint"));
    await settle({ challenge: challengeOf(id, at(1), [failed], false) }, at(1));
    assert.equal(Buffer.from(await storage.images.get(frame)).toString(), "eyes shut");
    const later = await storage.images.put(id, "action", Buffer.from("eyes shut again"));
    await settle({ challenge: challengeOf(id, at(2), [later, null]) }, at(2));
    await isGone(storage, frame);
    const kept = async () => (await challenges(storage.db).of(id)).map(({ frames }) => frames);
    assert.deepEqual(await kept(), [[], [failed], [later, null]]);
    const references: string[] = [];
    for await (const reference of imageReferences(storage.db)) references.push(reference);
    assert.ok(references.includes(later) && references.includes(failed) && !references.includes(frame));
    await settle({ challengeFrames: null }, at(3));
    await isGone(storage, later);
    await isGone(storage, failed);
    assert.deepEqual(await kept(), [[], [], []]);
  });

  it("tries again what a store refused to remove", async (storage) => {
    const { userId, ktpImage } = await onboard(storage);
    let refusals = 0;
    const refusing = custody({
      keeper: storage.keeper,
      removeImage: async () => {
        refusals++;
        throw new Error("refused");
      },
      audit: storage.audit,
      clock: { now: () => new Date() },
      policy: DEFAULT_RETENTION,
    });
    assert.equal((await refusing.eraseUser(platform, userId)).images, 5);
    assert.equal(refusals, 5);
    assert.equal(Buffer.from(await storage.images.get(ktpImage)).toString(), "card");
    await keeping(storage, new Date(Date.now() + HOUR)).removeImages();
    await isGone(storage, ktpImage);
  });

  it("keeps each kind of data for its own time after the account was closed", async (storage) => {
    const [closed, open] = [await onboard(storage), await onboard(storage)];
    const policy: RetentionPolicy = {
      ...DEFAULT_RETENTION,
      images: { days: 10 },
      faces: { days: 20 },
      identity: { days: 30 },
    };
    const now = new Date();
    await keeping(storage, now, policy).closeAccount(platform, closed.userId, now);
    const after = (days: number) => keeping(storage, new Date(now.getTime() + days * DAY), policy);
    const find = () => storage.verifications.find(closed.id);

    await after(9).expire();
    assert.ok((await find())?.ktpImage);
    await after(11).expire();
    await after(11).removeImages();
    assert.equal((await find())?.ktpImage, null);
    await isGone(storage, closed.ktpImage);
    await isGone(storage, closed.frame);
    assert.ok((await find())?.portraitEmbedding);
    await after(21).expire();
    assert.equal((await find())?.portraitEmbedding, null);
    assert.equal((await find())?.selfieEmbedding, null);
    assert.equal((await find())?.ktp?.nik, NIK);
    await after(31).expire();
    assert.equal(await find(), null);
    assert.ok((await storage.verifications.find(open.id))?.ktp, "an open account's data stay");
    assert.equal((await storage.keeper.expire(policy, new Date(now.getTime() + 31 * DAY))).users, 0);
    const kinds = (await auditOf(storage.db, storage.chain, closed.userId, { limit: 100 }))
      .filter(({ action }) => action === "data.expired")
      .map(({ detail }) => detail.kind);
    assert.deepEqual(kinds, ["images", "faces"]);
  });

  it("forgets events a while after they were sent, and never one that was not", async (storage) => {
    const { userId, unsent } = await onboard(storage);
    await storage.keeper.expire(DEFAULT_RETENTION, new Date(Date.now() + 29 * DAY));
    assert.equal((await eventsOf(storage, userId)).length, 2);
    await storage.keeper.expire(DEFAULT_RETENTION, new Date(Date.now() + 31 * DAY));
    assert.deepEqual(
      (await eventsOf(storage, userId)).map(({ id }) => id),
      [unsent],
    );
  });
});

test("periods are counted by the calendar", () => {
  const now = new Date("2028-02-29T12:00:00Z");
  assert.equal(keptSince(now, { years: 5 })?.toISOString(), "2023-03-01T12:00:00.000Z");
  assert.equal(keptSince(now, { days: 30 })?.toISOString(), "2028-01-30T12:00:00.000Z");
  assert.equal(keptSince(now, null), null);
});
