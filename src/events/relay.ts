import type { Lease } from "../database/leases.ts";
import type { Outbox, OutboxEvent } from "./outbox.ts";

/** Where events go. */
export interface Sink {
  /**
   * Sends events in their order, those of one user one after the other.
   * @returns when all of them are kept there for good
   * @throws where it is not known of all of them: all are sent again, so that some may arrive twice
   */
  send(events: readonly OutboxEvent[]): Promise<void>;
  close(): Promise<void>;
}

export interface RelayParts {
  readonly outbox: Pick<Outbox, "pending" | "markSent" | "markTried">;
  readonly sink: Sink;
  /** One process relays at a time, so that the order of a user's events is kept. */
  readonly lease: Lease;
  readonly now: () => Date;
  /** Told once when the sink goes away, and each time that it still is. */
  readonly onError: (error: unknown, tryAgainSeconds: number) => void;
  /** Told when it is there again. */
  readonly onRecovered: () => void;
}

export interface Relay {
  /** Finishes what is being sent and ends. */
  close(): Promise<void>;
}

/** Events sent at once. */
const BATCH = 200;
/** After so many tries of a batch its events are sent one by one. */
const TRIES_TOGETHER = 3;
/** So many users' events refused and none sent: it is not the events. */
const REFUSED_IN_A_ROW = 3;
/** How often it looks for events that another process wrote. */
const IDLE_MS = 1000;
/** Longer than a batch may take (the sink gives up earlier): nobody else begins while this one may still be sending. */
const LEASE_SECONDS = 30;
/** Back-off while the sink is away: doubling from the first to the last, each shortened by up to a half at random. */
const AWAY_MS = { first: 500, last: 30_000 } as const;

/**
 * Carries events from the outbox to a sink, at least once, in the order in which each user's happened. What was written
 * stays in the outbox until the sink has it; a process that dies in between leaves it to the next.
 */
export function startRelay({ outbox, sink, lease, now, onError, onRecovered }: RelayParts): Relay {
  let closing = false;
  let failures = 0;
  let wake = () => {};
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** @returns whether there may be more to send at once */
  async function relayBatch(): Promise<boolean> {
    if (!(await lease.hold(LEASE_SECONDS))) return false;
    const events = await outbox.pending(BATCH);
    if (events.length === 0) return false;
    const ids = events.map(({ id }) => id);
    try {
      // Taken one by one where all at once was refused again and again: one event may be what is refused.
      if (events.some(({ attempts }) => attempts >= TRIES_TOGETHER)) await sendOneByOne(events);
      else await sink.send(events);
    } catch (error) {
      await outbox.markTried(ids);
      throw error;
    }
    await outbox.markSent(ids, now());
    return events.length === BATCH;
  }

  /**
   * Sends what can be sent. Behind an event that is refused only those of the same user wait.
   * @throws where any was refused
   */
  async function sendOneByOne(events: readonly OutboxEvent[]): Promise<void> {
    const blocked = new Set<string>();
    let sent = 0;
    let refusal: unknown;
    for (const event of events) {
      if (blocked.has(event.userId)) continue;
      if (!(await lease.hold(LEASE_SECONDS))) throw refusal ?? new Error("another process relays now");
      try {
        await sink.send([event]);
        await outbox.markSent([event.id], now());
        sent++;
      } catch (error) {
        refusal = error;
        blocked.add(event.userId);
        // The sink itself is away.
        if (sent === 0 && blocked.size >= REFUSED_IN_A_ROW) break;
      }
    }
    if (refusal !== undefined) throw refusal;
  }

  const running = (async () => {
    while (!closing) {
      try {
        const more = await relayBatch();
        if (failures > 0) onRecovered();
        failures = 0;
        if (!more && !closing) await pause(IDLE_MS);
      } catch (error) {
        const away = Math.min(AWAY_MS.last, AWAY_MS.first * 2 ** failures++) * (1 - Math.random() / 2);
        onError(error, away / 1000);
        if (!closing) await pause(away);
      }
    }
    await lease.release().catch(() => undefined);
    await sink.close();
  })();

  return {
    async close() {
      closing = true;
      wake();
      await running;
    },
  };
}
