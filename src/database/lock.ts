import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const LOCK_FILE = "in-use.lock";
/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Another process has the data folder open. */
export class DataFolderInUseError extends Error {
  readonly dataDir: string;
  constructor(dataDir: string) {
    super(
      `The data folder ${dataDir} is in use by another process. ` +
        "Stop that one, give this one a DATA_DIR of its own, or let both use a server through DATABASE_URL.",
    );
    this.name = "DataFolderInUseError";
    this.dataDir = dataDir;
  }
}

export interface FolderLock {
  release(): void;
}

/**
 * Takes the data folder for this process alone. The embedded database does not lock its files: a second process would
 * be let in and rows of the first would be lost. SQLite's exclusive lock is a lock of the operating system on an open
 * file, so it ends with the process however that ends, and no stale file ever needs to be removed.
 * @throws {DataFolderInUseError}
 */
export function lockDataFolder(dataDir: string): FolderLock {
  mkdirSync(dataDir, { recursive: true });
  const file = new DatabaseSync(join(dataDir, LOCK_FILE));
  try {
    file.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw new DataFolderInUseError(dataDir);
    throw error;
  }
  return { release: () => file.close() };
}
