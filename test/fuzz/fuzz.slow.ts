import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { allocator, CONTAINER_MIB, V8_OPTIONS, workersThere } from "../support/deployment.ts";
import { startPostgres } from "../support/postgres.ts";
import { startProcess } from "../support/process.ts";
import { people, tokenFor } from "../support/service.ts";
import { type Document, hostileImage, requests } from "./support.ts";

/** `FUZZ_REQUESTS=20000 FUZZ_IMAGES=300 FUZZ_SEED=7 npm run test:fuzz`: the whole; unset, what CI has time for. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2000);
const IMAGES = Number(process.env.FUZZ_IMAGES ?? 60);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const AT_ONCE = 8;
/**
 * What may be held at the end beyond the most that was held in the first half: caches fill, the heap waits with its
 * collection. Of 20,000 requests it would show 8 kB that each leaves behind.
 */
const GROWTH_BYTES = 80 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** What the process itself holds: pages of files, such as the networks, come and go as the system likes. */
function held(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

test(`${REQUESTS} fuzzed requests and ${IMAGES} hostile images: no 5xx, memory flat`, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "kyc-fuzz-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [person] = await people(dataDir, SEED, 1);
  // Beside a server, as it is deployed: the embedded database would count as the service's own memory.
  const server = await startPostgres();
  if ("skip" in server) return t.skip(server.skip);
  t.after(() => server.stop());
  const service = await startProcess(
    t,
    {
      DATA_DIR: dataDir,
      DATABASE_URL: await server.createDatabase(),
      LOG_LEVEL: "error",
      KYC_ATTEMPTS: "100",
      KYC_WORKERS: String(workersThere),
      ...allocator,
    },
    V8_OPTIONS,
  );
  const platform = await service.client("platform", "kyc:service");
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(await platform.start());
  const tokens = [
    await tokenFor("platform", "kyc:service"),
    await tokenFor("user"),
    await tokenFor("r", "kyc:review"),
  ];
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  const count = (status: number, what: () => string) => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500 && faults.length < 5) faults.push(what());
  };
  const memory: number[] = [];
  const inParallel = async <T>(items: readonly T[], work: (item: T, i: number) => Promise<void>) => {
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < items.length; i = next++) {
        await work(items[i], i);
        if (i % Math.ceil(items.length / 12) === 0) memory.push(held(service.child.pid));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };

  const drawn = fc.sample(requests(document, [...ids, "user", "platform"], tokens), {
    numRuns: REQUESTS,
    seed: SEED,
  });
  await inParallel(drawn, async ({ method, path, headers, body }) => {
    const response = await fetch(service.url + path, { method, headers: { ...headers }, body });
    const text = await response.text();
    count(
      response.status,
      () => `${method} ${path} ${JSON.stringify(headers)} ${body} → ${response.status} ${text}`,
    );
    if (response.status >= 400 && method !== "HEAD" && path.startsWith("/api/")) {
      assert.match(
        response.headers.get("content-type") ?? "",
        /^application\/problem\+json/,
        `${method} ${path}`,
      );
    }
  });
  const afterRequests = memory.splice(0);

  const verification = await platform.start();
  const numbered = Array.from({ length: IMAGES }, (_, i) => i);
  for (const i of numbered) {
    const image = await hostileImage(i, i % 2 ? person.selfie : person.ktp);
    const { status, body } = await platform.ktp(verification, image);
    count(status, () => `image ${i}: ${status} ${JSON.stringify(body)}`);
    if (i % Math.ceil(IMAGES / 12) === 0) memory.push(held(service.child.pid));
    assert.ok(status !== 413 || body.image_fault || body.max_image_bytes, JSON.stringify(body));
  }

  t.diagnostic(
    `statuses: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([s, n]) => `${s} × ${n}`)
      .join(", ")}`,
  );
  const inMebibytes = (list: readonly number[]) =>
    list.map((bytes) => Math.round(bytes / MEBIBYTE)).join(" ");
  if (!allocator)
    t.diagnostic("without the image's allocator (Debian's libjemalloc2): only growth is judged");
  t.diagnostic(
    `own memory in MiB over the requests: ${inMebibytes(afterRequests)}; over the images: ${inMebibytes(memory)}`,
  );
  assert.deepEqual(faults, [], "answers of 500 and more");
  // What is usual is still done.
  const usual = await platform.start("BASIC_KYC");
  assert.equal((await platform.ktp(usual, person.ktp)).status, 200);
  for (const series of [afterRequests, memory]) {
    // By half, every kind of picture and every route has been met more than once.
    const settled = Math.max(...series.slice(0, Math.ceil(series.length / 2)));
    const end = series.at(-1) as number;
    assert.ok(end - settled < GROWTH_BYTES, `grew from ${settled} to ${end} bytes`);
    // glibc's allocator keeps what it is given back; the image has another.
    if (allocator) assert.ok(Math.max(...series) < CONTAINER_MIB * MEBIBYTE, inMebibytes(series));
  }
  assert.equal(await service.stop(), 0);
});
