import { randomInt, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Config } from "./config.ts";
import { audit } from "./database/audit.ts";
import { checkpoint } from "./database/audit-checks.ts";
import { captures } from "./database/captures.ts";
import { challenges } from "./database/challenges.ts";
import { databaseClock } from "./database/clock.ts";
import { openDatabase } from "./database/database.ts";
import { faces } from "./database/faces.ts";
import { idempotency } from "./database/idempotency.ts";
import { imageIntents } from "./database/image-removals.ts";
import { openJobs } from "./database/jobs.ts";
import { keeper } from "./database/keeper.ts";
import { lease } from "./database/leases.ts";
import { reviews } from "./database/reviews.ts";
import { auditKey, blindIndexKey } from "./database/sealed-keys.ts";
import { uploads } from "./database/uploads.ts";
import { verifications } from "./database/verifications.ts";
import { deliveries, type EndpointState } from "./database/webhooks.ts";
import type { CallObserver } from "./dukcapil/caller.ts";
import type { Dukcapil } from "./dukcapil/dukcapil.ts";
import { embeddedDukcapil } from "./dukcapil/embedded.ts";
import { kemendagriDukcapil } from "./dukcapil/kemendagri.ts";
import { payuDukcapil } from "./dukcapil/payu.ts";
import { openRegister } from "./dukcapil/register.ts";
import { kafkaSink } from "./events/kafka.ts";
import { type Outbox, outbox } from "./events/outbox.ts";
import { startRelay } from "./events/relay.ts";
import { startWebhooks } from "./events/webhooks.ts";
import { createApp } from "./http/app.ts";
import { createAuthenticator } from "./http/auth.ts";
import { folderStore } from "./images/folder-store.ts";
import { type SealedImages, sealedImages } from "./images/images.ts";
import { s3Store } from "./images/s3-store.ts";
import { createLog, type Log } from "./observability/log.ts";
import { createMetrics } from "./observability/metrics.ts";
import { NO_SPANS, type Spans } from "./observability/spans.ts";
import { currentTraceparent } from "./observability/trace.ts";
import {
  tracedCalls,
  tracedDukcapil,
  tracedQueries,
  tracedSink,
  tracedVision,
} from "./observability/traced.ts";
import { auditChain } from "./security/audit-chain.ts";
import { blindIndex } from "./security/blind-index.ts";
import { developmentSecret } from "./security/development-secret.ts";
import { type EnvelopeSealer, envelopeSealer } from "./security/envelope.ts";
import { type KeyRing, openKeys } from "./security/keys.ts";
import { maskName, maskNik } from "./security/masking.ts";
import type { Sealer } from "./security/sealer.ts";
import { captureLinks } from "./verification/capture.ts";
import { custody } from "./verification/custody.ts";
import { DOUBT } from "./verification/doubt.ts";
import { DEFAULT_POLICY } from "./verification/policy.ts";
import { returningClaims } from "./verification/returns.ts";
import { reviewService } from "./verification/review.ts";
import { keepTime } from "./verification/timekeeper.ts";
import { kycService, LEASE_SECONDS } from "./verification/verification.ts";
import { VERSION } from "./version.ts";
import { networksFor } from "./vision/look.ts";
import { buildModels } from "./vision/models/build.ts";
import { faceModel } from "./vision/models/face-model.ts";
import { readPacks } from "./vision/models/packs.ts";
import { openPool } from "./vision/pool.ts";
import type { Vision } from "./vision/vision.ts";

/** A running service. */
export interface Service {
  readonly app: FastifyInstance;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly database: "embedded" | "server";
  readonly strongSpoofing: boolean;
  /** Begins to serve. @returns the port */
  listen(): Promise<number>;
  /** Finishes what was accepted, within the deadline of the settings, and closes all parts. */
  close(): Promise<void>;
}

/** Where the service looks for registry checks that are due. */
const DUE_EVERY_SECONDS = 5;
/** Who was refused is told to come again after five seconds: by then the claim of the failed try is given back. */
const RETURN_EVERY_SECONDS = 2;
const CLOCK_EVERY_SECONDS = 60;
const UPLOADS_EVERY_SECONDS = 60;
const SWEEP_EVERY_SECONDS = 30;
/** As much as tokens of another machine may be off is of no interest to anybody. */
const CLOCK_DIFFERS_SECONDS = 5;
const PURGE_EVERY_SECONDS = 3600;
const REMOVALS_EVERY_SECONDS = 60;
/** Longer than any transaction may last (database.ts), as the checkpoints need it. */
const CHECKPOINT_EVERY_SECONDS = 60;

