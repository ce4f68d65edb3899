import type { CardAltered } from "./card.ts";
import type { SampleCitizen } from "./citizen.ts";
import { Random } from "./random.ts";

/** Ways in which a card, or a photograph of one, is forged. */
export const TAMPER_KINDS = [
  "birth-date",
  "gender",
  "region",
  "portrait-ground",
  "nik-digits",
  "pasted-portrait",
  "pasted-field",
  "no-portrait",
  "no-signature",
] as const;
export type TamperKind = (typeof TAMPER_KINDS)[number];

/** What each kind of forgery does: the text of the documentation. */
export const TAMPERINGS: Readonly<Record<TamperKind, string>> = {
  "birth-date": "another birth date is printed than the NIK holds",
  gender: "another gender is printed than the NIK holds",
  region: "the NIK begins with a regency that there never was",
  "portrait-ground": "the portrait on the ground of the other years",
  "nik-digits": "one to four digits of the NIK in another face or at another height",
  "pasted-portrait": "somebody else's portrait laid over the photograph's by a program",
  "pasted-field": "name, address or occupation painted over in the photograph and set anew by a program",
  "no-portrait": "no portrait",
  "no-signature": "no signature",
};

/** A card to be drawn: what stands on it, and what is wrong with how. */
export interface ForgedCard {
  readonly citizen: SampleCitizen;
  readonly altered: CardAltered;
}

/** Days and years by which a forged birth date differs from the true one. */
const DATE_SHIFT = { days: [1, 27], years: [0, 2, 4, 6, 10] } as const;
/** Regencies are numbered from 01 and cities from 71: none is between. */
const NO_REGENCY = [45, 69] as const;
/** By how much a digit's height differs where its face does not. */
const DIGIT_SCALE = [0.1, 0.2] as const;

/** The citizen's card as this kind of forgery prints it; the same citizen and kind give the same. */
export function forgeCard(citizen: SampleCitizen, kind: TamperKind): ForgedCard {
  const random = new Random(citizen.seed, citizen.index, "tamper", kind);
  const as = (changes: Partial<SampleCitizen>): ForgedCard => ({
    citizen: { ...citizen, ...changes },
    altered: {},
  });
  switch (kind) {
    case "birth-date":
      return as({ birth_date: otherDate(citizen.birth_date, random) });
    case "gender":
      return as({ gender: citizen.gender === "PEREMPUAN" ? "LAKI-LAKI" : "PEREMPUAN" });
    case "region":
      return as({ nik: `${citizen.nik.slice(0, 2)}${random.whole(...NO_REGENCY)}${citizen.nik.slice(4)}` });
    case "portrait-ground":
      return { citizen, altered: { otherGround: true } };
    case "no-portrait":
      return { citizen, altered: { faceless: true } };
    case "no-signature":
      return { citizen, altered: { unsigned: true } };
    case "nik-digits": {
      const otherFace = random.chance(0.5);
      const size = random.between(...DIGIT_SCALE) * random.pick([-1, 1]);
      const count = random.whole(1, 4);
      const from = random.whole(0, 16 - count);
      return { citizen, altered: { digits: { from, count, otherFace, scale: otherFace ? 1 : 1 + size } } };
    }
    default:
      return { citizen, altered: {} };
  }
}

/** The year stays as odd or even as it was: the portrait's ground would tell otherwise. */
function otherDate(date: string, random: Random): string {
  const [year, month, day] = date.split("-").map(Number);
  const shifted = new Date(
    Date.UTC(
      year - random.pick(DATE_SHIFT.years),
      month - 1,
      1 + ((day - 1 + random.whole(...DATE_SHIFT.days)) % 28),
    ),
  );
  return shifted.toISOString().slice(0, 10);
}
