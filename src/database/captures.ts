import type { Kysely, Selectable } from "kysely";
import type { Sealer } from "../security/sealer.ts";
import type { Capture, Captures } from "../verification/capture.ts";
import type { Audit } from "./audit.ts";
import { sealColumn } from "./rows.ts";
import type { CapturesTable, Schema } from "./schema.ts";

const captureOf = (row: Selectable<CapturesTable>): Capture => ({
  verificationId: row.verification_id,
  userId: row.user_id,
  successUrl: row.success_url,
  cancelUrl: row.cancel_url,
  expiresAt: row.expires_at,
});

/** The links to the capture page, and what the person says there. */
export function captures({
  db,
  audit,
  sealer,
}: {
  db: Kysely<Schema>;
  audit: Audit;
  sealer: Sealer;
}): Captures {
  return {
    async insert({ verificationId, userId, successUrl, cancelUrl, expiresAt }, codeHash) {
      await db
        .insertInto("kyc_captures")
        .values({
          code_hash: codeHash,
          verification_id: verificationId,
          user_id: userId,
          success_url: successUrl,
          cancel_url: cancelUrl,
          expires_at: expiresAt,
        })
        .execute();
    },

    async open(codeHash, sessionHash, now, until) {
      const row = await db
        .updateTable("kyc_captures")
        .set({ session_hash: sessionHash, expires_at: until })
        .where("code_hash", "=", codeHash)
        .where("session_hash", "is", null)
        .where("expires_at", ">", now)
        .returningAll()
        .executeTakeFirst();
      return row ? captureOf(row) : null;
    },

    async find(sessionHash, now) {
      const row = await db
        .selectFrom("kyc_captures")
        .selectAll()
        .where("session_hash", "=", sessionHash)
        .where("expires_at", ">", now)
        .executeTakeFirst();
      return row ? captureOf(row) : null;
    },

    async consent(verificationId, { version, at }, by, now) {
      await audit.transact(async (transaction, tell) => {
        const { numUpdatedRows } = await transaction
          .updateTable("kyc_verifications")
          .set({ consent_version: version, consent_at: at, updated_at: now })
          .where("verification_id", "=", verificationId)
          .where("consent_version", "is", null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return;
        const detail = { changed: ["consent"], consent: version };
        await tell({
          at: now,
          by,
          action: "verification.changed",
          userId: by.subject,
          verificationId,
          detail,
        });
      });
    },

    async note(verificationId, text, by, now) {
      const note = sealColumn(sealer, "note", verificationId, { text });
      return audit.transact(async (transaction, tell) => {
        // Its selfie may be judged at this moment: the claim is left alone, and nothing else of the row is written.
        const { numUpdatedRows } = await transaction
          .updateTable("kyc_verifications")
          .set({ note, updated_at: now })
          .where("verification_id", "=", verificationId)
          .where("status", "=", "PROCESSING")
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        const detail = { changed: ["note"] };
        await tell({
          at: now,
          by,
          action: "verification.changed",
          userId: by.subject,
          verificationId,
          detail,
        });
        return true;
      });
    },

    async purge(now) {
      const { numDeletedRows } = await db
        .deleteFrom("kyc_captures")
        .where("expires_at", "<=", now)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
