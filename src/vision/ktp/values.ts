import { digitFor } from "./decode.ts";
import { isoDate } from "./nik.ts";
import { bare, distance, nearest } from "./text.ts";

/** What a text says once its form is known; `sure` 0..1 weighs what had to be mended. */
export interface Parsed {
  readonly value: string;
  readonly sure: number;
}

/** Of foreigners' cards since 2022, where they differ. */
const ENGLISH_RELIGIONS = ["CHRISTIAN", "CATHOLIC", "BUDDHIST", "BUDDHISM", "HINDUISM", "CONFUCIAN"] as const;
const ENGLISH_MARITAL_STATUSES = ["SINGLE", "MARRIED", "DIVORCED", "WIDOWED"] as const;

export const RELIGIONS = [
  "ISLAM",
  "KRISTEN",
  "KATHOLIK",
  "KATOLIK",
  "HINDU",
  "BUDDHA",
  "BUDHA",
  "KHONGHUCU",
  "KONGHUCU",
  "KEPERCAYAAN TERHADAP TUHAN YME",
  "KEPERCAYAAN",
  ...ENGLISH_RELIGIONS,
] as const;
export const MARITAL_STATUSES = [
  "BELUM KAWIN",
  "KAWIN",
  "CERAI HIDUP",
  "CERAI MATI",
  "KAWIN TERCATAT",
  "KAWIN BELUM TERCATAT",
  ...ENGLISH_MARITAL_STATUSES,
] as const;
export const GENDERS = ["LAKI-LAKI", "PEREMPUAN"] as const;
/** As foreigners' cards have them since 2022, in the same order. */
const ENGLISH_GENDERS = ["MALE", "FEMALE"] as const;
/** A gender is one of two: it may be misread by so many of its letters. */
const GENDER_SLACK = 0.4;

/** A gender in the words of the result, be it printed in Indonesian or English. */
export function gender(text: string): Parsed | null {
  const indonesian = fromList(text, GENDERS, GENDER_SLACK);
  if (indonesian) return indonesian;
  const english = fromList(text, ENGLISH_GENDERS);
  return english && { ...english, value: GENDERS[english.value === "MALE" ? 0 : 1] };
}
/** The commonest of the ministry's closed list; others are taken as they are read. */
export const OCCUPATIONS = [
  "BELUM/TIDAK BEKERJA",
  "MENGURUS RUMAH TANGGA",
  "PELAJAR/MAHASISWA",
  "PENSIUNAN",
  "PEGAWAI NEGERI SIPIL",
  "TENTARA NASIONAL INDONESIA",
  "KEPOLISIAN RI",
  "PERDAGANGAN",
  "PETANI/PEKEBUN",
  "PETERNAK",
  "NELAYAN/PERIKANAN",
  "INDUSTRI",
  "KONSTRUKSI",
  "TRANSPORTASI",
  "KARYAWAN SWASTA",
  "KARYAWAN BUMN",
  "KARYAWAN BUMD",
  "KARYAWAN HONORER",
  "BURUH HARIAN LEPAS",
  "BURUH TANI/PERKEBUNAN",
  "BURUH NELAYAN/PERIKANAN",
  "BURUH PETERNAKAN",
  "PEMBANTU RUMAH TANGGA",
  "TUKANG CUKUR",
  "TUKANG LISTRIK",
  "TUKANG BATU",
  "TUKANG KAYU",
  "TUKANG SOL SEPATU",
  "TUKANG LAS/PANDAI BESI",
  "TUKANG JAHIT",
  "TUKANG GIGI",
  "PENATA RIAS",
  "PENATA BUSANA",
  "PENATA RAMBUT",
  "MEKANIK",
  "SENIMAN",
  "TABIB",
  "PARAJI",
  "PERANCANG BUSANA",
  "PENTERJEMAH",
  "IMAM MASJID",
  "PENDETA",
  "PASTOR",
  "WARTAWAN",
  "USTADZ/MUBALIGH",
  "JURU MASAK",
  "PROMOTOR ACARA",
  "ANGGOTA DPR-RI",
  "ANGGOTA DPD",
  "ANGGOTA BPK",
  "PRESIDEN",
  "WAKIL PRESIDEN",
  "GUBERNUR",
  "BUPATI",
  "WALIKOTA",
  "DOSEN",
  "GURU",
  "PILOT",
  "PENGACARA",
  "NOTARIS",
  "ARSITEK",
  "AKUNTAN",
  "KONSULTAN",
  "DOKTER",
  "BIDAN",
  "PERAWAT",
  "APOTEKER",
  "PSIKIATER/PSIKOLOG",
  "PENYIAR TELEVISI",
  "PENYIAR RADIO",
  "PELAUT",
  "PENELITI",
  "SOPIR",
  "PIALANG",
  "PARANORMAL",
  "PEDAGANG",
  "PERANGKAT DESA",
  "KEPALA DESA",
  "BIARAWATI",
  "WIRASWASTA",
  "LAINNYA",
] as const;

