import type { Layout } from "./layout.ts";
import { findRegion, type Gazetteer } from "./regions.ts";
import { certainty, part, type Sheet, said } from "./sheet.ts";
import { bare } from "./text.ts";
import { dateAtEnd, words } from "./values.ts";

/** A place read with less than this is taken for the regency that it is one letter away from. */
const UNSURE = 0.9;
/** Shorter names have too many neighbours to be corrected. */
const CORRECTABLE = 7;

/** `BANDUNG, 18-04-1987`: a place, which may be any, and a date. */
export function readBirth(sheet: Sheet, layout: Layout, gazetteer: Gazetteer): void {
  const what = said(layout.values.get("birth_place") ?? []);
  if (what === null) return;
  const date = dateAtEnd(what.text);
  if (date) sheet.put("birth_date", part(what, date.index, what.letters.length), date);
  else {
    const digits = /[\dOI][\dOI\s./-]{4,}$/.exec(what.text);
    if (digits) sheet.put("birth_date", part(what, digits.index, what.letters.length), null);
  }
  const before = date ? what.text.slice(0, date.index) : what.text.replace(/[\d./ -]+$/, "");
  const spelled = before.replace(/[\s.,:;'-]+$/, "");
  const place = part(what, 0, spelled.length);
  if (bare(spelled) === "") return;
  const known = findRegion(spelled, gazetteer.regencies(null));
  const same = known !== null && known.distance === 0;
  const near =
    known !== null &&
    known.distance <= 1 &&
    spelled.length >= CORRECTABLE &&
    certainty(place.letters) < UNSURE;
  if (known && (same || near)) {
    const value = known.item.name.replace(/^(KABUPATEN|KOTA)( ADMINISTRASI)? /, "");
    sheet.put("birth_place", place, { value, sure: 1 - known.distance / value.length }, same);
    if (value !== spelled) sheet.fields.birth_place.source = "gazetteer";
  } else sheet.put("birth_place", place, { value: words(spelled), sure: 1 });
}
