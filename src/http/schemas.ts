import { type TSchema, Type } from "typebox";
import { KTP_FIELDS } from "../vision/facts.ts";
import { ACTIONS, FRAMES_ASKED } from "../vision/liveness/actions.ts";

/** What is said on the wire: validated, documented and typed from here. */

/** Of all routes but those of operation. */
export const BASE_PATH = "/api/v1/kyc";

/** Not blank, no control characters (a database takes no NUL), counted as the database counts. */
const LINE_OF = (most: number) => `^(?=.*\\S)[^\\u0000-\\u001f\\u007f]{1,${most}}$`;

const USER_ID_LENGTH = 36;
export const UserId = Type.String({
  minLength: 1,
  maxLength: USER_ID_LENGTH,
  pattern: LINE_OF(USER_ID_LENGTH),
  description: "The user being verified; the token's sub, unless its scope is kyc:service.",
  examples: ["user-123"],
});

/** Longer than any of ours: what is no UUID is simply not found. */
const ID_LENGTH = 100;
export const VerificationId = Type.String({
  minLength: 1,
  maxLength: ID_LENGTH,
  pattern: LINE_OF(ID_LENGTH),
  description: "As /verify/start gave it.",
});

export const Kind = Type.Enum(["FULL_KYC", "BASIC_KYC"], {
  description: "FULL_KYC: KTP, selfie and civil registry. BASIC_KYC: no selfie.",
  default: "FULL_KYC",
});

export const Consent = Type.Object(
  {
    version: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: LINE_OF(64),
      description: "Which text the user agreed to.",
    }),
    at: Type.String({ format: "date-time", description: "When: RFC 3339." }),
  },
  { description: "The user's consent, recorded with the verification." },
);
const startMembers = { user_id: UserId, verification_type: Type.Optional(Kind) };
/** Asks for a link to the capture page. */
export const CaptureRequest = Type.Object(
  {
    success_url: Type.Optional(Type.String({ maxLength: 2000 })),
    cancel_url: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  {
    description:
      "Asks for a link to the capture page (capture_url); the addresses, https, are where the page sends the person in the end.",
  },
);
export const LinkAnswer = Type.Object({
  verification_id: Type.String(),
  capture_url: Type.String({ description: "opens once, within 30 minutes" }),
});
export const StartRequest = Type.Object({
  ...startMembers,
  consent: Type.Optional(Consent),
  capture: Type.Optional(CaptureRequest),
});
// A form has no members within members; what was sent must not be dropped in silence.
const StartForm = Type.Object({
  ...startMembers,
  consent: Type.Optional(Type.Never({ description: "Send JSON to record a consent." })),
  capture: Type.Optional(Type.Never({ description: "Send JSON to ask for a link." })),
});

const ImageText = Type.String({
  contentEncoding: "base64",
  description: "JPEG, PNG or WebP, at most 10 MiB decoded: base64 (either alphabet), or a data: URL.",
});
// No `type`: a file part arrives as bytes. This is how OpenAPI 3.1 says "binary".
const ImageFile = Type.Unsafe<Uint8Array | string>({
  contentMediaType: "application/octet-stream",
  description: "JPEG, PNG or WebP, at most 10 MiB, as a file part with a filename.",
});

/** Both names count; the platform's gateway sends the second. Their form is checked where they are used. */
export const PostHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({
      description:
        "1 to 255 printable characters: the same key and body get the same answer again, for 24 hours.",
    }),
  ),
  "x-idempotency-key": Type.Optional(Type.String({ description: "Another name for Idempotency-Key." })),
});

/** Of the uploads: RFC 7240. Preferences that are not known here are no fault. */
export const UploadHeaders = Type.Object({
  ...PostHeaders.properties,
  prefer: Type.Optional(
    Type.String({
      description:
        "respond-async: the image is taken, 202 is answered at once, and its answer is fetched from Location.",
    }),
  ),
});

const framesOf = { minItems: FRAMES_ASKED.least, maxItems: FRAMES_ASKED.most };

/** One request body in both of its forms. */
const inBothForms = <J extends TSchema, F extends TSchema>(json: J, form: F) => ({
  content: { "application/json": { schema: json }, "multipart/form-data": { schema: form } },
});

