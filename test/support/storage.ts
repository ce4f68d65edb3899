import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Audit, audit } from "../../src/database/audit.ts";
import { type Database, openDatabase } from "../../src/database/database.ts";
import { type Faces, faces } from "../../src/database/faces.ts";
import { type Idempotency, idempotency } from "../../src/database/idempotency.ts";
import { imageIntents } from "../../src/database/image-removals.ts";
import { type Jobs, openJobs } from "../../src/database/jobs.ts";
import { keeper } from "../../src/database/keeper.ts";
import { auditKey, blindIndexKey } from "../../src/database/sealed-keys.ts";
import { uploads } from "../../src/database/uploads.ts";
import { verifications } from "../../src/database/verifications.ts";
import { type Outbox, outbox } from "../../src/events/outbox.ts";
import { folderStore } from "../../src/images/folder-store.ts";
import { type SealedImages, sealedImages } from "../../src/images/images.ts";
import { type AuditChain, auditChain } from "../../src/security/audit-chain.ts";
import { blindIndex } from "../../src/security/blind-index.ts";
import { type EnvelopeSealer, envelopeSealer } from "../../src/security/envelope.ts";
import { type KeyRing, openKeys } from "../../src/security/keys.ts";
import type { Keeper } from "../../src/verification/custody.ts";
import type { Uploads, Verifications } from "../../src/verification/ports.ts";
import { KTP_FIELDS, type KtpFieldFact, type KtpOcrResult } from "../../src/vision/facts.ts";
import { giveCluster } from "./cluster.ts";

/** Everything that keeps something, wired as the service wires it. */
export interface Storage extends Database {
  readonly keys: KeyRing;
  readonly sealer: EnvelopeSealer;
  /** The same database with other keys. */
  over(keys: KeyRing): Promise<Storage>;
  readonly verifications: Verifications;
  readonly outbox: Outbox;
  readonly chain: AuditChain;
  readonly audit: Audit;
  readonly faces: Faces;
  readonly idempotency: Idempotency;
  readonly images: SealedImages;
  readonly keeper: Keeper;
  readonly jobs: Jobs;
  readonly uploads: Uploads;
  /** Ids of the rows that `claimDue` left out. */
  readonly broken: readonly string[];
}

/** @param keys  as in `KYC_KEYS`; development keys in `dataDir` unless given */
export async function openStorage({
  url,
  dataDir,
  keys,
}: {
  url?: string;
  dataDir: string;
  keys?: string;
}): Promise<Storage> {
  if (url === undefined) giveCluster(dataDir);
  const database = await openDatabase({ url, dataDir });
  const jobs = await openJobs(database, () => undefined);
  return wire(database, openKeys({ spec: keys, dataDir }), dataDir, jobs);
}

async function wire(database: Database, keys: KeyRing, dataDir: string, jobs: Jobs): Promise<Storage> {
  const { db } = database;
  const sealer = envelopeSealer(keys);
  const key = await blindIndexKey(db, sealer).catch(async (error) => {
    await jobs.close();
    await database.close();
    throw error;
  });
  const chain = auditChain(await auditKey(db, sealer));
  const trail = audit({ db, chain, trace: () => TRACEPARENT });
  const events = outbox({ db, sealer, traceparent: () => TRACEPARENT });
  const known = faces({ db, sealer, model: "test", least: 0.57 });
  const broken: string[] = [];
  const close = async () => {
    await jobs.close();
    await database.close();
  };
  return {
    ...database,
    close,
    jobs,
    uploads: uploads({ db, sealer, jobs }),
    keys,
    sealer,
    over: (ring) => wire(database, ring, dataDir, jobs),
    outbox: events,
    chain,
    audit: trail,
    faces: known,
    verifications: verifications({
      db,
      audit: trail,
      faces: known,
      sealer,
      index: blindIndex(key),
      outbox: events,
      onBroken: (id) => broken.push(id),
    }),
    idempotency: idempotency({ db, sealer }),
    keeper: keeper({ db, audit: trail, chain, jobs }),
    images: sealedImages({
      store: folderStore(join(dataDir, "images")),
      sealer,
      intend: (reference) => imageIntents(db).intend(reference, new Date()),
    }),
    broken,
  };
}

/** The example of the W3C recommendation. */
export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "kyc-storage-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A reading of a card with this NIK and name on it, the rest unread. */
export function readingOf(nik: string, name: string): KtpOcrResult {
  const values: Record<string, string | null> = { nik, name };
  const fields = Object.fromEntries(
    KTP_FIELDS.map((field): [string, KtpFieldFact] => [
      field,
      {
        value: values[field] ?? null,
        raw: values[field] ?? null,
        confidence: 0.98,
        box: null,
        source: "ocr",
      },
    ]),
  );
  return {
    ...Object.fromEntries(KTP_FIELDS.map((field) => [field, values[field] ?? null])),
    confidence: 0.97,
    fields,
    checks: [{ name: "nik_structure", ok: true, detail: "The NIK is built as it should be." }],
    quality: { sharpness: 0.9 },
  } as unknown as KtpOcrResult;
}
