import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "./durably.ts";

/** AES-256. */
export const KEY_BYTES = 32;
/** One byte holds the id's length in an envelope; short ids keep envelopes small. */
export const KEY_ID_BYTES = 32;
const KEY_ID = new RegExp(`^[A-Za-z0-9._-]{1,${KEY_ID_BYTES}}$`);
const DEVELOPMENT_FILE = "keys.json";

/** One key-encryption key. */
export interface KeyEncryptionKey {
  /** 1..32 of A–Z a–z 0–9 . _ -; written in clear into everything sealed under the key. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The key-encryption keys of a deployment: one seals, all open. */
export interface KeyRing {
  readonly active: KeyEncryptionKey;
  /** By id, the active one among them. */
  readonly all: ReadonlyMap<string, KeyEncryptionKey>;
  /** True where the keys were made by the service itself and lie beside the data that they protect. */
  readonly development: boolean;
}

/** Keys that cannot be used. The message names the fault and the entry's place or id, never key material. */
export class KeysError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KeysError";
  }
}

function keyRing(entries: readonly KeyEncryptionKey[], development: boolean): KeyRing {
  const all = new Map<string, KeyEncryptionKey>();
  for (const entry of entries) {
    if (all.has(entry.id)) throw new KeysError(`The key id "${entry.id}" is given twice.`);
    all.set(entry.id, entry);
  }
  const active = entries[0];
  if (!active) throw new KeysError("There is no key: at least one id:base64 is needed.");
  return { active, all, development };
}

function parseEntry(text: string, place: number): KeyEncryptionKey {
  const colon = text.indexOf(":");
  const id = text.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id)) {
    throw new KeysError(
      `Entry ${place} is not id:base64, with an id of 1 to 32 letters, digits, dots, hyphens or underscores.`,
    );
  }
  const encoded = text.slice(colon + 1);
  const key = Buffer.from(encoded, "base64");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded) || key.length !== KEY_BYTES) {
    throw new KeysError(`Key "${id}" is not ${KEY_BYTES} bytes in base64.`);
  }
  return { id, key };
}

/**
 * @param text  `id:base64` entries, separated by commas or white space; the first is the active one
 * @throws {KeysError}
 */
function parseKeys(text: string): KeyRing {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  return keyRing(
    entries.map((entry, i) => parseEntry(entry, i + 1)),
    false,
  );
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new KeysError(`The key file ${path} cannot be read.`, { cause: error });
  }
}

/** Makes the development keys unless they are there. Of two processes at once, one's keys become everybody's. */
function developmentKeys(dataDir: string): KeyRing {
  const path = join(dataDir, DEVELOPMENT_FILE);
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(path)) {
    const mine = `${path}.${randomUUID()}`;
    const made = { development: true, keys: `development:${randomBytes(KEY_BYTES).toString("base64")}` };
    writeDurably(mine, Buffer.from(`${JSON.stringify(made, null, 2)}\n`));
    try {
      // A link is made or refused as a whole, where a rename would replace the keys that another process is
      // already sealing with.
      linkSync(mine, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(mine);
    }
  }
  let stored: { keys?: unknown };
  try {
    stored = JSON.parse(readKeyFile(path));
  } catch (error) {
    throw new KeysError(`${path} is damaged: put the original back, nothing sealed opens without it.`, {
      cause: error,
    });
  }
  if (typeof stored?.keys !== "string") throw new KeysError(`${path} holds no keys.`);
  return { ...parseKeys(stored.keys), development: true };
}

/**
 * The key-encryption keys that the deployment gave, or development keys made once in `<dataDir>/keys.json`.
 *
 * @param spec  `id:base64,id2:base64` with keys of 32 bytes, the first being the active one; or `file:PATH` of a file
 *              that holds such entries, a line each. Make one: `echo "2026a:$(openssl rand -base64 32)"`
 * @throws {KeysError} naming what is wrong
 */
export function openKeys({ spec, dataDir }: { spec?: string | null; dataDir: string }): KeyRing {
  if (!spec) return developmentKeys(dataDir);
  return parseKeys(spec.startsWith("file:") ? readKeyFile(spec.slice("file:".length)) : spec);
}
