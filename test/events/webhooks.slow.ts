import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { deliveries, HOLDS_BACK_TRIES } from "../../src/database/webhooks.ts";
import { isPublic } from "../../src/events/addresses.ts";
import { type Endpoint, parseEndpoints } from "../../src/events/endpoints.ts";
import { outbox } from "../../src/events/outbox.ts";
import { SCHEDULE, startWebhooks, type WebhookParts } from "../../src/events/webhooks.ts";
import { SERVICE } from "../../src/verification/ports.ts";
import { openStorage, type Storage, TRACEPARENT, temporaryFolder } from "../support/storage.ts";

/** A new database takes long to make on a busy machine. */
const PATIENCE_MS = 60_000;
const newSecret = () => `whsec_${randomBytes(24).toString("base64")}`;

interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly id: string;
  readonly number: number;
  readonly user: string;
}
type Answer = { status: number; headers?: Record<string, string>; body?: Buffer } | "hang";

/** A receiver of webhooks that answers as it is told. */
async function receiver(
  t: TestContext,
  answer: (arrived: Arrived, nth: number) => Answer = () => ({ status: 204 }),
) {
  const arrived: Arrived[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const data = text ? JSON.parse(text).data : {};
    const one = {
      headers: request.headers,
      text,
      id: String(request.headers["webhook-id"]),
      number: data.number,
      user: data.user_id,
    };
    arrived.push(one);
    const given = answer(one, arrived.length);
    if (given === "hang") return;
    response.writeHead(given.status, given.headers).end(given.body);
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, port, arrived, connections: () => connections };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); await pause(20)) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
  }
}

