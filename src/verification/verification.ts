import type { Dukcapil, DukcapilResult } from "../dukcapil/dukcapil.ts";
import { DukcapilQueryError, DukcapilUnavailableError } from "../dukcapil/dukcapil.ts";
import { compare, cosineSimilarity } from "../vision/face/compare.ts";
import type {
  FaceMatchResult,
  Hint,
  KtpCrops,
  KtpOcrResult,
  LivenessResult,
  SelfieReport,
} from "../vision/facts.ts";
import { type ImageFault, ImageRefusedError, inspectImage } from "../vision/image.ts";
import { type Vision, VisionBusyError } from "../vision/vision.ts";
import {
  type ChallengeAnswer,
  type ChallengeResult,
  challengeFor,
  challengeHints,
  nextChallenge,
  type SentFrames,
} from "./challenge.ts";
import { consider } from "./doubt.ts";
import { ending } from "./ending.ts";
import { KycError, refusalOf } from "./errors.ts";
import { outage } from "./outage.ts";
import { type Judgement, judgeKtp, judgeSelfie, type Policy } from "./policy.ts";
import type {
  Actor,
  AuditAction,
  AuditTrail,
  Challenge,
  Challenges,
  Change,
  Claim,
  Clock,
  Consent,
  ImageKind,
  Images,
  KycEvent,
  Refusal,
  Shown,
  Status,
  Summary,
  Swept,
  Uploads,
  Verification,
  Verifications,
  VerificationType,
} from "./ports.ts";
import { type Reason, reasonsOf } from "./reasons.ts";
import { type Spoken, spokenReasons, usedUp } from "./sentences.ts";
import type { StoredJson } from "./stored-json.ts";
import { type Submission, type UploadView, uploading } from "./uploads.ts";

/** Who asks. */
export type Caller = Actor;

export interface StartAnswer {
  readonly verification_id: string;
  readonly status: Status;
  readonly message: string;
}

export interface KtpStepAnswer {
  readonly verification_id: string;
  readonly status: Status;
  readonly ocr_result: KtpOcrResult;
  readonly next_step: string;
  /** JPEG in base64, only where they were asked for; null where the card's place in the photograph is not known. */
  readonly crops?: { readonly portrait: string; readonly signature: string } | null;
  /** Only where this step completes the verification (BASIC_KYC). */
  readonly dukcapil_result?: DukcapilResult | null;
  readonly rejection_reason?: string;
}

export interface SelfieStepAnswer {
  readonly verification_id: string;
  readonly status: Status;
  readonly liveness_result: LivenessResult | null;
  readonly face_match_result: FaceMatchResult | null;
  readonly dukcapil_result: DukcapilResult | null;
  readonly rejection_reason?: string;
}

export interface VerificationView {
  readonly verification_id: string;
  readonly user_id: string;
  readonly verification_type: VerificationType;
  readonly status: Status;
  readonly consent: { readonly version: string; readonly at: string } | null;
  readonly ktp_ocr_result: KtpOcrResult | StoredJson<KtpOcrResult> | null;
  readonly liveness_result: LivenessResult | null;
  readonly face_match_result: FaceMatchResult | null;
  readonly dukcapil_result: DukcapilResult | StoredJson<DukcapilResult> | null;
  readonly rejection_reason: string | null;
  /** Its sentences in both languages; empty where there are none, or none that the service knows. */
  readonly rejection_reasons: readonly Spoken[];
  /** What the person said of the reading. */
  readonly note: string | null;
  /** Only for those who may review; null where no decision has looked for any. */
  readonly duplicate_of?:
    | readonly {
        readonly verification_id: string;
        readonly by: "face" | "nik";
        readonly similarity: number | null;
      }[]
    | null;
  /** RFC 3339, UTC. */
  readonly created_at: string;
  readonly completed_at: string | null;
}

