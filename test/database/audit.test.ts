import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { audit } from "../../src/database/audit.ts";
import { auditOf, checkpoint, purgeAudit, verifyAudit } from "../../src/database/audit-checks.ts";
import type { Actor, AuditEntry, Claim } from "../../src/verification/ports.ts";
import { onBothDatabases } from "../support/databases.ts";
import { readingOf, type Storage } from "../support/storage.ts";

const NIK = "3273014505900007";
const NAME = "SITI RAHAYU";
const USER = "user-of-the-audit";
const user: Actor = { subject: USER, scopes: new Set() };
const reviewer: Actor = { subject: "reviewer-7", scopes: new Set(["kyc:review"]) };
const now = () => new Date();
const read = (by: Actor, more: Partial<AuditEntry> = {}): AuditEntry => ({
  at: now(),
  by,
  action: "verification.read",
  userId: USER,
  verificationId: randomUUID(),
  ...more,
});

/** Who writes past the application: with the guard of the table taken off. */
async function tamper(storage: Storage, statement: ReturnType<typeof sql>): Promise<void> {
  await sql`ALTER TABLE kyc_audit DISABLE TRIGGER ALL`.execute(storage.db);
  await statement.execute(storage.db);
  await sql`ALTER TABLE kyc_audit ENABLE TRIGGER ALL`.execute(storage.db);
}

async function verified(storage: Storage, by: Actor = user): Promise<string> {
  const id = randomUUID();
  const { verifications } = storage;
  const consent = { version: "2026-01", at: now() };
  await verifications.start({ verificationId: id, userId: USER, type: "FULL_KYC", consent, by, now: now() });
  const claim = (await verifications.claim(id, now(), 60, by)) as Claim;
  const change = { status: "VERIFIED", ktp: readingOf(NIK, NAME), nik: NIK, rejectionReason: null } as const;
  assert.ok(await verifications.settle(claim, change, [], now()));
  return id;
}

