import { DIGITS, digitChances, type Letter } from "./decode.ts";
import { formerCode } from "./former.ts";
import type { Layout } from "./layout.ts";
import { birthDigits, likeliestNik, NIK_DIGITS, type NikEvidence, nikParts } from "./nik.ts";
import { readAs } from "./pieces.ts";
import type { Place } from "./place.ts";
import type { Gazetteer } from "./regions.ts";
import { confirm, type Sheet, said } from "./sheet.ts";

/** Where in the NIK each thing stands that the card prints elsewhere too. */
const DIGITS_OF = { province: [0, 2], city: [2, 4], district: [4, 6], birth: [6, 12] } as const;
/** A NIK that contradicts the birth date printed is at most so sure, and so is that date: one of them is misread. */
const CONTRADICTED = 0.85;

/**
 * The network doubts digits more than it errs on them: of 60 generated cards whose NIKs it gave shares of 0.65 to 1,
 * all were right. So much of that doubt is kept.
 */
const OVERSTATED = 0.5;
/** A digit less sure than this was hardly seen, whatever the others that it could be. */
const FAINT = 0.6;

/** The 16 digits: those that the network likes best, unless the rest of the card speaks for others it found possible. */
export function readNik(sheet: Sheet, layout: Layout, place: Place, gazetteer: Gazetteer): void {
  const pieces = layout.values.get("nik") ?? [];
  const what = said(pieces, DIGITS);
  if (what === null) return;
  const digits = pieces.flatMap((piece) =>
    readAs(piece, DIGITS)
      .filter(({ char }) => char !== " ")
      .map((letter) => ({ letter, chances: digitChances(piece.line.reading, letter) })),
  );
  // A colon or the edge of the label may have been taken for a first digit.
  const sixteen = digits.length === NIK_DIGITS + 1 ? digits.slice(1) : digits;
  if (sixteen.length !== NIK_DIGITS) {
    sheet.put("nik", what, null);
    return;
  }
  const read = sixteen.map(({ letter }) => letter.char).join("");
  const evidence: NikEvidence = {
    ...issuedIn(read, place),
    birthDate: sheet.fields.birth_date.value,
    gender: sheet.fields.gender.value,
    hasDistrict: (code) => gazetteer.hasDistrict(code),
  };
  const { value, share, mended } = likeliestNik(
    sixteen.map(({ chances }) => chances),
    evidence,
  );
  const letters = sixteen.map(({ letter }) => letter);
  sheet.put("nik", { ...what, letters }, { value, sure: 1 });
  const doubt = Math.max(...pieces.map(({ line }) => line.doubt));
  sheet.fields.nik.confidence = sureness(value, letters, share, doubt, evidence);
  if (mended) sheet.fields.nik.source = "nik";
}

/**
 * Digits that the card prints elsewhere too are surer than those that stand here alone.
 * @param doubt  what other looks at the line left of the network's doubt
 */
function sureness(
  nik: string,
  letters: readonly Letter[],
  share: number,
  doubt: number,
  evidence: NikEvidence,
): number {
  const scores = letters.map(({ score }) => score);
  const agree = (code: string | null, [from, to]: readonly [number, number]) => {
    if (code === null || nik.slice(from, to) !== code) return;
    for (let i = from; i < to; i++) scores[i] = confirm(confirm(scores[i]));
  };
  agree(evidence.province, DIGITS_OF.province);
  agree(evidence.city?.slice(3) ?? null, DIGITS_OF.city);
  agree(evidence.district?.slice(6) ?? null, DIGITS_OF.district);
  if (evidence.birthDate !== null) agree(birthDigits(evidence.birthDate, woman(nik)), DIGITS_OF.birth);
  // The share holds the doubt between digits already; a faint digit adds doubt of its own.
  return Math.max(0, 1 - (1 - share) * OVERSTATED * doubt) * Math.min(1, Math.min(...scores) / FAINT);
}

/** Codes of the regions printed as the NIK has them: of then, where it was issued before they came to another province. */
function issuedIn(
  nik: string,
  { province, city, district }: Place,
): Pick<NikEvidence, "province" | "city" | "district"> {
  const former = city && formerCode(city.code);
  if (former && nik.slice(0, 4) === former.replace(".", ""))
    return { province: former.slice(0, 2), city: former, district: district && formerCode(district.code) };
  return { province: province?.code ?? null, city: city?.code ?? null, district: district?.code ?? null };
}

/** What the NIK says of its holder against what the card says; agreement makes both surer. */
export function checkNik(sheet: Sheet, place: Place, gazetteer: Gazetteer, now: Date): void {
  const { nik, birth_date: born, gender } = sheet.fields;
  if (nik.value === null) {
    if (nik.raw !== null) sheet.check("nik_structure", false, "is not 16 digits");
    return;
  }
  const parts = nikParts(nik.value, now);
  const structure =
    parts.birthDate !== null &&
    parts.serial !== "0000" &&
    gazetteer.provinces.some(({ code }) => code === parts.province);
  sheet.check(
    "nik_structure",
    structure,
    structure ? "16 digits with a known province and a real date" : "holds no known province or no real date",
  );
  const agree = (name: string, known: boolean, ok: boolean, what: string) => {
    if (known)
      sheet.check(name, ok, ok ? `agrees with the ${what} printed` : `differs from the ${what} printed`);
  };
  const { province, city, district } = issuedIn(nik.value, place);
  agree("nik_province", province !== null, province === parts.province, "province");
  agree("nik_city", city !== null, city === parts.regency, "city");
  agree("nik_district", district !== null, district === parts.district, "district");
  const sameDate =
    born.value !== null && nik.value.slice(6, 12) === birthDigits(born.value, woman(nik.value));
  agree("nik_birth_date", born.value !== null, sameDate, "birth date");
  agree("nik_gender", gender.value !== null, gender.value === parts.gender, "gender");
  if (born.value === null) return;
  if (sameDate) {
    sheet.confirm("birth_date");
    if (gender.value === parts.gender) sheet.confirm("gender");
  } else {
    sheet.doubt("nik", CONTRADICTED);
    sheet.doubt("birth_date", CONTRADICTED);
  }
}

const woman = (nik: string) => (Number(nik[6]) >= 4 ? "PEREMPUAN" : null);
