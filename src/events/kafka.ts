import type { OutboxEvent } from "./outbox.ts";
import type { Sink } from "./relay.ts";

export interface KafkaOptions {
  /** `host:port`. */
  readonly bootstrapServers: readonly string[];
  readonly topics: Readonly<Record<OutboxEvent["kind"], string>>;
  /** Whether to speak TLS; who is trusted is Node's own affair (NODE_EXTRA_CA_CERTS). */
  readonly tls: boolean;
  readonly sasl: {
    readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    readonly username: string;
    readonly password: string;
  } | null;
}

const CLIENT_ID = "payu-kyc-service";
/** One request; with its retries a batch ends well within the relay's lease. */
const REQUEST_MS = 5000;
const CONNECT_MS = 3000;
const RETRIES = 2;
const RETRY_DELAY_MS = 250;

/**
 * Events as records of Kafka: the topic of their kind, the user as key, the JSON value, and CloudEvents 1.0 in binary
 * mode (attributes as `ce_*` headers). Written by an idempotent producer and acknowledged by all replicas in sync.
 * The library is loaded here, so that a service without a broker does not hold it.
 */
export async function kafkaSink({ bootstrapServers, topics, tls, sasl }: KafkaOptions): Promise<Sink> {
  const { ProduceAcks, Producer, stringSerializers } = await import("@platformatic/kafka");
  const connect = () =>
    new Producer({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...bootstrapServers],
      serializers: stringSerializers,
      idempotent: true,
      acks: ProduceAcks.ALL,
      autocreateTopics: true,
      timeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectTimeout: CONNECT_MS,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      ...(tls && { tls: {} }),
      ...(sasl && { sasl: { ...sasl } }),
    });
  let producer: ReturnType<typeof connect> | undefined;

  return {
    async send(events) {
      producer ??= connect();
      try {
        await producer.send({
          messages: events.map((event) => ({
            topic: topics[event.kind],
            key: event.userId,
            value: JSON.stringify(event.value),
            headers: headersOf(event),
          })),
        });
      } catch (error) {
        // The numbers by which a broker knows repetitions are not to be trusted after a failure: a new producer has new ones.
        const failed = producer;
        producer = undefined;
        await failed.close(true).catch(() => undefined);
        throw error;
      }
    },
    async close() {
      await producer?.close(true);
    },
  };
}

const headersOf = ({ ce, traceparent }: OutboxEvent): Record<string, string> => ({
  ce_specversion: "1.0",
  ce_id: ce.id,
  ce_source: ce.source,
  ce_type: ce.type,
  ce_time: ce.time,
  "content-type": "application/json",
  ...(traceparent !== null && { traceparent }),
});
