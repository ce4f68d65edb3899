import type {
  FaceMatchResult,
  FactBox,
  KtpCheck,
  KtpField,
  KtpOcrResult,
  LivenessResult,
} from "../vision/facts.ts";
import { KTP_FIELDS } from "../vision/facts.ts";
import type { Action } from "../vision/liveness/actions.ts";
import { type DoubtBand, failedChecks } from "./doubt.ts";
import { type Ending, ending } from "./ending.ts";
import { KycError } from "./errors.ts";
import type {
  Actor,
  AuditAction,
  AuditTrail,
  Challenge,
  Challenges,
  Change,
  Claim,
  Clock,
  Conclusion,
  Duplicate,
  Images,
  Review,
  Status,
  Summary,
  Verdict,
  Verification,
  Verifications,
  VerificationType,
} from "./ports.ts";
import { reasonsOf } from "./reasons.ts";
import { type Rejection, SENTENCES } from "./sentences.ts";
import type { Witness } from "./verification.ts";

/** Which verifications are wanted. */
export interface QueueFilter {
  readonly status: Status;
  /** A code of `reasons`. */
  readonly reason?: string;
  /** Whether somebody approved it against a failed check and it waits for a second person. */
  readonly proposed?: boolean;
  /** Started from … on, and before …. */
  readonly from?: Date;
  readonly to?: Date;
  readonly order: "oldest" | "newest";
}

/** A verification in the queue: nothing personal but whose it is. */
export interface QueueItem {
  readonly verificationId: string;
  readonly userId: string;
  readonly type: VerificationType;
  readonly status: Status;
  readonly reasons: readonly string[] | null;
  readonly faceScore: number | null;
  readonly reviewSince: Date | null;
  readonly proposedBy: string | null;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}

export type Period = "day" | "week" | "month";

/** Verifications by how they stand, of those started in a span of time. */
export type Counts = Readonly<Record<Status, number>>;

/** Numbers in steps of one width; `from` belongs to a step, `to` to the next. */
export type Distribution = readonly { readonly from: number; readonly to: number; readonly count: number }[];

/** Of the verifications that were started in a span of time. */
export interface Statistics {
  readonly total: Counts;
  readonly periods: readonly { readonly start: Date; readonly counts: Counts }[];
  /** Of what did not end VERIFIED or waits for a person, the commonest first; one verification may have several. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** From the start to the end, in seconds; null where nothing has ended. */
  readonly seconds: { readonly p50: number; readonly p90: number; readonly p99: number } | null;
  readonly scores: Readonly<Record<"ocr" | "liveness" | "face_match" | "registry", Distribution>>;
}