/** The entry of a closed list that a text is, or null where it is none. */
export function fromList(text: string, list: readonly string[], slack = 0.25): Parsed | null {
  const key = bare(text);
  if (key.length < 2) return null;
  const best = nearest(key, list, bare);
  if (!best || best.distance > Math.max(0.5, best.item.length * slack) || best.runnerUp <= best.distance)
    return null;
  return { value: best.item, sure: 1 - best.distance / Math.max(4, best.item.length) };
}

/** Digits where only digits can stand; null where a character cannot be one. */
export function digits(text: string): Parsed | null {
  let value = "";
  let mended = 0;
  for (const char of text) {
    if (/[\s.,:;'`-]/.test(char)) continue;
    const digit = digitFor(char);
    if (digit === null) return null;
    if (digit !== char) mended += 1;
    value += digit;
  }
  return { value, sure: 1 - mended / Math.max(4, value.length) };
}

/** Two, two and four digits with a sign between them, or none; whatever stands for the digits. */
const DATE = /(.{2})[-–./~_:=]?(.{2})[-–./~_:=]?(.{4})$/;

/** A date at the end of a text, spaces left out, with where it begins. */
export function dateAtEnd(text: string): (Parsed & { readonly index: number }) | null {
  // Places in the text of the characters that count.
  const places = [...text].flatMap((char, i) => (/\s/.test(char) ? [] : [i]));
  let squashed = places.map((i) => text[i]).join("");
  while (/[-–./~_:=,;']$/.test(squashed)) squashed = squashed.slice(0, -1);
  const found = DATE.exec(squashed);
  if (!found) return null;
  const [day, month, year] = found.slice(1).map(digits);
  if (!day || !month || !year || year.value.length !== 4) return null;
  const value = isoDate(Number(year.value), Number(month.value), Number(day.value));
  if (value === null) return null;
  return { value, sure: Math.min(day.sure, month.sure, year.sure), index: places[found.index] };
}

/** `004/021` */
export function rtRw(text: string): Parsed | null {
  // What stands before the last group is the rest of a colon.
  const [rt, rw, more] = (/\S+\s?[/|\\]\s?\S+$/.exec(text)?.[0] ?? text).split(/[/|\\]/);
  if (rw === undefined) {
    const run = digits(text.replace(/\s/g, ""));
    if (!run || (run.value.length !== 6 && run.value.length !== 7)) return null;
    return { value: `${run.value.slice(0, 3)}/${run.value.slice(-3)}`, sure: run.sure * 0.8 };
  }
  const [a, b] = [digits(rt), digits(rw)];
  if (more !== undefined || !a || !b || !a.value || !b.value || a.value.length > 3 || b.value.length > 3)
    return null;
  return { value: `${a.value}/${b.value}`, sure: Math.min(a.sure, b.sure) };
}

export function bloodType(text: string): Parsed | null {
  const key = text
    .toUpperCase()
    .replace(/\s/g, "")
    .replace(/0/g, "O")
    .replace(/8/g, "B")
    .replace(/^[:;.]+/, "")
    // One sign, seen twice.
    .replace(/(.)\1+/g, "$1");
  if (/^[-–_]+$/.test(key)) return { value: "-", sure: 1 };
  const found = /^(AB|A|B|O)([+-])?$/.exec(key);
  return found ? { value: found[1] + (found[2] ?? ""), sure: 1 } : null;
}

export function validUntil(text: string): Parsed | null {
  const date = dateAtEnd(text);
  if (date) return date;
  const d = distance(bare(text), "SEUMURHIDUP");
  return d <= 3 ? { value: "SEUMUR HIDUP", sure: 1 - d / 11 } : null;
}

/** What a digit between letters is a misreading of. */
const LETTER_FOR: Readonly<Record<string, string>> = { "0": "O", "1": "I", "4": "A", "5": "S", "8": "B" };
const lettersFor = (run: string) => run.replace(/[01458]/g, (digit) => LETTER_FOR[digit]);

/** Capitals where only letters can stand: a digit in a word of letters is a letter misread. */
export function words(text: string): string {
  return text
    .toUpperCase()
    .replace(/[0-9]+(?=[A-Z])|(?<=[A-Z])[0-9]+/g, lettersFor)
    .replace(/\s+/g, " ")
    .trim();
}

/** A name: letters, and the signs of degrees and initials. */
export function name(text: string): Parsed | null {
  const letters = lettersFor(text.replace(/[^A-Za-z0-9 .,'`/-]/g, ""));
  const value = words(letters).replace(/^[\s.,'-]+/, "");
  return bare(value).length > 0 ? { value, sure: 1 } : null;
}

/** An address mixes words, numbers and both (`BLOK C5`); only what can be but one of them is mended. */
export function address(text: string): Parsed | null {
  const value = text
    .toUpperCase()
    .replace(/\bN0(?=[\s.:]|\d|$)/g, "NO")
    .replace(/(?<=[A-Z]{2})[01458](?=[A-Z]{2})/g, lettersFor)
    .replace(/(?<=\d)O(?=\d|\b)/g, "0")
    .replace(/\s+/g, " ")
    .trim();
  return bare(value).length > 0 ? { value, sure: 1 } : null;
}

/** The names of all countries in Indonesian and in English, in capitals. */
let countries: readonly string[] | undefined;
function countryNames(): readonly string[] {
  if (!countries) {
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
    const codes = letters.flatMap((a) => letters.map((b) => a + b));
    const named = ["id", "en"].flatMap((language) => {
      const names = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
      return codes.flatMap((code) => names.of(code) ?? []);
    });
    countries = [...new Set(named.map((name) => name.normalize("NFD").replace(/\p{M}/gu, "").toUpperCase()))];
  }
  return countries;
}
/** A country may be misread by so many of its letters; they are many, and some are alike. */
const COUNTRY_SLACK = 0.12;
/** How sure a country is that is none of the list: it may be called otherwise on the card. */
const OTHER_COUNTRY = 0.8;

/** WNI; a country; or WNA with one. */
export function nationality(text: string): Parsed | null {
  const key = bare(text.replace(/^\S (?=\S)/, ""));
  const d = Math.min(distance(key.slice(0, 3), "WNI"), 3);
  if (key.length <= 5 && d <= 1 && !key.startsWith("WNA")) return { value: "WNI", sure: 1 - d / 3 };
  if (key.startsWith("WNA")) {
    const named = country(text.replace(/^.*?W\s*N\s*A[\s:.,-]*/i, ""));
    return named ? { value: `WNA ${named.value}`, sure: named.sure } : { value: words(text), sure: 1 };
  }
  return country(text);
}

function country(text: string): Parsed | null {
  const listed = fromList(text, countryNames(), COUNTRY_SLACK);
  if (listed) return listed;
  const other = words(text);
  return other.length > 3 && !/\d/.test(other) ? { value: other, sure: OTHER_COUNTRY } : null;
}
