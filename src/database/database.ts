import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, type Logger, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { type FolderLock, lockDataFolder } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { pgliteDialect } from "./pglite-dialect.ts";
import { DEFAULT_POOL, type PoolLoad, type PoolOptions, PreparingClient } from "./pool.ts";
import type { Schema } from "./schema.ts";

export interface Database {
  readonly db: Kysely<Schema>;
  readonly kind: "embedded" | "server";
  /** For a library that brings its own SQL: several statements at once where it hands over no values. */
  run(text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  /** How its connections are used now; `waiting` are requests that none is free for. */
  readonly load: PoolLoad;
  /** Whether it answers a query within two seconds. Never throws. */
  healthy(): Promise<boolean>;
  /** Lets running queries end, then closes; the data folder is free afterwards. */
  close(): Promise<void>;
}

/** Milliseconds. The gateway gives up on a request after 60 s: what takes longer here helps nobody. */
const CONNECT_TIMEOUT = 5_000;
/** A process that was stopped inside a transaction must not hold its rows for long. */
const IDLE_IN_TRANSACTION_TIMEOUT = 15_000;
const HEALTH_TIMEOUT = 2_000;

const run = promisify(execFile);
const NEW_CLUSTER = fileURLToPath(new URL("./new-cluster.ts", import.meta.url));
/** An embedded database is small: PostgreSQL's default of 128 MB would only be held. */
const START_PARAMS = [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"];

/** Type numbers of PostgreSQL, https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const INT8 = 20;
const TIMESTAMP = 1114;
/** TIMESTAMP holds UTC here, whatever the zone of the process; identities and counts stay far below 2^53. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: Number,
  [TIMESTAMP]: (text) => new Date(`${text.replace(" ", "T")}Z`),
};

/**
 * A URL as SQLAlchemy writes it, as libpq knows it: `postgresql+asyncpg://…?ssl=require` becomes
 * `postgresql://…?sslmode=require`. An `sslmode` has the meaning that libpq gives to it
 * (https://www.postgresql.org/docs/current/libpq-ssl.html): `require` encrypts and checks no certificate, unless
 * `sslrootcert` names one; `verify-full` checks the host's name too.
 */
export function libpqUrl(url: string): string {
  const plain = new URL(url.replace(/^postgres(?:ql)?(?:\+[a-z0-9]+)?:/, "postgresql:"));
  const ssl = plain.searchParams.get("ssl");
  if (ssl && /^(?:disable|allow|prefer|require|verify-ca|verify-full)$/.test(ssl)) {
    plain.searchParams.delete("ssl");
    plain.searchParams.set("sslmode", ssl);
  }
  if (plain.searchParams.has("sslmode")) plain.searchParams.set("uselibpqcompat", "true");
  return plain.href;
}

function serverPool(url: string, options: pg.PoolConfig, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: libpqUrl(url),
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    application_name: "payu-kyc",
    types: {
      getTypeParser: (oid, format) =>
        (format !== "binary" && PARSERS[oid]) || pg.types.getTypeParser(oid, format),
    },
    ...options,
  });
  // An idle connection that the server cuts is replaced by the pool; without a listener it would end the process.
  pool.on("error", onError);
  // Nor does the pool listen to one that is in use: cut between two statements of a transaction, it would end the
  // process too. The next statement fails and tells.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** A statement that has ended. Its text holds parameters' places, never their values. */
export interface QueryTold {
  readonly sql: string;
  readonly milliseconds: number;
  readonly failed: boolean;
}

/** Kysely's own log, in the asynchronous context of whoever asked. */
const telling = (onQuery: ((query: QueryTold) => void) | undefined): { log?: Logger } =>
  onQuery === undefined
    ? {}
    : {
        log: ({ level, query, queryDurationMillis }) =>
          onQuery({ sql: query.sql, milliseconds: queryDurationMillis, failed: level === "error" }),
      };

async function openServer(
  url: string,
  { connections, statementTimeoutMs }: PoolOptions,
  onError: (error: Error) => void,
  onQuery?: (query: QueryTold) => void,
): Promise<Database> {
  // Dates go out in UTC. There is no setting of a single pool for it; an instant stays the same instant for TIMESTAMPTZ.
  pg.defaults.parseInputDatesAsUTC = true;
  // Waiting for another process's migrations, or an index over an adopted table, may take longer than any request.
  const single = serverPool(url, { max: 1, idleTimeoutMillis: 0 }, onError);
  const migrating = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: single }) });
  try {
    await migrate(migrating, "server");
  } finally {
    await migrating.destroy();
  }
  const limits = {
    max: connections,
    statement_timeout: statementTimeoutMs,
    // The server ends a slow statement; a server that is frozen, or cut off, ends nothing.
    query_timeout: statementTimeoutMs + HEALTH_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
  };
  const pool = serverPool(url, limits, onError);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), ...telling(onQuery) });
  return {
    db,
    kind: "server",
    async run(text, values) {
      const results = (await pool.query(text, values as unknown[])) as pg.QueryResult | pg.QueryResult[];
      return { rows: [results].flat().flatMap(({ rows }) => rows) };
    },
    get load() {
      return {
        most: connections,
        open: pool.totalCount,
        idle: pool.idleCount,
        waiting: pool.waitingCount,
      };
    },
    healthy: () => answers(db),
    close: once(() => db.destroy()),
  };
}

