import { DukcapilUnavailableError } from "./dukcapil.ts";

/** `fetch`, or something that behaves like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A registry's answer is about 500 bytes; more than this is not one. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** The pause after a 429 that does not say how long. */
const DEFAULT_PAUSE_MS = 1_000;

/** HTTP statuses that, with a Retry-After, mean "later" (RFC 9110 §10.2.3, RFC 6585 §4). */
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

export interface Answer {
  readonly httpStatus: number;
  /** The JSON object of the body. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Sends JSON and takes JSON back.
 *
 * What went wrong is told without the body or the library's own message: either may quote personal data.
 * @throws {DukcapilUnavailableError} for a failed connection, an aborted signal, 5xx, 429, a redirect, and a body that is no JSON object
 */
export async function exchange(
  fetch: Fetch,
  method: "GET" | "POST",
  url: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Personal data goes to the address that was configured and to no other.
      redirect: "error",
      signal,
    });
    text = await readText(response);
  } catch (error) {
    if (error instanceof DukcapilUnavailableError) throw error;
    if (signal.aborted) throw new DukcapilUnavailableError("the civil registry gave no answer in time");
    throw new DukcapilUnavailableError(`the civil registry cannot be reached (${reasonOf(error)})`);
  }
  const { status } = response;
  if (status === TOO_MANY_REQUESTS || status === SERVICE_UNAVAILABLE) {
    const pause = retryAfterMs(response.headers.get("retry-after"), Date.now());
    throw new DukcapilUnavailableError(`the civil registry asks to come back later (HTTP ${status})`, {
      retryAfterMs: pause ?? (status === TOO_MANY_REQUESTS ? DEFAULT_PAUSE_MS : null),
    });
  }
  if (status >= 500) throw new DukcapilUnavailableError(`the civil registry failed (HTTP ${status})`);
  const parsed = parseObject(text);
  if (!parsed) {
    throw new DukcapilUnavailableError(`the civil registry's answer is no JSON object (HTTP ${status})`);
  }
  return { httpStatus: status, body: parsed };
}

/**
 * @param header  Retry-After: seconds, or an HTTP date (RFC 9110 §10.2.3)
 * @param now  milliseconds since the epoch
 * @returns milliseconds from now, at least 0; null where the header is absent or unreadable
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw new DukcapilUnavailableError("the civil registry's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** The system's code for what failed (`ECONNREFUSED` …), which quotes nothing. */
function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return error instanceof Error ? error.name : "unknown";
}
