import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { decodeImage } from "../src/vision/image.ts";
import { SEQUENCE } from "../src/vision/liveness/active.ts";
import { jpegOf } from "../src/vision/liveness/evidence.ts";
import { runCommand } from "./support/command.ts";
import { createTopics, startKafka } from "./support/kafka.ts";
import { startPostgres } from "./support/postgres.ts";
import { startProcess } from "./support/process.ts";
import { startS3 } from "./support/s3.ts";
import { type Client, type Person, people } from "./support/service.ts";

/*
 * Looks for personal data in all that a service leaves behind: `npm run test:pii -- --times 100`. It verifies so many
 * invented citizens over HTTP, with the log at debug, then searches every byte of the database's files (its journal
 * included), the object store, the topics, the data folder, the log and the traces for what was on their cards and selfies, in the
 * forms in which it could stand there. Ends with 1 where anything is found, or where the search itself does not work.
 */
const { values: flags } = parseArgs({
  options: { times: { type: "string", default: "10" }, seed: { type: "string", default: "31" } },
});
const times = Number(flags.times);
const seed = Number(flags.seed);
if (!Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
  process.stderr.write("npm run test:pii -- [--times N] [--seed N]\n");
  process.exit(2);
}

/** Shorter texts than this stand in any file by chance. */
const LEAST_LETTERS = 9;
const TOPICS = "topics (but for names)";
const SENT_WITHIN_MS = 60_000;
const JUDGED_WITHIN_MS = 30_000;
/** Bytes of a picture that are looked for: none of another picture, or of anything else, has the same. */
const PICTURE_BYTES = 24;
/** Different ones among them: a plain ground, and the tables of a JPEG's header, are the same in many. */
const VARIOUS = 16;

/** The three ways in which base64 may write a text, without its ends, which depend on what stands beside it. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(" ".repeat(before) + text).toString("base64");
    return encoded.slice(before === 0 ? 0 : 4, -4);
  });
}

/** A piece of a picture from its second half that can stand on a line of patterns, and is no plain ground. */
function pieceOf(picture: Uint8Array): Buffer | null {
  for (let at = picture.length >> 1; at + PICTURE_BYTES < picture.length; at++) {
    const piece = picture.subarray(at, at + PICTURE_BYTES);
    const various = new Set(piece).size >= VARIOUS;
    if (various && !piece.some((byte) => byte === 0 || byte === 10 || byte === 13)) return Buffer.from(piece);
  }
  return null;
}

interface Needle {
  readonly what: string;
  readonly bytes: Buffer;
}

async function needlesOf(person: Person): Promise<Needle[]> {
  const { nik, name, address } = person;
  const grouped = nik.replace(/(\d{4})(?=\d)/g, "$1 ");
  const texts = [
    ["NIK", nik],
    ["NIK", grouped],
    ["name", name],
    ["name", name.toLowerCase()],
    ["name", encodeURIComponent(name)],
    ["name", name.replaceAll(" ", "+")],
    ["address", address],
  ].filter(([, text]) => text.length >= LEAST_LETTERS) as [string, string][];
  const spelled = texts.flatMap(([what, text]) => [
    { what, bytes: Buffer.from(text) },
    { what: `${what} in UTF-16`, bytes: Buffer.from(text, "utf16le") },
    { what: `${what} in hexadecimal`, bytes: Buffer.from(Buffer.from(text).toString("hex")) },
    ...base64Forms(text).map((form) => ({ what: `${what} in base64`, bytes: Buffer.from(form) })),
  ]);
  // As reviewers are shown it of a challenge.
  const frame = await jpegOf(await decodeImage(person.selfie, SEQUENCE.side));
  const pictures = [person.ktp, person.selfie, frame].flatMap((picture) => {
    const encoded = Buffer.from(Buffer.from(picture).toString("base64"));
    return [pieceOf(picture), pieceOf(encoded)]
      .filter((piece) => piece !== null)
      .map((bytes) => ({ what: "picture", bytes }));
  });
  // UTF-16 of these holds zeros, which cannot stand in a pattern.
  return [...spelled, ...pictures].filter(({ bytes }) => !bytes.includes(0));
}

