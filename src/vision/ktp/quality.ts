import type { Hint } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Layout } from "./layout.ts";
import type { Line } from "./pieces.ts";
import type { Understanding } from "./understand.ts";

/** Where a number of the quality turns from fit to unfit. */
const LIMITS = {
  /** Mean luma 0..255 of the card. */
  dark: 60,
  bright: 232,
  /** Height of the lines of text in pixels; below it letters run into one another. */
  lineHeight: 14,
  /** Mean certainty of the letters, 0..1. */
  legibility: 0.8,
} as const;
/** Height of lines from which more pixels make no difference. */
const AMPLE_LINE_HEIGHT = 28;

/** How fit a photograph of a card is to be read. Each number 0 (useless) .. 1 (as good as it needs to be). */
export interface KtpQuality {
  readonly numbers: Readonly<Record<"brightness" | "resolution" | "legibility", number>>;
  readonly hints: readonly Hint[];
}

export function judgeQuality(image: Pixels, lines: readonly Line[]): KtpQuality {
  const luma = meanLuma(image);
  const heights = lines
    .map(({ quad: [tl, , , bl] }) => Math.hypot(tl[0] - bl[0], tl[1] - bl[1]))
    .sort((a, b) => a - b);
  const height = heights[heights.length >> 1] ?? 0;
  const scores = lines.flatMap(({ letters }) => letters.map(({ score }) => score));
  const legibility = scores.length > 0 ? scores.reduce((a, b) => a + b, 0) / scores.length : 0;
  const hints: Hint[] = [];
  if (luma < LIMITS.dark) hints.push("too_dark");
  if (luma > LIMITS.bright) hints.push("too_bright");
  if (lines.length > 0 && height < LIMITS.lineHeight) hints.push("too_small");
  else if (lines.length > 0 && legibility < LIMITS.legibility) hints.push("blurred");
  return {
    numbers: {
      brightness: Math.max(0, 1 - Math.abs(luma - 160) / 160),
      resolution: Math.min(1, height / AMPLE_LINE_HEIGHT),
      legibility,
    },
    hints,
  };
}

function meanLuma({ data }: Pixels): number {
  // Every 16th pixel tells the same.
  const step = 16 * 3;
  let sum = 0;
  let n = 0;
  for (let i = 0; i + 2 < data.length; i += step, n++)
    sum += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  return n > 0 ? sum / n : 0;
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
