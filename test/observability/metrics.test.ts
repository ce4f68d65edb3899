import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../src/observability/metrics.ts";

/** The value of one series, by its name with labels as they are printed. */
const sample = (text: string, series: string) => {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test("what dashboards read is there by its name and labels", async () => {
  const metrics = createMetrics();
  metrics.answered({ method: "GET", path: "/health", status: 200, seconds: 0.02 });
  metrics.answered({ method: "GET", path: "/health", status: 200, seconds: 3 });
  metrics.started("FULL_KYC");
  metrics.completed("FULL_KYC", "VERIFIED", []);
  metrics.completed("FULL_KYC", "REJECTED", ["liveness", "face_match"]);
  metrics.completed("BASIC_KYC", "VERIFIED", []);
  metrics.photographed("ktp", []);
  metrics.photographed("ktp", ["blurred", "glare"]);
  metrics.scored("face_match", 0.62);
  metrics.registry.attempt({ outcome: "unavailable", milliseconds: 300 });
  metrics.registry.breaker("open");
  metrics.gauges("kyc_database_connections", "By state.", "state", () => ({ most: 10, busy: 3 }));
  metrics.processed("ktp", 0.4);
  metrics.processed("selfie", 0.6);
  metrics.inferred({ detect: 120, recognise: 80 });
  const text = await metrics.text();
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
  const expected: Readonly<Record<string, number>> = {
    'http_requests_total{method="GET",path="/health",status="200"}': 2,
    'http_request_duration_seconds_bucket{le="0.025",method="GET",path="/health"}': 1,
    'http_request_duration_seconds_bucket{le="+Inf",method="GET",path="/health"}': 2,
    'http_request_duration_seconds_count{method="GET",path="/health"}': 2,
    'kyc_verifications_started_total{type="FULL_KYC"}': 1,
    'kyc_verifications_total{type="FULL_KYC",status="VERIFIED"}': 1,
    'kyc_verifications_total{type="FULL_KYC",status="REJECTED"}': 1,
    'kyc_verifications_total{type="BASIC_KYC",status="VERIFIED"}': 1,
    'kyc_verifications_refused_total{reason="liveness"}': 1,
    'kyc_verifications_refused_total{reason="face_match"}': 1,
    'kyc_verifications_refused_total{reason="attempts"}': 0,
    'kyc_photographs_total{step="ktp",outcome="accepted"}': 1,
    'kyc_photographs_total{step="ktp",outcome="refused"}': 1,
    'kyc_hints_total{step="ktp",hint="glare"}': 1,
    'kyc_score_bucket{le="0.6",kind="face_match"}': 0,
    'kyc_score_bucket{le="0.65",kind="face_match"}': 1,
    'kyc_dukcapil_requests_total{outcome="unavailable"}': 1,
    'kyc_dukcapil_request_duration_seconds_bucket{le="0.2"}': 0,
    'kyc_dukcapil_request_duration_seconds_bucket{le="0.4"}': 1,
    kyc_dukcapil_breaker_state: 2,
    'kyc_database_connections{state="most"}': 10,
    'kyc_database_connections{state="busy"}': 3,
    'kyc_processing_duration_seconds_bucket{le="0.5",type="ktp"}': 1,
    'kyc_processing_duration_seconds_bucket{le="0.5",type="selfie"}': 0,
    'kyc_processing_duration_seconds_sum{type="selfie"}': 0.6,
    'kyc_ml_inference_duration_seconds_bucket{le="0.1",model="recognise"}': 1,
    'kyc_ml_inference_duration_seconds_bucket{le="0.1",model="detect"}': 0,
    'kyc_ml_inference_duration_seconds_sum{model="detect"}': 0.12,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(sample(text, series), value, series);
  assert.ok((sample(text, "process_resident_memory_bytes") ?? 0) > 1e7);
  assert.ok((sample(text, "process_cpu_seconds_total") ?? 0) > 0);
});

test("a gauge is asked at each scrape; one that cannot be had leaves the others standing", async () => {
  const metrics = createMetrics();
  let waiting = 3;
  metrics.gauge("kyc_vision_waiting_jobs", "Images waiting for a worker.", () => waiting);
  let broken = false;
  metrics.gauge("kyc_outbox_events", "Events not sent yet.", async () => {
    if (broken) throw new Error("no database");
    return 7;
  });
  const first = await metrics.text();
  assert.equal(sample(first, "kyc_vision_waiting_jobs"), 3);
  assert.equal(sample(first, "kyc_outbox_events"), 7);
  waiting = 4;
  broken = true;
  const second = await metrics.text();
  assert.equal(sample(second, "kyc_vision_waiting_jobs"), 4);
  assert.equal(sample(second, "kyc_outbox_events"), undefined);
});

test("two services in one process count apart", async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.started("FULL_KYC");
  assert.equal(sample(await two.text(), 'kyc_verifications_started_total{type="FULL_KYC"}'), undefined);
});
