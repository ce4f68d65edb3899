/** What the recogniser saw along a line: for each step a chance for each class of its alphabet. */
export interface Reading {
  /** Index 0 is the CTC blank. */
  readonly alphabet: readonly string[];
  /** steps × alphabet, 0..1. */
  readonly chances: Float32Array;
  readonly steps: number;
  /** Pixels of the straightened line for each step. */
  readonly stepWidth: number;
}

export interface Letter {
  readonly char: string;
  /** 0..1 */
  readonly score: number;
  /** Its middle, in pixels of the straightened line. */
  readonly x: number;
  /** The steps in which it was seen, the first and the last. */
  readonly from: number;
  readonly to: number;
  /** How sure it is, 0..1, that a space follows, or that none does; absent where nobody looked. */
  readonly joint?: number;
}

/** Which character a character counts as; null for one that cannot stand there. */
export type Fold = (char: string) => string | null;

export const AS_READ: Fold = (char) => char;

/** Values are printed in capitals; a small `l` is then an `I`. */
export const CAPITALS: Fold = (char) => (char === "l" || char === "|" ? "I" : char.toUpperCase());

/** Letters and signs that are read in place of a digit. */
const DIGIT_FOR: Readonly<Record<string, string>> = {
  O: "0",
  o: "0",
  Q: "0",
  D: "0",
  U: "0",
  C: "0",
  I: "1",
  l: "1",
  i: "1",
  L: "1",
  "|": "1",
  "!": "1",
  "]": "1",
  "[": "1",
  J: "1",
  Z: "2",
  z: "2",
  E: "3",
  A: "4",
  h: "4",
  H: "4",
  S: "5",
  s: "5",
  G: "6",
  b: "6",
  "?": "7",
  T: "7",
  Y: "7",
  B: "8",
  g: "9",
  q: "9",
};

/** The digit that a character in a place of digits stands for; null for what cannot be one. */
export const digitFor: Fold = (char) => (/^\d$/.test(char) ? char : (DIGIT_FOR[char] ?? null));

/** Places of digits alone. */
export const DIGITS: Fold = digitFor;

const foldTables = new WeakMap<readonly string[], Map<Fold, Int16Array>>();

/** For each class of the alphabet the class it counts as, −1 for none. */
function tableOf(alphabet: readonly string[], fold: Fold): Int16Array {
  const tables = foldTables.get(alphabet) ?? new Map<Fold, Int16Array>();
  foldTables.set(alphabet, tables);
  let table = tables.get(fold);
  if (!table) {
    const index = new Map(alphabet.map((char, i) => [char, i]));
    table = Int16Array.from(alphabet, (char, i) => {
      const as = i === 0 ? "" : fold(char);
      return as === null ? -1 : (index.get(as) ?? -1);
    });
    tables.set(fold, table);
  }
  return table;
}

/**
 * Greedy CTC: the likeliest class of each step, runs of one class taken together, blanks left out.
 * @param fold      chances of characters that count as one are added up
 * @param from, to  the steps to look at, `to` exclusive
 */
export function decode(reading: Reading, fold: Fold, from = 0, to = reading.steps): Letter[] {
  const { alphabet, chances, stepWidth } = reading;
  const table = tableOf(alphabet, fold);
  const classes = alphabet.length;
  const sums = new Float32Array(classes);
  const letters: Letter[] = [];
  let previous = 0;
  for (let t = from; t < to; t++) {
    sums.fill(0);
    for (let c = 0, i = t * classes; c < classes; c++, i++) if (table[c] >= 0) sums[table[c]] += chances[i];
    let best = 0;
    for (let c = 1; c < classes; c++) if (sums[c] > sums[best]) best = c;
    const score = Math.min(1, sums[best]);
    if (best !== 0 && best === previous) {
      const last = letters[letters.length - 1];
      const stronger = score > last.score;
      letters[letters.length - 1] = {
        ...last,
        to: t,
        score: stronger ? score : last.score,
        x: stronger ? (t + 0.5) * stepWidth : last.x,
      };
    } else if (best !== 0) {
      letters.push({ char: alphabet[best], score, x: (t + 0.5) * stepWidth, from: t, to: t });
    }
    previous = best;
  }
  return letters;
}

/** The greatest chance of a character in some steps, `to` inclusive. */
export function chanceOf(
  { alphabet, chances, steps }: Reading,
  char: string,
  from: number,
  to: number,
): number {
  const c = alphabet.indexOf(char);
  let most = 0;
  for (let t = Math.max(0, from); t <= Math.min(steps - 1, to); t++)
    most = Math.max(most, chances[t * alphabet.length + c]);
  return most;
}

/** For each digit its chance where a letter was seen, folded like {@link DIGITS}; together 1 where any is seen at all. */
export function digitChances(reading: Reading, { from, to }: Letter): number[] {
  const { alphabet, chances } = reading;
  const sums = new Array<number>(10).fill(0);
  for (let t = from; t <= to; t++) {
    for (let c = 1; c < alphabet.length; c++) {
      const digit = DIGITS(alphabet[c]);
      if (digit !== null) sums[Number(digit)] += chances[t * alphabet.length + c];
    }
  }
  const all = sums.reduce((a, b) => a + b, 0);
  return all > 0 ? sums.map((sum) => sum / all) : sums;
}

/** A reading that says `text` and nothing else, each letter with the chance `score`. */
export function spelled(
  text: string,
  score: number,
  alphabet: readonly string[],
): { readonly letters: Letter[]; readonly reading: Reading } {
  // A blank behind each letter keeps doubled ones apart.
  const steps = 2 * text.length;
  const chances = new Float32Array(steps * alphabet.length);
  [...text].forEach((char, i) => {
    chances[2 * i * alphabet.length + alphabet.indexOf(char)] = score;
    chances[(2 * i + 1) * alphabet.length] = 1;
  });
  const reading = { alphabet, chances, steps, stepWidth: 8 };
  return { letters: decode(reading, AS_READ), reading };
}
