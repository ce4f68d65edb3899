import { deliveries } from "../../src/database/webhooks.ts";
import { outbox } from "../../src/events/outbox.ts";
import { startWebhooks } from "../../src/events/webhooks.ts";
import { openStorage } from "../support/storage.ts";

// A process that posts one event, to be killed while it does.
const [, , dataDir = "", url = "", secret = ""] = process.argv;
const { db, sealer } = await openStorage({ dataDir });
const endpoint = { name: "one", url, secrets: [secret], events: ["verified"] } as const;
const events = outbox({ db, sealer, webhooks: () => ["one"] });
await db
  .transaction()
  .execute((transaction) =>
    events.append(transaction, "anna", [{ kind: "verified", value: { user_id: "anna" } }], new Date()),
  );
startWebhooks({
  endpoints: [endpoint],
  deliveries: deliveries({ db, onlySink: true }),
  outbox: events,
  allowPrivate: true,
  leaseSeconds: 2,
  onOutcome: () => undefined,
  onError: (_endpoint, error) => console.error(error),
});
