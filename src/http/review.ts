import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import { type Clock, VERDICTS } from "../verification/ports.ts";
import {
  IMAGES_SHOWN,
  REVEALABLE,
  type ReviewService,
  type ReviewView,
  STATISTICS_DAYS,
} from "../verification/review.ts";
import { REJECTIONS } from "../verification/sentences.ts";
import { KTP_FIELDS } from "../vision/facts.ts";
import { ACTIONS } from "../vision/liveness/actions.ts";
import type { Once } from "./idempotency.ts";
import {
  Box,
  Kind,
  Moment,
  nullable,
  open,
  PAGE_SIZE,
  PageQuery,
  PostHeaders,
  problems,
  ref,
  StatusName,
  VerificationParams,
} from "./schemas.ts";
import { refuseFields } from "./validation.ts";

const text = nullable(Type.String());
const number = nullable(Type.Number());
const Reasons = nullable(
  Type.Array(Type.String(), { description: "why it stands where it stands, by code (docs/review.md)" }),
);
const PERIODS = ["day", "week", "month"] as const;
const NOTE_LENGTH = 500;
const Code = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-z0-9_]+$" });
const day = (description: string) => Type.Optional(Type.String({ format: "date-time", description }));

const QueueQuery = Type.Object({
  status: Type.Optional({ ...StatusName, default: "IN_REVIEW" }),
  reason: Type.Optional(Code),
  proposed: Type.Optional(
    Type.Enum(["yes", "no"], { description: "yes: those that wait for a second person" }),
  ),
  from: day("started from then on"),
  to: day("started before then"),
  min_age_hours: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 87_600, description: "started at least so long ago" }),
  ),
  order: Type.Optional(Type.Enum(["oldest", "newest"], { default: "oldest" })),
  limit: PageQuery.properties.limit,
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: "next_cursor of the page before" }),
  ),
});

const standing = {
  verification_id: Type.String(),
  user_id: Type.String(),
  verification_type: Kind,
  status: StatusName,
  reasons: Reasons,
  review_since: nullable(Moment),
  proposed_by: nullable(
    Type.String({ description: "who approved against a failed check: it waits for a second person" }),
  ),
  created_at: Moment,
  completed_at: nullable(Moment),
};

const QueueAnswer = Type.Object(
  {
    items: Type.Array(Type.Object({ ...standing, face_score: number }, open)),
    next_cursor: text,
  },
  { ...open, description: "One page of the queue, nothing personal but the user_id." },
);

const ReviewAnswer = Type.Object(
  {
    ...standing,
    updated_at: Moment,
    rejection_reason: text,
    turn: Type.Enum(["decide", "confirm", "wait", "own", "none"], {
      description:
        "what the caller may do: decide; confirm as the second person; wait for one; nothing, it is their own, or there is nothing to decide",
    }),
    fields: Type.Array(
      Type.Object(
        {
          field: Type.Enum([...KTP_FIELDS]),
          masked: text,
          confidence: Type.Number(),
          source: Type.String(),
          box: nullable(Box),
        },
        open,
      ),
    ),
    checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() }, open)),
    ocr_confidence: number,
    failed_checks: Type.Array(Type.String(), { description: "an approval goes against these" }),
    face_match: nullable(ref("FaceMatchResult")),
    liveness: nullable(ref("LivenessResult")),
    registry: nullable(Type.Object({ status: Type.String(), is_valid: Type.Boolean(), score: number })),
    challenges: Type.Array(
      Type.Object(
        {
          challenge_id: Type.String(),
          at: nullable(Moment),
          passed: nullable(Type.Boolean()),
          actions: Type.Array(
            Type.Object(
              {
                action: Type.Enum([...ACTIONS]),
                seen: Type.Boolean(),
                peak: nullable(
                  Type.Number({ description: "when it was farthest: milliseconds since the first frame" }),
                ),
                reach: nullable(
                  Type.Number({
                    description: "how far it went: a share (blink, open_mouth, move_closer) or degrees",
                  }),
                ),
                fault: nullable(Type.Enum(["not_seen", "too_fast", "too_slow"])),
                frame: Type.Boolean({ description: "whether a frame of it can be revealed" }),
              },
              open,
            ),
          ),
          checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), value: number }, open)),
          frames: Type.Integer(),
        },
        open,
      ),
    ),
    images: Type.Array(Type.Enum([...IMAGES_SHOWN]), { description: "pictures that can be revealed" }),
    note_left: Type.Boolean({ description: "whether the person left a note" }),
    duplicates: Type.Array(
      Type.Object({ verification_id: Type.String(), by: Type.Enum(["face", "nik"]), similarity: number }),
    ),
    band: Type.Object(
      {
        face: Type.Object({ above: Type.Number(), below: Type.Number() }),
        liveness: Type.Number(),
        nik: Type.Number(),
        name: Type.Number(),
        reading: Type.Number(),
        registry: Type.Object({ sure: Type.Number(), least: Type.Number() }),
      },
      { ...open, description: "the band of doubt" },
    ),
    reviews: Type.Array(
      Type.Object(
        {
          by: Type.String(),
          at: Moment,
          verdict: Type.Enum([...VERDICTS]),
          reason: text,
          note: text,
          overrides: Type.Array(Type.String()),
        },
        open,
      ),
      { description: "what persons said, oldest first" },
    ),
    trail: Type.Array(
      Type.Object({
        at: Moment,
        actor: Type.String(),
        action: Type.String(),
        detail: Type.Record(Type.String(), Type.Unknown()),
      }),
      { description: "the audit log of this verification, oldest first" },
    ),
  },
  { ...open, description: "What a reviewer sees; personal data masked." },
);

