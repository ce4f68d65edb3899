import sharp from "sharp";
import { multiply, type Point, perspective, type Quad, transform, warp } from "../vision/geometry.ts";
import type { Pixels } from "../vision/image.ts";
import { CARD_RATIO, groundOf, PORTRAIT } from "./card.ts";
import type { SampleCitizen } from "./citizen.ts";
import { textPath, textWidth } from "./lettering.ts";
import type { Photograph } from "./photograph.ts";
import { addNoise, asPixels, asSharp } from "./pixels.ts";
import { drawPortrait } from "./portrait.ts";
import { printedValue } from "./print.ts";
import { Random } from "./random.ts";
import type { TamperKind } from "./tamper.ts";

/** A photograph as it is after a program edited it, and what stands on the card in it now. */
export interface EditedPhotograph {
  readonly photograph: Photograph;
  readonly citizen: SampleCitizen;
}

/** JPEG qualities that a program which edits photographs saves with, and those of a portrait that is taken from elsewhere. */
const SAVED = [85, 96] as const;
const TAKEN = [55, 90] as const;

/**
 * The photograph as a forger's program leaves it; untouched by the kinds that forge the card itself.
 * @param other  whose portrait, or whose name, address or occupation is put in
 */
export async function editPhotograph(
  photograph: Photograph,
  citizen: SampleCitizen,
  other: SampleCitizen,
  kind: TamperKind,
): Promise<EditedPhotograph> {
  if (kind !== "pasted-portrait" && kind !== "pasted-field") return { photograph, citizen };
  const random = new Random(citizen.seed, citizen.index, "edit", kind);
  const picture = await asPixels(sharp(photograph.jpeg).autoOrient());
  const printed =
    kind === "pasted-field"
      ? await pasteField(picture, photograph.corners, citizen, other, random)
      : await pastePortrait(picture, photograph.corners, citizen, other, random);
  const jpeg = await asSharp(picture)
    .jpeg({ quality: random.whole(...SAVED) })
    .toBuffer();
  return { photograph: { ...photograph, jpeg }, citizen: printed };
}

/** A part of the card, in shares of its width. */
interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a part of the card lies in the photograph. */
function quadOf(corners: Quad, { x, y, width, height }: Part): Quad {
  const h = 1 / CARD_RATIO;
  const card = perspective(
    [
      [0, 0],
      [1, 0],
      [1, h],
      [0, h],
    ],
    corners,
  );
  const at = (u: number, v: number): Point => transform(card, [u, v]);
  return [at(x, y), at(x + width, y), at(x + width, y + height), at(x, y + height)];
}

const sizeOf = ([a, b, , d]: Quad) => ({
  width: Math.max(8, Math.round(Math.hypot(b[0] - a[0], b[1] - a[1]))),
  height: Math.max(8, Math.round(Math.hypot(d[0] - a[0], d[1] - a[1]))),
});

const edgesOf = (width: number, height: number): Quad => [
  [-0.5, -0.5],
  [width - 0.5, -0.5],
  [width - 0.5, height - 0.5],
  [-0.5, height - 0.5],
];

/** Lays a patch over the part of the picture that is `quad`; in place. Its rim is as hard as a program cuts it. */
function lay(picture: Pixels, patch: Pixels, quad: Quad): void {
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
  const [left, top] = [Math.max(0, Math.floor(Math.min(...xs))), Math.max(0, Math.floor(Math.min(...ys)))];
  const width = Math.min(picture.width, Math.ceil(Math.max(...xs)) + 1) - left;
  const height = Math.min(picture.height, Math.ceil(Math.max(...ys)) + 1) - top;
  if (width < 1 || height < 1) return;
  const toPatch = multiply(perspective(quad, edgesOf(patch.width, patch.height)), [
    1,
    0,
    left,
    0,
    1,
    top,
    0,
    0,
    1,
  ]);
  const seen = warp(patch, toPatch, width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = transform(toPatch, [x, y]);
      if (u < -0.5 || v < -0.5 || u > patch.width - 0.5 || v > patch.height - 0.5) continue;
      const [o, i] = [((top + y) * picture.width + left + x) * 3, (y * width + x) * 3];
      for (let c = 0; c < 3; c++) picture.data[o + c] = seen.data[i + c];
    }
  }
}

/** What the picture shows in a quadrilateral, upright. */
const lift = (picture: Pixels, quad: Quad, width: number, height: number): Pixels =>
  warp(picture, perspective(edgesOf(width, height), quad), width, height);

/** Mean of each channel. */
function meanOf({ data }: Pixels): readonly number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3] += data[i];
  return sums.map((sum) => (3 * sum) / data.length);
}

