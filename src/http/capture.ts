import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type CaptureLinks, isCaptureToken, type ReturnUrls } from "../verification/capture.ts";
import { KycError } from "../verification/errors.ts";
import type { Authenticator } from "./auth.ts";
import { type CaptureRequest, Consent, Moment, problems, Uuid } from "./schemas.ts";
import { refuseFields } from "./validation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether a session of the capture page may use the route, for its own verification. */
    capture?: boolean;
  }
}

const tags = ["capture"];
const nullableUrl = Type.Union([Type.String(), Type.Null()]);

/** Enough to say what was read wrongly. */
const NOTE_LENGTH = 500;
/** Not blank; line breaks are the only control characters. */
const NOTE = `^(?=[^]*\\S)[^\\u0000-\\u0009\\u000b-\\u001f\\u007f]{1,${NOTE_LENGTH}}$`;
const Note = Type.Object({
  text: Type.String({
    minLength: 1,
    maxLength: NOTE_LENGTH,
    pattern: NOTE,
    description: "What the person says of the reading; nothing is checked by it.",
  }),
});

const SessionAnswer = Type.Object({
  session: Type.String({ description: "Bearer token for this verification, kept by the page alone." }),
  verification_id: Uuid,
  success_url: nullableUrl,
  cancel_url: nullableUrl,
  liveness: Type.Enum(["passive", "active"], {
    description: "active: a liveness challenge is demanded before the selfie",
  }),
  expires_at: Moment,
});

/** Codes and tokens are some fifty characters. */
const MOST_BYTES = 1024;
/** A note's characters as JSON may write them. */
const NOTE_BYTES = MOST_BYTES + 6 * 2 * NOTE_LENGTH;

/** Takes the sessions of the capture page beside the tokens of the platform. */
export function withCaptureSessions(auth: Authenticator, links: CaptureLinks): Authenticator {
  return {
    async authenticate(authorization) {
      const token = bearerOf(authorization);
      if (token === null || !isCaptureToken(token)) return auth.authenticate(authorization);
      const caller = await links.holderOf(token);
      if (caller === null) {
        throw new KycError("KYC_AUTH_002", 401, "This capture session has ended. Ask for a new link.");
      }
      return caller;
    },
  };
}

const bearerOf = (authorization: string | undefined) =>
  /^Bearer +([\w.-]+)$/i.exec(authorization ?? "")?.[1] ?? null;

/**
 * Keeps a session of the capture page to the routes made for it and to its own verification. Closed by default: a
 * route that does not say `config.capture` takes none.
 * @throws KycError 403 KYC_AUTH_003
 */
export async function keepToOwnVerification(request: FastifyRequest): Promise<void> {
  const { onlyVerification } = request.caller;
  if (onlyVerification === undefined) return;
  const { params, body } = request as { params?: Named; body?: Named };
  const named = params?.verification_id ?? body?.verification_id ?? onlyVerification;
  if (request.routeOptions.config.capture && named === onlyVerification) return;
  throw new KycError("KYC_AUTH_003", 403, "This capture session is for another verification or another use.");
}
type Named = { readonly verification_id?: string };

/**
 * The addresses of a request for a link.
 * @throws KycError 400 naming an address that is not https (http on this machine)
 */
export function returnUrlsOf(capture: Static<typeof CaptureRequest>): ReturnUrls {
  const check = (field: "success_url" | "cancel_url"): string | null => {
    const given = capture[field];
    if (given === undefined) return null;
    const url = URL.canParse(given) ? new URL(given) : null;
    const local = url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
    if (url === null || !(url.protocol === "https:" || local) || url.username || url.password) {
      throw refuseFields("KYC_VAL_001", [
        { field: `capture.${field}`, message: "must be an https:// address without user name." },
      ]);
    }
    return url.href;
  };
  return { successUrl: check("success_url"), cancelUrl: check("cancel_url") };
}

/** The code stands in the fragment, which browsers send to nobody. */
export const captureUrl = (origin: string, code: string): string => `${origin}/capture#${code}`;

/** For whoever holds a link: no token is asked for. */
export function captureOpening(app: FastifyInstance, links: CaptureLinks): void {
  app.post(
    "/api/v1/kyc/capture/open",
    {
      bodyLimit: MOST_BYTES,
      schema: {
        operationId: "openCapture",
        summary: "Exchange a link's code for the page's session, once",
        tags,
        body: Type.Object({ code: Type.String({ minLength: 1, maxLength: 100 }) }),
        response: { 200: SessionAnswer, ...problems(400, 410, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const { code } = request.body as { code: string };
      const { token, capture, liveness } = await links.open(code);
      reply.header("cache-control", "no-store");
      return {
        session: token,
        verification_id: capture.verificationId,
        success_url: capture.successUrl,
        cancel_url: capture.cancelUrl,
        liveness,
        expires_at: capture.expiresAt.toISOString(),
      };
    },
  );
}

/** For the page's session. */
export function captureRoutes(app: FastifyInstance, links: CaptureLinks): void {
  app.post(
    "/capture/consent",
    {
      bodyLimit: MOST_BYTES,
      config: { capture: true },
      schema: {
        operationId: "giveConsent",
        summary: "Record the person's consent, given on the capture page",
        tags,
        security: [{ bearer: [] }],
        body: Consent,
        response: { 200: Consent, ...problems(400, 401, 403, 429, 500, 503) },
      },
    },
    async (request) => {
      const { version, at } = request.body as Static<typeof Consent>;
      await links.consent(request.caller, { version, at: new Date(at) });
      return { version, at };
    },
  );

  app.post(
    "/capture/note",
    {
      bodyLimit: NOTE_BYTES,
      config: { capture: true },
      schema: {
        operationId: "leaveNote",
        summary: "Leave a note on what was read from the KTP",
        description: "May be sent again until the verification is decided: the later one counts.",
        tags,
        security: [{ bearer: [] }],
        body: Note,
        response: { 200: Note, ...problems(400, 401, 403, 409, 429, 500, 503) },
      },
    },
    async (request) => {
      const { text } = request.body as Static<typeof Note>;
      await links.note(request.caller, text);
      return { text };
    },
  );
}
