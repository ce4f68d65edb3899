import type { PGlite } from "@electric-sql/pglite";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";

/**
 * Kysely over PGlite, which is PostgreSQL with a single connection inside this process.
 * @returns with it, how many use the connection or wait for it, and a way to run the SQL of others on it in turn
 */
export function pgliteDialect(pglite: PGlite): {
  dialect: Dialect;
  waiting: () => number;
  run: (text: string, values?: readonly unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;
} {
  const driver = new PgliteDriver(pglite);
  return {
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    waiting: () => driver.users,
    run: (text, values) => driver.run(text, values),
  };
}

/**
 * Hands the one connection to one user at a time, in order of asking: statements of others must not slip into an open
 * transaction. Who holds it in a transaction and asks for a second waits for ever, as with any pool of one.
 */
class PgliteDriver implements Driver {
  /** Who has the connection, and who waits for it. */
  users = 0;
  readonly #connection: PgliteConnection;
  /** Settles when whoever asked last has given the connection back. */
  #last: Promise<void> = Promise.resolve();
  #giveBack: () => void = () => undefined;

  constructor(pglite: PGlite) {
    this.#connection = new PgliteConnection(pglite);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    this.users += 1;
    const before = this.#last;
    const turn = Promise.withResolvers<void>();
    this.#last = turn.promise;
    await before;
    this.#giveBack = turn.resolve;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.users -= 1;
    this.#giveBack();
  }

  /** Several statements, separated by semicolons, where there are no values. */
  async run(text: string, values: readonly unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> {
    await this.acquireConnection();
    try {
      return await this.#connection.run(text, values);
    } finally {
      await this.releaseConnection();
    }
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const isolation = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : "";
    const access = settings.accessMode ? ` ${settings.accessMode}` : "";
    await connection.executeQuery(CompiledQuery.raw(`start transaction${isolation}${access}`));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  /** Waits for whoever holds the connection; PGlite itself is closed by whoever opened it. */
  async destroy(): Promise<void> {
    await this.#last;
  }
}

class PgliteConnection implements DatabaseConnection {
  readonly #pglite: PGlite;

  constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affectedRows } = await this.#pglite.query<R>(query.sql, [...query.parameters]);
    return { rows, numAffectedRows: BigInt(affectedRows ?? 0) };
  }

  async run(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }> {
    try {
      if (values.length > 0) return await this.#pglite.query<Record<string, unknown>>(text, [...values]);
      return { rows: (await this.#pglite.exec(text)).flatMap(({ rows }) => rows) };
    } catch (error) {
      // Where it began a transaction of its own, the next user of the one connection must not stand in its ruins.
      await this.#pglite.query("rollback");
      throw error;
    }
  }

  // biome-ignore lint/correctness/useYield: PGlite gives whole results only, and nothing here reads in pieces.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("The embedded database does not stream.");
  }
}