/** What the service and its commands share of the data folder: its keys. */
export function openSealer(config: Config): { keys: KeyRing; sealer: EnvelopeSealer } {
  mkdirSync(config.dataDir, { recursive: true });
  const keys = openKeys({ spec: config.keys, dataDir: config.dataDir });
  return { keys, sealer: envelopeSealer(keys) };
}

/** The store of photographs that the settings name. */
export async function openImages(
  { images }: Config,
  sealer: EnvelopeSealer,
  intend?: (reference: string) => Promise<void>,
): Promise<SealedImages> {
  const store = "s3" in images ? await s3Store(images.s3) : folderStore(images.folder);
  return sealedImages({ store, sealer, intend });
}

/** Where the pictures lie that a new installation makes for whoever tries it. */
export const samplesFolder = ({ dataDir }: Config): string => join(dataDir, "samples");

/** The key that signs and checks HS256 tokens; null in production without one. */
export function signingSecret(config: Config, keys: KeyRing): string | null {
  return config.auth.secret ?? (config.production ? null : developmentSecret(keys));
}

/**
 * Builds every part from the settings and hands them to one another.
 * @throws {DataFolderInUseError, KeysError, ModelSourceError, …} where a part cannot be had; what was opened is closed
 */
export async function createService(config: Config): Promise<Service> {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await build(config, undo, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  config: Config,
  undo: (() => Promise<unknown> | unknown)[],
  close: () => Promise<void>,
): Promise<Service> {
  const log = createLog(config.log);
  for (const warning of config.warnings) log.warn(warning);
  const { keys, sealer } = openSealer(config);

  const spans = await openSpans(config);
  undo.push(() => spans.close());
  const metrics = createMetrics();

  const database = await openDatabase({
    url: config.databaseUrl,
    dataDir: config.dataDir,
    pool: config.pool,
    onError: (err) => log.warn({ err }, "a database connection was lost"),
    ...(config.tracing.enabled && { onQuery: tracedQueries(spans) }),
  });
  undo.push(() => database.close());
  const { db } = database;
  const clock = await databaseClock(db);
  const followClock = async () => {
    const ahead_seconds = Math.round((await clock.follow()) / 1000);
    if (Math.abs(ahead_seconds) < CLOCK_DIFFERS_SECONDS) return;
    log.warn(
      { ahead_seconds },
      "this machine's clock differs from the database's: tokens are judged by this one, all else by that",
    );
  };
  await followClock();
  const relayed = config.events.bootstrapServers.length > 0;
  const posted = config.webhooks.endpoints.length > 0;
  const events = outbox({
    db,
    sealer,
    traceparent: currentTraceparent,
    webhooks: (kind) =>
      config.webhooks.endpoints.filter(({ events }) => events.includes(kind)).map(({ name }) => name),
    onlyWebhooks: posted && !relayed,
    onBroken: (event_id, err) => log.error({ event_id, err }, "a stored event does not open and is not sent"),
  });
  if (relayed) {
    const relay = startRelay({
      outbox: events,
      sink: tracedSink(await kafkaSink(config.events), config.events.topics, spans),
      lease: lease(db, "event relay", randomUUID()),
      now: clock.now,
      onError: (err, tryAgainSeconds) =>
        log.warn({ err, try_again_seconds: tryAgainSeconds }, "events could not be sent; they wait"),
      onRecovered: () => log.info("events are sent again"),
    });
    undo.push(() => relay.close());
  }
  const owed = deliveries({ db, onlySink: !relayed });
  if (posted) {
    const posting = startWebhooks({
      ...config.webhooks,
      deliveries: owed,
      outbox: events,
      onOutcome: (endpoint, outcome, event_id, error) => {
        metrics.webhook(endpoint, outcome);
        if (outcome !== "delivered")
          log.warn({ endpoint, event_id, outcome, error }, "a webhook was not taken");
      },
      onError: (endpoint, err) => log.error({ endpoint, err }, "webhooks could not be looked up or noted"),
    });
    undo.push(() => posting.close());
  }
  const ofEndpoints = async (number: (state?: EndpointState) => number) => {
    const states = await owed.states();
    return Object.fromEntries(config.webhooks.endpoints.map(({ name }) => [name, number(states.get(name))]));
  };
  metrics.gauges("kyc_webhook_waiting", "Events owed to a webhook endpoint.", "endpoint", () =>
    ofEndpoints((state) => state?.waiting ?? 0),
  );
  metrics.gauges(
    "kyc_webhook_oldest_seconds",
    "Age of the oldest event that a webhook endpoint waits for; 0 where none waits.",
    "endpoint",
    () => ofEndpoints((state) => secondsSince(state?.oldest ?? null, clock.now())),
  );
  metrics.gauges("kyc_webhook_dead", "Events that a webhook endpoint did not take.", "endpoint", () =>
    ofEndpoints((state) => state?.dead ?? 0),
  );
  const chain = auditChain(await auditKey(db, sealer));
  const trail = audit({ db, chain, trace: currentTraceparent });
  const comparison = faceModel(config.vision.faceThreshold);
  const known = faces({
    db,
    sealer,
    model: comparison.name,
    least: comparison.identification,
    onBroken: (verification_id, err) => log.error({ verification_id, err }, "a stored face does not open"),
  });
  const { verifications: store, returnClaims } = returningClaims(
    verifications({
      db,
      sealer,
      audit: trail,
      faces: known,
      index: blindIndex(await blindIndexKey(db, sealer)),
      outbox: events,
      onBroken: (verification_id, err) =>
        log.error({ verification_id, err }, "a stored verification does not open"),
    }),
    LEASE_SECONDS,
  );
  const records = idempotency({ db, sealer });
  const jobs = await openJobs(database, (err) =>
    log.warn({ err }, "a job could not be done; it is tried again"),
  );
  undo.push(() => jobs.close());
  const waiting = uploads({ db, sealer, jobs });
  const intents = imageIntents(db);
  const images = await openImages(config, sealer, (reference) => intents.intend(reference, clock.now()));
  undo.push(() => images.close());

  const { cacheDir, packDir } = config.models;
  await buildModels({
    cacheDir,
    onProgress: ({ model, why, number, of }) =>
      log.info({ model, why }, `building network ${number} of ${of}`),
  });
  const packs = await readPacks(packDir);
  for (const { file, state } of packs) {
    if (state === "corrupt") log.error({ file }, "a model file is not one of those known and is not used");
  }
  const minifasnet = packs.filter(({ pack }) => pack === "minifasnet");
  const strongSpoofing = minifasnet.length > 0 && minifasnet.every(({ state }) => state === "ok");
  if (!strongSpoofing && config.production) {
    log.warn(
      config.policy.baselineMayDecide
        ? "the strong spoofing networks are not installed: the weak baseline decides"
        : "the strong spoofing networks are not installed: no selfie is taken (models pull minifasnet)",
    );
  }
  const pool = await openPool({
    models: {
      cacheDir,
      packDir,
      threads: 1,
      names: networksFor(strongSpoofing),
      // Kept arenas would hold some 40 to 100 MB a worker. Without them the runtime asks for zeroed memory at each run,
      // which costs about a tenth of a card's time.
      lowMemory: true,
    },
    livenessThreshold: config.vision.livenessThreshold,
    workers: config.vision.workers,
    queue: config.vision.queue,
    faceModel: comparison,
    strongSpoofing,
    onError: (err) => log.error({ err }, "an image worker ended and is replaced"),
  });
  const vision = config.tracing.enabled ? tracedVision(pool, spans) : pool;
  undo.push(() => vision.close());

  const registry = openDukcapil(config, sealer, tracedCalls(metrics.registry, spans));
  const dukcapil = config.tracing.enabled ? tracedDukcapil(registry, spans) : registry;
  undo.push(() => dukcapil.close());

  metrics.gauge("kyc_vision_queue_length", "Images waiting for a worker.", () => vision.load.waiting);
  metrics.gauge("kyc_vision_workers_busy", "Image workers at work.", () => vision.load.running);
  metrics.gauge("kyc_outbox_events", "Events not sent yet.", async () => (await events.backlog()).waiting);

  metrics.gauge(
    "kyc_outbox_oldest_seconds",
    "Age of the oldest event not sent; 0 where none waits.",
    async () => secondsSince((await events.backlog()).oldest, clock.now()),
  );
  metrics.gauge(
    "kyc_uploads_waiting",
    "Uploads that were answered 202 and are not judged yet.",
    async () => (await waiting.backlog()).waiting,
  );
  metrics.gauge(
    "kyc_uploads_oldest_seconds",
    "Age of the oldest such upload; 0 where there is none.",
    async () => secondsSince((await waiting.backlog()).oldest, clock.now()),
  );
  metrics.gauges("kyc_database_connections", "Connections of this process, by state.", "state", () => {
    const { most, open, idle, waiting } = database.load;
    return { most, busy: open - idle, idle, waiting };
  });
  metrics.gauges("kyc_spoofing_pack_info", "1 for the networks that decide liveness.", "pack", () => ({
    strong: Number(strongSpoofing),
    baseline: Number(!strongSpoofing),
  }));
  metrics.gauge("kyc_faces_known", "Faces in memory that a new one is looked for among.", () => known.size);
  // In the background: the first decisions wait for what is missing, nothing else does.
  const loaded = known.refresh().catch((err) => log.error({ err }, "the known faces could not be read yet"));
  undo.push(() => loaded);

  const keeping = custody({
    keeper: keeper({ db, audit: trail, chain, jobs, consumers: relayed || posted }),
    removeImage: (reference) => images.remove(reference),
    audit: trail,
    clock,
    policy: config.retention,
  });
  const certain = Math.min(1, config.vision.livenessThreshold + DOUBT.liveness);
  const band = { ...DOUBT, liveness: certain };
  const kyc = kycService({
    verifications: store,
    challenges: challenges(db),
    uploads: waiting,
    audit: trail,
    images,
    vision,
    dukcapil,
    clock,
    newId: randomUUID,
    maskNik,
    witness: metrics,
    policy: {
      ...DEFAULT_POLICY,
      ocrConfidence: config.policy.ocrConfidence,
      attempts: config.policy.attempts,
      baselineMayDecide: config.policy.baselineMayDecide,
      liveness: config.policy.liveness,
      duplicates: config.policy.duplicates,
      copies: config.policy.copies,
      consentRequired: config.policy.consentRequired,
      doubt: config.policy.manualReview ? band : null,
    },
    fullNik: config.events.fullNik,
    giveUpAfterHours: config.dukcapil.giveUpAfterHours,
  });
  let found = 0;
  metrics.gauge(
    "kyc_verifications_overdue",
    "Verifications that the last sweep found due for long, or that nothing would have moved on: these go on.",
    () => found,
  );
  await jobs.start(kyc.judgeUpload, config.vision.workers);
  undo.push(() => jobs.close());
  const review = reviewService({
    verifications: store,
    reviews: reviews({ db, chain }),
    challenges: challenges(db),
    audit: trail,
    images,
    clock,
    maskNik,
    maskName,
    fullNik: config.events.fullNik,
    witness: metrics,
    band,
  });
  const capture = captureLinks({
    captures: captures({ db, audit: trail, sealer }),
    clock,
    liveness: config.policy.liveness,
  });
  undo.push(
    keepTime(
      [
        { name: "the database's clock", everySeconds: CLOCK_EVERY_SECONDS, run: followClock },
        { name: "claims to give back", everySeconds: RETURN_EVERY_SECONDS, run: returnClaims },
        { name: "registry checks", everySeconds: DUE_EVERY_SECONDS, run: () => kyc.resumeDue() },
        {
          name: "sweep",
          everySeconds: SWEEP_EVERY_SECONDS,
          run: async () => {
            const { overdue, mended } = await kyc.sweep();
            found = overdue + mended.length;
            if (mended.length > 0)
              log.error(
                { verifications: mended.slice(0, 20) },
                "nothing would have moved these on: they go on now",
              );
            if (overdue > 0) log.warn({ overdue }, "verifications are due for long and are not done");
          },
        },
        {
          name: "uploads",
          everySeconds: UPLOADS_EVERY_SECONDS,
          run: async () => {
            const lost = await kyc.tendUploads();
            if (lost > 0) log.warn({ lost }, "jobs of uploads were missing and are there again");
          },
        },
        { name: "erased faces", everySeconds: PURGE_EVERY_SECONDS, run: () => known.forgetErased() },
        {
          name: "idempotency records",
          everySeconds: PURGE_EVERY_SECONDS,
          run: () => records.purge(clock.now()),
        },
        {
          name: "retention",
          everySeconds: PURGE_EVERY_SECONDS,
          run: async () => {
            const expired = await keeping.expire();
            if (Object.values(expired).some((count) => count > 0)) log.info({ expired }, "kept long enough");
          },
        },
        {
          name: "photographs to remove",
          everySeconds: REMOVALS_EVERY_SECONDS,
          run: () => keeping.removeImages(),
        },
        { name: "capture links", everySeconds: PURGE_EVERY_SECONDS, run: () => capture.purge() },
        {
          name: "audit checkpoint",
          everySeconds: CHECKPOINT_EVERY_SECONDS,
          // In the log it is out of reach of whoever alters the database: `audit verify --expect`.
          run: async () => {
            const made = await checkpoint(db, chain, clock.now());
            if (made) log.info({ checkpoint: `${made.seq}:${made.hash}` }, "audit checkpoint");
          },
        },
      ],
      (duty, err) => log.error({ err, duty }, "work that was due failed; it is tried again"),
    ),
  );

  const counts = config.http.redisUrl === null ? null : await openCounts(config.http.redisUrl, log);
  if (counts !== null) {
    undo.push(() => counts.close());
    metrics.gauge("kyc_redis_up", "1 while the limits are counted for all processes together.", () =>
      Number(counts.ready()),
    );
  }

  const app = createApp({
    kyc,
    review,
    capture,
    custody: keeping,
    auth: createAuthenticator({
      secret: signingSecret(config, keys),
      oidc: config.auth.oidc,
      required: config.auth.required,
    }),
    idempotency: records,
    events,
    audit: trail,
    clock,
    log,
    metrics,
    spans,
    readiness: {
      database: async () => ({ ok: await database.healthy() }),
      disk: async () => ({ ok: await images.healthy() }),
      models: () => modelsState(vision, config.policy.baselineMayDecide),
      dukcapil: async () => ({
        ok: true,
        ...(!(await dukcapil.healthy()) && {
          note: "does not answer: verifications wait in PROCESSING until it does",
        }),
      }),
    },
    version: VERSION,
    limits: {
      maxUploadBytes: config.http.maxUploadBytes,
      rateLimit: config.http.rateLimit,
      addressLimit: config.http.addressLimit,
    },
    redis: counts?.redis ?? null,
    trustProxy: config.trustProxy,
    serveMetrics: config.metrics,
    demo: config.demo
      ? {
          samples: samplesFolder(config),
          // Loaded here, so that a service without a demo does not hold the networks twice.
          film: async (photograph, actions) =>
            (await import("./sample/attacks/film-once.ts")).filmOnce(photograph, actions, {
              cacheDir: config.models.cacheDir,
              seed: randomInt(2 ** 31),
            }),
        }
      : null,
  });
  undo.push(() => app.stop(config.http.stopSeconds * 1000));

  return {
    app,
    log,
    outbox: events,
    database: database.kind,
    strongSpoofing,
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      const address = app.server.address();
      return typeof address === "object" && address !== null ? address.port : config.port;
    },
    close,
  };
}

