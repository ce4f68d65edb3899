import type { QueryTold } from "../database/database.ts";
import type { CallObserver } from "../dukcapil/caller.ts";
import type { Dukcapil } from "../dukcapil/dukcapil.ts";
import type { OutboxEvent } from "../events/outbox.ts";
import type { Sink } from "../events/relay.ts";
import type { Vision } from "../vision/vision.ts";
import { inSpan, pastSpan, type Spans } from "./spans.ts";
import { parseTraceparent } from "./trace.ts";

/** Looks at pictures as spans: one for the picture, its wait included, and one below it for each stage. */
export function tracedVision(vision: Vision, spans: Spans): Vision {
  const looking = <T extends { readonly milliseconds: Readonly<Record<string, number>> }>(
    name: string,
    look: () => Promise<T>,
  ) =>
    inSpan(spans, name, {}, async () => {
      const report = await look();
      const stages = Object.entries(report.milliseconds);
      // Stages are measured by their length alone, in the worker: laid end to end, so that the last ends now.
      let startMs = Date.now() - stages.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
      for (const [stage, milliseconds] of stages) {
        pastSpan(spans, `vision ${stage}`, milliseconds, { startMs });
        startMs += milliseconds;
      }
      return report;
    });
  return {
    faceModel: vision.faceModel,
    strongSpoofing: vision.strongSpoofing,
    readKtp: (bytes) => looking("vision ktp", () => vision.readKtp(bytes)),
    judgeSelfie: (bytes) => looking("vision selfie", () => vision.judgeSelfie(bytes)),
    judgeChallenge: (frames, actions) =>
      looking("vision challenge", () => vision.judgeChallenge(frames, actions)),
    get load() {
      return vision.load;
    },
    close: () => vision.close(),
  };
}

/** Asks the registry as a span; {@link tracedCalls} puts each try below it. */
export function tracedDukcapil(dukcapil: Dukcapil, spans: Spans): Dukcapil {
  return {
    verify: (query) =>
      inSpan(
        spans,
        "dukcapil verify",
        { kind: "client" },
        () => dukcapil.verify(query),
        ({ status, is_valid }) => ({ "dukcapil.status": status, "dukcapil.is_valid": is_valid }),
      ),
    healthy: () => dukcapil.healthy(),
    close: () => dukcapil.close(),
  };
}

/** An observer of calls that tells each try as a span, and hands on what it is told. */
export function tracedCalls(observer: Required<CallObserver>, spans: Spans): CallObserver {
  return {
    attempt(event) {
      observer.attempt(event);
      const { outcome, milliseconds } = event;
      const failed = outcome !== "answered";
      pastSpan(spans, "dukcapil try", milliseconds, {
        kind: "client",
        attributes: { "dukcapil.outcome": outcome },
        failed,
      });
    },
    breaker: observer.breaker,
  };
}

/**
 * Tells the sending of each event as a span below the request that caused it, however much later it is sent. Events of
 * adopted or untraced requests belong to no trace.
 */
export function tracedSink(
  sink: Sink,
  topics: Readonly<Record<OutboxEvent["kind"], string>>,
  spans: Spans,
): Sink {
  return {
    async send(events) {
      const open = events.flatMap(({ kind, ce, traceparent }) => {
        const parent = parseTraceparent(traceparent ?? undefined);
        if (parent === null) return [];
        const attributes = {
          "messaging.system": "kafka",
          "messaging.operation.type": "send",
          "messaging.destination.name": topics[kind],
          "messaging.message.id": ce.id,
        };
        return [spans.begin(`send ${topics[kind]}`, { kind: "producer", parent, attributes })];
      });
      try {
        await sink.send(events);
        for (const span of open) span.end();
      } catch (error) {
        for (const span of open) span.end({ failed: true });
        throw error;
      }
    },
    close: () => sink.close(),
  };
}

/** The verb and the table of a statement. A parameter's value stands nowhere in its text. */
const STATEMENT = /^\s*(?:(select|delete)\b.*?\bfrom|(insert)\s+into|(update))\s+"?(\w+)/is;

/** Tells a statement as a span below whatever asked for it. */
export function tracedQueries(spans: Spans): (query: QueryTold) => void {
  return ({ sql, milliseconds, failed }) => {
    const [, reads, inserts, updates, table] = STATEMENT.exec(sql) ?? [];
    const operation = (
      reads ??
      inserts ??
      updates ??
      /^\s*(\w+)/.exec(sql)?.[1] ??
      "statement"
    ).toUpperCase();
    pastSpan(spans, table ? `${operation} ${table}` : operation, milliseconds, {
      kind: "client",
      attributes: {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        ...(table && { "db.collection.name": table }),
      },
      failed,
    });
  };
}
