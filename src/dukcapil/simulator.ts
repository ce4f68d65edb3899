import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import {
  citizenAnswer,
  errorAnswer,
  FORCED_OUTCOMES,
  type ForcedOutcome,
  type PhotoComparison,
  photoAnswer,
  type SimulatedAnswer,
  verifyAnswer,
} from "./answers.ts";
import { type Behaviour, behaviourOf, FAITHFUL_BEHAVIOUR } from "./behaviour.ts";
import type { Register } from "./register.ts";
import { citizenViolations, constraintViolation, photoViolations, verifyViolations } from "./violations.ts";

export { type Behaviour, FAITHFUL_BEHAVIOUR, INSTANT_BEHAVIOUR } from "./behaviour.ts";

/** Compares the face on a card with a selfie. Whatever it throws becomes a system error, never a score. */
export type PhotoComparer = (ktp: Uint8Array, selfie: Uint8Array) => Promise<PhotoComparison>;

export interface SimulatorOptions {
  readonly register: Register;
  /** What differs from {@link FAITHFUL_BEHAVIOUR}. */
  readonly behaviour?: Partial<Behaviour>;
  /** Without one `match-photo` answers with a system error: no score is made up. */
  readonly comparer?: PhotoComparer;
  /** 0 ≤ x < 1, for latency and failures. */
  readonly random?: () => number;
}

export interface Simulator {
  readonly app: FastifyInstance;
  behaviour(): Behaviour;
  /** Changes how it behaves from the next call on. */
  behave(change: Partial<Behaviour>): void;
}

const VERSION = "1.0.0";

/** Two photographs of 10 MiB in base64, and the rest of the JSON. */
const BODY_LIMIT_BYTES = 28 * 1024 * 1024;

/** What the header `X-Simulate: timeout` waits before it answers with a system error: longer than callers do. */
const SIMULATED_TIMEOUT_MS = 60_000;

/** Seconds, in the answer to `X-Simulate: rate-limit`. */
const RETRY_AFTER_SECONDS = 1;

