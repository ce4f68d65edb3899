import { getDistricts, getProvinces, getRegencies, getVillages } from "idn-area-data";
import type { Random } from "./random.ts";

/** A village and what it lies in, named as a card prints it. */
export interface Place {
  /** `32.17.06`: the district's code, whose digits begin a NIK. */
  readonly districtCode: string;
  readonly province: string;
  /** With its KABUPATEN or KOTA. */
  readonly city: string;
  readonly district: string;
  readonly village: string;
}

interface Regions {
  readonly provinces: readonly { readonly code: string; readonly name: string }[];
  readonly names: ReadonlyMap<string, string>;
  /** Codes of regencies by province, of districts by regency. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly villages: ReadonlyMap<string, readonly string[]>;
}

/** Longest village or district that stands in one line of a card. */
const LINE_LETTERS = 24;
const PRINTABLE = /^[A-Z .'/-]+$/;

let loading: Promise<Regions> | undefined;

/** The ministry's list, read once. Only places whose names a card can print in one line are kept. */
function loadRegions(): Promise<Regions> {
  loading ??= (async () => {
    const [provinces, regencies, districts, villages] = await Promise.all([
      getProvinces(),
      getRegencies(),
      getDistricts(),
      getVillages(),
    ]);
    const printable = (name: string) => name.length <= LINE_LETTERS && PRINTABLE.test(name);
    const names = new Map<string, string>();
    const children = new Map<string, string[]>();
    const villageNames = new Map<string, string[]>();
    const add = (map: Map<string, string[]>, key: string, value: string) => {
      const list = map.get(key);
      if (list) list.push(value);
      else map.set(key, [value]);
    };
    for (const { district_code, name } of villages) {
      if (printable(name.toUpperCase())) add(villageNames, district_code, name.toUpperCase());
    }
    for (const { code, regency_code, name } of districts) {
      if (!printable(name.toUpperCase()) || !villageNames.has(code)) continue;
      names.set(code, name.toUpperCase());
      add(children, regency_code, code);
    }
    for (const { code, province_code, name } of regencies) {
      if (!children.has(code)) continue;
      names.set(code, name.toUpperCase());
      add(children, province_code, code);
    }
    for (const { code, name } of provinces) names.set(code, name.toUpperCase());
    return { provinces, names, children, villages: villageNames };
  })();
  return loading;
}

/** A place anywhere: every province is as likely, or a reader of cards would hardly ever see the small ones. */
export async function pickPlace(random: Random): Promise<Place> {
  const { provinces } = await loadRegions();
  return pickPlaceIn(random, random.pick(provinces).code);
}

/** The name of a province by its two digits, as a card prints it. */
export async function provinceName(code: string): Promise<string> {
  return (await loadRegions()).names.get(code)!;
}

/**
 * @param province  its two digits
 * @param within    a regency of it, `32.17`; any where it is left out
 * @throws RangeError where there is no such province
 */
export async function pickPlaceIn(random: Random, province: string, within?: string): Promise<Place> {
  const { names, children, villages } = await loadRegions();
  const regency = within ?? random.pick(children.get(province) ?? []);
  const district = random.pick(children.get(regency) ?? []);
  return {
    districtCode: district,
    province: names.get(province)!,
    city: names.get(regency)!,
    district: names.get(district)!,
    village: random.pick(villages.get(district) ?? []),
  };
}

/** A city as people say it, which is how a card names a place of birth or of issue: `KABUPATEN CIANJUR` → `CIANJUR`. */
export function shortCity(city: string): string {
  return city
    .replace(/^KABUPATEN ADMINISTRASI |^KOTA ADMINISTRASI |^KABUPATEN |^KOTA /, "")
    .replace(/^JAKARTA .*/, "JAKARTA");
}

const STREETS =
  "MERDEKA|SUDIRMAN|DIPONEGORO|GATOT SUBROTO|AHMAD YANI|IMAM BONJOL|PAHLAWAN|VETERAN|KARTINI|CENDRAWASIH|MAWAR|MELATI|KENANGA|ANGGREK|FLAMBOYAN|GAJAH MADA|HAYAM WURUK|PATTIMURA|TEUKU UMAR|CUT NYAK DIEN|SULTAN AGUNG|SILIWANGI|CIHAMPELAS|PEMUDA|KEBANGSAAN|PRAMUKA|RAYA BOGOR|PASAR BARU|STASIUN LAMA|MASJID AL IKHLAS|PELABUHAN|KESEHATAN|PENDIDIKAN|PERINTIS KEMERDEKAAN".split(
    "|",
  );
const HAMLETS =
  "CIKAWUNG|BABAKAN|PASIR MUNCANG|CIBEUREUM|KRAJAN|SUMBERSARI|KARANGANYAR|WONOSARI|SUKAMAJU|SUKAMULYA|MEKARJAYA|TANJUNG SARI|BARU|TENGAH|LEMBAH HIJAU|PADANG LUAR|RAWA BEBEK|POLOREJO|NGEMPLAK|KEBON JERUK|UJUNG BATU|BUKIT INDAH".split(
    "|",
  );
const ESTATES =
  "GRIYA INDAH|BUMI ASRI|TAMAN SARI|PERMATA HIJAU|VILLA MAS|CITRA RAYA|PONDOK JAYA|GRAHA PRIMA|BUKIT CEMARA|PURI KENCANA|BALE ENDAH".split(
    "|",
  );

/** A street address as cards carry it: one to three lines, no neighbourhood numbers (they stand on a line of their own). */
export function makeAddress(random: Random): string {
  const number = () =>
    random.weighted([
      [` NO. ${random.whole(1, 199)}`, 4],
      [` NO ${random.whole(1, 99)}`, 3],
      [` NO.${random.whole(1, 99)}`, 2],
      [` ${random.whole(1, 99)}`, 1],
      [` NO. ${random.whole(1, 60)}${random.pick(["A", "B", "C"])}`, 1],
      ["", 1],
    ]);
  const street = () =>
    `${random.weighted([
      ["JL. ", 6],
      ["JL ", 2],
      ["JALAN ", 1],
    ])}${random.pick(STREETS)}`;
  const hamlet = () =>
    `${random.weighted([
      ["KP. ", 4],
      ["KP ", 2],
      ["DUSUN ", 3],
      ["DSN. ", 1],
      ["LINGK. ", 1],
      ["BTN ", 1],
    ])}${random.pick(HAMLETS)}`;
  const estate = () =>
    `${random.weighted([
      ["PERUM ", 4],
      ["PERUMAHAN ", 1],
      ["KOMP. ", 2],
    ])}${random.pick(ESTATES)} BLOK ${random.pick([..."ABCDEFGH"])}${random.whole(1, 24)} NO. ${random.whole(1, 40)}`;
  return random.weighted<() => string>([
    [() => street() + number(), 40],
    [hamlet, 25],
    [estate, 12],
    [() => `${street()} GG. ${random.pick(HAMLETS)}${number()}`, 8],
    [() => `${street()} KM. ${random.whole(2, 40)}`, 4],
    [() => `${estate()} ${street()}`, 3],
    [() => random.pick(HAMLETS), 8],
  ])();
}
