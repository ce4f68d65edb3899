import { randomBytes, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Sealer } from "../security/sealer.ts";
import type { Images } from "../verification/ports.ts";

/** No photograph under this reference: never there, or removed. */
export class ImageMissingError extends Error {
  readonly reference: string;
  constructor(reference: string, options?: ErrorOptions) {
    super(`There is no photograph under the reference ${reference}.`, options);
    this.name = "ImageMissingError";
    this.reference = reference;
  }
}

/** An object store whose disk can be asked whether it is usable. */
export interface FolderImages extends Images {
  /** Whether a file can be written, read back and removed now. Never throws. */
  healthy(): Promise<boolean>;
}

/** The folder, the file and the whole reference: nothing but what {@link folderImages} itself gives out. */
const REFERENCE = /^[a-z0-9]{2}\/[A-Za-z0-9-]{1,36}-(?:ktp|selfie)-[0-9a-f]{16}\.sealed$/;
const VERIFICATION_ID = /^[A-Za-z0-9-]{1,36}$/;
/** Photographs half written by a process that was killed lie here until the next start. */
const UNFINISHED = "unfinished";
/** Milliseconds. Another process on the same folder may be writing now; nobody writes for an hour. */
const ABANDONED_AFTER = 60 * 60 * 1000;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

const contextOf = (reference: string) => `images:${reference}`;

async function durably(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, FILE_MODE);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Photographs in a folder, sealed, one file each: `<2 hex digits>/<verification id>-<kind>-<random>.sealed`. The
 * reference is what follows the folder. A second photograph of one step gets a name of its own, so that a reference
 * already stored keeps meaning what it meant.
 */
export function folderImages({ dir, sealer }: { dir: string; sealer: Sealer }): FolderImages {
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

  const pathOf = (reference: string) => {
    if (!REFERENCE.test(reference)) throw new ImageMissingError(JSON.stringify(reference.slice(0, 100)));
    return join(dir, reference);
  };

  /** All of the file or none of it, and on the disk when it returns. */
  const write = async (path: string, bytes: Uint8Array) => {
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
  };

  return {
    async put(verificationId, kind, bytes) {
      if (!VERIFICATION_ID.test(verificationId)) throw new RangeError("The verification's id is none.");
      const random = randomBytes(8).toString("hex");
      const reference = `${random.slice(0, 2)}/${verificationId}-${kind}-${random}.sealed`;
      await write(pathOf(reference), sealer.seal(bytes, contextOf(reference)));
      return reference;
    },

    async get(reference) {
      const path = pathOf(reference);
      const sealed = await readFile(path).catch((error) => {
        throw error.code === "ENOENT" ? new ImageMissingError(reference, { cause: error }) : error;
      });
      return sealer.open(sealed, contextOf(reference));
    },

    async remove(reference) {
      await rm(pathOf(reference), { force: true });
    },

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
  };
}
