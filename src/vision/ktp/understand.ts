import type { KtpCheck, KtpField, KtpFieldFact } from "../facts.ts";
import { readBirth } from "./birth.ts";
import { checkNik, readNik } from "./identity.ts";
import type { Layout } from "./layout.ts";
import { readPlace } from "./place.ts";
import type { Gazetteer } from "./regions.ts";
import { Sheet, said } from "./sheet.ts";
import {
  address,
  bloodType,
  fromList,
  GENDERS,
  gender,
  MARITAL_STATUSES,
  name,
  nationality,
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

/** How each field that stands alone is read; `listed` where only entries of a list are taken. */
const ALONE: readonly (readonly [field: KtpField, read: (text: string) => Parsed | null, listed: boolean])[] =
  [
    ["name", name, false],
    ["gender", gender, true],
    ["blood_type", bloodType, false],
    ["address", address, false],
    ["rt_rw", rtRw, false],
    ["religion", (text) => fromList(text, RELIGIONS), true],
    ["marital_status", (text) => fromList(text, MARITAL_STATUSES), true],
    ["nationality", nationality, true],
    ["valid_until", validUntil, true],
  ];
/** An occupation so near to one of the list is that one, in shares of its letters. */
const OCCUPATION_SLACK = 0.15;

/**
 * Reads the values of a card that is laid out, and checks them against each other.
 * @param now  tells the century of two-digit years
 */
export function understand(layout: Layout, gazetteer: Gazetteer, now: Date): Understanding {
  const sheet = new Sheet();
  for (const [field, read, listed] of ALONE) {
    const what = said(layout.values.get(field) ?? []);
    sheet.put(field, what, what && read(what.text), listed);
  }
  readOccupation(sheet, layout);
  readBirth(sheet, layout, gazetteer);
  const place = readPlace(sheet, layout, gazetteer);
  readNik(sheet, layout, place, gazetteer);
  checkNik(sheet, place, gazetteer, now);
  checkLists(sheet);
  return { fields: sheet.fields, checks: sheet.checks };
}

/** One of the ministry's list, or whatever it is. */
function readOccupation(sheet: Sheet, layout: Layout): void {
  const what = said(layout.values.get("occupation") ?? []);
  if (what === null) return;
  const listed = fromList(what.text, OCCUPATIONS, OCCUPATION_SLACK);
  const free = words(what.text);
  sheet.put("occupation", what, listed ?? (free ? { value: free, sure: 1 } : null), listed !== null);
}

function checkLists(sheet: Sheet): void {
  const lists = { religion: RELIGIONS, marital_status: MARITAL_STATUSES, gender: GENDERS } as const;
  for (const [field, list] of Object.entries(lists)) {
    const { value, raw } = sheet.fields[field as KtpField];
    if (raw === null) continue;
    const ok = value !== null;
    sheet.check(`closed_list_${field}`, ok, ok ? `is one of ${list.length}` : "is none of the list");
  }
}
