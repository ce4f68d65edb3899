import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { loadConfig } from "../../src/config.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { INSTANT_BEHAVIOUR, startSimulator } from "../../src/dukcapil/simulator.ts";
import { openSealer } from "../../src/service.ts";
import { json, smallServer } from "../dukcapil/support.ts";
import { startPostgres } from "../support/postgres.ts";
import { people, startTestService } from "../support/service.ts";
import { undoing } from "../support/undo.ts";

/** What a registry does on a bad day. */
const BAD_DAYS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  refusing: (response) => response.destroy(),
  hanging: () => undefined,
  rubbish: (response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>maintenance</html>"),
  "no verdict in JSON": (response) => json(response, 200, { verified: true }),
  "500": (response) => json(response, 500, { responseCode: "96", status: "ERROR", verified: false }),
  "429": (response) => json(response, 429, {}, { "retry-after": "2" }),
};
/** The breaker lets one question through every ten seconds, the timekeeper looks every five. */
const WELL_WITHIN_MS = 30_000;

test("whatever the registry does, a verification waits, and all end once, soon after it is well again", async (t) => {
  const server = await startPostgres();
  if ("skip" in server) return t.skip(server.skip);
  const undo = undoing(t);
  undo(() => server.stop());
  const databaseUrl = await server.createDatabase();
  const database = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  undo(() => database.end());
  let today: ((response: ServerResponse) => void) | null = null;
  let registry = "";
  const front = await smallServer(t, async ({ url, method, body }, response) => {
    if (today !== null) return today(response);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(registry + url, { method, headers, ...(method === "POST" && { body }) });
    json(response, answer.status, await answer.json());
  });
  const service = await startTestService({
    DATABASE_URL: databaseUrl,
    DUKCAPIL_URL: `${front.url}/api/v1`,
    DUKCAPIL_TIMEOUT_MS: "500",
    DUKCAPIL_ADAPTER: "payu",
  });
  undo(() => service.close());
  const { dataDir } = service;
  const [person] = await people(dataDir, 77, 1);
  const { sealer } = openSealer(loadConfig({ DATA_DIR: dataDir }));
  const simulator = await startSimulator({
    register: openRegister({ dir: dataDir, sealer }),
    port: 0,
    behaviour: INSTANT_BEHAVIOUR,
  });
  undo(() => simulator.close());
  registry = new URL(simulator.url).origin;

  const client = await service.client("user-of-bad-days");
  const verify = async () => {
    const id = await client.start("BASIC_KYC");
    const { status, body } = await client.ktp(id, person!.ktp);
    assert.equal(status, 200, JSON.stringify(body));
    return { id, body };
  };
  const waiting = new Map<string, string>();
  for (const [day, act] of Object.entries(BAD_DAYS)) {
    today = act;
    const { id, body } = await verify();
    assert.equal(body.status, "PROCESSING", day);
    assert.equal(body.dukcapil_result.status, "PENDING", day);
    assert.equal(body.dukcapil_result.is_valid, false, day);
    waiting.set(id, day);
  }
  const begun = waiting.size;
  // As if the outage had lasted: each has been asked about so often that its next try is an hour away.
  await database.query(
    "UPDATE kyc_verifications SET dukcapil_tries = 8, dukcapil_due_at = now() AT TIME ZONE 'UTC' + interval '1 hour'",
  );

  today = null;
  const well = performance.now();
  const soon = () =>
    assert.ok(
      performance.now() - well < WELL_WITHIN_MS,
      `still waiting: ${[...waiting.values()].join(", ")}`,
    );
  // Others are verified meanwhile, and are the first to find it well again.
  let others = 0;
  for (let found = false; !found; others++) {
    found = (await verify()).body.status === "VERIFIED";
    soon();
    await pause(1000);
  }
  while (waiting.size > 0) {
    for (const [id, day] of waiting) {
      const { body } = await client.get(`/verify/${id}`);
      if (body.status === "PROCESSING") continue;
      assert.equal(body.status, "VERIFIED", `${day}: ${body.rejection_reason}`);
      waiting.delete(id);
    }
    soon();
    await pause(250);
  }
  const left = async () =>
    (await database.query("SELECT count(*)::int AS n FROM kyc_verifications WHERE status = 'PROCESSING'"))
      .rows[0].n;
  for (; (await left()) > 0; await pause(250)) soon();
  const { rows } = await database.query(
    `SELECT kind, count(*)::int AS events, count(DISTINCT user_id)::int AS users
     FROM kyc_outbox WHERE kind IN ('verified', 'failed') GROUP BY kind`,
  );
  assert.deepEqual(rows, [{ kind: "verified", events: begun + others, users: 1 }], "one decision each");
  t.diagnostic(`all decided ${Math.round((performance.now() - well) / 1000)} s after the registry was well`);
});
