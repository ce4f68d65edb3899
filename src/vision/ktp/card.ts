import {
  type Box,
  invert,
  type Matrix,
  multiply,
  type Point,
  type Quad,
  transform,
  warp,
  warpHalved,
} from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Frame } from "./layout.ts";
import type { TextPlane } from "./locate.ts";
import { fitMarks } from "./marks.ts";

/** ISO/IEC 7810 ID-1, in millimetres. */
export const CARD = { width: 85.6, height: 53.98 } as const;
const RATIO = CARD.width / CARD.height;
/** Where a KTP's print stands, in widths of the card from its upper left corner, as measured on cards. */
const PRINT = {
  /** Left end of the labels, and from there to the values. */
  labels: 0.034,
  column: 0.22,
  /** Middle of the NIK's line and of the next, and the distance of two rows from there on. */
  nik: 0.143,
  first: 0.1885,
  pitch: 0.0315,
  /** Middle of the two lines at the top, of the place and date of issue, and where the blood type's label begins. */
  headline: 0.5,
  issued: 0.849,
  aside: 0.55,
} as const;
/** What is left around the card, as a share of its sides: the grid tells its edges only roughly. */
const MARGIN = 0.03;
/** Sides in pixels of the card that is cut out. */
const CUT = { width: 1200, height: Math.round(1200 / RATIO) } as const;
/** A card that fills so much of an upright photograph need not be cut out. */
const FILLS = 0.7;
/** Foreshortening makes the two scales of the grid differ, by no more than this. */
const FORESHORTENED = { least: 0.6, most: 1.6 } as const;

/** Where a card lies in a photograph. */
export interface CardPlace {
  /** Maps a point of the card, in millimetres from its upper left corner, to a point of the photograph. */
  readonly toImage: Matrix;
  /** Its corners in the photograph, which they may lie outside of. */
  readonly corners: Quad;
  /** Pixels of the photograph in the card's width, the mean of its upper and lower edge. */
  readonly pixels: number;
}

/**
 * Where the card lies, by the grid of its print.
 * @param lines  of text in the plane, read or not
 * @returns null where the grid is no card's
 */
export function placeCard(plane: TextPlane, frame: Frame, lines: readonly Quad[]): CardPlace | null {
  const kx = frame.column / PRINT.column;
  const ratio = frame.pitch / PRINT.pitch / kx;
  if (!(ratio > CREDIBLE.least && ratio < CREDIBLE.most)) return null;
  const ky = Math.min(FORESHORTENED.most, Math.max(FORESHORTENED.least, ratio)) * kx;
  const [left, top] = [frame.left - PRINT.labels * kx, frame.nik - PRINT.nik * ky + frame.slope * frame.left];
  const [sx, sy] = [kx / CARD.width, ky / RATIO / CARD.height];
  // The lines' remaining fall is taken along.
  const inPlane: Matrix = [sx, 0, left, frame.slope * sx, sy, top, 0, 0, 1];
  return placeOf(multiply(plane.toImage, multiply(inPlane, refined(inPlane, frame, lines))));
}

/** Beyond these the two scales of the grid are no card's: its columns were mistaken. */
const CREDIBLE = { least: 0.45, most: 2.2 } as const;
/**
 * From where print would stand on the card to where it does, in millimetres: the columns alone stand too near to each
 * other to tell what perspective does at the card's other end.
 */
