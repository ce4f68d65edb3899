/**
 * Codes that regencies had before they came to another province: Kalimantan Utara in 2012, the new provinces of Papua
 * in 2022. A NIK that was issued before holds them for life.
 */
const FORMER: Readonly<Record<string, string>> = {
  "65.01": "64.04",
  "65.02": "64.06",
  "65.03": "64.05",
  "65.04": "64.10",
  "65.71": "64.73",
  "93.01": "91.01",
  "93.02": "91.16",
  "93.03": "91.17",
  "93.04": "91.18",
  "94.01": "91.04",
  "94.02": "91.07",
  "94.03": "91.08",
  "94.04": "91.09",
  "94.05": "91.25",
  "94.06": "91.26",
  "94.07": "91.27",
  "94.08": "91.28",
  "95.01": "91.02",
  "95.02": "91.12",
  "95.03": "91.13",
  "95.04": "91.14",
  "95.05": "91.21",
  "95.06": "91.22",
  "95.07": "91.23",
  "95.08": "91.24",
  "96.01": "92.01",
  "96.02": "92.04",
  "96.03": "92.05",
  "96.04": "92.09",
  "96.05": "92.10",
  "96.71": "92.71",
};

/** The provinces of which those of 2012 and 2022 were cut out, by their codes. */
export const CUT_OUT_OF: Readonly<Record<string, string>> = {
  "65": "64",
  "93": "91",
  "94": "91",
  "95": "91",
  "96": "92",
};

/** A region's code (`93.01`, `93.01.02`) as it was before its regency came to another province; null where it never did. */
export function formerCode(code: string): string | null {
  const former = FORMER[code.slice(0, 5)];
  return former === undefined ? null : former + code.slice(5);
}