/** Says how liveness is decided; a service that can verify nobody by selfie can still do BASIC_KYC. */
function modelsState(vision: Vision, baselineMayDecide: boolean): { ok: boolean; note: string } {
  if (vision.strongSpoofing) return { ok: true, note: "liveness is decided by the strong spoofing networks" };
  return {
    ok: true,
    note: baselineMayDecide
      ? "only the weak spoofing baseline is installed, and it may decide (not for production)"
      : "only the weak spoofing baseline is installed: no FULL_KYC can be VERIFIED (models pull minifasnet)",
  };
}

/** Loads OpenTelemetry only where it is asked for: it is some 25 MB. */
async function openSpans({ tracing }: Config): Promise<Spans> {
  if (!tracing.enabled) return NO_SPANS;
  const { otlpSpans } = await import("./observability/otlp.ts");
  return otlpSpans({ ...tracing, version: VERSION });
}

/** Loads Redis' client only where limits are shared. */
async function openCounts(url: string, log: Log) {
  const { openRedis } = await import("./http/redis.ts");
  return openRedis(url, (state, err) => {
    if (state === "ready") log.info("limits are counted in Redis");
    else log.warn({ err }, "Redis cannot be reached: requests are not limited until it can");
  });
}

const secondsSince = (moment: Date | null, now: Date) =>
  moment === null ? 0 : Math.max(0, (now.getTime() - moment.getTime()) / 1000);

function openDukcapil(config: Config, sealer: Sealer, observer: CallObserver): Dukcapil {
  const { adapter, url, timeoutMs, kemendagri } = config.dukcapil;
  const policy = { timeoutMs };
  if (adapter === "embedded") {
    return embeddedDukcapil({ register: openRegister({ dir: config.dataDir, sealer }), policy, observer });
  }
  if (kemendagri !== null) return kemendagriDukcapil({ url, policy, observer, ...kemendagri });
  return payuDukcapil({ url, policy, observer });
}
