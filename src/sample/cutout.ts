import { join } from "node:path";
import sharp from "sharp";
import type { Point } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { FACES, type Face, type Overlay, photographsFolder } from "./faces.ts";
import { asPixels, asSharp, drawSvg } from "./pixels.ts";

/** A person cut out of a photograph. */
export interface Cutout {
  readonly face: Face;
  readonly picture: Pixels;
  /** Grey: 255 where the person is, 0 where others or the room are, soft between. */
  readonly mask: Pixels;
  /** What lies behind the person, without them and without anyone else: the room's colours, far out of focus. */
  readonly room: Pixels;
  /** Middle and width of the face, and its eyes, in `picture`. */
  readonly centre: Point;
  readonly faceWidth: number;
  readonly eyes: readonly [Point, Point];
}

/** How much around a face is cut, in widths of the face. */
const CUT = { side: 1.75, up: 1.45, down: 2.3 };
/** How soft the edge of a person is, in widths of the face (deviation of a Gaussian). */
const FEATHER = 0.025;
/** Width in pixels at which the room behind a person is kept; nothing of anyone else can be told at it. */
const ROOM_WIDTH = 48;
const ROOM_BLUR = 5;
/** Weight of the room's mean colour against what is near, 0..255. */
const ROOM_PRIOR = 6;

const cutouts = new Map<string, Promise<Cutout>>();

/** The person with this face, cut out once. @throws RangeError where there is no such face */
export function cutoutOf(id: string): Promise<Cutout> {
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
  const { width: faceWidth, centre } = face;
  const left = Math.round(centre[0] - CUT.side * faceWidth);
  const top = Math.round(centre[1] - CUT.up * faceWidth);
  const width = Math.round(2 * CUT.side * faceWidth);
  const height = Math.round((CUT.up + CUT.down) * faceWidth);
  const at = ([x, y]: Point): Point => [x - left, y - top];

  const picture = await readPart(join(photographsFolder(), face.file), left, top, width, height);
  if (face.overlay) removeOverlay(picture, face.overlay, at);
  const mask = await drawSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%"/><path fill="#fff" d="${smoothOutline(face.outline.map(at))}"/></svg>`,
    faceWidth * FEATHER,
  );
  return {
    face,
    picture,
    mask,
    room: await roomBehind(picture, mask),
    centre: at(centre),
    faceWidth,
    eyes: [at(face.eyes[0]), at(face.eyes[1])],
  };
}

/** A part of a photograph; what lies beyond its edge is mirrored. */
async function readPart(
  file: string,
  left: number,
  top: number,
  width: number,
  height: number,
): Promise<Pixels> {
  const photo = await sharp(file).metadata();
  const [x0, y0] = [Math.max(0, left), Math.max(0, top)];
  const [x1, y1] = [Math.min(photo.width, left + width), Math.min(photo.height, top + height)];
  const inside = await asPixels(sharp(file).extract({ left: x0, top: y0, width: x1 - x0, height: y1 - y0 }));
  return asPixels(
    asSharp(inside).extend({
      left: x0 - left,
      top: y0 - top,
      right: left + width - x1,
      bottom: top + height - y1,
      extendWith: "mirror",
    }),
  );
}

/** A closed curve through the middles of the outline's sides, its corners as control points. */
function smoothOutline(outline: readonly Point[]): string {
  const middle = (i: number): string => {
    const [a, b] = [outline[i % outline.length], outline[(i + 1) % outline.length]];
    return `${(a[0] + b[0]) / 2} ${(a[1] + b[1]) / 2}`;
  };
  return `M${middle(0)}${outline.map((_, i) => `Q${outline[(i + 1) % outline.length].join(" ")} ${middle(i + 1)}`).join("")}Z`;
}

