import { AsyncResource } from "node:async_hooks";
import {
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { DukcapilQueryError, DukcapilUnavailableError } from "./dukcapil.ts";

/** How a registry that may be slow, busy or away is called. Times in milliseconds. */
export interface CallPolicy {
  /** The longest that one try may take. */
  readonly timeoutMs: number;
  /** Tries of one question, the first included. */
  readonly tries: number;
  /** The longest that one question may take, waiting and all tries together. */
  readonly deadlineMs: number;
  /** The wait before try n + 1 is drawn from 0 to this, doubled n times. */
  readonly backoffMs: number;
  /** No wait between two tries is longer; a registry that asks for more is left to the caller's own schedule. */
  readonly maxBackoffMs: number;
  /** Questions under way at once; more wait in line. */
  readonly concurrency: number;
  /** Questions in line; more are turned away at once. */
  readonly queue: number;
  /** Tries without an answer in a row, over all questions, after which the registry is left alone. */
  readonly breakAfter: number;
  /** How long it is left alone before one question is let through to see. */
  readonly breakMs: number;
}

/**
 * The original answers in 100 to 800 ms, so 3 s is four times its slowest; 20 s in all stays well below the 60 s that
 * the gateway in front gives a request.
 */
export const CALL_POLICY: CallPolicy = {
  timeoutMs: 3_000,
  tries: 3,
  deadlineMs: 20_000,
  backoffMs: 200,
  maxBackoffMs: 5_000,
  concurrency: 16,
  queue: 256,
  breakAfter: 6,
  breakMs: 10_000,
};

export type BreakerState = "closed" | "half-open" | "open";

/** What happens with the calls, for metrics and logs. Holds no personal data. */
export interface CallObserver {
  /** After each try. `answered`: a verdict; `busy`: asked to wait; `refused`: our query is at fault. */
  attempt?(event: {
    readonly outcome: "answered" | "unavailable" | "busy" | "refused";
    readonly milliseconds: number;
  }): void;
  breaker?(state: BreakerState): void;
}

/** Calls one registry under a {@link CallPolicy}: bounded in number and time, tried again, given a rest when it fails. */
export interface Caller {
  /**
   * @param attempt  one try; throws {@link DukcapilUnavailableError} where it had no answer, and as soon as the signal
   *   says that its time is up
   * @throws {DukcapilUnavailableError} where no try had an answer, the line is full or the breaker open
   */
  call<T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T>;
  breaker(): BreakerState;
  /** Ends what is under way with {@link DukcapilUnavailableError}; nothing is called after it. */
  close(): void;
}

const BREAKER_STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
};

/** @param random  0 ≤ x < 1, for the jitter */
export function createCaller(
  policy: CallPolicy,
  observer: CallObserver = {},
  random: () => number = Math.random,
): Caller {
  const closing = new AbortController();
  // Every question obeys a registry that asked one of them to wait. On the clock that nobody sets.
  let notBefore = 0;

  const failed = (error: Error) =>
    error instanceof DukcapilUnavailableError && !(error instanceof DukcapilQueryError);
  const pauseOf = (error: unknown) => (error instanceof DukcapilUnavailableError ? error.retryAfterMs : null);

  const deadline = timeout(policy.deadlineMs, TimeoutStrategy.Aggressive);
  const again = retry(
    handleWhen((error) => failed(error) && (pauseOf(error) ?? 0) <= policy.maxBackoffMs),
    {
      maxAttempts: policy.tries - 1,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const pause = "error" in result ? pauseOf(result.error) : null;
        const most = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (attempt - 1));
        // Jitter on top of the pause asked for: everybody was told the same moment.
        return (pause ?? 0) + random() * most;
      }),
    },
  );
  const breaker = circuitBreaker(
    // A registry that says "later" is alive.
    handleWhen((error) => failed(error) && pauseOf(error) === null),
    { breaker: new ConsecutiveBreaker(policy.breakAfter), halfOpenAfter: policy.breakMs },
  );
  breaker.onStateChange((state) => observer.breaker?.(BREAKER_STATES[state]));
  const policies = wrap(deadline, again, breaker, bulkhead(policy.concurrency, policy.queue));

  async function observed<T>(attempt: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const wait = notBefore - performance.now();
    if (wait > 0) {
      throw new DukcapilUnavailableError("the civil registry has asked for a pause", { retryAfterMs: wait });
    }
    const timeUp = AbortSignal.timeout(policy.timeoutMs);
    const started = performance.now();
    const tell = (outcome: "answered" | "unavailable" | "busy" | "refused") =>
      observer.attempt?.({ outcome, milliseconds: performance.now() - started });
    try {
      const answer = await attempt(AbortSignal.any([signal, timeUp]));
      tell("answered");
      return answer;
    } catch (error) {
      // Cut short by the question's own deadline: says nothing of the registry.
      if (signal.aborted) throw new TaskCancelledError();
      const pause = pauseOf(error);
      if (pause !== null) notBefore = Math.max(notBefore, performance.now() + pause);
      tell(error instanceof DukcapilQueryError ? "refused" : pause !== null ? "busy" : "unavailable");
      throw error;
    }
  }

  return {
    async call(attempt) {
      try {
        // A question that waited in line is begun by whoever leaves it: its traces must stay its own.
        const mine = AsyncResource.bind((signal: AbortSignal) => observed(attempt, signal));
        return await policies.execute(({ signal }) => mine(signal), closing.signal);
      } catch (error) {
        throw inOurWords(error, policy);
      }
    },
    breaker: () => BREAKER_STATES[breaker.state],
    close: () => closing.abort(),
  };
}

function inOurWords(error: unknown, policy: CallPolicy): unknown {
  if (isBrokenCircuitError(error)) {
    return new DukcapilUnavailableError(
      "the civil registry has failed too often and is left alone for a while",
      {
        retryAfterMs: policy.breakMs,
      },
    );
  }
  if (isBulkheadRejectedError(error)) {
    return new DukcapilUnavailableError("too many questions wait for the civil registry");
  }
  if (error instanceof TaskCancelledError) {
    return new DukcapilUnavailableError(
      `the civil registry gave no answer in time (${policy.deadlineMs} ms)`,
    );
  }
  return error;
}
