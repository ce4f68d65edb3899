import { KTP_FIELDS, type KtpField, type KtpOcrResult } from "../facts.ts";

/** One field of one card against its truth. */
export interface FieldOutcome {
  readonly field: KtpField;
  readonly expected: string;
  readonly got: string | null;
  readonly confidence: number;
  /** `spacing`: equal when spaces are left out. */
  readonly outcome: "exact" | "spacing" | "miss";
}

/** The sums over a set of cards; the names are part of the command line's promise. */
export interface KtpSummary {
  readonly cards: number;
  /** Fields with a truth, over all cards. */
  readonly fields: number;
  readonly exact: number;
  /** Fields that are equal when spaces are left out, the exact ones among them. */
  readonly exact_but_spacing: number;
  readonly nik_exact: number;
  /** NIKs said with more than {@link CONFIDENT} and wrong. */
  readonly confident_wrong_nik: number;
  /** Fields said with {@link SURE} or more, and those of them that are exact. */
  readonly sure: number;
  readonly sure_exact: number;
}

/** A NIK said with more than this must be right. */
const CONFIDENT = 0.9;
/** Of the fields said with at least this nearly all must be exact. */
export const SURE = 0.95;
/** Lower ends of the buckets of confidence. */
const BUCKETS = [0, 0.5, 0.8, 0.9, 0.95, 0.99] as const;

const unspaced = (text: string) => text.replace(/\s/g, "");

/**
 * Compares a reading with the truth, field by field.
 * @param truth   fields by name; others than a KTP's are left out, and so is a null
 * @param result  null where the picture could not be read at all
 */
export function compareKtp(
  truth: Readonly<Record<string, string | null>>,
  result: KtpOcrResult | null,
): FieldOutcome[] {
  return KTP_FIELDS.flatMap((field) => {
    const expected = truth[field];
    if (typeof expected !== "string") return [];
    const got = result?.[field] ?? null;
    const same = got !== null && unspaced(got) === unspaced(expected);
    const outcome = got === expected ? "exact" : same ? "spacing" : "miss";
    return [{ field, expected, got, confidence: result?.fields[field].confidence ?? 0, outcome }];
  });
}

/** Sums up cards, each as {@link compareKtp} gave it. */
export function ktpSummary(cards: readonly (readonly FieldOutcome[])[]): KtpSummary {
  const all = cards.flat();
  const sure = all.filter(({ got, confidence }) => got !== null && confidence >= SURE);
  const nik = all.filter(({ field }) => field === "nik");
  const count = <T>(list: readonly T[], is: (item: T) => boolean) => list.filter(is).length;
  return {
    cards: cards.length,
    fields: all.length,
    exact: count(all, ({ outcome }) => outcome === "exact"),
    exact_but_spacing: count(all, ({ outcome }) => outcome !== "miss"),
    nik_exact: count(nik, ({ outcome }) => outcome === "exact"),
    confident_wrong_nik: count(
      nik,
      ({ outcome, confidence, got }) => got !== null && outcome !== "exact" && confidence > CONFIDENT,
    ),
    sure: sure.length,
    sure_exact: count(sure, ({ outcome }) => outcome === "exact"),
  };
}

/** How often each field is exact. */
export function byField(
  cards: readonly (readonly FieldOutcome[])[],
): { field: KtpField; fields: number; exact: number; exact_but_spacing: number }[] {
  return KTP_FIELDS.map((field) => {
    const of = cards.flat().filter((outcome) => outcome.field === field);
    return {
      field,
      fields: of.length,
      exact: of.filter(({ outcome }) => outcome === "exact").length,
      exact_but_spacing: of.filter(({ outcome }) => outcome !== "miss").length,
    };
  }).filter(({ fields }) => fields > 0);
}

/** The reliability table: of the fields said with a confidence, how many are exact. */
export function reliability(
  cards: readonly (readonly FieldOutcome[])[],
): { from: number; to: number; said: number; exact: number }[] {
  const said = cards.flat().filter(({ got }) => got !== null);
  return BUCKETS.map((from, i) => {
    const to = BUCKETS[i + 1] ?? 1;
    const inside = said.filter(
      ({ confidence }) => confidence >= from && (confidence < to || i === BUCKETS.length - 1),
    );
    return {
      from,
      to,
      said: inside.length,
      exact: inside.filter(({ outcome }) => outcome === "exact").length,
    };
  });
}
