import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { CallPolicy } from "../../src/dukcapil/caller.ts";
import { openRegister, type Register } from "../../src/dukcapil/register.ts";
import { envelopeSealer } from "../../src/security/envelope.ts";
import { openKeys } from "../../src/security/keys.ts";
import type { Sealer } from "../../src/security/sealer.ts";

/** The service's own sealer, its keys in this folder. */
export function sealerIn(dir: string): Sealer {
  return envelopeSealer(openKeys({ dataDir: dir }));
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "dukcapil-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** An empty register of its own: the seed citizens only. */
export async function temporaryRegister(t: TestContext): Promise<Register> {
  const dir = await temporaryFolder(t);
  return openRegister({ dir, sealer: sealerIn(dir) });
}

/** Waits of a few milliseconds, so that a test of five tries takes no second; a time-out for a busy machine. */
export const QUICK: Partial<CallPolicy> = {
  timeoutMs: 5_000,
  backoffMs: 2,
  maxBackoffMs: 2_000,
  breakMs: 60,
};

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface SmallServer {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
}

/** A real HTTP server on a free port that answers as told and remembers what it was asked. */
export async function smallServer(
  t: TestContext,
  handle: (request: RecordedRequest, response: ServerResponse, count: number) => void,
): Promise<SmallServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = {
      method: incoming.method!,
      url: incoming.url!,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    requests.push(request);
    handle(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
