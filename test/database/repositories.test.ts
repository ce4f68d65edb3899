import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, type TestContext, test } from "node:test";
import { CompiledQuery, sql } from "kysely";
import { audit } from "../../src/database/audit.ts";
import { auditOf, checkpoint } from "../../src/database/audit-checks.ts";
import { captures } from "../../src/database/captures.ts";
import { faces } from "../../src/database/faces.ts";
import { idempotency } from "../../src/database/idempotency.ts";
import { imageIntents } from "../../src/database/image-removals.ts";
import { keeper } from "../../src/database/keeper.ts";
import { uploads } from "../../src/database/uploads.ts";
import { verifications } from "../../src/database/verifications.ts";
import { outbox } from "../../src/events/outbox.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";
import { DEFAULT_RETENTION } from "../../src/verification/custody.ts";
import { type Claim, type KycEvent, SERVICE } from "../../src/verification/ports.ts";
import { startPostgres, type TestServer } from "../support/postgres.ts";
import { openStorage, readingOf, type Storage, TRACEPARENT, temporaryFolder } from "../support/storage.ts";

const NIK = "3273014505900007";
const NAME = "SITI RAHAYU";
const LEASE = 60;
/** Rows enough for the planner to prefer an index where there is one. */
const MANY = 5000;
const T0 = new Date("2026-03-01T10:00:00.123Z");
const at = (seconds: number) => new Date(T0.getTime() + seconds * 1000);
const ktpUploaded: KycEvent = { kind: "ktp_uploaded", value: { nik: "327301******0007", name: NAME } };
const verified: KycEvent = { kind: "verified", value: { status: "VERIFIED" } };