/** One entry of a verification's audit trail. */
export interface TrailEntry {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What reviewing needs of the database. */
export interface Reviews {
  /** @throws RangeError for a cursor that is none of ours */
  queue(
    filter: QueueFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ readonly items: readonly QueueItem[]; readonly next: string | null }>;
  statistics(from: Date, to: Date, period: Period): Promise<Statistics>;
  /** What was done to and seen of a verification, oldest first; the latest entries where there are very many. */
  trail(verificationId: string, userId: string): Promise<readonly TrailEntry[]>;
}

/** One action of one challenge, of which there may be a frame. */
export interface FrameAsked {
  readonly challengeId: string;
  readonly action: Action;
}

/** What can be shown of a verification, one at a time. */
export const IMAGES_SHOWN = ["card", "portrait", "signature", "selfie"] as const;
export const REVEALABLE = [
  ...KTP_FIELDS,
  "registry_name",
  "registry_birth_date",
  "note",
  ...IMAGES_SHOWN,
  "frame",
] as const;
export type Revealable = (typeof REVEALABLE)[number];

/** What was shown: a text with what the networks had read, or a picture. */
export interface Revealed {
  readonly what: Revealable;
  readonly value: string | null;
  readonly raw: string | null;
  readonly image: Uint8Array | null;
}

/** A field of the card, its value masked. */
export interface MaskedField {
  readonly field: KtpField;
  readonly masked: string | null;
  readonly confidence: number;
  readonly source: string;
  readonly box: FactBox | null;
}

/** What the caller may do with the verification now. */
export type Turn =
  /** Decide; an approval against failed checks is a proposal. */
  | "decide"
  /** Approve as the second person, or decide otherwise. */
  | "confirm"
  /** The caller has approved: somebody else is to. The caller may still decide otherwise. */
  | "wait"
  /** It is the caller's own. */
  | "own"
  /** It is not IN_REVIEW. */
  | "none";

/** One verification before a reviewer. */
export interface ReviewView {
  readonly verification: Summary;
  readonly turn: Turn;
  readonly fields: readonly MaskedField[];
  readonly checks: readonly KtpCheck[];
  readonly ocrConfidence: number | null;
  readonly failed: readonly string[];
  readonly faceMatch: FaceMatchResult | null;
  readonly liveness: LivenessResult | null;
  readonly registry: {
    readonly status: string;
    readonly isValid: boolean;
    readonly score: number | null;
  } | null;
  readonly challenges: readonly Challenge[];
  readonly images: readonly (typeof IMAGES_SHOWN)[number][];
  readonly duplicates: readonly Duplicate[];
  readonly band: DoubtBand;
  readonly trail: readonly TrailEntry[];
}

/** What a reviewer decides. */
export interface Decided {
  readonly verdict: Verdict;
  readonly reason?: Rejection;
  readonly note?: string;
  /** `updatedAt` of what was looked at: what has changed since is not decided unseen. */
  readonly seen: Date;
}

/** For those with the scope kyc:review. Every refusal is a {@link KycError}; all that is seen is in the audit log. */
export interface ReviewService {
  /** @throws RangeError for a cursor that is none of ours */
  queue(
    caller: Actor,
    filter: QueueFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ readonly items: readonly QueueItem[]; readonly next: string | null }>;
  open(caller: Actor, verificationId: string): Promise<ReviewView>;
  /** @param frame  which one, where `what` is a frame */
  reveal(caller: Actor, verificationId: string, what: Revealable, frame?: FrameAsked): Promise<Revealed>;
  /** @returns the verification as it stands now */
  decide(caller: Actor, verificationId: string, decided: Decided): Promise<Summary>;
  /** @param to  at most `STATISTICS_DAYS` after `from` */
  statistics(caller: Actor, from: Date, to: Date, period: Period): Promise<Statistics>;
}

/** The longest span that statistics are counted over. */
export const STATISTICS_DAYS = 400;
const DAY_MS = 86_400_000;
/** Longer than a decision's one transaction takes. */
const LEASE_SECONDS = 30;

export function reviewService({
  verifications,
  reviews,
  challenges,
  audit,
  images,
  clock,
  maskNik,
  maskName,
  fullNik,
  witness,
  band,
}: {
  verifications: Pick<Verifications, "summary" | "claim" | "settle" | "release">;
  reviews: Reviews;
  challenges: Challenges;
  audit: AuditTrail;
  images: Pick<Images, "get">;
  clock: Clock;
  maskNik: (nik: string) => string;
  maskName: (name: string) => string;
  fullNik: boolean;
  witness: Pick<Witness, "completed">;
  /** As reviewers are shown it beside the scores. */
  band: DoubtBand;
}): ReviewService {
  const endings = ending({ clock, maskNik, fullNik });

  /** Written before anything is shown: what cannot be recorded is not seen. */
  const record = (
    action: AuditAction,
    by: Actor,
    v: { readonly userId: string; readonly verificationId: string } | null,
    detail?: Readonly<Record<string, unknown>>,
  ) =>
    audit.record({
      at: clock.now(),
      by,
      action,
      userId: v?.userId ?? null,
      verificationId: v?.verificationId ?? null,
      detail,
    });

  async function refuseOthers(caller: Actor, to: string): Promise<void> {
    // The platform's own scope is not enough: reviewers are persons, and two of them must be two.
    if (caller.scopes.has("kyc:review")) return;
    await record("access.refused", caller, null, { to });
    throw new KycError("KYC_AUTH_003", 403, "This is for reviewers: the token needs the scope kyc:review.");
  }

  async function find(caller: Actor, verificationId: string, to: string): Promise<Summary> {
    await refuseOthers(caller, to);
    const found = await verifications.summary(verificationId);
    if (found === null) throw new KycError("KYC_VAL_003", 404, "There is no such verification.");
    return found;
  }

  /** @throws KycError where it is not the caller's to decide, or not now */
  function refuse(v: Verification, caller: Actor, { verdict, reason, note, seen }: Decided): void {
    if (caller.subject === v.userId) {
      throw new KycError("KYC_AUTH_003", 403, "Nobody decides a verification of their own.");
    }
    const conflict = (what: string) =>
      new KycError("KYC_VAL_001", 409, what, { extra: { verification_status: v.status } });
    if (v.status !== "IN_REVIEW")
      throw conflict(`This verification is ${v.status}: there is nothing to decide.`);
    if (v.updatedAt.getTime() !== seen.getTime()) {
      throw conflict("This verification has changed since it was opened. Look at it again.");
    }
    if (verdict === "approve" && v.proposedBy === caller.subject) {
      throw new KycError("KYC_AUTH_003", 403, "You have approved it already: it takes a second person.");
    }
    if (verdict === "ask_selfie" && v.type === "BASIC_KYC")
      throw conflict("A BASIC_KYC verification takes no selfie.");
    const missing = (field: string) =>
      new KycError("KYC_VAL_001", 400, `${field} is missing.`, {
        extra: { errors: [{ field, message: "is missing." }] },
      });
    if (verdict === "reject" && reason === undefined) throw missing("reason");
    const explained = note !== undefined && note.trim() !== "";
    if (verdict === "reject" && reason === "other" && !explained) throw missing("note");
    // Who goes against a check says why; so does who confirms it.
    if (verdict === "approve" && failedChecks(v).length > 0 && !explained) throw missing("note");
  }

  return {
    async queue(caller, filter, limit, cursor) {
      await refuseOthers(caller, "review queue");
      const page = await reviews.queue(filter, limit, cursor);
      await record("review.listed", caller, null, {
        status: filter.status,
        verifications: page.items.length,
      });
      return page;
    },

    async open(caller, verificationId) {
      const v = await find(caller, verificationId, "review");
      await record("review.opened", caller, v);
      const { ktp, dukcapil } = v;
      return {
        verification: v,
        turn: turnOf(v, caller),
        fields: ktp === null ? [] : KTP_FIELDS.map((field) => masked(field, ktp)),
        checks: ktp?.checks ?? [],
        ocrConfidence: ktp?.confidence ?? null,
        failed: failedChecks(v),
        faceMatch: v.faceMatch,
        liveness: v.liveness,
        registry: dukcapil && {
          status: dukcapil.status,
          isValid: dukcapil.is_valid,
          score: dukcapil.match_score,
        },
        challenges: (await challenges.of(verificationId)).filter(({ usedAt }) => usedAt !== null),
        images: IMAGES_SHOWN.filter((kind) => referenceOf(v, kind) !== null),
        duplicates: v.duplicateOf ?? [],
        band,
        trail: await reviews.trail(verificationId, v.userId),
      };
    },

    async reveal(caller, verificationId, what, frame) {
      const v = await find(caller, verificationId, "reveal");
      const named = frame && { challenge_id: frame.challengeId, action: frame.action };
      await record("review.revealed", caller, v, { what, ...named });
      const text = (value: string | null | undefined, raw: string | null = null): Revealed => ({
        what,
        value: value ?? null,
        raw,
        image: null,
      });
      switch (what) {
        case "card":
        case "portrait":
        case "signature":
        case "selfie":
          return { ...text(null), image: await picture(what, referenceOf(v, what)) };
        case "frame":
          return { ...text(null), image: await picture(what, await frameOf(verificationId, frame)) };
        case "registry_name":
          return text(v.dukcapil?.name);
        case "registry_birth_date":
          return text(v.dukcapil?.birth_date);
        case "note":
          return text(v.note);
        default:
          return text(v.ktp?.[what], v.ktp?.fields[what].raw ?? null);
      }
    },

    async decide(caller, verificationId, decided) {
      await find(caller, verificationId, "decide");
      const claim = await verifications.claim(verificationId, clock.now(), LEASE_SECONDS, caller);
      if (claim === null || claim === "busy") {
        throw new KycError("KYC_VAL_001", 409, "Somebody else is at this verification. Look at it again.");
      }
      const { change, events } = await releasing(claim, async () => {
        refuse(claim.verification, caller, decided);
        return conclusionOf(claim.verification, caller, decided, clock.now(), endings);
      });
      const done = await verifications.settle(claim, change, events, clock.now());
      if (done === null) {
        throw new KycError("KYC_SYS_001", 503, "The verification was taken over. Look at it again.", {
          retryAfter: 1,
        });
      }
      if (done.status === "VERIFIED" || done.status === "REJECTED") {
        witness.completed(done.type, done.status, reasonsOf(done));
      }
      return done;
    },

    async statistics(caller, from, to, period) {
      await refuseOthers(caller, "statistics");
      if (!(from < to) || to.getTime() - from.getTime() > STATISTICS_DAYS * DAY_MS) {
        const message = `must lie after from, by ${STATISTICS_DAYS} days at most.`;
        throw new KycError("KYC_VAL_001", 400, `to ${message}`, {
          extra: { errors: [{ field: "to", message }] },
        });
      }
      await record("review.counted", caller, null, { from: from.toISOString(), to: to.toISOString() });
      return reviews.statistics(from, to, period);
    },
  };

  /** Does what comes before the decision; where it is refused, the claim is given back. */
  async function releasing<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await verifications.release(claim);
      throw error;
    }
  }

  async function frameOf(verificationId: string, frame: FrameAsked | undefined): Promise<string | null> {
    if (frame === undefined) return null;
    const given = await challenges.of(verificationId);
    const challenge = given.find(({ challengeId }) => challengeId === frame.challengeId);
    return challenge?.frames[challenge.actions.indexOf(frame.action)] ?? null;
  }

  async function picture(kind: Revealable, reference: string | null): Promise<Uint8Array> {
    if (reference === null) throw new KycError("KYC_VAL_003", 404, `There is no picture "${kind}".`);
    try {
      return await images.get(reference);
    } catch (cause) {
      throw new KycError("KYC_SYS_001", 503, "The picture cannot be had from the store now.", {
        retryAfter: 5,
        cause,
      });
    }
  }

  function masked(field: KtpField, ktp: KtpOcrResult): MaskedField {
    const { confidence, source, box } = ktp.fields[field];
    const value = ktp[field];
    const hide = field === "nik" ? maskNik : field === "name" ? maskName : () => "***";
    return { field, masked: value === null ? null : hide(value), confidence, source, box };
  }
}

