import { readFile } from "node:fs/promises";
import { getDistricts, getProvinces, getRegencies } from "idn-area-data";
import { CUT_OUT_OF, formerCode } from "./former.ts";
import { bare, clear, type Nearest, nearest } from "./text.ts";

/** A province, regency, district or village of the ministry's list. */
export interface Region {
  /** `32`, `32.17`, `32.17.06`, `32.17.06.1001`; of an old name, that of what it is now. */
  readonly code: string;
  /** In capitals, as a card prints it. */
  readonly name: string;
  /** {@link bare}; of a regency without KABUPATEN or KOTA. */
  readonly key: string;
}

/** The ministry's list, from provinces down to districts in memory, villages as text until they are asked for. */
export interface Gazetteer {
  readonly provinces: readonly Region[];
  regencies(provinceCode: string | null): readonly Region[];
  districts(regencyCode: string): readonly Region[];
  villages(districtCode: string): readonly Region[];
  hasDistrict(code: string): boolean;
  /** Whether a regency has this code, or may once have had it. */
  wasRegency(code: string): boolean;
  /** Whether any district of the country is called so. */
  isDistrictName(name: string): boolean;
}

/** Names on cards issued before they were changed, or beside the official one. */
const OTHER_PROVINCE_NAMES: readonly (readonly [code: string, name: string])[] = [
  ["11", "NANGGROE ACEH DARUSSALAM"],
  ["19", "BANGKA BELITUNG"],
  ["31", "DAERAH KHUSUS IBUKOTA JAKARTA"],
  ["31", "DAERAH KHUSUS JAKARTA"],
  ["34", "DI YOGYAKARTA"],
  ["34", "D.I. YOGYAKARTA"],
  ["92", "IRIAN JAYA BARAT"],
];
/** Regencies that kept their code and were renamed while cards of the electronic kind were issued. */
const OTHER_REGENCY_NAMES: readonly (readonly [code: string, name: string])[] = [
  ["12.12", "KABUPATEN TOBA SAMOSIR"],
  ["61.02", "KABUPATEN PONTIANAK"],
  ["76.01", "KABUPATEN MAMUJU UTARA"],
  ["81.03", "KABUPATEN MALUKU TENGGARA BARAT"],
];

/** Cities are numbered from here on, regencies from 1. */
const FIRST_CITY = 71;
/** Regencies that there were once, and that the list does not know, had at most so many numbers more than it has. */
const FORGOTTEN = 8;

/** KABUPATEN or KOTA belongs to a regency's name; a district may be called KOTA MABA. */
const regencyKey = (name: string) =>
  bare(name.toUpperCase().replace(/^(KABUPATEN|KAB\.|KOTA)( ADMINISTRASI| ADM\.)? /, ""));

let loading: Promise<Gazetteer> | undefined;

/** Reads the list once for each thread. */
export function openGazetteer(): Promise<Gazetteer> {
  loading ??= read();
  return loading;
}

async function read(): Promise<Gazetteer> {
  const villageFile = new URL("../data/villages.csv", import.meta.resolve("idn-area-data"));
  const [provinceRows, regencyRows, districtRows, villageText] = await Promise.all([
    getProvinces(),
    getRegencies(),
    getDistricts(),
    readFile(villageFile, "latin1"),
  ]);
  const region = (code: string, name: string, key = bare(name)): Region => ({
    code,
    name: name.toUpperCase(),
    key,
  });
  const provinces = [
    ...provinceRows.map(({ code, name }) => region(code, name)),
    ...OTHER_PROVINCE_NAMES.map(([code, name]) => region(code, name)),
  ];
  const regencies = [
    ...regencyRows.map(({ code, name }) => [code, name] as const),
    ...OTHER_REGENCY_NAMES,
  ].map(([code, name]) => region(code, name, regencyKey(name)));
  const byRegency = new Map<string, Region[]>();
  for (const { code, regency_code, name } of districtRows) {
    const list = byRegency.get(regency_code) ?? [];
    list.push(region(code, name));
    byRegency.set(regency_code, list);
  }
  const known = regencyRows.flatMap(({ code }) => [code, formerCode(code) ?? code]);
  let districtKeys: Set<string> | undefined;
  let places: ReadonlyMap<string, readonly [from: number, to: number]> | undefined;
  return {
    isDistrictName(name) {
      districtKeys ??= new Set([...byRegency.values()].flat().map(({ key }) => key));
      return districtKeys.has(bare(name));
    },
    provinces,
    regencies: (province) =>
      province === null
        ? regencies
        : regencies.filter(
            ({ code }) => code.startsWith(`${province}.`) || CUT_OUT_OF[code.slice(0, 2)] === province,
          ),
    districts: (regency) => byRegency.get(regency) ?? [],
    wasRegency(code) {
      const [province, number] = [code.slice(0, 2), Number(code.slice(3))];
      const city = number >= FIRST_CITY;
      const numbers = known
        .filter((other) => other.startsWith(province) && Number(other.slice(3)) >= FIRST_CITY === city)
        .map((other) => Number(other.slice(3)));
      return number > 0 && numbers.length > 0 && number <= Math.max(...numbers) + FORGOTTEN;
    },
    hasDistrict: (code) => (byRegency.get(code.slice(0, 5)) ?? []).some((district) => district.code === code),
    villages(district) {
      places ??= placesOf(villageText);
      const [from, to] = places.get(district) ?? [0, 0];
      const lines = villageText.slice(from, to).split("\n");
      return lines.flatMap((line) => {
        const found = VILLAGE.exec(line);
        return found ? [region(found[1], found[2])] : [];
      });
    },
  };
}

/** `code,district code,name`, the name in quotes where it holds a comma. */
const VILLAGE = /^([\d.]+),[\d.]+,"?(.*?)"?\s*$/;

/** For each district where the lines of its villages are, which stand together. */
function placesOf(text: string): ReadonlyMap<string, readonly [from: number, to: number]> {
  const places = new Map<string, readonly [number, number]>();
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start) + 1 || text.length;
    const at = text.indexOf(",", start) + 1;
    const district = text.slice(at, text.indexOf(",", at));
    places.set(district, [places.get(district)?.[0] ?? start, end]);
    start = end;
  }
  return places;
}

/** The region that a text names, if it is clear which. */
export function findRegion(text: string, regions: readonly Region[]): Nearest<Region> | null {
  const key = bare(text);
  if (key.length < 2) return null;
  const best = nearest(key, regions, (r) => r.key);
  return best && clear(key, best) ? best : null;
}
