import type { KtpField } from "../facts.ts";
import { bare, distance } from "./text.ts";

/** What stands before a value, in the order of the card. */
export const LABELS: readonly { readonly field: KtpField; readonly spellings: readonly string[] }[] = [
  { field: "nik", spellings: ["NIK"] },
  { field: "name", spellings: ["NAMA", "NAMALENGKAP"] },
  { field: "birth_place", spellings: ["TEMPATTGLLAHIR", "TEMPATTANGGALLAHIR", "TEMPATLAHIR", "TTL"] },
  { field: "gender", spellings: ["JENISKELAMIN"] },
  { field: "blood_type", spellings: ["GOLDARAH", "GOLONGANDARAH"] },
  { field: "address", spellings: ["ALAMAT"] },
  { field: "rt_rw", spellings: ["RTRW"] },
  { field: "village", spellings: ["KELDESA", "KELURAHANDESA", "DESAKELURAHAN", "KELURAHAN"] },
  { field: "district", spellings: ["KECAMATAN"] },
  { field: "religion", spellings: ["AGAMA"] },
  { field: "marital_status", spellings: ["STATUSPERKAWINAN", "STATUSKAWIN", "STATUS"] },
  { field: "occupation", spellings: ["PEKERJAAN"] },
  { field: "nationality", spellings: ["KEWARGANEGARAAN"] },
  { field: "valid_until", spellings: ["BERLAKUHINGGA", "BERLAKUSD"] },
];

export interface LabelMatch {
  readonly field: KtpField;
  /** How many characters of the text are the label. */
  readonly end: number;
  /** 0 exact .. 1 nothing in common. */
  readonly fault: number;
}

/** A label may be misread by this share of its letters; one of three or four letters by less. */
const MOST_FAULT = 0.34;
const MOST_FAULT_SHORT = 0.26;
const SHORT = 5;
/** A label of fewer letters may begin a value as well (NIKO, NAMAH), so it must end where a word does. */
const LONG = 8;

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
          (spelling.length < 6 && Math.abs(slack) > 1) ||
          (spelling.length < SHORT && slack !== 0)
        )
          continue;
        const end = ends[size - 1];
        if (!endsWord(text, end) && (spelling.length < LONG || slack !== 0)) continue;
        const most = spelling.length < SHORT ? MOST_FAULT_SHORT : MOST_FAULT;
        const fault = distance(letters.slice(0, size), spelling, most * spelling.length) / spelling.length;
        if (fault <= most && (best === null || fault < best.fault)) best = { field, end, fault };
      }
    }
  }
  return best;
}

/** Whether a word of the label's kind ends at `end`: before a sign or a space, or where small letters turn to capitals. */
function endsWord(text: string, end: number): boolean {
  const [last, next] = [text[end - 1], text[end]];
  if (next === undefined || !/[A-Za-z]/.test(next))
    return !/\d/.test(last) || next === undefined || !/\d/.test(next);
  return /[a-z]/.test(last) && /[A-Z]/.test(next);
}

const BLOOD = "GOLDARAH";
/** So many letters of the blood type's label may be misread. */
const BLOOD_FAULT = 2;

/** The label of the blood type inside a text: it stands in the gender's line. */
export function bloodLabelIn(text: string): { readonly from: number; readonly to: number } | null {
  for (const word of text.matchAll(/(?<![A-Za-z])[GC6Q]\S/g)) {
    let letters = "";
    let best: { to: number; fault: number } | null = null;
    for (let i = word.index; i < text.length && letters.length <= BLOOD.length; i++) {
      const b = bare(text[i]);
      if (b === "") continue;
      letters += b;
      const fault = distance(letters, BLOOD);
      if (best === null || fault < best.fault) best = { to: i + 1, fault };
    }
    if (best && best.fault <= BLOOD_FAULT) return { from: word.index, to: best.to };
  }
  return null;
}
