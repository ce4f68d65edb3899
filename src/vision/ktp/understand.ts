import { type FactBox, KTP_FIELDS, type KtpCheck, type KtpField, type KtpFieldFact } from "../facts.ts";
import type { Layout } from "./layout.ts";
import { type NikParts, nikParts } from "./nik.ts";
import type { Piece } from "./pieces.ts";
import { findRegion, type Gazetteer, type Region } from "./regions.ts";
import { bare, distance } from "./text.ts";
import {
  bloodType,
  dateAtEnd,
  digits,
  fromList,
  GENDERS,
  MARITAL_STATUSES,
  OCCUPATIONS,
  type Parsed,
  RELIGIONS,
  rtRw,
  validUntil,
  words,
} from "./values.ts";

/** The fields of a card with what they were checked against. */
export interface Understanding {
  readonly fields: Readonly<Record<KtpField, KtpFieldFact>>;
  readonly checks: readonly KtpCheck[];
}

type Draft = { -readonly [K in keyof KtpFieldFact]: KtpFieldFact[K] };
const NOTHING: KtpFieldFact = { value: null, raw: null, confidence: 0, box: null, source: "ocr" };
const NIK_DIGITS = 16;

/** How sure the letters of some pieces are, 0..1: the weakest counts as much as all together. */
function certainty(pieces: readonly Piece[]): number {
  const scores = pieces.flatMap(({ letters }) =>
    letters.filter(({ char }) => char !== " ").map(({ score }) => score),
  );
  if (scores.length === 0) return 0;
  return (scores.reduce((a, b) => a + b, 0) / scores.length) * 0.5 + Math.min(...scores) * 0.5;
}

