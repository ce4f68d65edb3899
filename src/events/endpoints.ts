import { readFileSync } from "node:fs";
import type { KycEvent } from "../verification/ports.ts";
import { isPublic } from "./addresses.ts";

const KINDS = [
  "ktp_uploaded",
  "verified",
  "failed",
  "resubmission_requested",
] as const satisfies readonly KycEvent["kind"][];

/** Where events are posted. */
export interface Endpoint {
  /** 1..50 characters: deliveries are kept under it, so that a URL may change. */
  readonly name: string;
  readonly url: string;
  /** `whsec_` and base64 of 24..64 bytes; each signs, so that a new one can be brought in beside the old. */
  readonly secrets: readonly string[];
  readonly events: readonly KycEvent["kind"][];
}

/** Settings of webhooks that cannot be used; `message` says why, without any secret. */
export class EndpointsError extends Error {
  constructor(what: string) {
    super(what);
    this.name = "EndpointsError";
  }
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
const SECRET_BYTES = { least: 24, most: 64 } as const;
const MOST_SECRETS = 4;

/**
 * @param given  JSON, an array of `{ name, url, secrets, events? }`, or `file:PATH` of one; `none`
 * @throws {EndpointsError}
 */
export function parseEndpoints(given: string, { allowPrivate }: { allowPrivate: boolean }): Endpoint[] {
  if (given.toLowerCase() === "none") return [];
  let list: unknown;
  try {
    list = JSON.parse(given.startsWith("file:") ? readFileSync(given.slice("file:".length), "utf8") : given);
  } catch {
    throw new EndpointsError("must be JSON, or file: and the path of a readable file of JSON.");
  }
  if (!Array.isArray(list)) throw new EndpointsError("must be an array of endpoints.");
  const endpoints = list.map((one, i) => endpointOf(one, `endpoint ${i + 1}`, allowPrivate));
  if (new Set(endpoints.map(({ name }) => name)).size < endpoints.length)
    throw new EndpointsError("has two endpoints of one name.");
  return endpoints;
}

function endpointOf(given: unknown, which: string, allowPrivate: boolean): Endpoint {
  const refuse = (what: string) => new EndpointsError(`${which} ${what}`);
  if (typeof given !== "object" || given === null) throw refuse("must be an object.");
  const { name, url, secrets, events = KINDS, ...rest } = given as Record<string, unknown>;
  const unknown = Object.keys(rest);
  if (unknown.length > 0)
    throw refuse(`has ${unknown.join(", ")}, which is none of name, url, secrets, events.`);
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,50}$/.test(name))
    throw refuse("must have a name of 1 to 50 letters, digits, dots, hyphens.");
  if (typeof url !== "string" || !URL.canParse(url)) throw refuse("must have a url.");
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== "https:" && !(allowPrivate && protocol === "http:"))
    throw refuse("must have a url that begins with https://.");
  if (username || password) throw refuse("must not have a password in its url: events are signed.");
  const literal = hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && (/^[\d.]+$/.test(literal) || literal.includes(":")) && !isPublic(literal))
    throw refuse("must have a public address: KYC_WEBHOOKS_ALLOW_PRIVATE=true allows others.");
  if (
    !Array.isArray(secrets) ||
    secrets.length === 0 ||
    secrets.length > MOST_SECRETS ||
    !secrets.every(isSecret)
  )
    throw refuse(
      `must have 1 to ${MOST_SECRETS} secrets: whsec_ and base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes.`,
    );
  if (!Array.isArray(events) || events.length === 0 || !events.every((kind) => KINDS.includes(kind)))
    throw refuse(`must have events of ${KINDS.join(", ")}.`);
  return { name, url, secrets, events: [...new Set(events)] };
}

function isSecret(given: unknown): given is string {
  if (typeof given !== "string" || !SECRET.test(given)) return false;
  const { length } = Buffer.from(given.slice("whsec_".length), "base64");
  return length >= SECRET_BYTES.least && length <= SECRET_BYTES.most;
}
