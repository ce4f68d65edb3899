import { errorOf, KycError, refusalOf } from "./errors.ts";
import type {
  Actor,
  AuditAction,
  Claim,
  Clock,
  ImageKind,
  Images,
  Outcome,
  Summary,
  Upload,
  Uploads,
  Verifications,
} from "./ports.ts";

/** What is sent to be judged later. */
export interface Submission {
  readonly step: Upload["step"];
  /** Null: the best frame of the liveness challenge that was passed, of the selfie step only. */
  readonly image: Uint8Array | null;
  /** Of the KTP step: whether the answer carries the portrait and the signature. */
  readonly withCrops: boolean;
}

/** Where an upload stands. */
export interface UploadView {
  readonly uploadId: string;
  readonly verificationId: string;
  readonly step: Upload["step"];
  /** `done`: judged, and accepted or refused as it would have been at once. `failed`: it could not be judged. */
  readonly state: "queued" | "running" | "done" | "failed";
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** What the upload would have been answered at once; null while it is not done. */
  readonly answer: { readonly body: object } | { readonly error: KycError } | null;
}

/**
 * A photograph that kills whoever looks at it is looked at so often. More than once, since a process may die of
 * something else, or of its neighbour's photograph.
 */
export const MOST_TRIES = 3;
/** Whatever keeps an upload from being judged: after a day nobody waits for it. */
const GIVE_UP_MS = 24 * 3_600_000;
/** As long as answers for Idempotency-Keys. */
const KEPT_MS = 24 * 3_600_000;
/** Longer than any try, its process's death and its heartbeat's end take together. */
const SILENT_MS = 10 * 60_000;

const FAILED = { ktp: "KYC_SYS_002", selfie: "KYC_SYS_003" } as const;
const LEASE_SECONDS = 60;

