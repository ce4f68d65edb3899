import type { Hint, KtpCheck, KtpQuality } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { CardPlace } from "./card.ts";
import type { Layout } from "./layout.ts";
import { type CardMeasures, cutEdges, measureCard } from "./measure.ts";
import type { Line } from "./pieces.ts";
import type { Understanding } from "./understand.ts";

/**
 * Where a measure of a photograph turns from fit to unfit. Chosen on drawn cards (`kyc sample`): between those with the
 * fault and those without, nearer to the first. A fault alone refuses nothing: it says why a card could not be read.
 */
export const QUALITY_LIMITS = {
  /** Mean luma of the card, 0..255. */
  dark: 60,
  bright: 232,
  /** Millimetres on the card; sharp photographs have 0.05 to 0.1, and from 0.2 strokes run into one another. */
  blur: 0.12,
  /** Beyond this it is not the want of pixels alone that blurs a small card. */
  strongBlur: 0.18,
  /** Mean certainty of the letters, 0..1. */
  legibility: 0.8,
  /** Share of the card: a letter of a value is about 0.0005, a word 0.005. */
  glare: 0.005,
  /** Share of a KTP's ground on a card in colour: 0.5 and more on cards, less than 0.1 on paper. */
  ground: 0.3,
  /** Hundredths of chromaticity: copies in grey have 0.3 to 0.5, cards 3 and more. */
  colour: 1.2,
  /** Decibels: screens have 30 and more, cards 18 at most. */
  pattern: 22,
  /** Share of the card; its edges are known to about 3% of its sides. */
  outside: 0.06,
  /** Degrees. */
  rotation: 30,
  /** Pixels in the card's width: letters are then 9 pixels high. */
  cardPixels: 600,
} as const;

/** What was measured, what is wrong by it, and what it says of the card's being the card itself. */
export interface JudgedQuality {
  readonly quality: KtpQuality;
  readonly measures: CardMeasures;
  /** Faults of the photograph. */
  readonly hints: readonly Hint[];
  readonly checks: readonly KtpCheck[];
}

/**
 * How fit a photograph of a card is to be read, and whether it shows the card itself.
 * @param place  where the card is, or roughly is
 * @param sure   whether it is known there: copies are told only then
 */
export function judgeQuality(
  image: Pixels,
  lines: readonly Line[],
  place: CardPlace,
  sure: boolean,
): JudgedQuality {
  const measures = measureCard(image, place);
  const scores = lines.flatMap(({ letters }) => letters.map(({ score }) => score));
  const legibility = scores.length > 0 ? scores.reduce((a, b) => a + b, 0) / scores.length : 0;
  const limits = QUALITY_LIMITS;
  const small = measures.card_pixels < limits.cardPixels;
  const illegible = lines.length > 0 && legibility < limits.legibility;
  const [dark, bright] = [measures.luma < limits.dark, measures.luma > limits.bright];
  const copied = sure && !dark && measures.colour < limits.colour;
  // A copy's paper is as white as glare.
  const glaring = measures.glare > limits.glare && !bright && !copied;
  const screened = sure && measures.pattern > limits.pattern;
  const cut = measures.outside > limits.outside;
  const edges = cut && sure ? cutEdges(image, place) : [];
  const faults: readonly (readonly [Hint, boolean])[] = [
    ["screen_capture", screened],
    ["photocopy", copied],
    ["too_dark", dark],
    ["too_bright", bright],
    ["glare", glaring],
    ["cropped", cut],
    ...edges.map((edge) => [`cropped_${edge}`, true] as const),
    ["too_small", small],
    // Few pixels look blurred too: what helps is to come nearer.
    [
      "blurred",
      measures.blur > limits.strongBlur ||
        (!small && (measures.blur > limits.blur || (illegible && !dark && !glaring))),
    ],
    ["rotated", Math.abs(measures.rotation) > limits.rotation],
  ];
  const rounded = (n: number) => Number(n.toFixed(3));
  const { glare_box, ...numbers } = measures;
  return {
    measures,
    quality: {
      ...(Object.fromEntries(
        Object.entries(numbers).map(([name, n]) => [name, rounded(n)]),
      ) as typeof numbers),
      legibility: rounded(legibility),
      glare_box,
    },
    hints: faults.flatMap(([hint, is]) => (is ? [hint] : [])),
    checks: sure
      ? [
          {
            name: "in_colour",
            ok: !copied,
            detail: copied ? "the card has no colours, as a photocopy" : "the card has its colours",
          },
          {
            name: "not_from_screen",
            ok: !screened,
            detail: screened
              ? "coloured stripes as a screen's lie over the card"
              : "no stripes of a screen were found",
          },
        ]
      : [],
  };
}

/** What each sign of a KTP's front counts; together 1. */
const SIGNS = { labels: 0.5, headline: 0.2, nik: 0.2, lists: 0.1 } as const;
/** So many labels leave no doubt. */
const ENOUGH_LABELS = 9;

/** 0..1: how much of what stands on the front of a KTP, and nowhere else, was read. */
export function ktpScore(layout: Layout, { fields, checks }: Understanding): number {
  const headline =
    fields.province.value !== null && checks.some(({ name, ok }) => name === "region_city" && ok);
  const lists = checks.filter(({ name, ok }) => ok && name.startsWith("closed_list_")).length;
  return (
    SIGNS.labels * Math.min(1, layout.labels.size / ENOUGH_LABELS) +
    (headline ? SIGNS.headline : 0) +
    (fields.nik.value !== null ? SIGNS.nik : 0) +
    SIGNS.lists * Math.min(1, lists / 2)
  );
}
