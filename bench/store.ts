import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { sql } from "kysely";
import { auditOf, checkpoint, verifyAudit } from "../src/database/audit-checks.ts";
import type { Actor, Claim } from "../src/verification/ports.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { openStorage, readingOf, type Storage } from "../test/support/storage.ts";
import { clock, median, race, ratio, type Times } from "./harness.ts";
import { type Report, type Setting, times, WARM_UP } from "./report.ts";

/** Rows of the table, and of the audit log, at which each verb is measured. */
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** Users whose verifications are real ones, and how many each has: two pages of a history. */
const USERS = 20;
const OF_A_USER = 40;
const PAGE = 20;
/** Calls of a run, and how many are under way at once. */
const CALLS = 40;
const AT_ONCE = 8;
const LEASE_SECONDS = 60;
/** What flat means: the time at the most rows beside that at the fewest. */
const FLAT = 1.5;
/** Characters of a sealed reading that stand in for the sealed columns of the rows between. */
const SEALED = 384;

/** Rows made by one statement: it must end within the time that a statement may take. */
const CHUNK = 20_000;
/** Of an audit log that is checked from end to end. */
const ENTRIES = 20_000;

const NIK = "3273014505900007";
const someone: Actor = { subject: "bench", scopes: new Set(["kyc:service"]) };

/** Rows of other users, and entries of the audit log, to look past: never read, so not really sealed. */
async function fillUp(storage: Storage, size: number): Promise<void> {
  const lane = randomUUID();
  for (let first = 1; first <= size; first += CHUNK) {
    const some = sql`generate_series(${sql.lit(first)}::int, ${sql.lit(Math.min(size, first + CHUNK - 1))}::int) AS i`;
    await sql`
      INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, ktp_ocr_result, nik_index,
        created_at, updated_at, completed_at)
      SELECT gen_random_uuid(), 'user-' || i / 5, 'FULL_KYC', CASE WHEN i % 3 = 0 THEN 'REJECTED' ELSE 'VERIFIED' END,
        jsonb_build_object('sealed', repeat(md5(i::text), ${sql.lit(SEALED / 32)})), md5(i::text) || '00000000000',
        now() - i * interval '1 minute', now(), now()
      FROM ${some}`.execute(storage.db);
    await sql`
      INSERT INTO kyc_audit (lane, seq, at, actor, action, user_ref, verification_id, detail, hash)
      SELECT ${lane}::uuid, i, now(), 'service', 'verification.read', md5(i::text) || '00000000000',
        md5(i::text), '{}', md5(i::text) || '00000000000'
      FROM ${some}`.execute(storage.db);
  }
  await storage.db.connection().execute(async (connection) => {
    await sql`SET statement_timeout = 0`.execute(connection);
    await sql`VACUUM ANALYZE kyc_verifications, kyc_audit`.execute(connection);
    await sql`RESET statement_timeout`.execute(connection);
  });
}

async function realUsers(storage: Storage): Promise<{ users: string[]; ids: string[] }> {
  const users = Array.from({ length: USERS }, () => randomUUID());
  const ids: string[] = [];
  for (const userId of users) {
    for (let i = 0; i < OF_A_USER; i++) {
      const verificationId = randomUUID();
      const now = new Date(Date.now() - i * 60_000);
      await storage.verifications.start({ verificationId, userId, type: "FULL_KYC", by: someone, now });
      const claim = (await storage.verifications.claim(verificationId, now, 60, someone)) as Claim;
      await storage.verifications.settle(claim, { nik: NIK, ktp: readingOf(NIK, "SITI RAHAYU") }, [], now);
      ids.push(verificationId);
    }
  }
  return { users, ids };
}

/** Entries a second, written by many readers at once, and checked. */
async function auditRates(url: string, dataDir: string): Promise<{ written: number; checked: number }> {
  const storage = await openStorage({ url, dataDir });
  try {
    const entry = {
      at: new Date(),
      by: someone,
      action: "verification.read",
      userId: "u",
      verificationId: null,
    } as const;
    const writing = await clock(() =>
      Promise.all(Array.from({ length: ENTRIES }, () => storage.audit.record(entry))),
    );
    await checkpoint(storage.db, storage.chain, new Date());
    let whole = false;
    const checking = await clock(async () => {
      whole = (await verifyAudit(storage.db, storage.chain)).faults.length === 0;
    });
    if (!whole) throw new Error("the audit log is not whole");
    return { written: (ENTRIES * 1000) / writing, checked: (ENTRIES * 1000) / checking };
  } finally {
    await storage.close();
  }
}

type Verbs = Readonly<Record<string, (n: number) => Promise<unknown>>>;