/** Files of a folder that hold any of the needles. */
function filesWith(needles: readonly Needle[], folder: string, scratch: string): string[] {
  const patterns = join(scratch, "patterns");
  writeFileSync(patterns, Buffer.concat(needles.flatMap(({ bytes }) => [bytes, Buffer.from("\n")])));
  const { status, stdout, stderr, error } = spawnSync("grep", ["-rlaF", "-f", patterns, folder], {
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  rmSync(patterns);
  // 1: nothing found. Files of a database that is stopped do not come and go.
  if (status !== 0 && status !== 1) throw new Error(`grep: ${error?.message ?? stderr}`);
  return stdout.split("\n").filter(Boolean);
}

const judged = async (client: Client, id: string, { selfie }: Person) =>
  (await client.selfie(id, selfie)).body;

/** Sends the selfie to be judged later. @returns what it was answered in the end */
async function judgedLater(client: Client, id: string, { selfie }: Person) {
  const { body } = await client.selfie(id, selfie, { prefer: "respond-async" });
  for (const until = Date.now() + JUDGED_WITHIN_MS; Date.now() < until; await pause(100)) {
    const upload = (await client.get(`/verify/${id}/uploads/${body.upload_id}`)).body;
    if (upload.answer !== null) return upload.answer.body;
  }
  throw new Error("an upload is not judged");
}

/** Waits until every event has been sent. */
async function allSent(platform: Client): Promise<void> {
  for (const until = Date.now() + SENT_WITHIN_MS; Date.now() < until; await pause(250)) {
    const { body } = await platform.get("/events?limit=500");
    if (body.length > 0 && body.every((event: { sentAt: string | null }) => event.sentAt !== null)) return;
  }
  throw new Error("events are not sent");
}

const after: (() => unknown)[] = [];
const scratch = mkdtempSync(join(tmpdir(), "kyc-pii-"));
async function search(): Promise<number> {
  const dataDir = join(scratch, "data");
  const logs = join(scratch, "logs");
  const traces = join(scratch, "traces");
  for (const folder of [dataDir, logs, traces]) mkdirSync(folder);

  const server = await startPostgres({ durable: true });
  if ("skip" in server) throw new Error(server.skip);
  after.push(server.stop);
  const url = await server.createDatabase();
  const s3 = await startS3();
  if (!("skip" in s3)) after.push(s3.stop);
  const kafka = await startKafka();
  if (!("skip" in kafka)) {
    after.push(kafka.stop);
    await createTopics(kafka);
  }
  // Takes whatever is exported over HTTP, as it comes.
  let spans = 0;
  const collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      writeFileSync(join(traces, String(spans++)), Buffer.concat(parts));
      response.end();
    });
  }).listen(0, "127.0.0.1");
  after.push(() => collector.close());
  await new Promise((resolve) => collector.once("listening", resolve));
  const { port } = collector.address() as { port: number };

  const drawn = await people(dataDir, seed, times);
  const context = { after: (work: () => unknown) => after.push(work) };
  const service = await startProcess(context as never, {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    LOG_LEVEL: "debug",
    ENABLE_TRACING: "true",
    OTLP_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
    KYC_ALLOW_BASELINE_LIVENESS: "true",
    ...("skip" in kafka ? {} : { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap }),
    ...("skip" in s3
      ? {}
      : {
          STORAGE_URL: `s3://${s3.bucket}?endpoint=${s3.endpoint}`,
          AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        }),
  });
  const users: string[] = [];
  const ended: Record<string, number> = {};
  for (const person of drawn) {
    const user = randomUUID();
    users.push(user);
    const client = await service.client(user);
    const id = await client.start();
    const key = { "idempotency-key": randomUUID() };
    // A wrong step, a picture that is none, and a repetition: refusals are logged too.
    await client.selfie(id, person.selfie);
    await client.ktp(id, Buffer.from("not a picture"));
    await client.ktp(id, person.ktp, key);
    await client.ktp(id, person.ktp, key);
    // A challenge that is not passed: of each action a frame is kept.
    await client.frames(
      id,
      (await client.post(`/verify/${id}/liveness`, {})).body,
      Array.from({ length: 8 }, (_, i) => ({ at: i * 200, jpeg: person.selfie })),
    );
    const body =
      users.length % 2 === 0 ? await judgedLater(client, id, person) : await judged(client, id, person);
    await client.get(`/verify/${id}`);
    await client.get(`/user/${user}`);
    await client.get(`/verify/${randomUUID()}?name=${encodeURIComponent(person.name)}&nik=${person.nik}`);
    ended[body.status ?? "refused"] = (ended[body.status ?? "refused"] ?? 0) + 1;
  }
  if (!("skip" in kafka)) await allSent(await service.client("platform", "kyc:service"));
  await service.stop();
  const log = service.output();
  writeFileSync(join(logs, "service.log"), log);
  const checked = await runCommand(["audit", "verify"], {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
  });
  await server.halt();

  const outcome = Object.entries(ended).map(([status, count]) => `${count} ${status}`);
  process.stdout.write(`${times} verifications over HTTP (${outcome.join(", ")}), seed ${seed}\n`);
  process.stdout.write(`${log.split("\n").length} lines of log at debug, ${spans} exports of traces\n`);
  process.stdout.write(`audit verify: ${checked.output.split("\n")[0]}\n\n`);

  const places = {
    "database files": server.folder,
    "object store": "skip" in s3 ? join(dataDir, "images") : s3.folder,
    "data folder": dataDir,
    "log at debug": logs,
    traces,
    ...("skip" in kafka ? {} : { [TOPICS]: kafka.folder }),
  };
  const needles = (await Promise.all(drawn.map(needlesOf))).flat();
  // The contract has the name in events; all else must not be there.
  const unnamed = needles.filter(({ what }) => !what.startsWith("name"));
  let hits = 0;
  for (const [place, folder] of Object.entries(places)) {
    const looked = place === TOPICS ? unnamed : needles;
    const files = filesWith(looked, folder, scratch);
    const kinds = files.map((file) => {
      const found = looked.find((needle) => filesWith([needle], file, scratch).length > 0);
      return `    ${file.slice(folder.length)}: ${found?.what}`;
    });
    hits += files.length;
    process.stdout.write([`  ${place}: ${files.length} hits`, ...kinds, ""].join("\n"));
  }
  if ("skip" in kafka) process.stdout.write(`  (no topics: ${kafka.skip})\n`);
  if ("skip" in s3) process.stdout.write(`  (a folder in place of S3: ${s3.skip})\n`);

  // What must be found, or the search is blind: user ids are stored in the clear, and a NIK that was put there.
  const known = users.map((user) => ({ what: "user id", bytes: Buffer.from(user) }));
  writeFileSync(join(logs, "planted"), `x${drawn[0]!.nik}y`);
  const sighted =
    filesWith(known, server.folder, scratch).length > 0 &&
    ("skip" in kafka || filesWith(known, kafka.folder, scratch).length > 0) &&
    filesWith(needles, logs, scratch).length === 1;
  process.stdout.write(
    `\n${needles.length} needles; the search finds what is known to be there: ${sighted}\n`,
  );
  process.stdout.write(`PII: ${hits} hits\n`);
  return sighted && hits === 0 && checked.code === 0 ? 0 : 1;
}

try {
  process.exitCode = await search();
} finally {
  for (const step of after.reverse()) await step();
  rmSync(scratch, { recursive: true, force: true });
}
