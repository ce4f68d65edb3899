import type { RecaptureCues } from "./cues.ts";
import fitted from "./fusion.json" with { type: "json" };

/** What one picture gave: the networks' probability of "real" where they are there, and the cues. */
export interface Measures extends RecaptureCues {
  /** Of the strong pack's network that sees the face, and of the one that sees its surroundings; 0..1. */
  readonly near: number | null;
  readonly wide: number | null;
}

/** Which of the cues speaks for an attack where it is large (1), or where it is small (−1). */
export const CUES = {
  pattern: 1,
  colour_grain: 1,
  frame: 1,
  tonal_range: -1,
  black_level: 1,
  colourfulness: -1,
  highlights: 1,
  eye_rim: 1,
} as const satisfies Record<keyof RecaptureCues, 1 | -1>;
export type Cue = keyof typeof CUES;
export const CUE_NAMES = Object.keys(CUES) as readonly Cue[];

/** How one cue counts. */
export interface CueWeight {
  /** In the cue's unit: what all but a few of the living stay within. */
  readonly from: number;
  /** In the cue's unit: how far the living differ among themselves. */
  readonly scale: number;
  /** Logits for each `scale` beyond `from`; 0 where the cue tells the living from nothing. */
  readonly weight: number;
}

/** A logistic model: what is added up to the logit of the confidence. */
export interface Fusion {
  readonly intercept: number;
  /** Logits for each logit of the networks' mean probability of "real"; 0 where they are absent. */
  readonly real: number;
  readonly cues: Readonly<Record<Cue, CueWeight>>;
}

/** The fitted numbers of both packs, and the command that makes them again: `fit liveness`. */
export const FUSIONS: Readonly<Record<"minifasnet" | "baseline", Fusion>> = fitted;

/** Networks' probabilities are taken to be no surer than this: 0.982. */
const MOST_LOGIT = 4;
/** A cue counts no further than so many of its scales beyond the living; one of {@link STRONG} farther. */
const MOST_DOUBT = { weak: 3, strong: 8 } as const;
/** Skin repeats no pattern and has no bright line around both eyes, but a wall may be bright, a door straight and a shirt grey. */
const STRONG: readonly Cue[] = ["pattern", "eye_rim"];
/**
 * What one measure shows so clearly that nothing else can make up for it: the networks give "real" no more than `real` in
 * the mean (one of them alone was measured to doubt living people), or a strong cue lies `doubt` of its scales beyond the
 * living: a pattern of 16 dB, nearly five deviations above the mean of living faces, or a line around both eyes a fifth brighter than
 * what lies beside it, four times the most that was measured on them. The confidence is then at most `most`.
 */
export const CLEAR = { real: 0.1, doubt: 1, most: 0.4 } as const;

/** What both networks say together, as their authors join them; null where they are absent. */
const realOf = ({ near, wide }: Measures): number | null =>
  near === null || wide === null ? null : (near + wide) / 2;

const logit = (p: number): number =>
  Math.max(-MOST_LOGIT, Math.min(MOST_LOGIT, Math.log(Math.max(1e-9, p) / Math.max(1e-9, 1 - p))));

/** How many of its scales a cue lies beyond the living, 0 or more: a cue can speak for an attack, never against one. */
export function doubtOf(cue: Cue, value: number, { from, scale }: CueWeight): number {
  const most = STRONG.includes(cue) ? MOST_DOUBT.strong : MOST_DOUBT.weak;
  return Math.max(0, Math.min(most, (CUES[cue] * (value - from)) / scale));
}

/** The logit of what the networks say; 0 where they are absent. */
export function networksOf(measures: Measures): number {
  const real = realOf(measures);
  return real === null ? 0 : logit(real);
}

/** The logit of the confidence, before {@link CLEAR}. */
export function logitOf(measures: Measures, fusion: Fusion): number {
  return CUE_NAMES.reduce(
    (sum, cue) => sum - fusion.cues[cue].weight * doubtOf(cue, measures[cue], fusion.cues[cue]),
    fusion.intercept + fusion.real * networksOf(measures),
  );
}

/** How sure one may be, 0..1, that a face was there and not a picture of one. */
export function fuse(measures: Measures, fusion: Fusion): number {
  const confidence = 1 / (1 + Math.exp(-logitOf(measures, fusion)));
  const clear =
    (realOf(measures) ?? 1) <= CLEAR.real ||
    STRONG.some((cue) => doubtOf(cue, measures[cue], fusion.cues[cue]) >= CLEAR.doubt);
  return clear ? Math.min(CLEAR.most, confidence) : confidence;
}
