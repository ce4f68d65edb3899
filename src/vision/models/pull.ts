import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PACKS, type PackName, type PackSource } from "./catalogue.ts";
import { readIfThere, replaceFile, sha256 } from "./files.ts";
import { checkPackFile, packedModels, variantOf } from "./packs.ts";

/**
 * Why a file of a pack was not installed: nobody answered or the transfer broke off (what came is kept for the next
 * time), the answer was a refusal, or the content is none of the known ones (nothing of it is kept).
 */
export type PullFault = "unreachable" | "refused" | "wrong_content";

export class PackPullError extends Error {
  readonly pack: PackName;
  readonly file: string;
  readonly fault: PullFault;
  constructor(source: PackSource, fault: PullFault, what: string, options?: ErrorOptions) {
    super(`${source.file} of the pack "${source.pack}" was not installed: ${what}`, options);
    this.name = "PackPullError";
    this.pack = source.pack;
    this.file = source.file;
    this.fault = fault;
  }
}

/** One step of an installation. `bytes` of `of` have come; `of` is null where the sender does not say. */
export interface PullProgress {
  readonly file: string;
  readonly step: "kept" | "copied" | "downloading" | "downloaded";
  readonly bytes: number;
  readonly of: number | null;
}

type Tell = (step: PullProgress["step"], bytes: number, of: number | null) => void;

/** Larger than any pack's file; what goes on beyond that is not the file that was asked for. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A transfer that breaks off is taken up again where it ended, this often in all. */
const ATTEMPTS = 3;

/**
 * Installs an optional pack into `packDir`. A file that is there and right is kept. A download that breaks off goes on
 * where it ended, in this call or a later one. A file is put in place as a whole, after its checksum was found in the
 * catalogue.
 * @param mirror  a base URL to take the files from by their names, in place of where they are published
 * @param from    a folder to copy the files from, in place of any download
 * @returns the pack's files, where they now lie
 * @throws {PackPullError} naming the file and what was wrong
 */
export async function pullPack({
  pack,
  packDir,
  mirror,
  from,
  onProgress,
}: {
  readonly pack: PackName;
  readonly packDir: string;
  readonly mirror?: string;
  readonly from?: string;
  readonly onProgress?: (progress: PullProgress) => void;
}): Promise<readonly string[]> {
  if (!Object.hasOwn(PACKS, pack))
    throw new RangeError(`There is no pack "${pack}"; there are ${Object.keys(PACKS).join(", ")}.`);
  const files: string[] = [];
  for (const packed of packedModels(pack)) {
    const { source } = packed;
    const { file, state } = await checkPackFile(packDir, packed);
    files.push(file);
    const tell: Tell = (step, bytes, of) => onProgress?.({ file: source.file, step, bytes, of });
    if (state === "ok") {
      const { size } = await stat(file);
      tell("kept", size, size);
      continue;
    }
    const bytes =
      from === undefined ? await download(source, packDir, mirror, tell) : await copy(source, from);
    await replaceFile(file, bytes);
    tell(from === undefined ? "downloaded" : "copied", bytes.length, bytes.length);
  }
  return files;
}

async function copy(source: PackSource, folder: string): Promise<Uint8Array> {
  const bytes = await readIfThere(join(folder, source.file));
  if (!bytes) throw new PackPullError(source, "unreachable", `there is no such file in ${folder}.`);
  if (!variantOf(source, sha256(bytes))) throw wrongContent(source, folder);
  return bytes;
}

const wrongContent = (source: PackSource, where: string) =>
  new PackPullError(source, "wrong_content", `what lies at ${where} is none of the files that are known.`);

/** The file's bytes, checked. What has come lies in a .part file until all of it has. */
async function download(
  source: PackSource,
  packDir: string,
  mirror: string | undefined,
  tell: Tell,
): Promise<Uint8Array> {
  const url = mirror === undefined ? source.url : `${mirror.replace(/\/+$/, "")}/${source.file}`;
  const part = join(packDir, `${source.file}.part`);
  await mkdir(packDir, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const last = attempt === ATTEMPTS;
    try {
      const resumed = await transfer(source, url, part, tell);
      const bytes = await readFile(part);
      await rm(part);
      if (variantOf(source, sha256(bytes))) return bytes;
      // Where it was resumed, the beginning may be another file's: once more, from the start.
      if (!resumed || last) throw wrongContent(source, url);
    } catch (error) {
      if (last || !(error instanceof PackPullError) || error.fault !== "unreachable") throw error;
    }
  }
}

/**
 * Adds to `part` what is not in it yet.
 * @returns whether there was something in it that was kept
 */
async function transfer(source: PackSource, url: string, part: string, tell: Tell): Promise<boolean> {
  const had = (await stat(part).catch(() => null))?.size ?? 0;
  const unreachable = (what: string, cause: unknown) =>
    new PackPullError(source, "unreachable", `${url} ${what}.`, { cause });
  const response = await fetch(url, { headers: had > 0 ? { range: `bytes=${had}-` } : {} }).catch((error) => {
    throw unreachable("cannot be reached", error);
  });
  // Nothing follows what is there: it was complete when the last call ended.
  if (response.status === 416 && had > 0) return true;
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new PackPullError(source, "refused", `${url} answered ${response.status}.`);
  }
  const resumed = response.status === 206;
  let bytes = resumed ? had : 0;
  const length = response.headers.get("content-length");
  const of = length === null ? null : bytes + Number(length);
  try {
    await pipeline(
      response.body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > MAX_BYTES) throw wrongContent(source, url);
          tell("downloading", bytes, of);
          yield chunk;
        }
      },
      createWriteStream(part, { flags: resumed ? "a" : "w" }),
    );
  } catch (error) {
    if (error instanceof PackPullError) await rm(part, { force: true });
    // A full or read-only disk is no fault of the sender's.
    else if ((error as NodeJS.ErrnoException).syscall === undefined)
      throw unreachable("broke off; what came is kept for the next time", error);
    throw error;
  }
  return resumed;
}
