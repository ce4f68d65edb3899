/**
 * How alike two Indonesian names are, fair to what makes one person's name look different on two papers: titles and
 * degrees, MUHAMMAD in its twenty forms, initials, old spelling, lost spaces, a slip of the reader.
 */

/** From here on two names are taken for one person's, written differently. Chosen on the table in the test. */
export const SAME_NAME_SCORE = 0.85;

/** What two words of a name are worth to each other, 0..1. */
const SAME_SPELLING_SCORE = 0.95;
const INITIAL_SCORE = 0.9;
/** Below this share of equal letters two words are different words, worth nothing. */
const MIN_WORD_SIMILARITY = 0.7;
/** A name whose words stand in another order loses this much. */
const ORDER_PENALTY = 0.05;

/** Titles before a name: academic, military, religious, noble. */
const TITLES = new Set(
  "DR DRA DRS DRG DRH IR PROF H HJ KH KHJ HAJI HAJJAH KYAI USTADZ USTAD USTADZAH HABIB RADEN RD RR RA TN NY NN SDR SDRI".split(
    " ",
  ),
);

/** Degrees after a name, without their dots. */
const DEGREES = new Set(
  (
    "SE SH ST SS SI SPD SPDI SAG SKOM SSI SSOS SIP SIKOM SPSI SKM SKEP SKED SKG SFARM SP SPI SPT SHUT STP STRK SSTP SSN " +
    "SAK SAB SAP SST STH SHI SEI SEK SPDSD SGZ SDS SOR " +
    "MM MH MT MA MSI MPD MPDI MKOM MAG MAK MAP MIP MSC MBA MENG MKES MKN MED MHUM MPSI MSE MFARM MPH MSN MARS MTI LLM " +
    "AMD AMK AMKEB AMDKEB AMAPD BA BSC PHD APT NERS NS SPOG SPA SPB SPPD SPAN SPM SPJP SPKK SPTHT CPA CA AK"
  ).split(" "),
);

/** Forms of one name that no count of letters would call alike. */
const FORMS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    (
      "M MD MHD MOH MOCH MOHD MUH MUHD MUCH MOHAMAD MOHAMMAD MOHAMED MOHAMMED MUHAMAD MUHAMMED MOCHAMAD MOCHAMMAD MOCHAMED " +
      "MUCHAMAD MUCHAMMAD MOKHAMAD MOKHAMMAD MUKHAMAD MUKHAMMAD"
    )
      .split(" ")
      .map((form) => [form, "MUHAMMAD"]),
  ),
  ABD: "ABDUL",
  ABDL: "ABDUL",
  ABDOEL: "ABDUL",
  AHM: "AHMAD",
  ACHMAD: "AHMAD",
  AKHMAD: "AHMAD",
  ST: "SITI",
  STI: "SITI",
  BT: "BINTI",
  BTI: "BINTI",
  B: "BIN",
};

/** Old spelling (van Ophuijsen 1901, Soewandi 1947 → EYD 1972) and sounds that clerks write in more than one way. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/OE/g, "U"],
  [/TJ/g, "C"],
  [/DJ/g, "J"],
  [/NJ/g, "NY"],
  [/SJ|SY|SH/g, "S"],
  [/CH|KH|Q/g, "K"],
  [/DZ|DH/g, "D"],
  [/TH/g, "T"],
  [/PH|V/g, "F"],
  [/KS/g, "X"],
  [/Z/g, "S"],
  [/Y/g, "I"],
  [/(.)\1+/g, "$1"],
  [/(?<=.)H$/, ""],
];

/**
 * @param a, b  names as written; case, accents, punctuation and spacing do not count
 * @returns 0..1. 1: the same letters once titles and degrees are set aside. {@link SAME_NAME_SCORE} and more: one name
 *   written in two ways. Words are paired so that the letters covered are worth most; a word without a partner counts
 *   against it by its length. Null where either holds no letter: there is nothing to compare
 */
export function nameScore(a: string, b: string): number | null {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  if (left.length === 0 || right.length === 0) return null;
  const [joinedLeft, joinedRight] = [left.join(""), right.join("")];
  if (joinedLeft === joinedRight) return 1;
  const paired = pairedScore(left, right);
  // Lost spaces leave no words to pair: then the letters in a row are the second opinion.
  return left.length === right.length ? paired : Math.max(paired, similarity(joinedLeft, joinedRight));
}