const RevealRequest = Type.Object({
  what: Type.Enum([...REVEALABLE]),
  challenge_id: Type.Optional(Type.String({ maxLength: 36, description: "of a frame: whose it is" })),
  action: Type.Optional(Type.Enum([...ACTIONS], { description: "of a frame: what it shows" })),
});
const RevealAnswer = Type.Object({
  what: Type.String(),
  value: text,
  raw: nullable(Type.String({ description: "what the networks read, before any correction" })),
  image: nullable(
    Type.Object({
      media_type: Type.Enum(["image/jpeg", "image/png", "image/webp"]),
      data: Type.String({ description: "base64" }),
    }),
  ),
});

const DecisionRequest = Type.Object({
  verdict: Type.Enum([...VERDICTS], {
    description: "ask_card and ask_selfie take back what was sent, and wait for it anew",
  }),
  seen: Type.String({ format: "date-time", description: "updated_at of what was looked at" }),
  reason: Type.Optional(Type.Enum([...REJECTIONS], { description: "of a rejection" })),
  note: Type.Optional(
    Type.String({
      maxLength: NOTE_LENGTH,
      pattern: `^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f]{0,${NOTE_LENGTH}}$`,
      description: "needed to reject with the reason other, and to approve against a failed check",
    }),
  ),
});
const DecisionAnswer = Type.Object(
  {
    verification_id: Type.String(),
    status: StatusName,
    proposed_by: text,
    rejection_reason: text,
  },
  { ...open, description: "How it stands now: IN_REVIEW still, where a second person is needed." },
);

const StatisticsQuery = Type.Object({
  from: day("default: 30 days before to"),
  to: day("default: now"),
  period: Type.Optional(Type.Enum([...PERIODS], { default: "day" })),
});
const CountsOf = Type.Object(
  Object.fromEntries(
    ["PENDING", "PROCESSING", "IN_REVIEW", "VERIFIED", "REJECTED", "FAILED"].map((status) => [
      status,
      Type.Integer(),
    ]),
  ),
);
const DistributionOf = Type.Array(
  Type.Object({ from: Type.Number(), to: Type.Number(), count: Type.Integer() }),
);
const StatisticsAnswer = Type.Object(
  {
    from: Moment,
    to: Moment,
    total: CountsOf,
    pass_rate: nullable(
      Type.Number({ minimum: 0, maximum: 1, description: "VERIFIED of all that ended; null: none has" }),
    ),
    periods: Type.Array(Type.Object({ start: Moment, counts: CountsOf })),
    reasons: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
    seconds: nullable(
      Type.Object(
        { p50: Type.Number(), p90: Type.Number(), p99: Type.Number() },
        { description: "from the start to the end" },
      ),
    ),
    scores: Type.Object({
      ocr: DistributionOf,
      liveness: DistributionOf,
      face_match: DistributionOf,
      registry: DistributionOf,
    }),
  },
  { ...open, description: "Of the verifications started in a span of time." },
);

