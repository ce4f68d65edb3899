import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { ConfigError, loadConfig } from "../src/config.ts";

const faults = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  return [];
};

test("an empty environment gives the laptop's defaults", () => {
  const config = loadConfig({});
  assert.equal(config.host, "0.0.0.0");
  assert.equal(config.port, 8007);
  assert.equal(config.databaseUrl, null);
  assert.equal(config.dukcapil.adapter, "embedded");
  assert.equal(config.policy.ocrConfidence, 0.8);
  assert.equal(config.vision.livenessThreshold, 0.7);
  assert.equal(config.vision.faceThreshold, null);
  assert.equal(config.auth.required, true);
  assert.deepEqual(config.events.topics, {
    ktp_uploaded: "payu.kyc.ktp_uploaded",
    verified: "payu.kyc.verified",
    failed: "payu.kyc.failed",
    resubmission_requested: "payu.kyc.resubmission_requested",
  });
  assert.deepEqual(config.warnings, []);
});

test("the original service's names are taken in any case, and an empty value counts as not set", () => {
  const config = loadConfig({
    port: "9000",
    Database_Url: "postgresql+asyncpg://kyc:kyc@db/kyc",
    KAFKA_BOOTSTRAP_SERVERS: "kafka:9092, kafka2:9092",
    DUKCAPIL_URL: "http://dukcapil:8091/api/v1",
    FACE_MATCHING_THRESHOLD: "0.95",
    LOG_LEVEL: "WARNING",
    SECRET_KEY: "",
  });
  assert.equal(config.port, 9000);
  assert.equal(config.databaseUrl, "postgresql+asyncpg://kyc:kyc@db/kyc");
  assert.deepEqual(config.events.bootstrapServers, ["kafka:9092", "kafka2:9092"]);
  assert.equal(config.dukcapil.adapter, "payu");
  assert.equal(config.vision.faceThreshold, 0.95);
  assert.equal(config.log.level, "warn");
  assert.equal(config.auth.secret, null);
});

test("every unusable value is named, all at once", () => {
  const named = faults({
    PORT: "http",
    LIVENESS_THRESHOLD: "7",
    DATABASE_URL: "mysql://db",
    ALGORITHM: "none",
    RATE_LIMIT: "-1",
    ENABLE_METRICS: "perhaps",
    LOG_FORMAT: "xml",
    DUKCAPIL_URL: "ftp://x",
    STORAGE_URL: "gs://bucket",
    OIDC_ISSUER: "https://issuer",
    KAFKA_TOPIC_KYC_FAILED: "no spaces",
    TRUST_PROXY: "nonsense",
  }).map((fault) => fault.split(":")[0]);
  assert.deepEqual(named.sort(), [
    "ALGORITHM",
    "DATABASE_URL",
    "DUKCAPIL_URL",
    "ENABLE_METRICS",
    "KAFKA_TOPIC_KYC_FAILED",
    "LIVENESS_THRESHOLD",
    "LOG_FORMAT",
    "OIDC_JWKS_URI",
    "PORT",
    "RATE_LIMIT",
    "STORAGE_URL",
    "TRUST_PROXY",
  ]);
});

test("production refuses the defaults that are for development only", () => {
  const named = faults({ NODE_ENV: "Production", DUKCAPIL_ADAPTER: "embedded" }).map(
    (fault) => fault.split(":")[0],
  );
  assert.deepEqual(named.sort(), ["DUKCAPIL_ADAPTER", "KYC_KEYS", "SECRET_KEY"]);
  assert.deepEqual(
    faults({ NODE_ENV: "production", KYC_KEYS: "k:x", SECRET_KEY: "short" }).map(
      (fault) => fault.split(":")[0],
    ),
    ["SECRET_KEY"],
  );
  const config = loadConfig({ NODE_ENV: "production", KYC_KEYS: "k:x", SECRET_KEY: "s".repeat(32) });
  assert.equal(config.dukcapil.adapter, "payu");
  assert.equal(config.policy.baselineMayDecide, false);
});

test("an unknown KYC_ name, and authentication switched off, are warnings", () => {
  const { warnings } = loadConfig({ KYC_WORKRES: "2", AUTH_REQUIRED: "false" });
  assert.equal(warnings.length, 2);
  assert.match(warnings.join("\n"), /KYC_WORKRES/);
  assert.match(warnings.join("\n"), /AUTH_REQUIRED=false/);
});

