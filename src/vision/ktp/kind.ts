import type { Hint } from "../facts.ts";
import { bare, distanceWithin } from "./text.ts";

/** What a picture shows in place of the front of a KTP, as far as it is known by name. */
export type OtherKind = Extract<
  Hint,
  | "ktp_back"
  | "driving_licence"
  | "passport"
  | "tax_card"
  | "family_card"
  | "child_card"
  | "other_card"
  | "bank_card"
  | "receipt"
  | "face_not_card"
  | "no_card"
  | "two_cards"
>;

/**
 * Headings that stand on the one kind of document and in no value of a KTP: they tell what it is, whatever else was
 * read. The first that is found names it.
 */
const HEADINGS: readonly { readonly kind: OtherKind; readonly headings: readonly string[] }[] = [
  { kind: "child_card", headings: ["KARTUIDENTITASANAK"] },
  { kind: "family_card", headings: ["KARTUKELUARGA", "NAMAKEPALAKELUARGA"] },
  {
    kind: "driving_licence",
    headings: ["SURATIZINMENGEMUDI", "DRIVINGLICENSE", "DRIVINGLICENCE"],
  },
  { kind: "passport", headings: ["REPUBLIKINDONESIAPASPOR", "PASPORPASSPORT", "PASSPORTNO", "NOPASPOR"] },
  {
    kind: "tax_card",
    headings: ["DIREKTORATJENDERALPAJAK", "NOMORPOKOKWAJIBPAJAK", "KARTUNPWP"],
  },
  {
    kind: "other_card",
    headings: [
      "KARTUINDONESIASEHAT",
      "BPJSKESEHATAN",
      "BPJSKETENAGAKERJAAN",
      "KARTUTANDAMAHASISWA",
      "KARTUMAHASISWA",
      "KARTUPELAJAR",
      "KARTUPEGAWAI",
      "KARTUANGGOTA",
      "KARTUPESERTA",
    ],
  },
];

/** Words that are signs of a kind only where the picture is not known to be a KTP; so many of them tell it. */
const WORDS: readonly {
  readonly kind: OtherKind;
  readonly words: readonly RegExp[];
  readonly least: number;
}[] = [
  {
    kind: "passport",
    words: [/^P<[A-Z]{3}|^P[A-Z<]IDN[A-Z]+<</, /<<<.*<<<|<{5}/, /PASPOR|PASSPORT/],
    least: 1,
  },
  {
    kind: "driving_licence",
    words: [/^SIM$|^SIM[A-D]\d?$/, /KEPOLISIAN|POLRI/, /MENGEMUDI|DRIVING/],
    least: 2,
  },
  { kind: "tax_card", words: [/^NPWP/, /PAJAK/, /^\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}/], least: 1 },
  {
    kind: "bank_card",
    words: [
      /VALIDTHRU|VALIDFROM|GOODTHRU|EXPIRESEND|MONTHYEAR/,
      /DEBIT|CREDIT|KREDIT|PLATINUM|MASTERCARD|^VISA$|^GPN$|CARDHOLDER/,
      /^(\d{4} ){3}\d{4}$|^[3-6]\d{15}$/,
      /^BANK|BANK$/,
      /^(0[1-9]|1[0-2])\/\d\d$/,
    ],
    least: 2,
  },
  {
    kind: "receipt",
    words: [
      /^(SUB|GRAND)?TOTAL/,
      /TUNAI|^CASH/,
      /KEMBALI(AN)?$|^CHANGE/,
      /TERIMAKASIH|THANKYOU/,
      /^STRUK|KASIR|^QTY|^PPN/,
      /^RP?\d|^\d{1,3}(\.\d{3})+(,\d\d)?$/,
    ],
    least: 2,
  },
  // The front says so too on cards before 2011; it is then known by its labels.
  { kind: "ktp_back", words: [/KARTUTANDAPENDUDUK/, /^REPUBLIKINDONESIA/], least: 1 },
];

/** Of a heading so many letters may be misread, as a share. */
const MISREAD = 0.15;

/** Which other document a heading tells, from the lines that were read; null where none does. */
export function kindByHeading(lines: readonly string[]): OtherKind | null {
  const texts = lines.map(bare).filter(({ length }) => length >= 8);
  // A heading may be broken over two lines.
  const all = [...texts, ...texts.slice(1).map((text, i) => texts[i] + text)];
  for (const { kind, headings } of HEADINGS) {
    if (headings.some((heading) => all.some((text) => holds(text, heading)))) return kind;
  }
  return null;
}

/** What a picture that is not the front of a KTP shows by its words; null where they tell nothing. */
export function kindByWords(lines: readonly string[]): OtherKind | null {
  const texts = lines.flatMap((line) => [
    line.toUpperCase().trim(),
    line.toUpperCase().replace(/[^A-Z0-9<]/g, ""),
  ]);
  for (const { kind, words, least } of WORDS) {
    if (words.filter((word) => texts.some((text) => word.test(text))).length >= least) return kind;
  }
  return null;
}

/** Whether a text has a part that is the heading, but for misread letters. */
function holds(text: string, heading: string): boolean {
  const most = Math.floor(heading.length * MISREAD);
  return text.length + most >= heading.length && distanceWithin(heading, text) <= most;
}
