import { digitFor } from "./decode.ts";
import { isoDate } from "./nik.ts";
import { bare, distance, nearest } from "./text.ts";

/** What a text says once its form is known; `sure` 0..1 weighs what had to be mended. */
export interface Parsed {
  readonly value: string;
  readonly sure: number;
}

export const RELIGIONS = [
  "ISLAM",
  "KRISTEN",
  "KATHOLIK",
  "KATOLIK",
  "HINDU",
  "BUDDHA",
  "BUDHA",
  "KHONGHUCU",
  "KONGHUCU",
  "KEPERCAYAAN TERHADAP TUHAN YME",
  "KEPERCAYAAN",
] as const;
export const MARITAL_STATUSES = [
  "BELUM KAWIN",
  "KAWIN",
  "CERAI HIDUP",
  "CERAI MATI",
  "KAWIN TERCATAT",
  "KAWIN BELUM TERCATAT",
] as const;
export const GENDERS = ["LAKI-LAKI", "PEREMPUAN"] as const;
/** The commonest of the ministry's closed list; others are taken as they are read. */
export const OCCUPATIONS = [
  "BELUM/TIDAK BEKERJA",
  "MENGURUS RUMAH TANGGA",
  "PELAJAR/MAHASISWA",
  "PENSIUNAN",
  "PEGAWAI NEGERI SIPIL",
  "TENTARA NASIONAL INDONESIA",
  "KEPOLISIAN RI",
  "PERDAGANGAN",
  "PETANI/PEKEBUN",
  "PETERNAK",
  "NELAYAN/PERIKANAN",
  "INDUSTRI",
  "KONSTRUKSI",
  "TRANSPORTASI",
  "KARYAWAN SWASTA",
  "KARYAWAN BUMN",
  "KARYAWAN BUMD",
  "KARYAWAN HONORER",
  "BURUH HARIAN LEPAS",
  "BURUH TANI/PERKEBUNAN",
  "BURUH NELAYAN/PERIKANAN",
  "BURUH PETERNAKAN",
  "PEMBANTU RUMAH TANGGA",
  "TUKANG CUKUR",
  "TUKANG LISTRIK",
  "TUKANG BATU",
  "TUKANG KAYU",
  "TUKANG SOL SEPATU",
  "TUKANG LAS/PANDAI BESI",
  "TUKANG JAHIT",
  "TUKANG GIGI",
  "PENATA RIAS",
  "PENATA BUSANA",
  "PENATA RAMBUT",
  "MEKANIK",
  "SENIMAN",
  "TABIB",
  "PARAJI",
  "PERANCANG BUSANA",
  "PENTERJEMAH",
  "IMAM MASJID",
  "PENDETA",
  "PASTOR",
  "WARTAWAN",
  "USTADZ/MUBALIGH",
  "JURU MASAK",
  "PROMOTOR ACARA",
  "ANGGOTA DPR-RI",
  "ANGGOTA DPD",
  "ANGGOTA BPK",
  "PRESIDEN",
  "WAKIL PRESIDEN",
  "GUBERNUR",
  "BUPATI",
  "WALIKOTA",
  "DOSEN",
  "GURU",
  "PILOT",
  "PENGACARA",
  "NOTARIS",
  "ARSITEK",
  "AKUNTAN",
  "KONSULTAN",
  "DOKTER",
  "BIDAN",
  "PERAWAT",
  "APOTEKER",
  "PSIKIATER/PSIKOLOG",
  "PENYIAR TELEVISI",
  "PENYIAR RADIO",
  "PELAUT",
  "PENELITI",
  "SOPIR",
  "PIALANG",
  "PARANORMAL",
  "PEDAGANG",
  "PERANGKAT DESA",
  "KEPALA DESA",
  "BIARAWATI",
  "WIRASWASTA",
  "LAINNYA",
] as const;

/** The entry of a closed list that a text is, or null where it is none. */
export function fromList(text: string, list: readonly string[], slack = 0.25): Parsed | null {
  const key = bare(text);
  if (key.length < 2) return null;
  const best = nearest(key, list, bare);
  if (!best || best.distance > Math.max(0.5, best.item.length * slack) || best.runnerUp <= best.distance)
    return null;
  return { value: best.item, sure: 1 - best.distance / Math.max(4, best.item.length) };
}

/** Digits where only digits can stand; null where a character cannot be one. */
export function digits(text: string): Parsed | null {
  let value = "";
  let mended = 0;
  for (const char of text) {
    if (/[\s.,:;'`-]/.test(char)) continue;
    const digit = digitFor(char);
    if (digit === null) return null;
    if (digit !== char) mended += 1;
    value += digit;
  }
  return { value, sure: 1 - mended / Math.max(4, value.length) };
}

const DATE = /(\d\s\d|\S{1,2})\s?[-–./~_ ]+\s?(\d\s\d|\S{2})\s?[-–./~_ ]+\s?(\S{4})\s*$/;

/** A date at the end of a text, with where it begins. */
export function dateAtEnd(text: string): (Parsed & { readonly index: number }) | null {
  const spelled = DATE.exec(text) ?? /(\d{2})-?(\d{2})-?(\d{4})\s*$/.exec(text);
  if (!spelled) return null;
  const [day, month, year] = spelled.slice(1).map((part) => digits(part));
  if (!day || !month || !year) return null;
  const value = isoDate(Number(year.value), Number(month.value), Number(day.value));
  if (value === null || year.value.length !== 4) return null;
  return { value, sure: Math.min(day.sure, month.sure, year.sure), index: spelled.index };
}

/** `004/021` */
export function rtRw(text: string): Parsed | null {
  const [rt, rw, more] = text.split(/[/|\\]/);
  if (rw === undefined) {
    const run = digits(text.replace(/\s/g, ""));
    if (!run || (run.value.length !== 6 && run.value.length !== 7)) return null;
    return { value: `${run.value.slice(0, 3)}/${run.value.slice(-3)}`, sure: run.sure * 0.8 };
  }
  const [a, b] = [digits(rt), digits(rw)];
  if (more !== undefined || !a || !b || !a.value || !b.value || a.value.length > 3 || b.value.length > 3)
    return null;
  return { value: `${a.value}/${b.value}`, sure: Math.min(a.sure, b.sure) };
}

export function bloodType(text: string): Parsed | null {
  const key = text
    .toUpperCase()
    .replace(/\s/g, "")
    .replace(/0/g, "O")
    .replace(/8/g, "B")
    .replace(/^[:;.]+/, "");
  if (/^[-–_]+$/.test(key)) return { value: "-", sure: 1 };
  const found = /^(AB|A|B|O)([+-])?$/.exec(key);
  return found ? { value: found[1] + (found[2] ?? ""), sure: 1 } : null;
}

export function validUntil(text: string): Parsed | null {
  const date = dateAtEnd(text);
  if (date) return date;
  const d = distance(bare(text), "SEUMURHIDUP");
  return d <= 3 ? { value: "SEUMUR HIDUP", sure: 1 - d / 11 } : null;
}

/** Capitals where only letters can stand: a digit in a word of letters is a letter misread. */
export function words(text: string): string {
  return text
    .toUpperCase()
    .replace(/[0-9]+(?=[A-Z])|(?<=[A-Z])[0-9]+/g, (run) =>
      run.replace(/0/g, "O").replace(/1/g, "I").replace(/5/g, "S").replace(/8/g, "B"),
    )
    .replace(/\s+/g, " ")
    .trim();
}