async function openEmbedded(dataDir: string, onQuery?: (query: QueryTold) => void): Promise<Database> {
  const lock = lockDataFolder(dataDir);
  let pglite: PGlite | null = null;
  try {
    const folder = join(dataDir, "database");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(join(folder, "PG_VERSION"))) await run(process.execPath, [NEW_CLUSTER, folder]);
    pglite = await PGlite.create(folder, { parsers: PARSERS, startParams: START_PARAMS });
    const driver = pgliteDialect(pglite);
    const db = new Kysely<Schema>({ dialect: driver.dialect, ...telling(onQuery) });
    await migrate(db, "embedded");
    await endLeases(db);
    return {
      db,
      kind: "embedded",
      run: (text, values) => driver.run(text, values),
      get load() {
        const waiting = driver.waiting();
        return { most: 1, open: 1, idle: waiting > 0 ? 0 : 1, waiting: Math.max(0, waiting - 1) };
      },
      healthy: () => answers(db),
      close: once(async () => {
        await db.destroy();
        await closeEmbedded(pglite, lock);
      }),
    };
  } catch (error) {
    await closeEmbedded(pglite, lock);
    throw error;
  }
}

async function closeEmbedded(pglite: PGlite | null, lock: FolderLock): Promise<void> {
  try {
    await pglite?.close();
  } finally {
    lock.release();
  }
}

/** Whoever held a claim or worked on a request in this folder is dead: nobody else can have it open. */
async function endLeases(db: Kysely<Schema>): Promise<void> {
  await db
    .updateTable("kyc_verifications")
    .set({ claim_token: null, claim_expires_at: null })
    .where("claim_token", "is not", null)
    .execute();
  await db
    .updateTable("kyc_idempotency")
    .set((row) => ({ lease_expires_at: row.ref("created_at") }))
    .where("response", "is", null)
    .execute();
}

async function answers(db: Kysely<Schema>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), HEALTH_TIMEOUT);
  const asked = sql`SELECT 1`.execute(db).then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | null = null;
  return () => {
    closing ??= close();
    return closing;
  };
}

/**
 * Opens the database and brings its tables up to date.
 *
 * @param url      `postgresql://…` or `postgresql+asyncpg://…`; without one, PostgreSQL runs inside this process and
 *                 keeps its files in `<dataDir>/database`
 * @param pool     of a server
 * @param onError  told of connections that the server cut while idle; the pool replaces them
 * @param onQuery  told of each statement when it has ended
 * @throws {DataFolderInUseError} where another process has the embedded database open
 */
export function openDatabase({
  url,
  dataDir,
  pool = DEFAULT_POOL,
  onError = () => undefined,
  onQuery,
}: {
  url?: string | null;
  dataDir: string;
  pool?: PoolOptions;
  onError?: (error: Error) => void;
  onQuery?: (query: QueryTold) => void;
}): Promise<Database> {
  return url ? openServer(url, pool, onError, onQuery) : openEmbedded(dataDir, onQuery);
}
