import { FACES } from "./faces.ts";
import { type Culture, type Gender, makeName } from "./names.ts";
import { makeAddress, type Place, pickPlace, pickPlaceIn, shortCity } from "./places.ts";
import { Random } from "./random.ts";

/** A citizen who does not exist. The members up to `valid_until` are named and formed as in a KtpOcrResult. */
export interface SampleCitizen {
  readonly province: string;
  readonly city: string;
  readonly nik: string;
  readonly name: string;
  readonly birth_place: string;
  /** YYYY-MM-DD */
  readonly birth_date: string;
  readonly gender: Gender;
  readonly blood_type: string;
  readonly address: string;
  readonly rt_rw: string;
  readonly village: string;
  readonly district: string;
  readonly religion: string;
  readonly marital_status: string;
  readonly occupation: string;
  readonly nationality: "WNI";
  /** YYYY-MM-DD or SEUMUR HIDUP */
  readonly valid_until: string;
  /** Under the portrait. */
  readonly issue_place: string;
  /** YYYY-MM-DD */
  readonly issue_date: string;
  /** Whose photograph it is: an id of `FACES`. Citizens with one face are one person to a face network. */
  readonly face: string;
  readonly seed: number;
  readonly index: number;
}

/** Samples are as of this day, so that a seed gives the same people in every year. */
const TODAY = { year: 2026, month: 1, day: 1 };
/** From here on cards of the electronic kind were issued. */
const FIRST_ISSUE_YEAR = 2012;
/** A KTP is issued from this age. */
const KTP_AGE = 17;
const OLDEST = 80;
/** Share of people who moved: the NIK keeps the district where it was first issued. */
const MOVED = 0.05;
/** Share of the married who got their KTP before 17 is nil here: the reader's rule has no exception to learn. */

const OCCUPATIONS: readonly (readonly [string, number])[] = [
  ["KARYAWAN SWASTA", 24],
  ["WIRASWASTA", 18],
  ["BURUH HARIAN LEPAS", 8],
  ["PETANI/PEKEBUN", 9],
  ["PEGAWAI NEGERI SIPIL", 6],
  ["PEDAGANG", 4],
  ["BELUM/TIDAK BEKERJA", 5],
  ["GURU", 5],
  ["NELAYAN/PERIKANAN", 2],
  ["BURUH TANI/PERKEBUNAN", 2],
  ["KARYAWAN HONORER", 2],
  ["KARYAWAN BUMN", 2],
  ["SOPIR", 2],
  ["TUKANG JAHIT", 1],
  ["PERAWAT", 1],
  ["BIDAN", 1],
  ["DOKTER", 1],
  ["DOSEN", 1],
  ["TRANSPORTASI", 1],
  ["PERANGKAT DESA", 1],
  ["MEKANIK", 1],
];
const CULTURES_OF_PROVINCE: Readonly<Record<string, Culture>> = {
  "11": "arabic",
  "12": "batak",
  "13": "minang",
  "32": "sundanese",
  "33": "javanese",
  "34": "javanese",
  "35": "javanese",
  "36": "sundanese",
  "51": "balinese",
  "53": "eastern",
  "71": "eastern",
  "81": "eastern",
  "91": "eastern",
  "92": "eastern",
  "93": "eastern",
  "94": "eastern",
  "95": "eastern",
  "96": "eastern",
};
const ALL_CULTURES: readonly (readonly [Culture, number])[] = [
  ["javanese", 34],
  ["sundanese", 16],
  ["arabic", 20],
  ["batak", 7],
  ["minang", 6],
  ["chinese", 8],
  ["balinese", 3],
  ["eastern", 6],
];
const MUSLIM = [
  ["ISLAM", 96],
  ["KRISTEN", 2],
  ["KATHOLIK", 1],
  ["KEPERCAYAAN TERHADAP TUHAN YME", 1],
] as const;
const RELIGIONS: Readonly<Record<Culture, readonly (readonly [string, number])[]>> = {
  javanese: MUSLIM,
  sundanese: MUSLIM,
  arabic: [["ISLAM", 1]],
  minang: [["ISLAM", 1]],
  batak: [
    ["KRISTEN", 60],
    ["KATHOLIK", 15],
    ["ISLAM", 25],
  ],
  balinese: [
    ["HINDU", 93],
    ["ISLAM", 5],
    ["BUDDHA", 2],
  ],
  chinese: [
    ["BUDDHA", 38],
    ["KRISTEN", 28],
    ["KATHOLIK", 20],
    ["KHONGHUCU", 9],
    ["ISLAM", 5],
  ],
  eastern: [
    ["KRISTEN", 58],
    ["KATHOLIK", 38],
    ["KATOLIK", 4],
  ],
};

const two = (n: number) => String(n).padStart(2, "0");
const isoDate = (year: number, month: number, day: number) => `${year}-${two(month)}-${two(day)}`;

