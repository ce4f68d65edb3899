import type { KtpField } from "../vision/facts.ts";

/** What the register says of a citizen's standing; one who is not in it at all is NOT_FOUND. */
export const CITIZEN_STATUSES = ["VALID", "BLOCKED", "DECEASED", "INVALID"] as const;
export type CitizenStatus = (typeof CITIZEN_STATUSES)[number];

/** A citizen as the simulator's register holds one; the members of its `GET /nik/{nik}`. */
export interface Citizen {
  /** 16 digits. */
  readonly nik: string;
  readonly fullName: string;
  readonly birthPlace: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate: string | null;
  readonly gender: "MALE" | "FEMALE" | null;
  readonly bloodType: string | null;
  readonly address: string | null;
  readonly rt: string | null;
  readonly rw: string | null;
  readonly village: string | null;
  readonly district: string | null;
  readonly city: string | null;
  readonly province: string | null;
  /** ISLAM, KRISTEN, KATOLIK, HINDU, BUDDHA, KONGHUCU or OTHER. */
  readonly religion: string | null;
  /** SINGLE, MARRIED, DIVORCED or WIDOWED. */
  readonly maritalStatus: string | null;
  readonly occupation: string | null;
  readonly nationality: string | null;
  readonly status: CitizenStatus;
}

const RELIGIONS: Readonly<Record<string, string>> = {
  KATHOLIK: "KATOLIK",
  BUDHA: "BUDDHA",
  KHONGHUCU: "KONGHUCU",
  "KEPERCAYAAN TERHADAP TUHAN YME": "OTHER",
};

const MARITAL_STATUSES: Readonly<Record<string, string>> = {
  "BELUM KAWIN": "SINGLE",
  KAWIN: "MARRIED",
  "KAWIN TERCATAT": "MARRIED",
  "KAWIN BELUM TERCATAT": "MARRIED",
  "CERAI HIDUP": "DIVORCED",
  "CERAI MATI": "WIDOWED",
};

/**
 * The citizen whose card says this: the fields of a KTP in the register's words.
 * @throws {RangeError} where the card has no NIK or no name
 */
export function citizenOfCard(
  card: Readonly<Partial<Record<KtpField, string | null>>>,
  status: CitizenStatus = "VALID",
): Citizen {
  const { nik, name } = card;
  if (!nik || !name) throw new RangeError("a citizen needs a NIK and a name");
  const [rt = null, rw = null] = card.rt_rw?.split("/") ?? [];
  return {
    nik,
    fullName: name,
    birthPlace: card.birth_place ?? null,
    birthDate: card.birth_date ?? null,
    gender: card.gender === "LAKI-LAKI" ? "MALE" : card.gender === "PEREMPUAN" ? "FEMALE" : null,
    bloodType: card.blood_type && card.blood_type !== "-" ? card.blood_type : null,
    address: card.address ?? null,
    rt,
    rw,
    village: card.village ?? null,
    district: card.district ?? null,
    city: card.city ?? null,
    province: card.province ?? null,
    religion: card.religion ? (RELIGIONS[card.religion] ?? card.religion) : null,
    maritalStatus: card.marital_status ? (MARITAL_STATUSES[card.marital_status] ?? null) : null,
    occupation: card.occupation ?? null,
    nationality: card.nationality ?? null,
    status,
  };
}

/** Whom the simulator knows from the start. Invented people; their NIKs hold no real date of birth. */
export const SEED_CITIZENS: readonly Citizen[] = [
  seed("3201234567890001", "JOHN DOE", "JAKARTA", "1990-01-15", "MALE", "VALID"),
  seed("3201234567890002", "JANE DOE", "BANDUNG", "1992-05-20", "FEMALE", "VALID"),
  seed("3201234567890003", "BLOCKED USER", "SURABAYA", "1985-12-01", "MALE", "BLOCKED"),
  seed("3201234567890004", "ALICE WONDERLAND", "SURABAYA", "1988-08-08", "FEMALE", "VALID"),
  seed("3201234567890005", "BOB BUILDER", "SEMARANG", "1985-03-25", "MALE", "VALID"),
  seed("3201234567890006", "CHARLIE CHOCOLATE", "YOGYAKARTA", "1995-12-25", "MALE", "VALID"),
  seed("3201234567890007", "DECEASED PERSON", "MEDAN", "1950-06-15", "MALE", "DECEASED"),
  seed("3299999999999999", "INVALID NIK TEST", null, null, null, "INVALID"),
];

/** The places in which the seed citizens were born, and live: regency, province, district and village of its centre. */
function seed(
  nik: string,
  fullName: string,
  birthPlace: string | null,
  birthDate: string | null,
  gender: Citizen["gender"],
  status: CitizenStatus,
): Citizen {
  const homes: Readonly<Record<string, readonly [string, string, string, string]>> = {
    JAKARTA: ["JAKARTA PUSAT", "DKI JAKARTA", "MENTENG", "MENTENG"],
    BANDUNG: ["KOTA BANDUNG", "JAWA BARAT", "SUMUR BANDUNG", "BRAGA"],
    SURABAYA: ["KOTA SURABAYA", "JAWA TIMUR", "GENTENG", "EMBONG KALIASIN"],
    SEMARANG: ["KOTA SEMARANG", "JAWA TENGAH", "SEMARANG TENGAH", "PEKUNDEN"],
    YOGYAKARTA: ["KOTA YOGYAKARTA", "DAERAH ISTIMEWA YOGYAKARTA", "GONDOMANAN", "NGUPASAN"],
    MEDAN: ["KOTA MEDAN", "SUMATERA UTARA", "MEDAN BARAT", "KESAWAN"],
  };
  const [city, province, district, village] = homes[birthPlace ?? ""] ?? [null, null, null, null];
  const known = birthPlace !== null;
  return {
    nik,
    fullName,
    birthPlace,
    birthDate,
    gender,
    bloodType: null,
    address: known ? `JL. ${village} NO. ${Number(nik.slice(-2))}` : null,
    rt: known ? "001" : null,
    rw: known ? "002" : null,
    village,
    district,
    city,
    province,
    religion: known ? "ISLAM" : null,
    maritalStatus: known ? "SINGLE" : null,
    occupation: known ? "KARYAWAN SWASTA" : null,
    nationality: "WNI",
    status,
  };
}
