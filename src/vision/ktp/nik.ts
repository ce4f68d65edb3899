/** What the digits of a NIK say of its holder. */
export interface NikParts {
  /** `32`, `32.17`, `32.17.06`: where it was first issued. */
  readonly province: string;
  readonly regency: string;
  readonly district: string;
  /** YYYY-MM-DD, or null where the digits are no date or make nobody of an age to have a KTP. */
  readonly birthDate: string | null;
  readonly gender: "LAKI-LAKI" | "PEREMPUAN";
  readonly serial: string;
}

/** Added to the day of a woman. */
const WOMAN = 40;
/** Years of age between which a KTP is held. */
const AGE = { least: 17, most: 120 } as const;

/**
 * Takes a NIK apart.
 * @param nik  16 digits
 * @param now  tells the century: the one that makes the holder 17 to 120 years old
 */
export function nikParts(nik: string, now: Date): NikParts {
  const day = Number(nik.slice(6, 8));
  const woman = day > WOMAN;
  return {
    province: nik.slice(0, 2),
    regency: `${nik.slice(0, 2)}.${nik.slice(2, 4)}`,
    district: `${nik.slice(0, 2)}.${nik.slice(2, 4)}.${nik.slice(4, 6)}`,
    birthDate: birthDate(woman ? day - WOMAN : day, Number(nik.slice(8, 10)), Number(nik.slice(10, 12)), now),
    gender: woman ? "PEREMPUAN" : "LAKI-LAKI",
    serial: nik.slice(12),
  };
}

function birthDate(day: number, month: number, year2: number, now: Date): string | null {
  const thisYear = now.getUTCFullYear();
  // The later century first: a holder of 18 is likelier than one of 118.
  for (let year = thisYear - (thisYear % 100) + year2; year > thisYear - AGE.most - 1; year -= 100) {
    const age = thisYear - year;
    const date = isoDate(year, month, day);
    if (date !== null && age >= AGE.least && age <= AGE.most) return date;
  }
  return null;
}

/** YYYY-MM-DD, or null where the calendar has no such day. */
export function isoDate(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.toISOString().slice(0, 10) : null;
}