/** Somebody else's portrait, out of another JPEG, at about the light of the one that it covers. */
async function pastePortrait(
  picture: Pixels,
  corners: Quad,
  citizen: SampleCitizen,
  other: SampleCitizen,
  random: Random,
): Promise<SampleCitizen> {
  const quad = quadOf(corners, PORTRAIT);
  const { width, height } = sizeOf(quad);
  const drawn = await drawPortrait(other.face, width, height, groundOf(citizen));
  addNoise(drawn, random, random.between(0.5, 5));
  const taken = await asPixels(
    sharp(
      await asSharp(drawn)
        .jpeg({ quality: random.whole(...TAKEN) })
        .toBuffer(),
    ),
  );
  const [was, is] = [meanOf(lift(picture, quad, width, height)), meanOf(taken)];
  const gains = was.map((mean, c) => Math.min(1.3, Math.max(0.2, mean / is[c])));
  for (let i = 0; i < taken.data.length; i++)
    taken.data[i] = Math.min(255, taken.data[i] * gains[i % 3] + 0.5);
  lay(picture, taken, quad);
  return citizen;
}

/** What a forger changes. */
const FIELDS = ["name", "address", "occupation"] as const;

/** Another value in place of what stood in the first line of a field, on a ground without the old one. */
async function pasteField(
  picture: Pixels,
  corners: Quad,
  citizen: SampleCitizen,
  other: SampleCitizen,
  random: Random,
): Promise<SampleCitizen> {
  const field = random.pick(FIELDS.filter((field) => printedValue(citizen, field).text === citizen[field]));
  const { x, y, size, pitch, width, weight } = printedValue(citizen, field);
  const text = printedValue(other, field).text;
  const part = {
    x: x - 0.2 * size,
    y: y - 0.5 * size - 0.45 * pitch,
    width: Math.max(width, textWidth(text, size, weight)) + 0.6 * size,
    height: 0.9 * pitch,
  };
  const quad = quadOf(corners, part);
  const patch = sizeOf(quad);
  const old = lift(picture, quad, patch.width, patch.height);
  const ground = random.chance(0.5) ? smoothed(old) : cloned(picture, corners, part, patch);
  const ink = darkestOf(old);
  const k = patch.width / part.width;
  const letters = textPath(text, (x - part.x) * k, (y - part.y) * k, size * k, { weight, fill: ink });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${patch.width}" height="${patch.height}">${letters}</svg>`;
  lay(picture, await asPixels(asSharp(ground).composite([{ input: Buffer.from(svg) }])), quad);
  return { ...citizen, [field]: text };
}

/** Nothing but an even ramp of the colours at the patch's four corners. */
function smoothed({ width, height, data }: Pixels): Pixels {
  const out = new Uint8Array(data.length);
  const corner = (x: number, y: number, c: number) => data[(y * width + x) * 3 + c];
  for (let y = 0, o = 0; y < height; y++) {
    const v = y / (height - 1);
    for (let x = 0; x < width; x++) {
      const u = x / (width - 1);
      for (let c = 0; c < 3; c++, o++) {
        const top = corner(0, 0, c) * (1 - u) + corner(width - 1, 0, c) * u;
        const bottom = corner(0, height - 1, c) * (1 - u) + corner(width - 1, height - 1, c) * u;
        out[o] = top * (1 - v) + bottom * v + 0.5;
      }
    }
  }
  return { width, height, data: out };
}

/** Where a card shows its ground alone, in shares of its width: a strip under the last line. */
const BARE = { x: 0.2, y: 0.602, width: 0.5, height: 0.024 };

/** A copy of bare ground from elsewhere on the card, stretched to the patch. */
const cloned = (
  picture: Pixels,
  corners: Quad,
  part: Part,
  { width, height }: { readonly width: number; readonly height: number },
): Pixels =>
  lift(picture, quadOf(corners, { ...BARE, width: Math.min(BARE.width, part.width) }), width, height);

/** The colour of the ink: the mean of the darkest pixels. */
function darkestOf({ data }: Pixels): string {
  const pixels = Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
  const light = ([r, g, b]: readonly number[]) => r + g + b;
  const darkest = pixels.sort((a, b) => light(a) - light(b)).slice(0, Math.max(1, pixels.length * DARKEST));
  const mean = [0, 1, 2].map((c) => Math.round(darkest.reduce((sum, p) => sum + p[c], 0) / darkest.length));
  return `rgb(${mean.join(",")})`;
}
/** Share of a line's pixels that are surely ink. */
const DARKEST = 0.03;