function boxOf(pieces: readonly Piece[]): FactBox {
  const points = pieces.flatMap(({ quad }) => quad);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

/** A value that was confirmed by a closed list or the ministry's is surer than its letters: this much of the doubt goes. */
const CONFIRMED = 0.8;
const confirm = (confidence: number) => confidence + (1 - confidence) * CONFIRMED;

/**
 * Names the fields of a card that is laid out, and checks them against each other.
 * @param now  tells the century of two-digit years
 */
export function understand(layout: Layout, gazetteer: Gazetteer, now: Date): Understanding {
  const fields: Record<KtpField, Draft> = Object.fromEntries(
    KTP_FIELDS.map((f) => [f, { ...NOTHING }]),
  ) as Record<KtpField, Draft>;
  const checks: KtpCheck[] = [];
  const check = (name: string, ok: boolean, detail: string) => void checks.push({ name, ok, detail });
  const pieces = (field: KtpField) => layout.values.get(field) ?? [];
  const textOf = (list: readonly Piece[]) => list.map(({ text }) => text).join(" ");

  const set = (field: KtpField, from: readonly Piece[], parsed: Parsed | null, confirmed = false) => {
    if (from.length === 0) return;
    const sure = certainty(from) * (parsed?.sure ?? 0);
    fields[field] = {
      value: parsed?.value ?? null,
      raw: textOf(from),
      confidence: parsed ? (confirmed ? confirm(sure) : sure) : 0,
      box: boxOf(from),
      source: "ocr",
    };
  };
  const setBy = (field: KtpField, read: (text: string) => Parsed | null, confirmed = false) =>
    set(field, pieces(field), pieces(field).length > 0 ? read(textOf(pieces(field))) : null, confirmed);
  const free = (text: string): Parsed | null => {
    const value = words(text);
    return bare(value).length > 0 ? { value, sure: 1 } : null;
  };

  const nik = readNik(pieces("nik"));
  set("nik", pieces("nik"), nik);
  setBy("name", (text) => free(text.replace(/[^A-Za-z0-9 .,'`/-]/g, "")));
  readBirth();
  setBy("gender", (text) => fromList(text, GENDERS, 0.4), true);
  setBy("blood_type", bloodType);
  setBy("address", (text) =>
    bare(text).length > 0 ? { value: text.toUpperCase().replace(/\s+/g, " ").trim(), sure: 1 } : null,
  );
  setBy("rt_rw", rtRw);
  setBy("religion", (text) => fromList(text, RELIGIONS), true);
  setBy("marital_status", (text) => fromList(text, MARITAL_STATUSES), true);
  const occupation = fromList(textOf(pieces("occupation")), OCCUPATIONS, 0.15);
  setBy("occupation", (text) => occupation ?? free(text), occupation !== null);
  setBy("nationality", nationality, true);
  setBy("valid_until", validUntil, true);

  const place = readRegions();
  checkNik(place);
  for (const [field, list] of [
    ["religion", RELIGIONS],
    ["marital_status", MARITAL_STATUSES],
    ["gender", GENDERS],
  ] as const) {
    const { value, raw } = fields[field];
    if (raw !== null)
      check(
        `closed_list_${field}`,
        value !== null,
        value !== null ? `is one of ${list.length}` : "is none of the list",
      );
  }
  return { fields, checks };

  function readBirth(): void {
    const list = pieces("birth_place");
    if (list.length === 0) return;
    const text = textOf(list);
    const date = dateAtEnd(text);
    const placeText = (date ? text.slice(0, date.index) : text.replace(/[\d./-]+\s*$/, ""))
      .replace(/[\s.,:;'-]+$/, "")
      .trim();
    const letters = list.flatMap((piece) => [...piece.letters]);
    const at = date ? letters.length - text.slice(date.index).length : letters.length;
    const part = (from: number, to: number): Piece[] => [
      { ...list[0], letters: letters.slice(Math.max(0, from), to), quad: list[0].quad },
    ];
    const known = findRegion(placeText, gazetteer.regencies(null));
    const spelled =
      known && known.distance === 0 && bare(placeText) === known.item.key
        ? known.item.name.replace(/^(KABUPATEN|KOTA)( ADMINISTRASI)? /, "")
        : null;
    set(
      "birth_place",
      part(0, at),
      placeText ? { value: spelled ?? words(placeText), sure: 1 } : null,
      spelled !== null,
    );
    if (date) set("birth_date", part(at, letters.length), date);
    fields.birth_place.box = boxOf(list);
    if (date) fields.birth_date.box = boxOf(list);
  }

  function readRegions(): { province: Region | null; city: Region | null; district: Region | null } {
    const [first, second] = headlineOf(layout.headline);
    let province: Region | null = null;
    let city: Region | null = null;
    let district: Region | null = null;
    if (first) {
      const text = textOf(first).toUpperCase().replace(PROVINCE, "");
      const found = findRegion(text, gazetteer.provinces);
      province = found?.item ?? null;
      correct("province", first, text, found && { name: found.item.name, exact: found.distance === 0 });
    }
    if (second) {
      const text = textOf(second).toUpperCase();
      const { prefix, core } = cityPrefix(text);
      const all = gazetteer.regencies(province?.code ?? null);
      const kind = prefix.startsWith("KAB") ? "KABUPATEN" : prefix.startsWith("KOTA") ? "KOTA" : "";
      const found =
        findRegion(
          core,
          all.filter(({ name }) => name.startsWith(kind)),
        ) ?? findRegion(core, all);
      city = found?.item ?? null;
      const name =
        found &&
        [prefix, found.item.name.replace(/^(KABUPATEN|KOTA)( ADMINISTRASI)? /, "")].filter(Boolean).join(" ");
      correct(
        "city",
        second,
        `${prefix} ${core}`.trim(),
        found && name ? { name, exact: found.distance === 0 } : null,
      );
    }
    const districts = city ? gazetteer.districts(city.code) : [];
    {
      const text = textOf(pieces("district"));
      const found = findRegion(text, districts);
      district = found?.item ?? null;
      correct(
        "district",
        pieces("district"),
        text,
        found && { name: found.item.name, exact: found.distance === 0 },
      );
    }
    {
      const text = textOf(pieces("village"));
      const found = district ? findRegion(text, gazetteer.villages(district.code)) : null;
      correct(
        "village",
        pieces("village"),
        text,
        found && { name: found.item.name, exact: found.distance === 0 },
      );
    }
    if (fields.city.raw !== null && province)
      check("region_city", city !== null, city ? "lies in the province" : "is no regency of the province");
    if (fields.district.raw !== null && city)
      check(
        "region_district",
        district !== null,
        district ? "lies in the city" : "is no district of the city",
      );
    return { province, city, district };
  }

  /** A region's name as read, or as the list spells it where that is clear. */
  function correct(
    field: KtpField,
    from: readonly Piece[],
    text: string,
    found: { name: string; exact: boolean } | null | undefined,
  ): void {
    if (from.length === 0) return;
    set(field, from, free(text), found?.exact === true);
    const fact = fields[field];
    if (!found || fact.value === null) return;
    if (fact.value !== found.name) {
      // Only the spaces or a few letters differ; where the letters are the same the list is merely tidier.
      fact.value = found.name;
      fact.source = "gazetteer";
    }
    if (!found.exact) fact.confidence = Math.min(0.93, confirm(fact.confidence));
  }

  function checkNik(place: { province: Region | null; city: Region | null; district: Region | null }): void {
    const value = fields.nik.value;
    if (value === null) {
      if (fields.nik.raw !== null) check("nik_structure", false, "is not 16 digits");
      return;
    }
    const parts: NikParts = nikParts(value, now);
    const structure =
      parts.birthDate !== null &&
      parts.serial !== "0000" &&
      gazetteer.provinces.some(({ code }) => code === parts.province);
    check(
      "nik_structure",
      structure,
      structure
        ? "16 digits with a known province and a real date"
        : "holds no known province or no real date",
    );
    const agree = (name: string, known: boolean, ok: boolean, what: string) => {
      if (known) check(name, ok, ok ? `agrees with the ${what}` : `differs from the ${what}`);
      return known ? ok : null;
    };
    agree(
      "nik_province",
      place.province !== null,
      place.province?.code === parts.province,
      "province printed",
    );
    agree("nik_city", place.city !== null, place.city?.code === parts.regency, "city printed");
    agree(
      "nik_district",
      place.district !== null,
      place.district?.code === parts.district,
      "district printed",
    );
    const born = agree(
      "nik_birth_date",
      fields.birth_date.value !== null,
      fields.birth_date.value === parts.birthDate,
      "birth date printed",
    );
    const gender = agree(
      "nik_gender",
      fields.gender.value !== null,
      fields.gender.value === parts.gender,
      "gender printed",
    );
    const sure = fields.nik.confidence;
    if (born && gender && structure) {
      fields.nik.confidence = confirm(sure);
      fields.birth_date.confidence = confirm(fields.birth_date.confidence);
    } else if (born === false) {
      // Either may be misread: neither is sure.
      fields.nik.confidence = Math.min(sure, 0.88);
      fields.birth_date.confidence = Math.min(fields.birth_date.confidence, 0.88);
    }
  }
}

/** The line with most digits, as 16 of them. */
function readNik(pieces: readonly Piece[]): Parsed | null {
  const runs = [pieces.map(({ text }) => text).join(""), ...pieces.map(({ text }) => text)];
  for (const run of runs) {
    const parsed = digits(run.replace(/^N\S?K\s*/i, ""));
    if (parsed && parsed.value.length === NIK_DIGITS) return parsed;
  }
  return null;
}

/** WNI, or WNA with a country. */
function nationality(text: string): Parsed | null {
  const key = bare(text);
  const d = Math.min(distance(key.slice(0, 3), "WNI"), 3);
  if (key.length <= 5 && d <= 1 && !key.startsWith("WNA")) return { value: "WNI", sure: 1 - d / 3 };
  if (key.startsWith("WNA")) return { value: words(text), sure: 1 };
  const country = words(text);
  return country.length > 3 ? { value: country, sure: 0.8 } : null;
}

const PREFIXES = [
  ["KABUPATEN ADMINISTRASI", "KABUPATENADMINISTRASI"],
  ["KOTA ADMINISTRASI", "KOTAADMINISTRASI"],
  ["KABUPATEN", "KABUPATEN"],
  ["KOTA", "KOTA"],
] as const;

/** `KABUPATENCIANJUR` → KABUPATEN, CIANJUR; a city without either (JAKARTA SELATAN) keeps none. */
export function cityPrefix(text: string): { prefix: string; core: string } {
  const letters = text.replace(/^[^A-Z]+/, "");
  const key = bare(letters);
  for (const [prefix, spelled] of PREFIXES) {
    const head = key.slice(0, spelled.length);
    if (distance(head, spelled) > spelled.length / 5 || key.length - spelled.length < 2) continue;
    let seen = 0;
    let end = 0;
    while (end < letters.length && seen < spelled.length) seen += bare(letters[end++]) ? 1 : 0;
    return { prefix, core: letters.slice(end).trim() };
  }
  return { prefix: "", core: letters.trim() };
}

/** The word before a province's name, with what may stand beside the card before it. */
const PROVINCE = /^.*?P\S{0,2}[O0QD]V\S{0,2}[NM]\S{0,1}[I1L]\s*/i;

/** Province and city out of the lines above the NIK. */
function headlineOf(
  lines: readonly (readonly Piece[])[],
): [province: readonly Piece[] | null, city: readonly Piece[] | null] {
  const says = (line: readonly Piece[]) => line.map(({ text }) => text).join(" ");
  const start = lines.findIndex((line) => PROVINCE.test(says(line)));
  if (start >= 0) return [lines[start], lines[start + 1] ?? null];
  const [above, last] = lines.slice(-2);
  if (last) return [above, last];
  return above && cityPrefix(says(above).toUpperCase()).prefix ? [null, above] : [above ?? null, null];
}
