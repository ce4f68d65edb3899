import type { DukcapilResult } from "../dukcapil/dukcapil.ts";
import type { FaceMatchResult, KtpOcrResult, LivenessResult } from "../vision/facts.ts";
import type { Action } from "../vision/liveness/actions.ts";
import type { ChallengeVerdict } from "../vision/liveness/active.ts";
import type { StoredJson } from "./stored-json.ts";

/** What the workflow needs of the world. The database, the object store and the clock come in as these. */

export type VerificationType = "FULL_KYC" | "BASIC_KYC";
export type Status = "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";

/** Who acts. The scope `kyc:service` may act for any user, `kyc:review` may read all; others act for themselves. */
export interface Actor {
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
  /** The one verification that a session of the capture page is for; absent: any that the rest allows. */
  readonly onlyVerification?: string;
}

/** The service itself, where nobody's request is being answered. No token can carry its scope. */
export const SERVICE: Actor = { subject: "service", scopes: new Set(["service"]) };

/** What a user agreed to. */
export interface Consent {
  /** The text's version, as the platform calls it: 1..64 characters. */
  readonly version: string;
  readonly at: Date;
}

/** What the audit log has words for. */
export type AuditAction =
  | "verification.started"
  | "verification.linked"
  | "verification.changed"
  | "verification.decided"
  | "verification.read"
  | "review.decided"
  | "review.listed"
  | "review.opened"
  | "review.revealed"
  | "review.counted"
  | "history.read"
  | "events.read"
  | "access.refused"
  | "account.closed"
  | "user.erased"
  | "data.expired"
  | "keys.rotated"
  | "rows.sealed";

