import {
  CUE_NAMES,
  CUES,
  type Cue,
  type CueWeight,
  doubtOf,
  type Fusion,
  type Measures,
  networksOf,
} from "./fusion.ts";

/** One picture whose truth is known. */
export interface Example {
  /** `live`, or the kind of attack. */
  readonly label: string;
  readonly measures: Measures;
}

/** How the fit is done. */
export const FIT = {
  /** Share of the living whose cue stays within `from`: the rest is met with doubt. */
  within: 0.98,
  /** Cost of the square of a weight, beside the mean cost of an example. */
  ridge: 0.01,
  steps: 5_000,
  rate: 0.05,
  /** The confidence that is put in the middle between the living and the attacks: the shipped threshold. */
  threshold: 0.7,
  /** Shares of the living, and of the worst kind of attack, between whose logits the middle is taken. */
  tail: 0.02,
  /** By so many logits the doubtful living stay above the threshold, whatever attacks that nothing sees do. */
  margin: 1,
} as const;

/**
 * Fits a logistic model by gradient descent: the living weigh as much as all attacks, each kind of attack as much as
 * every other, and no weight may be negative, so that no cue speaks against an attack. The cues are fitted first, alone:
 * beside networks that see most of what they see they would count for little, and be missed where the networks fail.
 * Then the networks' weight is found beside them. The intercept is set last: {@link FIT.threshold} stands halfway
 * between the doubtful living and the best of the worst kind of attacks, but by {@link FIT.margin} below the living, and
 * no higher than where the networks find "real" as likely as not and no cue speaks. The same examples give the same
 * numbers.
 * @param networks  whether the networks' probabilities count; without them the cues stand alone
 * @throws RangeError where there are no living examples, or no attacks
 */
export function fitFusion(examples: readonly Example[], networks: boolean): Fusion {
  const live = examples.filter(({ label }) => label === "live");
  const kinds = [...new Set(examples.map(({ label }) => label))].filter((label) => label !== "live");
  if (live.length === 0 || kinds.length === 0)
    throw new RangeError("both living people and attacks are needed");
  const truths = examples.map(({ label }) => (label === "live" ? 1 : 0));
  const shares = examples.map(({ label }) => {
    const of = examples.filter((one) => one.label === label).length;
    return label === "live" ? 0.5 / of : 0.5 / (kinds.length * of);
  });
  const ramps = CUE_NAMES.map((cue) => rampOf(cue, live));
  const doubts = examples.map(({ measures }) =>
    CUE_NAMES.map((cue, i) => -doubtOf(cue, measures[cue], ramps[i])),
  );
  const none = examples.map(() => 0);
  const [, ...weights] = descend(
    doubts.map((row) => [1, ...row]),
    truths,
    shares,
    none,
  );
  const known = doubts.map((row) => row.reduce((sum, v, k) => sum + v * weights[k], 0));
  const said = examples.map(({ measures }) => [1, networks ? networksOf(measures) : 0]);
  const [, real] = descend(said, truths, shares, known);
  const logits = (label: string) =>
    examples.flatMap((one, i) => (one.label === label ? [known[i] + real * said[i][1]] : []));
  const worst = Math.max(...kinds.map((kind) => quantile(logits(kind), 1 - FIT.tail)));
  const doubtful = quantile(logits("live"), FIT.tail);
  const turning = Math.min((doubtful + worst) / 2, doubtful - FIT.margin, 0);
  const wanted = Math.log(FIT.threshold / (1 - FIT.threshold));
  return rounded({
    intercept: wanted - turning,
    real,
    cues: Object.fromEntries(CUE_NAMES.map((cue, i) => [cue, { ...ramps[i], weight: weights[i] }])) as Record<
      Cue,
      CueWeight
    >,
  });
}

/**
 * How far a cue may go among the living at least, and how much they may differ, in its unit, whatever few examples say:
 * the simulator's people stand before plain grounds in fair light. Photographs of people before doors and shelves,
 * against windows, in haze and in grey shirts were measured to come so far.
 */
const LIVING: Readonly<Record<Cue, { readonly from: number; readonly scale: number }>> = {
  pattern: { from: 14, scale: 2 },
  colour_grain: { from: 1, scale: 0.2 },
  frame: { from: 0.9, scale: 0.1 },
  tonal_range: { from: 0.42, scale: 0.1 },
  black_level: { from: 0.4, scale: 0.1 },
  colourfulness: { from: 0.38, scale: 0.1 },
  highlights: { from: 0.1, scale: 0.05 },
  eye_rim: { from: 0.1, scale: 0.1 },
};

/** Where a cue begins to be strange among the living, and how much they differ. */
function rampOf(cue: Cue, live: readonly Example[]): CueWeight {
  const values = live.map(({ measures }) => measures[cue]);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  const { from, scale } = LIVING[cue];
  return {
    from:
      CUES[cue] === 1
        ? Math.max(from, quantile(values, FIT.within))
        : Math.min(from, quantile(values, 1 - FIT.within)),
    scale: Math.max(scale, spread),
    weight: 0,
  };
}

/** Weights of the rows' columns, the first free and the others not negative. @param known  logits beside them */
function descend(
  rows: readonly (readonly number[])[],
  truths: readonly number[],
  shares: readonly number[],
  known: readonly number[],
): number[] {
  const weights = rows[0].map(() => 0);
  for (let step = 0; step < FIT.steps; step++) {
    const slope = weights.map((w, k) => (k === 0 ? 0 : FIT.ridge * w));
    rows.forEach((row, i) => {
      const z = row.reduce((sum, v, k) => sum + v * weights[k], known[i]);
      const error = (1 / (1 + Math.exp(-z)) - truths[i]) * shares[i];
      for (let k = 0; k < row.length; k++) slope[k] += error * row[k];
    });
    for (let k = 0; k < weights.length; k++) {
      const next = weights[k] - FIT.rate * slope[k];
      weights[k] = k === 0 ? next : Math.max(0, next);
    }
  }
  return weights;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below);
}

/** Four figures are more than the fit knows. */
function rounded({ intercept, real, cues }: Fusion): Fusion {
  const short = (v: number) => Number(v.toPrecision(4));
  return {
    intercept: short(intercept),
    real: short(real),
    cues: Object.fromEntries(
      Object.entries(cues).map(([cue, { from, scale, weight }]) => [
        cue,
        { from: short(from), scale: short(scale), weight: short(weight) },
      ]),
    ) as Record<Cue, CueWeight>,
  };
}