export const startBody = inBothForms(StartRequest, StartForm);
export const ktpBody = inBothForms(
  Type.Object({ verification_id: VerificationId, ktp_image: ImageText }),
  Type.Object({ verification_id: VerificationId, ktp_image: ImageFile }),
);
export const KtpQuery = Type.Object({
  crops: Type.Optional(
    Type.Enum(["0", "1"], {
      description: "1: the answer carries the portrait and the signature, cut out of the card.",
      default: "0",
    }),
  ),
});
export const selfieBody = inBothForms(
  Type.Object({ verification_id: VerificationId, selfie_image: Type.Optional(ImageText) }),
  Type.Object({ verification_id: VerificationId, selfie_image: Type.Optional(ImageFile) }),
);
/** In a form only. */
export const framesBody = {
  content: {
    "multipart/form-data": {
      schema: Type.Object({
        nonce: Type.String({ minLength: 1, maxLength: 100, description: "As it came with the challenge." }),
        frames: Type.Array(Type.Unsafe<Uint8Array>({ contentMediaType: "application/octet-stream" }), {
          ...framesOf,
          description:
            "File parts, all of this name, in the order in which they were taken: JPEG, at most 1 MiB.",
        }),
        captured_at: Type.Array(Type.Number({ minimum: 0 }), {
          ...framesOf,
          description: "Text parts, one a frame, in the same order: milliseconds of the sender's clock.",
        }),
      }),
    },
  },
};

export const ChallengeParams = Type.Object({ verification_id: VerificationId, challenge_id: VerificationId });
export const VerificationParams = Type.Object({ verification_id: VerificationId });
export const UploadParams = Type.Object({
  verification_id: VerificationId,
  upload_id: Type.String({ minLength: 1, maxLength: ID_LENGTH, pattern: LINE_OF(ID_LENGTH) }),
});
export const UserParams = Type.Object({ user_id: UserId });

const PAGE_DEFAULT = 20;
const PAGE_MOST = 100;
export const PageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MOST, default: PAGE_DEFAULT })),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: LINE_OF(500),
      description: "From the Link header of the page before.",
    }),
  ),
});
export const PAGE_SIZE = PAGE_DEFAULT;

export const open = { additionalProperties: true };
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const nullableText = nullable(Type.String());
export const Box = Type.Array(Type.Number(), {
  minItems: 4,
  maxItems: 4,
  description: "x, y, width, height in pixels of the upright picture",
});

const KtpFieldFact = Type.Object(
  {
    value: nullableText,
    raw: nullableText,
    confidence: Share("how sure it is that the value is exact"),
    box: nullable(Box),
    source: Type.Enum(["ocr", "nik", "gazetteer"]),
  },
  open,
);
const byField = <T extends TSchema>(schema: T) =>
  Object.fromEntries(KTP_FIELDS.map((field) => [field, schema]));

const KtpOcrResult = Type.Object(
  {
    ...byField(nullableText),
    confidence: Share("how sure the reading is as a whole"),
    fields: Type.Object(byField(KtpFieldFact), open),
    checks: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          ok: Type.Boolean(),
          detail: Type.String(),
          weight: Type.Optional(
            Type.Number({ description: "how much it speaks for tampering where it is not ok" }),
          ),
        },
        open,
      ),
    ),
    tampering: Type.Optional(
      Type.Object(
        {
          weight: Share("how much speaks for the card's having been altered"),
          signs: Type.Array(Type.String()),
        },
        open,
      ),
    ),
    quality: Type.Object(
      { glare_box: Type.Optional(nullable(Box)) },
      { additionalProperties: Type.Number() },
    ),
  },
  open,
);

const LivenessResult = Type.Object(
  {
    is_live: Type.Boolean(),
    confidence: Share("that a living person stood before the camera"),
    face_detected: Type.Boolean(),
    face_quality_score: Share("how fit the face is to be compared"),
    details: Type.Object(
      {
        eye_openness: nullable(Type.Number()),
        mouth_movement: nullable(Type.Number()),
        head_pose: nullable(
          Type.Object(
            { yaw: Type.Number(), pitch: Type.Number(), roll: Type.Number() },
            { description: "degrees" },
          ),
        ),
        skin_texture: nullable(Type.Number()),
        spoof_score: nullable(Type.Number({ description: "probability of a real face" })),
        model: Type.String({ description: "which spoofing networks gave spoof_score" }),
      },
      open,
    ),
  },
  open,
);

