import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import type { CaptureLinks } from "../verification/capture.ts";
import type { VerificationType } from "../verification/ports.ts";
import { StoredJson } from "../verification/stored-json.ts";
import type { KycService, VerificationView } from "../verification/verification.ts";
import { FRAMES_ASKED } from "../vision/liveness/actions.ts";
import { captureUrl, returnUrlsOf } from "./capture.ts";
import type { Once } from "./idempotency.ts";
import { prefersLater, takeLater, tellUpload } from "./later.ts";
import type { RouteCodes } from "./problem.ts";
import {
  CaptureRequest,
  ChallengeAnswer,
  ChallengeParams,
  FramesAnswer,
  framesBody,
  HistoryAnswer,
  KtpAnswer,
  KtpQuery,
  ktpBody,
  LinkAnswer,
  PAGE_SIZE,
  PageQuery,
  PostHeaders,
  problems,
  SelfieAnswer,
  StartAnswer,
  type StartRequest,
  selfieBody,
  startBody,
  UploadAnswer,
  UploadHeaders,
  UploadParams,
  UserParams,
  VerificationAnswer,
  VerificationParams,
} from "./schemas.ts";
import { type FramesForm, imageBytesOf } from "./uploads.ts";
import { refuseFields } from "./validation.ts";

export interface RouteParts {
  readonly kyc: KycService;
  readonly capture: CaptureLinks;
  readonly once: Once;
  /** The most that a decoded image may hold. */
  readonly imageBytes: number;
}

const CODES = {
  start: { refusal: "KYC_VAL_001", failure: "KYC_SYS_001" },
  ktp: { refusal: "KYC_VAL_001", failure: "KYC_SYS_002" },
  selfie: { refusal: "KYC_VAL_002", failure: "KYC_SYS_003" },
  status: { refusal: "KYC_VAL_001", failure: "KYC_SYS_004" },
  history: { refusal: "KYC_VAL_001", failure: "KYC_SYS_005" },
} as const satisfies Record<string, RouteCodes>;

const common = { tags: ["verification"], security: [{ bearer: [] }] };
const READ_PROBLEMS = [400, 401, 403, 429, 500, 503] as const;
const POST_PROBLEMS = [...READ_PROBLEMS, 409, 413, 415, 422] as const;

/** As `JSON.stringify`; what is kept as JSON goes out as it stands, behind the rest. */
function viewJson({ ktp_ocr_result, dukcapil_result, ...rest }: VerificationView): string {
  const text = (value: unknown) => (value instanceof StoredJson ? value.text : JSON.stringify(value));
  const kept = `"ktp_ocr_result":${text(ktp_ocr_result)},"dukcapil_result":${text(dukcapil_result)}`;
  return `${JSON.stringify(rest).slice(0, -1)},${kept}}`;
}

