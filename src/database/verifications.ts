import { randomUUID } from "node:crypto";
import { type ExpressionBuilder, type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Outbox } from "../events/outbox.ts";
import type { BlindIndex } from "../security/blind-index.ts";
import { SealBrokenError, type Sealer } from "../security/sealer.ts";
import {
  type AuditEntry,
  type Change,
  type Claim,
  type Conclusion,
  type Duplicate,
  type Refusal,
  SERVICE,
  type Verification,
  type Verifications,
} from "../verification/ports.ts";
import type { Audit, PreparedEntry } from "./audit.ts";
import { releaseFrames, saveChallenge } from "./challenges.ts";
import { type Faces, lockDuplicates, nextFaceNumber } from "./faces.ts";
import { gather } from "./gather.ts";
import { dropImages, keepImages } from "./image-removals.ts";
import { columnsOf, SHOWN_COLUMNS, SUMMARY_COLUMNS, shownOf, summaryOf, verificationOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { settleUpload } from "./uploads.ts";

const SECOND = 1000;
const FREE = { claim_token: null, claim_expires_at: null } as const;

/** Where a page ended. The time is text: the replaced service stored microseconds, which a Date would cut off. */
interface Position {
  readonly createdAt: string;
  readonly verificationId: string;
}

/** One page that is asked for. */
interface PageCall {
  readonly userId: string;
  readonly from: Position;
  /** Rows. */
  readonly most: number;
  readonly entry: PreparedEntry;
}

/** A row, the call that it answers, and where it stands in the user's history. */
type PageRow = ShownRow & { readonly place: number; readonly position: string };

/** Before every row. */
const NEWEST: Position = { createdAt: "infinity", verificationId: "" };

export const encodeCursor = ({ createdAt, verificationId }: Position) =>
  Buffer.from(`${createdAt} ${verificationId}`).toString("base64url");

/** @throws RangeError for a cursor that is none of ours */
export function decodeCursor(cursor: string): Position {
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}) ([\x21-\x7e]{1,36})$/.exec(text);
  if (!match || Number.isNaN(Date.parse(`${match[1]}Z`))) {
    throw new RangeError("The cursor is not one that this service gave.");
  }
  return { createdAt: match[1]!, verificationId: match[2]! };
}

type Start = Parameters<Verifications["start"]>[0];
type SummaryRow = Parameters<typeof summaryOf>[0];
type ShownRow = Parameters<typeof shownOf>[0];

const list = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)));
const SUMMARY = list(SUMMARY_COLUMNS);
const SHOWN = list(SHOWN_COLUMNS);

/** Verifications started, or read, by one statement; users, where a page of each one's is read. */
const MOST_GATHERED = 100;
/** What is recorded waits for the disk: what comes meanwhile need not wait for that too. */
const RECORDED_AT_ONCE = 2;
/** A read by key takes less than what it costs to ask. */
const READS_AT_ONCE = 1;

/** Seconds that the clocks of two processes may differ by. */
const CLOCK_SKEW = 300;

/**
 * Nobody holds the row: no claim, one that has ended by itself, or one that would last longer than any: its process's
 * clock ran ahead, or ours was set back. Whoever holds it all the same finds it lost, and writes nothing.
 */
const unclaimed =
  (now: Date, leaseSeconds: number) => (row: ExpressionBuilder<Schema, "kyc_verifications">) =>
    row.or([
      row("claim_token", "is", null),
      row("claim_expires_at", "<=", now),
      row("claim_expires_at", ">", leaseFrom(now, leaseSeconds + CLOCK_SKEW)),
    ]);

/** Nobody has to send anything more, and nobody looks at it again: idx_kyc_forgotten, of no rows at all. */
const FORGOTTEN = sql<boolean>`status = 'PROCESSING' AND dukcapil_due_at IS NULL
  AND (liveness_result IS NOT NULL OR verification_type = 'BASIC_KYC')`;

/** Where a verification refers to its photographs. */
const PICTURES = ["ktpImage", "selfieImage", "portraitImage", "signatureImage"] as const;

const FINAL = new Set(["VERIFIED", "REJECTED", "FAILED"]);

/** How a change stands in the audit log: a decision with its reason, else the names of what was written. */
const entryOf = ({ by, verification }: Claim, change: Change, now: Date) => {
  const { verificationId, userId, status } = verification;
  const decided = change.status !== undefined && FINAL.has(change.status);
  const review = change.reviews?.at(-1);
  if (review) {
    // Its note may name somebody; the row keeps it, sealed.
    const { verdict, reason, overrides } = review;
    const detail = { verdict, reason, overrides, status: change.status ?? status };
    return { at: now, by, userId, verificationId, action: "review.decided" as const, detail };
  }
  return {
    at: now,
    by,
    userId,
    verificationId,
    action: decided ? ("verification.decided" as const) : ("verification.changed" as const),
    detail: decided
      ? { status: change.status, reason: change.rejectionReason ?? null }
      : { status: change.status ?? status, changed: Object.keys(change) },
  };
};