function makeMaritalStatus(random: Random, age: number): string {
  if (age < 21) return random.chance(0.93) ? "BELUM KAWIN" : "KAWIN";
  const single = Math.max(0.06, 0.75 - (age - 21) * 0.07);
  const widowed = age > 45 ? (age - 45) * 0.008 : 0.004;
  return random.weighted([
    ["BELUM KAWIN", single],
    ["CERAI MATI", widowed],
    ["CERAI HIDUP", 0.04],
    ["KAWIN TERCATAT", 0.03],
    ["KAWIN BELUM TERCATAT", 0.015],
    ["KAWIN", Math.max(0.1, 0.9 - single - widowed)],
  ]);
}

function makeOccupation(random: Random, age: number, gender: Gender, married: boolean): string {
  if (age < 24 && random.chance(0.7)) return "PELAJAR/MAHASISWA";
  if (gender === "PEREMPUAN" && random.chance(married ? 0.5 : 0.15)) return "MENGURUS RUMAH TANGGA";
  if (age > 60 && random.chance(0.25)) return "PENSIUNAN";
  return random.weighted(OCCUPATIONS);
}

/** `PPRRDD ddmmyy ssss` with 40 added to a woman's day of birth. */
function makeNik(
  random: Random,
  place: Place,
  year: number,
  month: number,
  day: number,
  gender: Gender,
): string {
  const dayDigits = two(gender === "PEREMPUAN" ? day + 40 : day);
  const serial = random.chance(0.85) ? random.whole(1, 12) : random.whole(13, 480);
  return `${place.districtCode.replaceAll(".", "")}${dayDigits}${two(month)}${two(year % 100)}${String(serial).padStart(4, "0")}`;
}

/**
 * The citizen number `index` (from 0) of a seed: always the same one. Neighbours have different faces, and every
 * second one is a woman.
 */
export async function makeCitizen(seed: number, index: number): Promise<SampleCitizen> {
  const random = new Random(seed, index, "citizen");
  const gender: Gender = (index + Math.abs(seed)) % 2 === 0 ? "PEREMPUAN" : "LAKI-LAKI";
  const faces = new Random(seed, gender, "faces").shuffled(FACES.filter((face) => face.gender === gender));
  const face = faces[Math.floor(index / 2) % faces.length].id;

  const place = await pickPlace(random);
  const age = Math.min(random.whole(KTP_AGE, OLDEST - 1), random.whole(KTP_AGE + 3, OLDEST - 1));
  const month = random.whole(1, 12);
  const day = random.whole(1, new Date(Date.UTC(TODAY.year - age - 1, month, 0)).getUTCDate());
  // Everyone's birthday but that on the day itself is behind them by the year's first: born the year before.
  const year = TODAY.year - age - 1;
  const provinceCode = place.districtCode.slice(0, 2);
  const issuedAt = random.chance(MOVED) ? await pickPlace(random) : place;
  const nik = makeNik(random, issuedAt, year, month, day, gender);

  const culture = random.chance(0.6)
    ? (CULTURES_OF_PROVINCE[provinceCode] ?? random.weighted(ALL_CULTURES))
    : random.weighted(ALL_CULTURES);
  const maritalStatus = makeMaritalStatus(random, age);
  const birthPlace = shortCity((random.chance(0.7) ? place : await pickPlaceIn(random, provinceCode)).city);

  const firstIssue = Math.max(FIRST_ISSUE_YEAR, year + KTP_AGE + 1);
  const issueYear =
    random.chance(0.3) || firstIssue >= TODAY.year
      ? Math.min(firstIssue, TODAY.year - 1)
      : random.whole(firstIssue, TODAY.year - 1);
  const issueMonth = random.whole(1, 12);
  const issueDay = random.whole(1, 28);
  // Cards of the first years expired on the fifth birthday after their issue; then the law made them last for life.
  const expires = issueYear <= 2013 && random.chance(0.6);
  const jakarta = place.city.startsWith("KOTA ADMINISTRASI JAKARTA") && random.chance(0.5);
  const city = jakarta ? place.city.replace("KOTA ADMINISTRASI ", "") : place.city;

  return {
    province: place.province,
    city,
    nik,
    name: makeName(random, culture, gender, age),
    birth_place: birthPlace,
    birth_date: isoDate(year, month, day),
    gender,
    blood_type: random.weighted([
      ["-", 40],
      ["O", 22],
      ["A", 14],
      ["B", 15],
      ["AB", 5],
      ["O+", 1],
      ["A+", 1],
      ["B+", 1],
      ["B-", 1],
    ]),
    address: makeAddress(random),
    rt_rw: random.chance(0.04)
      ? "000/000"
      : `${String(random.whole(1, 18)).padStart(3, "0")}/${String(random.whole(1, 24)).padStart(3, "0")}`,
    village: place.village,
    district: place.district,
    religion: random.weighted(RELIGIONS[culture]),
    marital_status: maritalStatus,
    occupation: makeOccupation(random, age, gender, maritalStatus !== "BELUM KAWIN"),
    nationality: "WNI",
    valid_until: expires ? isoDate(issueYear + 5, month, Math.min(day, 28)) : "SEUMUR HIDUP",
    issue_place: city.replace(/^KABUPATEN (ADMINISTRASI )?/, "").replace("KOTA ADMINISTRASI ", ""),
    issue_date: isoDate(issueYear, issueMonth, issueDay),
    face,
    seed,
    index,
  };
}