/** The routes under `/api/v1/kyc`: each a schema and a call. */
export function kycRoutes(app: FastifyInstance, { kyc, capture, once, imageBytes }: RouteParts): void {
  app.post(
    "/verify/start",
    {
      config: { codes: CODES.start },
      schema: {
        ...common,
        operationId: "startVerification",
        summary: "Begin a verification",
        headers: PostHeaders,
        body: startBody,
        response: { 200: StartAnswer, ...problems(...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const body = request.body as Static<typeof StartRequest>;
      const { user_id: userId, verification_type: type = "FULL_KYC" } = body;
      const consent = body.consent && { version: body.consent.version, at: new Date(body.consent.at) };
      const urls = body.capture && returnUrlsOf(body.capture);
      const content = {
        userId,
        type,
        ...(body.consent && { consent: JSON.stringify(body.consent) }),
        ...(urls && { capture: JSON.stringify(urls) }),
      };
      return once(request, reply, content, async () => {
        const input = { userId, type: type as VerificationType, consent, consentLater: urls !== undefined };
        const started = await kyc.start(request.caller, input);
        if (urls === undefined) return started;
        const code = await capture.create(started.verification_id, userId, urls);
        return { ...started, capture_url: captureUrl(`${request.protocol}://${request.host}`, code) };
      });
    },
  );

  app.post(
    "/verify/:verification_id/capture",
    {
      config: { codes: CODES.start },
      schema: {
        ...common,
        operationId: "linkToCapture",
        summary: "Another link to the capture page, for a verification that goes on",
        description:
          "For who lost the first one, or is asked for a picture again by a reviewer. What was done stays done.",
        headers: PostHeaders,
        params: VerificationParams,
        body: CaptureRequest,
        response: { 200: LinkAnswer, ...problems(404, ...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const { verification_id: id } = request.params as Static<typeof VerificationParams>;
      const urls = returnUrlsOf(request.body as Static<typeof CaptureRequest>);
      return once(request, reply, { id, capture: JSON.stringify(urls) }, async () => {
        const userId = await kyc.relink(request.caller, id);
        const code = await capture.create(id, userId, urls);
        return {
          verification_id: id,
          capture_url: captureUrl(`${request.protocol}://${request.host}`, code),
        };
      });
    },
  );

  app.post(
    "/verify/ktp",
    {
      config: { codes: CODES.ktp, capture: true },
      schema: {
        ...common,
        operationId: "uploadKtp",
        summary: "Upload the photograph of the KTP",
        headers: UploadHeaders,
        body: ktpBody,
        querystring: KtpQuery,
        response: { 200: KtpAnswer, 202: UploadAnswer, ...problems(404, ...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const { id, image } = uploadOf(request, "ktp_image");
      const { crops } = request.query as Static<typeof KtpQuery>;
      const withCrops = crops === "1";
      // The same photograph with and without them are two requests.
      const content = { id, image, ...(withCrops && { crops: "1" }) };
      if (prefersLater(request))
        return takeLater(kyc, once, request, reply, { id, step: "ktp", image, withCrops, content });
      return once(request, reply, content, () => kyc.submitKtp(request.caller, id, image, withCrops));
    },
  );

  app.post(
    "/verify/selfie",
    {
      config: { codes: CODES.selfie, capture: true },
      schema: {
        ...common,
        operationId: "uploadSelfie",
        summary: "Upload the selfie, get the decision",
        headers: UploadHeaders,
        body: selfieBody,
        response: { 200: SelfieAnswer, 202: UploadAnswer, ...problems(404, ...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const { verification_id: id, selfie_image } = request.body as Partial<
        Record<string, string | Uint8Array>
      >;
      const bestFrame = typeof id === "string" && selfie_image === undefined;
      const upload = bestFrame ? { id, image: null } : uploadOf(request, "selfie_image");
      const { image } = upload;
      const content = { id: upload.id, ...(image && { image }) };
      if (prefersLater(request))
        return takeLater(kyc, once, request, reply, { ...upload, step: "selfie", withCrops: false, content });
      return once(request, reply, content, () => kyc.submitSelfie(request.caller, upload.id, image));
    },
  );

  app.get(
    "/verify/:verification_id/uploads/:upload_id",
    {
      config: { codes: CODES.status, capture: true },
      schema: {
        ...common,
        operationId: "getUpload",
        summary: "Where an upload stands that was answered 202",
        description:
          "Its answer is kept for 24 hours. While there is none, Retry-After says when to ask again.",
        params: UploadParams,
        response: { 200: UploadAnswer, ...problems(404, ...READ_PROBLEMS) },
      },
    },
    (request, reply) => tellUpload(kyc, request, reply),
  );

  app.post(
    "/verify/:verification_id/liveness",
    {
      config: { codes: CODES.selfie, capture: true, bodyless: true },
      schema: {
        ...common,
        operationId: "askForChallenge",
        summary: "Ask what to do before the camera",
        description: "No body. Good for 120 s and for one set of frames; until then the same is given again.",
        headers: PostHeaders,
        params: VerificationParams,
        response: { 200: ChallengeAnswer, ...problems(404, ...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const { verification_id: id } = request.params as Static<typeof VerificationParams>;
      return once(request, reply, { id }, () => kyc.challenge(request.caller, id));
    },
  );

  app.post(
    "/verify/:verification_id/liveness/:challenge_id/frames",
    {
      config: { codes: CODES.selfie, capture: true, frames: FRAMES_ASKED },
      schema: {
        ...common,
        operationId: "sendFrames",
        summary: "Send the frames in which it was done",
        description: "The best frame is kept as the selfie where it is passed; no other is stored.",
        headers: PostHeaders,
        params: ChallengeParams,
        body: framesBody,
        response: { 200: FramesAnswer, ...problems(404, 410, ...POST_PROBLEMS) },
      },
    },
    (request, reply) => {
      const { verification_id: id, challenge_id } = request.params as Static<typeof ChallengeParams>;
      const { nonce, frames, captured_at } = request.body as FramesForm;
      const sent = { nonce, frames: frames.map((bytes, i) => ({ at: captured_at[i], bytes })) };
      const content = {
        id,
        challenge_id,
        nonce,
        times: captured_at.join(),
        lengths: frames.map(({ length }) => length).join(),
        frames: Buffer.concat(frames),
      };
      return once(request, reply, content, () => kyc.submitFrames(request.caller, id, challenge_id, sent));
    },
  );

  app.get(
    "/verify/:verification_id",
    {
      config: { codes: CODES.status, capture: true },
      schema: {
        ...common,
        operationId: "getVerification",
        summary: "What is known of a verification",
        params: VerificationParams,
        response: { 200: VerificationAnswer, ...problems(404, ...READ_PROBLEMS) },
      },
      serializerCompiler: () => viewJson,
    },
    (request) => {
      const { verification_id } = request.params as Static<typeof VerificationParams>;
      return kyc.status(request.caller, verification_id);
    },
  );

  app.get(
    "/user/:user_id",
    {
      config: { codes: CODES.history },
      schema: {
        ...common,
        operationId: "getHistory",
        summary: "A user's verifications, newest first",
        description: "The next page's address comes in the header Link, rel=next.",
        params: UserParams,
        querystring: PageQuery,
        response: { 200: HistoryAnswer, ...problems(...READ_PROBLEMS) },
      },
      serializerCompiler: () => (views: readonly VerificationView[]) => `[${views.map(viewJson).join()}]`,
    },
    async (request, reply) => {
      const { user_id: userId } = request.params as Static<typeof UserParams>;
      const { limit = PAGE_SIZE, cursor } = request.query as Static<typeof PageQuery>;
      try {
        const { items, next } = await kyc.history(request.caller, userId, limit, cursor);
        if (next !== null) {
          const path = request.routeOptions.url?.replace(":user_id", encodeURIComponent(userId));
          const query = new URLSearchParams({ limit: String(limit), cursor: next });
          reply.header("link", `<${path}?${query}>; rel="next"`);
        }
        return items;
      } catch (error) {
        // The repository's word for a cursor that is none of its own.
        if (!(error instanceof RangeError)) throw error;
        throw refuseFields(CODES.history.refusal, [
          { field: "cursor", message: "is not from a Link header of this history. Start without it." },
        ]);
      }
    },
  );

  /** Takes the photograph out of the body: else its base64 would be held beside it until the answer. */
  function uploadOf(request: FastifyRequest, field: string): { id: string; image: Uint8Array } {
    const { [field]: sent, ...rest } = request.body as Record<string, string | Uint8Array>;
    const image = imageBytesOf(request, field, sent, imageBytes);
    request.body = rest;
    return { id: rest.verification_id as string, image };
  }
}