const HOUR_MS = 3_600_000;
const DEFAULT_SPAN_MS = 30 * 24 * HOUR_MS;
const iso = (moment: Date | null) => moment?.toISOString() ?? null;

/** The routes of those who review: each a schema and a call. */
export function reviewRoutes(
  app: FastifyInstance,
  { review, once, clock }: { review: ReviewService; once: Once; clock: Clock },
): void {
  const common = { tags: ["review"], security: [{ bearer: [] }] };
  const reading = problems(400, 401, 403, 429, 500, 503);
  const finding = problems(400, 401, 403, 404, 429, 500, 503);

  app.get(
    "/review/queue",
    {
      schema: {
        ...common,
        operationId: "listReviews",
        summary: "Verifications to review, or others by their status (scope kyc:review)",
        querystring: QueueQuery,
        response: { 200: QueueAnswer, ...reading },
      },
    },
    async (request) => {
      const query = request.query as Static<typeof QueueQuery>;
      const { limit = PAGE_SIZE, cursor, min_age_hours: age } = query;
      const before = Math.min(
        age === undefined ? Infinity : clock.now().getTime() - age * HOUR_MS,
        query.to === undefined ? Infinity : Date.parse(query.to),
      );
      const filter = {
        status: query.status ?? "IN_REVIEW",
        order: query.order ?? "oldest",
        ...(query.reason !== undefined && { reason: query.reason }),
        ...(query.proposed !== undefined && { proposed: query.proposed === "yes" }),
        ...(query.from !== undefined && { from: new Date(query.from) }),
        ...(before < Infinity && { to: new Date(before) }),
      } as const;
      try {
        const { items, next } = await review.queue(request.caller, filter, limit, cursor);
        return {
          items: items.map((item) => ({
            verification_id: item.verificationId,
            user_id: item.userId,
            verification_type: item.type,
            status: item.status,
            reasons: item.reasons,
            face_score: item.faceScore,
            review_since: iso(item.reviewSince),
            proposed_by: item.proposedBy,
            created_at: item.createdAt.toISOString(),
            completed_at: iso(item.completedAt),
          })),
          next_cursor: next,
        };
      } catch (error) {
        // The repository's word for a cursor that is none of its own.
        if (!(error instanceof RangeError)) throw error;
        throw refuseFields("KYC_VAL_001", [
          { field: "cursor", message: "is not from a page of this queue. Start without it." },
        ]);
      }
    },
  );

  app.get(
    "/review/statistics",
    {
      schema: {
        ...common,
        operationId: "getStatistics",
        summary: "Volume, outcomes, reasons, duration and scores (scope kyc:review)",
        description: `Of what was started in a span of at most ${STATISTICS_DAYS} days.`,
        querystring: StatisticsQuery,
        response: { 200: StatisticsAnswer, ...reading },
      },
    },
    async (request) => {
      const query = request.query as Static<typeof StatisticsQuery>;
      const to = query.to === undefined ? clock.now() : new Date(query.to);
      const from = query.from === undefined ? new Date(to.getTime() - DEFAULT_SPAN_MS) : new Date(query.from);
      const counted = await review.statistics(request.caller, from, to, query.period ?? "day");
      const { VERIFIED, REJECTED, FAILED } = counted.total;
      const ended = VERIFIED + REJECTED + FAILED;
      return {
        from: from.toISOString(),
        to: to.toISOString(),
        total: counted.total,
        pass_rate: ended === 0 ? null : VERIFIED / ended,
        periods: counted.periods.map(({ start, counts }) => ({ start: start.toISOString(), counts })),
        reasons: counted.reasons,
        seconds: counted.seconds,
        scores: counted.scores,
      };
    },
  );

  app.get(
    "/review/:verification_id",
    {
      schema: {
        ...common,
        operationId: "openReview",
        summary: "One verification before a reviewer, personal data masked (scope kyc:review)",
        params: VerificationParams,
        response: { 200: ReviewAnswer, ...finding },
      },
    },
    async (request) => {
      const { verification_id: id } = request.params as Static<typeof VerificationParams>;
      return spoken(await review.open(request.caller, id));
    },
  );

  app.post(
    "/review/:verification_id/reveal",
    {
      schema: {
        ...common,
        operationId: "reveal",
        summary: "Show one field or picture; who saw it stands in the audit log (scope kyc:review)",
        params: VerificationParams,
        body: RevealRequest,
        response: { 200: RevealAnswer, ...problems(400, 401, 403, 404, 415, 429, 500, 503) },
      },
    },
    async (request) => {
      const { verification_id: id } = request.params as Static<typeof VerificationParams>;
      const { what, challenge_id: challengeId, action } = request.body as Static<typeof RevealRequest>;
      const frame = challengeId !== undefined && action !== undefined ? { challengeId, action } : undefined;
      if (what === "frame" && frame === undefined) {
        throw refuseFields(
          "KYC_VAL_001",
          Object.entries({ challenge_id: challengeId, action })
            .filter(([, value]) => value === undefined)
            .map(([field]) => ({ field, message: "is missing: it says which frame." })),
        );
      }
      const { image, ...shown } = await review.reveal(request.caller, id, what, frame);
      return {
        ...shown,
        image: image && { media_type: mediaTypeOf(image), data: Buffer.from(image).toString("base64") },
      };
    },
  );

  app.post(
    "/review/:verification_id/decision",
    {
      schema: {
        ...common,
        operationId: "decideReview",
        summary: "Approve, reject, or ask for the card or the selfie again (scope kyc:review)",
        description:
          "An approval against a failed check is a proposal until a second reviewer approves too. Nobody decides a verification of their own.",
        headers: PostHeaders,
        params: VerificationParams,
        body: DecisionRequest,
        response: { 200: DecisionAnswer, ...problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503) },
      },
    },
    (request, reply) => {
      const { verification_id: id } = request.params as Static<typeof VerificationParams>;
      const body = request.body as Static<typeof DecisionRequest>;
      return once(request, reply, { id, decision: JSON.stringify(body) }, async () => {
        const { verdict, reason, note, seen } = body;
        const decided = { verdict, reason, note, seen: new Date(seen) };
        const done = await review.decide(request.caller, id, decided);
        return {
          verification_id: id,
          status: done.status,
          proposed_by: done.proposedBy,
          rejection_reason: done.rejectionReason,
        };
      });
    },
  );
}

