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

export const NIK_DIGITS = 16;
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

/** The six digits of a NIK that a birth date and a gender make, e.g. 470390 for a woman born on 1990-03-07. */
export function birthDigits(date: string, gender: string | null): string {
  const [year, month, day] = date.split("-");
  return `${String(Number(day) + (gender === "PEREMPUAN" ? WOMAN : 0)).padStart(2, "0")}${month}${year.slice(2)}`;
}

/** YYYY-MM-DD, or null where the calendar has no such day. */
export function isoDate(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.toISOString().slice(0, 10) : null;
}

/** What else on the card speaks about its NIK; null where it was not read. */
export interface NikEvidence {
  /** Codes of the regions printed: `32`, `32.17`, `32.17.06`. */
  readonly province: string | null;
  readonly city: string | null;
  readonly district: string | null;
  /** YYYY-MM-DD */
  readonly birthDate: string | null;
  readonly gender: string | null;
  /** Whether the list has a district of this code. */
  readonly hasDistrict: (code: string) => boolean;
}

/**
 * How likely a card's NIK tells of its print, as far as it matters here: most people keep the NIK of where they still
 * live, the rest is spread over all other regions; birth date and gender agree but for clerical faults. Each is the
 * ratio of agreeing to one particular way of differing.
 */
const AGREES = { district: 20, city: 50, province: 60, birth: 5000, gender: 200, known: 100 } as const;
/** A digit that the network thinks less likely than this is no candidate … */
const CANDIDATE = 0.02;
/** … and at most so many digits are doubted at once. */
const MOST_DOUBTED = 3;

export interface NikReading {
  readonly value: string;
  /** 0..1: that of all candidates it is this one. */
  readonly share: number;
  /** It is not what the network thought likeliest. */
  readonly mended: boolean;
}

/**
 * The NIK that the network read, mended in one digit where the card proves it: where the reading contradicts what is
 * printed elsewhere, and of all readings with one other digit that the network found possible exactly one agrees with
 * province, regency, birth date and gender. Nothing else is ever changed; how likely the value is among all that the
 * network found possible (Bayes: chance of the digits times how well they agree with the card) is its share.
 * @param chances  16 times the chances of the ten digits, each summing to 1
 */
export function likeliestNik(chances: readonly (readonly number[])[], evidence: NikEvidence): NikReading {
  const ranked = chances.map((of) =>
    of.map((chance, digit) => ({ digit, chance })).sort((a, b) => b.chance - a.chance),
  );
  const doubted = ranked
    .map(([, second], place) => ({ place, chance: second.chance }))
    .filter(({ chance }) => chance >= CANDIDATE)
    .sort((a, b) => b.chance - a.chance)
    .slice(0, MOST_DOUBTED)
    .map(({ place }) => place);
  let candidates = [{ digits: ranked.map(([{ digit }]) => digit), weight: 1 }];
  for (const place of doubted) {
    candidates = candidates.flatMap(({ digits, weight }) =>
      ranked[place]
        .filter(({ chance }) => chance >= CANDIDATE)
        .map(({ digit, chance }) => ({
          digits: digits.with(place, digit),
          weight: weight * (chance / ranked[place][0].chance),
        })),
    );
  }
  const sum = candidates.reduce(
    (all, { digits, weight }) => all + weight * agreement(digits.join(""), evidence),
    0,
  );
  const read = candidates[0].digits.join("");
  const value = agrees(read, evidence) ? read : (provenMending(ranked, evidence) ?? read);
  const weight = [...value].reduce((all, digit, place) => all * relative(ranked[place], Number(digit)), 1);
  return {
    value,
    share: sum > 0 ? Math.min(1, (weight * agreement(value, evidence)) / sum) : 0,
    mended: value !== read,
  };
}

type Ranked = readonly { readonly digit: number; readonly chance: number }[];

/** The chance of a digit against that of the likeliest. */
const relative = (ranked: Ranked, digit: number): number => {
  const [{ chance: most }] = ranked;
  return most > 0 ? (ranked.find((of) => of.digit === digit)?.chance ?? 0) / most : 1;
};

/** The only reading with one other digit that everything printed agrees with; null where there is none, or several. */
function provenMending(ranked: readonly Ranked[], evidence: NikEvidence): string | null {
  const read = ranked.map(([{ digit }]) => digit);
  const proven = ranked.flatMap(([, ...others], place) =>
    others
      .filter(({ chance }) => chance >= CANDIDATE)
      .map(({ digit }) => read.with(place, digit).join(""))
      .filter((nik) => agrees(nik, evidence)),
  );
  return proven.length === 1 ? proven[0] : null;
}

/** Whether province, regency, birth date and gender were all read, and the NIK holds every one of them. */
function agrees(nik: string, { province, city, birthDate, gender }: NikEvidence): boolean {
  if (province === null || city === null || birthDate === null || gender === null) return false;
  return (
    `${nik.slice(0, 2)}.${nik.slice(2, 4)}` === city && nik.slice(6, 12) === birthDigits(birthDate, gender)
  );
}

function agreement(
  nik: string,
  { province, city, district, birthDate, gender, hasDistrict }: NikEvidence,
): number {
  const code = `${nik.slice(0, 2)}.${nik.slice(2, 4)}.${nik.slice(4, 6)}`;
  let weight = hasDistrict(code) ? AGREES.known : 1;
  if (province !== null && code.startsWith(province)) weight *= AGREES.province;
  if (city !== null && code.startsWith(city)) weight *= AGREES.city;
  if (district !== null && code === district) weight *= AGREES.district;
  const day = Number(nik.slice(6, 8));
  if (gender !== null && (gender === "PEREMPUAN") === day > WOMAN) weight *= AGREES.gender;
  const woman = day > WOMAN ? "PEREMPUAN" : null;
  if (birthDate !== null && nik.slice(6, 12) === birthDigits(birthDate, woman)) weight *= AGREES.birth;
  else if (
    isoDate(2000 + Number(nik.slice(10, 12)), Number(nik.slice(8, 10)), woman ? day - WOMAN : day) === null
  )
    weight /= AGREES.known;
  return weight;
}
