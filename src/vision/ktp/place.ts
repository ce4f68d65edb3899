import type { KtpField } from "../facts.ts";
import type { Layout } from "./layout.ts";
import type { Piece } from "./pieces.ts";
import { findRegion, type Gazetteer, type Region } from "./regions.ts";
import { certainty, part, type Said, type Sheet, said } from "./sheet.ts";
import { bare, distance, type Nearest } from "./text.ts";
import { words } from "./values.ts";

/** The regions of a card as the list knows them; null where one was not read or is not on the list. */
export interface Place {
  readonly province: Region | null;
  readonly city: Region | null;
  readonly district: Region | null;
}

/** The word before a province's name, with what may stand beside the card before it. */
const PROVINCE = /^.*?P\S{0,2}[O0QD]\s?[VPY]\S{0,2}[NM]\S{0,1}[I1L]\s*/i;

/** Province, city, district and village, each among those that lie in the one before. */
export function readPlace(sheet: Sheet, layout: Layout, gazetteer: Gazetteer): Place {
  const [first, second] = headlineOf(layout.headline);
  const province = first && readProvince(sheet, first, gazetteer);
  const city = second && readCity(sheet, second, province, gazetteer);
  const district = readPart(sheet, layout, "district", city ? gazetteer.districts(city.code) : []);
  readPart(sheet, layout, "village", district ? gazetteer.villages(district.code) : []);
  if (sheet.fields.city.raw !== null && province)
    sheet.check(
      "region_city",
      city !== null,
      city ? "lies in the province" : "is no regency of the province",
    );
  if (sheet.fields.district.raw !== null && city)
    sheet.check(
      "region_district",
      district !== null,
      district ? "lies in the city" : "is no district of the city",
    );
  return { province, city, district };
}

function readProvince(sheet: Sheet, pieces: readonly Piece[], gazetteer: Gazetteer): Region | null {
  const line = said(pieces);
  if (line === null) return null;
  const word = PROVINCE.exec(line.text)?.[0].length ?? 0;
  const what = part(line, word, line.letters.length);
  const found = findRegion(what.text, gazetteer.provinces);
  // Without the word before it, a line that is no province is none.
  const free = word > 0 ? words(what.text) : "";
  spell(sheet, "province", what, found, found?.item.name ?? null, free);
  return found?.item ?? null;
}

function readCity(
  sheet: Sheet,
  pieces: readonly Piece[],
  province: Region | null,
  gazetteer: Gazetteer,
): Region | null {
  const what = said(pieces);
  if (what === null) return null;
  const { prefix, kind, core } = cityPrefix(what.text);
  const all = gazetteer.regencies(province?.code ?? null);
  const alike = kind === null ? all : all.filter(({ name }) => name.startsWith(kind));
  const found = findRegion(core, alike) ?? findRegion(core, all);
  const bareName = found?.item.name.replace(/^(KABUPATEN|KOTA)( ADMINISTRASI)? /, "");
  spell(
    sheet,
    "city",
    what,
    found,
    bareName ? `${prefix} ${bareName}`.trim() : null,
    words(`${prefix} ${core}`),
  );
  return found?.item ?? null;
}

function readPart(
  sheet: Sheet,
  layout: Layout,
  field: "district" | "village",
  regions: readonly Region[],
): Region | null {
  const what = said(layout.values.get(field) ?? []);
  if (what === null) return null;
  const found = findRegion(what.text, regions);
  spell(sheet, field, what, found, found?.item.name ?? null, words(what.text));
  return found?.item ?? null;
}

/** Letters surer than this are not overruled by a list that may lack the name. */
const CERTAIN = 0.97;
/** The distance of two names that differ in one letter that looks alike. */
const ONE_LOOKALIKE = 0.5;
const INCOMPLETE: ReadonlySet<KtpField> = new Set<KtpField>(["district", "village"]);
/** A name that was corrected is at most so sure: the card may print a neighbour that the list lacks. */
const CORRECTED = 0.93;

