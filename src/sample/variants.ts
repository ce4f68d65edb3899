import type { KtpField } from "../vision/facts.ts";
import { CUT_OUT_OF, formerCode } from "../vision/ktp/former.ts";
import type { SampleCitizen } from "./citizen.ts";
import { pickPlaceIn, provinceName } from "./places.ts";
import { Random } from "./random.ts";

/** Cards that are rarer than the rest, and what is rare about each: the text of the documentation. */
export const VARIANTS = {
  foreigner:
    "a foreigner's: a country in place of WNI, valid as long as the permit to stay; three of four orange, with gender, religion and marital status in English",
  "former-region":
    "a card from before its regency came to another province or was renamed, with a NIK of then",
  "long-lines": "a name with degrees over two lines, an address over three",
  "other-print": "print in pale, brown or blue ink, a paler or a deeper ground",
} as const;
export type Variant = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as readonly Variant[];

/** The citizen with what is rare about the variant; the same citizen and variant give the same. */
export async function varied(citizen: SampleCitizen, variant: Variant): Promise<SampleCitizen> {
  const random = new Random(citizen.seed, citizen.index, "variant", variant);
  const changed = { ...citizen, variant };
  if (variant === "foreigner") return foreigner(changed, random);
  if (variant === "former-region") return formerly(changed, random);
  if (variant === "long-lines") return longLines(changed, random);
  return changed;
}

const COUNTRIES: readonly (readonly [indonesian: string, english: string, city: string])[] = [
  ["JEPANG", "JAPAN", "OSAKA"],
  ["KOREA SELATAN", "SOUTH KOREA", "BUSAN"],
  ["BELANDA", "NETHERLANDS", "ROTTERDAM"],
  ["AMERIKA SERIKAT", "UNITED STATES", "CHICAGO"],
  ["INGGRIS RAYA", "UNITED KINGDOM", "LEEDS"],
  ["AUSTRALIA", "AUSTRALIA", "PERTH"],
  ["JERMAN", "GERMANY", "HAMBURG"],
  ["PRANCIS", "FRANCE", "LYON"],
  ["MALAYSIA", "MALAYSIA", "PENANG"],
  ["INDIA", "INDIA", "CHENNAI"],
];
const FOREIGN_NAMES = {
  "LAKI-LAKI": ["HIROSHI", "PIETER", "JAMES", "MICHAEL", "LUKAS", "ANTOINE", "RAJESH", "MIN JUN"],
  PEREMPUAN: ["YUKI", "ANNEKE", "SARAH", "EMILY", "HANNAH", "CLAIRE", "PRIYA", "SOO JIN"],
} as const;
const FAMILY_NAMES = ["TANAKA", "VAN DER BERG", "ANDERSON", "O'BRIEN", "SCHNEIDER", "DUBOIS", "KUMAR", "KIM"];
const ENGLISH_RELIGIONS: Readonly<Record<string, string>> = {
  KRISTEN: "CHRISTIAN",
  KATHOLIK: "CATHOLIC",
  KATOLIK: "CATHOLIC",
  BUDDHA: "BUDDHIST",
};
const ENGLISH_STATUSES: Readonly<Record<string, string>> = {
  "BELUM KAWIN": "SINGLE",
  "CERAI HIDUP": "DIVORCED",
  "CERAI MATI": "WIDOWED",
};
/** How many hold a card of the kind that came in 2022. */
const ORANGE = 0.75;
/** Years for which a permit to stay is given. */
const PERMIT_YEARS = 5;