/** The workflow's own means, lent to its uploads. */
interface Means {
  readonly uploads: Uploads;
  readonly verifications: Pick<Verifications, "summary">;
  readonly images: Pick<Images, "get" | "remove">;
  readonly clock: Clock;
  readonly newId: () => string;
  open(caller: Actor, verificationId: string, step: Upload["step"]): Promise<Claim>;
  inspect(claim: Claim, step: Upload["step"], image: Uint8Array | null): Promise<void>;
  keep(claim: Claim, step: Upload["step"], kind: ImageKind, image: Uint8Array): Promise<string>;
  releasing<T>(claim: Claim, work: () => Promise<T>): Promise<T>;
  takenOver(claim: Claim): Promise<unknown>;
  step(claim: Claim, upload: Upload, image: Uint8Array | null): Promise<object>;
  answer(upload: Upload): Promise<object | null>;
  mayRead(caller: Actor, userId: string): boolean;
  record(
    action: AuditAction,
    by: Actor,
    userId: string,
    verificationId: string | null,
    detail?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  notFound(): KycError;
  notYours(): KycError;
}

/**
 * Uploads that are answered first and judged later. What was accepted is stored with its job in one transaction; the
 * job holds an id and nothing else. It may be delivered twice, or while somebody is at it: each try claims the
 * verification anew, and what came of it is written by the last claim alone, once.
 */
export function uploading(means: Means) {
  const { uploads, clock, images } = means;

  const view = (upload: Upload): UploadView => {
    const { uploadId, verificationId, step, createdAt, finishedAt, outcome } = upload;
    // What was settled and not finished is still told as running: its answer may lack the registry's.
    const told = finishedAt === null ? null : outcome;
    const answer = told && ("refusal" in told ? { error: errorOf(told.refusal) } : told);
    const failed = answer !== null && "error" in answer && answer.error.status >= 500;
    const state = answer === null ? (upload.running ? "running" : "queued") : failed ? "failed" : "done";
    return { uploadId, verificationId, step, state, createdAt, finishedAt, answer };
  };

  /** Ends an upload whose photograph nobody survived, or that nobody came to. Another one may be sent. */
  const hopeless = ({ step, tries }: Upload): Outcome => ({
    refusal: refusalOf(
      new KycError(
        FAILED[step],
        500,
        tries >= MOST_TRIES
          ? `The image could not be processed in ${MOST_TRIES} tries, which may be the file's doing. Take another photograph and send that.`
          : "The image could not be processed in time. Send it again.",
        { extra: { tries } },
      ),
    ),
  });

  async function judge(uploadId: string): Promise<void> {
    const begun = await uploads.begin(uploadId, MOST_TRIES, clock.now(), LEASE_SECONDS);
    if (begun === null || begun.upload.finishedAt !== null) return;
    const { upload, claim } = begun;
    if (upload.settled) {
      // A process died, or lost the database, between writing the outcome and keeping the answer.
      const body = upload.outcome ? null : await means.answer(upload);
      const outcome = upload.outcome ?? (body && { body });
      if (outcome) await uploads.finish(uploadId, outcome, clock.now());
      return;
    }
    if (claim === null || clock.now().getTime() - upload.createdAt.getTime() > GIVE_UP_MS) {
      await uploads.finish(uploadId, hopeless(upload), clock.now());
      return;
    }
    let outcome: Outcome;
    try {
      const image = upload.image === null ? null : await photograph(upload.step, upload.image);
      outcome = { body: await means.step(claim, upload, image) };
    } catch (error) {
      if (!(error instanceof KycError) || error.status >= 500) {
        // 503: something is away or busy, which says nothing of the photograph.
        const counts = !(error instanceof KycError && error.status === 503);
        await uploads.putOff(claim, counts);
        if (counts && upload.tries >= MOST_TRIES) return judge(uploadId);
        throw error;
      }
      outcome = { refusal: refusalOf(error) };
    }
    await uploads.finish(uploadId, outcome, clock.now());
  }

  async function photograph(step: Upload["step"], reference: string): Promise<Uint8Array> {
    try {
      return await images.get(reference);
    } catch (cause) {
      throw new KycError(FAILED[step], 503, "The image could not be fetched.", { cause });
    }
  }

  return {
    judge,

    async accept(
      caller: Actor,
      verificationId: string,
      { step, image, withCrops }: Submission,
    ): Promise<UploadView> {
      const claim = await means.open(caller, verificationId, step);
      return means.releasing(claim, async () => {
        await means.inspect(claim, step, image);
        const reference = image && (await means.keep(claim, step, step, image));
        const upload = { uploadId: means.newId(), step, image: reference, withCrops };
        const now = clock.now();
        if (!(await uploads.accept(claim, upload, now))) {
          if (reference) await images.remove(reference);
          await means.takenOver(claim);
        }
        const { uploadId } = upload;
        return {
          uploadId,
          verificationId,
          step,
          state: "queued",
          createdAt: now,
          finishedAt: null,
          answer: null,
        };
      });
    },

    async upload(caller: Actor, verificationId: string, uploadId: string): Promise<UploadView> {
      const found: Summary | null = await means.verifications.summary(verificationId);
      if (found === null) throw means.notFound();
      if (!means.mayRead(caller, found.userId)) {
        await means.record("access.refused", caller, found.userId, verificationId, { to: "upload" });
        throw means.notYours();
      }
      const upload = await uploads.find(uploadId);
      if (upload === null || upload.verificationId !== verificationId) {
        throw new KycError(
          "KYC_VAL_003",
          404,
          "There is no such upload, or it was done more than a day ago. Fetch the verification's status.",
        );
      }
      const seen = view(upload);
      if (seen.answer !== null)
        await means.record("verification.read", caller, found.userId, verificationId, { upload: seen.step });
      return seen;
    },

    /** Forgets answers that were kept long enough, and sends jobs again that were lost. @returns how many were lost */
    async tend(): Promise<number> {
      const now = clock.now().getTime();
      await uploads.purge(new Date(now - KEPT_MS));
      return uploads.recall(new Date(now - SILENT_MS));
    },
  };
}