const FaceMatchResult = Type.Object(
  {
    is_match: Type.Boolean(),
    similarity_score: nullable(Type.Number({ minimum: -1, maximum: 1, description: "cosine" })),
    threshold: Type.Number(),
    ktp_face_found: Type.Boolean(),
    selfie_face_found: Type.Boolean(),
  },
  open,
);

const DukcapilResult = Type.Object(
  {
    nik: Type.String(),
    is_valid: Type.Boolean(),
    name: nullableText,
    birth_date: nullableText,
    gender: nullable(Type.Enum(["LAKI-LAKI", "PEREMPUAN"])),
    status: Type.Enum(["VALID", "BLOCKED", "INVALID", "DECEASED", "NOT_FOUND", "PENDING", "ERROR"]),
    match_score: nullable(Share("how well the particulars agree")),
    notes: nullableText,
  },
  open,
);

export const StatusName = Type.Enum(["PENDING", "PROCESSING", "VERIFIED", "REJECTED", "FAILED", "IN_REVIEW"]);
export const Moment = Type.String({ format: "date-time", description: "RFC 3339, UTC" });
export const ref = (name: keyof typeof NAMED_SCHEMAS) => Type.Unsafe({ $ref: `${name}#` });
export const Uuid = Type.String({ format: "uuid" });

const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    error_code: Type.String({ pattern: "^KYC_[A-Z]+_\\d{3}$" }),
    timestamp: Moment,
    request_id: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
    hints: Type.Optional(
      Type.Array(Type.Object({ code: Type.String(), id: Type.String(), en: Type.String() }), {
        description: "what the person at the phone can do better, in Bahasa Indonesia and English",
      }),
    ),
    attempts_left: Type.Optional(Type.Integer({ minimum: 0 })),
    retry_after: Type.Optional(Type.Integer({ minimum: 1, description: "seconds, as in Retry-After" })),
  },
  open,
);

/** Documented once by name, and referred to. */
export const NAMED_SCHEMAS = {
  KtpOcrResult,
  LivenessResult,
  FaceMatchResult,
  DukcapilResult,
  Problem,
} as const;

export const StartAnswer = Type.Object(
  {
    verification_id: Uuid,
    status: Type.Literal("PENDING"),
    message: Type.String(),
    capture_url: Type.Optional(Type.String({ description: "where one was asked for; opens once" })),
  },
  { ...open, description: "The verification has begun." },
);
const CutOut = Type.String({ contentEncoding: "base64", contentMediaType: "image/jpeg" });
export const KtpAnswer = Type.Object(
  {
    verification_id: Uuid,
    status: StatusName,
    ocr_result: ref("KtpOcrResult"),
    next_step: Type.String(),
    crops: Type.Optional(
      nullable(
        Type.Object(
          { portrait: CutOut, signature: CutOut },
          { description: "Where asked for by ?crops=1; null where the card's place is not known." },
        ),
      ),
    ),
  },
  { ...open, description: "The card was read." },
);
export const SelfieAnswer = Type.Object(
  {
    verification_id: Uuid,
    status: StatusName,
    liveness_result: nullable(ref("LivenessResult")),
    face_match_result: nullable(ref("FaceMatchResult")),
    dukcapil_result: nullable(ref("DukcapilResult")),
    rejection_reason: Type.Optional(Type.String()),
  },
  { ...open, description: "What was measured, and the decision." },
);
const ActionName = Type.Enum([...ACTIONS], { description: "left and right are the person's own" });
export const UploadAnswer = Type.Object(
  {
    upload_id: Uuid,
    verification_id: Uuid,
    step: Type.Enum(["ktp", "selfie"]),
    state: Type.Enum(["queued", "running", "done", "failed"], {
      description:
        "done: accepted, or refused as it would have been at once. failed: it could not be judged.",
    }),
    status_url: Type.String({ description: "Where to fetch this again." }),
    created_at: Moment,
    finished_at: nullable(Moment),
    answer: nullable(
      Type.Object(
        {
          status: Type.Integer({ minimum: 200, maximum: 599 }),
          body: Type.Unsafe<object>({
            description: "As the upload would have been answered without Prefer: its answer, or a problem.",
            type: "object",
          }),
        },
        { description: "null until it is done; kept for 24 hours" },
      ),
    ),
  },
  open,
);

