import { GROUNDS, type Ground } from "./ground.ts";
import type { Random } from "./random.ts";

/** How hard a photograph of a card is to read: 0 flat scan, 1 easy, 2 as people take them, 3 hard. */
export type Level = 0 | 1 | 2 | 3;

/** What levels 2 and 3 may do to a card's picture; beside these, perspective, ground, blur, noise and JPEG have a share in each. */
export type LevelEffect =
  | "quarter-turn"
  | "upside-down"
  | "exif"
  | "shadow"
  | "glare"
  | "dark"
  | "colour-cast"
  | "motion"
  | "defocus"
  | "low-resolution"
  | "strong-jpeg"
  | "photocopy"
  | "screen"
  | "fingers";

/** All that can be done to a card's picture. What each is, and what its strength means: `EFFECTS`. */
export type Effect =
  | LevelEffect
  | "perspective"
  | "rotation"
  | "noise"
  | "uneven-light"
  | "bright"
  | "flash"
  | "laminate"
  | "recapture"
  | "small"
  | "cropped"
  | "two-cards"
  | "wood"
  | "cloth"
  | "tiles"
  | "clutter"
  | "hand";

type Range = readonly [least: number, most: number];

/** Everything that one photograph is taken with. Angles in degrees, lengths in pixels of the result. */
export interface Settings {
  readonly longSide: number;
  /** The card's bounding box as a share of the picture. */
  readonly share: number;
  readonly roll: number;
  readonly tilt: readonly [pitch: number, yaw: number];
  readonly ground: Ground;
  /** Gain from edge to edge. */
  readonly slope: number;
  readonly exposure: number;
  readonly cast: readonly [red: number, green: number, blue: number];
  /** Deviations: of the lens's blur, of the sensor's noise. */
  readonly blur: number;
  readonly noise: number;
  /** JPEG's, 1..100. */
  readonly quality: number;
  /** Grey levels that a lamp's reflection adds at its middle; print is lost from about 150. */
  readonly glare: Range;
  /** Share of the light that a shadow takes. */
  readonly shadow: Range;
  /** Length of the way that the picture moves during the exposure. */
  readonly motion: Range;
  /** A copier's contrast: 1 that of the card. */
  readonly contrast: Range;
  /** Share of the light by which the stripes of a screen come and go. */
  readonly stripes: Range;
  /** How many fingers hold the card, and how far from its upper edge they end, in heights of the card. */
  readonly fingers: { readonly count: Range; readonly tip: number };
  /** Radius of a flash's patch, in widths of the card. */
  readonly flash: number;
  /** Grey levels that reflecting laminate adds in the middle of a band. */
  readonly laminate: number;
  /** Share of the light by which the parts of a screen's pixel differ in the picture. */
  readonly subpixels: number;
  /** How much of the card lies beyond the picture's edge, as a share of its width or height. */
  readonly cut: number;
  /** Width of the second card as a share of the first one's. */
  readonly second: number;
  readonly effects: ReadonlySet<Effect>;
}

/** What a picture has where nothing else is said: a steady hand, straight from above, in even light. */
export const PLAIN: Settings = {
  longSide: 1500,
  share: 0.9,
  roll: 0,
  tilt: [0, 0],
  ground: "plain",
  slope: 0,
  exposure: 1,
  cast: [1, 1, 1],
  blur: 0.4,
  noise: 1.5,
  quality: 88,
  glare: [0, 0],
  shadow: [0, 0],
  motion: [3, 4],
  contrast: [1.25, 1.6],
  stripes: [0.04, 0.1],
  fingers: { count: [1, 2], tip: 0.955 },
  flash: 0.1,
  laminate: 80,
  subpixels: 0.3,
  cut: 0.15,
  second: 0.7,
  effects: new Set(),
};

const HARD_EFFECTS: readonly LevelEffect[] = [
  "shadow",
  "glare",
  "dark",
  "colour-cast",
  "motion",
  "defocus",
  "low-resolution",
  "strong-jpeg",
  "photocopy",
  "screen",
  "fingers",
];

/** Uniform in −spread .. spread. */
export const lie = (random: Random, spread: number) => random.between(-spread, spread);

/** How a photograph of this level is taken: within the level every card is taken in its own way. */
export function chooseSettings(random: Random, level: 1 | 2 | 3): Settings {
  if (level === 1) {
    const tint = lie(random, 0.02);
    return {
      ...PLAIN,
      longSide: random.whole(1200, 1600),
      share: random.between(0.86, 0.96),
      roll: lie(random, 3),
      tilt: [lie(random, 2), lie(random, 2)],
      ground: "plain",
      slope: lie(random, 0.12),
      exposure: random.between(0.92, 1.05),
      cast: [1 + tint, 1, 1 - tint],
      blur: random.between(0.3, 0.8),
      noise: random.between(1, 3),
      quality: random.whole(70, 85),
    };
  }
  const hard = level === 3;
  const effects = new Set<LevelEffect>();
  if (hard)
    for (const effect of random.shuffled(HARD_EFFECTS).slice(0, random.whole(1, 2))) effects.add(effect);
  else {
    if (random.chance(0.3)) effects.add("shadow");
    if (random.chance(0.2)) effects.add("glare");
    if (random.chance(0.15)) effects.add("colour-cast");
    if (random.chance(0.1)) effects.add("motion");
    if (random.chance(0.1)) effects.add("low-resolution");
  }
  if (random.chance(hard ? 0.3 : 0.2)) effects.add("quarter-turn");
  if (random.chance(hard ? 0.15 : 0.08)) effects.add("upside-down");
  if (random.chance(0.15)) effects.add("exif");
  const has = (effect: LevelEffect) => effects.has(effect);
  const turned = (has("quarter-turn") ? 90 * random.pick([-1, 1]) : 0) + (has("upside-down") ? 180 : 0);
  const warmth = has("colour-cast") ? random.between(0.12, hard ? 0.3 : 0.2) : lie(random, 0.06);
  return {
    ...PLAIN,
    longSide: has("low-resolution") ? random.whole(hard ? 640 : 900, 1000) : random.whole(1300, 2000),
    share: random.between(hard ? 0.62 : 0.7, 0.95),
    roll: turned + lie(random, hard ? 25 : 10),
    tilt: [lie(random, hard ? 30 : 16), lie(random, hard ? 30 : 16)],
    ground: random.pick(GROUNDS),
    slope: lie(random, hard ? 0.4 : 0.25),
    exposure: has("dark") ? random.between(0.25, 0.45) : random.between(0.8, 1.1),
    cast: [1 + warmth, 1 + warmth * 0.2, 1 - warmth],
    blur: has("defocus") ? random.between(1.3, 2.2) : random.between(0.3, hard ? 1.1 : 0.9),
    noise: has("dark") ? random.between(5, 9) : random.between(1.5, hard ? 6 : 4),
    quality: has("strong-jpeg") ? random.whole(28, 45) : random.whole(hard ? 50 : 60, 85),
    shadow: has("dark") ? [0.2, 0.3] : [0.25, 0.45],
    glare: hard ? [120, 260] : [50, 120],
    motion: [3, hard ? 9 : 4],
    effects,
  };
}