/**
 * Whether two names hold the same letters and digits in the same order; case, accents, punctuation and spacing do not
 * count, titles and degrees do.
 */
export function sameLetters(a: string, b: string): boolean {
  return lettersOf(a) === lettersOf(b);
}

function lettersOf(name: string): string {
  return plain(name).replace(/[^\p{L}\p{N}]/gu, "");
}

function plain(name: string): string {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toUpperCase();
}

/** The words of a name without titles and degrees; the name as it is where nothing else would be left. */
function wordsOf(name: string): string[] {
  // An apostrophe is part of its word (NUR'AINI); the dots of S.PD hold one degree together.
  const [proper = "", ...afterComma] = plain(name)
    .replace(/['`´‘’]/g, "")
    .split(",");
  const split = (text: string) => text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const words = proper.split(/\s+/).flatMap((part) => {
    const [name, degree] = splitDegree(part);
    return degree ? [...split(name), degree] : split(part);
  });
  while (words.length > 1 && TITLES.has(words[0]!)) words.shift();
  while (words.length > 1 && DEGREES.has(words.at(-1)!)) words.pop();
  return words.length > 0 ? words : split(afterComma.join(" "));
}

/** `S.PD` → ["", "SPD"]; `RIYANTO.S.PD`, its space lost by the reader → ["RIYANTO", "SPD"]; else no degree. */
function splitDegree(part: string): readonly [name: string, degree: string | null] {
  const pieces = part.split(".").map((piece) => piece.replace(/[^\p{L}\p{N}]/gu, ""));
  for (let from = 0; from < pieces.length - 1; from++) {
    const degree = pieces.slice(from).join("");
    if (DEGREES.has(degree)) return [pieces.slice(0, from).join(" "), degree];
  }
  return [part, null];
}

function pairedScore(left: readonly string[], right: readonly string[]): number {
  const pairs = left
    .flatMap((a, i) => right.map((b, j) => ({ i, j, score: wordScore(a, b), letters: a.length + b.length })))
    .filter(({ score }) => score > 0)
    .sort((x, y) => y.score * y.letters - x.score * x.letters || Math.abs(x.i - x.j) - Math.abs(y.i - y.j));
  const partnerOf = new Map<number, number>();
  const taken = new Set<number>();
  let covered = 0;
  let letters = left.join("").length + right.join("").length;
  for (const { i, j, score } of pairs) {
    if (partnerOf.has(i) || taken.has(j)) continue;
    partnerOf.set(i, j);
    taken.add(j);
    // An initial stands for its whole word, so it weighs what that word weighs.
    const longer = Math.max(left[i]!.length, right[j]!.length);
    letters += 2 * longer - left[i]!.length - right[j]!.length;
    covered += score * 2 * longer;
  }
  const partners = [...partnerOf.entries()].sort(([x], [y]) => x - y).map(([, j]) => j);
  const inOrder = partners.every((j, k) => k === 0 || partners[k - 1]! < j);
  return Math.max(0, covered / letters - (inOrder ? 0 : ORDER_PENALTY));
}

function wordScore(a: string, b: string): number {
  if (a === b) return 1;
  const [formA, formB] = [FORMS[a] ?? a, FORMS[b] ?? b];
  if (formA === formB) return SAME_SPELLING_SCORE;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length === 1 && long.startsWith(short)) return INITIAL_SCORE;
  const [soundA, soundB] = [soundOf(formA), soundOf(formB)];
  if (soundA === soundB) return SAME_SPELLING_SCORE;
  const score = Math.max(similarity(a, b), similarity(soundA, soundB) * SAME_SPELLING_SCORE);
  return score >= MIN_WORD_SIMILARITY ? score : 0;
}

function soundOf(word: string): string {
  return SPELLINGS.reduce((sound, [pattern, by]) => sound.replace(pattern, by), word);
}

/** 1 − edits / length of the longer; a swap of neighbours is one edit (optimal string alignment distance). */
function similarity(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, before[j - 2]! + 1);
      }
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return 1 - row[b.length]! / Math.max(a.length, b.length);
}