describe("events by webhook", () => {
  const folder = temporaryFolder();
  let storage: Storage;
  before(async () => {
    storage = await openStorage({ dataDir: folder.path });
  });
  after(async () => {
    await storage.close();
    folder.remove();
  });
  beforeEach(async () => {
    await storage.db.deleteFrom("kyc_outbox").execute();
    await storage.db.deleteFrom("kyc_webhook_endpoints").execute();
  });

  const endpointAt = (url: string, name = "one", secrets = [newSecret()]): Endpoint => ({
    name,
    url,
    secrets,
    events: ["verified", "failed"],
  });
  const store = () => deliveries({ db: storage.db, onlySink: true });
  const outboxFor = (endpoints: readonly Endpoint[]) =>
    outbox({
      db: storage.db,
      sealer: storage.sealer,
      traceparent: () => TRACEPARENT,
      webhooks: (kind) => endpoints.filter(({ events }) => events.includes(kind)).map(({ name }) => name),
      onlyWebhooks: true,
    });
  const write = (
    endpoints: readonly Endpoint[],
    user: string,
    number: number,
    kind: "verified" | "failed" | "ktp_uploaded" = "verified",
  ) =>
    storage.db
      .transaction()
      .execute((transaction) =>
        outboxFor(endpoints).append(
          transaction,
          user,
          [{ kind, value: { user_id: user, number } }],
          new Date(),
        ),
      );
  function post(t: TestContext, endpoints: readonly Endpoint[], more: Partial<WebhookParts> = {}) {
    const outcomes: string[] = [];
    const posting = startWebhooks({
      endpoints,
      deliveries: store(),
      outbox: outboxFor(endpoints),
      allowPrivate: true,
      schedule: [0.05, 0.05],
      onOutcome: (endpoint, outcome, _id, error) =>
        outcomes.push([endpoint, outcome, error ?? ""].join(" ").trim()),
      onError: (_endpoint, error) => assert.fail(error as Error),
      ...more,
    });
    t.after(() => posting.close());
    return outcomes;
  }
  const unsent = async () => (await storage.outbox.backlog()).waiting;

  it("signs by Standard Webhooks with every secret, and sends what was asked for", async (t) => {
    const [old, fresh] = [newSecret(), newSecret()];
    const { url, arrived } = await receiver(t);
    const endpoints = [endpointAt(url, "one", [old, fresh])];
    await write(endpoints, "anna", 1);
    await write(endpoints, "anna", 2, "ktp_uploaded");
    post(t, endpoints);
    await until("the event is taken", async () => (await store().states()).size === 0);
    assert.equal(arrived.length, 1);
    const [{ headers, text }] = arrived;
    for (const secret of [old, fresh]) {
      assert.deepEqual(new Webhook(secret).verify(text, headers as Record<string, string>), JSON.parse(text));
    }
    assert.throws(() => new Webhook(newSecret()).verify(text, headers as Record<string, string>));
    const [event] = (await storage.outbox.list({ limit: 10 })).filter(({ kind }) => kind === "verified");
    assert.equal(headers["webhook-id"], event.ce.id);
    assert.equal(headers.traceparent, TRACEPARENT);
    assert.deepEqual(JSON.parse(text), {
      type: "payu.kyc.verified",
      timestamp: event.ce.time,
      data: { user_id: "anna", number: 1 },
    });
    assert.notEqual(event.sentAt, null);
  });

  it("tries again, keeps a user's order, and waits for as long as Retry-After says", async (t) => {
    const times: number[] = [];
    const { url, arrived } = await receiver(t, (_event, nth) => {
      times.push(Date.now());
      if (nth === 1) return { status: 500 };
      if (nth === 2) return { status: 503, headers: { "retry-after": "1" } };
      return { status: 200 };
    });
    const endpoints = [endpointAt(url)];
    for (let number = 0; number < 4; number++) await write(endpoints, "anna", number);
    const outcomes = post(t, endpoints);
    await until("all are taken", async () => (await unsent()) === 0);
    assert.deepEqual(
      arrived.map(({ number }) => number),
      [0, 0, 0, 1, 2, 3],
    );
    assert.equal(new Set(arrived.slice(0, 3).map(({ id }) => id)).size, 1);
    assert.ok(times[2] - times[1] >= 950, `${times[2] - times[1]} ms`);
    assert.deepEqual(outcomes.slice(0, 2), ["one failed HTTP 500", "one failed HTTP 503"]);
  });

  it("gives up at the end of the schedule, holds nobody else up, and sends again when told", async (t) => {
    let broken = true;
    const bad = await receiver(t, () => ({ status: broken ? 500 : 200 }));
    const good = await receiver(t);
    const endpoints = [endpointAt(bad.url, "bad"), endpointAt(good.url, "good")];
    for (let number = 0; number < 3; number++) await write(endpoints, "anna", number);
    post(t, endpoints);
    await until("the good one has all", () => good.arrived.length === 3);
    await until(
      "the bad one is given up",
      async () => ((await store().states()).get("bad")?.dead ?? 0) === 3,
    );
    assert.equal(bad.arrived.length, 9);
    const letters = await store().letters({ limit: 10 });
    assert.deepEqual(
      letters.map(({ endpoint, attempts, error }) => [endpoint, attempts, error]),
      [0, 1, 2].map(() => ["bad", 3, "HTTP 500"]),
    );
    assert.equal(await unsent(), 0);
    broken = false;
    assert.equal(await store().resend(letters[1].eventId), 1);
    await until("it is taken", () => bad.arrived.length === 10);
    assert.equal(bad.arrived[9].id, letters[1].eventId);
    assert.equal(await store().resend("all"), 2);
    await until("the others are", async () => (await store().states()).size === 0);
    assert.equal(good.arrived.length, 3);
  });

  it("sends no more to an endpoint that answers 410, until something is sent to it again", async (t) => {
    let gone = true;
    const { url, arrived } = await receiver(t, () => ({ status: gone ? 410 : 200 }));
    const endpoints = [endpointAt(url)];
    await write(endpoints, "anna", 0);
    post(t, endpoints);
    await until(
      "it is disabled",
      async () => (await store().states()).get("one")?.disabledAt instanceof Date,
    );
    await write(endpoints, "budi", 1);
    await until("both are given up", async () => (await store().states()).get("one")?.dead === 2);
    assert.equal(arrived.length, 1);
    gone = false;
    assert.equal(await store().resend("all"), 2);
    await until("both are taken", async () => (await store().states()).size === 0);
    assert.equal(arrived.length, 3);
  });

  it("follows no redirect and reads no long answer", async (t) => {
    const other = await receiver(t);
    const { url, arrived } = await receiver(t, ({ number }) =>
      number === 0
        ? { status: 302, headers: { location: other.url } }
        : { status: 200, body: Buffer.alloc(4_000_000) },
    );
    const endpoints = [endpointAt(url)];
    await write(endpoints, "anna", 0);
    await write(endpoints, "budi", 1);
    const outcomes = post(t, endpoints);
    await until("both are settled", async () => (await unsent()) === 0);
    assert.equal(other.arrived.length, 0);
    assert.equal(outcomes.filter((outcome) => outcome === "one delivered").length, 1);
    assert.equal(outcomes.filter((outcome) => outcome.endsWith("HTTP 302")).length, 3);
    assert.equal(arrived.filter(({ number }) => number === 1).length, 1);
  });

  it("connects to no address that is not public, whatever a name says", async (t) => {
    const { port, connections } = await receiver(t);
    const endpoints = [
      endpointAt(`http://localhost:${port}/`, "name"),
      endpointAt(`http://127.0.0.1:${port}/`, "address"),
      endpointAt(`http://[::ffff:127.0.0.1]:${port}/`, "mapped"),
      endpointAt(`http://0x7f.1:${port}/`, "hexadecimal"),
    ];
    await write(endpoints, "anna", 0);
    const outcomes = post(t, endpoints, { allowPrivate: false, schedule: [] });
    await until("all are given up", async () => (await unsent()) === 0);
    assert.deepEqual(
      outcomes.toSorted(),
      ["address", "hexadecimal", "mapped", "name"].map((name) => `${name} dead AddressRefusedError`),
    );
    assert.equal(connections(), 0);
  });

  it("shares the work among processes, and takes over what a dead one left", async (t) => {
    const { url, arrived } = await receiver(t);
    const endpoints = [endpointAt(url)];
    for (let number = 0; number < 20; number++) await write(endpoints, `user-${number}`, number);
    // Claimed, and never heard of again.
    assert.equal((await store().claim("one", 3, 1)).length, 3);
    for (let process = 0; process < 3; process++) post(t, endpoints);
    await until("all are taken", async () => (await unsent()) === 0);
    assert.deepEqual(
      arrived.map(({ number }) => number).toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, number) => number),
    );
  });

  it("lets an event that fails again and again hold back no later one for ever", async () => {
    const endpoints = [endpointAt("http://127.0.0.1:1/")];
    await write(endpoints, "anna", 0);
    await write(endpoints, "anna", 1);
    for (let tries = 0; tries < HOLDS_BACK_TRIES; tries++) {
      const claimed = await store().claim("one", 8, 60);
      assert.deepEqual(
        claimed.map(({ attempts }) => attempts),
        [tries],
      );
      await store().failed(claimed[0], "HTTP 500", 0);
    }
    assert.equal((await store().claim("one", 8, 60)).length, 2);
  });

  it("counts as sent what no endpoint asked for", async () => {
    await write([endpointAt("http://127.0.0.1:1/")], "anna", 0, "ktp_uploaded");
    const [event] = await storage.outbox.list({ limit: 1 });
    assert.ok(event.sentAt);
    assert.deepEqual(await store().claim("one", 8, 60), []);
    assert.equal((await storage.outbox.backlog()).waiting, 0);
  });

  it("keeps what is owed of an erased user, and nothing that was given up", async () => {
    const endpoints = [endpointAt("http://127.0.0.1:1/")];
    await write(endpoints, "anna", 0);
    await write(endpoints, "anna", 1);
    await write(endpoints, "budi", 2);
    const [first] = await store().claim("one", 1, 60);
    await store().dead(first, "HTTP 500");
    await storage.keeper.erase(SERVICE, "anna", new Date());
    const left = await storage.outbox.list({ limit: 10 });
    assert.deepEqual(
      left.map(({ value }) => value.number),
      [1, 2],
    );
    assert.deepEqual(await store().letters({ limit: 10 }), []);
    const [second] = (await store().claim("one", 8, 60)).filter(({ outboxId }) => outboxId === left[0].id);
    await store().delivered(second);
    const off = { identity: null, images: null, faces: null, events: null, audit: null };
    await storage.keeper.expire(off, new Date());
    assert.deepEqual(
      (await storage.outbox.list({ limit: 10 })).map(({ value }) => value.number),
      [2],
    );
  });

  it("posts again what a killed process was posting", { timeout: 170_000 }, async (t) => {
    const own = temporaryFolder();
    t.after(() => own.remove());
    let hangs = true;
    const { url, arrived } = await receiver(t, () => (hangs ? "hang" : { status: 200 }));
    const secret = newSecret();
    const child = spawn(process.execPath, [join(import.meta.dirname, "poster.ts"), own.path, url, secret], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    await until("it is being posted", () => arrived.length === 1);
    child.kill("SIGKILL");
    await once(child, "exit");
    hangs = false;
    const there = await openStorage({ dataDir: own.path });
    t.after(() => there.close());
    const posting = startWebhooks({
      endpoints: [endpointAt(url, "one", [secret])],
      deliveries: deliveries({ db: there.db, onlySink: true }),
      outbox: there.outbox,
      allowPrivate: true,
      onOutcome: () => undefined,
      onError: (_endpoint, error) => assert.fail(error as Error),
    });
    await until("it is posted again", async () => (await there.outbox.backlog()).waiting === 0);
    await posting.close();
    assert.equal(arrived.length, 2);
    assert.equal(arrived[0].id, arrived[1].id);
  });
});

