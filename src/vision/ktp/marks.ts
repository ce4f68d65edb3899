import type { Matrix, Point } from "../geometry.ts";

/** Something whose place on a card is known, and where it was seen. Lengths as shares of the card's width. */
export interface Mark {
  readonly seen: Point;
  /** Where it stands; null in a direction in which it may stand anywhere. */
  readonly x: number | null;
  readonly y: number | null;
  /** How far it may stand from there. */
  readonly slack: number;
}

/**
 * How far the place that the columns of a card tell may be off: shift, scale, lean and taper of its width, shift and
 * scale of its height. What the marks say more exactly prevails.
 */
const PRIOR = { shift: 0.03, scale: 0.06, lean: 0.1, taper: 0.4 } as const;
/** Marks are weighed anew so many times: those that fit badly count less and less (Cauchy). */
const ROUNDS = 4;

/**
 * The transform that brings marks nearest to where they stand: of the width X = (a + b·x + c·y) / (1 + h·y), of the
 * height Y = (d + e·y) / (1 + h·y). Lines are level already, so they stay so. Least squares, weighted.
 * @returns maps where a mark was seen to where it stands
 */
export function fitMarks(marks: readonly Mark[]): Matrix {
  const across = marks.flatMap(({ seen: [u, v], x, slack }) =>
    x === null ? [] : [{ row: [1, u, v, -v * x], value: x, slack }],
  );
  const [a, b, c, h] = robustly(across, [
    { at: 0, usual: 0, slack: PRIOR.shift },
    { at: 1, usual: 1, slack: PRIOR.scale },
    { at: 2, usual: 0, slack: PRIOR.lean },
    { at: 3, usual: 0, slack: PRIOR.taper },
  ]);
  const down = marks.flatMap(({ seen: [, v], y, slack }) =>
    y === null ? [] : [{ row: [1, v], value: y * (1 + h * v), slack }],
  );
  const [d, e] = robustly(down, [
    { at: 0, usual: 0, slack: PRIOR.shift },
    { at: 1, usual: 1, slack: PRIOR.scale },
  ]);
  return [b, c, a, 0, e, d, 0, h, 1];
}

interface Equation {
  readonly row: readonly number[];
  readonly value: number;
  readonly slack: number;
}

/** Weighted least squares with what is usual of each unknown as equations of their own. */
function robustly(
  equations: readonly Equation[],
  priors: readonly { readonly at: number; readonly usual: number; readonly slack: number }[],
): readonly number[] {
  const n = priors.length;
  const usual: readonly Equation[] = priors.map(({ at, usual, slack }) => ({
    row: Array.from({ length: n }, (_, i) => (i === at ? 1 : 0)),
    value: usual,
    slack,
  }));
  let solution: readonly number[] = priors.map((prior) => prior.usual);
  for (let round = 0; round < ROUNDS; round++) {
    const sums = Array.from({ length: n }, () => new Float64Array(n + 1));
    for (const { row, value, slack } of [...equations, ...usual]) {
      const off = (row.reduce((sum, r, i) => sum + r * solution[i], 0) - value) / slack;
      const weight = 1 / (slack * slack * (round === 0 ? 1 : 1 + off * off));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) sums[i][j] += weight * row[i] * row[j];
        sums[i][n] += weight * row[i] * value;
      }
    }
    solution = solve(sums);
  }
  return solution;
}

/** Gauss's elimination of a positive definite system, its right side in the last column; in place. */
function solve(rows: Float64Array[]): readonly number[] {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const share = rows[k][i] / rows[i][i];
      for (let j = i; j <= n; j++) rows[k][j] -= share * rows[i][j];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}