/** The verification's face to whoever serves it. Every refusal is a {@link KycError}. */
export interface KycService {
  start(
    caller: Caller,
    /** `consentLater`: the capture page asks for the consent, before it takes a picture. */
    input: { userId: string; type: VerificationType; consent?: Consent; consentLater?: boolean },
  ): Promise<StartAnswer>;
  /** @param withCrops  whether the answer carries the portrait and the signature */
  submitKtp(
    caller: Caller,
    verificationId: string,
    image: Uint8Array,
    withCrops?: boolean,
  ): Promise<KtpStepAnswer>;
  /** @param image  null: the best frame of the liveness challenge that was passed */
  submitSelfie(caller: Caller, verificationId: string, image: Uint8Array | null): Promise<SelfieStepAnswer>;
  /**
   * Takes a photograph to be judged later: what can be refused without its pixels is refused now.
   * @returns where it stands: queued
   */
  accept(caller: Caller, verificationId: string, submission: Submission): Promise<UploadView>;
  /** Where such an upload stands, with its answer once there is one. */
  upload(caller: Caller, verificationId: string, uploadId: string): Promise<UploadView>;
  /**
   * Judges a photograph that was taken so. May be called again, by any process: it is decided once.
   * @throws what kept it from being judged, where it is to be tried again later
   */
  judgeUpload(uploadId: string): Promise<void>;
  /** Forgets answers that were kept long enough, and sends jobs again that were lost. @returns how many were lost */
  tendUploads(): Promise<number>;
  /** Asks for movements before the camera. */
  challenge(caller: Caller, verificationId: string): Promise<ChallengeAnswer>;
  /** @param sent  between the least and the most frames of `FRAMES_ASKED` */
  submitFrames(
    caller: Caller,
    verificationId: string,
    challengeId: string,
    sent: SentFrames,
  ): Promise<ChallengeResult>;
  /** Lets the caller hand out another link to the capture page. @returns whose verification it is */
  relink(caller: Caller, verificationId: string): Promise<string>;
  status(caller: Caller, verificationId: string): Promise<VerificationView>;
  /** Newest first. `next` is the cursor of the following page. @throws RangeError for a cursor that is none of ours */
  history(
    caller: Caller,
    userId: string,
    limit: number,
    cursor?: string,
  ): Promise<{ readonly items: readonly VerificationView[]; readonly next: string | null }>;
  /** Whose verification it is, for limits by user; null where there is none. */
  ownerOf(verificationId: string): Promise<string | null>;
  /**
   * Asks the registry again for verifications whose check is due, as long as there are any and it answers. Where it has
   * come back from an outage, all that wait are due.
   * @returns how many were asked
   */
  resumeDue(): Promise<number>;
  /** Holds that a verification in PROCESSING always has something that will move it on, and mends where it has not. */
  sweep(): Promise<Swept>;
}

/** What the workflow tells of itself, for metrics. */
export interface Witness {
  started(type: VerificationType): void;
  /** `reasons`: what spoke against it, none where it is VERIFIED. */
  completed(type: VerificationType, status: Status, reasons: readonly Reason[]): void;
  /** A photograph was accepted, or refused with hints. */
  photographed(step: "ktp" | "selfie" | "liveness", hints: readonly Hint[]): void;
  /** A confidence or similarity that a decision rests on, 0..1 (`face_match`: −1..1). */
  scored(kind: "ocr" | "liveness" | "face_match" | "registry", score: number): void;
  processed(step: "ktp" | "selfie" | "liveness", seconds: number): void;
  inferred(stages: Readonly<Record<string, number>>): void;
}

export interface Parts {
  readonly verifications: Verifications;
  readonly challenges: Challenges;
  readonly uploads: Uploads;
  readonly audit: AuditTrail;
  readonly images: Images;
  readonly vision: Vision;
  readonly dukcapil: Dukcapil;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly maskNik: (nik: string) => string;
  readonly witness: Witness;
  readonly policy: Policy;
  /** Whether events carry the whole NIK. */
  readonly fullNik: boolean;
  /** Hours after which a registry that never answers ends a verification as FAILED. */
  readonly giveUpAfterHours: number;
}

export type Step = "ktp" | "selfie" | "liveness";
export const STEP_CODE = { ktp: "KYC_VAL_001", selfie: "KYC_VAL_002", liveness: "KYC_VAL_002" } as const;
export const STEP_FAILED = { ktp: "KYC_SYS_002", selfie: "KYC_SYS_003", liveness: "KYC_SYS_003" } as const;
/** Where a step's refusals are counted. */
const COUNTED = { ktp: "ktpAttempts", selfie: "selfieAttempts", liveness: "livenessAttempts" } as const;
const FINAL: ReadonlySet<Status> = new Set<Status>(["VERIFIED", "REJECTED", "FAILED"]);

/** Longer than any step takes (the gateway gives up after 60 s); a process killed in mid-upload blocks no longer. */
export const LEASE_SECONDS = 60;
/** The registry is asked by the request itself first; the timekeeper leaves it alone for this long. */
const FIRST_TRY_SECONDS = 45;
/** Waiting between later tries: doubling from the first to the last, unless the registry comes back before. */
const RETRY_SECONDS = { first: 30, last: 3600 } as const;
const DUE_BATCH = 10;
/** What is due is looked up every few seconds, and has another time of being due whenever it was tried. */
const OVERDUE_MS = 15 * 60_000;
/** One turn of the timekeeper takes no further batch after this: a process that is told to stop waits for it. */
const DUE_TURN_MS = 5_000;

/** Clocks of the platform and of this service may differ by this much. */
const CONSENT_AHEAD_MS = 5 * 60_000;

