import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Admin, Consumer, stringDeserializers } from "@platformatic/kafka";
import { freePort } from "./ports.ts";

const VERSION = "4.1.1";
/** The broker's jars from Maven Central, some 43 MB. */
const JARS = fileURLToPath(
  new URL(`../../node_modules/.cache/payu-kyc/tools/kafka-${VERSION}`, import.meta.url),
);
const COMPLETE = join(JARS, ".complete");
export const FETCH_COMMAND = "npm run test:kafka-broker";

/** The contract's. */
export const TOPICS = {
  ktp_uploaded: "payu.kyc.ktp_uploaded",
  verified: "payu.kyc.verified",
  failed: "payu.kyc.failed",
  resubmission_requested: "payu.kyc.resubmission_requested",
} as const;
const PARTITIONS = 3;
/** A broker that just started takes connections before it knows itself. */
const ADMIN_RETRIES = 30;

const START_MILLISECONDS = 60_000;
const MOST_HEAP = "-Xmx384m";

/** A Kafka broker of a test's own (KRaft, one node) on 127.0.0.1, gone with `stop`. */
export interface TestKafka {
  readonly bootstrap: string;
  /** Where its topics lie, as files. */
  readonly folder: string;
  /** kill -9: it answers no more. */
  kill(): Promise<void>;
  /** Answers again, with the records that were there. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Fetches the broker, once. Needs Java 17 and Maven. @throws Error with what Maven said */
export function fetchKafka(): void {
  if (existsSync(COMPLETE)) return;
  const work = mkdtempSync(join(tmpdir(), "kyc-kafka-pom-"));
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  writeFileSync(
    join(work, "pom.xml"),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>test</groupId><artifactId>broker</artifactId><version>1</version><dependencies>
    ${dependency("org.apache.kafka", "kafka_2.13", VERSION)}
    ${dependency("org.apache.kafka", "kafka-tools", VERSION)}
    ${dependency("org.slf4j", "slf4j-simple", "1.7.36")}
    </dependencies></project>`,
  );
  mkdirSync(JARS, { recursive: true });
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${JARS}`, "-DincludeScope=runtime"];
  const { status, stdout, error } = spawnSync("mvn", ["-q", "-B", "-f", join(work, "pom.xml"), ...goal], {
    encoding: "utf8",
  });
  rmSync(work, { recursive: true, force: true });
  if (status !== 0) throw new Error(`mvn: ${error?.message ?? stdout}`);
  writeFileSync(COMPLETE, "");
}

const java = (main: string, ...args: string[]) => ["-cp", `${JARS}/*`, main, ...args];

/** @returns a broker without topics, or why none could be started */
export async function startKafka(): Promise<TestKafka | { readonly skip: string }> {
  if (spawnSync("java", ["-version"]).status !== 0) return { skip: "there is no Java" };
  if (!existsSync(COMPLETE)) return { skip: `the broker is not fetched (${FETCH_COMMAND}; needs Maven)` };

  const folder = mkdtempSync(join(tmpdir(), "kyc-kafka-"));
  const [port, controller] = [await freePort(), await freePort()];
  const settings = join(folder, "server.properties");
  writeFileSync(
    settings,
    [
      "process.roles=broker,controller",
      "node.id=1",
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
      "controller.listener.names=CONTROLLER",
      `log.dirs=${folder}/log`,
      "num.partitions=3",
      "offsets.topic.replication.factor=1",
      "offsets.topic.num.partitions=1",
      "transaction.state.log.replication.factor=1",
      "transaction.state.log.min.isr=1",
      "group.initial.rebalance.delay.ms=0",
    ].join("\n"),
  );
  const run = (...command: string[]): string => {
    const { status, stdout, stderr } = spawnSync("java", command, { encoding: "utf8" });
    if (status !== 0) throw new Error(`the broker's tool failed: ${stderr || stdout}`);
    return stdout.trim();
  };
  // 16 random bytes in base64url, as the tool of the broker makes them.
  const cluster = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  // In one word: an id may begin with a dash, which would be taken for another option.
  run(...java("kafka.tools.StorageTool", "format", `--cluster-id=${cluster}`, "-c", settings));

  let broker: ChildProcess;
  const start = async () => {
    const log = createWriteStream(join(folder, "broker.log"), { flags: "a" });
    broker = spawn("java", [MOST_HEAP, "-XX:+UseSerialGC", ...java("kafka.Kafka", settings)]);
    broker.stdout?.pipe(log);
    broker.stderr?.pipe(log);
    for (const until = Date.now() + START_MILLISECONDS; ; await pause(200)) {
      if (broker.exitCode !== null) throw new Error(`the broker ended at its start, see ${folder}`);
      if (Date.now() > until) throw new Error("the broker did not answer in time");
      if (await answers(port)) return;
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (broker.exitCode !== null || broker.signalCode !== null) return;
    const ended = once(broker, "exit");
    broker.kill(signal);
    await ended;
  };
  await start();
  return {
    bootstrap: `127.0.0.1:${port}`,
    folder,
    kill: () => end("SIGKILL"),
    restart: start,
    async stop() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export async function createTopics(kafka: TestKafka): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [kafka.bootstrap], retries: ADMIN_RETRIES });
  await admin.createTopics({ topics: Object.values(TOPICS), partitions: PARTITIONS, replicas: 1 });
  await admin.close();
}

/** What a record of Kafka comes to. */
export interface Arrived {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads the topics from their beginning, as any group consumer would, until all is there or the time is up. */
export async function readTopics(
  kafka: TestKafka,
  complete: (arrived: readonly Arrived[]) => boolean,
  withinMs: number,
): Promise<readonly Arrived[]> {
  const consumer = new Consumer({
    groupId: `test-${crypto.randomUUID()}`,
    clientId: "test",
    bootstrapBrokers: [kafka.bootstrap],
    deserializers: stringDeserializers,
  });
  const arrived: Arrived[] = [];
  const stream = await consumer.consume({
    topics: Object.values(TOPICS),
    mode: "earliest",
    autocommit: false,
  });
  const late = setTimeout(() => void stream.close(), withinMs);
  for await (const { topic, partition, key, value, headers } of stream) {
    arrived.push({ topic, partition, key, value, headers: Object.fromEntries(headers) });
    if (complete(arrived)) break;
  }
  clearTimeout(late);
  await consumer.close(true);
  return arrived;
}

/** @returns which of these events, by their CloudEvents id, are in no topic within the time */
export async function missingFrom(
  kafka: TestKafka,
  ids: ReadonlySet<string>,
  withinMs: number,
): Promise<readonly string[]> {
  const missing = new Set(ids);
  await readTopics(
    kafka,
    (arrived) => {
      missing.delete(arrived.at(-1)!.headers.ce_id!);
      return missing.size === 0;
    },
    withinMs,
  );
  return [...missing];
}

if (import.meta.main) fetchKafka();
