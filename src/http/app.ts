import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import multipart from "@fastify/multipart";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Redis } from "ioredis";
import type { Idempotency } from "../database/idempotency.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Log } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import { type Attributes, NO_SPANS, type OpenSpan, type Spans } from "../observability/spans.ts";
import { inTrace, parseTraceparent, type Trace } from "../observability/trace.ts";
import type { CaptureLinks } from "../verification/capture.ts";
import type { Custody } from "../verification/custody.ts";
import { KycError } from "../verification/errors.ts";
import type { AuditTrail, Clock } from "../verification/ports.ts";
import type { ReviewService } from "../verification/review.ts";
import type { Caller, KycService } from "../verification/verification.ts";
import { admission } from "./admission.ts";
import type { Authenticator } from "./auth.ts";
import { captureOpening, captureRoutes, keepToOwnVerification, withCaptureSessions } from "./capture.ts";
import { custodyRoutes } from "./custody.ts";
import { type DemoPictures, demoRoutes } from "./demo.ts";
import { documentation } from "./documentation.ts";
import { eventRoutes } from "./events.ts";
import { createOnce } from "./idempotency.ts";
import { lifeline } from "./lifeline.ts";
import { createLimits, createUserOf, prepareLimits } from "./limits.ts";
import { collectMethods, type Methods, refuseOtherMethods } from "./methods.ts";
import { operations, type ReadinessCheck } from "./operations.ts";
import { pages } from "./pages.ts";
import { answerTo, COMMON_CODES } from "./problem.ts";
import { reviewRoutes } from "./review.ts";
import { kycRoutes } from "./routes.ts";
import { BASE_PATH } from "./schemas.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { answerRaw } from "./socket.ts";
import { bodyLimitFor, readForm, readFrames } from "./uploads.ts";
import { fieldErrors, refuseFields, validatorCompiler } from "./validation.ts";

/** What the HTTP side is made of. */
export interface AppParts {
  readonly kyc: KycService;
  readonly review: ReviewService;
  readonly auth: Authenticator;
  readonly capture: CaptureLinks;
  readonly idempotency: Pick<Idempotency, "begin" | "finish" | "abandon">;
  readonly events: Pick<Outbox, "list">;
  readonly audit: AuditTrail;
  readonly custody: Pick<Custody, "closeAccount" | "eraseUser">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where requests of the API are told as spans; nowhere unless given. */
  readonly spans?: Spans;
  /** By the part's name, as `/ready` shows it: `database`, `models`, `disk`, … */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  /** As `/health` and the documentation show it. */
  readonly version: string;
  readonly limits: {
    /** The most that a decoded image may hold, in bytes. */
    readonly maxUploadBytes: number;
    /** Requests a minute for one user; null: no limit. */
    readonly rateLimit: number | null;
    /** Requests a minute from one address; null, or not given: no limit. */
    readonly addressLimit?: number | null;
    /** The most that all bodies under way may hold together, in bytes. */
    readonly uploadsInMemoryBytes?: number;
  };
  /** Where limits are counted for all processes together; null, or not given: each counts its own. */
  readonly redis?: Redis | null;
  /** Proxies whose X-Forwarded-For is believed: how many stand in front, or their addresses. */
  readonly trustProxy?: boolean | number | string;
  /** What the demo page needs; null, or not given: there is no demo page. */
  readonly demo?: DemoPictures | null;
  /** Whether `/metrics` is served. */
  readonly serveMetrics?: boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route takes frames, so many. */
    frames?: { readonly least: number; readonly most: number };
    /** A POST that says all by its path. */
    bodyless?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; on routes under `/api/` only. */
    caller: Caller;
  }
  interface FastifyInstance {
    /**
     * Ends the service in order: what has been accepted is finished, what comes now gets 503.
     * @returns how many requests were cut off at the deadline
     */
    stop(deadlineMs: number): Promise<number>;
  }
}

/** Where `npm run build:web` puts the pages. */
const PAGES_FOLDER = fileURLToPath(new URL("../../web/dist", import.meta.url));
/** Three of the largest bodies, or about a hundred usual ones; each costs up to three times its length for a moment. */
const UPLOADS_IN_MEMORY_BYTES = 48 * 1024 * 1024;
/** A user_id of 36 characters outside the Basic Multilingual Plane, each four bytes written as %XX. */
const MAX_PARAM_LENGTH = 36 * 4 * 3;
/** The platform's gateway gives up after 60 s: a body that takes longer has nobody waiting for it. */
const REQUEST_MS = 60_000;

