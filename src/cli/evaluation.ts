import { readFile } from "node:fs/promises";
import { ImageRefusedError } from "../vision/image.ts";
import type { Context, Flags } from "./command.ts";

/**
 * One measurement against known truth.
 * @param truth  text of the file that tells it
 * @param dir    folder of the pictures
 */
export type Evaluation = (truth: string, dir: string, context: Context, flags: Flags) => Promise<void>;

/** What `look` gives, or null where the bytes cannot be taken as a picture. */
export async function looked<T>(file: string, look: (bytes: Uint8Array) => Promise<T>): Promise<T | null> {
  try {
    return await look(await readFile(file));
  } catch (error) {
    if (error instanceof ImageRefusedError) return null;
    throw error;
  }
}
