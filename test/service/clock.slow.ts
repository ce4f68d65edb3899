import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../src/config.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { startSimulator } from "../../src/dukcapil/simulator.ts";
import { openSealer } from "../../src/service.ts";
import { startPostgres } from "../support/postgres.ts";
import { startProcess } from "../support/process.ts";
import { people } from "../support/service.ts";
import { undoing } from "../support/undo.ts";

/** The process's clock goes two hours behind. */
const BEHIND = `data:text/javascript,${encodeURIComponent(`
  const Real = Date, shift = -7_200_000;
  globalThis.Date = class extends Real {
    constructor(...args) { args.length === 0 ? super(Real.now() + shift) : super(...args); }
    static now() { return Real.now() + shift; }
  };`)}`;
/** Longer than the five seconds after which every process looks for checks that are due. */
const SLOW_MS = 6_500;

test("a process whose clock is two hours behind keeps its work from others, who keep theirs from it", async (t) => {
  const server = await startPostgres();
  if ("skip" in server) return t.skip(server.skip);
  const undo = undoing(t);
  undo(() => server.stop());
  const scratch = mkdtempSync(join(tmpdir(), "kyc-clock-"));
  undo(() => rmSync(scratch, { recursive: true, force: true }));
  const [right, behind] = [join(scratch, "right"), join(scratch, "behind")] as const;
  const [person] = await people(right, 85, 1);
  cpSync(right, behind, { recursive: true });
  const { sealer } = openSealer(loadConfig({ DATA_DIR: right }));
  let asked = 0;
  const simulator = await startSimulator({
    register: openRegister({ dir: right, sealer }),
    port: 0,
    behaviour: { latencyMs: [SLOW_MS, SLOW_MS], failureShare: 0 },
    random: () => {
      asked++;
      return 0.5;
    },
  });
  undo(() => simulator.close());
  const shared = {
    DATABASE_URL: await server.createDatabase(),
    STORAGE_URL: join(scratch, "images"),
    DUKCAPIL_URL: simulator.url,
    DUKCAPIL_ADAPTER: "payu",
    DUKCAPIL_TIMEOUT_MS: "15000",
    LOG_LEVEL: "warn",
  };
  const processes = [
    await startProcess(t, { ...shared, DATA_DIR: right }),
    await startProcess(t, { ...shared, DATA_DIR: behind, NODE_OPTIONS: `--import ${BEHIND}` }),
  ];
  undo(() => Promise.all(processes.map(({ kill }) => kill())));
  assert.match(processes[1]!.output(), /"ahead_seconds":-7200/);

  const answers = await Promise.all(
    processes.map(async (process, number) => {
      const client = await process.client(`user-${number}`);
      const id = await client.start("BASIC_KYC");
      const { status, body } = await client.ktp(id, person!.ktp);
      const view = (await client.get(`/verify/${id}`)).body;
      return { status, decided: body.status, created: Date.parse(view.created_at) };
    }),
  );
  for (const { status, decided, created } of answers) {
    assert.equal(status, 200);
    assert.equal(decided, "VERIFIED");
    assert.ok(Math.abs(created - Date.now()) < 120_000, "told by the database's clock");
  }
  // Each draws its latency and whether it fails.
  assert.equal(asked, 2 * answers.length, "the registry was asked once for each");
  for (const { stop } of processes) assert.equal(await stop(), 0);
});