function refined(inPlane: Matrix, { marks }: Frame, lines: readonly Quad[]): Matrix {
  const toShares = multiply([1 / CARD.width, 0, 0, 0, 1 / CARD.width, 0, 0, 0, 1], invert(inPlane));
  const { headline, aside, issued, labels, column, nik, first, pitch } = PRINT;
  const seen = ({ at }: { readonly at: Point }) => transform(toShares, at);
  const fit = fitMarks(
    [
      ...marks.heads.map((mark) => ({
        seen: seen(mark),
        x: labels,
        y: mark.row === 0 ? nik : first + (mark.row - 1) * pitch,
        slack: SLACK.column,
      })),
      ...marks.values.map((mark) => ({ seen: seen(mark), x: labels + column, y: null, slack: SLACK.column })),
      ...marks.headlines
        .filter((mark) => isBetween(seen(mark)[1], HEADLINES))
        .map((mark) => ({ seen: seen(mark), x: headline, y: null, slack: SLACK.centre })),
      ...lines
        .filter(isLong)
        .map((quad) => ({ seen: seen({ at: centreOf(quad) }), x: issued, y: null, slack: SLACK.centre }))
        .filter((mark) => isBetween(mark.seen[1], ISSUED)),
      ...marks.blood.map((mark) => ({ seen: seen(mark), x: aside, y: null, slack: SLACK.aside })),
    ].filter(({ seen: [x], x: stands }) => Math.abs(x - stands) < FAR),
  );
  const inShares: Matrix = [1 / CARD.width, 0, 0, 0, 1 / CARD.width, 0, 0, 0, 1];
  return multiply(invert(inShares), multiply(invert(fit), inShares));
}

/** Print seen further from where it should stand, in widths of the card, is other print: perspective moves none so far. */
const FAR = 0.3;
/** Between these heights the two lines at the top are seen. */
const HEADLINES = [-0.02, 0.125] as const;
/** And between these place and date of issue, which nothing else is beside so far to the right. */
const ISSUED = [0.42, 0.51] as const;
const isBetween = (n: number, [least, most]: readonly [number, number]) => n > least && n < most;

/** A line of several letters is so many times longer than high. */
const LONG = 2;
const isLong = ([a, b, , d]: Quad) =>
  Math.hypot(b[0] - a[0], b[1] - a[1]) > LONG * Math.hypot(d[0] - a[0], d[1] - a[1]);
const centreOf = ([a, , c]: Quad): Point => [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];

/** The lines under the portrait: place and date of issue. @param lines  in the photograph */
export function issueLines({ toImage }: CardPlace, lines: readonly Quad[]): readonly Quad[] {
  const toCard = invert(toImage);
  return lines.filter((quad) => {
    const [x, y] = transform(toCard, centreOf(quad));
    return Math.abs(x / CARD.width - PRINT.issued) < BESIDE && isBetween(y / CARD.width, ISSUED);
  });
}
/** Half of the width of what stands under the portrait. */
const BESIDE = 0.12;

/** How far print stands from where it should, printers and the ends of boxes being what they are, in widths of the card. */
const SLACK = { column: 0.008, centre: 0.012, aside: 0.02 } as const;

/** A card whose print tells no grid: about where its text is. */
export function roughPlace({
  toImage,
  width,
  height,
}: Pick<TextPlane, "toImage" | "width" | "height">): CardPlace {
  return placeOf(multiply(toImage, [width / CARD.width, 0, 0, 0, height / CARD.height, 0, 0, 0, 1]));
}

function placeOf(toImage: Matrix): CardPlace {
  const { width, height } = CARD;
  const corner = (x: number, y: number): Point => transform(toImage, [x, y]);
  const corners: Quad = [corner(0, 0), corner(width, 0), corner(width, height), corner(0, height)];
  const [a, b, c, d] = corners;
  const pixels = (Math.hypot(a[0] - b[0], a[1] - b[1]) + Math.hypot(c[0] - d[0], c[1] - d[1])) / 2;
  return { toImage, corners, pixels };
}

