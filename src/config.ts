import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULT_POOL, type PoolOptions } from "./database/pool.ts";
import { type Endpoint, EndpointsError, parseEndpoints } from "./events/endpoints.ts";
import type { KafkaOptions } from "./events/kafka.ts";
import type { S3Options } from "./images/s3-store.ts";
import { DEFAULT_RETENTION, type Period, type RetentionPolicy } from "./verification/custody.ts";

/** Every setting of a running service, as plain values. The one reader of the environment is {@link loadConfig}. */
export interface Config {
  readonly production: boolean;
  /** Whether the demo page is served: only outside production, and with the simulator in this process. */
  readonly demo: boolean;
  readonly host: string;
  readonly port: number;
  /** Proxies before the service whose X-Forwarded-For is believed: a number of hops, or addresses. */
  readonly trustProxy: boolean | number | string;
  readonly dataDir: string;
  /** Null: the embedded database under `dataDir`. */
  readonly databaseUrl: string | null;
  /** Of a process's connections to a database server. */
  readonly pool: PoolOptions;
  /** Where photographs lie: a folder, or a bucket of S3. */
  readonly images: { readonly folder: string } | { readonly s3: S3Options };
  /** Key-encryption keys, `id:base64,…` or `file:PATH`; null: development keys under `dataDir`. */
  readonly keys: string | null;
  readonly models: {
    /** Where the networks built from npm packages lie. */
    readonly cacheDir: string;
    /** Where downloaded packs lie. */
    readonly packDir: string;
    /** Where packs are fetched from in place of their publishers; null: from these. */
    readonly mirror: string | null;
    /** Proxies through which packs are fetched, by scheme, and hosts that are reached without; null: none. */
    readonly proxy: {
      readonly http: string | null;
      readonly https: string | null;
      readonly none: string | null;
    };
  };
  readonly vision: {
    readonly workers: number;
    readonly queue: number;
    /** Cosine; null: the catalogue's value for the network in use. */
    readonly faceThreshold: number | null;
    readonly livenessThreshold: number;
  };
  readonly policy: {
    readonly ocrConfidence: number;
    readonly attempts: number;
    readonly baselineMayDecide: boolean;
    /** What becomes of a person who seems to be VERIFIED already as another user. */
    /** Whether a selfie asks for a liveness challenge that was passed. */
    readonly liveness: "passive" | "active";
    readonly duplicates: "flag" | "review" | "reject";
    /** What becomes of a KTP photographed from a photocopy or a screen. */
    readonly copies: "refuse" | "flag";
    readonly consentRequired: boolean;
    /** Whether what is doubtful is decided by a person. */
    readonly manualReview: boolean;
  };
  readonly dukcapil: {
    readonly adapter: "payu" | "kemendagri" | "embedded";
    readonly url: string;
    readonly timeoutMs: number;
    readonly giveUpAfterHours: number;
    readonly kemendagri: {
      readonly institution: string;
      readonly userId: string;
      readonly password: string;
      readonly ipUser: string;
    } | null;
  };
  readonly http: {
    readonly maxUploadBytes: number;
    /** Requests a minute for one user; null: no limit. */
    readonly rateLimit: number | null;
    /** Requests a minute from one address; null: no limit. */
    readonly addressLimit: number | null;
    /** Where counts are shared by all processes; null: each counts its own. */
    readonly redisUrl: string | null;
    readonly stopSeconds: number;
  };
  readonly auth: {
    readonly required: boolean;
    /** Null: a development key under `dataDir`. */
    readonly secret: string | null;
    readonly tokenMinutes: number;
    readonly oidc: {
      readonly issuer: string;
      readonly jwksUri: string;
      readonly audience: string | null;
    } | null;
  };
  readonly events: KafkaOptions & {
    /** Whether events carry the whole NIK. */
    readonly fullNik: boolean;
  };
  /** Where events are posted, beside Kafka. */
  readonly webhooks: {
    readonly endpoints: readonly Endpoint[];
    /** Whether they may have addresses that are not public, and plain HTTP. */
    readonly allowPrivate: boolean;
  };
  /** How long each kind of data is kept. */
  readonly retention: RetentionPolicy;
  readonly log: { readonly level: string; readonly format: "json" | "text" };
  readonly metrics: boolean;
  readonly tracing: {
    readonly enabled: boolean;
    readonly endpoint: string;
    readonly protocol: "grpc" | "http";
  };
  /** Things worth a line at start: unknown names, unsafe choices that were asked for. */
  readonly warnings: readonly string[];
}

