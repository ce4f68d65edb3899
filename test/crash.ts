import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Random } from "../src/sample/random.ts";
import { runCommand } from "./support/command.ts";
import { startPostgres } from "./support/postgres.ts";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { type Client, type Person, people } from "./support/service.ts";

/*
 * Kills the service with -9 at random moments while people are verified, starts it again each time, and holds what it
 * says in the end against everything that it had answered: `npm run test:crash -- --times 200`. Nothing that was
 * answered may be lost, nothing decided twice, nobody left waiting. Ends with 1 otherwise.
 */
const { values: flags } = parseArgs({
  options: { times: { type: "string", default: "25" }, seed: { type: "string", default: "7" } },
});
const times = Number(flags.times);
const seed = Number(flags.seed);
if (!Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
  process.stderr.write("npm run test:crash -- [--times N] [--seed N]\n");
  process.exit(2);
}

const CLIENTS = 3;
/** A kill comes within this time after the service is ready. */
const LONGEST_LIFE_MS = 2500;
/** A claim ends by itself after a minute, a registry check is taken up after 45 s. */
const SETTLED_WITHIN_MS = 180_000;
const RETRY_MS = 500;

/** What one verification was answered so far. */
interface Journal {
  readonly user: string;
  readonly person: Person;
  id: string | null;
  /** The NIK that the card step answered. */
  nik: string | null;
  /** The decision that the selfie step answered. */
  decided: string | null;
  over: boolean;
}

const undo: (() => unknown)[] = [];
const scratch = mkdtempSync(join(tmpdir(), "kyc-crash-"));

async function run(): Promise<number> {
  const dataDir = join(scratch, "data");
  mkdirSync(dataDir);
  const server = await startPostgres({ durable: true });
  if ("skip" in server) throw new Error(server.skip);
  undo.push(server.stop);
  const environment = {
    DATA_DIR: dataDir,
    DATABASE_URL: await server.createDatabase(),
    LOG_LEVEL: "warn",
    KYC_ALLOW_BASELINE_LIVENESS: "true",
  };
  const drawn = await people(dataDir, seed, CLIENTS);
  const context = { after: (work: () => unknown) => undo.push(work) };
  const start = () => startProcess(context as never, environment);

  let service: ServiceProcess = await start();
  let up = Promise.withResolvers<void>();
  up.resolve();
  const journals: Journal[] = [];
  let stopping = false;
  let cut = 0;

  /** Does the next step of a verification, or finds out where it is. @returns whether it got any further */
  async function step(journal: Journal, client: Client): Promise<boolean> {
    if (journal.id === null) {
      journal.id = await client.start();
      return true;
    }
    const { status, body } = await client.get(`/verify/${journal.id}`);
    if (status !== 200) return false;
    if (body.status === "PENDING") {
      const answer = await client.ktp(journal.id, journal.person.ktp);
      if (answer.status === 200) journal.nik = answer.body.ocr_result.nik;
      return answer.status === 200;
    }
    if (body.status === "PROCESSING" && body.liveness_result === null) {
      const answer = await client.selfie(journal.id, journal.person.selfie);
      if (answer.status === 200 && answer.body.status !== "PROCESSING") journal.decided = answer.body.status;
      return answer.status === 200;
    }
    journal.over = body.status !== "PROCESSING";
    return journal.over;
  }

  async function verifyAll(number: number): Promise<void> {
    for (let count = 0; !stopping; count++) {
      const user = `crash-${number}-${count}`;
      const journal: Journal = {
        user,
        person: drawn[number],
        id: null,
        nik: null,
        decided: null,
        over: false,
      };
      journals.push(journal);
      // What a killed process held is busy for a while; it is come back to in the end.
      for (let tries = 0; tries < 8 && !journal.over && !stopping; tries++) {
        await up.promise;
        try {
          if (!(await step(journal, await service.client(user)))) await pause(RETRY_MS);
        } catch {
          cut++;
          await pause(RETRY_MS / 5);
        }
      }
    }
  }

  const random = new Random(seed);
  const clients = Promise.all(drawn.map((_, number) => verifyAll(number)));
  for (let kills = 1; kills <= times; kills++) {
    await pause(random.between(0, LONGEST_LIFE_MS));
    up = Promise.withResolvers<void>();
    await service.kill();
    service = await start();
    up.resolve();
    if (process.stderr.isTTY) process.stderr.write(`\r${kills} of ${times} kills, ${journals.length} begun`);
  }
  stopping = true;
  await clients;

  for (const until = Date.now() + SETTLED_WITHIN_MS; Date.now() < until; await pause(RETRY_MS)) {
    const open = journals.filter(({ over }) => !over);
    if (open.length === 0) break;
    for (const journal of open) await step(journal, await service.client(journal.user)).catch(() => false);
  }

  const faults: string[] = [];
  const events = await everyEvent(await service.client("platform", "kyc:service"));
  for (const journal of journals) {
    const { id, user, nik, decided } = journal;
    const fault = (what: string) => faults.push(`${user} ${id}: ${what}`);
    if (id === null) continue;
    const { status, body } = await (await service.client(user)).get(`/verify/${id}`);
    if (status !== 200) fault(`answered ${status}`);
    if (nik !== null && body.ktp_ocr_result?.nik !== nik) fault("the card that was read is lost");
    if (decided !== null && body.status !== decided) fault(`was ${decided} and is ${body.status}`);
    if (!journal.over) fault(`is left in ${body.status}`);
    const told = events.filter(({ value }) => value.verification_id === id).map(({ kind }) => kind);
    const due = body.status === "VERIFIED" ? ["ktp_uploaded", "verified"] : ["ktp_uploaded", "failed"];
    if (told.join() !== due.join()) fault(`told ${told.join(", ") || "nothing"} for ${body.status}`);
  }
  await service.stop();
  const audit = await runCommand(["audit", "verify"], environment);
  if (audit.code !== 0) faults.push(`audit verify: ${audit.output}`);

  const count = (test: (journal: Journal) => boolean) => journals.filter(test).length;
  process.stdout.write(
    `${times} times kill -9, seed ${seed}: ${count(({ id }) => id !== null)} verifications begun, ` +
      `${count(({ decided }) => decided !== null)} decisions answered, ${cut} requests cut off\n` +
      `${count(({ over }) => over)} of them ended; audit verify: ${audit.output.split("\n")[0]}\n` +
      `${faults.length} lost, decided twice or left waiting\n`,
  );
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}

interface Told {
  readonly id: number;
  readonly kind: string;
  readonly value: { readonly verification_id: string };
}

async function everyEvent(platform: Client): Promise<readonly Told[]> {
  const all: Told[] = [];
  for (;;) {
    const { body } = await platform.get(`/events?after=${all.at(-1)?.id ?? 0}&limit=500`);
    all.push(...body);
    if (body.length < 500) return all;
  }
}

try {
  process.exitCode = await run();
} finally {
  for (const work of undo.reverse()) await work();
  rmSync(scratch, { recursive: true, force: true });
}