/**
 * Builds the HTTP side of the service. `listen` starts it, `stop` ends it.
 * @example
 * const app = createApp(parts);
 * await app.listen({ host, port });
 * process.on("SIGTERM", () => app.stop(30_000));
 */
export function createApp(parts: AppParts): FastifyInstance {
  const { clock, limits, log, metrics, spans = NO_SPANS } = parts;
  const underWay = new WeakMap<IncomingMessage, OpenSpan>();
  const imageBytes = limits.maxUploadBytes;
  const bodyLimit = bodyLimitFor(imageBytes);
  const hops = parts.trustProxy;

  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    // One line a request is enough: `observe` writes it.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    // Fastify takes no number of hops; whoever sets one says that nobody reaches this port past that many proxies.
    trustProxy: typeof hops === "number" ? (_address, hop) => hop < hops : (hops ?? false),
    bodyLimit,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    requestTimeout: REQUEST_MS,
    // By then all is answered or too late; a connection on which nothing was ever asked would hold the end up.
    forceCloseConnections: true,
    requestIdHeader: false,
    genReqId: requestId,
    childLoggerFactory: (parent, bindings, options, raw) => {
      const trace = beginSpan(raw);
      return parent.child(
        { ...bindings, ...(trace && { trace_id: trace.traceId, span_id: trace.spanId }) },
        options,
      );
    },
    // A path that cannot be read never comes to the hooks.
    frameworkErrors: (error, request, reply) => {
      follow(request, reply as FastifyReply);
      refuse(error, request, reply as FastifyReply);
    },
    clientErrorHandler: (error, socket) => answerRaw(error, socket, clock),
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are sent whole: a schema that lags behind must not drop a member of a result that was worked for. Tests
  // hold the answers against the schemas in its place.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => {
    refuse(new KycError("KYC_VAL_001", 404, "There is nothing at this path. See /docs."), request, reply);
  });
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("caller");

  app.addHook("onRequest", (request, reply, done) => {
    follow(request, reply);
    inTrace(underWay.get(request.raw)?.trace ?? null, done);
  });
  const life = lifeline(app, log);
  app.decorate("stop", (deadlineMs: number) => life.stop(deadlineMs));

  app.register(multipart);
  prepareLimits(app, parts.redis ?? null);
  documentation(app, parts.version);

  const methods: Methods = new Map();
  app.register(async (open) => {
    collectMethods(open, methods);
    operations(open, {
      version: parts.version,
      readiness: parts.readiness,
      metrics: parts.serveMetrics === false ? null : metrics,
      stopping: () => life.stopping,
    });
    captureOpening(open, parts.capture);
    const page = pages(open, { folder: PAGES_FOLDER });
    const { demo = null } = parts;
    if (demo !== null) demoRoutes(open, { ...parts, ...demo, page: page("demo.html") });
  });
  app.register(
    async (api) => {
      collectMethods(api, methods);
      const counted = createLimits(api, {
        perUser: limits.rateLimit,
        perAddress: limits.addressLimit ?? null,
      });
      const auth = withCaptureSessions(parts.auth, parts.capture);
      const userOf = createUserOf(parts.kyc.ownerOf);
      const actsForOthers = ({ scopes }: Caller) => scopes.has("kyc:service");

      api.addHook("onRequest", async (request, reply) => {
        reply.header("cache-control", "no-store");
        await counted.arrived(request);
        try {
          request.caller = await auth.authenticate(request.headers.authorization);
        } catch (error) {
          const refused = error instanceof KycError && error.status === 401;
          throw refused ? await counted.refused(request, error) : error;
        }
        // Before the body is read, wherever the token alone tells whose request it is.
        if (!actsForOthers(request.caller)) await counted.count(reply, request, request.caller.subject);
      });
      api.addHook(
        "onRequest",
        admission({
          bodyLimit,
          imageBytes,
          budgetBytes: limits.uploadsInMemoryBytes ?? UPLOADS_IN_MEMORY_BYTES,
        }),
      );
      api.addHook("preValidation", async (request, reply) => {
        const { frames, bodyless } = request.routeOptions.config;
        if (frames) {
          if (!request.isMultipart()) {
            throw new KycError(codesOf(request).refusal, 415, "Send the frames as multipart/form-data.");
          }
          request.body = await readFrames(request, frames);
        } else if (request.isMultipart()) request.body = await readForm(request, imageBytes);
        if (actsForOthers(request.caller)) {
          await counted.count(reply, request, await userOf(request.caller, request));
        }
        if (request.method === "POST" && request.body === undefined && !bodyless) {
          throw new KycError(
            codesOf(request).refusal,
            400,
            "The body is missing. Send a JSON object or a form.",
          );
        }
      });

      api.addHook("preHandler", keepToOwnVerification);

      const once = createOnce({ records: parts.idempotency, clock, userOf });
      kycRoutes(api, { kyc: parts.kyc, capture: parts.capture, once, imageBytes });
      captureRoutes(api, parts.capture);
      reviewRoutes(api, { review: parts.review, once, clock });
      eventRoutes(api, parts);
      custodyRoutes(api, { ...parts, once });
    },
    { prefix: BASE_PATH },
  );
  app.after(() => refuseOtherMethods(app, methods));
  return app;

  /** The one place where an error becomes an answer. */
  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { validation, validationContext } = error as { validation?: never[]; validationContext?: string };
    const known = validation
      ? refuseFields(codesOf(request).refusal, fieldErrors(validation, validationContext ?? "body"))
      : error;
    const { status, headers, problem } = answerTo(known, {
      codes: codesOf(request),
      requestId: request.id,
      now: clock.now(),
    });
    if (status >= 500) request.log.error({ err: error, error_code: problem.error_code }, "request failed");
    // Fastify closes the connection where a body was refused unread; many clients then lose the answer. Left open, the
    // rest of the body is read and thrown away, for as long as a request may take.
    if (status === 413) reply.removeHeader("connection");
    reply.code(status).headers(headers).send(JSON.stringify(problem));
  }

  /** The log of a request is made first of all, and names its trace. Probes and scrapes are no spans. */
  function beginSpan(raw: IncomingMessage): Trace | null {
    const parent = parseTraceparent(raw.headers.traceparent);
    const spoken = raw.url?.startsWith(BASE_PATH) ? spans : NO_SPANS;
    const span = spoken.begin(`${raw.method}`, { kind: "server", parent });
    underWay.set(raw, span);
    return span.trace;
  }

  function follow(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(SECURITY_HEADERS).header("x-request-id", request.id);
    reply.raw.once("close", () => observe(request, reply));
  }

  function observe(request: FastifyRequest, reply: FastifyReply): void {
    const { method } = request;
    const pattern = request.is404 ? undefined : request.routeOptions.url;
    // As the documentation writes it: /verify/{verification_id}.
    const path = pattern?.replace(/:(\w+)/g, "{$1}") ?? "unmatched";
    const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_LEFT;
    const milliseconds = reply.elapsedTime;
    metrics.answered({ method, path, status, seconds: milliseconds / 1000 });
    const named = { ...(request.params as object), ...(isRecord(request.body) ? request.body : {}) };
    underWay.get(request.raw)?.end({
      name: `${method} ${path}`,
      failed: status >= 500,
      attributes: {
        "http.request.method": method,
        "http.route": path,
        "http.response.status_code": status,
        ...verificationOf(named),
      },
    });
    request.log.info(
      {
        method,
        path,
        status,
        ms: Math.round(milliseconds * 10) / 10,
        ...(request.caller && { user: request.caller.subject }),
      },
      "answered",
    );
  }
}

/** nginx's number for a client that closed the connection before its answer. */
const CLIENT_LEFT = 499;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** By which an operator finds the requests of one verification; whatever else was sent in its place stays out. */
function verificationOf({ verification_id: id }: { readonly verification_id?: unknown }): Attributes {
  return typeof id === "string" && UUID.test(id) ? { "kyc.verification_id": id } : {};
}

const codesOf = (request: FastifyRequest) => request.routeOptions?.config?.codes ?? COMMON_CODES;

/** The caller's own id where it is a sane one, so that it finds its request in our log. */
function requestId(raw: IncomingMessage): string {
  const given = raw.headers["x-request-id"];
  return typeof given === "string" && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
