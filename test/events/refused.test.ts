import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { lease } from "../../src/database/leases.ts";
import type { OutboxEvent } from "../../src/events/outbox.ts";
import { startRelay } from "../../src/events/relay.ts";
import { openStorage, temporaryFolder } from "../support/storage.ts";

const PATIENCE_MS = 30_000;

test("an event that is refused, or does not open, holds up nobody but its own user", async (t) => {
  const folder = temporaryFolder();
  const storage = await openStorage({ dataDir: folder.path });
  t.after(async () => {
    await storage.close();
    folder.remove();
  });
  const write = (user: string, number: number) =>
    storage.db
      .transaction()
      .execute((transaction) =>
        storage.outbox.append(transaction, user, [{ kind: "verified", value: { number } }], new Date()),
      );
  await write("broken", 0);
  await storage.db
    .updateTable("kyc_outbox")
    .set({ payload: Buffer.from("nothing that was sealed") })
    .execute();
  for (const [user, number] of [
    ["anna", 0],
    ["too-large", 0],
    ["budi", 0],
    ["too-large", 1],
    ["anna", 1],
  ] as const)
    await write(user, number);

  const arrived: string[] = [];
  const told = ({ userId, value }: OutboxEvent) => `${userId} ${value.number}`;
  let refused = 0;
  const relay = startRelay({
    outbox: storage.outbox,
    sink: {
      async send(events) {
        if (events.some(({ userId, value }) => userId === "too-large" && value.number === 0)) {
          refused++;
          throw new Error("the record is too large");
        }
        arrived.push(...events.map(told));
      },
      close: async () => undefined,
    },
    lease: lease(storage.db, "event relay", "one"),
    now: () => new Date(),
    onError: () => undefined,
    onRecovered: () => undefined,
  });
  for (const until = Date.now() + PATIENCE_MS; arrived.length < 3; await pause(50)) {
    assert.ok(Date.now() < until, `only ${arrived.join(", ")} arrived`);
  }
  await relay.close();
  assert.deepEqual(arrived, ["anna 0", "budi 0", "anna 1"]);
  assert.ok(refused > 3);
  const waiting = await storage.db
    .selectFrom("kyc_outbox")
    .select("user_id")
    .where("sent_at", "is", null)
    .orderBy("id")
    .execute();
  assert.deepEqual(
    waiting.map(({ user_id }) => user_id),
    ["broken", "too-large", "too-large"],
  );
});
