import type { KtpCheck, KtpField, Tampering } from "../../facts.ts";
import { nikParts } from "../nik.ts";
import type { Gazetteer } from "../regions.ts";
import type { Understanding } from "../understand.ts";
import type { TamperMeasures } from "./measure.ts";

/**
 * Where a measure turns from usual to a sign of tampering. Chosen on drawn cards, untouched (seed 1001 and 2001, levels
 * 0 to 2) and forged, nearer to the forged; `eval tamper` counts hits and false alarms on others.
 */
const LIMITS = {
  /** Share of the portrait's place that looks as the card's ground does: 0.2 at most where there is a portrait. */
  bare: 0.6,
  /** Heights of a digit: 0.03 at most on untouched cards, 0.09 and more on forged ones. */
  digit: 0.06,
  /** Times the edges of print: up to 1.3 on untouched cards. */
  rim: 1.4,
  /** Times the edges of other fields: up to 1.2 on untouched cards. */
  field: 1.27,
  /** Share of ink: 0.02 and more where there is a signature. */
  signature: 0.002,
} as const;

/** How much each sign speaks for tampering, 0..1; none proves it. */
export const TAMPER_WEIGHTS = {
  nik_birth_date: 0.4,
  nik_gender: 0.4,
  nik_region_known: 0.3,
  nik_digits_alike: 0.4,
  portrait_ground: 0.4,
  portrait_original: 0.5,
  portrait_present: 0.5,
  fields_original: 0.4,
  signature_present: 0.2,
} as const satisfies Record<string, number>;
export type TamperSign = keyof typeof TAMPER_WEIGHTS;
/** Signs that are measured on the picture: light, wear and print give false alarms, so that one of them tells little alone. */
export const MEASURED_SIGNS: ReadonlySet<string> = new Set<TamperSign>([
  "nik_digits_alike",
  "portrait_ground",
  "portrait_original",
  "portrait_present",
  "fields_original",
  "signature_present",
]);

/** What is less surely read than this contradicts nothing: it may be misread. */
const SURE = 0.8;
/** A NIK and a birth date that contradict each other are both doubted for it: they need not be as sure. */
const SURE_AGAINST_EACH_OTHER = 0.65;

/** What speaks for a card's having been altered, as checks with their weights, and all of it together. */
export interface TamperSigns {
  /** All of the reading's checks, those that tell of tampering with their weights. */
  readonly checks: readonly KtpCheck[];
  readonly tampering: Tampering;
}

/**
 * Weighs what was measured and read.
 * @param measures  null where it is not known where the card is: then only what was read is compared
 * @param legible   whether the photograph is sharp and large enough for its edges to be compared
 */
export function tamperSigns(
  measures: TamperMeasures | null,
  { fields, checks }: Understanding,
  legible: boolean,
  gazetteer: Gazetteer,
  now: Date,
): TamperSigns {
  const sure = (name: KtpField, least: number = SURE) => fields[name].confidence >= least;
  const both = (name: KtpField) =>
    sure("nik", SURE_AGAINST_EACH_OTHER) && sure(name, SURE_AGAINST_EACH_OTHER);
  const known = checks.map((check): KtpCheck => {
    if (check.name === "nik_birth_date" && both("birth_date")) return weighed(check, "nik_birth_date");
    if (check.name === "nik_gender" && both("gender")) return weighed(check, "nik_gender");
    return check;
  });
  const more: KtpCheck[] = [];
  const say = (name: TamperSign, ok: boolean | null, good: string, bad: string) => {
    if (ok !== null) more.push(weighed({ name, ok, detail: ok ? good : bad }, name));
  };
  const nik = fields.nik.value;
  if (nik !== null && sure("nik"))
    say(
      "nik_region_known",
      gazetteer.wasRegency(nikParts(nik, now).regency),
      "begins with a regency that there is or was",
      "begins with a regency that there never was",
    );
  if (measures) {
    const { portrait, digit, rim, field, signature } = measures;
    const born = sure("birth_date") ? fields.birth_date.value : null;
    const odd = born !== null && Number(born.slice(0, 4)) % 2 === 1;
    say(
      "portrait_ground",
      born === null || portrait.ground === null || fields.nationality.value !== "WNI"
        ? null
        : portrait.ground === (odd ? "red" : "blue"),
      "has the colour of the year of birth",
      "has the colour of other years of birth",
    );
    say("portrait_present", portrait.bare < LIMITS.bare, "there is a portrait", "there is no portrait");
    say(
      "signature_present",
      signature === null ? null : signature >= LIMITS.signature,
      "there is a signature",
      "there is no signature",
    );
    if (legible) {
      say(
        "nik_digits_alike",
        digit === null ? null : digit < LIMITS.digit,
        "all digits stand on one line and are equally high",
        "a digit is higher, lower or smaller than the others",
      );
      say(
        "portrait_original",
        rim === null ? null : rim < LIMITS.rim,
        "its rim is as sharp as the print",
        "its rim is sharper than the print: it may have been pasted in",
      );
      say(
        "fields_original",
        field === null ? null : field.hardness < LIMITS.field,
        "all fields are as sharp as one another",
        field === null ? "" : `${field.name} is sharper than the other fields: it may have been pasted in`,
      );
    }
  }
  const all = [...known, ...more];
  const signs = all.filter(({ ok, weight }) => !ok && weight !== undefined);
  const sum = signs.reduce((total, { weight = 0 }) => total + weight, 0);
  return {
    checks: all,
    tampering: { weight: Math.min(1, Number(sum.toFixed(2))), signs: signs.map(({ name }) => name) },
  };
}

const weighed = (check: KtpCheck, sign: TamperSign): KtpCheck => ({ ...check, weight: TAMPER_WEIGHTS[sign] });
