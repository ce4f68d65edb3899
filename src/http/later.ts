import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import type { UploadView } from "../verification/uploads.ts";
import type { KycService } from "../verification/verification.ts";
import type { Content, Once } from "./idempotency.ts";
import { answerTo, type RouteCodes } from "./problem.ts";
import { BASE_PATH, type UploadAnswer, type UploadParams } from "./schemas.ts";

/** An upload of one step as a route hands it over. */
interface Sent {
  readonly id: string;
  readonly step: UploadView["step"];
  readonly image: Uint8Array | null;
  readonly withCrops: boolean;
  /** What the request is, for its Idempotency-Key. */
  readonly content: Content;
}

/** Most images are judged within two seconds. */
const POLL_AFTER_SECONDS = 1;

const CODES = {
  ktp: { refusal: "KYC_VAL_001", failure: "KYC_SYS_002" },
  selfie: { refusal: "KYC_VAL_002", failure: "KYC_SYS_003" },
} as const satisfies Record<string, RouteCodes>;

/** Whether the client asks not to be kept waiting (RFC 7240, section 4.1). */
export function prefersLater(request: FastifyRequest): boolean {
  const { prefer } = request.headers;
  return [prefer]
    .flat()
    .some((line) => line?.split(",").some((one) => /^\s*respond-async\s*(?:;.*)?$/i.test(one)));
}

/** Takes an image to be judged later: 202, and where its answer is to be fetched. */
export function takeLater(
  kyc: Pick<KycService, "accept">,
  once: Once,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, content, ...submission }: Sent,
): Promise<FastifyReply> {
  return once(
    request,
    reply,
    // The same image with and without the preference are two requests: they are answered otherwise.
    { ...content, respond: "async" },
    async () => spoken(await kyc.accept(request.caller, id, submission), request),
    ({ status_url }) => ({
      location: status_url,
      "preference-applied": "respond-async",
      "retry-after": String(POLL_AFTER_SECONDS),
    }),
  );
}

/** Answers with where an upload stands. */
export async function tellUpload(
  kyc: Pick<KycService, "upload">,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Static<typeof UploadAnswer>> {
  const { verification_id, upload_id } = request.params as Static<typeof UploadParams>;
  const upload = await kyc.upload(request.caller, verification_id, upload_id);
  if (upload.answer === null) reply.header("retry-after", String(POLL_AFTER_SECONDS));
  return spoken(upload, request);
}

function spoken(upload: UploadView, request: FastifyRequest): Static<typeof UploadAnswer> {
  const { uploadId, verificationId, step, state, createdAt, finishedAt, answer } = upload;
  return {
    upload_id: uploadId,
    verification_id: verificationId,
    step,
    state,
    status_url: `${BASE_PATH}/verify/${verificationId}/uploads/${uploadId}`,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt?.toISOString() ?? null,
    answer: answer && answered(answer, finishedAt ?? createdAt, CODES[step], request),
  };
}

function answered(
  answer: NonNullable<UploadView["answer"]>,
  now: Date,
  codes: RouteCodes,
  request: FastifyRequest,
): { status: number; body: object } {
  if ("body" in answer) return { status: 200, body: answer.body };
  const { status, problem } = answerTo(answer.error, { codes, requestId: request.id, now });
  return { status, body: problem };
}
