import type { Point, Quad } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import {
  addFlash,
  addGlare,
  addLaminate,
  defocus,
  holdWithFingers,
  light,
  moveCamera,
  photocopy,
  recapture,
  showOnScreen,
} from "./effects.ts";
import { drawGroundSvg } from "./ground.ts";
import { laySheet, moveOut, pose, type Sheet } from "./lay.ts";
import { addNoise, asPixels, asSharp, drawSvg } from "./pixels.ts";
import type { Random } from "./random.ts";
import { type Effect, lie, type Settings } from "./settings.ts";

/** A photograph of a card, and where in it the card is. */
export interface Photograph {
  readonly jpeg: Uint8Array;
  /** The card's corners in the upright picture, in pixels, from its own upper left on; beyond it where it is cut off. */
  readonly corners: Quad;
  readonly effects: readonly Effect[];
}

/**
 * A sheet as a phone sees it.
 * @param second  what lies beside it where the settings want two
 */
export async function photograph(
  sheet: Sheet,
  random: Random,
  settings: Settings,
  second: Sheet = sheet,
): Promise<Photograph> {
  const has = (effect: Effect) => settings.effects.has(effect);
  const standing = has("quarter-turn") || has("two-cards");
  const short = Math.round(settings.longSide * 0.75);
  const [width, height] = standing ? [short, settings.longSide] : [settings.longSide, short];
  const { corners, other } = place(sheet, random, settings, width, height);

  let face = sheet.face;
  if (has("photocopy")) face = await photocopy(face, random, settings);
  if (has("screen")) showOnScreen(face, random, settings);
  const ground = await drawSvg(
    drawGroundSvg(random, has("screen") ? "plain" : settings.ground, width, height),
    1.2,
  );
  let picture = await laySheet({ ...sheet, face }, ground, corners);
  if (other) picture = await laySheet(second, picture, other);
  if (has("fingers")) picture = await holdWithFingers(picture, random, corners, settings);
  light(picture, random, settings);
  if (has("glare")) addGlare(picture, random, settings, corners);
  if (has("laminate")) addLaminate(picture, random, settings, corners);
  if (has("flash")) addFlash(picture, random, settings, corners);
  if (has("recapture")) recapture(picture, random, settings);
  if (has("motion")) picture = await moveCamera(picture, random, settings);
  picture = has("defocus")
    ? await defocus(picture, settings.blur)
    : await asPixels(asSharp(picture).blur(settings.blur));
  addNoise(picture, random, settings.noise);
  return { jpeg: await develop(picture, random, settings), corners, effects: [...settings.effects] };
}

/** Where the sheet, and a second one where it is wanted, come to lie. */
function place(
  { ratio }: Sheet,
  random: Random,
  settings: Settings,
  width: number,
  height: number,
): { corners: Quad; other?: Quad } {
  if (!settings.effects.has("two-cards")) {
    const corners = pose(random, settings, ratio, width, height);
    if (!settings.effects.has("cropped")) return { corners };
    return { corners: moveOut(random, corners, settings.cut, width, height) };
  }
  const half = height / 2;
  const corners = pose(random, settings, ratio, width, half);
  const turned = {
    ...settings,
    roll: settings.roll + lie(random, 6),
    share: settings.share * settings.second,
  };
  const other = pose(random, turned, ratio, width, half);
  const lower = ([a, b, c, d]: Quad): Quad => {
    const down = ([x, y]: Point): Point => [x, y + half];
    return [down(a), down(b), down(c), down(d)];
  };
  return random.chance(0.5) ? { corners, other: lower(other) } : { corners: lower(corners), other };
}

/** The picture as the camera stores it: a JPEG, turned where it leaves the turning to EXIF. */
function develop(picture: Pixels, random: Random, { effects, quality }: Settings): Promise<Uint8Array> {
  const turns = effects.has("exif") ? random.pick([1, 2, 3] as const) : 0;
  // EXIF orientations whose undoing turns the stored pixels back: 8 for a quarter clockwise, 3 for a half, 6 for three.
  const orientation = [1, 8, 3, 6][turns];
  return asSharp(picture)
    .rotate(turns * 90)
    .withMetadata({ orientation })
    .jpeg({ quality })
    .toBuffer();
}

/** A flat-bed scan: the card from edge to edge. */
export async function scan(card: Pixels, random: Random): Promise<Photograph> {
  addNoise(card, random, random.between(0.8, 2.4));
  const tint = lie(random, 0.015);
  const jpeg = await asSharp(card)
    .linear([random.between(0.97, 1.02) + tint, 1, 1 - tint], [0, 0, 0])
    .jpeg({ quality: 92 })
    .toBuffer();
  const { width, height } = card;
  return {
    jpeg,
    corners: [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ],
    effects: [],
  };
}
