import { createHash, hash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** Lower-case hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");

/** The bytes of a file, or null where there is none. */
export const readIfThere = (file: string): Promise<Buffer | null> => unlessAbsent(readFile(file));

/** How much of a file is in memory while its checksum is taken. */
const BLOCK_BYTES = 1024 * 1024;

/** The checksum of a file, or null where there is none. The file is never in memory as a whole. */
export async function sha256File(file: string): Promise<string | null> {
  const handle = await unlessAbsent(open(file));
  if (!handle) return null;
  try {
    const checksum = createHash("sha256");
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(block);
      if (bytesRead === 0) return checksum.digest("hex");
      checksum.update(block.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Writes a file so that whoever opens `file`, in this process or another, finds either what was there before or all
 * of `bytes`.
 */
export async function replaceFile(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  // A name of its own for each writer: two that build at once must not write into one file.
  const unfinished = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(unfinished, bytes, { flush: true });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/**
 * Where an installed package lies. Looked up in the folders that Node would search, because the packages with weights
 * export neither these nor their package.json.
 * @returns null where it is not installed
 */
export function packageFolder(name: string): string | null {
  const folders = require.resolve.paths(name) ?? [];
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder)) ?? null;
}