/**
 * The PayU Dukcapil simulator: same routes, bodies, response codes and HTTP statuses as the original, over a register
 * that other processes may add to while it runs. Beyond the original: the header `X-Simulate` works (an outcome it does
 * not know is ignored, as the original ignores all), and `GET`/`PUT /control` show and change the {@link Behaviour}.
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { register, comparer, random = Math.random } = options;
  let behaviour: Behaviour = { ...FAITHFUL_BEHAVIOUR, ...options.behaviour };
  const closing = new AbortController();

  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true, logger: false });
  app.removeContentTypeParser("text/plain");
  app.addHook("preClose", async () => closing.abort());

  app.setErrorHandler((error: { statusCode?: number; code?: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 400) {
      const { body } = constraintViolation([{ field: "request", message: "must be a JSON object" }]);
      return reply.code(status).send(body);
    }
    if (status < 500) return reply.code(status).send({ title: "Request cannot be taken", status });
    return send(reply, errorAnswer());
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ title: "Not Found", status: 404 }));

  app.get("/control", async () => behaviour);
  app.put("/control", async (request, reply) => {
    const change = behaviourOf(request.body);
    if (!change) {
      const { body } = constraintViolation([
        {
          field: "behaviour",
          message: "latencyMs [least, most], failureShare 0..1, mode up|down|hang|rubbish",
        },
      ]);
      return reply.code(400).send(body);
    }
    behaviour = { ...behaviour, ...change };
    return behaviour;
  });

  app.register(
    async (api) => {
      api.addHook("onRequest", async (_request, reply) => {
        if (behaviour.mode === "down") {
          reply.hijack();
          reply.raw.destroy();
        } else if (behaviour.mode === "hang") {
          reply.hijack();
          closing.signal.addEventListener("abort", () => reply.raw.destroy(), { once: true });
        } else if (behaviour.mode === "rubbish") {
          return reply.type("text/html").send("<html><body>It works!</body></html>");
        }
      });

      /** Waits, fails, or lets the outcome be forced: what every call has in common. */
      async function simulate(
        request: FastifyRequest,
        reply: FastifyReply,
        answer: (forced: ForcedOutcome | undefined) => Promise<SimulatedAnswer>,
      ): Promise<unknown> {
        const forced = forcedOutcome(request);
        if (forced === "rate-limit") {
          return reply
            .code(429)
            .header("retry-after", RETRY_AFTER_SECONDS)
            .send({ title: "Too Many Requests", status: 429 });
        }
        await wait(forced === "timeout" ? SIMULATED_TIMEOUT_MS : latency());
        if (forced === "timeout" || (!forced && random() < behaviour.failureShare)) {
          return send(reply, await answer("error"));
        }
        return send(reply, await answer(forced));
      }

      api.post("/verify", async (request, reply) => {
        const checked = verifyViolations(request.body);
        if ("violations" in checked)
          return reply.code(400).send(constraintViolation(checked.violations).body);
        const { value } = checked;
        return simulate(request, reply, async (forced) =>
          verifyAnswer(await register.find(value.nik), value, forced),
        );
      });

      api.post("/match-photo", async (request, reply) => {
        const checked = photoViolations(request.body);
        if ("violations" in checked)
          return reply.code(400).send(constraintViolation(checked.violations).body);
        const { value } = checked;
        return simulate(request, reply, async (forced) =>
          photoAnswer(
            await register.find(value.nik),
            value,
            async () => {
              if (!comparer) throw new Error("the simulator has nothing to compare photographs with");
              return comparer(value.ktp, value.selfie);
            },
            forced,
          ),
        );
      });

      api.get("/nik/:nik", async (request, reply) => {
        const { nik } = request.params as { nik: string };
        const violations = citizenViolations(nik);
        if (violations.length > 0) return reply.code(400).send(constraintViolation(violations).body);
        return simulate(request, reply, async (forced) =>
          citizenAnswer(await register.find(nik), nik, forced),
        );
      });

      api.get("/health", async () => ({ status: "UP", service: "dukcapil-simulator", version: VERSION }));
    },
    { prefix: "/api/v1" },
  );

  function latency(): number {
    const [least, most] = behaviour.latencyMs;
    return least + random() * (most - least);
  }

  /** Ends early when the simulator is closed. */
  async function wait(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    await sleep(milliseconds, undefined, { signal: closing.signal }).catch(() => undefined);
  }

  return {
    app,
    behaviour: () => behaviour,
    behave(change) {
      behaviour = { ...behaviour, ...change };
    },
  };
}

export interface RunningSimulator extends Simulator {
  readonly port: number;
  /** Where its API begins, for `DUKCAPIL_URL`: `http://127.0.0.1:8091/api/v1`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Runs the simulator as a service of its own.
 * @param options.port  default 8091; 0 takes a free one
 * @param options.host  default 127.0.0.1
 */
export async function startSimulator(
  options: SimulatorOptions & { readonly port?: number; readonly host?: string },
): Promise<RunningSimulator> {
  const { port = 8091, host = "127.0.0.1" } = options;
  const simulator = createSimulator(options);
  await simulator.app.listen({ port, host });
  const { port: bound } = simulator.app.server.address() as AddressInfo;
  const reachable = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return {
    ...simulator,
    port: bound,
    url: `http://${reachable}:${bound}/api/v1`,
    close: () => simulator.app.close(),
  };
}

function send(reply: FastifyReply, { httpStatus, body }: SimulatedAnswer): FastifyReply {
  return reply.code(httpStatus).send(body);
}

function forcedOutcome(request: FastifyRequest): ForcedOutcome | undefined {
  const header = request.headers["x-simulate"];
  const asked = String(header ?? "")
    .trim()
    .toLowerCase()
    .replaceAll("_", "-");
  return FORCED_OUTCOMES.find((outcome) => outcome === asked);
}
