import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutboxEvent } from "../../src/events/outbox.ts";
import { otlpSpans } from "../../src/observability/otlp.ts";
import { inSpan, NO_SPANS, pastSpan } from "../../src/observability/spans.ts";
import { currentTraceparent, inTrace, parseTraceparent } from "../../src/observability/trace.ts";
import { tracedSink } from "../../src/observability/traced.ts";
import { people, startTestService } from "../support/service.ts";
import { grpcCollector, httpCollector, type ReceivedSpan } from "./collector.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";
const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const ERROR = 2;

test("one verification is told across HTTP, vision, SQL and the registry by gRPC, and nothing of the person", async (t) => {
  const collector = await grpcCollector(t);
  const running = await startTestService({ ENABLE_TRACING: "true", OTLP_ENDPOINT: collector.endpoint });
  let stopped = false;
  const stop = async () => {
    if (!stopped) await running.close();
    stopped = true;
  };
  t.after(stop);
  const [person] = await people(running.dataDir, 4711, 1);
  const client = await running.client("user-of-traces");
  const headers = { traceparent: `00-${TRACE}-${CALLER}-01` };
  const id = await client.start();
  assert.equal((await client.ktp(id, person.ktp, headers)).status, 200);
  assert.equal((await client.selfie(id, person.selfie, headers)).status, 200);
  assert.equal((await client.get(`/verify/${id}`)).body.dukcapil_result.status, "VALID");
  await fetch(`${running.url}/health`);
  await stop();

  const { spans } = collector;
  const one = (name: string, trace = TRACE): ReceivedSpan => {
    const found = spans.find((span) => span.name === name && span.trace === trace);
    assert.ok(found, `${name} among ${[...new Set(spans.map((span) => span.name))].join(", ")}`);
    return found;
  };
  const upload = one("POST /api/v1/kyc/verify/selfie");
  assert.equal(upload.parent, CALLER);
  assert.equal(upload.kind, SERVER);
  assert.equal(upload.service, "kyc-service");
  assert.deepEqual(upload.attributes, {
    "http.request.method": "POST",
    "http.route": "/api/v1/kyc/verify/selfie",
    "http.response.status_code": 200,
    "kyc.verification_id": id,
  });
  const vision = one("vision selfie");
  assert.equal(vision.parent, upload.id);
  const stages = spans.filter(({ parent }) => parent === vision.id);
  assert.ok(stages.length >= 3 && stages.every(({ name }) => name.startsWith("vision ")), "stages");
  const sum = stages.reduce((total, { milliseconds }) => total + milliseconds, 0);
  assert.ok(sum > 1 && sum <= vision.milliseconds + 5, `${sum} of ${vision.milliseconds} ms`);
  const asked = one("dukcapil verify");
  assert.equal(asked.parent, upload.id);
  assert.equal(asked.attributes["dukcapil.status"], "VALID");
  assert.equal(one("dukcapil try").parent, asked.id);
  for (const name of ["UPDATE kyc_verifications", "INSERT kyc_outbox"]) {
    assert.equal(one(name).kind, CLIENT);
    assert.equal(one(name).attributes["db.system.name"], "postgresql");
  }
  // Without a traceparent of the caller each request begins a trace; probes begin none.
  const begun = spans.find(({ name }) => name === "POST /api/v1/kyc/verify/start");
  assert.equal(begun?.parent, "");
  assert.notEqual(begun?.trace, TRACE);
  assert.ok(!spans.some(({ name }) => name.includes("health")));
  // What is sent on with an event is the span of the request that caused it.
  const known = spans.map(({ trace, id: span }) => `00-${trace}-${span}-01`);
  assert.ok(known.includes(`00-${upload.trace}-${upload.id}-01`));

  const sent = collector.bytes();
  for (const secret of [
    person.nik,
    person.name,
    "user-of-traces",
    "eyJ",
    running.dataDir,
    person.birth_place,
  ]) {
    assert.ok(secret.length > 2);
    assert.equal(sent.includes(secret), false, `"${secret}" was sent`);
  }
});

