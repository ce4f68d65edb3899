import { Server } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../observability/log.ts";
import { KycError } from "../verification/errors.ts";

/** By then another process behind the load balancer takes requests. */
const RETRY_SECONDS = 5;
/** How often an ending process looks whether all is answered. */
const LOOK_MS = 20;
/**
 * The port is closed when so many looks on end found no new request, at the latest after this time: until then whoever
 * sends is told to go elsewhere, where a closed port would reset connections that wait in line to be taken. Looks are
 * counted, not milliseconds: while a busy machine lets the process wait, nothing can be seen to come.
 */
const QUIET_LOOKS = 5;
const QUIET_WITHIN_MS = 2_000;
/**
 * What was sent to this process before its port was closed is read and answered within this time; a connection on which
 * nothing comes is closed then.
 */
const LINGER_MS = 200;

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
  let came = 0;
  let connected = 0;
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

  app.server.on("connection", () => {
    connected++;
  });
  /** Closes the port after a turn of the loop in which no connection was taken: none waits in line. */
  const closePort = async (timeUp: number): Promise<void> => {
    for (let before = -1; before !== connected && performance.now() < timeUp; await turn())
      before = connected;
    stopListening(app.server);
  };

  app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    underWay++;
    came++;
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
      const within = (milliseconds: number) => Math.min(deadline, performance.now() + milliseconds);
      await until(() => underWay === 0, deadline);
      let seen = came;
      let quiet = 0;
      const isQuiet = () => {
        quiet = underWay === 0 && came === seen ? quiet + 1 : 0;
        seen = came;
        return quiet > QUIET_LOOKS;
      };
      await until(isQuiet, within(QUIET_WITHIN_MS));
      await closePort(within(LINGER_MS));
      await until(async () => (await connectionsOf(app.server)) === 0, within(LINGER_MS));
      const cutOff = underWay;
      if (cutOff > 0) log.warn({ requests: cutOff }, "stopped before these requests were answered");
      await app.close();
      return cutOff;
    },
  };
}

/** Looks again and again until it is so, or the time is up. */
async function until(so: () => boolean | Promise<boolean>, timeUp: number): Promise<void> {
  while (performance.now() < timeUp && !(await so())) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Takes no further connections and leaves those that are there: Node's own way closes those on which a request is just
 * arriving, too, and whoever sent it cannot tell whether it was carried out.
 */
function stopListening(server: Server): void {
  if (server.listening) Server.prototype.close.call(server);
}

/** A whole turn of the event loop: connections that wait are taken in between. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count ?? 0)));

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered while the service is being stopped, too. */
    always?: boolean;
  }
}