/** What is measured, over a store with so many rows. */
async function prepare(storage: Storage, size: number): Promise<Verbs> {
  const { users, ids } = await realUsers(storage);
  await fillUp(storage, size);
  const pick = <T>(all: readonly T[], n: number): T => all[n % all.length] as T;
  const { verifications } = storage;
  const pageOf = (userId: string, cursor?: string) =>
    verifications.history({ userId, limit: PAGE, cursor, by: someone, now: new Date() });
  const cursors = await Promise.all(users.map(async (user) => (await pageOf(user)).next as string));
  const begin = async (userId: string) => {
    const verificationId = randomUUID();
    const now = new Date();
    return verifications.start({ verificationId, userId, type: "FULL_KYC", by: someone, now });
  };
  return {
    start: () => begin(randomUUID()),
    "status, audited": async (n) => {
      const found = await verifications.summary(pick(ids, n));
      const { userId, verificationId } = found!;
      const at = new Date();
      await storage.audit.record({ at, by: someone, action: "verification.read", userId, verificationId });
    },
    "history, 1st page, audited": (n) => pageOf(pick(users, n)),
    "history, 2nd page, audited": (n) => pageOf(pick(users, n), pick(cursors, n)),
    "start, claim, settle": async () => {
      const { verificationId } = await begin(randomUUID());
      const now = new Date();
      const claim = (await verifications.claim(verificationId, now, LEASE_SECONDS)) as Claim;
      const event = { kind: "ktp_uploaded", value: { nik: NIK } } as const;
      await verifications.settle(claim, { ktp: readingOf(NIK, "SITI") }, [event], now);
    },
    "claim what is due": () => verifications.claimDue(new Date(), 10, LEASE_SECONDS),
    "audit of one user": (n) => auditOf(storage.db, storage.chain, pick(users, n), { limit: PAGE }),
  };
}

/** One run: so many calls, several of them under way at once. */
async function calls(verb: (n: number) => Promise<unknown>, round: number): Promise<number> {
  let next = 0;
  const worker = async () => {
    while (next < CALLS) await verb(round * CALLS + next++);
  };
  return clock(() => Promise.all(Array.from({ length: AT_ONCE }, worker)));
}

/** Whether what a user waits for stays as quick from a thousand verifications to a million. */
export async function store(setting: Setting): Promise<Report> {
  const server = await startPostgres({ durable: true });
  if ("skip" in server) return { tables: [], goals: [], notes: [server.skip], figures: {} };
  const opened: Storage[] = [];
  try {
    const stores: { readonly size: number; readonly verbs: Verbs }[] = [];
    for (const size of SIZES) {
      setting.progress(`store: filling one of ${size} rows`);
      const dataDir = join(setting.scratch, `store-${size}`);
      const storage = await openStorage({ url: await server.createDatabase(), dataDir });
      opened.push(storage);
      stores.push({ size, verbs: await prepare(storage, size) });
    }
    const names = Object.keys(stores[0]!.verbs);
    const raced: Record<string, Times> = {};
    for (const name of names) {
      const contestants = stores.map(({ size, verbs }) => ({
        name: String(size),
        run: (round: number) => calls(verbs[name]!, round),
      }));
      raced[name] = await race(contestants, {
        runs: setting.runs,
        warmUp: WARM_UP,
        onRound: (number, of) => setting.progress(`store: ${name}, round ${number} of ${of}`),
      });
    }
    setting.progress("store: checking an audit log");
    const log = await auditRates(await server.createDatabase(), join(setting.scratch, "audit"));

    const [fewest, most] = [SIZES[0]!, SIZES.at(-1)!].map(String) as [string, string];
    const wall = (name: string, size: string | number) => raced[name]![String(size)]!.wall;
    const growth = (name: string) => ratio(wall(name, most), wall(name, fewest));
    const rate = (name: string, size: number) => (CALLS * 1000) / median(wall(name, size));
    return {
      tables: [
        {
          title: `Calls a second by rows of the table and of the audit log, ${AT_ONCE} at once (median of ${setting.runs} rounds, the sizes in turn)`,
          head: ["", ...SIZES.map((size) => `${size} rows`), "time at most / at fewest"],
          rows: names.map((name) => [
            name,
            ...SIZES.map((size) => Math.round(rate(name, size))),
            times(growth(name)),
          ]),
        },
      ],
      goals: names.map((name) => ({
        goal: `${name}: flat from ${fewest} to ${most} rows (at most ${FLAT} × the time)`,
        measured: times(growth(name)),
        met: growth(name) <= FLAT,
      })),
      notes: [
        `PostgreSQL ${server.version} with its defaults on the same machine, fsync on.`,
        `The audit log takes ${Math.round(log.written)} entries of reads a second, ${ENTRIES} at once, and audit verify checks ${Math.round(log.checked)} entries a second.`,
      ],
      figures: {
        audit: log,
        ...Object.fromEntries(
          names.map((name) => [
            name,
            { growth: growth(name), perSecond: Object.fromEntries(SIZES.map((s) => [s, rate(name, s)])) },
          ]),
        ),
      },
    };
  } finally {
    await Promise.all(opened.map((storage) => storage.close()));
    await server.stop();
  }
}
