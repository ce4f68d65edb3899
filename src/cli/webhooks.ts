import { openDatabase } from "../database/database.ts";
import { type Deliveries, deliveries } from "../database/webhooks.ts";
import { type Command, type Context, UsageError } from "./command.ts";

const PAGE = 500;

const list = async ({ config, out }: Context, store: Deliveries): Promise<void> => {
  const states = await store.states();
  const configured = new Map(config.webhooks.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  for (const name of new Set([...configured.keys(), ...states.keys()])) {
    const endpoint = configured.get(name);
    const { waiting = 0, dead = 0, oldest = null, disabledAt = null } = states.get(name) ?? {};
    const state = endpoint === undefined ? "not configured" : disabledAt ? "disabled" : "sends";
    const url = endpoint?.url ?? null;
    const events = endpoint?.events ?? [];
    out.result(
      { endpoint: name, url, events, state, waiting, dead, oldest, disabled_at: disabledAt },
      () => `${name}  ${url ?? "-"}  ${state}  ${waiting} waiting  ${dead} dead`,
    );
  }
};

const dead = async ({ out }: Context, store: Deliveries): Promise<void> => {
  for (let after = 0; ; after += PAGE) {
    const page = await store.letters({ limit: PAGE, after });
    for (const { eventId, type, endpoint, attempts, error, createdAt, deadAt } of page) {
      const line = { id: eventId, type, endpoint, attempts, error, created_at: createdAt, dead_at: deadAt };
      out.result(line, () =>
        [eventId, type, endpoint, `${attempts} tries`, error ?? "", deadAt.toISOString()].join("  "),
      );
    }
    if (page.length < PAGE) return;
  }
};

export const webhooks: Command = {
  usage: "webhooks list | dead | resend ID | resend --all",
  summary: "Show the webhook endpoints, the events that they did not take, or have these sent again.",
  flags: { all: "boolean" },
  async run([what, id, ...rest], flags, context) {
    const resends = what === "resend" && (id !== undefined) !== (flags.all === true);
    const shows = (what === "list" || what === "dead") && id === undefined && flags.all === undefined;
    if (rest.length > 0 || !(resends || shows))
      throw new UsageError("Say what to do: list, dead, resend ID, or resend --all.");
    const { databaseUrl: url, dataDir, events } = context.config;
    const database = await openDatabase({ url, dataDir });
    try {
      const store = deliveries({ db: database.db, onlySink: events.bootstrapServers.length === 0 });
      if (what === "list") return await list(context, store);
      if (what === "dead") return await dead(context, store);
      const resent = await store.resend(flags.all === true ? "all" : (id ?? ""));
      if (resent === 0 && flags.all !== true) throw new Error("No dead event has this id.");
      context.out.result({ resent }, () => `${resent} will be sent again`);
    } finally {
      await database.close();
    }
  },
};
