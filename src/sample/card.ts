import type { Pixels } from "../vision/image.ts";
import { drawCardGround } from "./card-ground.ts";
import type { SampleCitizen } from "./citizen.ts";
import { asPixels, asSharp } from "./pixels.ts";
import { drawPortrait } from "./portrait.ts";
import { drawPrint, type PrintAltered } from "./print.ts";
import { Random } from "./random.ts";

/** 85.60 mm × 53.98 mm, ISO/IEC 7810 ID-1. */
export const CARD_RATIO = 85.6 / 53.98;

/** ISO/IEC 7810: corners rounded by 3.18 mm of 85.60 mm. */
export const CARD_CORNER = 3.18 / 85.6;

/** Where the portrait stands, as shares of the card's width. */
export const PORTRAIT = { x: 0.738, y: 0.135, width: 0.222, height: 0.278 };
/** Portraits of those born in an odd year stand on red, of the others on blue. */
const GROUNDS = { odd: [196, 28, 36], even: [38, 84, 178] } as const;

/** What a forger changes about a card. */
export interface CardAltered extends PrintAltered {
  /** On the ground of the other years. */
  readonly otherGround?: boolean;
  readonly faceless?: boolean;
}

/** The colour on which the citizen's portrait stands. */
export const groundOf = ({ birth_date }: SampleCitizen): readonly [number, number, number] =>
  Number(birth_date.slice(0, 4)) % 2 ? GROUNDS.odd : GROUNDS.even;

/** What turns the usual ground to orange: the hue by half a circle and some saturation. */
const ORANGE = { hue: 188, saturation: 1.5 } as const;
/** Paler, or deeper, than most. */
const OTHER_GROUNDS = [
  { brightness: 1.06, saturation: 0.55 },
  { brightness: 0.9, saturation: 1.5 },
] as const;

/** The ground of the citizen's kind of card. */
async function drawGround(
  { seed, index, orange, variant }: SampleCitizen,
  width: number,
  height: number,
): Promise<Pixels> {
  const ground = await drawCardGround(width, height);
  if (orange) return asPixels(asSharp(ground).modulate(ORANGE));
  if (variant !== "other-print") return ground;
  return asPixels(asSharp(ground).modulate(new Random(seed, index, "ground").pick(OTHER_GROUNDS)));
}

/** A card as a perfect scanner would see it. @param width  in pixels */
export async function drawCard(
  citizen: SampleCitizen,
  width: number,
  { otherGround = false, faceless = false, ...print }: CardAltered = {},
): Promise<Pixels> {
  const height = Math.round(width / CARD_RATIO);
  const size = {
    width: Math.round(PORTRAIT.width * width),
    height: Math.round(PORTRAIT.height * width),
  };
  const usual = groundOf(citizen);
  const colour = otherGround === (usual === GROUNDS.odd) ? GROUNDS.even : GROUNDS.odd;
  const [ground, portrait] = await Promise.all([
    drawGround(citizen, width, height),
    drawPortrait(citizen.face, size.width, size.height, colour),
  ]);
  return asPixels(
    asSharp(ground).composite([
      ...(faceless
        ? []
        : [
            {
              input: Buffer.from(portrait.data),
              raw: { ...size, channels: 3 as const },
              left: Math.round(PORTRAIT.x * width),
              top: Math.round(PORTRAIT.y * width),
            },
          ]),
      { input: Buffer.from(drawPrint(citizen, width, height, print)), left: 0, top: 0 },
    ]),
  );
}
