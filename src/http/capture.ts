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

const SessionAnswer = Type.Object({
  session: Type.String({ description: "Bearer token for this verification, kept by the page alone." }),
  verification_id: Uuid,
  success_url: nullableUrl,
  cancel_url: nullableUrl,
  expires_at: Moment,
});

/** Codes and tokens are some fifty characters. */
const MOST_BYTES = 1024;

/** Takes the sessions of the capture page beside the tokens of the platform. */
export function withCaptureSessions(auth: Authenticator, links: CaptureLinks): Authenticator {
  return {
    async authenticate(authorization) {
      const token = bearerOf(authorization);
      if (token === null || !isCaptureToken(token)) return auth.authenticate(authorization);
      const holder = await links.holderOf(token);
      if (holder === null) {
        throw new KycError("KYC_AUTH_002", 401, "This capture session has ended. Ask for a new link.");
      }
      return holder.caller;
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
      const { token, capture } = await links.open(code);
      reply.header("cache-control", "no-store");
      return {
        session: token,
        verification_id: capture.verificationId,
        success_url: capture.successUrl,
        cancel_url: capture.cancelUrl,
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
      const token = bearerOf(request.headers.authorization);
      if (request.caller.onlyVerification === undefined || token === null) {
        throw new KycError("KYC_AUTH_003", 403, "Consent is given on the capture page, or with the start.");
      }
      await links.consent(token, { version, at: new Date(at) });
      return { version, at };
    },
  );
}
