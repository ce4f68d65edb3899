import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config.ts";
import { allocator, V8_OPTIONS } from "../support/deployment.ts";
import { startTestService } from "../support/service.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** Every variable that src/config.ts reads: the first argument of whatever reads it. */
const VARIABLES = new Set(
  [...read("src/config.ts").matchAll(/\b[a-z]\w*(?:<[^>]*>)?\(\s*"([A-Z]+(?:_[A-Z]+)*)"/g)].map(
    ([, name]) => name,
  ),
);
/** Needed by other containers of compose.yaml alone. */
const OF_OTHERS = ["GRAFANA_PASSWORD", "POSTGRES_PASSWORD"];
const HEALTH_CHECK = ["CMD", "curl", "-f", "http://localhost:8007/health"];

/** Stand in for what an operator fills in. */
const SECRETS: Readonly<Record<string, string>> = {
  KYC_KEYS: `a:${Buffer.alloc(32, 1).toString("base64")}`,
  SECRET_KEY: "a secret of this test that is long enough",
  AWS_ACCESS_KEY_ID: "kyc",
  AWS_SECRET_ACCESS_KEY: "other",
  POSTGRES_PASSWORD: "postgres",
  GRAFANA_PASSWORD: "grafana",
};

/** As compose fills in `${NAME:?why}` and `${NAME:-default}`. */
const filledIn = (text: string) =>
  text.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name, kind, rest) =>
    kind === "?" ? (SECRETS[name] ?? assert.fail(name)) : rest,
  );

function assertReadable(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(environment)) assert.ok(VARIABLES.has(name), `${name} is read by nobody`);
  const filled = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      assert.equal(typeof value, "string", `${name} must be quoted`);
      return [name, filledIn(value)];
    }),
  );
  const { production, warnings } = loadConfig(filled);
  assert.equal(production, true);
  assert.deepEqual(
    warnings.filter((warning) => / is not (?:set|a setting)/.test(warning)),
    [],
  );
}