/** Blurs what is outside of `mask` over what is inside (normalised convolution), at a small size. */
async function roomBehind(picture: Pixels, mask: Pixels): Promise<Pixels> {
  const height = Math.round((ROOM_WIDTH * picture.height) / picture.width);
  const small = (source: Pixels) => asPixels(asSharp(source).resize(ROOM_WIDTH, height, { fit: "fill" }));
  const [colours, covered] = await Promise.all([small(picture), small(mask)]);
  const blur = (data: Uint8Array) => asPixels(asSharp({ width: ROOM_WIDTH, height, data }).blur(ROOM_BLUR));
  const [sum, share] = await Promise.all([
    blur(colours.data.map((v, i) => (covered.data[i] ? 0 : v))),
    blur(covered.data.map((v) => (v ? 0 : 255))),
  ]);
  // Where nothing of the room is near, its mean colour: a share of a few levels would only magnify rounding.
  const mean = [0, 1, 2].map((c) => {
    let [total, weight] = [0, 0];
    for (let i = c; i < sum.data.length; i += 3) {
      total += sum.data[i];
      weight += share.data[i];
    }
    return (255 * total) / Math.max(1, weight);
  });
  const data = sum.data.map((v, i) =>
    Math.min(255, (v * 255 + mean[i % 3] * ROOM_PRIOR) / (share.data[i] + ROOM_PRIOR)),
  );
  return { ...sum, data };
}

/** Fills what a program drew over the photograph from around it, ring by ring, in place. */
function removeOverlay(picture: Pixels, overlay: Overlay, at: (p: Point) => Point): void {
  const { width, height, data } = picture;
  const marked = new Uint8Array(width * height);
  const mark = (x: number, y: number) => {
    if (x >= 0 && y >= 0 && x < width && y < height) marked[y * width + x] = 1;
  };
  for (const [x, y] of overlay.dots.map(at)) {
    const r = overlay.dotRadius;
    for (let dy = -r; dy <= r; dy++)
      for (let dx = -r; dx <= r; dx++) if (dx * dx + dy * dy <= r * r) mark(x + dx, y + dy);
  }
  for (const bar of overlay.bars) {
    const [left, top] = at([bar.x, bar.y]);
    for (let y = 0; y < bar.height; y++) for (let x = 0; x < bar.width; x++) mark(left + x, top + y);
  }
  for (const part of overlay.lettering) {
    const [left, top] = at([part.x, part.y]);
    for (let y = 0; y < part.height; y++)
      for (let x = 0; x < part.width; x++) {
        const i = ((top + y) * width + left + x) * 3;
        if ((data[i] + data[i + 1] + data[i + 2]) / 3 <= overlay.hair) continue;
        for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) mark(left + x + dx, top + y + dy);
      }
  }
  fillMarked(picture, marked);
}

/** Rounds after which a gap of a few pixels is as smooth as it gets. */
const RELAXATIONS = 24;

/** Gives every marked pixel the mean of its neighbours (Laplace's equation, by relaxation), in place. */
function fillMarked({ data, width, height }: Pixels, marked: Uint8Array): void {
  const inside = (i: number) =>
    i % width > 0 && i % width < width - 1 && i >= width && i < width * (height - 1);
  const gaps = [...marked.keys()].filter((i) => marked[i] === 1 && inside(i));
  // A first guess, ring by ring from the edge of each gap.
  let ring = gaps;
  while (ring.length > 0) {
    const next: number[] = [];
    const filled: number[] = [];
    for (const i of ring) {
      const known = [i - 1, i + 1, i - width, i + width].filter((j) => marked[j] === 0);
      if (known.length === 0) {
        next.push(i);
        continue;
      }
      for (let c = 0; c < 3; c++)
        data[i * 3 + c] = known.reduce((sum, j) => sum + data[j * 3 + c], 0) / known.length;
      filled.push(i);
    }
    if (filled.length === 0) break;
    for (const i of filled) marked[i] = 0;
    ring = next;
  }
  for (let round = 0; round < RELAXATIONS; round++) {
    for (const i of gaps)
      for (let c = 0; c < 3; c++) {
        const o = i * 3 + c;
        data[o] = (data[o - 3] + data[o + 3] + data[o - 3 * width] + data[o + 3 * width]) / 4;
      }
  }
}
