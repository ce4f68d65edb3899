import { AsyncLocalStorage } from "node:async_hooks";

/** W3C Trace Context: the ids of the trace that a request belongs to. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the caller's span, or the one of ours that runs. */
  readonly spanId: string;
  /** The header, as it came or as it is handed on. */
  readonly traceparent: string;
}

const current = new AsyncLocalStorage<Trace | null>();

/** https://www.w3.org/TR/trace-context/#traceparent-header; ids of zeros alone are not valid. */
const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}$/;

/** @returns null where there is no header, or none that can be used */
export function parseTraceparent(header: string | string[] | undefined): Trace | null {
  const found = typeof header === "string" ? TRACEPARENT.exec(header) : null;
  return found && { traceId: found[1], spanId: found[2], traceparent: found[0] };
}

/** Runs `work`, and all that it starts, as part of a trace. */
export const inTrace = <T>(trace: Trace | null, work: () => T): T => current.run(trace, work);

/** The trace that the running code belongs to. */
export const currentTrace = (): Trace | null => current.getStore() ?? null;

/** The trace that the running code belongs to, in the form in which it travels on with an event or a call. */
export const currentTraceparent = (): string | null => currentTrace()?.traceparent ?? null;
