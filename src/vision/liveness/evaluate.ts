export type Presentation = "live" | "print" | "replay" | "cutout";

/** One picture whose truth is known; `live` is the verdict, null where the picture could not be judged: not passed. */
export interface LivenessCase {
  readonly label: Presentation;
  /** 0..1. */
  readonly confidence: number | null;
}

/** Rates after ISO/IEC 30107-3; null where no picture of the kind was given. */
export interface LivenessSummary {
  readonly files: number;
  readonly threshold: number;
  /** Share 0..1 of the attacks of a kind that pass for live. */
  readonly apcer: Readonly<Record<Exclude<Presentation, "live">, number | null>>;
  /** Share 0..1 of living people who are refused. */
  readonly bpcer: number | null;
  /** Mean of `bpcer` and the worst `apcer`. */
  readonly acer: number | null;
}

/**
 * How well living people are told from prints and screens.
 * @param threshold  confidence; live from there on
 */
export function livenessSummary(cases: readonly LivenessCase[], threshold: number): LivenessSummary {
  const passed = (label: Presentation): number | null => {
    const of = cases.filter((one) => one.label === label);
    const live = of.filter(({ confidence }) => confidence !== null && confidence >= threshold);
    return of.length === 0 ? null : live.length / of.length;
  };
  const live = passed("live");
  const apcer = { print: passed("print"), replay: passed("replay"), cutout: passed("cutout") };
  const bpcer = live === null ? null : 1 - live;
  const attacks = Object.values(apcer).filter((rate) => rate !== null);
  const acer = bpcer === null || attacks.length === 0 ? null : (bpcer + Math.max(...attacks)) / 2;
  return { files: cases.length, threshold, apcer, bpcer, acer };
}

/** One sequence of frames whose truth is known. */
export interface ChallengeCase {
  /** `live`, or the kind of attack. */
  readonly label: string;
  readonly passed: boolean;
}

/** Counts, since shares of few say little. */
export interface ChallengeSummary {
  readonly kinds: Readonly<Record<string, { readonly sequences: number; readonly passed: number }>>;
  readonly live: number;
  readonly live_passed: number;
  readonly attacks: number;
  readonly attacks_passed: number;
}

/** How many of each kind pass the challenge. */
export function challengeSummary(cases: readonly ChallengeCase[]): ChallengeSummary {
  const count = (of: readonly ChallengeCase[]) => ({
    sequences: of.length,
    passed: of.filter(({ passed }) => passed).length,
  });
  const labels = [...new Set(cases.map(({ label }) => label))];
  const live = count(cases.filter(({ label }) => label === "live"));
  const attacks = count(cases.filter(({ label }) => label !== "live"));
  return {
    kinds: Object.fromEntries(
      labels.map((label) => [label, count(cases.filter((one) => one.label === label))]),
    ),
    live: live.sequences,
    live_passed: live.passed,
    attacks: attacks.sequences,
    attacks_passed: attacks.passed,
  };
}
