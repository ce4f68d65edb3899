import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { verifyAudit } from "../../src/database/audit-checks.ts";
import { openDatabase } from "../../src/database/database.ts";
import { startPostgres, type TestServer } from "../support/postgres.ts";
import { openStorage, readingOf, temporaryFolder } from "../support/storage.ts";

const NIK = "3174096112900001";

describe("a PostgreSQL server", () => {
  let server: TestServer;
  let skipped: string | undefined;
  const folder = temporaryFolder();

  before(async () => {
    const started = await startPostgres();
    if ("skip" in started) skipped = started.skip;
    else server = started;
  });
  after(async () => {
    await server?.stop();
    folder.remove();
  });
  const it = (name: string, body: (context: TestContext) => Promise<void>) =>
    test(name, (context: TestContext) => (skipped ? context.skip(skipped) : body(context)));
  const client = async (context: TestContext, url: string) => {
    const opened = new pg.Client({ connectionString: url });
    await opened.connect();
    context.after(() => opened.end());
    return opened;
  };

  it("that a later version has been at is taken as it is, and keeps what that version added", async () => {
    const url = await server.createDatabase();
    const storage = await openStorage({ url, dataDir: folder.path });
    await sql`INSERT INTO kyc_migrations (name, timestamp) VALUES ('9999-of-the-future', '2030-01-01')`.execute(
      storage.db,
    );
    await sql`ALTER TABLE kyc_verifications ADD COLUMN of_the_future TEXT`.execute(storage.db);
    await storage.close();
    const older = await openStorage({ url, dataDir: folder.path });
    await older.verifications.start({
      verificationId: randomUUID(),
      userId: "u",
      type: "FULL_KYC",
      now: new Date(),
    });
    const { rows } = await sql`SELECT of_the_future FROM kyc_verifications`.execute(older.db);
    assert.equal(rows.length, 1);
    await older.close();
  });

  it("that a later version adds a column to keeps answering the statements that were prepared before", async (context) => {
    const storage = await openStorage({ url: await server.createDatabase(), dataDir: folder.path });
    context.after(() => storage.close());
    const now = new Date();
    const everything = async () => {
      const verificationId = randomUUID();
      const { verifications } = storage;
      await verifications.start({ verificationId, userId: "u", type: "FULL_KYC", now });
      assert.equal((await verifications.summary(verificationId))?.status, "PENDING");
      const claim = await verifications.claim(verificationId, now, 60);
      assert.ok(claim && claim !== "busy");
      assert.ok(await verifications.settle(claim, { ktpAttempts: 1 }, [], now));
      assert.ok((await verifications.history({ userId: "u", limit: 5, now: new Date() })).items.length > 0);
    };
    for (let i = 0; i < 3; i++) await everything();
    const prepared = await sql`SELECT name FROM pg_prepared_statements`.execute(storage.db);
    assert.ok(prepared.rows.length > 3 && prepared.rows.length <= 100, `${prepared.rows.length} prepared`);
    await sql`ALTER TABLE kyc_verifications ADD COLUMN of_the_future TEXT`.execute(storage.db);
    for (let i = 0; i < 3; i++) await everything();
  });

  it("is migrated and gets its indices while others write, who are never held up for long", async (context) => {
    const url = await server.createDatabase();
    const storage = await openStorage({ url, dataDir: folder.path });
    const writer = await client(context, url);
    // What a killed process left half built, and one that is missing.
    await sql`DROP INDEX idx_kyc_history`.execute(storage.db);
    await sql`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_kyc_nik'::regclass`.execute(
      storage.db,
    );
    let writing = true;
    const waits: number[] = [];
    const writes = (async () => {
      while (writing) {
        const begun = performance.now();
        await writer.query(
          `INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, created_at, updated_at)
           VALUES ($1, 'u', 'FULL_KYC', 'PENDING', now(), now())`,
          [randomUUID()],
        );
        waits.push(performance.now() - begun);
      }
    })();
    const others = await Promise.all(
      Array.from({ length: 3 }, () => openStorage({ url, dataDir: folder.path })),
    );
    writing = false;
    await writes;
    const { rows } = await sql<{ name: string }>`
      SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indisvalid AND c.relname IN ('idx_kyc_history', 'idx_kyc_nik', 'idx_kyc_dukcapil_due')`.execute(
      storage.db,
    );
    assert.equal(rows.length, 3);
    assert.ok(waits.length > 3, "the writer was at work meanwhile");
    assert.ok(Math.max(...waits) < 2000, `a write waited ${Math.max(...waits)} ms`);
    await Promise.all([storage, ...others].map((one) => one.close()));
  });

  it("whose table is in use is waited for in pieces, so that those behind can pass", async (context) => {
    const url = await server.createDatabase();
    const holder = await client(context, url);
    const reader = await client(context, url);
    await holder.query(`
      CREATE TABLE kyc_verifications (
        verification_id VARCHAR(36) PRIMARY KEY, user_id VARCHAR(36) NOT NULL, verification_type VARCHAR(50) NOT NULL,
        status VARCHAR(50) NOT NULL, ktp_image_url VARCHAR(255), selfie_image_url VARCHAR(255), ktp_ocr_result JSONB,
        liveness_result JSONB, face_match_result JSONB, dukcapil_result JSONB, rejection_reason TEXT,
        created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, completed_at TIMESTAMP)`);
    // The replaced service, in a transaction that takes its time.
    await holder.query("BEGIN; SELECT * FROM kyc_verifications");
    const opening = openDatabase({ url, dataDir: folder.path });
    await pause(300);
    const begun = performance.now();
    await reader.query("SELECT * FROM kyc_verifications");
    assert.ok(performance.now() - begun < 4000, "a reader stood behind the migration");
    await holder.query("COMMIT");
    const database = await opening;
    await sql`SELECT consent_version FROM kyc_verifications`.execute(database.db);
    await database.close();
  });

  it("ends statements that take too long, and counts who waits for a connection", async () => {
    const url = await server.createDatabase();
    const pool = { connections: 2, statementTimeoutMs: 1000 };
    const database = await openDatabase({ url, dataDir: folder.path, pool });
    await assert.rejects(sql`SELECT pg_sleep(3)`.execute(database.db), /statement timeout/);
    const busy = Array.from({ length: 5 }, () => sql`SELECT pg_sleep(0.3)`.execute(database.db));
    await pause(150);
    assert.deepEqual(database.load, { most: 2, open: 2, idle: 0, waiting: 3 });
    await Promise.all(busy);
    assert.equal(database.load.waiting, 0);
    await database.close();
  });

  it("whose connections are cut in mid-transaction leaves nothing half done and nothing decided twice", async (context) => {
    const url = await server.createDatabase();
    const storage = await openStorage({ url, dataDir: folder.path });
    const cutter = await client(context, url);
    let cutting = true;
    const cuts = (async () => {
      while (cutting) {
        await pause(4);
        await cutter.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'payu-kyc' AND state <> 'idle'",
        );
      }
    })();
    const now = new Date();
    const untilDone = async <T>(work: () => Promise<T>): Promise<{ value: T; cut: number }> => {
      for (let cut = 0; ; cut++) {
        try {
          return { value: await work(), cut };
        } catch {
          await pause(5);
        }
      }
    };
    const ids = Array.from({ length: 60 }, () => randomUUID());
    let cut = 0;
    const worker = async (mine: readonly string[]) => {
      for (const verificationId of mine) {
        const { verifications } = storage;
        cut += (
          await untilDone(async () => {
            if (await verifications.find(verificationId)) return;
            await verifications.start({ verificationId, userId: "u", type: "FULL_KYC", now });
          })
        ).cut;
        // A claim that was cut ends by its lease: each try comes a lease later.
        let tries = 0;
        await untilDone(async () => {
          const later = new Date(now.getTime() + tries++ * 61_000);
          const found = await verifications.find(verificationId);
          if (found?.status === "VERIFIED") return;
          const claim = await verifications.claim(verificationId, later, 60);
          assert.ok(claim && claim !== "busy");
          const change = { status: "VERIFIED", nik: NIK, ktp: readingOf(NIK, "DEWI") } as const;
          const event = { kind: "verified", value: { verification_id: verificationId } } as const;
          await verifications.settle(claim, change, [event], later);
        });
        cut += tries - 1;
      }
    };
    await Promise.all([0, 1, 2, 3].map((i) => worker(ids.filter((_, n) => n % 4 === i))));
    cutting = false;
    await cuts;
    assert.ok(cut > 3, `only ${cut} were cut`);
    const events = (await storage.outbox.list({ limit: 1000 })).map((event) => event.value.verification_id);
    assert.deepEqual(events.toSorted(), ids.toSorted(), "one event each");
    const { rows } = await sql<{ id: string; started: number; decided: number }>`
      SELECT verification_id AS id, count(*) FILTER (WHERE action = 'verification.started')::int AS started,
        count(*) FILTER (WHERE action = 'verification.decided')::int AS decided
      FROM kyc_audit GROUP BY verification_id`.execute(storage.db);
    assert.equal(rows.length, ids.length);
    for (const row of rows) assert.deepEqual([row.started, row.decided], [1, 1], row.id);
    const { faults, lanes } = await verifyAudit(storage.db, storage.chain);
    assert.deepEqual(faults, []);
    context.diagnostic(`${cut} connections cut, ${lanes} audit chains`);
    await storage.close();
  });
});

