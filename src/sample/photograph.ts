import {
  type Matrix,
  multiply,
  type Point,
  perspective,
  type Quad,
  transform,
  warp,
} from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { CARD_RATIO } from "./card.ts";
import { drawGroundSvg, GROUNDS, type Ground } from "./ground.ts";
import { addNoise, asPixels, asSharp, drawSvg, shade } from "./pixels.ts";
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

/** A photograph of a card, and where in it the card is. */
export interface Photograph {
  readonly jpeg: Uint8Array;
  /** The card's corners in the upright picture, in pixels, from its own upper left on. */
  readonly corners: Quad;
  readonly effects: readonly Effect[];
}

/** Everything that one photograph is taken with. Angles in degrees, lengths in pixels of the result. */
interface Settings {
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

const lie = (random: Random, spread: number) => random.between(-spread, spread);

function chooseSettings(random: Random, level: 1 | 2 | 3): Settings {
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
    glare: hard ? [120, 260] : [50, 120],
    effects,
  };
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
  light(picture, random, settings, corners);
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

/** Distance of the camera in heights of the card: near enough for visible perspective. */
const CAMERA = 3.2;

/** Where the corners of a tilted card come to lie in the picture (pinhole camera). */
function pose(random: Random, { roll, tilt, share }: Settings, width: number, height: number): Quad {
  const [a, b, c] = [roll, ...tilt].map((degrees) => (degrees * Math.PI) / 180);
  const seen = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([sx, sy]): Point => {
    const [x, y] = [(sx * CARD_RATIO) / 2, sy / 2];
    // Tilted about its own axes first, then turned in the picture's plane.
    const [y1, z1] = [y * Math.cos(b), y * Math.sin(b)];
    const [x2, z2] = [x * Math.cos(c), z1 - x * Math.sin(c)];
    const near = CAMERA / (CAMERA + z2);
    const [px, py] = [x2 * near, y1 * near];
    return [px * Math.cos(a) - py * Math.sin(a), px * Math.sin(a) + py * Math.cos(a)];
  });
  const [xs, ys] = [seen.map(([x]) => x), seen.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [w, h] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = share * Math.min(width / w, height / h);
  const [dx, dy] = [
    (width - w * scale) * random.between(0.25, 0.75),
    (height - h * scale) * random.between(0.25, 0.75),
  ];
  const [p0, p1, p2, p3] = seen.map(([x, y]): Point => [(x - left) * scale + dx, (y - top) * scale + dy]);
  return [p0, p1, p2, p3];
}

/** ISO/IEC 7810: corners rounded by 3.18 mm of 85.60 mm. */
const CORNER = 3.18 / 85.6;

/** The shadow that a card's edge throws: shift and softness as shares of the picture's width, and darkness. */
const EDGE_SHADOW = { right: 0.004, down: 0.006, blur: 0.006, depth: 0.45 };
/** Shadows are soft: they are drawn at this share of the picture's size. */
const SHADOW_SCALE = 0.25;

/** Lays the card on the ground, with the soft shadow that its edge throws; `ground` is drawn upon. */
async function layCard(card: Pixels, ground: Pixels, corners: Quad): Promise<Pixels> {
  const { width, height, data } = ground;
  const sides = corners.map(([x, y], i) =>
    Math.hypot(x - corners[(i + 1) % 4][0], y - corners[(i + 1) % 4][1]),
  );
  // A card much larger than its image is scaled down first: `warp` does not low-pass.
  const cardWidth = Math.min(card.width, Math.round(Math.max(...sides) * 1.15));
  const cardHeight = Math.round(cardWidth / CARD_RATIO);
  const [face, mask, shadow] = await Promise.all([
    asPixels(asSharp(card).resize(cardWidth, cardHeight, { fit: "fill" })),
    drawSvg(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${cardWidth}" height="${cardHeight}"><rect width="100%" height="100%"/><rect x="1" y="1" width="${cardWidth - 2}" height="${cardHeight - 2}" rx="${cardWidth * CORNER}" fill="#fff"/></svg>`,
    ),
    edgeShadow(corners, width, height),
  ]);
  for (let i = 0; i < data.length; i++) data[i] = (data[i] * shadow.data[i]) / 255 + 0.5;

  const left = Math.max(0, Math.floor(Math.min(...corners.map(([x]) => x))) - 2);
  const top = Math.max(0, Math.floor(Math.min(...corners.map(([, y]) => y))) - 2);
  const right = Math.min(width, Math.ceil(Math.max(...corners.map(([x]) => x))) + 2);
  const bottom = Math.min(height, Math.ceil(Math.max(...corners.map(([, y]) => y))) + 2);
  const flat: Quad = [
    [0, 0],
    [cardWidth - 1, 0],
    [cardWidth - 1, cardHeight - 1],
    [0, cardHeight - 1],
  ];
  const toCard: Matrix = multiply(perspective(corners, flat), [1, 0, left, 0, 1, top, 0, 0, 1]);
  const seen = warp(face, toCard, right - left, bottom - top);
  const cover = warp(mask, toCard, right - left, bottom - top);
  for (let y = 0; y < seen.height; y++) {
    let o = ((top + y) * width + left) * 3;
    for (let i = y * seen.width * 3; i < (y + 1) * seen.width * 3; i++, o++) {
      const a = cover.data[i] / 255;
      data[o] = seen.data[i] * a + data[o] * (1 - a) + 0.5;
    }
  }
  return ground;
}

/** White where the ground is lit, darker around the card. */
async function edgeShadow(corners: Quad, width: number, height: number): Promise<Pixels> {
  const { right, down, blur, depth } = EDGE_SHADOW;
  const points = corners.map(
    ([x, y]) => `${(x + right * width) * SHADOW_SCALE},${(y + down * width) * SHADOW_SCALE}`,
  );
  const [w, h] = [Math.round(width * SHADOW_SCALE), Math.round(height * SHADOW_SCALE)];
  const small = await drawSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><polygon points="${points.join(" ")}" fill-opacity="${depth}"/></svg>`,
    blur * w,
  );
  return asPixels(asSharp(small).resize(width, height, { fit: "fill", kernel: "linear" }));
}

/** Slope, exposure, colour, and where wanted a shadow with a soft edge and the glare of a lamp on the laminate. */
function light(picture: Pixels, random: Random, settings: Settings, corners: Quad): void {
  const { width, height } = picture;
  const angle = random.between(0, 2 * Math.PI);
  const [ax, ay] = [Math.cos(angle), Math.sin(angle)];
  const strong = settings.effects.size > 0 && settings.exposure < 0.5 ? 0.3 : 0.45;
  const shadow = settings.effects.has("shadow")
    ? {
        angle: random.between(0, 2 * Math.PI),
        at: random.between(-0.15, 0.2),
        depth: random.between(0.25, strong),
        soft: random.between(0.01, 0.06),
      }
    : undefined;
  const gain = (x: number, y: number) => {
    let g = settings.exposure * (1 + settings.slope * ((x - 0.5) * ax + (y - 0.5) * ay));
    if (shadow) {
      const side = (x - 0.5) * Math.cos(shadow.angle) + (y - 0.5) * Math.sin(shadow.angle) - shadow.at;
      g *= 1 - shadow.depth / (1 + Math.exp(-side / shadow.soft));
    }
    return g;
  };
  shade(picture, gain, settings.cast);
  if (!settings.effects.has("glare")) return;
  const [u, v] = [random.between(0.1, 0.9), random.between(0.1, 0.9)];
  const [cx, cy] = transform(
    perspective(
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      corners,
    ),
    [u, v],
  );
  const [rx, ry] = [random.between(0.05, 0.16) * width, random.between(0.03, 0.1) * width];
  const turn = random.between(0, Math.PI);
  const peak = random.between(...settings.glare);
  const { data } = picture;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [dx, dy] = [x - cx, y - cy];
      const p = (dx * Math.cos(turn) + dy * Math.sin(turn)) / rx;
      const q = (dy * Math.cos(turn) - dx * Math.sin(turn)) / ry;
      const shine = peak * Math.exp(-(p * p + q * q));
      if (shine < 1) continue;
      for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, data[i + c] + shine);
    }
  }
}

/** A line of `length` pixels through the middle of a kernel, as a hand that moves during the exposure draws it. */
function moveCamera(picture: Pixels, random: Random, level: Level): Promise<Pixels> {
  const length = random.whole(3, level === 3 ? 9 : 4);
  const angle = random.between(0, Math.PI);
  const size = 2 * Math.ceil(length / 2) + 1;
  const kernel = new Array<number>(size * size).fill(0);
  for (let t = -length / 2; t <= length / 2; t += 0.25) {
    const x = Math.round((size - 1) / 2 + t * Math.cos(angle));
    const y = Math.round((size - 1) / 2 + t * Math.sin(angle));
    kernel[y * size + x] += 1;
  }
  return asPixels(asSharp(picture).convolve({ width: size, height: size, kernel }));
}

/** Grey, harsh, with the specks of a copier's glass. */
async function photocopy(card: Pixels, random: Random): Promise<Pixels> {
  const grey = await asPixels(
    asSharp(card).modulate({ saturation: 0 }).linear(random.between(1.25, 1.6), random.between(-90, -50)),
  );
  for (let i = random.whole(100, 400); i > 0; i--) {
    const at = random.whole(0, grey.width * grey.height - 2) * 3;
    grey.data.fill(random.whole(30, 120), at, at + random.pick([3, 6]));
  }
  return grey;
}

/** The stripes that a screen's grid and a sensor's grid make of one another, and the screen's bluish white; in place. */
function showOnScreen(card: Pixels, random: Random): void {
  const { width, height, data } = card;
  const waves = [0, 1].map(() => ({
    fx: random.between(0.05, 0.35) * random.pick([-1, 1]),
    fy: random.between(0.05, 0.35),
    bend: random.between(0.2, 1.2),
    depth: random.between(0.04, 0.1),
  }));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      for (let c = 0; c < 3; c++) {
        let gain = c === 2 ? 1.05 : 0.97;
        for (const { fx, fy, bend, depth } of waves)
          gain += depth * Math.sin(fx * x + fy * y + bend * Math.sin(x / 90 + y / 130) + c * 2.1);
        data[i + c] = Math.min(255, data[i + c] * gain);
      }
    }
  }
}

/** Fingertips that hold the card at its lower or upper edge, outside of what is printed. */
async function holdWithFingers(picture: Pixels, random: Random, corners: Quad): Promise<Pixels> {
  const card = perspective(
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
    corners,
  );
  const size = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]) * 0.09;
  const skin = `hsl(${random.whole(18, 28)},${random.whole(35, 55)}%,${random.whole(42, 68)}%)`;
  const fingers = Array.from({ length: random.whole(1, 2) }, () => {
    const u = random.between(0.12, 0.7);
    const tip = transform(card, [u, 0.955]);
    const knuckle = transform(card, [u + lie(random, 0.1), 1.1]);
    // On in the same direction until it is out of the picture.
    const reach = (2 * picture.width) / Math.hypot(knuckle[0] - tip[0], knuckle[1] - tip[1]);
    const root = [0, 1].map((k) => tip[k] + (knuckle[k] - tip[k]) * reach);
    return `<path d="M${tip.join(" ")}L${root.join(" ")}" stroke="${skin}" stroke-width="${size.toFixed(1)}" stroke-linecap="round"/>`;
  });
  return asPixels(
    asSharp(picture).composite([
      {
        input: Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${picture.width}" height="${picture.height}">${fingers.join("")}</svg>`,
        ),
      },
    ]),
  );
}
