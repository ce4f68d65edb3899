import type { KtpField } from "../facts.ts";
import { bare, distance } from "./text.ts";

/** What stands before a value, in the order of the card. */
export const LABELS: readonly { readonly field: KtpField; readonly spellings: readonly string[] }[] = [
  { field: "nik", spellings: ["NIK"] },
  { field: "name", spellings: ["NAMA", "NAMALENGKAP"] },
  { field: "birth_place", spellings: ["TEMPATTGLLAHIR", "TEMPATTANGGALLAHIR"] },
  { field: "gender", spellings: ["JENISKELAMIN"] },
  { field: "blood_type", spellings: ["GOLDARAH", "GOLONGANDARAH"] },
  { field: "address", spellings: ["ALAMAT"] },
  { field: "rt_rw", spellings: ["RTRW"] },
  { field: "village", spellings: ["KELDESA", "KELURAHANDESA", "DESAKELURAHAN"] },
  { field: "district", spellings: ["KECAMATAN"] },
  { field: "religion", spellings: ["AGAMA"] },
  { field: "marital_status", spellings: ["STATUSPERKAWINAN", "STATUSKAWIN"] },
  { field: "occupation", spellings: ["PEKERJAAN"] },
  { field: "nationality", spellings: ["KEWARGANEGARAAN"] },
  { field: "valid_until", spellings: ["BERLAKUHINGGA"] },
];

export interface LabelMatch {
  readonly field: KtpField;
  /** How many characters of the text are the label. */
  readonly end: number;
  /** 0 exact .. 1 nothing in common. */
  readonly fault: number;
}

/** A label may be misread by this share of its letters. */
const MOST_FAULT = 0.3;

/** The label that a text begins with. */
export function labelAt(text: string): LabelMatch | null {
  // The bare letters, and where in the text each ends.
  const ends: number[] = [];
  let letters = "";
  for (let i = 0; i < text.length; i++) {
    const b = bare(text[i]);
    if (b) {
      letters += b;
      ends.push(i + 1);
    }
  }
  let best: LabelMatch | null = null;
  for (const { field, spellings } of LABELS) {
    for (const spelling of spellings) {
      for (const slack of [0, -1, 1, -2, 2]) {
        const size = spelling.length + slack;
        if (
          size < 2 ||
          size > letters.length ||
          (spelling.length < 6 && slack !== 0 && letters.length !== size)
        )
          continue;
        const fault = distance(letters.slice(0, size), spelling) / spelling.length;
        // A colon or a capital that follows a small letter ends a label; without one the value may be glued to it.
        if (
          fault <= MOST_FAULT &&
          (best === null ||
            fault < best.fault ||
            (fault === best.fault && ends[size - 1] > best.end && spelling.length > 8))
        ) {
          best = { field, end: ends[size - 1], fault };
        }
      }
    }
  }
  return best;
}