/** As it is said on the wire. */
function spoken(view: ReviewView) {
  const v = view.verification;
  return {
    verification_id: v.verificationId,
    user_id: v.userId,
    verification_type: v.type,
    status: v.status,
    reasons: v.reasons,
    review_since: iso(v.reviewSince),
    proposed_by: v.proposedBy,
    created_at: v.createdAt.toISOString(),
    updated_at: v.updatedAt.toISOString(),
    completed_at: iso(v.completedAt),
    rejection_reason: v.rejectionReason,
    turn: view.turn,
    fields: view.fields,
    checks: view.checks,
    ocr_confidence: view.ocrConfidence,
    failed_checks: view.failed,
    face_match: view.faceMatch,
    liveness: view.liveness,
    registry: view.registry && {
      status: view.registry.status,
      is_valid: view.registry.isValid,
      score: view.registry.score,
    },
    challenges: view.challenges.map(({ challengeId, usedAt, passed, actions, verdict, frames }) => ({
      challenge_id: challengeId,
      at: iso(usedAt),
      passed,
      actions: (
        verdict?.actions ??
        actions.map((action) => ({ action, seen: false, peak: null, reach: null, fault: null }))
      ).map((one, i) => ({ ...one, frame: (frames[i] ?? null) !== null })),
      checks: verdict?.checks ?? [],
      frames: verdict?.frames ?? 0,
    })),
    images: view.images,
    note_left: v.note !== null,
    duplicates: view.duplicates.map(({ verificationId, by, similarity }) => ({
      verification_id: verificationId,
      by,
      similarity,
    })),
    band: view.band,
    reviews: v.reviews,
    trail: view.trail.map(({ at, ...entry }) => ({ at: at.toISOString(), ...entry })),
  };
}

/** By the first bytes: nothing else was ever taken. */
function mediaTypeOf([first, second]: Uint8Array): "image/jpeg" | "image/png" | "image/webp" {
  if (first === 0xff && second === 0xd8) return "image/jpeg";
  return first === 0x89 && second === 0x50 ? "image/png" : "image/webp";
}