const FAULT_STATUS: Readonly<Record<ImageFault, number>> = {
  empty: 400,
  unsupported_format: 415,
  damaged: 400,
  too_many_pixels: 413,
  too_few_pixels: 400,
  animated: 415,
};

/** Builds the workflow from its parts. */
export function kycService(parts: Parts): KycService {
  const { verifications, challenges, audit, images, vision, dukcapil, clock, policy, witness } = parts;
  const registry = outage();
  const { end, eventNik } = ending(parts);

  const mayReview = ({ scopes }: Caller) => scopes.has("kyc:review") || scopes.has("kyc:service");
  const mayRead = (caller: Caller, userId: string) => caller.subject === userId || mayReview(caller);
  const mayAct = (caller: Caller, userId: string) =>
    caller.subject === userId || caller.scopes.has("kyc:service");
  const notYours = () => new KycError("KYC_AUTH_003", 403, "This verification belongs to another user.");
  /** Written before anything is shown: what cannot be recorded is not read. */
  const record = (
    action: AuditAction,
    by: Caller,
    userId: string,
    verificationId: string | null,
    detail?: Readonly<Record<string, unknown>>,
  ) => audit.record({ at: clock.now(), by, action, userId, verificationId, detail });
  const notFound = () =>
    new KycError(
      "KYC_VAL_003",
      404,
      "There is no such verification. Start one with POST /api/v1/kyc/verify/start.",
    );

  /** Claims the verification for one upload, after all that can be refused without its pixels. */
  async function open(caller: Caller, verificationId: string, step: Step): Promise<Claim> {
    const found = await verifications.summary(verificationId);
    if (found === null) throw notFound();
    if (!mayAct(caller, found.userId)) {
      await record("access.refused", caller, found.userId, verificationId, { to: step });
      throw notYours();
    }
    refuseWrongStep(found, step);
    if (step === "selfie" && found.type === "FULL_KYC" && found.embeddingModel !== vision.faceModel.name) {
      throw new KycError(
        STEP_CODE[step],
        409,
        "The card was read by a former version of this service, whose faces cannot be compared. Start a new verification.",
        { extra: { verification_status: found.status } },
      );
    }
    if (policy.consentRequired && found.consent === null && step === "ktp") {
      throw new KycError(
        STEP_CODE[step],
        409,
        "The user's consent comes first: it is given on the capture page.",
      );
    }
    // The row is locked, not the images: a second upload gets 409 at once instead of waiting for the first one's OCR.
    const claim = await verifications.claim(verificationId, clock.now(), LEASE_SECONDS, caller);
    if (claim === null) throw notFound();
    if (claim === "busy") {
      throw new KycError(
        STEP_CODE[step],
        409,
        "Another image is being processed for this verification. Wait for its answer.",
      );
    }
    try {
      refuseWrongStep(claim.verification, step);
    } catch (error) {
      await verifications.release(claim);
      throw error;
    }
    return claim;
  }

  /** Runs the networks on one picture; what goes wrong without being the person's fault costs no attempt. */
  async function look<T extends { milliseconds: Readonly<Record<string, number>> }>(
    claim: Claim,
    step: Step,
    see: () => Promise<T>,
  ): Promise<T> {
    const begun = performance.now();
    try {
      const report = await see();
      witness.inferred(report.milliseconds);
      return report;
    } catch (error) {
      await verifications.release(claim);
      if (error instanceof ImageRefusedError) throw noPicture(claim, step, error);
      if (error instanceof VisionBusyError) {
        throw new KycError(STEP_FAILED[step], 503, "The service is busy. Send the image again in a moment.", {
          retryAfter: error.retryAfter,
          cause: error,
        });
      }
      throw new KycError(STEP_FAILED[step], 500, "The image could not be processed. Send it again.", {
        cause: error,
      });
    } finally {
      witness.processed(step, (performance.now() - begun) / 1000);
    }
  }

  /** A file that is no picture that can be judged: it costs no attempt. */
  const noPicture = (claim: Claim, step: Step, { fault, message }: ImageRefusedError) =>
    new KycError(STEP_CODE[step], FAULT_STATUS[fault], message, {
      hints: [fault],
      attemptsLeft: attemptsLeft(claim.verification, step),
      extra: { image_fault: fault },
    });

  const attemptsUsed = (v: Verification, step: Step) => v[COUNTED[step]];
  const attemptsLeft = (v: Verification, step: Step) => Math.max(0, policy.attempts - attemptsUsed(v, step));

  /**
   * A refused photograph costs an attempt; the last one ends the verification.
   * @param change  what is written with it
   * @param extra   further members of the answer
   */
  async function refusePhotograph(
    claim: Claim,
    step: Step,
    hints: readonly Hint[],
    { change = {}, extra = {} }: { change?: Change; extra?: Readonly<Record<string, unknown>> } = {},
  ): Promise<never> {
    const { verification } = claim;
    witness.photographed(step, hints);
    const used = attemptsUsed(verification, step) + 1;
    const counted: Change = { ...change, [COUNTED[step]]: used };
    const left = policy.attempts - used;
    const spoken = new KycError(STEP_CODE[step], 400, "", { hints }).hints ?? [];
    const error = new KycError(STEP_CODE[step], 400, spoken.map((hint) => hint.en).join(" "), {
      hints,
      attemptsLeft: Math.max(0, left),
      extra: { ...extra, verification_status: left > 0 ? verification.status : "REJECTED" },
    });
    if (left > 0) {
      await settle(claim, counted, [], refusalOf(error));
    } else {
      const reason = usedUp(step, policy.attempts);
      await complete(claim, counted, "REJECTED", reason, refusalOf(error));
    }
    throw error;
  }

  async function settle(
    claim: Claim,
    change: Change,
    events: readonly KycEvent[] = [],
    refusal?: Refusal,
  ): Promise<Verification> {
    return takenOver(claim, await verifications.settle(claim, change, events, clock.now(), refusal), change);
  }

  /** @throws KycError 503 where nothing was written, because the claim had been lost */
  async function takenOver(
    { upload }: Claim,
    settled: Verification | null,
    change: Change,
  ): Promise<Verification> {
    // The lease ran out and somebody else may have gone on from the state before: this result must not overwrite theirs.
    if (settled === null) {
      const { ktpImage, selfieImage, portraitImage, signatureImage, challenge } = change;
      // The photograph of an upload is its own: whoever goes on with it needs it.
      for (const orphan of [
        ktpImage,
        selfieImage,
        portraitImage,
        signatureImage,
        ...(challenge?.frames ?? []),
      ])
        if (orphan && orphan !== upload?.image) await images.remove(orphan);
      throw new KycError(
        "KYC_SYS_001",
        503,
        "The verification was taken over in the meantime. Fetch its status.",
        {
          retryAfter: 1,
        },
      );
    }
    return settled;
  }

  /** Ends a verification, with its event, in one transaction. */
  async function complete(
    claim: Claim,
    change: Change,
    status: "VERIFIED" | "REJECTED" | "FAILED",
    reason: string | null,
    refusal?: Refusal,
  ): Promise<Verification> {
    const ending = end(claim.verification, change, status, reason);
    const done = await settle(claim, ending.change, ending.events, refusal);
    witness.completed(done.type, status, reasonsOf(done));
    return done;
  }

  /** Asks the registry for a claimed PROCESSING verification whose other evidence is complete, and decides. */
  async function askRegistry(claim: Claim): Promise<Verification> {
    const v = claim.verification;
    const ktp = v.ktp;
    if (!ktp?.nik || !ktp.name) throw new Error("a verification without NIK and name came to the registry");
    let result: DukcapilResult;
    let waiting: Change = {};
    try {
      result = await dukcapil.verify({
        nik: ktp.nik,
        name: ktp.name,
        birthPlace: ktp.birth_place,
        birthDate: ktp.birth_date,
      });
      registry.answered();
    } catch (error) {
      if (!(error instanceof DukcapilUnavailableError)) {
        await verifications.release(claim);
        throw error;
      }
      const now = clock.now();
      const tries = v.dukcapilTries + 1;
      const tooLate = now.getTime() - v.createdAt.getTime() > parts.giveUpAfterHours * 3_600_000;
      // A question that the registry cannot take does not get better by being asked again.
      const unaskable = error instanceof DukcapilQueryError;
      if (!unaskable) registry.unanswered();
      const givenUp = tooLate || unaskable;
      const backOff = Math.min(RETRY_SECONDS.first * 2 ** (tries - 1), RETRY_SECONDS.last);
      const seconds = Math.max(backOff, (error.retryAfterMs ?? 0) / 1000);
      result = unanswered(ktp.nik, givenUp ? "ERROR" : "PENDING");
      waiting = { dukcapilTries: tries, dukcapilDueAt: new Date(now.getTime() + seconds * 1000) };
    }
    const now = clock.now();
    const concluded = await verifications.conclude(
      claim,
      (duplicateOf) => {
        const evidence = { ktp, liveness: v.liveness, faceMatch: v.faceMatch, dukcapil: result, duplicateOf };
        const { decision, reasons } = consider({ type: v.type, ...evidence }, policy);
        const change: Change = { ...waiting, dukcapil: result, duplicateOf };
        if (decision.status === "PROCESSING") return { change, events: [] };
        if (decision.status === "IN_REVIEW") {
          const waits = { status: "IN_REVIEW", reasons, reviewSince: now, dukcapilDueAt: null } as const;
          return { change: { ...change, ...waits }, events: [] };
        }
        return end(v, change, decision.status, decision.status === "VERIFIED" ? null : decision.reason);
      },
      now,
    );
    const done = await takenOver(claim, concluded, {});
    if (result.match_score !== null) witness.scored("registry", result.match_score);
    if (FINAL.has(done.status)) witness.completed(done.type, done.status, reasonsOf(done));
    return done;
  }

  /**
   * Stores a step's evidence first, then asks the registry: a process killed between the two loses neither, because
   * the check is due from then on.
   */
  async function storeAndAsk(
    claim: Claim,
    change: Change,
    events: readonly KycEvent[],
  ): Promise<Verification> {
    const nik = change.ktp?.nik ?? claim.verification.ktp?.nik;
    const stored = await settle(
      claim,
      {
        ...change,
        status: "PROCESSING",
        dukcapil: unanswered(nik ?? "", "PENDING"),
        dukcapilDueAt: new Date(clock.now().getTime() + FIRST_TRY_SECONDS * 1000),
      },
      events,
    );
    const again = await verifications.claim(stored.verificationId, clock.now(), LEASE_SECONDS, claim.by);
    return again === null || again === "busy" ? stored : askRegistry(again);
  }

  async function ktpStep(claim: Claim, image: Uint8Array, withCrops: boolean): Promise<KtpStepAnswer> {
    const report = await look(claim, "ktp", () => vision.readKtp(image));
    const v = claim.verification;
    const { verificationId } = v;
    const judgement: Judgement = judgeKtp(report, v.type, policy);
    if (!judgement.accepted) return refusePhotograph(claim, "ktp", judgement.hints);
    const { result: ktp, crops } = report;
    witness.photographed("ktp", []);
    witness.scored("ocr", ktp.confidence);
    const change: Change = {
      status: "PROCESSING",
      ktp,
      ktpImage: await keep(claim, "ktp", "ktp", image),
      portraitImage: crops && (await keep(claim, "ktp", "portrait", crops.portrait)),
      signatureImage: crops && (await keep(claim, "ktp", "signature", crops.signature)),
      nik: ktp.nik ?? undefined,
      portraitEmbedding: report.portrait?.embedding ?? null,
      embeddingModel: report.portrait ? vision.faceModel.name : null,
    };
    const uploaded: KycEvent = {
      kind: "ktp_uploaded",
      value: { verification_id: verificationId, user_id: v.userId, nik: eventNik(ktp.nik), name: ktp.name },
    };
    const done =
      v.type === "FULL_KYC"
        ? await settle(claim, change, [uploaded])
        : await storeAndAsk(claim, change, [uploaded]);
    return ktpAnswer({ ...done, ktp }, withCrops ? { crops: crops && base64Of(crops) } : {});
  }

  /** @throws KycError where the selfie step cannot be taken with this picture, or without one */
  async function refuseSelfie(v: Verification, image: Uint8Array | null): Promise<Challenge | null> {
    refuseWithoutSpoofing();
    // One that was passed before a reviewer asked again counts no more: its face went with the selfie.
    const passed = v.selfieEmbedding
      ? ((await challenges.of(v.verificationId)).findLast((one) => one.passed) ?? null)
      : null;
    refuseWithoutChallenge(passed, image);
    return passed;
  }

  /** @param image  null: the best frame of the liveness challenge that was passed */
  async function selfieStep(claim: Claim, image: Uint8Array | null): Promise<SelfieStepAnswer> {
    const v = claim.verification;
    const { passed, selfie } = await releasing(claim, async () => ({
      passed: await refuseSelfie(v, image),
      selfie: image ?? (await images.get(v.selfieImage ?? "")),
    }));
    const report = await look(claim, "selfie", () => vision.judgeSelfie(selfie));
    const judgement = judgeSelfie(report, policy);
    if (!judgement.accepted) return refusePhotograph(claim, "selfie", judgement.hints);
    const faceMatch = matchFaces(v, report);
    witness.photographed("selfie", []);
    witness.scored("liveness", report.liveness.confidence);
    if (faceMatch.similarity_score !== null) witness.scored("face_match", faceMatch.similarity_score);
    const selfieEmbedding = report.face?.embedding ?? null;
    // Movements of one face and a picture of another prove nothing.
    if (passed && !isSameFace(v, selfieEmbedding)) return refusePhotograph(claim, "selfie", ["another_face"]);
    const done = await storeAndAsk(
      claim,
      {
        ...(image && { selfieImage: await keep(claim, "selfie", "selfie", image) }),
        liveness: passed ? withChallenge(report.liveness, passed) : report.liveness,
        faceMatch,
        selfieEmbedding,
        selfieModel: selfieEmbedding && vision.faceModel.name,
      },
      [],
    );
    return selfieAnswer(done);
  }

  const later = uploading({
    ...parts,
    open,
    takenOver: (claim) => takenOver(claim, null, {}),
    /** What can be said of a photograph without a thread to lose on it. */
    async inspect(claim, step, image) {
      if (step === "selfie") await refuseSelfie(claim.verification, image);
      if (image === null) return;
      try {
        await inspectImage(image);
      } catch (error) {
        throw error instanceof ImageRefusedError ? noPicture(claim, step, error) : error;
      }
    },
    keep,
    releasing,
    step: (claim, { step, withCrops }, image) =>
      step === "ktp" && image ? ktpStep(claim, image, withCrops) : selfieStep(claim, image),
    /** The answer of a step that was settled, by what was stored of it. */
    async answer({ step, withCrops, verificationId }) {
      const v = await verifications.summary(verificationId);
      if (v === null) return null;
      if (step === "selfie") return selfieAnswer(v);
      if (!withCrops) return ktpAnswer(v, {});
      const { portraitImage, signatureImage } = v;
      if (portraitImage === null || signatureImage === null) return ktpAnswer(v, { crops: null });
      const [portrait, signature] = await Promise.all([portraitImage, signatureImage].map(images.get));
      return ktpAnswer(v, { crops: base64Of({ portrait, signature }) });
    },
    mayRead,
    record,
    notFound,
    notYours,
  });

  return {
    async start(caller, { userId, type, consent, consentLater = false }) {
      if (!mayAct(caller, userId)) {
        await record("access.refused", caller, userId, null, { to: "start" });
        throw new KycError("KYC_AUTH_003", 403, "The token's subject may not act for this user_id.");
      }
      refuseConsent(consent, policy.consentRequired && !consentLater, clock.now());
      const created = await verifications.start({
        verificationId: parts.newId(),
        userId,
        type,
        consent,
        by: caller,
        now: clock.now(),
      });
      witness.started(type);
      return {
        verification_id: created.verificationId,
        status: created.status,
        message: "Please upload KTP image",
      };
    },

    async submitKtp(caller, verificationId, image, withCrops = false) {
      return ktpStep(await open(caller, verificationId, "ktp"), image, withCrops);
    },

    async submitSelfie(caller, verificationId, image) {
      return selfieStep(await open(caller, verificationId, "selfie"), image);
    },

    accept: later.accept,
    upload: later.upload,
    judgeUpload: later.judge,
    tendUploads: later.tend,

    async challenge(caller, verificationId) {
      const claim = await open(caller, verificationId, "liveness");
      const { given, next } = await releasing(claim, async () => {
        refuseWithoutSpoofing();
        const given = await challenges.of(verificationId);
        return { given, next: nextChallenge(verificationId, given, parts.newId, clock.now()) };
      });
      if (given.includes(next)) await verifications.release(claim);
      else await settle(claim, { challenge: next });
      return {
        verification_id: verificationId,
        challenge_id: next.challengeId,
        nonce: next.nonce,
        actions: next.actions,
        expires_at: next.expiresAt.toISOString(),
      };
    },

    async submitFrames(caller, verificationId, challengeId, sent) {
      const claim = await open(caller, verificationId, "liveness");
      const asked = await releasing(claim, async () => {
        refuseWithoutSpoofing();
        return challengeFor(challengeId, sent, await challenges.of(verificationId), clock.now());
      });
      const report = await look(claim, "liveness", () => vision.judgeChallenge(sent.frames, asked.actions));
      const { verdict, best, embedding } = report;
      const frames = await Promise.all(
        report.evidence.map((frame) => frame && keep(claim, "liveness", "action", frame)),
      );
      const challenge = { ...asked, usedAt: clock.now(), passed: verdict.passed, verdict, frames };
      if (!verdict.passed || best === null || embedding === null) {
        return refusePhotograph(claim, "liveness", challengeHints(verdict), {
          change: { challenge },
          extra: { challenge_id: challengeId, ...verdict },
        });
      }
      await settle(claim, {
        challenge,
        selfieImage: await keep(claim, "liveness", "selfie", sent.frames[best].bytes),
        selfieEmbedding: embedding,
        selfieModel: vision.faceModel.name,
      });
      return {
        verification_id: verificationId,
        challenge_id: challengeId,
        ...verdict,
        next_step: "Please upload selfie image, or leave it out to use the best frame",
      };
    },

    async relink(caller, verificationId) {
      const found = await verifications.summary(verificationId);
      if (found === null) throw notFound();
      const may = mayAct(caller, found.userId);
      const action = may ? "verification.linked" : "access.refused";
      await record(action, caller, found.userId, verificationId, may ? undefined : { to: "link" });
      if (!may) throw notYours();
      if (FINAL.has(found.status)) {
        throw new KycError("KYC_VAL_001", 409, `This verification is complete (${found.status}).`, {
          extra: { verification_status: found.status },
        });
      }
      return found.userId;
    },

    async status(caller, verificationId) {
      const found = await verifications.shown(verificationId);
      if (found === null) throw notFound();
      const may = mayRead(caller, found.userId);
      const action = may ? "verification.read" : "access.refused";
      await record(action, caller, found.userId, verificationId, may ? undefined : { to: "status" });
      if (!may) throw notYours();
      return view(found, mayReview(caller));
    },

    async history(caller, userId, limit, cursor) {
      if (!mayRead(caller, userId)) {
        await record("access.refused", caller, userId, null, { to: "history" });
        throw new KycError(
          "KYC_AUTH_003",
          403,
          "The token's subject may not read this user's verifications.",
        );
      }
      const { items, next } = await verifications.history({
        userId,
        limit,
        cursor,
        by: caller,
        now: clock.now(),
      });
      return { items: items.map((item) => view(item, mayReview(caller))), next };
    },

    async ownerOf(verificationId) {
      return (await verifications.summary(verificationId))?.userId ?? null;
    },

    sweep() {
      const now = clock.now();
      return verifications.sweep(now, new Date(now.getTime() - OVERDUE_MS), LEASE_SECONDS);
    },

    async resumeDue() {
      const begun = performance.now();
      for (let asked = 0; ; ) {
        if (registry.over()) await verifications.hasten(clock.now());
        const due = await verifications.claimDue(clock.now(), DUE_BATCH, LEASE_SECONDS);
        // One that fails must not leave the others behind: its claim ends by itself, and it is due again.
        const done = await Promise.allSettled(due.map(askRegistry));
        const failed = done.filter((result) => result.status === "rejected");
        if (failed.length > 0)
          throw new AggregateError(
            failed.map(({ reason }) => reason),
            "registry checks failed",
          );
        asked += due.length;
        const unanswered = done.some(
          (result) => result.status === "fulfilled" && result.value.dukcapil?.status === "PENDING",
        );
        if (due.length < DUE_BATCH || unanswered || performance.now() - begun > DUE_TURN_MS) return asked;
      }
    },
  };

  /** Gives the claim back where `work` refuses. */
  async function releasing<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await verifications.release(claim);
      throw error;
    }
  }

  /** @throws KycError 503 where nothing here can tell a face from a picture of one */
  function refuseWithoutSpoofing(): void {
    if (vision.strongSpoofing || policy.baselineMayDecide) return;
    throw new KycError(
      "KYC_SYS_003",
      503,
      "Selfies cannot be judged: the strong spoofing networks are not installed on this service.",
      { retryAfter: LEASE_SECONDS },
    );
  }

  /** @throws KycError 409 where movements are demanded and were not seen, 400 where there is no picture at all */
  function refuseWithoutChallenge(passed: Challenge | null, image: Uint8Array | null): void {
    if (passed !== null) return;
    if (policy.liveness === "active") {
      throw new KycError(
        "KYC_VAL_002",
        409,
        "Pass a liveness challenge first: POST /api/v1/kyc/verify/{verification_id}/liveness.",
      );
    }
    if (image === null) {
      throw new KycError("KYC_VAL_002", 400, "selfie_image is missing.", {
        extra: { errors: [{ field: "selfie_image", message: "is missing." }] },
      });
    }
  }

  /** Whether a selfie shows who did the movements. */
  function isSameFace(v: Verification, selfie: Float32Array | null): boolean {
    if (selfie === null || v.selfieEmbedding === null || v.selfieModel !== vision.faceModel.name)
      return false;
    return cosineSimilarity(v.selfieEmbedding, selfie) >= vision.faceModel.threshold;
  }

  /** Stores a photograph; where that fails the step has not happened. */
  async function keep(claim: Claim, step: Step, kind: ImageKind, image: Uint8Array): Promise<string> {
    if (kind === step && claim.upload?.image) return claim.upload.image;
    try {
      return await images.put(claim.verification.verificationId, kind, image);
    } catch (error) {
      await verifications.release(claim);
      throw new KycError(
        STEP_FAILED[step],
        503,
        "The image could not be stored. Send it again in a moment.",
        {
          retryAfter: 5,
          cause: error,
        },
      );
    }
  }

  function matchFaces(v: Verification, report: SelfieReport): FaceMatchResult {
    // Embeddings of two networks cannot be compared: the card's portrait then counts as not found.
    const portrait = v.embeddingModel === vision.faceModel.name ? v.portraitEmbedding : null;
    return compare(portrait, report.face?.embedding ?? null, vision.faceModel.threshold);
  }
}