test("compose.yaml runs the service as the platform does", () => {
  const { services, volumes } = parse(read("compose.yaml"), { merge: true });
  for (const name of ["postgres", "kafka", "redis", "s3", "jaeger", "prometheus", "grafana", "dukcapil"]) {
    assert.ok(services[name], name);
  }
  const kyc = services["kyc-service"];
  assertReadable(kyc.environment);
  assert.deepEqual(kyc.healthcheck.test, HEALTH_CHECK);
  assert.deepEqual(kyc.deploy.resources.limits, { cpus: "2", memory: "512M" });
  assert.equal(kyc.read_only, true);
  assert.deepEqual(kyc.cap_drop, ["ALL"]);
  for (const name of Object.keys(services.dukcapil.environment)) assert.ok(VARIABLES.has(name), name);
  // Whatever is mounted is declared or is there.
  const mounts = Object.values(services).flatMap(
    (service) => (service as { volumes?: string[] }).volumes ?? [],
  );
  assert.ok(mounts.length > 5);
  for (const source of mounts.map((mount) => mount.split(":")[0])) {
    if (source.startsWith("./")) readFileSync(join(ROOT, source, sourceFile(source)));
    else assert.ok(source in volumes, source);
  }
  for (const [, name] of read("compose.yaml").matchAll(/\$\{(\w+)/g)) {
    assert.ok(VARIABLES.has(name) || OF_OTHERS.includes(name), name);
  }
});

/** A file that must lie in a folder that compose mounts. */
const sourceFile = (folder: string) =>
  folder.endsWith("prometheus")
    ? "prometheus.yaml"
    : folder.endsWith("provisioning")
      ? "datasources/sources.yaml"
      : "kyc-service.json";

test("the Kubernetes manifests run it unprivileged, within its limits, with what it reads", () => {
  const all = parseAllDocuments(read("deploy/kubernetes/kyc-service.yaml")).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
  const byKind = new Map(all.map((one) => [one.kind, one]));
  assert.deepEqual([...byKind.keys()].toSorted(), [
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
  ]);
  const { data } = byKind.get("ConfigMap");
  for (const name of Object.keys(SECRETS)) assert.ok(!(name in data), `${name} belongs in the secret`);
  const secret = { KYC_KEYS: SECRETS.KYC_KEYS, SECRET_KEY: SECRETS.SECRET_KEY };
  assertReadable({ ...data, ...secret, DATABASE_URL: "postgresql://kyc@postgres/kyc" });
  const { spec } = byKind.get("Deployment").spec.template;
  const [container] = spec.containers;
  assert.equal(spec.securityContext.runAsNonRoot, true);
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.deepEqual(container.resources.limits, { cpu: "2", memory: "512Mi" });
  assert.equal(container.readinessProbe.httpGet.path, "/ready");
  assert.equal(container.livenessProbe.httpGet.path, "/health");
  const stop = loadConfig({}).http.stopSeconds;
  assert.ok(spec.terminationGracePeriodSeconds > stop + 5);
  const mounted = container.volumeMounts.map(({ name }: { name: string }) => name);
  assert.deepEqual(
    mounted,
    spec.volumes.map(({ name }: { name: string }) => name),
  );
  const labels = byKind.get("Deployment").spec.selector.matchLabels;
  assert.deepEqual(byKind.get("Service").spec.selector, labels);
  assert.deepEqual(byKind.get("PodDisruptionBudget").spec.selector.matchLabels, labels);
});

test("the image is built in stages, holds its networks, and is no root's", () => {
  const lines = read("Dockerfile").replaceAll("\\\n", " ").split("\n");
  const stages = lines.flatMap((line, i) => (line.startsWith("FROM ") ? [i] : []));
  assert.equal(stages.length, 2);
  const last = lines.slice(stages.at(-1));
  const instruction = (name: string) => last.find((line) => line.startsWith(`${name} `)) ?? "";
  assert.match(instruction("USER"), /^USER [1-9]\d+$/);
  assert.ok(
    instruction("HEALTHCHECK").endsWith(`CMD ${JSON.stringify(HEALTH_CHECK.slice(1)).replaceAll(",", ", ")}`),
  );
  const environment = Object.fromEntries(
    [...instruction("ENV").matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
  // The loader's and the allocator's are not read by the service.
  const { LD_PRELOAD, MALLOC_CONF, ...ours } = environment;
  assert.ok(LD_PRELOAD.startsWith("/app/") && MALLOC_CONF);
  for (const name of Object.keys(ours)) assert.ok(VARIABLES.has(name), name);
  const cache = environment.KYC_MODELS_CACHE;
  assert.ok(
    lines.some((line) => line.includes(`KYC_MODELS_CACHE=${cache}`) && line.includes("models build")),
  );
  // What the first stage copies exists.
  for (const line of lines.filter((one) => one.startsWith("COPY ") && !one.includes("--from"))) {
    for (const source of line.split(" ").slice(1, -1))
      assert.ok(read(".dockerignore").split("\n").indexOf(source) < 0, source);
  }
});

test("the image's entry runs the verbs of the command line", () => {
  const { status, stdout, stderr } = spawnSync("sh", ["bin/entry.sh", "config", "check", "--json"], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: "8123" },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).settings.port, "8123");
});

test("the options of V8 and of the allocator that the image runs with are taken", () => {
  assert.ok(V8_OPTIONS.length > 1 && V8_OPTIONS.every((option) => option.startsWith("--")));
  const { status, stderr } = spawnSync(process.execPath, [...V8_OPTIONS, "-e", ""], {
    env: { ...allocator },
    encoding: "utf8",
  });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});

test(".env.example names every variable, and no other", () => {
  const named = [...read(".env.example").matchAll(/^#?([A-Z]+(?:_[A-Z]+)*)=/gm)].map(([, name]) => name);
  assert.equal(new Set(named).size, named.length, "once each");
  assert.deepEqual(named.toSorted(), [...VARIABLES, ...OF_OTHERS].toSorted());
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}
const rules: readonly Rule[] = parse(read("deploy/prometheus/alerts.yaml")).groups.flatMap(
  ({ rules: own }: { rules: Rule[] }) => own,
);
const panels: readonly { title: string; targets: { expr: string }[] }[] = JSON.parse(
  read("deploy/grafana/dashboards/kyc-service.json"),
).panels;

/** What Prometheus itself knows of a target. */
const PROMETHEUS_OWN = ["up"];

test("every measurement that an alert or the dashboard asks for is exported by a running service", async (t) => {
  const service = await startTestService({ REDIS_URL: "redis://127.0.0.1:9" });
  t.after(() => service.close());
  const client = await service.client("user-of-metrics");
  await client.start();
  await client.get("/user/user-of-metrics");
  const text = await (await fetch(`${service.url}/metrics`)).text();
  // A histogram that has seen nothing has its type alone.
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name, type]) => [name, type]));
  const exported = (name: string) =>
    types.has(name) || types.get(name.replace(/_(?:bucket|sum|count)$/, "")) === "histogram";
  const expressions = [...rules, ...panels.flatMap(({ targets }) => targets)].map(({ expr }) => expr);
  let asked = 0;
  for (const expr of expressions) {
    for (const [, name, matchers] of expr.matchAll(/\b([a-z][a-z0-9_]*)\{([^}]*)\}/g)) {
      asked++;
      if (PROMETHEUS_OWN.includes(name)) continue;
      assert.ok(exported(name), `${name} in ${expr}`);
      assert.match(matchers, /job="kyc-service"/, expr);
      // A label's value that is asked for must be one that the service gives.
      for (const [, label, value] of matchers.matchAll(/(\w+)="([^"]*)"/g)) {
        if (label === "job") continue;
        assert.match(
          text,
          new RegExp(`^${name}\\{[^}]*\\b${label}="${value}"`, "m"),
          `${label}=${value} in ${expr}`,
        );
      }
    }
  }
  assert.ok(asked > 35, `${asked} asked for`);
});

test("docs/operations.md says what each alert means", () => {
  const documented = [...read("docs/operations.md").matchAll(/^\| `(Kyc\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(documented.toSorted(), rules.map(({ alert }) => alert).toSorted());
});

test("promtool takes the rules", (t) => {
  const file = join(ROOT, "deploy/prometheus/alerts.yaml");
  const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], {
    encoding: "utf8",
  });
  if (error) return t.skip("promtool (Debian's prometheus) is not installed");
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`${rules.length} rules found`));
});
