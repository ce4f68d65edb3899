import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "kysely";
import pg from "pg";
import { libpqUrl, openDatabase } from "../../src/database/database.ts";
import { startPostgres, type TestServer } from "../support/postgres.ts";
import { openStorage, type Storage, temporaryFolder } from "../support/storage.ts";

const NIK = "3174096112900001";
const ID = "5f0c3c0e-8a43-4c7f-9df5-3f4f0c1f6a11";

/** The table as the replaced service made it, with one finished row and one under way. */
const ORIGINAL = `
  CREATE TABLE kyc_verifications (
    verification_id VARCHAR(36) PRIMARY KEY, user_id VARCHAR(36) NOT NULL, verification_type VARCHAR(50) NOT NULL,
    status VARCHAR(50) NOT NULL, ktp_image_url VARCHAR(255), selfie_image_url VARCHAR(255), ktp_ocr_result JSONB,
    liveness_result JSONB, face_match_result JSONB, dukcapil_result JSONB, rejection_reason TEXT,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, completed_at TIMESTAMP);
  CREATE INDEX idx_kyc_user_id ON kyc_verifications(user_id);
  CREATE INDEX idx_kyc_status ON kyc_verifications(status);
  INSERT INTO kyc_verifications VALUES
    ('${ID}', 'user-1', 'FULL_KYC', 'VERIFIED', 's3://kyc/ktp.jpg', NULL,
     '{"nik": "${NIK}", "name": "DEWI LESTARI", "gender": "PEREMPUAN", "confidence": 0.87}',
     '{"is_live": true, "confidence": 0.9, "face_detected": true, "face_quality_score": 0.7, "details": {}}',
     '{"is_match": true, "similarity_score": 0.8, "threshold": 0.6, "ktp_face_found": true, "selfie_face_found": true}',
     '{"nik": "${NIK}", "is_valid": true, "name": "DEWI LESTARI", "status": "VALID"}',
     NULL, '2025-05-01 08:00:00.123456', '2025-05-01 08:01:00', '2025-05-01 08:01:00'),
    ('started', 'user-1', 'FULL_KYC', 'PENDING', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '2025-06-01 08:00:00', '2025-06-01 08:00:00', NULL);`;

/** Columns, types and indexes of the contract, as the catalogue tells them. */
async function shape(storage: Pick<Storage, "db">) {
  const columns = await sql<{ name: string; type: string; required: boolean }>`
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
    FROM pg_attribute a WHERE a.attrelid = 'kyc_verifications'::regclass AND a.attnum BETWEEN 1 AND 14
    ORDER BY a.attnum`.execute(storage.db);
  const indexes = await sql<{ definition: string }>`
    SELECT indexdef AS definition FROM pg_indexes
    WHERE indexname IN ('kyc_verifications_pkey', 'idx_kyc_user_id', 'idx_kyc_status') ORDER BY indexname`.execute(
    storage.db,
  );
  return {
    columns: columns.rows.map((row) => `${row.name} ${row.type}${row.required ? " not null" : ""}`),
    indexes: indexes.rows.map((row) => row.definition.replace(/ON \w+\.kyc/, "ON kyc")),
  };
}

const CONTRACT = {
  columns: [
    "verification_id character varying(36) not null",
    "user_id character varying(36) not null",
    "verification_type character varying(50) not null",
    "status character varying(50) not null",
    "ktp_image_url character varying(255)",
    "selfie_image_url character varying(255)",
    "ktp_ocr_result jsonb",
    "liveness_result jsonb",
    "face_match_result jsonb",
    "dukcapil_result jsonb",
    "rejection_reason text",
    "created_at timestamp without time zone not null",
    "updated_at timestamp without time zone not null",
    "completed_at timestamp without time zone",
  ],
  indexes: [
    "CREATE INDEX idx_kyc_status ON kyc_verifications USING btree (status)",
    "CREATE INDEX idx_kyc_user_id ON kyc_verifications USING btree (user_id)",
    "CREATE UNIQUE INDEX kyc_verifications_pkey ON kyc_verifications USING btree (verification_id)",
  ],
};

/** The replaced service's rows are there, read, and can be worked on. */
async function assertAdopted(storage: Storage) {
  assert.deepEqual(await shape(storage), CONTRACT);
  const { items } = await storage.verifications.history({ userId: "user-1", limit: 10, now: new Date() });
  assert.deepEqual(
    items.map((item) => item.verificationId),
    ["started", ID],
  );
  const shown = items[1]!;
  const old = await storage.verifications.summary(ID);
  assert.ok(old);
  assert.deepEqual(shown.ktp?.toJSON(), old.ktp);
  assert.deepEqual(shown.dukcapil?.toJSON(), old.dukcapil);
  assert.equal(old.ktp?.nik, NIK);
  assert.equal(old.ktp?.address, null);
  assert.equal(old.ktp?.fields.name.value, "DEWI LESTARI");
  assert.deepEqual(old.ktp?.checks, []);
  assert.equal(old.liveness?.is_live, true);
  assert.equal(old.faceMatch?.similarity_score, 0.8);
  assert.equal(old.dukcapil?.status, "VALID");
  assert.equal(old.ktpImage, "s3://kyc/ktp.jpg");
  assert.equal(old.createdAt.toISOString(), "2025-05-01T08:00:00.123Z");
  assert.equal(old.ktpAttempts, 0);

  const now = new Date();
  const claim = await storage.verifications.claim("started", now, 60);
  assert.ok(claim && claim !== "busy");
  const settled = await storage.verifications.settle(claim, { status: "PROCESSING" }, [], now);
  assert.equal(settled?.status, "PROCESSING");
}

