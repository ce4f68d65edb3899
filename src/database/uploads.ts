import { randomUUID } from "node:crypto";
import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import type { Sealer } from "../security/sealer.ts";
import type { Claim, Outcome, Refusal, Upload, Uploads } from "../verification/ports.ts";
import { dropImages, keepImages } from "./image-removals.ts";
import type { Jobs } from "./jobs.ts";
import { verificationOf } from "./rows.ts";
import type { Schema, UploadsTable } from "./schema.ts";

const contextOf = (uploadId: string) => `kyc_uploads.answer:${uploadId}`;

const seal = (sealer: Sealer, uploadId: string, outcome: Outcome) =>
  sealer.seal(Buffer.from(JSON.stringify(outcome)), contextOf(uploadId));

/** What nobody holds a claim on any more. */
const FREE = { claim_token: null, claim_expires_at: null } as const;

/**
 * In the transaction that writes to its verification what came of an upload: it is settled, and its photograph, unless
 * the verification refers to it now, goes.
 */
export async function settleUpload(
  transaction: Transaction<Schema>,
  sealer: Sealer,
  { uploadId, image }: NonNullable<Claim["upload"]>,
  { kept, refusal, now }: { readonly kept: boolean; readonly refusal?: Refusal; readonly now: Date },
): Promise<void> {
  await transaction
    .updateTable("kyc_uploads")
    .set({
      settled_at: now,
      image_url: null,
      ...(refusal && { answer: seal(sealer, uploadId, { refusal }) }),
    })
    .where("upload_id", "=", uploadId)
    .execute();
  if (image !== null && !kept) await dropImages(transaction, [image], now);
}

/** In the transaction that erases a user. @returns the photographs that waited */
export async function eraseUploads(
  transaction: Transaction<Schema>,
  jobs: Pick<Jobs, "remove">,
  userId: string,
): Promise<string[]> {
  const rows = await transaction
    .deleteFrom("kyc_uploads")
    .where("user_id", "=", userId)
    .returning(["upload_id", "image_url"])
    .execute();
  await jobs.remove(
    transaction,
    rows.map(({ upload_id }) => upload_id),
  );
  return rows.flatMap(({ image_url }) => image_url ?? []);
}