/** @param cut  the crops, where they were asked for */
function ktpAnswer(
  v: Summary & { readonly ktp: KtpOcrResult | null },
  cut: Pick<KtpStepAnswer, "crops">,
): KtpStepAnswer {
  const { verificationId: verification_id, status } = v;
  const ocr_result = v.ktp as KtpOcrResult;
  if (v.type === "FULL_KYC")
    return { verification_id, status, ocr_result, ...cut, next_step: "Please upload selfie image" };
  return {
    verification_id,
    status,
    ocr_result,
    ...cut,
    next_step: FINAL.has(status)
      ? "Verification is complete"
      : "Please wait for the civil registry: poll the status or take the event",
    dukcapil_result: v.dukcapil,
    ...(v.rejectionReason === null ? {} : { rejection_reason: v.rejectionReason }),
  };
}

const selfieAnswer = (v: Summary): SelfieStepAnswer => ({
  verification_id: v.verificationId,
  status: v.status,
  liveness_result: v.liveness,
  face_match_result: v.faceMatch,
  dukcapil_result: v.dukcapil,
  ...(v.rejectionReason === null ? {} : { rejection_reason: v.rejectionReason }),
});

const base64Of = ({ portrait, signature }: KtpCrops) => ({
  portrait: Buffer.from(portrait).toString("base64"),
  signature: Buffer.from(signature).toString("base64"),
});