describe("migrations of the embedded database", () => {
  const folder = temporaryFolder();
  after(folder.remove);

  test("adopt the replaced service's table, end the leases of the dead, and change nothing the next time", async () => {
    const made = await PGlite.create(join(folder.path, "database"));
    await made.exec(ORIGINAL);
    await made.close();

    const first = await openStorage({ dataDir: folder.path });
    await assertAdopted(first);
    const now = new Date();
    const request = { userId: "u", scope: "s", key: "k", bodyHash: "h", now, leaseSeconds: 3600 };
    assert.ok(await first.verifications.claim("started", now, 3600));
    assert.equal((await first.idempotency.begin(request)).kind, "new");
    await first.close();

    const second = await openStorage({ dataDir: folder.path });
    assert.deepEqual(await shape(second), CONTRACT);
    assert.equal((await second.verifications.find(ID))?.ktp?.nik, NIK);
    assert.notEqual(await second.verifications.claim("started", now, 60), "busy", "nobody else can hold it");
    assert.equal((await second.idempotency.begin(request)).kind, "new");
    await second.close();
    await second.close();
  });
});

describe("migrations of a server", () => {
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
  const it = (name: string, body: () => Promise<void>) =>
    test(name, (context: TestContext) => (skipped ? context.skip(skipped) : body()));

  it("make the contract's table", async () => {
    const storage = await openStorage({ url: await server.createDatabase(), dataDir: folder.path });
    assert.deepEqual(await shape(storage), CONTRACT);
    await storage.close();
  });

  it("adopt the replaced service's table", async () => {
    const url = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(ORIGINAL);
    await client.end();
    const storage = await openStorage({ url, dataDir: folder.path });
    await assertAdopted(storage);
    await storage.close();
  });

  it("run once, though several processes start at once, and give all of them one blind index", async () => {
    const url = await server.createDatabase();
    const all = await Promise.all(
      Array.from({ length: 4 }, () => openStorage({ url, dataDir: folder.path })),
    );
    const now = new Date();
    const indices = new Set<unknown>();
    for (const [i, storage] of all.entries()) {
      const verificationId = `of-process-${i}`;
      await storage.verifications.start({ verificationId, userId: "u", type: "FULL_KYC", now });
      const claim = await storage.verifications.claim(verificationId, now, 60);
      assert.ok(claim && claim !== "busy");
      await storage.verifications.settle(claim, { nik: NIK }, [], now);
    }
    const { rows } = await sql<{ nik_index: string }>`SELECT nik_index FROM kyc_verifications`.execute(
      all[0]!.db,
    );
    for (const row of rows) indices.add(row.nik_index);
    assert.equal(rows.length, 4);
    assert.equal(indices.size, 1);
    await Promise.all(all.map((storage) => storage.close()));
  });

  it("are refused with a reason where the keys are not this database's", async () => {
    const url = await server.createDatabase();
    await (await openStorage({ url, dataDir: folder.path })).close();
    const other = temporaryFolder();
    await assert.rejects(openStorage({ url, dataDir: other.path }), {
      name: "SealBrokenError",
      message: /keys given are not those that this database was written with/,
    });
    other.remove();
  });

  it("does not end when the server cuts its connections, and is healthy again with new ones", async () => {
    const url = await server.createDatabase();
    const cut: Error[] = [];
    const database = await openDatabase({ url, dataDir: folder.path, onError: (error) => cut.push(error) });
    assert.equal(await database.healthy(), true);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'payu-kyc'",
    );
    await client.end();
    while (cut.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await database.healthy(), true);
    await database.close();
  });
});

test("a server that is not there is told, not waited for", async () => {
  await assert.rejects(openDatabase({ url: "postgresql://kyc@127.0.0.1:1/kyc", dataDir: "unused" }), {
    code: "ECONNREFUSED",
  });
});

test("URLs as SQLAlchemy writes them are understood", () => {
  assert.equal(libpqUrl("postgresql://u:p%40@h:5432/d"), "postgresql://u:p%40@h:5432/d");
  assert.equal(libpqUrl("postgres://h/d"), "postgresql://h/d");
  assert.equal(libpqUrl("postgresql+asyncpg://u:p@h/d"), "postgresql://u:p@h/d");
  assert.equal(
    libpqUrl("postgresql://h/d?sslmode=require"),
    "postgresql://h/d?sslmode=require&uselibpqcompat=true",
  );
  assert.equal(
    libpqUrl("postgresql+asyncpg://h/d?ssl=require"),
    "postgresql://h/d?sslmode=require&uselibpqcompat=true",
  );
});
