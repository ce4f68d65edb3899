import { lookup as resolveName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** A webhook's address that is none of the public internet's. */
export class AddressRefusedError extends Error {
  constructor(host: string) {
    super(`${host} is no public address. KYC_WEBHOOKS_ALLOW_PRIVATE=true allows it.`);
    this.name = "AddressRefusedError";
  }
}

/** Global unicast, RFC 4291: nothing else of IPv6 is routed on the internet. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
/** Azure's virtual machine host, which answers its guests on an address that looks public. */
const OF_THE_CLOUD = new Set(["168.63.129.16"]);

/** Whether an address, IPv4 in IPv6 included, is one of the public internet. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast" || OF_THE_CLOUD.has(parsed.toString())) return false;
  return parsed.kind() === "ipv4" || parsed.match(GLOBAL_UNICAST);
}

/** @throws {AddressRefusedError} where a URL's host is an address, which is never looked up, and not a public one */
export function refuseLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isPublic(host)) throw new AddressRefusedError(host);
}

/**
 * Resolves a name for a connection that is being made, and refuses it where any of its addresses is not public: what is
 * checked is what is connected to, whatever the name said before or says later.
 */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, "");
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublic(address)))
      return done(new AddressRefusedError(hostname), "");
    if (options.all) return done(null, addresses);
    done(null, addresses[0].address, addresses[0].family);
  });
};
