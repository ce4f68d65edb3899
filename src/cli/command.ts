import { parseArgs } from "node:util";
import type { Config } from "../config.ts";

/** What a command is called with. */
export interface Context {
  readonly config: Config;
  readonly out: Output;
}

/** One verb of the command line. */
export interface Command {
  /** After the program's name, e.g. `ocr FILE…`. */
  readonly usage: string;
  readonly summary: string;
  /** Flags beyond `--json` and `--help`; a string flag takes a value. */
  readonly flags: Readonly<Record<string, "string" | "boolean">>;
  /** @throws UsageError where the words are off; anything else means that the command failed */
  run(words: readonly string[], flags: Flags, context: Context): Promise<void>;
}

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** The words of a call are off. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Where a command's result goes: one JSON object a line, or lines for people. */
export interface Output {
  readonly json: boolean;
  /** One result: as JSON with `--json`, else as `lines()` gives it. */
  result(value: Readonly<Record<string, unknown>>, lines: () => string | readonly string[]): void;
  /** For people alone, on stderr: progress and notes. */
  note(line: string): void;
}

/** Prints to the given streams. */
export function output(json: boolean, stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): Output {
  return {
    json,
    result(value, lines) {
      const text = json ? JSON.stringify(value) : [lines()].flat().join("\n");
      stdout.write(`${text}\n`);
    },
    note: (line) => void stderr.write(`${line}\n`),
  };
}

/** Splits a command's words from its flags. @throws UsageError */
export function parse(command: Command, args: readonly string[]): { words: string[]; flags: Flags } {
  const options = Object.fromEntries(
    [...Object.entries(command.flags), ["json", "boolean"], ["help", "boolean"]].map(([name, type]) => [
      name,
      { type },
    ]),
  ) as Record<string, { type: "string" | "boolean" }>;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { words: positionals, flags: values as Flags };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A string flag that must be there. */
export function needed(flags: Flags, name: string): string {
  const value = flags[name];
  if (typeof value !== "string" || value === "") throw new UsageError(`--${name} is needed.`);
  return value;
}

/** A whole number given by a flag. */
export function whole(flags: Flags, name: string, fallback: number, min: number, max: number): number {
  const value = flags[name];
  if (value === undefined) return fallback;
  const n = Number(value);
  if (!Number.isInteger(n) || n < min || n > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  return n;
}

/** Rounds times for display. */
export const rounded = (milliseconds: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(milliseconds).map(([stage, ms]) => [stage, Math.round(ms * 10) / 10]));
