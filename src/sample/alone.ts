import type { Random } from "./random.ts";
import { type Effect, PLAIN, type Settings } from "./settings.ts";

/** One effect as it is asked for. */
export interface EffectAsked {
  readonly name: Effect;
  /** 0 hardly to be seen .. 1 as strong as it gets. Default 0.5. */
  readonly strength?: number;
}

interface EffectSpec {
  /** What it is. */
  readonly what: string;
  /** What strength 0 and 1 mean; empty where it has none. */
  readonly strength: string;
  /** @param at  from the value at strength 0 to that at 1 */
  readonly set: (at: (zero: number, one: number) => number, random: Random) => Partial<Settings>;
}

/** Length in pixels of the longer side at strength 0 and 1. */
const LOW = [1000, 400] as const;
/** Share of a 4 : 3 picture's width at which a card's area is that of the whole: 1.586 × 0.75 of its square. */
const WHOLE = 1.19;

/** Every effect, alone and by its strength. Levels 2 and 3 mix some of them in ranges of their own. */
export const EFFECTS: Readonly<Record<Effect, EffectSpec>> = {
  perspective: {
    what: "the card tilted about both of its axes",
    strength: "8° to 35° about each",
    set: (at, random) => {
      const [a, b] = [at(8, 35) * random.pick([-1, 1]), at(8, 35) * random.pick([-1, 1])];
      return { tilt: [a, b], share: 0.8 };
    },
  },
  rotation: {
    what: "the card turned in the picture, either way",
    strength: "3° to 44°",
    set: (at, random) => ({ roll: at(3, 44) * random.pick([-1, 1]), share: 0.85 }),
  },
  "quarter-turn": {
    what: "the card on its side, either way, in a picture that stands",
    strength: "",
    set: (_at, random) => ({ roll: 90 * random.pick([-1, 1]) }),
  },
  "upside-down": { what: "the card on its head", strength: "", set: () => ({ roll: 180 }) },
  exif: {
    what: "pixels stored turned, and the EXIF orientation that turns them back",
    strength: "",
    set: () => ({}),
  },
  small: {
    what: "the card far away",
    strength: "45% to 10% of the picture's area",
    set: (at) => ({ share: Math.sqrt(at(0.45, 0.1) * WHOLE), ground: "wood" }),
  },
  cropped: {
    what: "a part of the card beyond one edge of the picture",
    strength: "3% to 45% of its width or height",
    set: (at) => ({ cut: at(0.03, 0.45), share: 0.85 }),
  },
  "two-cards": {
    what: "somebody else's card beside this one",
    strength: "its width 60% to 100% of this one's",
    set: (at) => ({ second: at(0.6, 1), longSide: 1800, share: 0.9 }),
  },
  defocus: {
    what: "the lens out of focus: every point a disc",
    strength: "radius 1.4 to 6.4 pixels",
    set: (at) => ({ blur: at(0.7, 3.2) }),
  },
  motion: {
    what: "the hand moving: every point a line",
    strength: "3 to 18 pixels",
    set: (at) => ({ motion: [Math.round(at(3, 18)), Math.round(at(3, 18))] }),
  },
  noise: {
    what: "a sensor's noise",
    strength: "deviation of 4 to 24 grey levels",
    set: (at) => ({ noise: at(4, 24) }),
  },
  "strong-jpeg": {
    what: "a small file",
    strength: "quality 60 to 10",
    set: (at) => ({ quality: Math.round(at(60, 10)) }),
  },
  "low-resolution": {
    what: "a small picture",
    strength: `longer side ${LOW[0]} to ${LOW[1]} pixels`,
    set: (at) => ({ longSide: Math.round(at(...LOW)) }),
  },
  shadow: {
    what: "a shadow with a soft edge across the card",
    strength: "20% to 75% of the light",
    set: (at) => ({ shadow: [at(0.2, 0.75), at(0.2, 0.75)] }),
  },
  "uneven-light": {
    what: "light that falls off from edge to edge",
    strength: "20% to 120% of the light in the middle",
    set: (at) => ({ slope: at(0.2, 1.2) }),
  },
  dark: {
    what: "too little light, and the noise that it brings",
    strength: "50% to 10% of the light",
    set: (at) => ({ exposure: at(0.5, 0.1), noise: at(3, 9) }),
  },
  bright: {
    what: "too much light",
    strength: "130% to 260% of the light",
    set: (at) => ({ exposure: at(1.3, 2.6) }),
  },
  "colour-cast": {
    what: "coloured light: a lamp's, the shade's, a shop sign's",
    strength: "10% to 50% of one colour taken from another",
    set: (at, random) => {
      const c = at(0.1, 0.5);
      return {
        cast: random.pick([
          [1 + c / 2, 1, 1 - c],
          [1 - c, 1, 1 + c / 2],
          [1 - c, 1 + c / 4, 1 - c / 2],
          [1 + c / 4, 1 - c, 1],
        ] as const),
      };
    },
  },
  glare: {
    what: "a lamp's reflection in the laminate",
    strength: "60 to 340 grey levels in its middle",
    set: (at) => ({ glare: [at(60, 340), at(60, 340)] }),
  },
  flash: {
    what: "a flash's reflection: a patch wholly white, with a halo",
    strength: "radius 3% to 20% of the card's width",
    set: (at) => ({ flash: at(0.03, 0.2) }),
  },
  laminate: {
    what: "creased laminate: bands of reflected light over the card, a veil between them",
    strength: "40 to 200 grey levels in a band",
    set: (at) => ({ laminate: at(40, 200) }),
  },
  photocopy: {
    what: "a grey copy with a copier's specks",
    strength: "contrast 1.1 to 2 times the card's",
    set: (at) => ({ contrast: [at(1.1, 2), at(1.1, 2)] }),
  },
  screen: {
    what: "coloured stripes over the card, as between a screen's grid and a sensor's",
    strength: "3% to 16% of the light",
    set: (at) => ({ stripes: [at(0.03, 0.16), at(0.03, 0.16)] }),
  },
  recapture: {
    what: "the whole picture photographed from a screen: its red, green and blue stripes sampled by the camera's grid",
    strength: "they differ by 10% to 70% of the light",
    set: (at) => ({ subpixels: at(0.1, 0.7), ground: "plain" }),
  },
  fingers: {
    what: "fingers that hold the card at its lower edge",
    strength: "one that ends in the margin to three that end a third up the card",
    set: (at) => ({
      fingers: { count: [Math.round(at(1, 3)), Math.round(at(1, 3))], tip: at(0.96, 0.67) },
      share: 0.8,
    }),
  },
  hand: { what: "in an open hand", strength: "", set: () => ({ ground: "hand", share: 0.66 }) },
  wood: { what: "on a wooden table", strength: "", set: () => ({ ground: "wood", share: 0.7 }) },
  cloth: { what: "on woven cloth", strength: "", set: () => ({ ground: "cloth", share: 0.7 }) },
  tiles: { what: "on a tiled floor", strength: "", set: () => ({ ground: "tiles", share: 0.7 }) },
  clutter: {
    what: "on a desk among printed papers, coins and a pen",
    strength: "",
    set: () => ({ ground: "clutter", share: 0.7 }),
  },
};

export const EFFECT_NAMES = Object.keys(EFFECTS) as readonly Effect[];

/**
 * How a photograph with these effects and nothing else is taken. Of two that set the same thing (two grounds, say) the
 * later one wins; turns add up.
 * @throws RangeError where there is no such effect, or a strength outside of 0..1
 */
export function settingsWith(random: Random, asked: readonly EffectAsked[]): Settings {
  let settings = PLAIN;
  for (const { name, strength = 0.5 } of asked) {
    if (!Object.hasOwn(EFFECTS, name))
      throw new RangeError(`there is no effect ${name}; there are ${EFFECT_NAMES.join(", ")}`);
    if (!(strength >= 0 && strength <= 1)) throw new RangeError(`${name}: the strength must be from 0 to 1`);
    const set = EFFECTS[name].set((zero, one) => zero + (one - zero) * strength, random);
    const share = Math.min(settings.share, set.share ?? 1);
    settings = { ...settings, ...set, share, roll: settings.roll + (set.roll ?? 0) };
  }
  return { ...settings, effects: new Set(asked.map(({ name }) => name)) };
}
