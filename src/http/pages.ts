import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, RouteHandlerMethod } from "fastify";
import { KycError } from "../verification/errors.ts";

/** The pages, as `npm run build:web` leaves them. */
export interface PagesOptions {
  /** Folder of the built pages; where it is missing, the pages answer 503 with how to build them. */
  readonly folder: string;
}

/** Everything from this host; compiled WebAssembly for the face networks; pictures just taken. No inline code. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const PAGE_HEADERS = {
  "content-security-policy": PAGE_POLICY,
  "permissions-policy": "camera=(self), microphone=(), geolocation=()",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** Files named by their content never change. */
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Networks that guide the person before the camera, out of the package they come in: judged is on the server. */
const GUIDING = ["blazeface", "facemesh", "iris"];
const GUIDING_DAYS_SECONDS = 7 * 24 * 60 * 60;

/**
 * The capture page, the review console, and what the pages load.
 * @returns what answers with another page of the folder
 */
export function pages(app: FastifyInstance, { folder }: PagesOptions): (file: string) => RouteHandlerMethod {
  const models = join(dirname(createRequire(import.meta.url).resolve("@vladmandic/human")), "../models");
  const built = existsSync(join(folder, "capture.html"));
  app.register(fastifyStatic, {
    root: folder,
    prefix: "/pages/",
    serve: built,
    index: false,
    // The build leaves each file beside its gzip: a slow line carries a third.
    preCompressed: true,
    decorateReply: true,
    immutable: true,
    maxAge: YEAR_SECONDS * 1000,
    // The pages themselves are answered below, with their own policy.
    allowedPath: (path, root) => root === models || path.startsWith("/assets/"),
    schemaHide: true,
  });
  const page = (file: string): RouteHandlerMethod => {
    const html = existsSync(join(folder, file)) ? readFileSync(join(folder, file)) : null;
    return async (_request, reply) => {
      if (html === null) {
        throw new KycError("KYC_SYS_001", 503, "The pages are not built. Run: npm run build:web.");
      }
      return reply.headers(PAGE_HEADERS).type("text/html; charset=utf-8").send(html);
    };
  };
  app.get("/capture", { schema: { hide: true } }, page("capture.html"));
  app.get("/review", { schema: { hide: true } }, page("review.html"));

  app.get("/pages/models/:file", { schema: { hide: true } }, async (request, reply) => {
    const { file } = request.params as { file: string };
    const [, name] = /^(\w+)\.(?:json|bin)$/.exec(file) ?? [];
    if (name === undefined || !GUIDING.includes(name)) {
      throw new KycError("KYC_VAL_001", 404, "There is nothing at this path.");
    }
    return reply
      .header("cache-control", `public, max-age=${GUIDING_DAYS_SECONDS}`)
      .sendFile(file, models, { cacheControl: false });
  });
  return page;
}
