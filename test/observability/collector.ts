import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

/** The part of OTLP that is looked into, by the numbers of https://github.com/open-telemetry/opentelemetry-proto. */
const OTLP = protobuf
  .parse(
    `syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`,
    { keepCase: false },
  )
  .root.lookupType("Request");

export interface ReceivedSpan {
  readonly trace: string;
  readonly id: string;
  /** Empty: the first of its trace. */
  readonly parent: string;
  readonly name: string;
  readonly kind: number;
  readonly milliseconds: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** OpenTelemetry's status code; 2 is an error. */
  readonly status: number;
  readonly service: unknown;
}

/** A collector of OTLP on 127.0.0.1 that decodes what arrives. */
export interface Collector {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** All that arrived, as it was sent. */
  readonly bytes: () => Buffer;
}

interface Ending {
  after(work: () => unknown): void;
}

// biome-ignore lint/suspicious/noExplicitAny: as protobufjs decodes it
type Decoded = any;

function collect() {
  const spans: ReceivedSpan[] = [];
  const packets: Buffer[] = [];
  const read = (attributes: Decoded[]) =>
    Object.fromEntries(
      attributes.map(({ key, value }) => {
        const one = OTLP.root.lookupType("AnyValue").toObject(value, { longs: Number, oneofs: true });
        return [key, one[one.value]];
      }),
    );
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return {
    spans,
    bytes: () => Buffer.concat(packets),
    take(packet: Buffer) {
      packets.push(packet);
      for (const { resource, scopeSpans } of (OTLP.decode(packet) as Decoded).resourceSpans) {
        const service = read(resource.attributes)["service.name"];
        for (const span of scopeSpans.flatMap((scope: Decoded) => scope.spans)) {
          spans.push({
            trace: hex(span.traceId),
            id: hex(span.spanId),
            parent: hex(span.parentSpanId),
            name: span.name,
            kind: span.kind,
            milliseconds: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
            attributes: read(span.attributes),
            status: span.status?.code ?? 0,
            service,
          });
        }
      }
    },
  };
}

/** OTLP over HTTP, as protobuf. */
export async function httpCollector(t: Ending): Promise<Collector & { readonly paths: readonly string[] }> {
  const { take, ...collected } = collect();
  const paths: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    paths.push(`${request.method} ${request.url} ${request.headers["content-type"]}`);
    take(Buffer.concat(chunks));
    response.setHeader("content-type", "application/x-protobuf").end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ...collected, paths, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** OTLP over gRPC. */
export async function grpcCollector(t: Ending): Promise<Collector> {
  const { take, ...collected } = collect();
  const server = new grpc.Server();
  const bytes = (given: Buffer) => given;
  server.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      Export: (call: { request: Buffer }, answer: (error: null, bytes: Buffer) => void) => {
        take(call.request);
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  t.after(() => server.forceShutdown());
  return { ...collected, endpoint: `http://127.0.0.1:${port}` };
}
