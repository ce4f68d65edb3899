import { type Matrix, type Point, similarity, warp } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { type Cutout, cutoutOf } from "./cutout.ts";
import { addNoise, asPixels, asSharp, shade } from "./pixels.ts";
import { Random } from "./random.ts";

/** The matrix from a picture of the person back to the cut-out. */
function placement(cutout: Cutout, centre: Point, faceWidth: number, degrees: number): Matrix {
  const [[lx, ly], [rx, ry]] = cutout.eyes;
  const lean = Math.atan2(ry - ly, rx - lx);
  const turn = (degrees * Math.PI) / 180 - lean;
  const scale = faceWidth / cutout.faceWidth;
  const [dx, dy] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  const [cx, cy] = cutout.centre;
  return similarity(
    [centre, [centre[0] + dx, centre[1] + dy]],
    [
      [cx, cy],
      [cx + 1, cy],
    ],
  );
}

/** Lays the person over `ground` (same size as the result). */
function layOver(cutout: Cutout, m: Matrix, ground: Pixels): Pixels {
  const person = warp(cutout.picture, m, ground.width, ground.height);
  const alpha = warp(cutout.mask, m, ground.width, ground.height);
  const data = new Uint8Array(ground.data.length);
  for (let i = 0; i < data.length; i++) {
    const a = alpha.data[i] / 255;
    data[i] = person.data[i] * a + ground.data[i] * (1 - a) + 0.5;
  }
  return { width: ground.width, height: ground.height, data };
}

/** Where a face stands on a card's portrait, as shares of its width and height. */
const PORTRAIT_FACE = { x: 0.5, y: 0.45, width: 0.5 };
/** A card printer's dyes: paler than the photograph, and a little more contrast. */
const DYES = { saturation: 0.8, gain: 1.06, lift: -4 };

/**
 * The portrait of a card: head and shoulders, eyes level, on a flat ground, as a card printer renders it.
 * @param width, height  in pixels
 * @param ground         colour, RGB 0..255
 */
export async function drawPortrait(
  face: string,
  width: number,
  height: number,
  ground: readonly [number, number, number],
): Promise<Pixels> {
  const cutout = await cutoutOf(face);
  const data = new Uint8Array(width * height * 3).map((_, i) => ground[i % 3]);
  const centre: Point = [width * PORTRAIT_FACE.x, height * PORTRAIT_FACE.y];
  const m = placement(cutout, centre, width * PORTRAIT_FACE.width, 0);
  const portrait = layOver(cutout, m, { width, height, data });
  return asPixels(
    asSharp(portrait).modulate({ saturation: DYES.saturation }).linear(DYES.gain, DYES.lift).blur(0.6),
  );
}

/** What a selfie is taken with: sizes that phones and web pages send. */
const SELFIE_SIZES = [
  [720, 960],
  [768, 1024],
  [810, 1080],
  [900, 1200],
] as const;

/**
 * A selfie of a person: the same photograph as on their card, in another crop, light, scale and JPEG, before a room
 * that holds nobody else.
 * @param key  what the variation depends on
 */
export async function drawSelfiePicture(
  faceId: string,
  ...key: readonly (string | number)[]
): Promise<Uint8Array> {
  const random = new Random(...key, "selfie");
  const cutout = await cutoutOf(faceId);
  const [width, height] = random.pick(SELFIE_SIZES);
  const faceWidth = width * random.between(...cutout.face.selfie);
  const centre: Point = [width * random.between(0.46, 0.51), height * random.between(0.43, 0.47)];
  const m = placement(cutout, centre, faceWidth, random.between(-2, 4));
  const room = await asPixels(asSharp(cutout.room).resize(width, height, { fit: "cover", kernel: "cubic" }));
  const picture = layOver(cutout, m, room);
  const slope = random.between(-0.1, 0.1);
  const gain = random.between(0.97, 1.08);
  const noise = random.between(0.6, 1.8);
  const warmth = random.between(-0.015, 0.04);
  shade(picture, (x) => gain + slope * (x - 0.5), [1 + warmth, 1, 1 - warmth]);
  addNoise(picture, random, noise);
  return asSharp(picture)
    .jpeg({ quality: random.whole(80, 92) })
    .toBuffer();
}
