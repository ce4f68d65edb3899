import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { INHERITED } from "../support/command.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const check = (environment: Record<string, string>, ...flags: string[]) =>
  spawnSync(process.execPath, ["src/cli.ts", "config", "check", ...flags], {
    cwd: ROOT,
    env: { ...INHERITED, ...environment },
    encoding: "utf8",
  });

/** Stands in the place of each secret. */
const CANARY = "canary-5ecret-of-this-test-and-nothing-else";

test("config check prints what the service takes, and no secret", () => {
  const { status, stdout, stderr } = check(
    {
      NODE_ENV: "production",
      PORT: "9001",
      KYC_KEYS: `a:${Buffer.from(CANARY.slice(0, 32)).toString("base64")}`,
      SECRET_KEY: CANARY,
      DATABASE_URL: `postgresql://kyc:${CANARY}/@x@db:5432/kyc?sslmode=verify-full`,
      REDIS_URL: `rediss://:${CANARY}@redis:6379/1`,
      STORAGE_URL: "s3://bucket",
      AWS_ACCESS_KEY_ID: CANARY,
      AWS_SECRET_ACCESS_KEY: CANARY,
      AWS_SESSION_TOKEN: CANARY,
      DUKCAPIL_ADAPTER: "kemendagri",
      DUKCAPIL_URL: "http://10.1.2.3:8000",
      DUKCAPIL_INSTITUTION: "payu",
      DUKCAPIL_USER: "payu",
      DUKCAPIL_PASSWORD: CANARY,
      DUKCAPIL_IP: "10.0.0.9",
    },
    "--json",
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout.includes(CANARY), false, "a secret is shown");
  assert.equal(stdout.includes(Buffer.from(CANARY.slice(0, 32)).toString("base64")), false, "a key is shown");
  const { settings, warnings } = JSON.parse(stdout);
  assert.equal(settings.port, "9001");
  assert.equal(settings.databaseUrl, "postgresql://kyc:***@db:5432/kyc?sslmode=verify-full");
  assert.equal(settings["http.redisUrl"], "rediss://:***@redis:6379/1");
  assert.equal(settings["auth.secret"], "(set)");
  assert.equal(settings["dukcapil.url"], "http://10.1.2.3:8000");
  assert.deepEqual(warnings, []);
});

test("in production it says what is asked at a place where nothing may be", () => {
  const key = `a:${Buffer.alloc(32, 7).toString("base64")}`;
  const { status, stdout } = check({ NODE_ENV: "production", KYC_KEYS: key, SECRET_KEY: CANARY });
  assert.equal(status, 0);
  assert.match(stdout, /^warning: DUKCAPIL_URL is not set: .*localhost:8091/m);
  assert.match(stdout, /^warning: DATABASE_URL is not set/m);
});

test("an environment that cannot be used fails, every fault by its name", () => {
  const { status, stderr } = check({
    NODE_ENV: "production",
    PORT: "x",
    REDIS_URL: "http://x",
    LOG_LEVEL: "?",
  });
  assert.equal(status, 1);
  for (const name of ["PORT", "REDIS_URL", "LOG_LEVEL", "KYC_KEYS", "SECRET_KEY"]) {
    assert.match(stderr, new RegExp(`^ *${name}: `, "m"), stderr);
  }
});
