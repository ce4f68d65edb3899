import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";
import { scrub } from "../security/masking.ts";

export type Log = Logger;

export interface LogOptions {
  /** `trace` … `fatal`, or `silent`. Can be changed later: `log.level = "debug"`. */
  readonly level: string;
  /** `json`: one object a line; `text`: one readable line, for a person at a terminal. */
  readonly format: "json" | "text";
  /** Where lines go; standard output unless told. Each call brings one whole line with its newline. */
  readonly to?: DestinationStream;
}

/** Members that are never written, at the top of a log object and one level below. */
const NEVER_WRITTEN = ["authorization", "cookie", "nik", "full_name", "ktp_image", "selfie_image"];

/** An error's chain of causes is followed this far. */
const MAX_CAUSES = 5;

/**
 * Makes the log of the service. Whatever is handed to it, no line carries a NIK (masked as elsewhere), a token, or an
 * image: the finished line is searched, so messages, stack traces and URLs are covered too.
 */
export function createLog({ level, format, to = destination({ dest: 1, sync: true }) }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: NEVER_WRITTEN.flatMap((name) => [name, `*.${name}`]),
      hooks: { streamWrite: maskLine },
    },
    format === "json" ? to : { write: (line) => to.write(readable(line)) },
  );
}

/**
 * What of an error is written. Its other members are not: a database's error repeats the row that it refused, a
 * parser's the text that it could not read.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** Strings and numbers of a JSON line, as they stand in it. */
const JSON_SCALAR = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** A line without any of these needs no second look; nearly all lines are such. */
const SUSPICIOUS = /\d{15}|\d{4}[ .]\d{4}|eyJ|[\w+/-]{256}/;
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** Longer than any identifier or path segment: the text form of an image or a key. */
const BLOB = /[\w+/-]{256,}={0,2}/g;

/** Masks a finished line of JSON; what comes out is JSON again. */
function maskLine(line: string): string {
  if (!SUSPICIOUS.test(line)) return line;
  return line.replace(JSON_SCALAR, (scalar) => {
    if (scalar.startsWith('"')) return scrub(scalar.replace(TOKEN, "[token]").replace(BLOB, "[bytes]"));
    // A fraction such as 0.9834571123456789 is a measurement; a whole number this long may be a NIK.
    return /^-?\d{16,}/.test(scalar) ? JSON.stringify(scrub(scalar)) : scalar;
  });
}

/** One JSON line → `time LEVEL message name=value …`, an error's stack on lines of its own. */
function readable(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const values = Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`);
  const head = [time, String(level).toUpperCase().padEnd(5), msg ?? "", ...values].join(" ");
  return `${head}\n${err === undefined ? "" : `${stackOf(err as DescribedError)}\n`}`;
}

const plain = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

interface DescribedError {
  readonly type: string;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

function stackOf(error: DescribedError): string {
  const own = error.stack ?? `${error.type}: ${error.message ?? ""}`;
  return error.cause === undefined ? own : `${own}\nCaused by ${stackOf(error.cause)}`;
}
