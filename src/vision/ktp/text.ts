/** Letters and digits alone, in capitals: what two spellings of one name share. */
export const bare = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/g, "");

/** Pairs that the recogniser takes for one another; such a slip counts half. */
const ALIKE_PAIRS = [
  "O0",
  "OQ",
  "OD",
  "D0",
  "I1",
  "IL",
  "L1",
  "B8",
  "S5",
  "Z2",
  "G6",
  "UV",
  "VY",
  "MN",
  "CG",
  "EF",
  "IJ",
  "IT",
  "HN",
  "RK",
  "PF",
] as const;
/** What taking one character for another costs, by their codes below {@link CODES}. */
const CODES = 128;
const SWAP = new Float64Array(CODES * CODES).fill(1);
for (let code = 0; code < CODES; code++) SWAP[code * CODES + code] = 0;
for (const [a, b] of ALIKE_PAIRS)
  for (const [p, q] of [
    [a, b],
    [b, a],
  ])
    SWAP[p.charCodeAt(0) * CODES + q.charCodeAt(0)] = 0.5;
const swapCost = (p: number, q: number): number =>
  p < CODES && q < CODES ? SWAP[p * CODES + q] : p === q ? 0 : 1;

/** Two rows of a table of distances, which grow with the longest text. */
let [previous, current] = [new Float64Array(64), new Float64Array(64)];

function makeRoom(length: number): void {
  if (length < previous.length) return;
  previous = new Float64Array(2 * length);
  current = new Float64Array(2 * length);
}

/**
 * Edit distance (Levenshtein) in which letters that look alike cost half.
 * @param most  beyond it the exact value does not matter: anything larger may be returned
 */
export function distance(a: string, b: string, most = Number.POSITIVE_INFINITY): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most) return most + 1;
  makeRoom(b.length);
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  // What lies further from the diagonal than that costs more than `most`.
  const reach = Math.floor(most);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - reach);
    const to = Math.min(b.length, i + reach);
    current[from - 1] = from === 1 ? i : Number.POSITIVE_INFINITY;
    let least = current[from - 1];
    const p = a.charCodeAt(i - 1);
    for (let j = from; j <= to; j++) {
      const value = Math.min(
        previous[j] + 1,
        current[j - 1] + 1,
        previous[j - 1] + swapCost(p, b.charCodeAt(j - 1)),
      );
      current[j] = value;
      if (value < least) least = value;
    }
    if (least > most) return most + 1;
    if (to < b.length) current[to + 1] = Number.POSITIVE_INFINITY;
    [previous, current] = [current, previous];
  }
  return previous[b.length];
}

/**
 * The least {@link distance} of `part` from any part of `text` (Sellers 1980, "The theory and computation of evolutionary
 * distances": a match may begin and end anywhere at no cost).
 */
export function distanceWithin(part: string, text: string): number {
  makeRoom(text.length);
  previous.fill(0, 0, text.length + 1);
  for (let i = 1; i <= part.length; i++) {
    current[0] = i;
    const p = part.charCodeAt(i - 1);
    for (let j = 1; j <= text.length; j++)
      current[j] = Math.min(
        previous[j] + 1,
        current[j - 1] + 1,
        previous[j - 1] + swapCost(p, text.charCodeAt(j - 1)),
      );
    [previous, current] = [current, previous];
  }
  let least = part.length;
  for (let j = 0; j <= text.length; j++) least = Math.min(least, previous[j]);
  return least;
}

/** The best of a list, and how far the second best is. */
export interface Nearest<T> {
  readonly item: T;
  readonly distance: number;
  readonly runnerUp: number;
}

/** @param spell  how an item is spelled, bare */
export function nearest<T>(text: string, items: Iterable<T>, spell: (item: T) => string): Nearest<T> | null {
  let best: T | undefined;
  let [first, second] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let bestSpelling = "";
  for (const item of items) {
    const spelling = spell(item);
    const d = distance(text, spelling, Math.min(second, text.length));
    if (d < first) {
      if (spelling !== bestSpelling) second = first;
      [best, first, bestSpelling] = [item, d, spelling];
    } else if (d < second && spelling !== bestSpelling) second = d;
  }
  return best === undefined ? null : { item: best, distance: first, runnerUp: second };
}

/** Whether a correction is safe: little to correct, and nothing else nearly as near. */
export const clear = (text: string, { distance: d, runnerUp }: Nearest<unknown>): boolean =>
  d === 0 || (d <= Math.max(1, text.length / 5) && runnerUp - d >= 1);

/** The middle one of some numbers, 0 of none. */
export const median = (numbers: readonly number[]): number =>
  numbers.length > 0 ? Float64Array.from(numbers).sort()[numbers.length >> 1] : 0;
