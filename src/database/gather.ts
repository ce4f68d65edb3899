import { setImmediate as turn } from "node:timers/promises";

/** What the server says of a value that it refuses: a fault of that call alone (SQLSTATE classes 22 and 23). */
const REFUSES_VALUE = /^2[23]/;

const refusesValue = (error: unknown) =>
  REFUSES_VALUE.test(String((error as { readonly code?: unknown } | null)?.code ?? ""));

/**
 * Lets calls that come in one turn of the event loop, or while others are under way, share a statement: many at a time
 * cost few round trips. A call is never part of a statement that was sent before it came.
 *
 * Where the server refuses a value, each call of that statement is carried out again by itself, so that a fault of one
 * is none of the others'. Any other error is an error of all.
 *
 * @param work    carries out some calls by one statement; its answers stand in the order of the calls
 * @param most    calls of one statement
 * @param atOnce  statements under way at once
 */
export function gather<Q, A>(
  work: (calls: readonly Q[]) => Promise<readonly A[]>,
  { most, atOnce }: { readonly most: number; readonly atOnce: number },
): (call: Q) => Promise<A> {
  type Waiting = { readonly call: Q; readonly settled: PromiseWithResolvers<A> };
  const waiting: Waiting[] = [];
  let underWay = 0;

  async function carryOut(calls: readonly Waiting[]): Promise<void> {
    try {
      const answers = await work(calls.map(({ call }) => call));
      for (const [i, { settled }] of calls.entries()) settled.resolve(answers[i]!);
    } catch (error) {
      if (calls.length > 1 && refusesValue(error)) {
        for (const one of calls) await carryOut([one]);
      } else for (const { settled } of calls) settled.reject(error);
    }
  }

  async function drain(): Promise<void> {
    underWay++;
    // Requests that were read from the network together ask in one turn: a statement for the first of them alone would
    // let the others wait for its answer.
    await turn();
    while (waiting.length > 0) await carryOut(waiting.splice(0, most));
    underWay--;
  }

  return (call) => {
    const settled = Promise.withResolvers<A>();
    waiting.push({ call, settled });
    if (underWay < atOnce) void drain();
    return settled.promise;
  };
}
