import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { CallPolicy } from "../../src/dukcapil/caller.ts";
import { openRegister, type Register } from "../../src/dukcapil/register.ts";
import { SealBrokenError, type Sealer } from "../../src/security/sealer.ts";

/** AES-256-GCM with one key: nonce, object, tag. */
export function plainSealer(key: Uint8Array = randomBytes(32)): Sealer {
  return {
    seal(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12))
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      } catch (error) {
        throw new SealBrokenError("does not open", { cause: error });
      }
    },
  };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "dukcapil-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** An empty register of its own: the seed citizens only. */
export async function temporaryRegister(t: TestContext): Promise<Register> {
  return openRegister({ dir: await temporaryFolder(t), sealer: plainSealer() });
}

/** Waits of a few milliseconds, so that a test of five tries takes no second. */
export const QUICK: Partial<CallPolicy> = { timeoutMs: 250, backoffMs: 2, maxBackoffMs: 2_000, breakMs: 60 };

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

/** A free port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