/** Nor is one that is not on the list: villages are renamed and split, provinces hardly ever. */
const UNLISTED: Readonly<Partial<Record<KtpField, number>>> = {
  province: 0.6,
  city: 0.6,
  district: 0.8,
  village: 0.94,
};

/** Writes a region: as the list spells it where that is clear, else as it was read. */
function spell(
  sheet: Sheet,
  field: KtpField,
  what: Said,
  found: Nearest<Region> | null,
  listed: string | null,
  free: string,
): void {
  const exact = found !== null && found.distance === 0;
  const overruled =
    INCOMPLETE.has(field) &&
    found !== null &&
    found.distance > ONE_LOOKALIKE &&
    certainty(what.letters, false) > CERTAIN;
  if (listed === null || overruled) {
    sheet.put(field, what, bare(free) === "" ? null : { value: free, sure: 1 });
    if (!overruled) sheet.doubt(field, UNLISTED[field] ?? 1);
    return;
  }
  sheet.put(field, what, { value: listed, sure: 1 }, true);
  if (listed !== free) sheet.fields[field].source = "gazetteer";
  if (!exact) sheet.doubt(field, CORRECTED);
}

const KINDS: readonly (readonly [spelled: string, kind: "KABUPATEN" | "KOTA", faults: number])[] = [
  ["KABUPATEN", "KABUPATEN", 2],
  ["KOTAMADYA", "KOTA", 1.5],
  ["KOTA", "KOTA", 0.5],
  ["KAB", "KABUPATEN", 0],
];
/** Regencies whose own name begins with KOTA. */
const OWN_KOTA = /^KOTA(BARU|MOBAGU)$/;

/** `KABUPATENCIANJUR` → KABUPATEN, CIANJUR; a city without either (JAKARTA SELATAN) keeps none. */
export function cityPrefix(text: string): {
  prefix: string;
  kind: "KABUPATEN" | "KOTA" | null;
  core: string;
} {
  const all = text.toUpperCase().replace(/^[^A-Z]+/, "");
  for (const [spelled, kind, faults] of KINDS) {
    const [head, rest] = cut(all, spelled.length);
    if (distance(bare(head), spelled) > faults || bare(rest).length < 2) continue;
    // KAB is short enough to begin other words: it needs its full stop or a space.
    if (spelled === "KAB" && !/^[.\s]/.test(rest)) continue;
    if (spelled === "KOTA" && OWN_KOTA.test(bare(all)) && !/^\s/.test(rest)) continue;
    const name = rest.replace(/^[\s.,:-]+/, "");
    const prefix = spelled === "KAB" ? "KAB." : spelled;
    const [office, core] = cut(name, "ADMINISTRASI".length);
    if (distance(bare(office), "ADMINISTRASI") <= 3)
      return { prefix: `${prefix} ADMINISTRASI`, kind, core: core.trim() };
    if (/^ADM\b\.?/.test(name))
      return { prefix: `${prefix} ADM.`, kind, core: name.replace(/^ADM\.?\s*/, "") };
    return { prefix, kind, core: name };
  }
  return { prefix: "", kind: null, core: all.trim() };
}

/** A text after its first `count` letters and digits. */
function cut(text: string, count: number): [string, string] {
  let end = 0;
  for (let seen = 0; end < text.length && seen < count; end++) seen += bare(text[end]) ? 1 : 0;
  return [text.slice(0, end), text.slice(end)];
}

/** Province and city out of the lines above the NIK. */
function headlineOf(
  lines: readonly (readonly Piece[])[],
): [province: readonly Piece[] | null, city: readonly Piece[] | null] {
  const says = (line: readonly Piece[]) => line.map(({ text }) => text).join(" ");
  const start = lines.findIndex((line) => PROVINCE.test(says(line)));
  if (start >= 0) return [lines[start], lines[start + 1] ?? null];
  const [above, last] = lines.slice(-2);
  if (last) return [above, last];
  return above && cityPrefix(says(above)).prefix ? [null, above] : [above ?? null, null];
}