const REFERENCES = {
  card: "ktpImage",
  portrait: "portraitImage",
  signature: "signatureImage",
  selfie: "selfieImage",
} as const;
const referenceOf = (v: Summary, kind: keyof typeof REFERENCES) => v[REFERENCES[kind]];

function turnOf(v: Summary, caller: Actor): Turn {
  if (v.status !== "IN_REVIEW") return "none";
  if (v.userId === caller.subject) return "own";
  if (v.proposedBy === null) return "decide";
  return v.proposedBy === caller.subject ? "wait" : "confirm";
}

/** What asking again takes back; the pictures go with it, and so do the attempts. */
const SELFIE_AGAIN = {
  selfieImage: null,
  challengeFrames: null,
  selfieEmbedding: null,
  selfieModel: null,
  liveness: null,
  faceMatch: null,
  dukcapil: null,
  duplicateOf: null,
  selfieAttempts: 0,
  livenessAttempts: 0,
  dukcapilTries: 0,
  reasons: null,
  reviewSince: null,
} as const satisfies Change;
const CARD_AGAIN = {
  ...SELFIE_AGAIN,
  ktp: null,
  ktpImage: null,
  portraitImage: null,
  signatureImage: null,
  portraitEmbedding: null,
  embeddingModel: null,
  ktpAttempts: 0,
} as const satisfies Change;