/** An environment that cannot be used. `faults` has one sentence for each variable at fault, its name first. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((f) => `  ${f}`).join("\n")}`);
    this.name = "ConfigError";
    this.faults = faults;
  }
}

const MIB = 1024 * 1024;
/** The contract's limit of a decoded image. */
const MAX_UPLOAD_BYTES = 10 * MIB;
/**
 * What the process holds without any worker, and what each worker adds at its busiest, measured under full load
 * (`npm run bench:load`): with the image's allocator, and with glibc's, which gives little back.
 */
const BASE_MEMORY = 230 * MIB;
const WORKER_MEMORY = { jemalloc: 140 * MIB, glibc: 230 * MIB } as const;
/** HMAC-SHA-256 keys shorter than the hash weaken it (RFC 7518, 3.2). */
const SECRET_BYTES = 32;

const KNOWN_KYC = new Set([
  "KYC_KEYS",
  "KYC_WORKERS",
  "KYC_QUEUE",
  "KYC_ATTEMPTS",
  "KYC_LIVENESS",
  "KYC_CONSENT_REQUIRED",
  "KYC_COPIES",
  "KYC_MANUAL_REVIEW",
  "KYC_ALLOW_BASELINE_LIVENESS",
  "KYC_DUPLICATES",
  "KYC_MODELS_CACHE",
  "KYC_STOP_SECONDS",
  "KYC_WEBHOOKS",
  "KYC_WEBHOOKS_ALLOW_PRIVATE",
]);

/** What settings that are not given follow from. */
export interface Machine {
  /** Bytes that this process may use: the container's limit, or the machine's memory. */
  readonly memory: number;
  readonly allocator: keyof typeof WORKER_MEMORY;
}

function thisMachine(): Machine {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  try {
    const preloaded = readFileSync("/proc/self/maps", "latin1").includes("libjemalloc");
    return { memory, allocator: preloaded ? "jemalloc" : "glibc" };
  } catch {
    // No Linux: no such file.
    return { memory, allocator: "glibc" };
  }
}