/** @throws KycError 400 where a consent is needed and none is given, or one that nobody can have given yet */
export function refuseConsent(consent: Consent | undefined, required: boolean, now: Date): void {
  if (consent === undefined) {
    if (!required) return;
    throw new KycError(
      "KYC_VAL_001",
      400,
      "The user's consent is missing. Send consent: { version, at } with the start.",
    );
  }
  const ahead = consent.at.getTime() - now.getTime();
  if (Number.isNaN(ahead) || ahead > CONSENT_AHEAD_MS) {
    throw new KycError(
      "KYC_VAL_001",
      400,
      "consent.at lies in the future. Send the time at which the user agreed.",
    );
  }
}

/** @throws KycError 409 where the verification is not waiting for this step */
function refuseWrongStep(v: Summary, step: Step): void {
  const wrong = (what: string) => {
    throw new KycError(STEP_CODE[step], 409, what, { extra: { verification_status: v.status } });
  };
  if (FINAL.has(v.status)) wrong(`This verification is complete (${v.status}). Start a new one.`);
  if (step === "ktp" && v.status !== "PENDING") wrong("The KTP of this verification was already accepted.");
  if (step === "selfie" || step === "liveness") {
    if (v.type === "BASIC_KYC") wrong("A BASIC_KYC verification takes no selfie.");
    if (v.status === "PENDING") wrong("Upload the KTP image first: POST /api/v1/kyc/verify/ktp.");
    if (v.liveness !== null) wrong("The selfie of this verification was already accepted.");
  }
}

