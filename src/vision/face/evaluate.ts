/** Two photographs whose truth is known. `similarity` is null where one of them shows no face: never a match. */
export interface FacePair {
  readonly same: boolean;
  /** Cosine −1..1. */
  readonly similarity: number | null;
}

/** One point of a ROC or DET curve. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Share 0..1 of different people's pairs that match. */
  readonly fmr: number;
  /** Share 0..1 of one person's pairs that do not. */
  readonly fnmr: number;
}

export interface FacesSummary {
  readonly pairs: number;
  /** Pairs on the wrong side of `threshold`. */
  readonly errors: number;
  readonly threshold: number;
  /** Area under the ROC curve, 0..1: how often a genuine pair is more alike than an impostor pair, ties half. */
  readonly auc: number | null;
  /** Share 0..1 of genuine pairs refused where at most 1% of the impostor pairs match. */
  readonly "fnmr_at_fmr_1e-2": number | null;
  /** … where at most 0.1% of them match. */
  readonly "fnmr_at_fmr_1e-3": number | null;
}

/**
 * How well similarities tell people apart.
 * @param threshold  cosine; a match from there on
 * @returns null where only one kind of pair was given, so that nothing can be said
 */
export function facesSummary(pairs: readonly FacePair[], threshold: number): FacesSummary {
  const matches = ({ similarity }: FacePair) => similarity !== null && similarity >= threshold;
  const curve = rocCurve(pairs);
  const fnmrAt = (fmr: number) =>
    curve.length === 0
      ? null
      : Math.min(...curve.filter((point) => point.fmr <= fmr).map((point) => point.fnmr));
  return {
    pairs: pairs.length,
    errors: pairs.filter((pair) => matches(pair) !== pair.same).length,
    threshold,
    auc: curve.length === 0 ? null : area(curve),
    "fnmr_at_fmr_1e-2": fnmrAt(0.01),
    "fnmr_at_fmr_1e-3": fnmrAt(0.001),
  };
}

/**
 * Error rates at every threshold that tells two pairs apart, from the strictest (nothing matches) to the laxest.
 * @returns empty where only one kind of pair was given
 */
export function rocCurve(pairs: readonly FacePair[]): OperatingPoint[] {
  const genuine = pairs.filter((pair) => pair.same).length;
  const impostor = pairs.length - genuine;
  if (genuine === 0 || impostor === 0) return [];
  const score = (pair: FacePair) => pair.similarity ?? Number.NEGATIVE_INFINITY;
  const sorted = pairs.toSorted((a, b) => score(b) - score(a));
  const curve: OperatingPoint[] = [{ threshold: Number.POSITIVE_INFINITY, fmr: 0, fnmr: 1 }];
  let [matched, falsely] = [0, 0];
  sorted.forEach((pair, i) => {
    if (pair.same) matched++;
    else falsely++;
    const next = sorted[i + 1];
    if (!next || score(next) < score(pair)) {
      curve.push({ threshold: score(pair), fmr: falsely / impostor, fnmr: 1 - matched / genuine });
    }
  });
  return curve;
}

function area(curve: readonly OperatingPoint[]): number {
  let sum = 0;
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1], curve[i]];
    sum += (b.fmr - a.fmr) * (1 - (a.fnmr + b.fnmr) / 2);
  }
  return sum;
}
