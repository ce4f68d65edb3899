import { GROUNDS, type Ground } from "./ground.ts";
import type { Random } from "./random.ts";

/** How hard a photograph of a card is to read: 0 flat scan, 1 easy, 2 as people take them, 3 hard. */
export type Level = 0 | 1 | 2 | 3;

/** What was done to a card's picture beyond perspective, ground, blur, noise and JPEG, of which each has a share. */
export type Effect =
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
  /** Deviations of Gaussians. */
  readonly blur: number;
  readonly noise: number;
  readonly quality: number;
  /** Grey levels that a lamp's reflection adds at its middle; print is lost from about 150. */
  readonly glare: readonly [least: number, most: number];
  /** Share of the light that a shadow takes. */
  readonly shadow: readonly [least: number, most: number];
  readonly effects: ReadonlySet<Effect>;
}

const HARD_EFFECTS: readonly Effect[] = [
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
      glare: [0, 0],
      shadow: [0, 0],
      effects: new Set(),
    };
  }
  const hard = level === 3;
  const effects = new Set<Effect>();
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
  const has = (effect: Effect) => effects.has(effect);
  const turned = (has("quarter-turn") ? 90 * random.pick([-1, 1]) : 0) + (has("upside-down") ? 180 : 0);
  const warmth = has("colour-cast") ? random.between(0.12, hard ? 0.3 : 0.2) : lie(random, 0.06);
  return {
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
    effects,
  };
}
