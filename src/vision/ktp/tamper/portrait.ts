import type { Pixels } from "../../image.ts";
import { type CardPart, type CardPlace, partOf } from "../card.ts";

/** The ground on which a portrait stands: red for those born in an odd year, blue for those born in an even one. */
export type PortraitGround = "red" | "blue";

/** Where hardly anything but its ground shows of a portrait: beside the head, in millimetres. */
const BESIDE_HEAD: readonly CardPart[] = [
  { x: 64.2, y: 13.5, width: 4, height: 7 },
  { x: 77.2, y: 13.5, width: 4, height: 7 },
];
/** The whole of it but for its rim. */
const INNER: CardPart = { x: 65, y: 14, width: 15.5, height: 19 };
/** The card's own ground, under the last line and between the columns: what light there is shows there. */
const CARD_GROUND: CardPart = { x: 38, y: 33, width: 20, height: 18 };
const SCALE = 2;

/** Under the light in which the card's ground looks white: shares of red, green and blue. */
const RED = { least: 0.46 } as const;
const BLUE = { least: 0.42, mostRed: 0.3 } as const;
/** The ground is of a colour where so much of what was looked at is, and no more than that of the other. */
const SHARE = { least: 0.4, otherMost: 0.12 } as const;

/** What can be told of a portrait from its colours. */
export interface PortraitColours {
  /** Null where it cannot be told: a copy in grey, a head that fills the picture, a hat. */
  readonly ground: PortraitGround | null;
  /** Share 0..1 of the portrait that looks as the card's own ground does. */
  readonly bare: number;
}

/** Looks at a portrait's place on a card. */
export function portraitColours(image: Pixels, place: CardPlace): PortraitColours {
  const white = medianColour(partOf(image, place, CARD_GROUND, SCALE));
  let [red, blue, all] = [0, 0, 0];
  for (const part of BESIDE_HEAD) {
    const { data } = partOf(image, place, part, SCALE);
    for (let i = 0; i < data.length; i += 3, all++) {
      const [r, g, b] = [data[i] / white[0], data[i + 1] / white[1], data[i + 2] / white[2]];
      const sum = r + g + b;
      if (r > RED.least * sum) red++;
      else if (b > BLUE.least * sum && r < BLUE.mostRed * sum) blue++;
    }
  }
  const told = (share: number, other: number) => share >= SHARE.least * all && other <= SHARE.otherMost * all;
  return {
    ground: told(red, blue) ? "red" : told(blue, red) ? "blue" : null,
    bare: bareShare(partOf(image, place, INNER, SCALE), white),
  };
}

/** By so much of its light a pixel of the card's ground differs at most from the median, in each channel. */
const LIKE_GROUND = 0.16;

function bareShare({ data }: Pixels, white: readonly number[]): number {
  const [red, green, blue] = white;
  let like = 0;
  for (let i = 0; i < data.length; i += 3)
    if (
      Math.abs(data[i] / red - 1) < LIKE_GROUND &&
      Math.abs(data[i + 1] / green - 1) < LIKE_GROUND &&
      Math.abs(data[i + 2] / blue - 1) < LIKE_GROUND
    )
      like++;
  return (3 * like) / data.length;
}

/** Of each channel, at least 1. */
function medianColour({ data }: Pixels): readonly [number, number, number] {
  return [medianOf(data, 0), medianOf(data, 1), medianOf(data, 2)];
}

function medianOf(data: Uint8Array, channel: number): number {
  const values = new Uint8Array(data.length / 3);
  for (let i = 0; i < values.length; i++) values[i] = data[3 * i + channel];
  return Math.max(1, values.sort()[values.length >> 1]);
}
