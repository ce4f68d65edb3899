import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { INHERITED } from "../support/command.ts";
import { emptyFolder, packFolder } from "../vision/models/support.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILES = ["MiniFASNetV1SE.onnx", "MiniFASNetV2.onnx"];
/** A name that only the proxy knows: whoever asks the network itself for it hears of no such host. */
const HOST = "models.invalid";

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A forward proxy that opens tunnels to {@link HOST}, which it knows to be `target`, and notes what it is asked. */
async function proxyTo(t: TestContext, target: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createHttp((_, response) => response.writeHead(405).end());
  server.on("connect", (request: IncomingMessage, socket, head) => {
    asked.push(`CONNECT ${request.url}`);
    if (!request.url?.startsWith(`${HOST}:`)) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const upstream = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on("error", () => socket.destroy());
  });
  const port = await listening(t, server);
  t.after(() => server.closeAllConnections());
  return { url: `http://127.0.0.1:${port}`, asked };
}

/** Runs `models pull minifasnet` in a process of its own. */
async function pull(packDir: string, environment: Readonly<Record<string, string>>) {
  const run = promisify(execFile)(
    process.execPath,
    ["src/cli.ts", "models", "pull", "minifasnet", "--json"],
    {
      cwd: ROOT,
      env: { ...INHERITED, MODELS_DIR: packDir, ...environment },
    },
  );
  return run.then(
    ({ stdout, stderr }) => ({ ok: true, stdout, stderr }),
    ({ stdout, stderr }) => ({ ok: false, stdout: String(stdout), stderr: String(stderr) }),
  );
}

test("a pack is pulled through the proxy of the environment, with its licence told, or past it", async (t) => {
  const source = packFolder(t);
  if (source === null) return;
  const folder = await emptyFolder(t);
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = spawnSync(
    "openssl",
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${HOST} -addext subjectAltName=DNS:${HOST} -keyout ${key} -out ${cert}`.split(
      " ",
    ),
  );
  if (made.error) return t.skip("openssl is not here to make a certificate");
  assert.equal(made.status, 0, String(made.stderr));
  const mirror = createHttps(
    { key: await readFile(key), cert: await readFile(cert) },
    async (request, response) => {
      const file = FILES.find((name) => request.url === `/packs/${name}`);
      if (file) response.end(await readFile(join(source, file)));
      else response.writeHead(404).end();
    },
  );
  const port = await listening(t, mirror);
  t.after(() => mirror.closeAllConnections());
  const proxy = await proxyTo(t, port);
  const through = { MODELS_MIRROR: `https://${HOST}:${port}/packs`, NODE_EXTRA_CA_CERTS: cert };

  const packDir = join(folder, "packs");
  const pulled = await pull(packDir, { ...through, HTTPS_PROXY: proxy.url });
  assert.ok(pulled.ok, pulled.stderr);
  assert.deepEqual(JSON.parse(pulled.stdout.trim().split("\n").at(-1)!).licence, ["Apache-2.0"]);
  assert.match(pulled.stderr, /licence of minifasnet: Apache-2\.0/);
  assert.deepEqual((await readdir(packDir)).sort(), FILES);
  assert.ok(proxy.asked.length > 0);
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${HOST}:${port}`]);

  // Without the proxy, or with the host excepted from it, nobody knows the name.
  const asked = proxy.asked.length;
  for (const environment of [through, { ...through, HTTPS_PROXY: proxy.url, NO_PROXY: HOST }]) {
    const refused = await pull(join(folder, "none"), environment);
    assert.equal(refused.ok, false);
    assert.match(refused.stderr, /cannot be reached/);
  }
  assert.equal(proxy.asked.length, asked);
  assert.deepEqual(await readdir(join(folder, "none")), []);
});