/** More verifications of one NIK than these are not told of. */
const MOST_OF_ONE_NIK = 20;

async function sameNik(
  transaction: Transaction<Schema>,
  nikIndex: string,
  userId: string,
): Promise<Duplicate[]> {
  const rows = await transaction
    .selectFrom("kyc_verifications")
    .select("verification_id")
    .where("nik_index", "=", nikIndex)
    .where("user_id", "!=", userId)
    .where("status", "=", "VERIFIED")
    .orderBy("completed_at", "desc")
    .limit(MOST_OF_ONE_NIK)
    .execute();
  return rows.map(({ verification_id }) => ({
    verificationId: verification_id,
    by: "nik",
    similarity: null,
  }));
}

const leaseFrom = (now: Date, seconds: number) => new Date(now.getTime() + seconds * SECOND);

/**
 * The verifications of one database. Personal data is sealed before it is part of any SQL.
 * @param onBroken  told of rows that `claimDue` had to leave out because their sealed values do not open
 */
export function verifications({
  db,
  sealer,
  index,
  outbox,
  audit,
  faces,
  onBroken = () => undefined,
}: {
  db: Kysely<Schema>;
  sealer: Sealer;
  index: BlindIndex;
  outbox: Outbox;
  audit: Audit;
  faces: Faces;
  onBroken?: (verificationId: string, error: SealBrokenError) => void;
}): Verifications {
  async function write(
    transaction: Transaction<Schema>,
    tell: (entry: AuditEntry) => Promise<void>,
    claim: Claim,
    { change, events }: Conclusion,
    now: Date,
    refusal?: Refusal,
  ): Promise<Verification | null> {
    const { verificationId, userId, selfieEmbedding } = claim.verification;
    const columns = columnsOf(change, verificationId, sealer, index);
    const verified = change.status === "VERIFIED" && (change.selfieEmbedding ?? selfieEmbedding) !== null;
    if (verified) await lockDuplicates(transaction);
    const row = await transaction
      .updateTable("kyc_verifications")
      .set({
        ...columns,
        ...FREE,
        updated_at: now,
        ...(verified && { face_number: nextFaceNumber }),
        ...(claim.upload && { upload_id: null }),
      })
      .where("verification_id", "=", verificationId)
      .where("claim_token", "=", claim.token)
      .where("claim_expires_at", ">", now)
      .returningAll()
      .executeTakeFirst();
    if (!row) return null;
    const { challenge } = change;
    if (challenge && !(await saveChallenge(transaction, challenge))) {
      throw new Error("a liveness challenge was used twice");
    }
    await keepImages(transaction, [
      ...PICTURES.map((member) => change[member]),
      ...(challenge?.frames ?? []),
    ]);
    const replaced = PICTURES.flatMap((member) => {
      const before = claim.verification[member];
      return change[member] !== undefined && before !== null && before !== change[member] ? [before] : [];
    });
    if (challenge && challenge.frames.length > 0)
      replaced.push(...(await releaseFrames(transaction, [verificationId], challenge)));
    if (change.challengeFrames === null)
      replaced.push(...(await releaseFrames(transaction, [verificationId])));
    await dropImages(transaction, replaced, now);
    if (claim.upload) {
      const kept = PICTURES.some((member) => change[member] === claim.upload?.image);
      await settleUpload(transaction, sealer, claim.upload, { kept, refusal, now });
    }
    await outbox.append(transaction, userId, events, now);
    await tell(entryOf(claim, change, now));
    return verificationOf(row, sealer);
  }

  /** One row whose seal does not open must not keep the others from being shown: it is shown without what is sealed. */
  const openedOrBare = (row: ShownRow) => {
    try {
      return shownOf(row, sealer);
    } catch (error) {
      if (!(error instanceof SealBrokenError)) throw error;
      onBroken(row.verification_id, error);
      const nothing = { ktp_ocr_result: null, dukcapil_result: null, note: null };
      return shownOf({ ...row, ...nothing }, sealer);
    }
  };

  /** One statement is one transaction and one round trip: these two verbs are called most. */
  const started = gather(
    async (calls: readonly { readonly input: Start; readonly entry: PreparedEntry }[]) => {
      const rows = calls.map(({ input: { verificationId, userId, type, consent, now } }) => ({
        verification_id: verificationId,
        user_id: userId,
        verification_type: type,
        consent_version: consent?.version,
        consent_at: consent?.at,
        created_at: now,
      }));
      const entries = calls.map(({ entry }) => entry);
      const made = await audit.alongside(entries, async (connection, inserting) => {
        const { rows: inserted } = await sql<SummaryRow>`
          WITH audited AS (${inserting})
          INSERT INTO kyc_verifications (verification_id, user_id, verification_type, status, consent_version,
            consent_at, created_at, updated_at)
          SELECT verification_id, user_id, verification_type, 'PENDING', consent_version, consent_at, created_at,
            created_at
          FROM json_to_recordset(${JSON.stringify(rows)}::json) AS entry(
            verification_id TEXT, user_id TEXT, verification_type TEXT, consent_version TEXT, consent_at TIMESTAMP,
            created_at TIMESTAMP)
          RETURNING ${SUMMARY}`.execute(connection);
        return new Map(inserted.map((row) => [row.verification_id, row]));
      });
      return calls.map(
        ({ input: { verificationId } }): Verification => ({
          ...summaryOf(made.get(verificationId)!, sealer),
          portraitEmbedding: null,
          selfieEmbedding: null,
        }),
      );
    },
    { most: MOST_GATHERED, atOnce: RECORDED_AT_ONCE },
  );
  const byKey = <R extends { readonly verification_id: string }>(columns: RawBuilder<unknown>) =>
    gather(
      async (ids: readonly string[]) => {
        const { rows } = await sql<R>`
          SELECT ${columns} FROM kyc_verifications
          WHERE verification_id = ANY(${[...new Set(ids)]}::text[])`.execute(db);
        const byId = new Map(rows.map((row) => [row.verification_id, row]));
        return ids.map((id) => byId.get(id) ?? null);
      },
      { most: MOST_GATHERED, atOnce: READS_AT_ONCE },
    );
  const summarised = byKey<SummaryRow>(SUMMARY);
  const shown = byKey<ShownRow>(SHOWN);
  /** Rows of a user, newest first, from where a page ended. Told to the audit log by the statement that reads them. */
  const paged = gather(
    async (calls: readonly PageCall[]) => {
      const questions = calls.map(({ userId, from, most }, place) => ({
        place,
        whose: userId,
        before: from.createdAt,
        before_id: from.verificationId,
        most,
      }));
      const entries = calls.map(({ entry }) => entry);
      const { rows } = await audit.alongside(entries, (connection, inserting) =>
        sql<PageRow>`
        WITH audited AS (${inserting})
        SELECT ${SHOWN}, page.position, question.place
        FROM json_to_recordset(${JSON.stringify(questions)}::json) AS question(
          place INTEGER, whose TEXT, before TIMESTAMP, before_id TEXT, most INTEGER)
        CROSS JOIN LATERAL (
          SELECT ${SHOWN}, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') AS position
          FROM kyc_verifications
          WHERE user_id = question.whose
            AND (created_at, verification_id) < (question.before, question.before_id)
          ORDER BY created_at DESC, verification_id DESC
          LIMIT question.most
        ) AS page
        ORDER BY question.place, page.created_at DESC, page.verification_id DESC`.execute(connection),
      );
      const pages = Map.groupBy(rows, ({ place }) => place);
      return calls.map((_, place) => pages.get(place) ?? []);
    },
    { most: MOST_GATHERED, atOnce: RECORDED_AT_ONCE },
  );

  return {
    start(input) {
      const { verificationId, userId, type, consent, by = SERVICE, now } = input;
      const detail = { type, consent: consent?.version ?? null };
      const action = "verification.started" as const;
      const entry = audit.prepare({ at: now, by, action, userId, verificationId, detail });
      return started({ input, entry });
    },

    async find(verificationId) {
      const row = await db
        .selectFrom("kyc_verifications")
        .selectAll()
        .where("verification_id", "=", verificationId)
        .executeTakeFirst();
      return row ? verificationOf(row, sealer) : null;
    },

    async summary(verificationId) {
      const row = await summarised(verificationId);
      return row && summaryOf(row, sealer);
    },

    async shown(verificationId) {
      const row = await shown(verificationId);
      return row && shownOf(row, sealer);
    },

    async history({ userId, limit, cursor, by = SERVICE, now }) {
      const from = cursor === undefined ? NEWEST : decodeCursor(cursor);
      const detail = { limit, before: cursor === undefined ? null : from.verificationId };
      const action = "history.read" as const;
      const entry = audit.prepare({ at: now, by, action, userId, verificationId: null, detail });
      // One more than asked for tells whether there is a next page.
      const rows = await paged({ userId, from, most: limit + 1, entry });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last;
      return {
        items: page.map((row) => openedOrBare(row)),
        next: more ? encodeCursor({ createdAt: last.position, verificationId: last.verification_id }) : null,
      };
    },

    async claim(verificationId, now, leaseSeconds, by = SERVICE) {
      const token = randomUUID();
      const row = await db
        .updateTable("kyc_verifications")
        .set({ claim_token: token, claim_expires_at: leaseFrom(now, leaseSeconds) })
        .where("verification_id", "=", verificationId)
        .where("upload_id", "is", null)
        .where(unclaimed(now, leaseSeconds))
        .returningAll()
        .executeTakeFirst();
      if (row) return { verification: verificationOf(row, sealer), token, by };
      const exists = await db
        .selectFrom("kyc_verifications")
        .select("verification_id")
        .where("verification_id", "=", verificationId)
        .executeTakeFirst();
      return exists ? "busy" : null;
    },

    settle: (claim, change, events, now, refusal) =>
      audit.transact((transaction, tell) =>
        write(transaction, tell, claim, { change, events }, now, refusal),
      ),

    async conclude(claim, decide, now) {
      const { userId, ktp, selfieEmbedding, selfieModel } = claim.verification;
      const search =
        selfieEmbedding && selfieModel === faces.model ? await faces.search(selfieEmbedding) : null;
      return audit.transact(async (transaction, tell) => {
        await lockDuplicates(transaction);
        const duplicates = [
          ...(ktp?.nik ? await sameNik(transaction, index.of(ktp.nik), userId) : []),
          ...(search ? await faces.duplicates(transaction, search, userId) : []),
        ];
        return write(transaction, tell, claim, decide(duplicates), now);
      });
    },

    async release({ verification, token, upload }) {
      // An upload's claim is given back with the upload: see uploads.ts.
      if (upload) return;
      await db
        .updateTable("kyc_verifications")
        .set(FREE)
        .where("verification_id", "=", verification.verificationId)
        .where("claim_token", "=", token)
        .execute();
    },

    async hasten(now) {
      await db
        .updateTable("kyc_verifications")
        .set({ dukcapil_due_at: now })
        .where("status", "=", "PROCESSING")
        .where("dukcapil_due_at", ">", now)
        // One whose own request asks just now was not put off.
        .where("dukcapil_tries", ">", 0)
        .execute();
    },

    async sweep(now, since, leaseSeconds) {
      const forgotten = await db
        .updateTable("kyc_verifications")
        .set({ dukcapil_due_at: now })
        .where(FORGOTTEN)
        .where("upload_id", "is", null)
        .where(unclaimed(now, leaseSeconds))
        .returning("verification_id")
        .execute();
      const unbound = await db
        .updateTable("kyc_verifications")
        .set({ upload_id: null })
        .where("upload_id", "is not", null)
        .where((row) =>
          row.not(
            row.exists(
              row
                .selectFrom("kyc_uploads as u")
                .select("u.upload_id")
                .whereRef("u.upload_id", "=", "kyc_verifications.upload_id")
                .where("u.finished_at", "is", null),
            ),
          ),
        )
        .returning("verification_id")
        .execute();
      const { overdue } = await db
        .selectFrom("kyc_verifications")
        .select(sql<number>`count(*)`.as("overdue"))
        .where("status", "=", "PROCESSING")
        .where("dukcapil_due_at", "<", since)
        .executeTakeFirstOrThrow();
      return {
        overdue: Number(overdue),
        mended: [...forgotten, ...unbound].map(({ verification_id }) => verification_id),
      };
    },

    async claimDue(now, limit, leaseSeconds) {
      const token = randomUUID();
      const rows = await db
        .with("due", (inner) =>
          inner
            .selectFrom("kyc_verifications")
            .select("verification_id")
            .where("status", "=", "PROCESSING")
            .where("dukcapil_due_at", "<=", now)
            .where(unclaimed(now, leaseSeconds))
            .orderBy("dukcapil_due_at")
            .limit(limit)
            // Another process that looks at the same moment gets other rows instead of waiting for these.
            .forUpdate()
            .skipLocked(),
        )
        .updateTable("kyc_verifications")
        .from("due")
        .set({ claim_token: token, claim_expires_at: leaseFrom(now, leaseSeconds) })
        .whereRef("kyc_verifications.verification_id", "=", "due.verification_id")
        .returningAll("kyc_verifications")
        .execute();
      return rows.flatMap((row) => {
        try {
          return [{ verification: verificationOf(row, sealer), token, by: SERVICE }];
        } catch (error) {
          if (!(error instanceof SealBrokenError)) throw error;
          // One row that does not open must not keep the others from the registry. Its claim ends by itself.
          onBroken(row.verification_id, error);
          return [];
        }
      });
    },
  };
}