/** What both databases must do alike. */
function repositories(
  open: () => Promise<{ storage: Storage; close: () => Promise<void> } | { skip: string }>,
) {
  let storage: Storage;
  let close: (() => Promise<void>) | undefined;
  let skipped: string | undefined;

  before(async () => {
    const opened = await open();
    if ("skip" in opened) skipped = opened.skip;
    else ({ storage, close } = opened);
  });
  after(() => close?.());

  const it = (name: string, body: () => Promise<void>) =>
    test(name, (context: TestContext) => (skipped ? context.skip(skipped) : body()));

  const start = async (userId: string = randomUUID(), now = T0) => {
    const verificationId = randomUUID();
    await storage.verifications.start({ verificationId, userId, type: "FULL_KYC", now });
    return verificationId;
  };
  const claim = async (id: string, now = T0, lease = LEASE): Promise<Claim> => {
    const claimed = await storage.verifications.claim(id, now, lease);
    assert.ok(claimed && claimed !== "busy", "the claim was to be had");
    return claimed;
  };
  const eventsOf = async (userId: string) =>
    (await storage.outbox.list({ limit: 1000 })).filter((event) => event.userId === userId);
  const column = async (id: string, name: string): Promise<unknown> => {
    const { rows } = await sql<{ value: unknown }>`
      SELECT ${sql.ref(name)} AS value FROM kyc_verifications WHERE verification_id = ${id}`.execute(
      storage.db,
    );
    return rows[0]?.value;
  };

  it("starts a verification and finds it", async () => {
    const verificationId = randomUUID();
    const made = await storage.verifications.start({
      verificationId,
      userId: "u",
      type: "BASIC_KYC",
      now: T0,
    });
    assert.deepEqual(await storage.verifications.find(verificationId), made);
    assert.deepEqual(
      { ...made, createdAt: made.createdAt.toISOString(), updatedAt: made.updatedAt.toISOString() },
      {
        verificationId,
        userId: "u",
        type: "BASIC_KYC",
        status: "PENDING",
        consent: null,
        ktpImage: null,
        selfieImage: null,
        portraitImage: null,
        signatureImage: null,
        ktp: null,
        liveness: null,
        faceMatch: null,
        dukcapil: null,
        note: null,
        portraitEmbedding: null,
        embeddingModel: null,
        selfieEmbedding: null,
        selfieModel: null,
        duplicateOf: null,
        rejectionReason: null,
        ktpAttempts: 0,
        selfieAttempts: 0,
        livenessAttempts: 0,
        dukcapilTries: 0,
        dukcapilDueAt: null,
        reasons: null,
        reviewSince: null,
        proposedBy: null,
        reviews: [],
        createdAt: "2026-03-01T10:00:00.123Z",
        updatedAt: "2026-03-01T10:00:00.123Z",
        completedAt: null,
      },
    );
    assert.equal(await storage.verifications.find(randomUUID()), null);
  });

  it("keeps times as UTC, whatever the zone of process and session", async () => {
    const id = await start();
    const { rows } = await sql<{ text: string }>`
      SELECT created_at::text AS text FROM kyc_verifications WHERE verification_id = ${id}`.execute(
      storage.db,
    );
    assert.equal(rows[0]?.text, "2026-03-01 10:00:00.123");
  });

  it("writes every member of a change and gives it back as it was", async () => {
    const id = await start();
    const change = {
      status: "VERIFIED",
      ktpImage: "ab/ktp",
      selfieImage: "cd/selfie",
      portraitImage: "ef/portrait",
      signatureImage: "01/signature",
      ktp: readingOf(NIK, NAME),
      liveness: {
        is_live: true,
        confidence: 0.91,
        face_detected: true,
        face_quality_score: 0.8,
        details: {
          eye_openness: 0.7,
          mouth_movement: 0,
          head_pose: { yaw: 1, pitch: 2, roll: 3 },
          skin_texture: null,
          spoof_score: 0.99,
          model: "minifasnet",
          model_decides: true,
        },
      },
      faceMatch: {
        is_match: true,
        similarity_score: 0.7,
        threshold: 0.4,
        ktp_face_found: true,
        selfie_face_found: true,
      },
      dukcapil: {
        nik: NIK,
        is_valid: true,
        name: NAME,
        birth_date: null,
        gender: null,
        status: "VALID",
        match_score: 1,
        notes: null,
      },
      portraitEmbedding: Float32Array.from([0.1, -0.25, 1e-20, 0]),
      embeddingModel: "faceres",
      // Whole steps of the largest: kept in a byte each, others are rounded to such.
      selfieEmbedding: Float32Array.from([1, -1, 0, 64 * Math.fround(1 / 127)]),
      selfieModel: "faceres",
      duplicateOf: [{ verificationId: "an earlier one", by: "face", similarity: 0.7 }],
      rejectionReason: "none",
      ktpAttempts: 1,
      selfieAttempts: 2,
      livenessAttempts: 1,
      dukcapilTries: 3,
      dukcapilDueAt: at(5),
      reasons: ["doubtful_face"],
      reviewSince: at(4),
      proposedBy: "ani",
      reviews: [
        {
          by: "ani",
          at: "2026-03-01T10:00:04.000Z",
          verdict: "approve",
          reason: null,
          note: NAME,
          overrides: ["face_match"],
        },
      ],
      completedAt: at(9),
    } as const;
    const settled = await storage.verifications.settle(await claim(id), { ...change, nik: NIK }, [], at(1));
    assert.ok(settled);
    const { verificationId, userId, type, consent, note, createdAt, updatedAt, ...rest } = settled;
    assert.deepEqual(rest, change);
    assert.deepEqual(updatedAt, at(1));
    assert.deepEqual(await storage.verifications.find(id), settled);
    const { portraitEmbedding, selfieEmbedding, ...summary } = settled;
    assert.deepEqual(await storage.verifications.summary(id), summary);
    const shown = await storage.verifications.shown(id);
    assert.ok(shown);
    assert.deepEqual((await storage.verifications.history({ userId, limit: 1, now: T0 })).items, [shown]);
    const { ktp, dukcapil, ...plain } = shown;
    assert.deepEqual([ktp?.toJSON(), dukcapil?.toJSON()], [settled.ktp, settled.dukcapil]);
    assert.deepEqual({ ...settled, ...plain }, settled);
  });

  it("keeps what the person says sealed, beside whoever holds the row, until it is decided", async () => {
    const links = captures(storage);
    const id = await start();
    const say = (text: string, now: Date) => links.note(id, text, SERVICE, now);
    assert.equal(await say("nothing was read yet", T0), false);
    await storage.verifications.settle(await claim(id), { status: "PROCESSING" }, [], T0);
    const held = await claim(id);
    assert.equal(await say(NAME, at(1)), true);
    assert.ok(await storage.verifications.settle(held, { ktpAttempts: 1 }, [], at(2)));
    assert.equal((await storage.verifications.summary(id))?.note, NAME);
    const stored = JSON.stringify(await column(id, "note"));
    assert.match(stored, /^\{"sealed":"/);
    assert.ok(!stored.includes(NAME));
    await storage.verifications.settle(await claim(id), { status: "VERIFIED" }, [], at(3));
    assert.equal(await say("too late", at(4)), false);
    assert.equal((await storage.verifications.find(id))?.note, NAME);
  });

  it("leaves alone what a change does not name, and clears what it names as null", async () => {
    const id = await start();
    await storage.verifications.settle(
      await claim(id),
      { ktp: readingOf(NIK, NAME), ktpAttempts: 1 },
      [],
      T0,
    );
    const kept = await storage.verifications.settle(await claim(id), { ktpAttempts: 2 }, [], T0);
    assert.equal(kept?.ktp?.name, NAME);
    const cleared = await storage.verifications.settle(await claim(id), { ktp: null }, [], T0);
    assert.equal(cleared?.ktp, null);
    assert.equal(cleared?.ktpAttempts, 2);
  });

  it("gives a verification to one of two claims, and says busy to the other at once", async () => {
    const id = await start();
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => storage.verifications.claim(id, T0, LEASE)),
    );
    assert.equal(claims.filter((claimed) => claimed === "busy").length, 7);
    assert.equal(await storage.verifications.claim(randomUUID(), T0, LEASE), null);
  });

  it("is free again after release, after settle, and when the lease has ended", async () => {
    const id = await start();
    await storage.verifications.release(await claim(id));
    await storage.verifications.settle(await claim(id), {}, [], T0);
    await claim(id, T0, LEASE);
    assert.equal(await storage.verifications.claim(id, at(LEASE - 1), LEASE), "busy");
    await claim(id, at(LEASE), LEASE);
  });

  it("is not held for long by a claim or a key of a process whose clock ran a day ahead", async () => {
    const userId = randomUUID();
    const id = await start(userId);
    const ahead = await claim(id, at(86_400));
    assert.equal(await storage.verifications.claim(id, at(86_400), LEASE), "busy");
    const rightful = await claim(id, T0);
    // The one from the future is still at work: its write comes to nothing, whatever its clock says.
    assert.equal(
      await storage.verifications.settle(ahead, { status: "VERIFIED" }, [verified], at(86_401)),
      null,
    );
    assert.ok(await storage.verifications.settle(rightful, { ktpAttempts: 1 }, [], at(1)));
    assert.deepEqual(await eventsOf(userId), []);
    // A clock that is minutes ahead is still believed.
    await claim(id, at(200));
    assert.equal(await storage.verifications.claim(id, T0, LEASE), "busy");

    const request = { userId: "u", scope: "s", key: randomUUID(), bodyHash: "a", leaseSeconds: LEASE };
    assert.equal((await storage.idempotency.begin({ ...request, now: at(3600) })).kind, "new");
    assert.equal((await storage.idempotency.begin({ ...request, now: T0 })).kind, "new");
    assert.equal((await storage.idempotency.begin({ ...request, now: at(1) })).kind, "in_flight");
  });

  it("loses a claim to a clock that jumps ahead in mid-upload, and can be taken up again", async () => {
    const id = await start();
    const held = await claim(id, T0);
    assert.equal(await storage.verifications.settle(held, { status: "VERIFIED" }, [], at(7200)), null);
    assert.ok(
      await storage.verifications.settle(await claim(id, at(7200)), { status: "FAILED" }, [], at(7201)),
    );
  });

  it("writes nothing, neither row nor event, for a claim that was lost", async () => {
    const userId = randomUUID();
    const id = await start(userId);
    const lost = await claim(id, T0, LEASE);
    const ended = await storage.verifications.settle(lost, { status: "VERIFIED" }, [verified], at(LEASE));
    assert.equal(ended, null, "the lease had ended");
    await claim(id, at(LEASE), LEASE);
    const taken = await storage.verifications.settle(lost, { status: "VERIFIED" }, [verified], at(LEASE + 1));
    assert.equal(taken, null, "somebody else holds it");
    await storage.verifications.release(lost);
    assert.equal(
      await storage.verifications.claim(id, at(LEASE + 1), LEASE),
      "busy",
      "release took it from them",
    );
    assert.equal((await storage.verifications.find(id))?.status, "PENDING");
    assert.deepEqual(await eventsOf(userId), []);
  });

  it("writes the change and its events together or not at all", async () => {
    const userId = randomUUID();
    const id = await start(userId);
    const held = await claim(id);
    const unwritable = { kind: "verified", value: { at: 1n } } as unknown as KycEvent;
    await assert.rejects(
      storage.verifications.settle(held, { status: "VERIFIED" }, [ktpUploaded, unwritable], T0),
      TypeError,
    );
    assert.equal((await storage.verifications.find(id))?.status, "PENDING");
    assert.deepEqual(await eventsOf(userId), []);
    assert.ok(await storage.verifications.settle(held, { status: "VERIFIED" }, [verified], T0), "still ours");
  });

  it("keeps the statements of others out of an open transaction", async () => {
    const inside = randomUUID();
    let outside: Promise<string> | undefined;
    const ended = storage.db.transaction().execute(async (transaction) => {
      const row = { verification_id: inside, user_id: "u", verification_type: "FULL_KYC", status: "PENDING" };
      await transaction
        .insertInto("kyc_verifications")
        .values({ ...row, created_at: T0, updated_at: T0 })
        .execute();
      outside = start();
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new RangeError("rolled back");
    });
    await assert.rejects(ended, RangeError);
    assert.ok(outside);
    assert.ok(await storage.verifications.find(await outside), "it was rolled back with the transaction");
    assert.equal(await storage.verifications.find(inside), null);
  });

  it("pages through a history, newest first, each once, while new ones are started", async () => {
    const userId = randomUUID();
    const ids: string[] = [];
    // Three to a moment: the id breaks the tie.
    for (let i = 0; i < 9; i++) ids.push(await start(userId, at(Math.floor(i / 3))));
    const whole = await storage.verifications.history({ userId, limit: 100, now: T0 });
    assert.equal(whole.next, null);
    assert.deepEqual(new Set(whole.items.map((item) => item.verificationId)), new Set(ids));

    const seen: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = await storage.verifications.history({ userId, limit: 2, cursor, now: T0 });
      seen.push(...page.items.map((item) => item.verificationId));
      await start(userId, at(1000));
      if (page.next === null) break;
      cursor = page.next;
    }
    assert.deepEqual(
      seen,
      whole.items.map((item) => item.verificationId),
    );
    const times = whole.items.map((item) => item.createdAt.getTime());
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    assert.deepEqual(
      (await storage.verifications.history({ userId: randomUUID(), limit: 5, now: T0 })).items,
      [],
    );
  });

  it("gives each of many who ask at once their own page", async () => {
    const users = Array.from({ length: 8 }, () => randomUUID());
    const ids = new Map<string, string[]>();
    for (const [i, user] of users.entries()) {
      const made = [];
      for (let n = 0; n <= i % 4; n++) made.unshift(await start(user, at(n)));
      ids.set(user, made);
    }
    const shown = (items: readonly { readonly verificationId: string }[]) =>
      items.map(({ verificationId }) => verificationId);
    const first = await Promise.all(
      users.map((user) => storage.verifications.history({ userId: user, limit: 2, now: T0 })),
    );
    assert.deepEqual(
      first.map(({ items }) => shown(items)),
      users.map((user) => ids.get(user)!.slice(0, 2)),
    );
    const onward = users.flatMap((user, i) =>
      first[i]!.next === null ? [] : [{ user, from: first[i]!.next }],
    );
    assert.equal(onward.length, 4);
    const second = await Promise.all([
      storage.verifications.history({ userId: randomUUID(), limit: 5, now: T0 }),
      ...onward.map(({ user, from }) =>
        storage.verifications.history({ userId: user, limit: 5, cursor: from, now: T0 }),
      ),
    ]);
    assert.deepEqual(
      second.map(({ items }) => shown(items)),
      [[], ...onward.map(({ user }) => ids.get(user)!.slice(2))],
    );
  });

  it("pages over times that a Date cannot hold", async () => {
    const userId = randomUUID();
    for (const micros of ["123456", "123455", "123454", "123000"]) {
      await sql`
        INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, created_at, updated_at)
        VALUES (${randomUUID()}, ${userId}, 'FULL_KYC', 'PENDING', ${`2026-03-01 10:00:00.${micros}`}, now())
      `.execute(storage.db);
    }
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const page = await storage.verifications.history({ userId, limit: 1, cursor, now: T0 });
      if (page.next === null) break;
      cursor = page.next;
    }
    assert.equal(pages + 1, 4);
  });

  it("refuses a cursor that is none of ours", async () => {
    const impossible = Buffer.from("2026-13-45T99:00:00.000000 x").toString("base64url");
    for (const cursor of ["", "nonsense", impossible, "' OR 1=1 --"]) {
      await assert.rejects(
        storage.verifications.history({ userId: "u", limit: 5, cursor, now: T0 }),
        RangeError,
        cursor,
      );
    }
  });

  it("claims what is due at the registry, each row once, oldest first, and only PROCESSING", async () => {
    const due = async (status: "PROCESSING" | "VERIFIED", dueAt: Date | null) => {
      const id = await start();
      await storage.verifications.settle(await claim(id), { status, dukcapilDueAt: dueAt }, [], T0);
      return id;
    };
    const long = new Date("2020-01-01T00:00:00Z");
    const later = new Date("2020-01-02T00:00:00Z");
    const expected = [await due("PROCESSING", long), await due("PROCESSING", later)];
    const held = await due("PROCESSING", long);
    await due("VERIFIED", long);
    await due("PROCESSING", null);
    await due("PROCESSING", new Date("2020-06-01T00:00:00Z"));
    const now = new Date("2020-02-01T00:00:00Z");
    await claim(held, now);

    const batches = await Promise.all(
      Array.from({ length: 4 }, () => storage.verifications.claimDue(now, 1, LEASE)),
    );
    const claimed = batches.flat().map((one) => one.verification.verificationId);
    const rest = (await storage.verifications.claimDue(now, 10, LEASE)).map(
      (one) => one.verification.verificationId,
    );
    assert.deepEqual([...claimed, ...rest].sort(), expected.sort(), "each once");
    assert.deepEqual(await storage.verifications.claimDue(now, 10, LEASE), []);
    const again = await storage.verifications.claimDue(new Date(now.getTime() + LEASE * 1000), 1, LEASE);
    assert.equal(again.length, 1, "after the lease they are due again");
    assert.ok(await storage.verifications.settle(again[0]!, { dukcapilDueAt: null }, [], now));
  });

  it("makes what was put off due at once, and leaves alone what a request is asking just now", async () => {
    const past = new Date("2018-01-01T00:00:00Z");
    const put = async (change: object) => {
      const id = await start();
      const dukcapilDueAt = new Date("2018-01-01T06:00:00Z");
      const waiting = { status: "PROCESSING", dukcapilDueAt, ...change } as const;
      await storage.verifications.settle(await claim(id), waiting, [], T0);
      return id;
    };
    const waiting = await put({ dukcapilTries: 3 });
    await put({ dukcapilTries: 0 });
    await put({ dukcapilTries: 3, status: "VERIFIED" });
    assert.deepEqual(await storage.verifications.claimDue(past, 10, LEASE), []);
    await storage.verifications.hasten(past);
    const due = await storage.verifications.claimDue(past, 10, LEASE);
    assert.deepEqual(
      due.map((one) => one.verification.verificationId),
      [waiting],
    );
    await storage.db.deleteFrom("kyc_verifications").where("dukcapil_due_at", "<", T0).execute();
  });

  it("is not kept from the registry by a row that does not open", async () => {
    const past = new Date("2019-01-01T00:00:00Z");
    const [bad, good] = [await start(), await start()];
    for (const id of [bad, good]) {
      const change = { status: "PROCESSING", ktp: readingOf(NIK, NAME), dukcapilDueAt: past } as const;
      await storage.verifications.settle(await claim(id), change, [], T0);
    }
    await sql`UPDATE kyc_verifications SET ktp_ocr_result = '{"sealed":"AQ=="}' WHERE verification_id = ${bad}`.execute(
      storage.db,
    );
    const claims = await storage.verifications.claimDue(past, 10, LEASE);
    assert.deepEqual(
      claims.map((one) => one.verification.verificationId),
      [good],
    );
    assert.ok(storage.broken.includes(bad));
  });

  it("does not open personal data that was moved to another row or column, or altered", async () => {
    const [mine, theirs] = [await start(), await start()];
    for (const id of [mine, theirs]) {
      const dukcapil = { nik: NIK, is_valid: true, name: NAME, birth_date: null, gender: null } as const;
      await storage.verifications.settle(
        await claim(id),
        {
          ktp: readingOf(NIK, NAME),
          dukcapil: { ...dukcapil, status: "VALID", match_score: 1, notes: null },
        },
        [],
        T0,
      );
    }
    const original = JSON.stringify(await column(mine, "ktp_ocr_result"));
    const set = (text: string) =>
      sql`UPDATE kyc_verifications SET ktp_ocr_result = ${text}::jsonb WHERE verification_id = ${mine}`.execute(
        storage.db,
      );
    const bytes = Buffer.from(JSON.parse(original).sealed, "base64");
    bytes[bytes.length - 20]! ^= 1;
    for (const text of [
      JSON.stringify(await column(theirs, "ktp_ocr_result")),
      JSON.stringify(await column(mine, "dukcapil_result")),
      JSON.stringify({ sealed: bytes.toString("base64") }),
    ]) {
      await set(text);
      await assert.rejects(storage.verifications.find(mine), SealBrokenError);
      await assert.rejects(storage.verifications.shown(mine), SealBrokenError);
    }
    await set(original);
    assert.equal((await storage.verifications.find(mine))?.ktp?.nik, NIK);
  });

  it("indexes the NIK blindly: equal for equal ones, and not the NIK's plain hash", async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    await storage.verifications.settle(await claim(a), { nik: NIK }, [], T0);
    await storage.verifications.settle(await claim(b), { nik: NIK }, [], T0);
    await storage.verifications.settle(await claim(c), { nik: "3273014505900008" }, [], T0);
    const indices = await Promise.all([a, b, c].map((id) => column(id, "nik_index")));
    assert.equal(indices[0], indices[1]);
    assert.notEqual(indices[0], indices[2]);
    assert.match(String(indices[0]), /^[\w-]{43}$/);
  });

  it("keeps events in order with the attributes fixed when they were written, until they are sent", async () => {
    const userId = randomUUID();
    const id = await start(userId);
    await storage.verifications.settle(await claim(id), {}, [ktpUploaded, verified], at(3));
    const events = await eventsOf(userId);
    assert.deepEqual(
      events.map(({ kind, value, traceparent, sentAt, ce: { id: eventId, ...ce } }) => {
        assert.match(eventId, /^[0-9a-f-]{36}$/);
        return { kind, value, traceparent, sentAt, ce };
      }),
      [
        { kind: "ktp_uploaded", type: "payu.kyc.ktp_uploaded", value: ktpUploaded.value },
        { kind: "verified", type: "payu.kyc.verified", value: verified.value },
      ].map(({ kind, type, value }) => ({
        kind,
        value,
        traceparent: TRACEPARENT,
        sentAt: null,
        ce: { source: "/payu-kyc", type, time: at(3).toISOString() },
      })),
    );
    assert.ok(events[0]!.id < events[1]!.id);
    assert.deepEqual(await storage.outbox.list({ limit: 1, after: events[0]!.id }), [events[1]]);

    const waiting = async () =>
      (await storage.outbox.pending(1000))
        .filter((event) => event.userId === userId)
        .map((event) => event.kind);
    assert.deepEqual(await waiting(), ["ktp_uploaded", "verified"]);
    const before = await storage.outbox.backlog();
    await storage.outbox.markSent([events[0]!.id], at(9));
    assert.deepEqual(await waiting(), ["verified"]);
    const backlog = await storage.outbox.backlog();
    assert.equal(backlog.waiting, before.waiting - 1);
    assert.ok(backlog.oldest instanceof Date);
    assert.deepEqual((await eventsOf(userId))[0]?.sentAt, at(9));
    assert.ok(!JSON.stringify(await column(id, "ktp_ocr_result")).includes(NAME));
    const { rows } = await sql<{
      text: string;
    }>`SELECT encode(payload, 'escape') AS text FROM kyc_outbox`.execute(storage.db);
    assert.ok(rows.length > 0 && rows.every((row) => !row.text.includes(NAME)), "the payload is sealed");
  });

  it("carries out a request under one key once, and gives its answer again", async () => {
    const request = {
      userId: "user-1",
      scope: "POST /verify/ktp user-1",
      key: randomUUID(),
      bodyHash: "a",
      now: T0,
      leaseSeconds: 30,
    };
    const all = await Promise.all(Array.from({ length: 6 }, () => storage.idempotency.begin(request)));
    const mine = all.filter((begun) => begun.kind === "new");
    assert.equal(mine.length, 1);
    assert.equal(all.filter((begun) => begun.kind === "in_flight").length, 5);
    assert.deepEqual(await storage.idempotency.begin({ ...request, bodyHash: "b" }), { kind: "other_body" });
    assert.equal((await storage.idempotency.begin({ ...request, scope: "another" })).kind, "new");

    const response = {
      status: 200,
      headers: { "content-type": "application/json" },
      body: `{"name":"${NAME}"}`,
    };
    await storage.idempotency.finish(mine[0]!.token, response);
    const later = { ...request, now: at(24 * 3600 - 1) };
    assert.deepEqual(await storage.idempotency.begin(later), { kind: "replay", ...response });
    assert.deepEqual(await storage.idempotency.begin({ ...later, bodyHash: "b" }), { kind: "other_body" });
    const { rows } = await sql<{ text: string }>`
      SELECT encode(response, 'escape') AS text FROM kyc_idempotency WHERE response IS NOT NULL`.execute(
      storage.db,
    );
    assert.ok(rows.length > 0 && rows.every((row) => !row.text.includes(NAME)), "the answer is sealed");
  });

  it("lets a request be tried again that was abandoned, whose process died, or that is a day old", async () => {
    const request = { userId: "u", scope: "s", key: randomUUID(), bodyHash: "a", now: T0, leaseSeconds: 30 };
    const token = async (now: Date) => {
      const begun = await storage.idempotency.begin({ ...request, now });
      assert.equal(begun.kind, "new");
      return (begun as { token: string }).token;
    };
    await storage.idempotency.abandon(await token(T0));
    const dead = await token(T0);
    assert.equal((await storage.idempotency.begin({ ...request, now: at(29) })).kind, "in_flight");
    assert.equal(
      (await storage.idempotency.begin({ ...request, bodyHash: "b", now: at(31) })).kind,
      "other_body",
    );
    const second = await token(at(30));
    await storage.idempotency.finish(dead, { status: 500, body: "late" });
    await storage.idempotency.abandon(dead);
    await storage.idempotency.finish(second, { status: 200, body: "right" });
    await storage.idempotency.abandon(second);
    const replay = { kind: "replay", status: 200, body: "right" };
    assert.deepEqual(await storage.idempotency.begin({ ...request, now: at(40) }), replay);
    await token(at(30 + 24 * 3600));
  });

  it("removes idempotency records after 24 hours and not before", async () => {
    const request = { userId: "u", scope: "purge", key: randomUUID(), bodyHash: "a", leaseSeconds: 30 };
    const longAgo = new Date("2001-01-01T00:00:00Z");
    await storage.idempotency.begin({ ...request, now: longAgo });
    assert.equal(await storage.idempotency.purge(new Date("2001-01-01T23:59:59Z")), 0);
    assert.equal(await storage.idempotency.purge(new Date("2001-01-02T00:00:00Z")), 1);
  });

  it("says that it is healthy", async () => {
    assert.equal(await storage.healthy(), true);
  });

  it("reads no large table whole for any of its verbs", async () => {
    await sql`
      INSERT INTO kyc_verifications
        (verification_id, user_id, verification_type, status, created_at, updated_at, nik_index, dukcapil_due_at,
        ktp_image_url, portrait_embedding)
      SELECT gen_random_uuid(), 'user-' || i % 500, 'FULL_KYC', CASE WHEN i % 50 = 0 THEN 'PROCESSING' ELSE 'VERIFIED' END,
        now() - i * interval '1 minute', now(), 'index-' || i, CASE WHEN i % 100 = 0 THEN now() END,
        'aa/photograph-' || i, CASE WHEN i % 500 <> 7 THEN '{}'::jsonb END
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_outbox (event_id, kind, type, source, user_id, payload, created_at, sent_at)
      SELECT gen_random_uuid(), 'verified', 't', 's', 'u', 'x', now(), CASE WHEN i % 100 > 0 THEN now() END
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_webhook_deliveries (outbox_id, endpoint, user_id, since, due_at)
      SELECT id, 'one', user_id, now(), now() FROM kyc_outbox`.execute(storage.db);
    await sql`
      INSERT INTO kyc_idempotency (id, body_hash, token, lease_expires_at, created_at, user_id)
      SELECT 'id-' || i, 'h', gen_random_uuid(), now(), now() + i * interval '1 minute', 'user-' || i
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_audit (lane, seq, at, actor, action, user_ref, detail, hash)
      SELECT gen_random_uuid(), 1, now(), 'service', 'verification.read', 'ref-' || i % 500, '{}', 'h'
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_captures (code_hash, verification_id, user_id, expires_at)
      SELECT 'code-' || i, 'v-' || i, 'user-' || i, now() + i * interval '1 minute'
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_closed_accounts (user_id, closed_at)
      SELECT 'closed-' || i, now() + i * interval '1 minute'
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_image_removals (reference, due_at)
      SELECT 'reference-' || i, now() + i * interval '1 minute'
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_liveness_challenges (challenge_id, verification_id, nonce, actions, issued_at, expires_at)
      SELECT 'challenge-' || i, 'v-' || i, 'n', '[]', now(), now()
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`
      INSERT INTO kyc_uploads (upload_id, verification_id, user_id, step, with_crops, subject, scopes, created_at, finished_at)
      SELECT gen_random_uuid(), 'v-' || i, 'user-' || i, 'ktp', false, 's', '[]', now(), now() + i * interval '1 minute'
      FROM generate_series(1, ${sql.lit(MANY)}) AS i`.execute(storage.db);
    await sql`ANALYZE`.execute(storage.db);

    const entry = {
      at: T0,
      by: SERVICE,
      action: "verification.read",
      userId: "user-7",
      verificationId: null,
    } as const;
    // The first checkpoint has the whole log to look at; from the third on a minute's worth.
    for (let i = 0; i < 2; i++) {
      await checkpoint(storage.db, storage.chain, T0);
      await storage.audit.record(entry);
    }

    const asked: CompiledQuery[] = [];
    const db = storage.db.withPlugin({
      transformQuery: ({ node, queryId }) => {
        asked.push(storage.db.getExecutor().compileQuery(node, queryId));
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const { sealer } = storage;
    const index = { of: () => "index-7" };
    const events = outbox({ db, sealer });
    const watched = verifications({
      db,
      sealer,
      index,
      outbox: events,
      audit: audit({ db, chain: storage.chain }),
      faces: faces({ db, sealer, model: "none", least: 0.5 }),
    });
    const id = randomUUID();
    await watched.start({ verificationId: id, userId: "user-7", type: "FULL_KYC", now: T0 });
    await watched.find(id);
    await watched.summary(id);
    await watched.shown(id);
    const { next } = await watched.history({ userId: "user-7", limit: 3, now: T0 });
    await watched.history({ userId: "user-7", limit: 3, cursor: next!, now: T0 });
    const held = await watched.claim(id, T0, LEASE);
    await watched.claim(id, T0, LEASE);
    await watched.settle(held as Claim, { nik: NIK }, [verified], T0);
    await watched.release(held as Claim);
    await watched.claimDue(new Date("2001-01-01T00:00:00Z"), 5, LEASE);
    await watched.hasten(new Date("2100-01-01T00:00:00Z"));
    await watched.sweep(T0, T0, LEASE);
    const later = uploads({ db, sealer, jobs: storage.jobs });
    const waits = (await watched.claim(id, T0, LEASE)) as Claim;
    const uploadId = randomUUID();
    await later.accept(waits, { uploadId, step: "ktp", image: "aa/y.sealed", withCrops: false }, T0);
    await later.find(uploadId);
    const tried = await later.begin(uploadId, 3, T0, LEASE);
    await later.putOff(tried?.claim as Claim, true);
    await later.finish(uploadId, { body: {} }, T0);
    await later.purge(new Date("2001-01-01T00:00:00Z"));
    await later.backlog();
    await later.recall(T0);
    await events.backlog();
    await events.markSent([1], T0);
    const trail = audit({ db, chain: storage.chain });
    await trail.record(entry);
    await checkpoint(db, storage.chain, T0);
    await auditOf(db, storage.chain, "user-7", { limit: 5 });
    const keeping = keeper({ db, audit: trail, chain: storage.chain, jobs: storage.jobs });
    await keeping.closeAccount(SERVICE, "user-8", new Date("2001-01-01T00:00:00Z"), T0);
    await keeping.expire({ ...DEFAULT_RETENTION, identity: null }, T0);
    await keeping.erase(SERVICE, "user-9", T0);
    await keeping.imageRemoved((await keeping.imagesToRemove(T0, 5))[0] ?? "none");
    await imageIntents(db).intend("aa/x.sealed", T0);
    const kept = idempotency({ db, sealer });
    const request = { userId: "u", scope: "s", key: id, bodyHash: "h", now: T0, leaseSeconds: 1 };
    const begun = await kept.begin(request);
    await kept.begin(request);
    await kept.finish((begun as { token: string }).token, { status: 200, body: "" });
    await kept.abandon(randomUUID());
    await kept.purge(new Date("2001-01-01T00:00:00Z"));
    // The rows made above are not sealed: what does not open is left out.
    await events.pending(5);
    await events.list({ limit: 5, after: 10 });

    assert.ok(asked.length >= 18, `only ${asked.length} queries were seen`);
    for (const query of asked) {
      const explain = CompiledQuery.raw(`EXPLAIN ${query.sql}`, [...query.parameters]);
      const { rows } = await storage.db.executeQuery<Record<string, string>>(explain);
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      assert.ok(!plan.includes("Seq Scan"), `${query.sql}\n${plan}`);
    }
  });
}

describe("the embedded database", () => {
  repositories(async () => {
    const folder = temporaryFolder();
    const storage = await openStorage({ dataDir: folder.path });
    assert.equal(storage.kind, "embedded");
    return {
      storage,
      close: async () => {
        await storage.close();
        folder.remove();
      },
    };
  });
});

describe("a PostgreSQL server", () => {
  repositories(async () => {
    const server: TestServer | { skip: string } = await startPostgres();
    if ("skip" in server) return server;
    const folder = temporaryFolder();
    const url = (await server.createDatabase()).replace("postgresql:", "postgresql+asyncpg:");
    const storage = await openStorage({ url, dataDir: folder.path });
    assert.equal(storage.kind, "server");
    return {
      storage,
      close: async () => {
        await storage.close();
        await server.stop();
        folder.remove();
      },
    };
  });
});
