import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { BreakerState, CallObserver } from "../dukcapil/caller.ts";
import type { Status, VerificationType } from "../verification/ports.ts";
import { REASONS } from "../verification/reasons.ts";
import type { Witness } from "../verification/verification.ts";

/** Numbers by the value of a label. */
type Labelled = Readonly<Record<string, number>>;

/** One answered request. `path` is the route's pattern, never a path with an id in it. */
export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
}

/**
 * The service's measurements. It is the workflow's {@link Witness} too: hand it over as it is.
 *
 * Names and labels that dashboards of the platform read stay as they are:
 * `http_requests_total{method,path,status}`, `http_request_duration_seconds{method,path}`,
 * `kyc_verifications_total{type,status}`, `kyc_processing_duration_seconds{type}`,
 * `kyc_ml_inference_duration_seconds{model}`, and the process's own without prefix.
 *
 * `kyc_verifications_total` counts a verification once, when it ends: `type` is FULL_KYC or BASIC_KYC, `status` how it
 * ended, so `sum by (type)` is what it was before the status was added. Beginnings are counted by
 * `kyc_verifications_started_total{type}`, and why one was not VERIFIED by `kyc_verifications_refused_total{reason}`
 * (one verification may have several reasons).
 */
export interface Metrics extends Witness {
  answered(request: AnsweredRequest): void;
  /** A try to post an event to a webhook endpoint. */
  webhook(endpoint: string, outcome: "delivered" | "failed" | "dead"): void;
  /** What happens with the calls of the civil registry. */
  readonly registry: Required<CallObserver>;
  /**
   * A number that is asked for at each scrape, e.g. a queue's length. Where it cannot be had it is left out of that
   * scrape, the others stay.
   * @param name  in Prometheus' form, with its unit: `kyc_outbox_events`, `kyc_dukcapil_breaker_open`
   */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** As `gauge`, for several series of one name told apart by a label. */
  gauges(name: string, help: string, label: string, read: () => Labelled | Promise<Labelled>): void;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  /** Its media type. */
  readonly contentType: string;
}

/** Seconds. From a status look-up to the platform's gateway giving up at 60 s. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds. One step: all its networks, and its wait for a free worker. */
const STEP_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30];
/** Seconds. One network, or one stage around it. */
const INFERENCE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5];

/** Seconds. The original registry answers in 100 to 800 ms; one try may take 3 s, at most 60. */
const REGISTRY_SECONDS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15, 60];
/** Tenths, finer where thresholds lie. */
const SCORES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1];
const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** Builds a registry of its own, so that two services in one process do not add up. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered, by route pattern; status 499: the client left before its answer.",
    labelNames: ["method", "path", "status"],
    registers,
  });
  const requestSeconds = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's first byte to the end of its answer, by route pattern.",
    labelNames: ["method", "path"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const startedTotal = new Counter({
    name: "kyc_verifications_started_total",
    help: "Verifications started, by type.",
    labelNames: ["type"],
    registers,
  });
  const completedTotal = new Counter({
    name: "kyc_verifications_total",
    help: "Verifications ended, by type and by how they ended.",
    labelNames: ["type", "status"],
    registers,
  });
  const stepSeconds = new Histogram({
    name: "kyc_processing_duration_seconds",
    help: "Time that one uploaded image took, by step: ktp or selfie.",
    labelNames: ["type"],
    buckets: STEP_SECONDS,
    registers,
  });
  const inferenceSeconds = new Histogram({
    name: "kyc_ml_inference_duration_seconds",
    help: "Time spent in one network or stage for one image.",
    labelNames: ["model"],
    buckets: INFERENCE_SECONDS,
    registers,
  });

  const refusedTotal = new Counter({
    name: "kyc_verifications_refused_total",
    help: "What spoke against verifications that ended REJECTED or FAILED; one may have several reasons.",
    labelNames: ["reason"],
    registers,
  });
  // A series that begins with its first event has no rate before the second.
  for (const reason of REASONS) refusedTotal.inc({ reason }, 0);
  const photographsTotal = new Counter({
    name: "kyc_photographs_total",
    help: "Photographs judged, by step (ktp, selfie) and outcome (accepted, refused): attempts.",
    labelNames: ["step", "outcome"],
    registers,
  });
  for (const step of ["ktp", "selfie"]) {
    for (const outcome of ["accepted", "refused"]) photographsTotal.inc({ step, outcome }, 0);
  }
  const hintsTotal = new Counter({
    name: "kyc_hints_total",
    help: "Hints given with refused photographs, by step and hint.",
    labelNames: ["step", "hint"],
    registers,
  });
  const scores = new Histogram({
    name: "kyc_score",
    help: "Scores that decisions rest on, by kind: ocr, liveness, face_match (cosine), registry.",
    labelNames: ["kind"],
    buckets: SCORES,
    registers,
  });
  const registryTotal = new Counter({
    name: "kyc_dukcapil_requests_total",
    help: "Tries of the civil registry, by outcome: answered, unavailable, busy, refused (our query is at fault).",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["answered", "unavailable", "busy", "refused"]) registryTotal.inc({ outcome }, 0);
  const registrySeconds = new Histogram({
    name: "kyc_dukcapil_request_duration_seconds",
    help: "Time of one try of the civil registry.",
    buckets: REGISTRY_SECONDS,
    registers,
  });
  const webhooksTotal = new Counter({
    name: "kyc_webhook_deliveries_total",
    help: "Tries to post an event, by webhook endpoint and outcome: delivered, failed (tried again), dead (given up).",
    labelNames: ["endpoint", "outcome"],
    registers,
  });
  const breakerState = new Gauge({
    name: "kyc_dukcapil_breaker_state",
    help: "The civil registry's breaker: 0 closed, 1 half-open, 2 open (it is left alone).",
    registers,
  });
  breakerState.set(BREAKER_VALUES.closed);

  return {
    answered({ method, path, status, seconds }) {
      requests.inc({ method, path, status: String(status) });
      requestSeconds.observe({ method, path }, seconds);
    },
    started(type: VerificationType) {
      startedTotal.inc({ type });
    },
    completed(type: VerificationType, status: Status, reasons) {
      completedTotal.inc({ type, status });
      for (const reason of reasons) refusedTotal.inc({ reason });
    },
    photographed(step, hints) {
      photographsTotal.inc({ step, outcome: hints.length > 0 ? "refused" : "accepted" });
      for (const hint of hints) hintsTotal.inc({ step, hint });
    },
    scored(kind, score) {
      scores.observe({ kind }, score);
    },
    webhook(endpoint, outcome) {
      webhooksTotal.inc({ endpoint, outcome });
    },
    registry: {
      attempt({ outcome, milliseconds }) {
        registryTotal.inc({ outcome });
        registrySeconds.observe(milliseconds / 1000);
      },
      breaker(state) {
        breakerState.set(BREAKER_VALUES[state]);
      },
    },
    processed(step, seconds) {
      stepSeconds.observe({ type: step }, seconds);
    },
    inferred(stages) {
      for (const [model, milliseconds] of Object.entries(stages)) {
        inferenceSeconds.observe({ model }, milliseconds / 1000);
      }
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          try {
            this.set(await read());
          } catch {
            this.remove();
          }
        },
      });
    },
    gauges(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        async collect() {
          try {
            const numbers = await read();
            this.reset();
            for (const [value, number] of Object.entries(numbers)) this.set({ [label]: value }, number);
          } catch {
            this.reset();
          }
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