/** A part of the card, in millimetres from its upper left corner. */
export interface CardPart {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A part of the card upright, at a scale of its own: what is measured there does not depend on the photograph's.
 * @param scale  pixels a millimetre; a photograph that has many more is averaged
 */
export function partOf(image: Pixels, { toImage, pixels }: CardPlace, part: CardPart, scale: number): Pixels {
  const fine = pixels / CARD.width / scale >= TWICE ? 2 : 1;
  const [width, height] = [Math.round(part.width * scale), Math.round(part.height * scale)];
  const k = 1 / (scale * fine);
  // The middle of a pixel of the result shows the middle of what it stands for.
  const place: Matrix = [k, 0, part.x + k / 2, 0, k, part.y + k / 2, 0, 0, 1];
  const toPart = multiply(toImage, place);
  return fine === 1 ? warp(image, toPart, width, height) : warpHalved(image, toPart, width, height);
}

/**
 * From so many pixels of the photograph for one of the part, the mean of four of them is taken; more would cost more than
 * it tells.
 */
const TWICE = 1.5;

/** A card, or a part of it, cut out of a photograph. */
export interface CutCard {
  readonly picture: Pixels;
  /** Maps a point of the picture to a point of the photograph. */
  readonly toImage: Matrix;
}

/** The card upright, cut out by its place; null where the photograph shows it so that there is nothing to cut. */
export function cutCard(image: Pixels, plane: TextPlane | null, place: CardPlace | null): CutCard | null {
  if (!plane || (place && !isCut(image, plane, place))) return null;
  return place
    ? cutBy(image, cutToImage(place), CUT.width, CUT.height)
    : cutBy(image, plane.toImage, plane.width, plane.height);
}

const cutBy = (image: Pixels, toImage: Matrix, width: number, height: number): CutCard => ({
  picture: warp(image, toImage, width, height),
  toImage,
});

/** A part of the card that {@link cutCard} cuts out, with some of what is around it. */
export interface CutPart extends CutCard {
  /** The part within the picture, in pixels. */
  readonly part: Box;
}

/** What is left around a part, in pixels of the cut: networks look at a little more than they were shown. */
const ROOM = 40;

/**
 * A part alone, pixel by pixel as the whole would be cut out.
 * @param part  in shares of the cut's sides
 * @returns null where the card is not cut out by its place
 */
export function cutPart(
  image: Pixels,
  plane: TextPlane | null,
  place: CardPlace | null,
  part: Box,
): CutPart | null {
  if (!plane || !place || !isCut(image, plane, place)) return null;
  const [x, y] = [part.x * CUT.width, part.y * CUT.height];
  const [width, height] = [part.width * CUT.width, part.height * CUT.height];
  const from: Point = [Math.max(0, Math.floor(x) - ROOM), Math.max(0, Math.floor(y) - ROOM)];
  const end = [Math.min(CUT.width, x + width + ROOM), Math.min(CUT.height, y + height + ROOM)];
  const toCut: Matrix = [1, 0, from[0], 0, 1, from[1], 0, 0, 1];
  const toImage = multiply(cutToImage(place), toCut);
  return {
    ...cutBy(image, toImage, Math.ceil(end[0]) - from[0], Math.ceil(end[1]) - from[1]),
    part: { x: x - from[0], y: y - from[1], width, height },
  };
}

function isCut(image: Pixels, plane: TextPlane, place: CardPlace): boolean {
  const upright = Math.abs(plane.angle) < 0.1 && plane.toImage[0] > 0;
  return !upright || areaOf(place.corners) <= FILLS * image.width * image.height;
}

/** From the card as it is cut out, with what is left around it, to the photograph. */
function cutToImage({ toImage }: CardPlace): Matrix {
  const around = 1 + 2 * MARGIN;
  return multiply(toImage, [
    (around * CARD.width) / CUT.width,
    0,
    -MARGIN * CARD.width,
    0,
    (around * CARD.height) / CUT.height,
    -MARGIN * CARD.height,
    0,
    0,
    1,
  ]);
}

/** Area of a quadrilateral in square pixels (the shoelace formula). */
export function areaOf(corners: Quad): number {
  const sum = corners.reduce((all, [x, y], i) => {
    const [u, v] = corners[(i + 1) % 4];
    return all + x * v - u * y;
  }, 0);
  return Math.abs(sum) / 2;
}