export const ChallengeAnswer = Type.Object(
  {
    verification_id: Uuid,
    challenge_id: Uuid,
    nonce: Type.String(),
    actions: Type.Array(ActionName, { description: "to be done one after another" }),
    expires_at: Moment,
  },
  { ...open, description: "What to do before the camera." },
);
const nullableNumber = nullable(Type.Number());
export const FramesAnswer = Type.Object(
  {
    verification_id: Uuid,
    challenge_id: Uuid,
    passed: Type.Boolean(),
    actions: Type.Array(
      Type.Object(
        {
          action: ActionName,
          seen: Type.Boolean(),
          from: nullableNumber,
          peak: nullableNumber,
          to: nullableNumber,
          reach: nullableNumber,
          fault: nullable(Type.Enum(["not_seen", "too_fast", "too_slow"])),
        },
        { ...open, description: "times in milliseconds since the first frame" },
      ),
    ),
    checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), value: nullableNumber }, open)),
    others: Type.Array(ActionName, { description: "movements that were not asked for" }),
    frames: Type.Integer(),
    next_step: Type.String(),
  },
  { ...open, description: "The challenge was passed; what was seen." },
);
export const VerificationAnswer = Type.Object(
  {
    verification_id: Uuid,
    user_id: Type.String(),
    verification_type: Type.Enum(["FULL_KYC", "BASIC_KYC"]),
    status: StatusName,
    consent: nullable(Type.Object({ version: Type.String(), at: Moment })),
    ktp_ocr_result: nullable(ref("KtpOcrResult")),
    liveness_result: nullable(ref("LivenessResult")),
    face_match_result: nullable(ref("FaceMatchResult")),
    dukcapil_result: nullable(ref("DukcapilResult")),
    rejection_reason: nullableText,
    rejection_reasons: Type.Array(Type.Object({ id: Type.String(), en: Type.String() }), {
      description: "the sentences of rejection_reason, in Bahasa Indonesia and English",
    }),
    note: nullable(
      Type.String({
        description: "what the person said of the reading, on the capture page; checks nothing",
      }),
    ),
    duplicate_of: Type.Optional(
      nullable(
        Type.Array(
          Type.Object({
            verification_id: Type.String(),
            by: Type.Enum(["face", "nik"]),
            similarity: nullable(Type.Number({ minimum: -1, maximum: 1, description: "cosine" })),
          }),
          {
            description:
              "other users' VERIFIED verifications of what seems to be the same person; only for the scopes kyc:review and kyc:service",
          },
        ),
      ),
    ),
    created_at: Moment,
    completed_at: nullable(Moment),
  },
  { ...open, description: "What is known so far; what is not there yet is null." },
);
export const HistoryAnswer = Type.Array(VerificationAnswer, { description: "newest first" });

export const Health = Type.Object({
  status: Type.Literal("healthy"),
  service: Type.String(),
  version: Type.String(),
});
export const Readiness = Type.Object({
  status: Type.Enum(["ready", "not_ready"]),
  checks: Type.Record(Type.String(), Type.Object({ ok: Type.Boolean(), note: Type.Optional(Type.String()) })),
});

/** The statuses of errors that a route may answer with, as its documentation lists them. */
export const problems = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: PROBLEM_WORDS[status],
        content: { "application/problem+json": { schema: ref("Problem") } },
      },
    ]),
  );
const PROBLEM_WORDS: Readonly<Record<number, string>> = {
  400: "The request or the image cannot be accepted; `hints` and `errors` say why",
  401: "No token, or one that is not valid",
  403: "Another user's",
  404: "No such verification",
  410: "The link or the challenge was used already or has expired",
  409: "Not this step's turn, another upload under way, or the Idempotency-Key in flight",
  413: "The image is too large",
  415: "Not JSON or a form, or not a JPEG, PNG or WebP image",
  422: "The Idempotency-Key was used with another body",
  429: "Too many requests; Retry-After says when to come back",
  500: "Unforeseen failure",
  503: "Busy, being stopped, or a part not usable; Retry-After says when to come back",
};
