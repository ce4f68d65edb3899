import { type FactBox, KTP_FIELDS, type KtpCheck, type KtpField, type KtpFieldFact } from "../facts.ts";
import { CAPITALS, type Fold, type Letter } from "./decode.ts";
import { type Piece, readAs } from "./pieces.ts";
import type { Parsed } from "./values.ts";

/** What stands in a field. */
export interface Said {
  /** As the network read it. */
  readonly raw: string;
  /** As it reads, knowing what can stand there. */
  readonly text: string;
  readonly letters: readonly Letter[];
  readonly box: FactBox;
}

const SPACE: Letter = { char: " ", score: 1, x: 0, from: 0, to: 0 };

/** The pieces of a value as one text; null where there are none. */
export function said(pieces: readonly Piece[], fold: Fold = CAPITALS): Said | null {
  if (pieces.length === 0) return null;
  const commas = pieces.map((piece, i) => (i < pieces.length - 1 ? commaBehind(piece) : []));
  const letters = pieces.flatMap((piece, i) => [
    ...(i > 0 ? [SPACE] : []),
    ...readAs(piece, fold),
    ...commas[i],
  ]);
  return {
    raw: pieces.map(({ text }, i) => text + commas[i].map(({ char }) => char).join("")).join(" "),
    text: letters.map(({ char }) => char).join(""),
    letters,
    box: boxOf(pieces),
  };
}

/** The comma that ends a piece whose value goes on elsewhere, `SIMATUPANG,` before `S.PD.`: there it is the value's own. */
function commaBehind({ line, letters }: Piece): readonly Letter[] {
  const next = line.letters.indexOf(letters[letters.length - 1]) + 1;
  const behind = line.letters.slice(next).filter(({ char }) => char !== " ");
  return behind.length === 1 && behind[0].char === "," ? behind : [];
}

/** A part of what stands in a field: the letters `from` … `to`, `to` exclusive. */
export function part({ raw, letters, box }: Said, from: number, to: number): Said {
  const some = letters.slice(from, to);
  return { raw, letters: some, text: some.map(({ char }) => char).join(""), box };
}

function boxOf(pieces: readonly Piece[]): FactBox {
  const points = pieces.flatMap(({ quad }) => quad);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

/**
 * How sure letters are together, 0..1: a text is right where its weakest letter is, so that one counts in full, the
 * others by their mean.
 * @param spaces  whether spaces must be right as well; a list knows them better
 */
export function certainty(letters: readonly Letter[], spaces = true): number {
  const scores = letters.filter(({ char }) => char !== " ").map(({ score }) => score);
  if (scores.length === 0) return 0;
  const joints = spaces ? letters.map(({ joint = 1 }) => joint) : [];
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  return mean * Math.min(...scores, ...joints);
}

/** Of a value that is confirmed from elsewhere (a list, the NIK) this share of the doubt goes. */
const CONFIRMED = 0.85;
export const confirm = (confidence: number): number => confidence + (1 - confidence) * CONFIRMED;

type Draft = { -readonly [K in keyof KtpFieldFact]: KtpFieldFact[K] };
const NOTHING: KtpFieldFact = { value: null, raw: null, confidence: 0, box: null, source: "ocr" };

/** The result while it is written: fields and checks. */
export class Sheet {
  readonly fields = Object.fromEntries(KTP_FIELDS.map((field) => [field, { ...NOTHING }])) as Record<
    KtpField,
    Draft
  >;
  readonly checks: KtpCheck[] = [];

  /**
   * Writes a field.
   * @param parsed  null where what stands there has not the form of the field: it stays null, with its raw text
   * @param listed  the value is an entry of a list: surer than its letters, and with the list's spaces
   */
  put(field: KtpField, what: Said | null, parsed: Parsed | null, listed = false): void {
    if (what === null) return;
    const sure = certainty(what.letters, !listed) * (parsed?.sure ?? 0);
    this.fields[field] = {
      value: parsed?.value ?? null,
      raw: what.raw,
      confidence: parsed === null ? 0 : listed ? confirm(sure) : sure,
      box: what.box,
      source: "ocr",
    };
  }

  check(name: string, ok: boolean, detail: string): void {
    this.checks.push({ name, ok, detail });
  }

  /** A field becomes surer: something else says the same. */
  confirm(field: KtpField): void {
    this.fields[field].confidence = confirm(this.fields[field].confidence);
  }

  /** A field is at most so sure. */
  doubt(field: KtpField, most: number): void {
    this.fields[field].confidence = Math.min(this.fields[field].confidence, most);
  }
}
