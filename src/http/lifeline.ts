import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../observability/log.ts";
import { KycError } from "../verification/errors.ts";

/** By then another process behind the load balancer takes requests. */
const RETRY_SECONDS = 5;
/** How often an ending process looks whether all is answered. */
const LOOK_MS = 20;

export interface Lifeline {
  /** Whether the process has been told to stop. */
  readonly stopping: boolean;
  /**
   * Ends the service in order: what has been accepted is finished and answered, what comes now gets 503 and its
   * connection closed. What is not done by the deadline is cut off.
   * @returns how many requests were cut off
   */
  stop(deadlineMs: number): Promise<number>;
}

/** Follows each request from its arrival until it is answered, its client gone or not. */
export function lifeline(app: FastifyInstance, log: Log): Lifeline {
  let stopping = false;
  let underWay = 0;
  const halfDone = new WeakSet<FastifyRequest>();
  const over = new WeakSet<FastifyRequest>();
  const end = (request: FastifyRequest) => {
    if (over.has(request)) return;
    over.add(request);
    underWay--;
  };
  // A request whose client left is still worked on: it is over when its answer was made and its socket is done.
  const half = (request: FastifyRequest) => {
    if (halfDone.has(request)) end(request);
    else halfDone.add(request);
  };
  const closed = (request: FastifyRequest) => {
    // The rest of the body never comes, so no work was begun and no answer will be made.
    if (request.raw.complete) half(request);
    else end(request);
  };

  app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    underWay++;
    reply.raw.once("close", () => closed(request));
    if (stopping && request.routeOptions.config.always !== true) {
      reply.header("connection", "close");
      throw new KycError("KYC_SYS_001", 503, "The service is being stopped. Send the request again.", {
        retryAfter: RETRY_SECONDS,
      });
    }
  });
  app.addHook("onSend", async (request, reply) => {
    if (stopping) reply.header("connection", "close");
    half(request);
  });

  return {
    get stopping() {
      return stopping;
    },
    async stop(deadlineMs) {
      stopping = true;
      const deadline = performance.now() + deadlineMs;
      while (underWay > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      const cutOff = underWay;
      if (cutOff > 0) log.warn({ requests: cutOff }, "stopped before these requests were answered");
      await app.close();
      return cutOff;
    },
  };
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered while the service is being stopped, too. */
    always?: boolean;
  }
}
