import { type Matrix, multiply, type Point, perspective, type Quad, warp } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { asPixels, asSharp, drawSvg } from "./pixels.ts";
import type { Random } from "./random.ts";
import type { Settings } from "./settings.ts";

/** Something flat that is photographed: a card, a page. */
export interface Sheet {
  /** It fills its picture. */
  readonly face: Pixels;
  /** Width by height. */
  readonly ratio: number;
  /** Radius of its corners as a share of its width. */
  readonly corner: number;
}

/** Distance of the camera in heights of the sheet: near enough for visible perspective. */
const CAMERA = 3.2;

/** Where the corners of a tilted sheet come to lie in the picture (pinhole camera). @param ratio  the sheet's */
export function pose(
  random: Random,
  { roll, tilt, share }: Settings,
  ratio: number,
  width: number,
  height: number,
): Quad {
  const [a, b, c] = [roll, ...tilt].map((degrees) => (degrees * Math.PI) / 180);
  const seen = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([sx, sy]): Point => {
    const [x, y] = [(sx * ratio) / 2, sy / 2];
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

/** The corners moved so far that a part of the sheet lies beyond one edge of the picture. @param cut  that part, 0..1 */
export function moveOut(random: Random, corners: Quad, cut: number, width: number, height: number): Quad {
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  const [across, down] = [cut * (right - left), cut * (bottom - top)];
  const [dx, dy] = random.pick([
    [-left - across, 0],
    [width - right + across, 0],
    [0, -top - down],
    [0, height - bottom + down],
  ] as const);
  const [p0, p1, p2, p3] = corners.map(([x, y]): Point => [x + dx, y + dy]);
  return [p0, p1, p2, p3];
}

/** The shadow that a sheet's edge throws: shift and softness as shares of the picture's width, and darkness. */
const EDGE_SHADOW = { right: 0.004, down: 0.006, blur: 0.006, depth: 0.45 };
/** Shadows are soft: they are drawn at this share of the picture's size. */
const SHADOW_SCALE = 0.25;

/** Lays a sheet on the ground, with the soft shadow that its edge throws; `ground` is drawn upon. */
export async function laySheet(
  { face: card, ratio, corner }: Sheet,
  ground: Pixels,
  corners: Quad,
): Promise<Pixels> {
  const { width, height, data } = ground;
  const sides = corners.map(([x, y], i) =>
    Math.hypot(x - corners[(i + 1) % 4][0], y - corners[(i + 1) % 4][1]),
  );
  // A sheet much larger than its image is scaled down first: `warp` does not low-pass.
  const cardWidth = Math.min(card.width, Math.round(Math.max(...sides) * Math.min(1, ratio) * 1.15));
  const cardHeight = Math.round(cardWidth / ratio);
  const [face, mask, shadow] = await Promise.all([
    asPixels(asSharp(card).resize(cardWidth, cardHeight, { fit: "fill" })),
    drawSvg(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${cardWidth}" height="${cardHeight}"><rect width="100%" height="100%"/><rect x="1" y="1" width="${cardWidth - 2}" height="${cardHeight - 2}" rx="${cardWidth * corner}" fill="#fff"/></svg>`,
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