onBothDatabases("the audit log", (it) => {
  it("tells of a start, a decision and a read, by whom, without a name, a NIK or a user's id", async (storage) => {
    const id = await verified(storage);
    await storage.audit.record(read(reviewer, { verificationId: id }));
    const lines = (await auditOf(storage.db, storage.chain, USER, { limit: 100 })).filter(
      (line) => line.verification_id === id,
    );
    const self = `user:${storage.chain.pseudonym(USER)}`;
    assert.deepEqual(
      lines.map(({ actor, action, detail }) => ({ actor, action, detail })),
      [
        { actor: self, action: "verification.started", detail: { type: "FULL_KYC", consent: "2026-01" } },
        { actor: self, action: "verification.decided", detail: { status: "VERIFIED", reason: null } },
        { actor: "reviewer:reviewer-7", action: "verification.read", detail: {} },
      ],
    );
    assert.equal(lines[0]!.trace_id, "0af7651916cd43dd8448eb211c80319c");
    const { rows } = await sql<{ text: string }>`SELECT kyc_audit::text AS text FROM kyc_audit`.execute(
      storage.db,
    );
    for (const { text } of rows) {
      for (const secret of [NIK, NAME, USER]) assert.ok(!text.includes(secret), `${secret} in ${text}`);
    }
  });

  it("has no entry of a change that was not made, and none is made without its entry", async (storage) => {
    const id = randomUUID();
    await storage.verifications.start({ verificationId: id, userId: USER, type: "FULL_KYC", now: now() });
    const entries = async () => {
      const lines = await auditOf(storage.db, storage.chain, USER, { limit: 1000 });
      return lines.filter((line) => line.verification_id === id).map((line) => line.action);
    };
    const claim = (await storage.verifications.claim(id, now(), 60)) as Claim;
    const unwritable = { kind: "verified", value: { at: 1n } } as never;
    await assert.rejects(storage.verifications.settle(claim, {}, [unwritable], now()), TypeError);
    assert.equal(
      await storage.verifications.settle(
        { ...claim, token: randomUUID() },
        { status: "VERIFIED" },
        [],
        now(),
      ),
      null,
    );
    assert.deepEqual(await entries(), ["verification.started"]);

    // Starting it again is refused by its id: neither row nor entry comes of it.
    await assert.rejects(
      storage.verifications.start({ verificationId: id, userId: USER, type: "FULL_KYC", now: now() }),
    );
    assert.deepEqual(await entries(), ["verification.started"]);

    const tooLong = read(user, { verificationId: "x".repeat(100) });
    await assert.rejects(storage.audit.record(tooLong), "what cannot be written is told");
    await assert.rejects(
      storage.audit.transact(async (transaction, tell) => {
        await transaction
          .updateTable("kyc_verifications")
          .set({ status: "FAILED" })
          .where("verification_id", "=", id)
          .execute();
        await tell(tooLong);
      }),
    );
    assert.equal((await storage.verifications.find(id))?.status, "PENDING");
  });

  it("tells of each page of a history who read it; a page that cannot be recorded is not read", async (storage) => {
    const reads = async () =>
      (await auditOf(storage.db, storage.chain, USER, { limit: 1000 }))
        .filter(({ action }) => action === "history.read")
        .map(({ actor, detail }) => ({ actor, detail }));
    for (let i = 0; i < 3; i++) await verified(storage);
    const before = await reads();
    const page = { userId: USER, limit: 2, by: reviewer, now: now() };
    const { items, next } = await storage.verifications.history(page);
    await storage.verifications.history({ ...page, cursor: next!, by: user });
    assert.deepEqual((await reads()).slice(before.length), [
      { actor: "reviewer:reviewer-7", detail: { limit: 2, before: null } },
      {
        actor: `user:${storage.chain.pseudonym(USER)}`,
        detail: { limit: 2, before: items.at(-1)!.verificationId },
      },
    ]);

    const unwritable: Actor = { subject: "x".repeat(1000), scopes: new Set(["kyc:review"]) };
    await assert.rejects(storage.verifications.history({ ...page, by: unwritable }));
    const beside = await Promise.allSettled([
      storage.verifications.history(page),
      storage.verifications.history({ ...page, by: unwritable }),
    ]);
    assert.deepEqual(
      beside.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    assert.equal((await reads()).length, before.length + 3);
    assert.deepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);
  });

  it("keeps apart what many ask at once: a start that is refused fails alone, each entry has its trace", async (storage) => {
    const ids = Array.from({ length: 30 }, () => randomUUID());
    const twice = [...ids, ids[7]!];
    const start = (id: string) =>
      storage.verifications.start({ verificationId: id, userId: USER, type: "FULL_KYC", now: now() });
    const done = await Promise.allSettled(twice.map(start));
    assert.equal(done.filter(({ status }) => status === "rejected").length, 1);
    const shown = await Promise.all([...ids, randomUUID()].map((id) => storage.verifications.summary(id)));
    assert.deepEqual(
      shown.map((found) => found?.verificationId ?? null),
      [...ids, null],
    );

    const running = new AsyncLocalStorage<string>();
    const traced = audit({
      db: storage.db,
      chain: storage.chain,
      trace: () => `00-${running.getStore()}-00f067aa0ba902b7-01`,
    });
    const traceOf = (i: number) => String(i).padStart(32, "0");
    await Promise.all(
      ids.map((id, i) => running.run(traceOf(i), () => traced.record(read(user, { verificationId: id })))),
    );
    const lines = await auditOf(storage.db, storage.chain, USER, { limit: 1000 });
    for (const [i, id] of ids.entries()) {
      const told = lines.filter((line) => line.verification_id === id);
      assert.deepEqual(
        told.map(({ action }) => action),
        ["verification.started", "verification.read"],
      );
      assert.equal(told[1]!.trace_id, traceOf(i));
    }
    assert.deepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);
  });

  it("is whole after many writers at once, failed transactions among them", async (storage) => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        if (i % 3 === 0) await verified(storage);
        else if (i % 3 === 1) await storage.audit.record(read(user));
        else {
          const failed = storage.audit.transact(async (_transaction, tell) => {
            await tell(read(user));
            throw new RangeError("rolled back");
          });
          await assert.rejects(failed, RangeError);
        }
      }),
    );
    const report = await verifyAudit(storage.db, storage.chain);
    assert.deepEqual(report.faults, []);
    assert.ok(report.entries >= 60);
    assert.ok(report.lanes < 20, `${report.lanes} chains: they should be used again`);
  });

  it("refuses to be altered, emptied or cut by the application's own account", async (storage) => {
    await storage.audit.record(read(user));
    const refused = { message: /append-only/ };
    await assert.rejects(sql`UPDATE kyc_audit SET actor = 'nobody'`.execute(storage.db), refused);
    await assert.rejects(sql`DELETE FROM kyc_audit`.execute(storage.db), refused);
    await assert.rejects(sql`TRUNCATE kyc_audit`.execute(storage.db), refused);
  });

  it("shows what was altered, removed, moved or cut off by whoever has the whole database", async (storage) => {
    for (let i = 0; i < 6; i++) await storage.audit.record(read(user));
    const first = await checkpoint(storage.db, storage.chain, now());
    assert.ok(first);
    assert.equal(await checkpoint(storage.db, storage.chain, now()), null, "nothing new");
    await storage.audit.record(read(user));
    const second = await checkpoint(storage.db, storage.chain, now());
    assert.equal(second?.seq, first.seq + 1);
    const clean = await verifyAudit(storage.db, storage.chain, second!);
    assert.deepEqual(clean.faults, []);
    assert.deepEqual(clean.last, second);

    const { rows } = await sql<{ lane: string; seq: number }>`
      SELECT lane, max(seq) AS seq FROM kyc_audit WHERE lane::text NOT LIKE '00000000%'
      GROUP BY lane HAVING max(seq) > 5 LIMIT 1`.execute(storage.db);
    const { lane, seq } = rows[0]!;
    await sql`CREATE TABLE backup AS TABLE kyc_audit`.execute(storage.db);
    const attacks: [string, ReturnType<typeof sql>, RegExp][] = [
      ["an actor", sql`UPDATE kyc_audit SET actor = 'nobody' WHERE lane = ${lane} AND seq = 2`, /altered/],
      [
        "a time",
        sql`UPDATE kyc_audit SET at = at + interval '1 s' WHERE lane = ${lane} AND seq = 2`,
        /alter/,
      ],
      ["a detail", sql`UPDATE kyc_audit SET detail = '{}' WHERE lane::text LIKE '0000%'`, /altered/],
      ["an entry", sql`DELETE FROM kyc_audit WHERE lane = ${lane} AND seq = 3`, /entries 3 to 3 are missing/],
      ["an end", sql`DELETE FROM kyc_audit WHERE lane = ${lane} AND seq >= ${seq}`, /were cut off/],
      ["a chain", sql`DELETE FROM kyc_audit WHERE lane = ${lane}`, /the whole chain is missing/],
      [
        "two entries' places",
        sql`UPDATE kyc_audit SET seq = CASE seq WHEN 2 THEN 3000002 ELSE 2 END WHERE lane = ${lane} AND seq IN (2, 4)`,
        /missing|altered/,
      ],
      [
        "one of another chain",
        sql`INSERT INTO kyc_audit SELECT id + 1000000, ${randomUUID()}::uuid, seq, at, actor, action, user_ref,
          verification_id, trace_id, detail, hash FROM backup WHERE lane = ${lane} AND seq = 1`,
        /altered/,
      ],
      [
        "the last checkpoint",
        sql`DELETE FROM kyc_audit WHERE lane::text LIKE '0000%' AND seq = ${second!.seq}`,
        /the checkpoint expected is not there/,
      ],
    ];
    for (const [what, attack, expected] of attacks) {
      await tamper(storage, attack);
      const { faults } = await verifyAudit(storage.db, storage.chain, second!);
      assert.ok(
        faults.some((fault) => expected.test(fault.what)),
        `${what}: ${JSON.stringify(faults)}`,
      );
      await tamper(storage, sql`DELETE FROM kyc_audit`);
      await tamper(storage, sql`INSERT INTO kyc_audit TABLE backup`);
    }
    assert.deepEqual((await verifyAudit(storage.db, storage.chain, second!)).faults, []);
    await sql`DROP TABLE backup`.execute(storage.db);
  });

  it("forgets what is too old from the beginning of each chain, and stays whole", async (storage) => {
    const old = new Date("2015-01-01T00:00:00Z");
    const long = new Date("2016-01-01T00:00:00Z");
    await tamper(storage, sql`DELETE FROM kyc_audit`);
    const young = audit({ db: storage.db, chain: storage.chain });
    for (let i = 0; i < 3; i++) await young.record(read(user, { at: old }));
    await checkpoint(storage.db, storage.chain, old);
    await young.record(read(user));
    await young.record(read(user, { at: old }));
    await checkpoint(storage.db, storage.chain, now());
    assert.deepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);

    const removed = await purgeAudit(storage.db, storage.chain, long, now());
    assert.equal(removed, 4, "three entries and the old checkpoint; a clock that ran back cuts no hole");
    const report = await verifyAudit(storage.db, storage.chain);
    assert.deepEqual(report.faults, []);
    await young.record(read(user));
    await checkpoint(storage.db, storage.chain, now());
    assert.deepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);
    assert.equal(await purgeAudit(storage.db, storage.chain, long, now()), 0);
    await tamper(storage, sql`DELETE FROM kyc_audit WHERE action <> 'audit.checkpoint' AND seq = 4`);
    assert.notDeepEqual((await verifyAudit(storage.db, storage.chain)).faults, []);
  });
});