/** What becomes of a verification by what a reviewer says: the state machine's part that persons turn. */
export function conclusionOf(
  v: Verification,
  caller: Actor,
  { verdict, reason, note }: Pick<Decided, "verdict" | "reason" | "note">,
  now: Date,
  { end }: Ending,
): Conclusion {
  const overrides = verdict === "approve" ? failedChecks(v) : [];
  const said: Review = {
    by: caller.subject,
    at: now.toISOString(),
    verdict,
    reason: verdict === "reject" ? (reason ?? null) : null,
    note: note?.trim() || null,
    overrides,
  };
  const change: Change = { reviews: [...v.reviews, said], proposedBy: null };
  switch (verdict) {
    case "approve":
      // One person's word does not undo a check.
      if (overrides.length > 0 && v.proposedBy === null) {
        return { change: { ...change, proposedBy: caller.subject }, events: [] };
      }
      return end(v, change, "VERIFIED", null);
    case "reject": {
      const code = `review_${reason ?? "other"}` as const;
      return end(v, change, "REJECTED", SENTENCES[code].en, [code]);
    }
    case "ask_card":
      return askedAgain("ktp", { ...CARD_AGAIN, status: "PENDING" });
    case "ask_selfie":
      return askedAgain("selfie", { ...SELFIE_AGAIN, status: "PROCESSING" });
  }

  /** Whoever sent the person here is told: nobody else can reach them. */
  function askedAgain(step: "ktp" | "selfie", again: Change & { readonly status: Status }): Conclusion {
    const { verificationId: verification_id, userId: user_id } = v;
    const value = { verification_id, user_id, status: again.status, step };
    return { change: { ...change, ...again }, events: [{ kind: "resubmission_requested", value }] };
  }
}
