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