/** The challenge's verdict beside what one picture told. */
const withChallenge = (liveness: LivenessResult, { challengeId, verdict }: Challenge): LivenessResult => ({
  ...liveness,
  details: { ...liveness.details, challenge: { challenge_id: challengeId, ...verdict } },
});

/** What stands in place of a verdict while there is none. */
function unanswered(nik: string, status: "PENDING" | "ERROR"): DukcapilResult {
  return {
    nik,
    is_valid: false,
    name: null,
    birth_date: null,
    gender: null,
    status,
    match_score: null,
    notes:
      status === "PENDING"
        ? "The civil registry has not answered yet; it is asked again."
        : "The civil registry could not be reached.",
  };
}

/** @param reviews  whether whoever looks may know of other users: a person is not told who else has their face */
function view(v: Shown, reviews: boolean): VerificationView {
  return {
    verification_id: v.verificationId,
    user_id: v.userId,
    verification_type: v.type,
    status: v.status,
    consent: v.consent && { version: v.consent.version, at: v.consent.at.toISOString() },
    ktp_ocr_result: v.ktp,
    liveness_result: v.liveness,
    face_match_result: v.faceMatch,
    dukcapil_result: v.dukcapil,
    rejection_reason: v.rejectionReason,
    rejection_reasons: spokenReasons(v.rejectionReason),
    note: v.note,
    ...(reviews && {
      duplicate_of:
        v.duplicateOf?.map(({ verificationId, by, similarity }) => ({
          verification_id: verificationId,
          by,
          similarity,
        })) ?? null,
    }),
    created_at: v.createdAt.toISOString(),
    completed_at: v.completedAt?.toISOString() ?? null,
  };
}