/**
 * Reads the settings from an environment. Names are taken in any case; an empty value counts as not set.
 * @throws {ConfigError} naming every fault at once
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  machine: Machine = thisMachine(),
): Config {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    const upper = name.toUpperCase();
    if (value && (name === upper || !values.has(upper))) values.set(upper, value.trim());
  }
  const faults: string[] = [];
  const warnings: string[] = [];
  const fault = (name: string, what: string) => void faults.push(`${name}: ${what}`);

  const text = (name: string): string | null => values.get(name) || null;
  const number = (name: string, fallback: number, min: number, max: number, whole = true): number => {
    const given = text(name);
    if (given === null) return fallback;
    const n = Number(given);
    if (Number.isFinite(n) && n >= min && n <= max && (!whole || Number.isInteger(n))) return n;
    fault(name, `must be a ${whole ? "whole " : ""}number from ${min} to ${max}, not "${given}".`);
    return fallback;
  };
  const flag = (name: string, fallback: boolean): boolean => {
    const given = text(name)?.toLowerCase();
    if (given === undefined) return fallback;
    if (["true", "1", "yes", "on"].includes(given)) return true;
    if (["false", "0", "no", "off"].includes(given)) return false;
    fault(name, `must be true or false, not "${given}".`);
    return fallback;
  };
  const choice = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const given = text(name);
    if (given === null) return fallback;
    const found = allowed.find((a) => a.toLowerCase() === given.toLowerCase());
    if (!found) fault(name, `must be one of ${allowed.join(", ")}, not "${given}".`);
    return found ?? fallback;
  };
  const period = (name: string, fallback: Period): Period => {
    const given = text(name)?.toLowerCase();
    if (given === undefined) return fallback;
    if (given === "off") return null;
    const [, count, unit] = /^(\d{1,4})([dy])$/.exec(given) ?? [];
    if (count !== undefined) return unit === "y" ? { years: Number(count) } : { days: Number(count) };
    fault(name, `must be years or days such as 5y or 30d, or off, not "${given}".`);
    return fallback;
  };
  const url = (name: string, protocols: readonly string[], fallback: string): string => {
    const given = text(name);
    if (given === null) return fallback;
    if (URL.canParse(given) && protocols.includes(new URL(given).protocol)) return given;
    fault(name, `must be a URL beginning with ${protocols.map((p) => `${p}//`).join(" or ")}.`);
    return fallback;
  };

  const production = text("NODE_ENV")?.toLowerCase() === "production";
  const dataDir = resolve(text("DATA_DIR") ?? "./data");

  const databaseUrl = text("DATABASE_URL");
  if (databaseUrl !== null && !/^postgres(ql)?(\+asyncpg)?:\/\//.test(databaseUrl)) {
    fault("DATABASE_URL", "must begin with postgresql:// (or postgresql+asyncpg://).");
  }

  if (
    production &&
    databaseUrl !== null &&
    !/[?&]ssl(?:mode)?=(?:require|verify-ca|verify-full)/.test(databaseUrl)
  ) {
    warnings.push(
      "DATABASE_URL asks for no TLS (sslmode=verify-full): what is not sealed, and the password, travel in the clear.",
    );
  }

  const storage = text("STORAGE_URL");
  let folder = resolve(dataDir, "images");
  let s3: S3Options | null = null;
  if (storage !== null) {
    if (/^s3:/i.test(storage)) {
      const accessKeyId = text("AWS_ACCESS_KEY_ID");
      const secretAccessKey = text("AWS_SECRET_ACCESS_KEY");
      const sessionToken = text("AWS_SESSION_TOKEN") ?? undefined;
      if ((accessKeyId === null) !== (secretAccessKey === null)) {
        fault("AWS_ACCESS_KEY_ID", "must be set together with AWS_SECRET_ACCESS_KEY.");
      }
      s3 = bucketOf(storage, text("AWS_REGION"), (what) => fault("STORAGE_URL", what));
      if (s3 && accessKeyId !== null && secretAccessKey !== null) {
        s3 = { ...s3, credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } };
      }
    } else if (URL.canParse(storage) && new URL(storage).protocol === "file:")
      folder = fileURLToPath(storage);
    else if (storage.startsWith("/") || storage.startsWith("./")) folder = resolve(storage);
    else fault("STORAGE_URL", "must be a folder, as a path or a file:// URL, or s3://bucket.");
  }

  const perWorker = WORKER_MEMORY[machine.allocator];
  const affordable = Math.max(1, Math.floor((machine.memory - BASE_MEMORY) / perWorker));
  const workers = number("KYC_WORKERS", Math.min(availableParallelism(), affordable), 1, 64);

  const dukcapilUrl = text("DUKCAPIL_URL");
  const adapter = choice(
    "DUKCAPIL_ADAPTER",
    ["payu", "kemendagri", "embedded"] as const,
    dukcapilUrl === null && !production ? "embedded" : "payu",
  );
  let kemendagri: Config["dukcapil"]["kemendagri"] = null;
  if (adapter === "kemendagri") {
    const need = (name: string) => {
      const value = text(name);
      if (value === null) fault(name, "must be set for DUKCAPIL_ADAPTER=kemendagri.");
      return value ?? "";
    };
    if (dukcapilUrl === null) fault("DUKCAPIL_URL", "must be set for DUKCAPIL_ADAPTER=kemendagri.");
    kemendagri = {
      institution: need("DUKCAPIL_INSTITUTION"),
      userId: need("DUKCAPIL_USER"),
      password: need("DUKCAPIL_PASSWORD"),
      ipUser: need("DUKCAPIL_IP"),
    };
  }

  const issuer = text("OIDC_ISSUER");
  const jwksUri = text("OIDC_JWKS_URI");
  if ((issuer === null) !== (jwksUri === null)) {
    fault(
      issuer === null ? "OIDC_ISSUER" : "OIDC_JWKS_URI",
      "must be set together with the other OIDC variable.",
    );
  }
  const oidc =
    issuer !== null && jwksUri !== null
      ? { issuer, jwksUri: url("OIDC_JWKS_URI", ["https:", "http:"], ""), audience: text("OIDC_AUDIENCE") }
      : null;
  const algorithm = text("ALGORITHM");
  if (algorithm !== null && algorithm !== "HS256") {
    fault(
      "ALGORITHM",
      `must be HS256: SECRET_KEY signs with nothing else (asymmetric keys come by OIDC_JWKS_URI).`,
    );
  }
  const secret = text("SECRET_KEY");
  const authRequired = flag("AUTH_REQUIRED", true);
  if (!authRequired) {
    warnings.push(
      "AUTH_REQUIRED=false: a request without a token is accepted with full rights (kyc:service).",
    );
  }
  if (secret !== null && Buffer.byteLength(secret) < SECRET_BYTES) {
    const what = `is shorter than ${SECRET_BYTES} bytes: tokens signed with it can be forged.`;
    if (production) fault("SECRET_KEY", what);
    else warnings.push(`SECRET_KEY ${what}`);
  }

  const rate = text("RATE_LIMIT");
  const rateLimit = rate?.toLowerCase() === "off" ? null : number("RATE_LIMIT", 120, 1, 1_000_000);
  const byAddress = text("RATE_LIMIT_ADDRESS") ?? "off";
  const addressLimit =
    byAddress.toLowerCase() === "off" ? null : number("RATE_LIMIT_ADDRESS", 0, 1, 1_000_000);

  const topics = {
    ktp_uploaded: text("KAFKA_TOPIC_KTP_UPLOADED") ?? "payu.kyc.ktp_uploaded",
    verified: text("KAFKA_TOPIC_KYC_VERIFIED") ?? "payu.kyc.verified",
    failed: text("KAFKA_TOPIC_KYC_FAILED") ?? "payu.kyc.failed",
    resubmission_requested:
      text("KAFKA_TOPIC_KYC_RESUBMISSION_REQUESTED") ?? "payu.kyc.resubmission_requested",
  };
  for (const [kind, topic] of Object.entries(topics)) {
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic)) {
      fault(
        `KAFKA_TOPIC_${kind === "ktp_uploaded" ? "KTP_UPLOADED" : `KYC_${kind.toUpperCase()}`}`,
        "is no topic name.",
      );
    }
  }

  const baselineMayDecide = flag("KYC_ALLOW_BASELINE_LIVENESS", !production);
  const duplicates = choice("KYC_DUPLICATES", ["flag", "review", "reject"] as const, "flag");
  if (production) {
    if (text("KYC_KEYS") === null)
      fault("KYC_KEYS", "must be set in production: keys made by itself are for development.");
    if (authRequired && secret === null && oidc === null) {
      fault("SECRET_KEY", "must be set in production (or OIDC_ISSUER and OIDC_JWKS_URI).");
    }
    if (adapter === "embedded")
      fault("DUKCAPIL_ADAPTER", "must not be embedded in production: it knows no real citizen.");
    if (adapter === "payu" && dukcapilUrl === null) {
      warnings.push(
        "DUKCAPIL_URL is not set: the civil registry is asked at http://localhost:8091/api/v1, where nothing may listen.",
      );
    }
    if (databaseUrl === null) {
      warnings.push("DATABASE_URL is not set: the embedded database serves this one process.");
    }
    if (baselineMayDecide) {
      warnings.push("KYC_ALLOW_BASELINE_LIVENESS=true: the weak spoofing baseline may decide in production.");
    }
  }
  const bootstrapServers = (text("KAFKA_BOOTSTRAP_SERVERS") ?? "")
    .split(",")
    .map((server) => server.trim())
    .filter(Boolean);
  for (const server of bootstrapServers) {
    if (!/^[^\s:/]+:\d{1,5}$|^\[[\da-f:]+\]:\d{1,5}$/i.test(server))
      fault("KAFKA_BOOTSTRAP_SERVERS", `must be host:port,host:port, not "${server}".`);
  }
  const kafkaTls = flag("KAFKA_TLS", false);
  const kafkaUser = text("KAFKA_SASL_USERNAME");
  const kafkaPassword = text("KAFKA_SASL_PASSWORD");
  if ((kafkaUser === null) !== (kafkaPassword === null)) {
    fault(
      kafkaUser === null ? "KAFKA_SASL_USERNAME" : "KAFKA_SASL_PASSWORD",
      "must be set together with the other KAFKA_SASL variable.",
    );
  }
  const mechanism = choice(
    "KAFKA_SASL_MECHANISM",
    ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const,
    "SCRAM-SHA-512",
  );
  if (kafkaUser !== null && mechanism === "PLAIN" && !kafkaTls)
    warnings.push("KAFKA_SASL_MECHANISM=PLAIN without KAFKA_TLS sends the password in the clear.");
  const allowPrivate = flag("KYC_WEBHOOKS_ALLOW_PRIVATE", false);
  let endpoints: readonly Endpoint[] = [];
  try {
    endpoints = parseEndpoints(text("KYC_WEBHOOKS") ?? "none", { allowPrivate });
  } catch (error) {
    if (!(error instanceof EndpointsError)) throw error;
    fault("KYC_WEBHOOKS", error.message);
  }
  if (allowPrivate && production)
    warnings.push(
      "KYC_WEBHOOKS_ALLOW_PRIVATE=true: events may be posted to addresses within this network, and without TLS.",
    );
  for (const name of values.keys()) {
    if (name.startsWith("KYC_") && !KNOWN_KYC.has(name))
      warnings.push(`${name} is not a setting of this service.`);
  }

  const otlp = url("OTLP_ENDPOINT", ["http:", "https:"], "http://jaeger:4317");

  const config: Config = {
    production,
    demo: !production && adapter === "embedded",
    host: text("HOST") ?? "0.0.0.0",
    port: number("PORT", 8007, 0, 65_535),
    trustProxy: proxies(text("TRUST_PROXY"), (what) => fault("TRUST_PROXY", what)),
    dataDir,
    databaseUrl,
    pool: {
      connections: number("DATABASE_CONNECTIONS", DEFAULT_POOL.connections, 2, 1000),
      statementTimeoutMs: number(
        "DATABASE_STATEMENT_TIMEOUT_MS",
        DEFAULT_POOL.statementTimeoutMs,
        1000,
        60_000,
      ),
    },
    images: s3 ? { s3 } : { folder },
    keys: text("KYC_KEYS"),
    models: {
      cacheDir: resolve(
        text("KYC_MODELS_CACHE") ??
          fileURLToPath(new URL("../node_modules/.cache/payu-kyc/networks", import.meta.url)),
      ),
      packDir: resolve(text("MODELS_DIR") ?? resolve(dataDir, "models")),
      mirror: text("MODELS_MIRROR") === null ? null : url("MODELS_MIRROR", ["http:", "https:"], ""),
      proxy: {
        http: text("HTTP_PROXY") === null ? null : url("HTTP_PROXY", ["http:", "https:"], ""),
        https: text("HTTPS_PROXY") === null ? null : url("HTTPS_PROXY", ["http:", "https:"], ""),
        none: text("NO_PROXY"),
      },
    },
    vision: {
      workers,
      queue: number("KYC_QUEUE", workers * 16, 1, 10_000),
      faceThreshold:
        text("FACE_MATCHING_THRESHOLD") === null ? null : number("FACE_MATCHING_THRESHOLD", 0, -1, 1, false),
      livenessThreshold: number("LIVENESS_THRESHOLD", 0.7, 0, 1, false),
    },
    policy: {
      ocrConfidence: number("OCR_CONFIDENCE_THRESHOLD", 0.8, 0, 1, false),
      attempts: number("KYC_ATTEMPTS", 3, 1, 100),
      baselineMayDecide,
      duplicates,
      liveness: choice("KYC_LIVENESS", ["passive", "active"] as const, "passive"),
      copies: choice("KYC_COPIES", ["refuse", "flag"] as const, "refuse"),
      consentRequired: flag("KYC_CONSENT_REQUIRED", false),
      manualReview: choice("KYC_MANUAL_REVIEW", ["off", "on"] as const, "off") === "on",
    },
    dukcapil: {
      adapter,
      url: url("DUKCAPIL_URL", ["http:", "https:"], "http://localhost:8091/api/v1"),
      timeoutMs: number("DUKCAPIL_TIMEOUT_MS", 3_000, 100, 60_000),
      giveUpAfterHours: number("DUKCAPIL_GIVE_UP_HOURS", 72, 1, 24 * 365),
      kemendagri,
    },
    http: {
      maxUploadBytes: number("MAX_UPLOAD_SIZE", MAX_UPLOAD_BYTES, 1024, 100 * MIB),
      rateLimit,
      addressLimit,
      redisUrl: text("REDIS_URL") === null ? null : url("REDIS_URL", ["redis:", "rediss:"], ""),
      stopSeconds: number("KYC_STOP_SECONDS", 25, 1, 600),
    },
    auth: {
      required: authRequired,
      secret,
      tokenMinutes: number("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1, 60 * 24 * 366),
      oidc,
    },
    events: {
      bootstrapServers,
      topics,
      fullNik: choice("KAFKA_EVENT_PII", ["masked", "full"] as const, "masked") === "full",
      tls: kafkaTls,
      sasl:
        kafkaUser !== null && kafkaPassword !== null
          ? { mechanism, username: kafkaUser, password: kafkaPassword }
          : null,
    },
    webhooks: { endpoints, allowPrivate },
    retention: {
      identity: period("RETENTION_IDENTITY", DEFAULT_RETENTION.identity),
      images: period("RETENTION_IMAGES", DEFAULT_RETENTION.images),
      faces: period("RETENTION_FACES", DEFAULT_RETENTION.faces),
      events: period("RETENTION_EVENTS", DEFAULT_RETENTION.events),
      audit: period("RETENTION_AUDIT", DEFAULT_RETENTION.audit),
    },
    log: {
      level: choice(
        "LOG_LEVEL",
        ["trace", "debug", "info", "warn", "warning", "error", "critical", "fatal", "silent"] as const,
        "info",
      )
        .replace("warning", "warn")
        .replace("critical", "fatal"),
      format: choice("LOG_FORMAT", ["json", "text"] as const, "json"),
    },
    metrics: flag("ENABLE_METRICS", true),
    tracing: {
      enabled: flag("ENABLE_TRACING", false),
      endpoint: otlp,
      protocol: choice("OTLP_PROTOCOL", ["grpc", "http"] as const, speaksHttp(otlp) ? "http" : "grpc"),
    },
    warnings,
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** `s3://bucket/prefix?endpoint=http://host:9000&region=…&path_style=true`; all but the bucket may be left out. */
function bucketOf(given: string, region: string | null, fault: (what: string) => void): S3Options | null {
  const [bucket = "", ...prefix] = given
    .replace(/^s3:\/*/i, "")
    .replace(/\?.*$/s, "")
    .split("/");
  const query = new URLSearchParams(/\?(.*)$/s.exec(given)?.[1]);
  const known = ["endpoint", "region", "path_style"];
  const unknown = [...query.keys()].filter((name) => !known.includes(name));
  if (unknown.length > 0) fault(`has ${unknown.join(", ")}, which is none of ${known.join(", ")}.`);
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    fault("must name a bucket: s3://bucket, of 3 to 63 small letters, digits, dots and hyphens.");
    return null;
  }
  const endpoint = query.get("endpoint");
  if (endpoint !== null && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
    fault("has an endpoint that is no http(s):// URL.");
    return null;
  }
  const folder = prefix.filter(Boolean).join("/");
  return {
    bucket,
    prefix: folder && `${folder}/`,
    region: query.get("region") ?? region ?? "us-east-1",
    endpoint,
    pathStyle: (query.get("path_style") ?? String(endpoint !== null)) === "true",
    credentials: null,
  };
}

/** By the port that OTLP over HTTP is given, or by its path: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
function speaksHttp(endpoint: string): boolean {
  const { port, pathname } = new URL(endpoint);
  return port === "4318" || pathname.endsWith("/v1/traces");
}

/** `true`, a number of hops, or a list of addresses; nothing: the peer's own address counts. */
function proxies(given: string | null, fault: (what: string) => void): boolean | number | string {
  if (given === null || given.toLowerCase() === "false") return false;
  if (given.toLowerCase() === "true") return true;
  if (/^\d+$/.test(given)) return Number(given);
  const named = ["loopback", "linklocal", "uniquelocal"];
  const isAddress = (entry: string) => named.includes(entry) || isIP(entry.replace(/\/\d{1,3}$/, "")) !== 0;
  if (!given.split(",").every((entry) => isAddress(entry.trim()))) {
    fault(
      `must be true, false, a number of hops, or addresses and networks separated by commas, not "${given}".`,
    );
    return false;
  }
  return given;
}
