import { join } from "node:path";
import sharp from "sharp";
import { type Matrix, type Point, similarity, warp } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { FACES, type Face, photographsFolder } from "./faces.ts";
import { addNoise, asPixels, asSharp, shade } from "./pixels.ts";
import { Random } from "./random.ts";

/** A person cut out of a photograph. */
interface Cutout {
  readonly face: Face;
  readonly picture: Pixels;
  /** Grey: 255 where the person is, 0 where others or the room are, soft between. */
  readonly mask: Pixels;
  /** What lies behind the person, without them and without anyone else: the room's colours, far out of focus. */
  readonly ground: Pixels;
  /** `face.centre`, `face.eyes` and `face.width` in `picture`. */
  readonly centre: Point;
  readonly eyes: readonly [Point, Point];
  readonly unit: number;
}

/** How much around a face is cut, in widths of the face. */
const CUT = { left: 1.7, right: 1.7, up: 1.4, down: 2.2 };
/** Width in pixels at which the room behind a person is kept; it is blurred beyond any detail. */
const GROUND_WIDTH = 48;

const cutouts = new Map<string, Promise<Cutout>>();

function cutoutOf(id: string): Promise<Cutout> {
  let cutout = cutouts.get(id);
  if (!cutout) {
    const face = FACES.find((one) => one.id === id);
    if (!face) throw new RangeError(`there is no sample face ${id}`);
    cutout = makeCutout(face);
    cutouts.set(id, cutout);
  }
  return cutout;
}

async function makeCutout(face: Face): Promise<Cutout> {
  const { width: u, centre } = face;
  const left = Math.round(centre[0] - CUT.left * u);
  const top = Math.round(centre[1] - CUT.up * u);
  const width = Math.round((CUT.left + CUT.right) * u);
  const height = Math.round((CUT.up + CUT.down) * u);
  const file = join(photographsFolder(), face.file);
  const { width: photoWidth, height: photoHeight } = await sharp(file).metadata();
  const inside = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.min(photoWidth, left + width),
    bottom: Math.min(photoHeight, top + height),
  };
  const part = await sharp(file)
    .removeAlpha()
    .extract({
      left: inside.left,
      top: inside.top,
      width: inside.right - inside.left,
      height: inside.bottom - inside.top,
    })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const picture = await asPixels(
    sharp(part).extend({
      left: inside.left - left,
      top: inside.top - top,
      right: left + width - inside.right,
      bottom: top + height - inside.bottom,
      extendWith: "mirror",
    }),
  );
  const at = ([x, y]: Point): Point => [x - left, y - top];
  const [cx, cy] = at(centre);
  const mask = await asPixels(
    sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%"/><g fill="#fff"><ellipse cx="${cx}" cy="${cy - 0.05 * u}" rx="${0.75 * u}" ry="${u}"/><ellipse cx="${cx}" cy="${cy + 2.1 * u}" rx="${1.5 * u}" ry="${1.2 * u}"/></g></svg>`,
      ),
    ).blur(u * 0.06),
  );
  return {
    face,
    picture,
    mask,
    ground: await roomBehind(picture, mask),
    centre: at(centre),
    eyes: [at(face.eyes[0]), at(face.eyes[1])],
    unit: u,
  };
}

/** Blurs what is outside of `mask` over what is inside: normalised convolution, at a small size. */
async function roomBehind(picture: Pixels, mask: Pixels): Promise<Pixels> {
  const height = Math.round((GROUND_WIDTH * picture.height) / picture.width);
  const small = (source: Pixels) => asPixels(asSharp(source).resize(GROUND_WIDTH, height, { fit: "fill" }));
  const [colours, covered] = await Promise.all([small(picture), small(mask)]);
  const outside = { ...covered, data: covered.data.map((v) => (v > 8 ? 0 : 255)) };
  const weighted = { ...colours, data: colours.data.map((v, i) => (outside.data[i] ? v : 0)) };
  const blur = (source: Pixels) => asPixels(asSharp(source).blur(GROUND_WIDTH / 9));
  const [sum, weight] = await Promise.all([blur(weighted), blur(outside)]);
  return { ...sum, data: sum.data.map((v, i) => Math.min(255, (v * 255) / Math.max(1, weight.data[i]))) };
}

/** The matrix from a picture of the person back to the cut-out. */
function placement(cutout: Cutout, centre: Point, faceWidth: number, degrees: number): Matrix {
  const [[lx, ly], [rx, ry]] = cutout.eyes;
  const lean = Math.atan2(ry - ly, rx - lx);
  const turn = (degrees * Math.PI) / 180 - lean;
  const scale = faceWidth / cutout.unit;
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

/**
 * The portrait of a card: head and shoulders upright on a flat ground.
 * @param ground  colour, RGB 0..255
 */
export async function drawPortrait(
  faceId: string,
  width: number,
  height: number,
  ground: readonly [number, number, number],
): Promise<Pixels> {
  const cutout = await cutoutOf(faceId);
  const flat = new Uint8Array(width * height * 3);
  for (let i = 0; i < flat.length; i++) flat[i] = ground[i % 3];
  const m = placement(cutout, [width / 2, height * 0.44], width * 0.5, 0);
  return layOver(cutout, m, { width, height, data: flat });
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
export async function drawSelfiePicture(faceId: string, ...key: readonly (string | number)[]): Promise<Uint8Array> {
  const random = new Random(...key, "selfie");
  const cutout = await cutoutOf(faceId);
  const [width, height] = random.pick(SELFIE_SIZES);
  const faceWidth = width * random.between(0.4, 0.48);
  const centre: Point = [width * random.between(0.47, 0.53), height * random.between(0.41, 0.46)];
  const m = placement(cutout, centre, faceWidth, random.between(-4, 4));
  const room = await asPixels(asSharp(cutout.ground).resize(width, height, { fit: "cover", kernel: "cubic" }));
  const picture = layOver(cutout, m, room);
  const slope = random.between(-0.12, 0.12);
  const gain = random.between(0.94, 1.1);
  shade(picture, (x) => gain + slope * (x - 0.5));
  addNoise(picture, random, random.between(1, 2.5));
  const warmth = random.between(-0.03, 0.03);
  return asSharp(picture)
    .linear([1 + warmth, 1, 1 - warmth], [0, 0, 0])
    .jpeg({ quality: random.whole(80, 92) })
    .toBuffer();
}
