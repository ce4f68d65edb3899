import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";

/** What stands before several processes: one request to each in turn, the next one where a process takes none. */
export interface Proxy {
  readonly url: string;
  /** Requests that were sent on to another process because the first took none: it was away, or is being stopped. */
  readonly passedOn: number;
  /** Requests that a process took and did not answer: method, path and what happened. */
  readonly broken: readonly string[];
  close(): void;
}

/** As nginx or a Kubernetes service would: a connection for each request; what was refused goes to the next process. */
export async function startProxy(targets: readonly (string | null)[]): Promise<Proxy> {
  let turn = 0;
  let passedOn = 0;
  const broken: string[] = [];

  const forward = (incoming: IncomingMessage, body: Buffer, target: string) =>
    new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
      const { method, url, headers } = incoming;
      const outgoing = request(target + url, {
        method,
        headers: { ...headers, connection: "close" },
        agent: false,
      });
      outgoing.once("error", reject);
      outgoing.once("response", async (response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of response) chunks.push(chunk);
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) });
        } catch (error) {
          reject(error);
        }
      });
      outgoing.end(body);
    });

  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    for (let tries = 0; tries < targets.length * 2; tries++) {
      const target = targets[turn++ % targets.length];
      if (!target) continue;
      try {
        const answer = await forward(incoming, body, target);
        if (answer.status === 503 && answer.headers.connection === "close") {
          passedOn++;
          continue;
        }
        outgoing.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") {
          passedOn++;
          continue;
        }
        broken.push(`${incoming.method} ${incoming.url} ${(error as NodeJS.ErrnoException).code}`);
        outgoing.writeHead(502).end("{}");
        return;
      }
    }
    outgoing.writeHead(502).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get passedOn() {
      return passedOn;
    },
    broken,
    close: () => server.close(),
  };
}
