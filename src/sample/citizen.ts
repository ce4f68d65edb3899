import { FACES } from "./faces.ts";
import { type Gender, makeName } from "./names.ts";
import { makeAddress, type Place, pickPlace, pickPlaceIn, shortCity } from "./places.ts";
import { Random } from "./random.ts";
import { makeBloodType, makeCulture, makeMaritalStatus, makeOccupation, makeReligion } from "./society.ts";
import { type Variant, varied } from "./variants.ts";

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
  /** WNI, a country, or WNA with one. */
  readonly nationality: string;
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
  /** What is rare about the card; null of the usual ones. */
  readonly variant: Variant | null;
  /** A foreigner's card of since 2022. */
  readonly orange: boolean;
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

const two = (n: number) => String(n).padStart(2, "0");
const isoDate = (year: number, month: number, day: number) => `${year}-${two(month)}-${two(day)}`;

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
 * @param variant  what is rare about the card
 */
export async function makeCitizen(seed: number, index: number, variant?: Variant): Promise<SampleCitizen> {
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

  const culture = makeCulture(random, provinceCode);
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

  const citizen: SampleCitizen = {
    province: place.province,
    city,
    nik,
    name: makeName(random, culture, gender, age),
    birth_place: birthPlace,
    birth_date: isoDate(year, month, day),
    gender,
    blood_type: makeBloodType(random),
    address: makeAddress(random),
    rt_rw: random.chance(0.04)
      ? "000/000"
      : `${String(random.whole(1, 18)).padStart(3, "0")}/${String(random.whole(1, 24)).padStart(3, "0")}`,
    village: place.village,
    district: place.district,
    religion: makeReligion(random, culture),
    marital_status: maritalStatus,
    occupation: makeOccupation(random, age, gender, maritalStatus !== "BELUM KAWIN"),
    nationality: "WNI",
    valid_until: expires
      ? isoDate(issueYear + 5, month, month === 2 ? Math.min(day, 28) : day)
      : "SEUMUR HIDUP",
    issue_place: city.replace(/^KABUPATEN (ADMINISTRASI )?/, "").replace("KOTA ADMINISTRASI ", ""),
    issue_date: isoDate(issueYear, issueMonth, issueDay),
    face,
    seed,
    index,
    variant: null,
    orange: false,
  };
  return variant ? varied(citizen, variant) : citizen;
}