function foreigner(citizen: SampleCitizen, random: Random): SampleCitizen {
  const orange = random.chance(ORANGE);
  const [indonesian, english, city] = random.pick(COUNTRIES);
  const [year, month, day] = citizen.issue_date.split("-").map(Number);
  const issued = orange ? Math.max(year, random.whole(2022, 2025)) : year;
  const date = (y: number) => `${y}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  const inEnglish = (words: Readonly<Record<string, string>>, word: string, other: string) =>
    orange ? (words[word] ?? other) : word;
  return {
    ...citizen,
    orange,
    name: `${random.pick(FOREIGN_NAMES[citizen.gender])} ${random.pick(FAMILY_NAMES)}`,
    birth_place: city,
    religion: inEnglish(ENGLISH_RELIGIONS, citizen.religion, citizen.religion),
    marital_status: inEnglish(ENGLISH_STATUSES, citizen.marital_status, "MARRIED"),
    occupation: orange
      ? random.pick(["EMPLOYEE", "ENTREPRENEUR", "CONSULTANT", "HOUSEWIFE"])
      : citizen.occupation,
    nationality: orange ? english : random.chance(0.5) ? `WNA ${indonesian}` : indonesian,
    issue_date: date(issued),
    valid_until: date(issued + PERMIT_YEARS),
  };
}

/** Regencies that kept their code and changed their name, while cards of the electronic kind were issued. */
const RENAMED: readonly (readonly [province: string, code: string, name: string])[] = [
  ["12", "12.12", "KABUPATEN TOBA SAMOSIR"],
  ["61", "61.02", "KABUPATEN PONTIANAK"],
  ["76", "76.01", "KABUPATEN MAMUJU UTARA"],
  ["81", "81.03", "KABUPATEN MALUKU TENGGARA BARAT"],
];
/** How many of these cards are of a regency that was renamed; the others' came to another province. */
const SHARE_RENAMED = 0.2;

async function formerly(citizen: SampleCitizen, random: Random): Promise<SampleCitizen> {
  const renamed = random.chance(SHARE_RENAMED) ? random.pick(RENAMED) : null;
  const [province, city] = renamed ?? [random.pick(Object.keys(CUT_OUT_OF)), undefined];
  const place = await pickPlaceIn(random, province, city);
  const code = (formerCode(place.districtCode) ?? place.districtCode).replaceAll(".", "");
  const named = renamed?.[2] ?? place.city;
  const [, month, day] = citizen.issue_date.split("-");
  return {
    ...citizen,
    province: await provinceName(CUT_OUT_OF[province] ?? province),
    city: named,
    district: place.district,
    village: place.village,
    nik: code + citizen.nik.slice(6),
    issue_place: named.replace(/^KABUPATEN |^KOTA /, ""),
    // Before the oldest of these changes.
    issue_date: `2012-${month}-${day}`,
  };
}

const FIRST = ["MUHAMMAD", "RADEN AJENG", "I GUSTI NGURAH", "TEUKU", "ANDI", "MARIA ELISABETH"];
const MIDDLE = ["KUSUMANINGRAT", "HADIWIDJOJO", "PRAWIRANEGARA", "SASTROAMIDJOJO", "TEDJAKUSUMA"];
const LAST = ["WIRYAWAN PUTRA", "SURYANINGRAT", "SIMATUPANG", "HARDJOSOEMANTRI", "PANGESTU RAHAYU"];
const DEGREES = [", S.H., M.HUM.", ", S.KOM., M.T.", ", S.E., M.M.", ", S.PD., M.PD.", ". SE. MM"];
const ESTATES = [
  "PERUMAHAN GRIYA INDAH PERMATA HIJAU",
  "KOMPLEK BUMI ASRI CIKAWUNG BARU",
  "PERUM PURI KENCANA SUKAMULYA",
];
const STREETS = [
  "JL. PERINTIS KEMERDEKAAN RAYA",
  "JL. MASJID AL IKHLAS DALAM",
  "JALAN SULTAN AGUNG TIRTAYASA",
];

function longLines(citizen: SampleCitizen, random: Random): SampleCitizen {
  const title = random.pick(["", "", "DR. ", "DRS. ", "IR. "]);
  return {
    ...citizen,
    name: `${title}${random.pick(FIRST)} ${random.pick(MIDDLE)} ${random.pick(LAST)}${random.pick(DEGREES)}`,
    address: `${random.pick(ESTATES)} BLOK ${random.pick([..."ABCDEFGH"])}${random.whole(1, 24)} NO. ${random.whole(1, 40)} ${random.pick(STREETS)} KM. ${random.whole(2, 40)}`,
  };
}

/** What stands on the card where it is said in other words than in a result. */
export function printedWord({ orange, ...citizen }: SampleCitizen, field: KtpField): string {
  if (orange && field === "gender") return citizen.gender === "PEREMPUAN" ? "FEMALE" : "MALE";
  return citizen[field];
}
