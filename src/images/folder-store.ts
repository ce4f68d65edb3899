import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectStore } from "./store.ts";

/** Objects half written by a process that was killed lie here until the next start. */
const UNFINISHED = "unfinished";
/** Milliseconds. Another process on the same folder may be writing now; nobody writes for an hour. */
const ABANDONED_AFTER = 60 * 60 * 1000;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

async function withFile<T>(path: string, flags: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, FILE_MODE);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

const durably = (path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> =>
  withFile(path, flags, async (file) => {
    await work(file);
    await file.sync();
  });

const unlessMissing = <T>(found: Promise<T>): Promise<T | null> =>
  found.catch((error) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });

/** Objects in a folder, one file each. */
export function folderStore(dir: string): ObjectStore {
  const unfinished = join(dir, UNFINISHED);
  let prepared: Promise<void> | null = null;

  const prepare = async () => {
    await mkdir(unfinished, { recursive: true, mode: DIRECTORY_MODE });
    for (const name of await readdir(unfinished)) {
      const path = join(unfinished, name);
      const found = await stat(path).catch(() => null);
      if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER) await rm(path, { force: true });
    }
  };
  const ready = () => {
    prepared ??= prepare().catch((error) => {
      // A disk that was not there may come back: the next one tries again.
      prepared = null;
      throw error;
    });
    return prepared;
  };

  return {
    async write(name, bytes) {
      const path = join(dir, name);
      await ready();
      await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
      const temporary = join(unfinished, randomUUID());
      try {
        await durably(temporary, "wx", (file) => file.writeFile(bytes));
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      // The name too must be on the disk, not the content alone.
      await durably(dirname(path), "r", async () => undefined);
    },

    read: (name) => unlessMissing(readFile(join(dir, name))),

    readStart: (name, length) =>
      unlessMissing(
        withFile(join(dir, name), "r", async (file) => {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
          return buffer.subarray(0, bytesRead);
        }),
      ),

    remove: (name) => rm(join(dir, name), { force: true }),

    async healthy() {
      const probe = join(unfinished, randomUUID());
      try {
        await ready();
        await durably(probe, "wx", (file) => file.writeFile(probe));
        return (await readFile(probe, "utf8")) === probe;
      } catch {
        return false;
      } finally {
        await rm(probe, { force: true }).catch(() => undefined);
      }
    },

    close: () => undefined,
  };
}