test("RATE_LIMIT=off switches the limit off", () => {
  assert.equal(loadConfig({ RATE_LIMIT: "off" }).http.rateLimit, null);
  assert.equal(loadConfig({ RATE_LIMIT: "30" }).http.rateLimit, 30);
});

test("a bucket is named by STORAGE_URL, its keys by the variables that its tools know", () => {
  const s3Of = (environment: Record<string, string>) => {
    const { images } = loadConfig(environment);
    return "s3" in images ? images.s3 : null;
  };
  assert.deepEqual(s3Of({ STORAGE_URL: "s3://kyc-photographs" }), {
    bucket: "kyc-photographs",
    prefix: "",
    region: "us-east-1",
    endpoint: null,
    pathStyle: false,
    credentials: null,
  });
  const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  assert.deepEqual(
    s3Of({
      STORAGE_URL: "s3://kyc-photographs/of/this/?endpoint=http://minio:9000&region=ap-southeast-3",
      AWS_SESSION_TOKEN: "session",
      ...keys,
    }),
    {
      bucket: "kyc-photographs",
      prefix: "of/this/",
      region: "ap-southeast-3",
      endpoint: "http://minio:9000",
      pathStyle: true,
      credentials: { accessKeyId: "id", secretAccessKey: "secret", sessionToken: "session" },
    },
  );
  assert.equal(s3Of({ STORAGE_URL: "s3://bucket", AWS_REGION: "ap-southeast-3" })?.region, "ap-southeast-3");
  assert.equal(s3Of({ STORAGE_URL: "./folder", ...keys }), null);
  for (const [environment, fault] of [
    [{ STORAGE_URL: "s3://" }, /STORAGE_URL: must name a bucket/],
    [{ STORAGE_URL: "s3://Bucket_1" }, /STORAGE_URL: must name a bucket/],
    [{ STORAGE_URL: "s3://bucket?endpoint=minio:9000" }, /STORAGE_URL: has an endpoint that is no/],
    [{ STORAGE_URL: "s3://bucket?secret=1" }, /STORAGE_URL: has secret, which is none of/],
    [{ STORAGE_URL: "s3://bucket", AWS_ACCESS_KEY_ID: "id" }, /AWS_ACCESS_KEY_ID: must be set together/],
  ] as const) {
    assert.throws(() => loadConfig(environment), fault);
  }
});

test("periods of retention are years, days or off", () => {
  assert.deepEqual(loadConfig({ RETENTION_IMAGES: "90D", RETENTION_FACES: "off" }).retention, {
    identity: { years: 5 },
    images: { days: 90 },
    faces: null,
    events: { days: 30 },
    audit: { years: 7 },
  });
  for (const given of ["5", "-1d", "5 years", "1.5y"]) {
    assert.throws(() => loadConfig({ RETENTION_AUDIT: given }), /RETENTION_AUDIT: must be years or days/);
  }
});

test("a database that is spoken to in the clear is a warning in production", () => {
  const warned = (url: string) =>
    loadConfig({
      NODE_ENV: "production",
      KYC_KEYS: "a:b",
      SECRET_KEY: "a secret that is long enough for this",
      DUKCAPIL_URL: "http://registry/api",
      DATABASE_URL: url,
    }).warnings.some((warning) => warning.startsWith("DATABASE_URL"));
  assert.equal(warned("postgresql://u@db/kyc"), true);
  assert.equal(warned("postgresql://u@db/kyc?sslmode=disable"), true);
  assert.equal(warned("postgresql://u@db/kyc?sslmode=verify-full&sslrootcert=/ca.pem"), false);
  assert.equal(warned("postgresql+asyncpg://u@db/kyc?ssl=require"), false);
});

test("as many workers are chosen as there are cores and memory holds, which the allocator decides", () => {
  const workers = (mebibytes: number, allocator: "jemalloc" | "glibc") =>
    loadConfig({}, { memory: mebibytes * 2 ** 20, allocator }).vision.workers;
  const most = Math.min(2, availableParallelism());
  assert.equal(workers(512, "jemalloc"), most, "the deployment");
  assert.equal(workers(512, "glibc"), 1);
  assert.equal(workers(1024, "glibc") >= most, true);
  assert.equal(workers(128, "jemalloc"), 1);
  assert.equal(workers(1024 * 1024, "jemalloc"), availableParallelism());
  const given = loadConfig({ KYC_WORKERS: "5" }, { memory: 2 ** 27, allocator: "glibc" });
  assert.equal(given.vision.workers, 5);
});
