import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent, request as secureRequest } from "node:https";
import { Webhook } from "standardwebhooks";
import type { Deliveries, Delivery } from "../database/webhooks.ts";
import { publicLookup, refuseLiteral } from "./addresses.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Outbox, OutboxEvent } from "./outbox.ts";

export type Outcome = "delivered" | "failed" | "dead";

export interface WebhookParts {
  readonly endpoints: readonly Endpoint[];
  readonly deliveries: Deliveries;
  readonly outbox: Pick<Outbox, "byIds">;
  /** Whether addresses that are not public may be reached. */
  readonly allowPrivate: boolean;
  /** Told of each try. `error` holds no personal data. */
  readonly onOutcome: (endpoint: string, outcome: Outcome, eventId: string, error: string | null) => void;
  /** Told where deliveries could not be read or written. */
  readonly onError: (endpoint: string, error: unknown) => void;
  /** Seconds between the tries of one event. */
  readonly schedule?: readonly number[];
  /** Seconds after which one whose process died is taken by another. Longer than a request. */
  readonly leaseSeconds?: number;
}

export interface Webhooks {
  /** Finishes what is being sent and ends. */
  close(): Promise<void>;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/**
 * Seconds between the tries: some three days in all, after the example of Standard Webhooks. Each is lengthened by up to
 * a fifth at random, so that what failed together is not tried together.
 */
export const SCHEDULE = [
  5,
  30,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;
const JITTER = 0.2;
/** A Retry-After of more than this counts as this. */
const RETRY_AFTER_MOST = 24 * HOUR;
/** Of one endpoint, at once, by one process. */
const AT_ONCE = 8;
/** From connecting to the end of the answer: the least that Standard Webhooks advises. */
const REQUEST_MS = 15_000;
const LEASE_SECONDS = 60;
const IDLE_MS = 1000;
/** Where the database is away. */
const AWAY_MS = 5000;
/** Nothing of an answer but its status and Retry-After is used. */
const ANSWER_BYTES = 64 * 1024;
const GONE = 410;

/**
 * Posts events to each endpoint by Standard Webhooks, at least once, beside whatever else reads the outbox. Several
 * processes share the work. An endpoint waits for no other.
 */
export function startWebhooks(parts: WebhookParts): Webhooks {
  const stop = new AbortController();
  const loops = parts.endpoints.map((endpoint) => serve(endpoint, parts, stop.signal));
  return {
    async close() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

async function serve(endpoint: Endpoint, parts: WebhookParts, stop: AbortSignal): Promise<void> {
  const { deliveries, outbox, onOutcome, onError, schedule = SCHEDULE, leaseSeconds = LEASE_SECONDS } = parts;
  const { name } = endpoint;
  const post = poster(endpoint, parts.allowPrivate);
  /** Milliseconds of `Date.now()` until which the endpoint asked to be left alone. */
  let quietUntil = 0;

  async function send(delivery: Delivery, event: OutboxEvent | undefined): Promise<void> {
    if (event === undefined) {
      await deliveries.dead(delivery, "the stored event does not open");
      return onOutcome(name, "dead", String(delivery.outboxId), "the stored event does not open");
    }
    const { status, error, retryAfter } = await post(event);
    if (error === null) {
      await deliveries.delivered(delivery);
      return onOutcome(name, "delivered", event.ce.id, null);
    }
    if (status === GONE) {
      await deliveries.disable(name, error);
      return onOutcome(name, "dead", event.ce.id, error);
    }
    if (delivery.attempts >= schedule.length) {
      await deliveries.dead(delivery, error);
      return onOutcome(name, "dead", event.ce.id, error);
    }
    const wait = schedule[delivery.attempts] * (1 + Math.random() * JITTER);
    quietUntil = Math.max(quietUntil, Date.now() + retryAfter * 1000);
    await deliveries.failed(delivery, error, Math.max(wait, retryAfter));
    onOutcome(name, "failed", event.ce.id, error);
  }

  while (!stop.aborted) {
    try {
      await deliveries.buryDisabled(name, "the endpoint answered 410 and takes no more");
      const claimed = Date.now() < quietUntil ? [] : await deliveries.claim(name, AT_ONCE, leaseSeconds);
      const events = await outbox.byIds(claimed.map(({ outboxId }) => outboxId));
      const sent = await Promise.allSettled(
        claimed.map((one) =>
          send(
            one,
            events.find(({ id }) => id === one.outboxId),
          ),
        ),
      );
      for (const result of sent) if (result.status === "rejected") onError(name, result.reason);
      if (claimed.length === 0) await pause(IDLE_MS, stop);
    } catch (error) {
      onError(name, error);
      await pause(AWAY_MS, stop);
    }
  }
  post.close();
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stop.addEventListener("abort", end);
  });
}

interface Answer {
  /** Null where there was none. */
  readonly status: number | null;
  /** Null where the event was taken. */
  readonly error: string | null;
  /** Seconds; 0 where the endpoint did not say. */
  readonly retryAfter: number;
}

/** How one endpoint is posted to; never throws. */
function poster(
  { url, secrets }: Endpoint,
  allowPrivate: boolean,
): { (event: OutboxEvent): Promise<Answer>; close(): void } {
  const target = new URL(url);
  const secure = target.protocol === "https:";
  // Agents of its own: the process's proxies would look names up themselves.
  const options = { keepAlive: true, maxSockets: AT_ONCE, ...(!allowPrivate && { lookup: publicLookup }) };
  const agent = secure ? new Agent(options) : new PlainAgent(options);
  const signers = secrets.map((secret) => new Webhook(secret));

  const post = (event: OutboxEvent) =>
    new Promise<Answer>((resolve) => {
      const failed = (error: Error) =>
        resolve({
          status: null,
          error: (error as NodeJS.ErrnoException).code ?? error.name,
          retryAfter: 0,
        });
      try {
        if (!allowPrivate) refuseLiteral(target);
        const body = JSON.stringify({ type: event.ce.type, timestamp: event.ce.time, data: event.value });
        const at = new Date();
        const request = (secure ? secureRequest : plainRequest)(target, {
          method: "POST",
          agent,
          signal: AbortSignal.timeout(REQUEST_MS),
          headers: {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "user-agent": "payu-kyc-service",
            "webhook-id": event.ce.id,
            "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
            "webhook-signature": signers.map((signer) => signer.sign(event.ce.id, at, body)).join(" "),
            ...(event.traceparent !== null && { traceparent: event.traceparent }),
          },
        });
        request.on("error", failed);
        request.on("response", (response) => {
          const status = response.statusCode ?? 0;
          let bytes = 0;
          response.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > ANSWER_BYTES) request.destroy();
          });
          response.on("error", () => undefined);
          const taken = status >= 200 && status < 300;
          resolve({
            status,
            error: taken ? null : `HTTP ${status}`,
            retryAfter: taken ? 0 : secondsOf(response.headers["retry-after"]),
          });
        });
        request.end(body);
      } catch (error) {
        failed(error as Error);
      }
    });
  return Object.assign(post, { close: () => agent.destroy() });
}

/** Retry-After, RFC 9110: seconds, or a date. */
function secondsOf(given: string | undefined): number {
  if (given === undefined) return 0;
  const seconds = /^\d{1,9}$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(RETRY_AFTER_MOST, Math.max(0, seconds)) : 0;
}