it("tells public addresses from others", () => {
  for (const address of ["8.8.8.8", "203.119.112.1", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
    assert.equal(isPublic(address), true, address);
  for (const address of [
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9", "169.254.169.254"],
    ...[
      "172.16.0.1",
      "192.0.0.192",
      "192.168.1.1",
      "198.18.0.1",
      "224.0.0.1",
      "240.0.0.1",
      "255.255.255.255",
    ],
    ...["168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1"],
    ...[
      "fc00::1",
      "fd00:ec2::254",
      "ff02::1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:db8::1",
      "no address",
    ],
  ])
    assert.equal(isPublic(address), false, address);
});

it("tries for some three days, waiting longer each time", () => {
  const days = SCHEDULE.reduce((sum, seconds) => sum + seconds, 0) / 86_400;
  assert.ok(days > 3 && days < 4, `${days} days`);
  assert.deepEqual(
    SCHEDULE,
    SCHEDULE.toSorted((a, b) => a - b),
  );
});

it("refuses endpoints that cannot be used, and says why", () => {
  const good = { name: "core", url: "https://example.com/hook", secrets: [newSecret()] };
  const parse = (one: object, allowPrivate = false) =>
    parseEndpoints(JSON.stringify([one]), { allowPrivate });
  assert.deepEqual(parse(good), [
    { ...good, events: ["ktp_uploaded", "verified", "failed", "resubmission_requested"] },
  ]);
  assert.deepEqual(parseEndpoints("none", { allowPrivate: false }), []);
  const inside = { ...good, url: "http://10.0.0.1/" };
  assert.equal(parse(inside, true)[0].url, inside.url);
  for (const [change, why] of [
    [{ url: "http://example.com/" }, /https/],
    [{ url: "https://10.0.0.1/" }, /public address/],
    [{ url: "https://[::1]/" }, /public address/],
    [{ url: "https://a:b@example.com/" }, /password/],
    [{ secrets: [] }, /secrets/],
    [{ secrets: ["whsec_c2hvcnQ="] }, /secrets/],
    [{ events: ["everything"] }, /events/],
    [{ name: "" }, /name/],
    [{ colour: "red" }, /colour/],
  ] as const)
    assert.throws(() => parse({ ...good, ...change }), why);
  assert.throws(() => parseEndpoints(JSON.stringify([good, good]), { allowPrivate: false }), /one name/);
  assert.throws(() => parseEndpoints("{", { allowPrivate: false }), /JSON/);
});
