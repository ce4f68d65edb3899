import pg from "pg";

/** Connections of a process to its server. */
export interface PoolLoad {
  readonly most: number;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

/** What a deployment sets of its connections. */
export interface PoolOptions {
  /** Connections of one process; PostgreSQL's default allows 100 for all. */
  readonly connections: number;
  /** Milliseconds after which the server ends a statement. */
  readonly statementTimeoutMs: number;
}

export const DEFAULT_POOL: PoolOptions = { connections: 10, statementTimeoutMs: 15_000 };

/** A server keeps so many statements for each connection; what comes after these is parsed each time. */
const MOST_PREPARED = 100;
/** What gives "all columns" has no lasting result: a later version that adds one would make the server refuse it. */
const GIVES_ALL = /\*/;
const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MOST_PREPARED || GIVES_ALL.test(text)) return known;
  const name = `kyc_${names.size + 1}`;
  names.set(text, name);
  return name;
}

/**
 * A connection on which each statement is parsed and planned once: its text comes again and again with other values,
 * and for a read the server spends more time on the text than on the row.
 */
export class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg's own
  override query(...args: any[]): any {
    const [text, values, ...rest] = args;
    const name = typeof text === "string" && Array.isArray(values) ? nameOf(text) : undefined;
    // @ts-expect-error: one of the overloads, as it was called
    return name === undefined ? super.query(...args) : super.query({ name, text, values }, ...rest);
  }
}
