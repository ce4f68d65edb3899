import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance, RouteHandlerMethod } from "fastify";
import { type Static, Type } from "typebox";
import { SAMPLE_SET } from "../sample/set.ts";
import type { CaptureLinks } from "../verification/capture.ts";
import { KycError } from "../verification/errors.ts";
import type { KycService } from "../verification/verification.ts";
import { ACTIONS, ACTIONS_ASKED, type Action } from "../vision/liveness/actions.ts";
import { captureUrl } from "./capture.ts";

/** Who is verified on the demo page. */
export const DEMO_USER = "demo-user";
const PICTURES: readonly string[] = Object.values(SAMPLE_SET);

/** What stands in for a camera. */
export interface DemoPictures {
  /** Folder of the sample set. */
  readonly samples: string;
  /** Frames in which the face of a photograph does what a challenge asks for. */
  film(
    photograph: Uint8Array,
    actions: readonly Action[],
  ): Promise<readonly { readonly at: number; readonly jpeg: Uint8Array }[]>;
}

interface DemoParts extends DemoPictures {
  readonly kyc: Pick<KycService, "start">;
  readonly capture: Pick<CaptureLinks, "create">;
  readonly page: RouteHandlerMethod;
}

/**
 * A page to try the capture page by, with the sample pictures for whoever has no camera. It begins verifications without
 * asking for a token: never served in production.
 */
export function demoRoutes(app: FastifyInstance, { kyc, capture, samples, film, page }: DemoParts): void {
  const schema = { hide: true };
  app.get("/demo", { schema }, page);

  app.post("/demo/start", { schema }, async (request) => {
    const person = { subject: DEMO_USER, scopes: new Set<string>() };
    const started = await kyc.start(person, { userId: DEMO_USER, type: "FULL_KYC", consentLater: true });
    const origin = `${request.protocol}://${request.host}`;
    const back = { successUrl: `${origin}/demo`, cancelUrl: `${origin}/demo` };
    return {
      capture_url: captureUrl(origin, await capture.create(started.verification_id, DEMO_USER, back)),
    };
  });

  const pictureOf = async (file: string) => {
    const picture = PICTURES.includes(file) ? await readFile(join(samples, file)).catch(() => null) : null;
    if (picture === null) throw new KycError("KYC_VAL_001", 404, "There is no such sample, or not yet.");
    return picture;
  };

  app.get("/demo/samples/:file", { schema }, async (request, reply) => {
    const { file } = request.params as { file: string };
    return reply.type("image/jpeg").send(await pictureOf(file));
  });

  const FramesQuery = Type.Object({
    face: Type.String(),
    action: Type.Array(Type.Enum([...ACTIONS]), {
      minItems: ACTIONS_ASKED.least,
      maxItems: ACTIONS_ASKED.most,
    }),
  });
  app.get("/demo/frames", { schema: { ...schema, querystring: FramesQuery } }, async (request) => {
    const { face, action } = request.query as Static<typeof FramesQuery>;
    const frames = await film(await pictureOf(face), action);
    return frames.map(({ at, jpeg }) => ({ at, jpeg: Buffer.from(jpeg).toString("base64") }));
  });
}
