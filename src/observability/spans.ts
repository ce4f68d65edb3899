import { currentTrace, inTrace, type Trace } from "./trace.ts";

/** What is said of a span. Never personal data: ids of routes, networks, tables and verifications, counts, statuses. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** OpenTelemetry's words for which side of a call a span is. */
export type SpanKind = "internal" | "server" | "client" | "producer";

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Above it; the running one unless told. Null begins a trace. */
  readonly parent?: Trace | null;
  readonly attributes?: Attributes;
  /** When it began, in milliseconds since the epoch; now unless told. */
  readonly startMs?: number;
}

export interface OpenSpan {
  /** What runs below it belongs to; with it the trace travels on. */
  readonly trace: Trace | null;
  /** Ends it. Only the first call counts. `name` and `attributes` are what only the end could tell. */
  end(outcome?: {
    readonly name?: string;
    readonly attributes?: Attributes;
    readonly failed?: boolean;
    readonly endMs?: number;
  }): void;
}

/** Tells which work took how long, as spans of traces. */
export interface Spans {
  begin(name: string, options?: SpanOptions): OpenSpan;
  /** Sends what has not been sent, and ends. */
  close(): Promise<void>;
}

/** Where traces are not asked for: a trace that came with a request still travels on. */
export const NO_SPANS: Spans = {
  begin: (_name, { parent = currentTrace() } = {}) => ({ trace: parent, end: () => undefined }),
  close: async () => undefined,
};

/**
 * Runs work as a span of its own.
 * @param outcome  what is said of the result; an error ends the span as failed, with the error's name and no more
 */
export async function inSpan<T>(
  spans: Spans,
  name: string,
  options: SpanOptions,
  work: (span: OpenSpan) => Promise<T>,
  outcome?: (result: T) => Attributes,
): Promise<T> {
  const span = spans.begin(name, options);
  try {
    const result = await inTrace(span.trace, () => work(span));
    span.end(outcome && { attributes: outcome(result) });
    return result;
  } catch (error) {
    const type = error instanceof Error ? error.name : typeof error;
    span.end({ failed: true, attributes: { "error.type": type } });
    throw error;
  }
}

/** A span of what is over, below the running one; where none runs there is nothing to tell it to. */
export function pastSpan(
  spans: Spans,
  name: string,
  milliseconds: number,
  options: SpanOptions & { readonly failed?: boolean } = {},
): void {
  if (currentTrace() === null) return;
  const startMs = options.startMs ?? Date.now() - milliseconds;
  spans.begin(name, { ...options, startMs }).end({ endMs: startMs + milliseconds, failed: options.failed });
}
