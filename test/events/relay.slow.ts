import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { lease } from "../../src/database/leases.ts";
import { kafkaSink } from "../../src/events/kafka.ts";
import { type Sink, startRelay } from "../../src/events/relay.ts";
import { createTopics, readTopics, startKafka, type TestKafka, TOPICS } from "../support/kafka.ts";
import { openStorage, type Storage, TRACEPARENT, temporaryFolder } from "../support/storage.ts";

const PATIENCE_MS = 40_000;

describe("the relay of events to Kafka", () => {
  let broker: TestKafka | { readonly skip: string };
  let storage: Storage;
  const folder = temporaryFolder();

  before(async () => {
    broker = await startKafka();
    if ("skip" in broker) return;
    await createTopics(broker);
    storage = await openStorage({ dataDir: folder.path });
  });
  after(async () => {
    if (broker && !("skip" in broker)) await broker.stop();
    await storage?.close();
    folder.remove();
  });

  /** Declares a test that is skipped, with its reason, where there is no broker. */
  const withBroker = (name: string, body: (kafka: TestKafka, t: TestContext) => Promise<void>) =>
    it(name, { timeout: 110_000 }, (t) =>
      "skip" in broker ? t.skip(broker.skip) : body(broker, t as TestContext),
    );

  const write = (user: string, kind: keyof typeof TOPICS, value: object) =>
    storage.db
      .transaction()
      .execute((transaction) =>
        storage.outbox.append(transaction, user, [{ kind, value: { ...value } }], new Date()),
      );

  function relayTo(sink: Sink, holder: string) {
    const errors: unknown[] = [];
    let recovered = 0;
    const relay = startRelay({
      outbox: storage.outbox,
      sink,
      lease: lease(storage.db, "event relay", holder),
      now: () => new Date(),
      onError: (error) => errors.push(error),
      onRecovered: () => recovered++,
    });
    return { relay, errors, recovered: () => recovered };
  }
  const sinkOf = (kafka: TestKafka) =>
    kafkaSink({ bootstrapServers: [kafka.bootstrap], topics: TOPICS, tls: false, sasl: null });

  async function allSent(): Promise<void> {
    for (const until = Date.now() + PATIENCE_MS; (await storage.outbox.backlog()).waiting > 0; ) {
      assert.ok(Date.now() < until, "the events were not sent in time");
      await pause(100);
    }
  }

  const read = (kafka: TestKafka, count: number) =>
    readTopics(kafka, (arrived) => arrived.length >= count, PATIENCE_MS);

  withBroker("sends value, key and headers of the contract, each user's events in order", async (kafka) => {
    const { relay, errors } = relayTo(await sinkOf(kafka), "one");
    for (let i = 0; i < 5; i++) {
      for (const user of ["anna", "budi"]) await write(user, "verified", { user_id: user, number: i });
    }
    await write("anna", "failed", { user_id: "anna", status: "REJECTED", reason: "…" });
    await allSent();
    await relay.close();
    assert.deepEqual(errors, []);

    const arrived = await read(kafka, 11);
    for (const user of ["anna", "budi"]) {
      const theirs = arrived.filter(({ key, topic }) => key === user && topic === TOPICS.verified);
      assert.deepEqual(
        theirs.map(({ value }) => JSON.parse(value).number),
        [0, 1, 2, 3, 4],
      );
      assert.equal(new Set(theirs.map(({ partition }) => partition)).size, 1);
    }
    const failed = arrived.find(({ topic }) => topic === TOPICS.failed);
    assert.deepEqual(JSON.parse(failed?.value ?? ""), { user_id: "anna", status: "REJECTED", reason: "…" });
    const { ce_id, ce_time, ...headers } = failed?.headers ?? {};
    assert.match(ce_id, /^[0-9a-f-]{36}$/);
    assert.ok(Date.parse(ce_time) <= Date.now());
    assert.deepEqual(headers, {
      ce_specversion: "1.0",
      ce_source: "/payu-kyc",
      ce_type: "payu.kyc.failed",
      traceparent: TRACEPARENT,
      "content-type": "application/json",
    });
  });

  withBroker(
    "loses nothing and keeps the order while the broker is killed and comes again",
    async (kafka) => {
      const { relay, errors, recovered } = relayTo(await sinkOf(kafka), "one");
      await write("citra", "verified", { number: 0 });
      await allSent();
      await kafka.kill();
      for (let i = 1; i < 6; i++) await write("citra", "verified", { number: i });
      while (errors.length === 0) await pause(100);
      assert.equal((await storage.outbox.backlog()).waiting, 5);
      const [{ attempts }] = await storage.db
        .selectFrom("kyc_outbox")
        .select("attempts")
        .where("sent_at", "is", null)
        .execute();
      assert.ok(attempts > 0);
      await kafka.restart();
      await allSent();
      assert.equal(recovered(), 1);
      await relay.close();
      const numbers = (await read(kafka, 17))
        .filter(({ key }) => key === "citra")
        .map(({ value }) => JSON.parse(value).number);
      assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5]);
    },
  );

  withBroker("is done by one process at a time; another goes on when it ends", async (kafka) => {
    const seen: string[] = [];
    const named = async (name: string): Promise<Sink> => {
      const sink = await sinkOf(kafka);
      return {
        send: (events) => {
          seen.push(...events.map(() => name));
          return sink.send(events);
        },
        close: () => sink.close(),
      };
    };
    const first = relayTo(await named("first"), "process-1");
    await write("dewi", "verified", { number: 0 });
    await allSent();
    const second = relayTo(await named("second"), "process-2");
    for (let i = 1; i < 4; i++) await write("dewi", "verified", { number: i });
    await allSent();
    assert.deepEqual(new Set(seen), new Set(["first"]));
    await first.relay.close();
    await write("dewi", "verified", { number: 4 });
    await allSent();
    assert.deepEqual(seen, ["first", "first", "first", "first", "second"]);
    await second.relay.close();
  });
});
