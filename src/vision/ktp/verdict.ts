import type { Hint, KtpReading } from "../facts.ts";
import { kindByHeading, kindByWords, type OtherKind } from "./kind.ts";
import { labelAt } from "./labels.ts";
import type { Layout } from "./layout.ts";
import type { CardMeasures } from "./measure.ts";
import { type Line, textOf } from "./pieces.ts";

/** What counts as a KTP's front at all. */
export const KTP_FROM = 0.5;
/** The most that the score can be where something says that it is another thing. */
const ANOTHER = 0.2;
/** What is said of a card's words without a card. */
export const PRINTED_FORM = {
  ktpScore: ANOTHER,
  hints: ["not_a_ktp"],
} as const satisfies Partial<KtpReading>;
/** So many labels that are read twice, at different places, are two cards. */
const LABELS_TWICE = 4;
/** So many labels in a column beyond the card are another card's. */
const LABELS_BESIDE = 3;
/** So many lines, on so much of a KTP's ground or with so many labels, are a card that could not be read. */
const CARD_LIKE = { lines: 8, ground: 0.3, labels: 2 } as const;
/** Fewer lines are no card; fewer letters, surer than this, no text at all: leaves and waves look like some too. */
const NO_TEXT = { lines: 4, letters: 15, sure: 0.8 } as const;
/** A face wider than this share of the picture's shorter side, with hardly any text, is a portrait of a person. */
const FACE_ALONE = { width: 0.2, lines: 8 } as const;

/** Whether a picture is the front of a KTP, and if not, what to say about it. */
export interface Verdict {
  /** 0..1 */
  readonly score: number;
  readonly hints: readonly Hint[];
  /** What it shows in place of a KTP, where that is known. */
  readonly kind: OtherKind | null;
  /** Faults of the photograph, whatever it shows. */
  readonly faults: readonly Hint[];
  readonly lines: number;
}

/**
 * Weighs what was read against what else it could be.
 * @param score   of the signs of a KTP
 * @param beside  labels that stand beyond the card
 * @param faults  of the photograph
 */
export function verdictOf(
  score: number,
  layout: Layout,
  lines: readonly Line[],
  beside: number,
  measures: CardMeasures,
  faults: readonly Hint[],
): Verdict {
  const texts = lines.map(({ letters }) => textOf(letters));
  const seen = { faults, lines: lines.length };
  const heading = kindByHeading(texts);
  if (heading)
    return { ...seen, score: Math.min(score, ANOTHER), kind: heading, hints: ["not_a_ktp", heading] };
  if (labelsTwice(lines) >= LABELS_TWICE || beside >= LABELS_BESIDE)
    return { ...seen, score: Math.min(score, ANOTHER), kind: "two_cards", hints: ["two_cards"] };
  if (score >= KTP_FROM) return { ...seen, score, kind: null, hints: faults };
  const kind = kindByWords(texts);
  if (kind) return { ...seen, score, kind, hints: ["not_a_ktp", kind] };
  const cardLike =
    layout.labels.size >= CARD_LIKE.labels ||
    (lines.length >= CARD_LIKE.lines && measures.ground >= CARD_LIKE.ground);
  if (cardLike) return { ...seen, score, kind, hints: faults.length > 0 ? faults : ["unreadable"] };
  return { ...seen, score, kind, hints: noText(lines) ? ["not_a_ktp", "no_card"] : ["not_a_ktp"] };
}

/**
 * The hints of a picture that was not taken for a KTP, now that it is known which face is in it.
 * @param face  its width in shares of the picture's shorter side; null where there is none
 */
export function hintsWithFace({ kind, hints, faults, lines }: Verdict, face: number | null): readonly Hint[] {
  if (kind !== null || face === null || !hints.includes("not_a_ktp")) return hints;
  if (face >= FACE_ALONE.width && lines < FACE_ALONE.lines) return ["not_a_ktp", "face_not_card"];
  // A portrait beside lines of text is a card: if it was not read, that is the photograph's fault.
  return lines >= NO_TEXT.lines && faults.length > 0 ? faults : hints;
}

const noText = (lines: readonly Line[]): boolean =>
  lines.length < NO_TEXT.lines ||
  lines.flatMap(({ letters }) => letters.filter(({ score }) => score > NO_TEXT.sure)).length <
    NO_TEXT.letters;

/** How many fields' labels stand at two places that are further apart than two rows. */
function labelsTwice(lines: readonly Line[]): number {
  const places = new Map<string, { x: number; y: number; height: number }[]>();
  for (const { letters, quad } of lines) {
    const label = labelAt(textOf(letters));
    // A short label may be a value's beginning as well.
    if (!label || label.fault > 0 || label.end < LONG_LABEL) continue;
    const [x, y] = quad[0];
    const height = Math.hypot(quad[0][0] - quad[3][0], quad[0][1] - quad[3][1]);
    places.set(label.field, [...(places.get(label.field) ?? []), { x, y, height }]);
  }
  return [...places.values()].filter((found) =>
    found.some((a) => found.some((b) => Math.hypot(a.x - b.x, a.y - b.y) > APART * a.height)),
  ).length;
}
const LONG_LABEL = 4;
/** In heights of a line. */
const APART = 6;
