import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { Outbox } from "../events/outbox.ts";
import { KycError } from "../verification/errors.ts";
import type { AuditTrail, Clock } from "../verification/ports.ts";
import { problems } from "./schemas.ts";

const MOST = 500;

const EventsQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({ minimum: 0, default: 0, description: "Id of the last event already seen." }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST, default: MOST })),
});

const Event = Type.Object({
  id: Type.Integer(),
  kind: Type.Enum(["ktp_uploaded", "verified", "failed", "resubmission_requested"]),
  userId: Type.String(),
  value: Type.Record(Type.String(), Type.Unknown()),
  ce: Type.Object({ id: Type.String(), source: Type.String(), type: Type.String(), time: Type.String() }),
  traceparent: Type.Union([Type.String(), Type.Null()]),
  sentAt: Type.Union([Type.String(), Type.Null()]),
});

export interface EventParts {
  readonly events: Pick<Outbox, "list">;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/** The outbox for the operator's command line: the embedded database lets no second process in. */
export function eventRoutes(app: FastifyInstance, { events, audit, clock }: EventParts): void {
  app.get(
    "/events",
    {
      schema: {
        operationId: "listEvents",
        summary: "Events kept in the outbox, oldest first (scope kyc:service)",
        tags: ["operations"],
        security: [{ bearer: [] }],
        querystring: EventsQuery,
        response: { 200: Type.Array(Event), ...problems(400, 401, 403, 429, 500, 503) },
      },
    },
    async (request) => {
      if (!request.caller.scopes.has("kyc:service")) {
        throw new KycError(
          "KYC_AUTH_003",
          403,
          "The events are for the platform: the token needs the scope kyc:service.",
        );
      }
      const { after = 0, limit = MOST } = request.query as Static<typeof EventsQuery>;
      const page = await events.list({ after, limit });
      await audit.record({
        at: clock.now(),
        by: request.caller,
        action: "events.read",
        userId: null,
        verificationId: null,
        detail: { after, events: page.length },
      });
      return page;
    },
  );
}
