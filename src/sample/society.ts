import type { Culture, Gender } from "./names.ts";
import type { Random } from "./random.ts";

/** The closed lists of a card with shares that look like a country, not like a census. */
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
const BLOOD_TYPES: readonly (readonly [string, number])[] = [
  ["-", 40],
  ["O", 22],
  ["A", 14],
  ["B", 15],
  ["AB", 5],
  ["O+", 1],
  ["A+", 1],
  ["B+", 1],
  ["B-", 1],
];
/** Most people of these provinces; elsewhere, and for the rest of theirs, the whole country's shares hold. */
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

/** How many keep to the names of their province. */
const LOCAL = 0.6;

/** @param province  its two digits */
export function makeCulture(random: Random, province: string): Culture {
  const local = CULTURES_OF_PROVINCE[province];
  return local && random.chance(LOCAL) ? local : random.weighted(ALL_CULTURES);
}

export function makeReligion(random: Random, culture: Culture): string {
  return random.weighted(RELIGIONS[culture]);
}

export function makeBloodType(random: Random): string {
  return random.weighted(BLOOD_TYPES);
}

/** @param age  years */
export function makeMaritalStatus(random: Random, age: number): string {
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

/** @param age  years */
export function makeOccupation(random: Random, age: number, gender: Gender, married: boolean): string {
  if (age < 24 && random.chance(0.7)) return "PELAJAR/MAHASISWA";
  if (gender === "PEREMPUAN" && random.chance(married ? 0.5 : 0.15)) return "MENGURUS RUMAH TANGGA";
  if (age > 60 && random.chance(0.25)) return "PENSIUNAN";
  return random.weighted(OCCUPATIONS);
}
