import type { KtpField } from "../facts.ts";
import { LABELS, labelAt } from "./labels.ts";
import type { Row } from "./rows.ts";
import { bare, distance, median } from "./text.ts";
import {
  dateAtEnd,
  fromList,
  GENDERS,
  gender,
  MARITAL_STATUSES,
  OCCUPATIONS,
  RELIGIONS,
  rtRw,
  validUntil,
} from "./values.ts";

/** What a row of a card is: a field, part of the headline, or nothing of the card's. */
export type RowName = KtpField | "headline" | null;

/** Rows in the order in which they stand on the card; the blood type has none of its own. */
export const ROWS: readonly KtpField[] = LABELS.map(({ field }) => field).filter(
  (field) => field !== "blood_type",
);
/** The states of a card that is read downwards: headline, the fields, what stands below them. */
const HEADLINE = -1;
const BELOW = ROWS.length;

/** How much each sign speaks for (or, below 0, against) a row being what it is said to be. */
const SIGN = {
  label: 8,
  otherLabel: -8,
  noLabel: -1,
  noValue: -0.5,
  formFits: 3,
  formDoesNot: -3,
  headlineWord: 4,
  noHeadlineWord: -1,
  below: -1.5,
  /** For each field left out between two rows. */
  skipped: -1,
  /** For each row by which two rows are nearer or further than their fields. */
  distance: -1.5,
  mostDistance: -4,
} as const;
/** What a further line costs: some values often need a second one, others never do. */
const FURTHER_LINE: Readonly<Partial<Record<KtpField, number>>> = {
  address: -0.5,
  name: -1,
  birth_place: -2,
  occupation: -2,
  village: -2.5,
  district: -2.5,
};
const NO_FURTHER_LINE = -6;

/**
 * Names the rows of a card, from the top: of all ways to name them in the order of a card, the one for which most
 * speaks (labels, the form of values, distances). A row whose label is hidden so gets its name from its neighbours.
 */
export function nameRows(rows: readonly Row[]): RowName[] {
  const pitch = pitchOf(rows);
  /** For each state the best way to get there. */
  let ways = new Map<number, { score: number; states: readonly number[] }>([
    [HEADLINE, { score: 0, states: [] }],
  ]);
  rows.forEach((row, i) => {
    const away = i === 0 ? 1 : (row.y - rows[i - 1].y) / pitch;
    const further = new Map<number, { score: number; states: readonly number[] }>();
    const told = whatTells(row);
    for (let state = HEADLINE; state <= BELOW; state++) {
      const fits = fit(told, state);
      for (const [from, way] of ways) {
        if (from > state) continue;
        const score = way.score + fits + step(from, state, row, away);
        const other = further.get(state);
        if (!other || score > other.score) further.set(state, { score, states: [...way.states, state] });
      }
    }
    ways = further;
  });
  const best = [...ways.values()].reduce((a, b) => (b.score > a.score ? b : a));
  return best.states.map((state) => (state === HEADLINE ? "headline" : state === BELOW ? null : ROWS[state]));
}

/** What speaks for going from one state to another. */
function step(from: number, to: number, row: Row, away: number): number {
  if (to === BELOW || to === HEADLINE) return 0;
  if (from === to) {
    if (row.label !== null) return NO_FURTHER_LINE;
    return (
      (FURTHER_LINE[ROWS[to]] ?? NO_FURTHER_LINE) + SIGN.distance * Math.max(0, Math.abs(away - 1) - 0.3)
    );
  }
  const skipped = to - from - 1;
  const apart = from === HEADLINE ? 0 : Math.max(0, Math.abs(away - (to - from)) - 0.5);
  return SIGN.skipped * skipped + Math.max(SIGN.mostDistance, SIGN.distance * apart);
}

/** What of a row tells which it is, whatever it is taken for. */
interface Telling {
  readonly label: KtpField | "blood_type" | null;
  /** How far the label is misread, 0..1. */
  readonly fault: number;
  /** The text beside it. */
  readonly text: string;
  readonly empty: boolean;
  readonly digits: number;
  /** Whether the text has the form of a field of which each value has one: a free one it hardly is. */
  readonly formed: boolean;
}

function whatTells({ label, values }: Row): Telling {
  const text = values.map((piece) => piece.text).join(" ");
  const digits = text.replace(/\D/g, "").length;
  return {
    label: label?.label ?? null,
    fault: label ? (labelAt(label.text)?.fault ?? 0) : 0,
    text,
    empty: bare(text) === "",
    digits,
    formed:
      digits >= 10 || rtRw(text) !== null || validUntil(text) !== null || fromList(text, GENDERS) !== null,
  };
}

/** What speaks for a row being in a state. */
function fit(row: Telling, state: number): number {
  const { label } = row;
  if (state === BELOW) return SIGN.below + (label ? SIGN.otherLabel : 0);
  if (state === HEADLINE) {
    return (label ? SIGN.otherLabel : 0) + (headlineWord(row.text) ? SIGN.headlineWord : SIGN.noHeadlineWord);
  }
  const field = ROWS[state];
  const named =
    label === null ? SIGN.noLabel : label === field ? SIGN.label * (1 - row.fault) : SIGN.otherLabel;
  return named + (row.empty ? SIGN.noValue : form(field, row));
}

/** The forms of fields that have one. */
const FORMS: Readonly<Partial<Record<KtpField, (row: Telling) => boolean>>> = {
  nik: ({ digits }) => digits >= 10,
  birth_place: ({ text }) => dateAtEnd(text) !== null || /\d{2}.?\d{2}.?\d{2,4}$/.test(text),
  gender: ({ text }) => gender(text) !== null,
  rt_rw: ({ text }) => rtRw(text) !== null,
  religion: ({ text }) => fromList(text, RELIGIONS) !== null,
  marital_status: ({ text }) => fromList(text, MARITAL_STATUSES) !== null,
  nationality: ({ text }) => distance(bare(text).slice(0, 3), "WNI") <= 1,
  valid_until: ({ text }) => validUntil(text) !== null,
};

/** Whether a value has the form of a field; 0 where anything may stand. */
function form(field: KtpField, row: Telling): number {
  const known = FORMS[field];
  if (known) return known(row) ? SIGN.formFits : SIGN.formDoesNot;
  if (field === "occupation" && fromList(row.text, OCCUPATIONS, 0.15)) return SIGN.formFits;
  return row.formed || (field !== "address" && row.digits > 4) ? SIGN.formDoesNot : 0;
}

const headlineWord = (text: string): boolean => {
  const key = bare(text);
  return (
    distance(key.slice(0, 8), "PROVINSI") <= 2 ||
    distance(key.slice(0, 9), "KABUPATEN") <= 2 ||
    key.startsWith("KOTA") ||
    key.startsWith("JAKARTA")
  );
};

/** The distance of two neighbouring rows. */
export function pitchOf(rows: readonly Row[]): number {
  const named = rows.filter(({ label }) => label !== null);
  const steps = named.slice(1).flatMap((row, i) => {
    const apart =
      ROWS.indexOf(row.label?.label as KtpField) - ROWS.indexOf(named[i].label?.label as KtpField);
    return apart === 1 && row.y > named[i].y ? [row.y - named[i].y] : [];
  });
  return Math.max(1, steps.length > 2 ? median(steps) : median(rows.map(({ height }) => height)));
}
