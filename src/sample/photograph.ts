import type { Quad } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { addGlare, holdWithFingers, light, moveCamera, photocopy, showOnScreen } from "./effects.ts";
import { drawGroundSvg } from "./ground.ts";
import { layCard, pose } from "./lay.ts";
import { addNoise, asPixels, asSharp, drawSvg } from "./pixels.ts";
import type { Random } from "./random.ts";
import { chooseSettings, type Effect, type Level, lie } from "./settings.ts";

/** A photograph of a card, and where in it the card is. */
export interface Photograph {
  readonly jpeg: Uint8Array;
  /** The card's corners in the upright picture, in pixels, from its own upper left on. */
  readonly corners: Quad;
  readonly effects: readonly Effect[];
}

/**
 * A card as a scanner (level 0) or a phone sees it.
 * @param card  a card that fills its picture
 */
export async function photograph(card: Pixels, random: Random, level: Level): Promise<Photograph> {
  if (level === 0) return scan(card, random);
  const settings = chooseSettings(random, level);
  const has = (effect: Effect) => settings.effects.has(effect);
  const standing = has("quarter-turn");
  const short = Math.round(settings.longSide * 0.75);
  const [width, height] = standing ? [short, settings.longSide] : [settings.longSide, short];
  const corners = pose(random, settings, width, height);

  let face = card;
  if (has("photocopy")) face = await photocopy(face, random);
  if (has("screen")) showOnScreen(face, random);
  const ground = await drawSvg(
    drawGroundSvg(random, has("screen") ? "plain" : settings.ground, width, height),
    1.2,
  );
  let picture = await layCard(face, ground, corners);
  if (has("fingers")) picture = await holdWithFingers(picture, random, corners);
  light(picture, random, settings);
  if (has("glare")) addGlare(picture, random, settings, corners);
  if (has("motion")) picture = await moveCamera(picture, random, level);
  picture = await asPixels(asSharp(picture).blur(settings.blur));
  addNoise(picture, random, settings.noise);

  const turns = has("exif") ? random.pick([1, 2, 3] as const) : 0;
  // EXIF orientations whose undoing turns the stored pixels back: 8 for a quarter clockwise, 3 for a half, 6 for three.
  const orientation = [1, 8, 3, 6][turns];
  const jpeg = await asSharp(picture)
    .rotate(turns * 90)
    .withMetadata({ orientation })
    .jpeg({ quality: settings.quality })
    .toBuffer();
  return { jpeg, corners, effects: [...settings.effects] };
}

/** A flat-bed scan: the card from edge to edge. */
async function scan(card: Pixels, random: Random): Promise<Photograph> {
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
