import { openDatabase } from "../database/database.ts";
import { DataFolderInUseError } from "../database/lock.ts";
import { openRegister } from "../dukcapil/register.ts";
import { FAITHFUL_BEHAVIOUR, type PhotoComparer, startSimulator } from "../dukcapil/simulator.ts";
import { type OutboxEvent, outbox } from "../events/outbox.ts";
import { signToken } from "../http/auth.ts";
import { openSealer, signingSecret } from "../service.ts";
import { compare } from "../vision/face/compare.ts";
import { lookAtFace, lookAtSelfie } from "../vision/look.ts";
import { type Command, type Context, needed, UsageError, whole } from "./command.ts";
import { openNetworks } from "./networks.ts";
import { runningService } from "./running.ts";

export const token: Command = {
  usage: "token --user ID [--scope SCOPES] [--minutes N]",
  summary: "Print a bearer token for a user (scopes: kyc:service, kyc:review; several in quotes).",
  flags: { user: "string", scope: "string", minutes: "string" },
  async run(_words, flags, { config, out }) {
    const user = needed(flags, "user");
    const minutes = whole(flags, "minutes", config.auth.tokenMinutes, 1, 60 * 24 * 366);
    const secret = signingSecret(config, openSealer(config).keys);
    if (secret === null)
      throw new UsageError("SECRET_KEY must be set: this service takes no tokens signed here.");
    const scopes = typeof flags.scope === "string" ? flags.scope.split(/[\s,]+/).filter(Boolean) : [];
    const signed = await signToken({ secret, user, scopes, minutes });
    out.result({ token: signed, user, scopes, minutes }, () => signed);
  },
};

/** Compares photographs with the real networks, which are loaded when the first pair comes. */
function photoComparer(context: Context): PhotoComparer {
  let networks: ReturnType<typeof openNetworks> | undefined;
  return async (ktp, selfie) => {
    networks ??= openNetworks(context);
    const { models, faceModel } = await networks;
    const { face } = await lookAtFace(ktp, models);
    const live = await lookAtSelfie(selfie, models, context.config.vision.livenessThreshold);
    const { similarity_score, threshold } = compare(
      face?.embedding ?? null,
      live.face?.embedding ?? null,
      faceModel.threshold,
    );
    return { score: Math.max(0, similarity_score ?? 0), threshold, live: live.liveness.is_live };
  };
}

const SIMULATOR_PORT = 8091;

export const simulate: Command = {
  usage: "simulate dukcapil [--port 8091] [--host 127.0.0.1] [--failures SHARE]",
  summary: "Run the registry simulator as a service of its own.",
  flags: { port: "string", host: "string", failures: "string" },
  async run(words, flags, { config, out }) {
    if (words.length !== 1 || words[0] !== "dukcapil")
      throw new UsageError("Say what to simulate: dukcapil.");
    const failureShare =
      flags.failures === undefined ? FAITHFUL_BEHAVIOUR.failureShare : Number(flags.failures);
    if (!(failureShare >= 0 && failureShare <= 1))
      throw new UsageError("--failures must be a share from 0 to 1.");
    const simulator = await startSimulator({
      register: openRegister({ dir: config.dataDir, sealer: openSealer(config).sealer }),
      behaviour: { ...FAITHFUL_BEHAVIOUR, failureShare },
      comparer: photoComparer({ config, out }),
      port: whole(flags, "port", SIMULATOR_PORT, 0, 65_535),
      ...(typeof flags.host === "string" && { host: flags.host }),
    });
    out.result({ url: simulator.url, port: simulator.port }, () => [
      `The Dukcapil simulator answers on ${simulator.url}   stop: Ctrl+C`,
      `It knows its own citizens and those of "sample" under ${config.dataDir}.`,
    ]);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    });
    await simulator.close();
  },
};

const PAGE = 500;

export const events: Command = {
  usage: "events [--after ID]",
  summary: "Show the events of the outbox, oldest first.",
  flags: { after: "string" },
  async run(_words, flags, context) {
    const after = whole(flags, "after", 0, 0, Number.MAX_SAFE_INTEGER);
    const read = await openEvents(context);
    try {
      for (let last = after; ; ) {
        const page = await read.page(last);
        for (const event of page) {
          context.out.result({ ...event }, () => {
            const sent = event.sentAt === null ? "waiting" : "sent";
            return `${event.id}  ${event.ce.time}  ${event.ce.type}  ${sent}  ${JSON.stringify(event.value)}`;
          });
        }
        const end = page.at(-1);
        if (page.length < PAGE || end === undefined) break;
        last = end.id;
      }
    } finally {
      await read.close();
    }
  },
};

interface Events {
  page(after: number): Promise<OutboxEvent[]>;
  close(): Promise<void>;
}

/** From the database itself, or from the service that has it open. */
async function openEvents({ config }: Context): Promise<Events> {
  const { keys, sealer } = openSealer(config);
  try {
    const database = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir });
    const kept = outbox({ db: database.db, sealer });
    return { page: (after) => kept.list({ limit: PAGE, after }), close: () => database.close() };
  } catch (error) {
    if (!(error instanceof DataFolderInUseError)) throw error;
    const service = await runningService(config, signingSecret(config, keys));
    return {
      page: (after) => service.get<OutboxEvent[]>(`/api/v1/kyc/events?after=${after}&limit=${PAGE}`),
      close: async () => undefined,
    };
  }
}
