/** What of a NIK may be seen: the district of issue, and the serial number that support asks for. */
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;
const NIK_DIGITS = 16;

/**
 * `3201234567890001` → `320123******0001`: the first 6 and the last 4 of 16. Of anything else nothing is shown, since
 * it is not known what in it is personal.
 */
export function maskNik(nik: string): string {
  if (!/^\d{16}$/.test(nik)) return "*".repeat(NIK_DIGITS);
  const hidden = "*".repeat(NIK_DIGITS - SHOWN_FIRST - SHOWN_LAST);
  return nik.slice(0, SHOWN_FIRST) + hidden + nik.slice(-SHOWN_LAST);
}

/** `BUDI SANTOSO` → `B*** S***`: initials; the stars do not tell the length. */
export function maskName(name: string): string {
  return name
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => `${[...word][0]}***`)
    .join(" ");
}

/** Sixteen digits or more in a row, or four groups of four as people write card numbers. */
const NIK_LIKE = /\d{16,}|(?<!\d)\d{4}(?:[ .]\d{4}){3}(?!\d)/g;

/**
 * Masks whatever in a text looks like a NIK: every run of 16 digits or more, and 16 digits in groups of four.
 * Meant for whole log lines; costs one pass.
 */
export function scrub(text: string): string {
  return text.replace(NIK_LIKE, (run) => maskNik(run.replace(/\D/g, "").slice(0, NIK_DIGITS)));
}

/** A URL without its password: `redis://user:***@host`. Greedy, as a password may hold what should have been escaped. */
export const maskedUrl = (text: string): string => text.replace(/(:\/\/[^:@/]*):.*@/, "$1:***@");