test("a server is spoken to over TLS as its URL says", async (context) => {
  const folder = temporaryFolder();
  context.after(folder.remove);
  const [key, certificate] = ["server.key", "server.crt"].map((name) => join(folder.path, name)) as [
    string,
    string,
  ];
  const made = spawnSync("openssl", [
    ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost".split(
      " ",
    ),
    ...["-keyout", key, "-out", certificate],
  ]);
  if (made.status !== 0) return context.skip("there is no openssl to make a certificate");
  const server = await startPostgres({ tls: { key, certificate } });
  if ("skip" in server) return context.skip(server.skip);
  context.after(server.stop);
  const plain = await server.createDatabase();
  const url = plain.replace("127.0.0.1", "localhost");
  const spoken = async (given: string) => {
    const database = await openDatabase({ url: given, dataDir: folder.path });
    const { rows } = await sql<{ ssl: boolean }>`
      SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.execute(database.db);
    await database.close();
    return rows[0]?.ssl;
  };
  assert.equal(await spoken(`${url}?sslmode=disable`), false);
  assert.equal(await spoken(`${url}?sslmode=require`), true);
  assert.equal(await spoken(`${url.replace("postgresql:", "postgresql+asyncpg:")}?ssl=require`), true);
  assert.equal(await spoken(`${url}?sslmode=verify-full&sslrootcert=${certificate}`), true);
  await assert.rejects(spoken(`${url}?sslmode=verify-full`), /self.signed/);
  await assert.rejects(spoken(`${plain}?sslmode=verify-full&sslrootcert=${certificate}`), /altnames/);
});