/** One thing that was done or seen. `detail` holds no personal data: the log outlives the person's data. */
export interface AuditEntry {
  readonly at: Date;
  readonly by: Actor;
  readonly action: AuditAction;
  /** Whose data it is about; stored as a pseudonym. */
  readonly userId: string | null;
  readonly verificationId: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The audit log, for what changes nothing. Changes write their entries themselves, in their own transaction. */
export interface AuditTrail {
  /** Resolves when the entry is stored; what it tells of is not to be shown before. */
  record(entry: AuditEntry): Promise<void>;
}

/** One verification as it is stored; personal data in the clear (the repository seals and opens it). */
export interface Verification {
  readonly verificationId: string;
  readonly userId: string;
  readonly type: VerificationType;
  readonly status: Status;
  /** Null where none was recorded at the start. */
  readonly consent: Consent | null;
  readonly ktpImage: string | null;
  readonly selfieImage: string | null;
  /** The portrait and the signature cut out of the card. */
  readonly portraitImage: string | null;
  readonly signatureImage: string | null;
  readonly ktp: KtpOcrResult | null;
  readonly liveness: LivenessResult | null;
  readonly faceMatch: FaceMatchResult | null;
  readonly dukcapil: DukcapilResult | null;
  /** What the person said of the reading, on the capture page. */
  readonly note: string | null;
  /** The card portrait's embedding, unit length; null where no face was found. */
  readonly portraitEmbedding: Float32Array | null;
  /** Name of the network that made it: embeddings of two networks are never compared. */
  readonly embeddingModel: string | null;
  /** The selfie's, unit length; null where there is none. What is read again is rounded, see the repository. */
  readonly selfieEmbedding: Float32Array | null;
  readonly selfieModel: string | null;
  /** Verified people of other users that seem to be this one; null where it was not looked for any. */
  readonly duplicateOf: readonly Duplicate[] | null;
  readonly rejectionReason: string | null;
  /** Photographs refused so far. */
  readonly ktpAttempts: number;
  readonly selfieAttempts: number;
  /** Liveness challenges failed so far. */
  readonly livenessAttempts: number;
  /** Tries of the registry so far, and when the next is due; null where none is. */
  readonly dukcapilTries: number;
  readonly dukcapilDueAt: Date | null;
  /** Why it stands where it stands, by code: of IN_REVIEW and of what did not end VERIFIED; null where nothing was said. */
  readonly reasons: readonly string[] | null;
  /** Since when it waits for a person; null where it never did. */
  readonly reviewSince: Date | null;
  /** Who approved it against a failed check: somebody else has to say so too. Null where nobody has. */
  readonly proposedBy: string | null;
  /** What persons said of it, oldest first. */
  readonly reviews: readonly Review[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
}

/** What a reviewer may say. */
export const VERDICTS = ["approve", "reject", "ask_card", "ask_selfie"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one reviewer said of a verification. */
export interface Review {
  /** The token's subject. */
  readonly by: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly verdict: Verdict;
  /** Of a rejection: a code of `REJECTIONS`. */
  readonly reason: string | null;
  readonly note: string | null;
  /** Failed checks that an approval goes against, by name. */
  readonly overrides: readonly string[];
}

/** A verification without its faces. */
export type Summary = Omit<Verification, "portraitEmbedding" | "selfieEmbedding">;

/** What is shown of a verification to whoever asks for it. */
export interface Shown
  extends Pick<
    Verification,
    | "verificationId"
    | "userId"
    | "type"
    | "status"
    | "consent"
    | "liveness"
    | "faceMatch"
    | "note"
    | "duplicateOf"
    | "rejectionReason"
    | "createdAt"
    | "completedAt"
  > {
  readonly ktp: StoredJson<KtpOcrResult> | null;
  readonly dukcapil: StoredJson<DukcapilResult> | null;
}

/** Another user's VERIFIED verification of what seems to be the same person. */
export interface Duplicate {
  readonly verificationId: string;
  /** What is the same. */
  readonly by: "face" | "nik";
  /** Cosine of the two selfies; null where the NIK is the same. */
  readonly similarity: number | null;
}

/** How a verification ends, and what is told of it. */
export interface Conclusion {
  readonly change: Change;
  readonly events: readonly KycEvent[];
}

/** What a step changes. A member that is absent stays as it was. `nik` is stored as a blind index only. */
export type Change = Partial<
  Omit<Verification, "verificationId" | "userId" | "type" | "consent" | "note" | "createdAt" | "updatedAt">
> & {
  readonly nik?: string;
  /** A challenge that is issued, or the verdict of one that was not used yet. */
  readonly challenge?: Challenge;
  /** The frames of all its challenges are removed. */
  readonly challengeFrames?: null;
};

/** What one person was asked to do before the camera, once, and what was seen of it. */
export interface Challenge {
  readonly challengeId: string;
  readonly verificationId: string;
  /** Sent back with the frames: they are for this challenge. */
  readonly nonce: string;
  readonly actions: readonly Action[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** Null while no frames were judged. */
  readonly usedAt: Date | null;
  readonly passed: boolean | null;
  readonly verdict: ChallengeVerdict | null;
  /**
   * References of one frame for each action, null where there is none; empty where no frames are kept. Kept are those
   * of the challenge that was passed last and of the one that failed last.
   */
  readonly frames: readonly (string | null)[];
}

/** The challenges as they are stored; they change with their verification, by `Verifications.settle`. */
export interface Challenges {
  /** Of one verification, oldest first. */
  of(verificationId: string): Promise<readonly Challenge[]>;
}

/** An event to be told in the same transaction as the change; keyed by the user when it is sent. */
export interface KycEvent {
  readonly kind: "ktp_uploaded" | "verified" | "failed" | "resubmission_requested";
  /** The JSON value as in the contract; `nik` masked by the repository's caller where so configured. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** The right to work on one verification; lost when it expires. */
export interface Claim {
  readonly verification: Verification;
  readonly token: string;
  /** On whose behalf: what is settled under this claim is theirs in the audit log. */
  readonly by: Actor;
  /** The upload that was answered before it was judged, and is judged under this claim. */
  readonly upload?: Pick<Upload, "uploadId" | "image">;
}

/** What is said to whoever sent a photograph that cannot be taken; with what a `KycError` is made of. */
export interface Refusal {
  readonly code: string;
  /** As HTTP has it, 400..599. */
  readonly status: number;
  readonly message: string;
  /** Codes. */
  readonly hints?: readonly string[];
  readonly attemptsLeft?: number;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What came of an upload: the answer that it would have got at once, or why it was refused. */
export type Outcome = { readonly body: object } | { readonly refusal: Refusal };

/** An upload that is answered first and judged later. */
export interface Upload {
  readonly uploadId: string;
  readonly verificationId: string;
  readonly userId: string;
  readonly step: "ktp" | "selfie";
  /** Where its photograph waits; null for a selfie that is the best frame of a challenge, and once it is settled. */
  readonly image: string | null;
  readonly withCrops: boolean;
  readonly by: Actor;
  /** How often its photograph was begun to be looked at. */
  readonly tries: number;
  readonly running: boolean;
  /** Whether what came of it was written to its verification. */
  readonly settled: boolean;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** Personal data, in the clear. */
  readonly outcome: Outcome | null;
}

/** The uploads that wait, and for a day those that are done. Each has its job in the queue. */
export interface Uploads {
  /**
   * Notes the upload, sends its job, and gives the claim back, in one transaction; nobody else can claim the
   * verification from then on until it is settled.
   * @returns false where the claim had been lost: nothing was written then
   */
  accept(
    claim: Claim,
    upload: Pick<Upload, "uploadId" | "step" | "image" | "withCrops">,
    now: Date,
  ): Promise<boolean>;
  /** @returns null where there is none, or none any more */
  find(uploadId: string): Promise<Upload | null>;
  /**
   * Begins a try: counts it, and claims the verification, from whoever began it before too.
   * @returns the upload, and with it a claim where it can be gone on with: not where it is settled or finished, nor
   *          where it was begun `mostTries` times
   */
  begin(
    uploadId: string,
    mostTries: number,
    now: Date,
    leaseSeconds: number,
  ): Promise<{ readonly upload: Upload; readonly claim: Claim | null } | null>;
  /** Gives the claim back, to be begun again; a try that says nothing of the photograph does not count. */
  putOff(claim: Claim, counts: boolean): Promise<void>;
  /** Keeps what came of it. The first that comes is kept. A verification that still waits for it waits no more. */
  finish(uploadId: string, outcome: Outcome, now: Date): Promise<void>;
  /** Forgets those finished before. */
  purge(before: Date): Promise<number>;
  /** How many wait or are being judged, and since when the oldest does. */
  backlog(): Promise<{ readonly waiting: number; readonly oldest: Date | null }>;
  /** Sends the jobs again that are missing of uploads on which nothing happened since. @returns how many */
  recall(before: Date): Promise<number>;
}

/** What a sweep found. */
export interface Swept {
  /** Due for long. */
  readonly overdue: number;
  /** Ids of those that were made due, or freed for another upload. */
  readonly mended: readonly string[];
}

export interface Verifications {
  /** Inserts a new PENDING row. */
  start(input: {
    verificationId: string;
    userId: string;
    type: VerificationType;
    consent?: Consent;
    by?: Actor;
    now: Date;
  }): Promise<Verification>;
  find(verificationId: string): Promise<Verification | null>;
  /** As `find`, without the faces: what most decisions need. */
  summary(verificationId: string): Promise<Summary | null>;
  shown(verificationId: string): Promise<Shown | null>;
  /**
   * Newest first, and recorded in the audit log as read by `by` (default: the service): what cannot be recorded is not
   * read. `cursor` is opaque, from an earlier page; a cursor that is none of ours gives RangeError.
   */
  history(page: {
    userId: string;
    limit: number;
    cursor?: string;
    by?: Actor;
    now: Date;
  }): Promise<{ items: Shown[]; next: string | null }>;
  /**
   * Takes the verification for one upload, or says that someone else has it ("busy"): at once, without waiting. The
   * claim ends by itself after `leaseSeconds`, so that a process killed in mid-upload blocks nobody for long.
   */
  claim(verificationId: string, now: Date, leaseSeconds: number, by?: Actor): Promise<Claim | "busy" | null>;
  /**
   * Writes the change, its events and its entry in the audit log in one transaction and gives the claim back.
   * @param refusal  kept as the outcome of the claim's upload, if it has one
   * @returns the row as it is now, or null where the claim had been lost: nothing was written then
   */
  settle(
    claim: Claim,
    change: Change,
    events: readonly KycEvent[],
    now: Date,
    refusal?: Refusal,
  ): Promise<Verification | null>;
  /**
   * As `settle`, for a decision: looks for the same NIK and the same face among other users' VERIFIED verifications, and
   * writes what `decide` makes of it, all in one transaction. One at a time over all processes: of two that end at once
   * the second sees the first.
   * @param decide  is handed what was found, the likeliest first; adds `duplicateOf` itself
   */
  conclude(
    claim: Claim,
    decide: (duplicates: readonly Duplicate[]) => Conclusion,
    now: Date,
  ): Promise<Verification | null>;
  /** Gives the claim back and changes nothing. */
  release(claim: Claim): Promise<void>;
  /** Claims up to `limit` PROCESSING rows whose registry check is due. */
  claimDue(now: Date, limit: number, leaseSeconds: number): Promise<Claim[]>;
  /** Makes every registry check that was put off due now. */
  hasten(now: Date): Promise<void>;
  /**
   * Looks for what cannot be, as far as anybody knows: PROCESSING rows whose evidence is complete and that nothing will
   * move on, and rows bound to an upload that is none. They are made due, and freed.
   * @param since  rows that were due before and are not done count as overdue
   */
  sweep(now: Date, since: Date, leaseSeconds: number): Promise<Swept>;
}

/** What a stored picture shows: a photograph as it was sent, a part of the card, or one action of a challenge. */
export type ImageKind = "ktp" | "selfie" | "portrait" | "signature" | "action";

/** An encrypted store of photographs. */
export interface Images {
  /** @returns the reference under which it is found again (what `ktp_image_url` holds). */
  put(verificationId: string, kind: ImageKind, bytes: Uint8Array): Promise<string>;
  /** @throws where there is none, or where it was altered */
  get(reference: string): Promise<Uint8Array>;
  remove(reference: string): Promise<void>;
}

export interface Clock {
  now(): Date;
}