test("by HTTP it arrives at /v1/traces; errors tell their kind alone", async (t) => {
  const collector = await httpCollector(t);
  const spans = await otlpSpans({ endpoint: collector.endpoint, protocol: "http", version: "1" });
  const parent = parseTraceparent(`00-${TRACE}-${CALLER}-01`);
  await inTrace(parent, async () => {
    const result = await inSpan(spans, "outer", { attributes: { tries: 2 } }, async (span) => {
      assert.equal(currentTraceparent(), span.trace?.traceparent);
      pastSpan(spans, "was", 40);
      return 1;
    });
    assert.equal(result, 1);
    await assert.rejects(
      inSpan(spans, "fails", {}, async () => {
        throw new RangeError("3201234567890001");
      }),
      RangeError,
    );
  });
  // A caller who does not record does not want our spans either.
  spans.begin("unwanted", { parent: parseTraceparent(`00-${TRACE}-${CALLER}-00`) }).end();
  // Nothing runs: there is no trace to put it under.
  pastSpan(spans, "nobody's", 1);
  await spans.close();

  assert.deepEqual([...new Set(collector.paths)], ["POST /v1/traces application/x-protobuf"]);
  const byName = new Map(collector.spans.map((span) => [span.name, span]));
  assert.deepEqual([...byName.keys()].toSorted(), ["fails", "outer", "was"]);
  assert.deepEqual(byName.get("outer")?.attributes, { tries: 2 });
  assert.equal(byName.get("outer")?.trace, TRACE);
  assert.equal(byName.get("was")?.parent, byName.get("outer")?.id);
  assert.ok(Math.abs((byName.get("was")?.milliseconds ?? 0) - 40) < 1);
  assert.equal(byName.get("fails")?.status, ERROR);
  assert.deepEqual(byName.get("fails")?.attributes, { "error.type": "RangeError" });
  assert.equal(collector.bytes().includes("3201234567890001"), false);
});

test("a collector that is away holds nothing up", async () => {
  for (const protocol of ["grpc", "http"] as const) {
    const spans = await otlpSpans({ endpoint: "http://127.0.0.1:9", protocol, version: "1" });
    spans.begin("lost").end();
    const begun = performance.now();
    await spans.close();
    assert.ok(performance.now() - begun < 15_000, `${protocol}: ${performance.now() - begun} ms`);
  }
});

test("without traces a caller's trace still travels on", () => {
  const trace = parseTraceparent(`00-${TRACE}-${CALLER}-01`);
  assert.equal(NO_SPANS.begin("any", { parent: trace }).trace, trace);
  assert.equal(NO_SPANS.begin("any").trace, null);
});

test("an event is told as sent under the request that caused it, however often it is tried", async (t) => {
  const collector = await httpCollector(t);
  const spans = await otlpSpans({ endpoint: collector.endpoint, protocol: "http", version: "1" });
  const topics = {
    ktp_uploaded: "uploads",
    verified: "verified",
    failed: "failed",
    resubmission_requested: "again",
  };
  let away = true;
  const sink = tracedSink(
    {
      send: async () => {
        if (away) throw new Error("the broker is away");
      },
      close: async () => undefined,
    },
    topics,
    spans,
  );
  const event = (traceparent: string | null): OutboxEvent => ({
    id: 1,
    kind: "verified",
    userId: "user-of-traces",
    value: { nik: "3201234567890001" },
    ce: { id: "event-1", source: "kyc", type: "verified", time: "2026-01-01T00:00:00Z" },
    traceparent,
    sentAt: null,
    attempts: 0,
  });
  const events = [event(`00-${TRACE}-${CALLER}-01`), event(null)];
  await assert.rejects(sink.send(events), /away/);
  away = false;
  await sink.send(events);
  await spans.close();
  const sent = collector.spans.filter(({ name }) => name === "send verified");
  assert.deepEqual(
    sent.map(({ trace, parent, kind, status }) => [trace, parent, kind, status === ERROR]),
    [
      [TRACE, CALLER, PRODUCER, true],
      [TRACE, CALLER, PRODUCER, false],
    ],
  );
  assert.equal(sent[0].attributes["messaging.message.id"], "event-1");
  for (const secret of ["3201234567890001", "user-of-traces"])
    assert.equal(collector.bytes().includes(secret), false);
});
