import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/** Owner only: what is written here is a secret. */
const SECRET_MODE = 0o600;

/**
 * Writes a new file that only its owner may read, and returns when it is on the disk.
 * @throws where the file exists
 */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", SECRET_MODE);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
