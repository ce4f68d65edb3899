import type { FastifyInstance } from "fastify";
import type { Metrics } from "../observability/metrics.ts";
import { Health, Readiness } from "./schemas.ts";

/** How one part of the service is. `note` is for the operator: what is wrong, or worth knowing though all is well. */
export interface PartState {
  readonly ok: boolean;
  readonly note?: string;
}

/** Asks a part how it is. Throwing, or not answering for 3 s, counts as not ok. */
export type ReadinessCheck = () => Promise<PartState> | PartState;

export interface OperationsParts {
  readonly version: string;
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  /** Null: `/metrics` is not served. */
  readonly metrics: Metrics | null;
  readonly stopping: () => boolean;
}

const CHECK_MS = 3000;
/** Probes of several watchers share one round of checks. */
const FRESH_MS = 1000;

/** What operators and their machines ask: open to all, never limited, answered until the end. */
export function operations(app: FastifyInstance, parts: OperationsParts): void {
  const config = { always: true };
  const tags = ["operations"];

  app.get(
    "/health",
    {
      config,
      logLevel: "warn",
      schema: {
        operationId: "health",
        summary: "Whether the process lives",
        tags,
        response: { 200: Health },
      },
    },
    async () => ({ status: "healthy", service: "PayU KYC Service", version: parts.version }),
  );

  let round: { readonly since: number; readonly checks: Promise<Record<string, PartState>> } | undefined;
  app.get(
    "/ready",
    {
      config,
      logLevel: "warn",
      schema: {
        operationId: "ready",
        summary: "Whether it can take verifications: 503 names what is not usable",
        tags,
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (request, reply) => {
      const now = performance.now();
      if (round === undefined || now - round.since > FRESH_MS) {
        round = {
          since: now,
          checks: askAll(parts.readiness, (err, part) => request.log.warn({ err, part }, "not ready")),
        };
      }
      const checks = { ...(await round.checks) };
      if (parts.stopping()) checks.process = { ok: false, note: "being stopped" };
      const ready = Object.values(checks).every(({ ok }) => ok);
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not_ready", checks });
    },
  );

  const { metrics } = parts;
  if (metrics === null) return;
  app.get(
    "/metrics",
    {
      config,
      logLevel: "warn",
      schema: {
        operationId: "metrics",
        summary: "Measurements in Prometheus' text format",
        tags,
        response: { 200: { content: { "text/plain": { schema: { type: "string" } } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}

async function askAll(
  readiness: OperationsParts["readiness"],
  onFault: (error: unknown, part: string) => void,
): Promise<Record<string, PartState>> {
  const ask = async ([part, check]: [string, ReadinessCheck]): Promise<[string, PartState]> => {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${CHECK_MS} ms`)), CHECK_MS);
    });
    try {
      return [part, await Promise.race([Promise.resolve(check()), tooLate])];
    } catch (error) {
      onFault(error, part);
      return [part, { ok: false, note: "does not answer" }];
    } finally {
      clearTimeout(timer);
    }
  };
  return Object.fromEntries(await Promise.all(Object.entries(readiness).map(ask)));
}