export function uploads({ db, sealer, jobs }: { db: Kysely<Schema>; sealer: Sealer; jobs: Jobs }): Uploads {
  const uploadOf = (row: Selectable<UploadsTable>): Upload => ({
    uploadId: row.upload_id,
    verificationId: row.verification_id,
    userId: row.user_id,
    step: row.step as Upload["step"],
    image: row.image_url,
    withCrops: row.with_crops,
    by: { subject: row.subject, scopes: new Set(row.scopes as string[]) },
    tries: row.tries,
    running: row.begun_at !== null && row.finished_at === null,
    settled: row.settled_at !== null,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    outcome:
      row.answer &&
      (JSON.parse(
        Buffer.from(sealer.open(row.answer, contextOf(row.upload_id))).toString("utf8"),
      ) as Outcome),
  });

  return {
    async accept({ verification, token, by }, { uploadId, step, image, withCrops }, now) {
      const { verificationId, userId } = verification;
      const accepted = await db.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable("kyc_verifications")
          .set({ ...FREE, upload_id: uploadId })
          .where("verification_id", "=", verificationId)
          .where("claim_token", "=", token)
          .where("claim_expires_at", ">", now)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await transaction
          .insertInto("kyc_uploads")
          .values({
            upload_id: uploadId,
            verification_id: verificationId,
            user_id: userId,
            step,
            image_url: image,
            with_crops: withCrops,
            subject: by.subject,
            scopes: JSON.stringify([...by.scopes]),
            created_at: now,
          })
          .execute();
        await keepImages(transaction, [image]);
        await jobs.send(transaction, uploadId);
        return true;
      });
      if (accepted) jobs.wake();
      return accepted;
    },

    async find(uploadId) {
      const row = await db
        .selectFrom("kyc_uploads")
        .selectAll()
        .where("upload_id", "=", uploadId)
        .executeTakeFirst();
      return row ? uploadOf(row) : null;
    },

    // The verification's row is locked before the upload's, everywhere: two that lock both cannot wait for each other.
    begin: (uploadId, mostTries, now, leaseSeconds) =>
      db.transaction().execute(async (transaction) => {
        const waits = await transaction
          .selectFrom("kyc_verifications")
          .select("verification_id")
          .where("verification_id", "=", (row) =>
            row.selectFrom("kyc_uploads").select("verification_id").where("upload_id", "=", uploadId),
          )
          .where("upload_id", "=", uploadId)
          .forUpdate()
          .executeTakeFirst();
        const row = await transaction
          .selectFrom("kyc_uploads")
          .selectAll()
          .where("upload_id", "=", uploadId)
          .executeTakeFirst();
        if (!row) return null;
        const upload = uploadOf(row);
        if (!waits || upload.tries >= mostTries) return { upload, claim: null };
        const token = randomUUID();
        // A claim that stands here is of an earlier try, whose process is dead or counts as dead: it finds it lost.
        const verification = await transaction
          .updateTable("kyc_verifications")
          .set({ claim_token: token, claim_expires_at: new Date(now.getTime() + leaseSeconds * 1000) })
          .where("verification_id", "=", upload.verificationId)
          .returningAll()
          .executeTakeFirstOrThrow();
        const tries = upload.tries + 1;
        await transaction
          .updateTable("kyc_uploads")
          .set({ tries, begun_at: now })
          .where("upload_id", "=", uploadId)
          .execute();
        return {
          upload: { ...upload, tries },
          claim: { verification: verificationOf(verification, sealer), token, by: upload.by, upload },
        };
      }),

    async putOff({ verification, token, upload }, counts) {
      if (upload === undefined) return;
      await db.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable("kyc_verifications")
          .set(FREE)
          .where("verification_id", "=", verification.verificationId)
          .where("claim_token", "=", token)
          .executeTakeFirst();
        // Somebody else tries it already.
        if (numUpdatedRows === 0n) return;
        await transaction
          .updateTable("kyc_uploads")
          .set((row) => ({ begun_at: null, ...(!counts && { tries: row("tries", "-", 1) }) }))
          .where("upload_id", "=", upload.uploadId)
          .where("finished_at", "is", null)
          .execute();
      });
    },

    finish: (uploadId, outcome, now) =>
      db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable("kyc_verifications")
          .set({ ...FREE, upload_id: null })
          .where("verification_id", "=", (row) =>
            row.selectFrom("kyc_uploads").select("verification_id").where("upload_id", "=", uploadId),
          )
          .where("upload_id", "=", uploadId)
          .execute();
        const finished = await transaction
          .updateTable("kyc_uploads")
          .set({ answer: seal(sealer, uploadId, outcome), finished_at: now })
          .where("upload_id", "=", uploadId)
          .where("finished_at", "is", null)
          .returning("image_url")
          .executeTakeFirst();
        if (!finished || finished.image_url === null) return;
        await dropImages(transaction, [finished.image_url], now);
        await transaction
          .updateTable("kyc_uploads")
          .set({ image_url: null })
          .where("upload_id", "=", uploadId)
          .execute();
      }),

    async purge(before) {
      const { numDeletedRows } = await db
        .deleteFrom("kyc_uploads")
        .where("finished_at", "<=", before)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    async backlog() {
      const { waiting, oldest } = await db
        .selectFrom("kyc_uploads")
        .select([sql<number>`count(*)`.as("waiting"), sql<Date | null>`min(created_at)`.as("oldest")])
        .where("finished_at", "is", null)
        .executeTakeFirstOrThrow();
      return { waiting: Number(waiting), oldest };
    },

    async recall(before) {
      const rows = await db
        .selectFrom("kyc_uploads")
        .select("upload_id")
        .where("finished_at", "is", null)
        .where("created_at", "<=", before)
        .where((row) => row.or([row("begun_at", "is", null), row("begun_at", "<=", before)]))
        .orderBy("created_at")
        .limit(RECALLED)
        .execute();
      let missing = 0;
      for (const { upload_id } of rows) if (await jobs.ensure(upload_id)) missing += 1;
      if (missing > 0) jobs.wake();
      return missing;
    },
  };
}

/** Uploads that one turn looks after. */
const RECALLED = 100;
