import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** One of those whose times are set beside each other. */
export interface Contestant<Name extends string = string> {
  readonly name: Name;
  /**
   * One run.
   * @param round  0, 1, …: the same for all contestants of a round, so that each can be given the same picture
   * @returns milliseconds
   */
  run(round: number): Promise<number>;
}

/** What one contestant took, one number for each round, in the order of the rounds. */
export interface Taken {
  /** Milliseconds, as its runs told them. */
  readonly wall: readonly number[];
  /** Milliseconds of processor time, of all threads of this process: what a busy machine hardly changes. */
  readonly cpu: readonly number[];
}

export type Times<Name extends string = string> = Readonly<Record<Name, Taken>>;

export interface RaceOptions {
  /** Rounds that count. */
  readonly runs: number;
  /** Rounds before these, not counted. */
  readonly warmUp: number;
  /** Told before each round, warm-up included: 1 .. `of`. */
  readonly onRound?: (number: number, of: number) => void;
}

/** Milliseconds that `work` takes. */
export async function clock(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/**
 * Runs the contestants in turn, one run each a round, so that a machine that slows down slows all of them. Whoever was
 * second in one round is first in the next: nobody always runs in the wake of the same other one.
 */
export async function race<Name extends string>(
  contestants: readonly Contestant<Name>[],
  { runs, warmUp, onRound }: RaceOptions,
): Promise<Times<Name>> {
  const times = Object.fromEntries(
    contestants.map(({ name }) => [name, { wall: [], cpu: [] }]),
  ) as unknown as Record<Name, { readonly wall: number[]; readonly cpu: number[] }>;
  for (let round = 0; round < warmUp + runs; round++) {
    onRound?.(round + 1, warmUp + runs);
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(round + turn) % contestants.length];
      collectGarbage();
      const before = process.cpuUsage();
      const milliseconds = await contestant.run(round);
      const { user, system } = process.cpuUsage(before);
      if (round < warmUp) continue;
      times[contestant.name].wall.push(milliseconds);
      times[contestant.name].cpu.push((user + system) / 1000);
    }
  }
  return times;
}

setFlagsFromString("--expose-gc");
/** Before each run, outside of its time: nobody pays for what another one left behind. */
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * The value below which a share of all lies, between two of them by linear interpolation.
 * @param values  at least one, in any order
 * @param share   0..1
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("there is no quantile of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

/** @param values  at least one */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * How many times `ours` goes into `theirs`: the median of the rounds' ratios. A slow moment of the machine stretches
 * both sides of one round, and so leaves this alone where a ratio of two medians would show it.
 * @param theirs, ours  milliseconds of the same rounds, same length, at least one
 */
export function ratio(theirs: readonly number[], ours: readonly number[]): number {
  if (theirs.length !== ours.length)
    throw new RangeError(`${theirs.length} rounds cannot be set against ${ours.length}`);
  return median(theirs.map((milliseconds, round) => milliseconds / ours[round]));
}
