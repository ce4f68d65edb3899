import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { Custody } from "../verification/custody.ts";
import type { Clock } from "../verification/ports.ts";
import type { Once } from "./idempotency.ts";
import { Moment, PostHeaders, problems, UserParams } from "./schemas.ts";

const CloseRequest = Type.Object({
  closed_at: Type.Optional(
    Type.String({ format: "date-time", description: "When: RFC 3339. Default: now." }),
  ),
});
const Closed = Type.Object({ user_id: Type.String(), closed_at: Moment });
const Erased = Type.Object({
  user_id: Type.String(),
  erased: Type.Object({
    verifications: Type.Integer(),
    images: Type.Integer(),
    events: Type.Integer(),
  }),
  images_elsewhere: Type.Array(Type.String(), {
    description: "References of photographs that the replaced service stored: remove them there.",
  }),
});

export interface CustodyParts {
  readonly custody: Pick<Custody, "closeAccount" | "eraseUser">;
  readonly clock: Clock;
  readonly once: Once;
}

/** The platform's orders about a user's data (scope kyc:service). */
export function custodyRoutes(app: FastifyInstance, { custody, clock, once }: CustodyParts): void {
  const common = { tags: ["operations"], security: [{ bearer: [] }], params: UserParams };

  app.post(
    "/user/:user_id/close",
    {
      schema: {
        ...common,
        operationId: "closeAccount",
        summary: "The account was closed: the periods of retention run from then (scope kyc:service)",
        headers: PostHeaders,
        body: CloseRequest,
        response: { 200: Closed, ...problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503) },
      },
    },
    (request, reply) => {
      const { user_id } = request.params as Static<typeof UserParams>;
      const { closed_at } = request.body as Static<typeof CloseRequest>;
      const content = { user_id, ...(closed_at !== undefined && { closed_at }) };
      return once(request, reply, content, async () => {
        const at = closed_at === undefined ? clock.now() : new Date(closed_at);
        await custody.closeAccount(request.caller, user_id, at);
        return { user_id, closed_at: at.toISOString() };
      });
    },
  );

  app.delete(
    "/user/:user_id",
    {
      schema: {
        ...common,
        operationId: "eraseUser",
        summary: "Erase all that is known of a user but the audit log (scope kyc:service)",
        response: { 200: Erased, ...problems(400, 401, 403, 429, 500, 503) },
      },
    },
    async (request) => {
      const { user_id } = request.params as Static<typeof UserParams>;
      const { imagesElsewhere, ...erased } = await custody.eraseUser(request.caller, user_id);
      return { user_id, erased, images_elsewhere: imagesElsewhere };
    },
  );
}
