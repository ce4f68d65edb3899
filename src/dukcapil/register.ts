import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sealer } from "../security/sealer.ts";
import { CITIZEN_STATUSES, type Citizen, SEED_CITIZENS } from "./citizens.ts";

/** The simulator's register: the seed citizens, and whoever has been added on this machine. */
export interface Register {
  /** @throws {SealBrokenError} where the file was altered or sealed with another key */
  find(nik: string): Promise<Citizen | null>;
  /**
   * Adds people for good, known at once to every process that has this register open. Whoever has a NIK that is there
   * already takes its place.
   * @throws {RangeError} for a citizen without 16 digits, a name or a known status; nothing is added then
   */
  add(citizens: readonly Citizen[]): Promise<void>;
}

/** Bound to every sealed line: it opens as a citizen of this register and as nothing else. */
const SEAL_CONTEXT = "simulator/citizens";

/** Ends a whole line. A line without it was cut short by a crash in mid-write, and was never acknowledged. */
const END_MARK = ".";

/**
 * Opens the register kept in `<dir>/simulator/citizens.sealed`: one sealed citizen a line, appended to and never
 * rewritten. Several processes may add at once, each with one write to a file opened for appending, which the kernel
 * puts whole behind the others'; every look-up first reads what has come since the last one.
 */
export function openRegister(options: { readonly dir: string; readonly sealer: Sealer }): Register {
  const { sealer } = options;
  const folder = join(options.dir, "simulator");
  const path = join(folder, "citizens.sealed");

  let citizens = seeds();
  // Which file that was: a number alone may be given to another file once the first is removed.
  let file = "";
  let offset = 0;

  async function catchUp(): Promise<void> {
    const now = await stat(path, { bigint: true }).catch(nothingWhereAbsent);
    const identity = now ? `${now.ino} ${now.birthtimeNs}` : "";
    if (!now || identity !== file || Number(now.size) < offset) {
      // Removed, or put in the other's place: what is known is begun anew.
      citizens = seeds();
      file = identity;
      offset = 0;
    }
    if (!now || Number(now.size) === offset) return;
    const bytes = await readFrom(path, offset);
    // What stands behind the last line end may still be under way: it is read when it is whole.
    const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
    for (const line of whole.toString("latin1").split("\n")) {
      if (!line.endsWith(END_MARK)) continue;
      const sealed = Buffer.from(line.slice(0, -END_MARK.length), "base64");
      const citizen = JSON.parse(Buffer.from(sealer.open(sealed, SEAL_CONTEXT)).toString("utf8")) as Citizen;
      citizens.set(citizen.nik, citizen);
    }
    offset += whole.length;
  }

  // One after the other, and each with a look of its own: whoever joined a look under way could miss a line that was
  // added after it.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    find(nik) {
      return inTurn(async () => {
        await catchUp();
        return citizens.get(nik) ?? null;
      });
    },
    async add(added) {
      for (const citizen of added) refuseIncomplete(citizen);
      if (added.length === 0) return;
      const lines = added.map((citizen) => {
        const sealed = sealer.seal(Buffer.from(JSON.stringify(citizen)), SEAL_CONTEXT);
        return `${Buffer.from(sealed).toString("base64")}${END_MARK}\n`;
      });
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await inTurn(() => append(path, lines));
    },
  };
}

function seeds(): Map<string, Citizen> {
  return new Map(SEED_CITIZENS.map((citizen) => [citizen.nik, citizen]));
}

/** One write is put whole into the file; this bounds its size so that it is never split into several. */
const MAX_WRITE_BYTES = 512 * 1024;

async function append(path: string, lines: readonly string[]): Promise<void> {
  const file = await open(path, "a", 0o600);
  try {
    for (let from = 0; from < lines.length; ) {
      // The line end in front closes a line that another process was killed in.
      let batch = "\n";
      while (from < lines.length && batch.length + lines[from]!.length <= MAX_WRITE_BYTES)
        batch += lines[from++];
      if (batch === "\n") batch += lines[from++];
      const bytes = Buffer.from(batch, "latin1");
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten < bytes.length) throw new Error("the register's disk is full");
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ start: offset, autoClose: false })) {
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

function refuseIncomplete(citizen: Citizen): void {
  if (!/^[0-9]{16}$/.test(citizen.nik)) throw new RangeError("a citizen's NIK has 16 digits");
  if (citizen.fullName.trim() === "") throw new RangeError("a citizen has a name");
  if (!CITIZEN_STATUSES.includes(citizen.status))
    throw new RangeError("a citizen's status is none of the known");
}

function nothingWhereAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
