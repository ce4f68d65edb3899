import type { DukcapilQuery } from "./dukcapil.ts";
import { nameScore } from "./names.ts";

/** What a registry knows of a citizen, as far as it can be held against a card. */
export interface Particulars {
  readonly name: string | null;
  readonly birthPlace: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate: string | null;
}

/** How well each particular agrees, 0..1; null where one side does not know it. */
export interface Agreement {
  readonly name: number | null;
  readonly birthDate: number | null;
  readonly birthPlace: number | null;
}

/** What each is worth in the whole. Policy: a name identifies best, a place of birth is written in many ways. */
const WEIGHTS: Readonly<Record<keyof Agreement, number>> = { name: 0.6, birthDate: 0.3, birthPlace: 0.1 };

/** One digit misread, or day and month exchanged: half as good as the same date. */
const NEAR_DATE_SCORE = 0.5;

/** Holds a card against the registry's particulars. */
export function compareParticulars(query: DukcapilQuery, registry: Particulars): Agreement {
  return {
    name: registry.name === null ? null : nameScore(query.name, registry.name),
    birthDate: query.birthDate && registry.birthDate ? dateScore(query.birthDate, registry.birthDate) : null,
    birthPlace:
      query.birthPlace && registry.birthPlace ? nameScore(query.birthPlace, registry.birthPlace) : null,
  };
}

/** @returns the weighted mean of what could be compared, 0..1, in thousandths; null where nothing could */
export function matchScore(agreement: Agreement): number | null {
  let sum = 0;
  let weight = 0;
  for (const key of Object.keys(WEIGHTS) as (keyof Agreement)[]) {
    const score = agreement[key];
    if (score === null) continue;
    sum += WEIGHTS[key] * score;
    weight += WEIGHTS[key];
  }
  return weight === 0 ? null : Math.round((sum / weight) * 1_000) / 1_000;
}

/** @param a, b  YYYY-MM-DD */
function dateScore(a: string, b: string): number {
  if (a === b) return 1;
  const [year, month, day] = a.split("-");
  const differing = [...a].filter((digit, i) => digit !== b[i]).length;
  return a.length === b.length && (differing === 1 || `${year}-${day}-${month}` === b) ? NEAR_DATE_SCORE : 0;
}
