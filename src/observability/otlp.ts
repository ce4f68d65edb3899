import { SpanKind as Kind, ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import type { SpanKind, Spans } from "./spans.ts";
import { currentTrace, parseTraceparent } from "./trace.ts";

export interface OtlpOptions {
  /** `http://jaeger:4317`; for HTTP the path `/v1/traces` is put to an address without one. */
  readonly endpoint: string;
  readonly protocol: "grpc" | "http";
  readonly version: string;
}

const KINDS: Readonly<Record<SpanKind, Kind>> = {
  internal: Kind.INTERNAL,
  server: Kind.SERVER,
  client: Kind.CLIENT,
  producer: Kind.PRODUCER,
};
/** Where a collector of OTLP over HTTP takes traces: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
const HTTP_PATH = "/v1/traces";
/** Spans that wait to be sent; more are dropped. Each some 2 kB. */
const QUEUE = 2048;
const EVERY_MS = 2000;
const TIMEOUT_MS = 5000;

/** One of the two exporters is loaded: gRPC alone is several megabytes. */
async function exporter({ endpoint, protocol }: OtlpOptions): Promise<SpanExporter> {
  if (protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter({ url: endpoint, timeoutMillis: TIMEOUT_MS });
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  const url = new URL(endpoint);
  if (url.pathname === "/") url.pathname = HTTP_PATH;
  return new OTLPTraceExporter({ url: url.href, timeoutMillis: TIMEOUT_MS });
}

/**
 * Spans that go to a collector by OTLP. A collector that is away costs spans, never a request. This file is imported
 * only where traces are asked for.
 */
export async function otlpSpans(options: OtlpOptions): Promise<Spans> {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "kyc-service", "service.version": options.version }),
    // Whoever sends a traceparent decides whether it is recorded.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      new BatchSpanProcessor(await exporter(options), {
        maxQueueSize: QUEUE,
        scheduledDelayMillis: EVERY_MS,
        exportTimeoutMillis: TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("payu-kyc");

  return {
    begin(name, { kind = "internal", parent = currentTrace(), attributes, startMs } = {}) {
      const above =
        parent === null
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, {
              traceId: parent.traceId,
              spanId: parent.spanId,
              traceFlags: Number.parseInt(parent.traceparent.slice(-2), 16) & TraceFlags.SAMPLED,
              isRemote: kind === "server",
            });
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes, startTime: startMs }, above);
      const { traceId, spanId, traceFlags } = span.spanContext();
      let over = false;
      return {
        trace: parseTraceparent(`00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`),
        end(outcome = {}) {
          if (over) return;
          over = true;
          if (outcome.name !== undefined) span.updateName(outcome.name);
          if (outcome.attributes) span.setAttributes(outcome.attributes);
          if (outcome.failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end(outcome.endMs);
        },
      };
    },
    async close() {
      // A collector that is away must not hold the end up as a failure.
      await provider.shutdown().catch(() => undefined);
    },
  };
}
