import { invert, type Quad, transform, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { detectText, type TextBox } from "./detect.ts";
import { locateText, type TextPlane, upsideDown } from "./locate.ts";
import { type Look, NATURAL, recognise, strip } from "./recognise.ts";

/** A line of text, in the photograph and in the straightened picture. */
export interface FoundLine {
  readonly inImage: Quad;
  readonly quad: Quad;
}

export interface FoundText {
  readonly lines: readonly FoundLine[];
  /** How the photograph is to be straightened; null where it shows too little text to tell. */
  readonly plane: TextPlane | null;
  /** Lines that were seen beside those, in the photograph. */
  readonly others: readonly Quad[];
}

/** The longer side at which text is looked for: a line of a card that fills the picture is then 12 pixels high. */
const DETECTION_SIDE = 640;
/** A KTP's front has 18 lines at least, most of them in two parts: where fewer are seen, it may be too far away … */
const FEW_LINES = 18;
/** … or where fewer of them hang together: the rest is print about the card, or crumbs of lines … */
const FEW_TOGETHER = 10;
/** … and is looked for at this longer side, for which a small photograph is enlarged by at most … */
const CLOSER_SIDE = 1280;
const MOST_GROWTH = 2.2;
/** Lines lower than this where they were detected, in pixels, are looked for again in a picture of the card alone. */
const LOW_LINE = 15;
/** So are lines turned by more than this, in radians (8°): the detector's boxes run into one another. */
const LEANING = 0.14;
/** Letters of those lines surer than this stand upright. */
const UPRIGHT = 0.93;
/** How many lines tell what is up: of those about so many times longer than high, enough to read and quickly read. */
const WITNESSES = 4;
const WITNESS_LENGTH = 5;

/** They are read narrow: it takes less to know letters that stand upright than to tell which. */
const WITNESS_LOOK: Look = { ...NATURAL, stretch: 0.7 };

/** Finds the lines of a card that may lie anyhow in a photograph. */
export async function findLines(image: Pixels, models: Models): Promise<FoundText> {
  let boxes = await detectText(image, models, DETECTION_SIDE);
  let located = locateText(boxes, image);
  const few = boxes.length < FEW_LINES || (located?.lines ?? 0) < FEW_TOGETHER;
  if (few && Math.max(image.width, image.height) > CLOSER_SIDE / MOST_GROWTH) {
    boxes = await detectText(image, models, CLOSER_SIDE);
    located = locateText(boxes, image);
  }
  if (!located) return { lines: boxes.map(({ quad }) => ({ quad, inImage: quad })), plane: null, others: [] };
  const headDown = await standsOnHead(image, boxes, located, models);
  const plane = headDown ? upsideDown(located) : located;
  const detectedHeight =
    (located.lineHeight * DETECTION_SIDE) / Math.max(image.width, image.height, DETECTION_SIDE);
  if (!headDown && Math.abs(located.angle) < LEANING && detectedHeight >= LOW_LINE) {
    const toPlane = invert(plane.toImage);
    return {
      plane,
      others: [],
      lines: boxes.map(({ quad }) => ({
        inImage: quad,
        quad: quad.map((p) => transform(toPlane, p)) as unknown as Quad,
      })),
    };
  }
  const straight = warp(image, plane.toImage, plane.width, plane.height, GREY);
  const again = await detectText(straight, models, DETECTION_SIDE);
  return {
    plane,
    others: boxes.map(({ quad }) => quad),
    lines: again.map(({ quad }) => ({
      quad,
      inImage: quad.map((p) => transform(plane.toImage, p)) as unknown as Quad,
    })),
  };
}

/** What lies outside of the photograph. */
const GREY = 128;

/** Reads some lines both ways, unless they read well at once. */
async function standsOnHead(
  image: Pixels,
  boxes: readonly TextBox[],
  { angle, lineHeight, toImage, width, height }: TextPlane,
  models: Models,
): Promise<boolean> {
  const toPlane = invert(toImage);
  /** 0 in the middle of the plane, 1 at the nearest of its edges. */
  const outward = ({ quad: [a, , c] }: TextBox) => {
    const [x, y] = transform(toPlane, [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2]);
    return Math.max(Math.abs((2 * x) / width - 1), Math.abs((2 * y) / height - 1));
  };
  // Other print may lie about the card: lines of the card's own height, in the middle, are more likely its own.
  const off = (box: TextBox) => {
    const [a, b, c] = box.quad;
    const [long, high] = [Math.hypot(a[0] - b[0], a[1] - b[1]), Math.hypot(b[0] - c[0], b[1] - c[1])];
    const shape =
      Math.abs(Math.log(long / high / WITNESS_LENGTH)) + 2 * Math.abs(Math.log(high / lineHeight));
    return shape + 2 * outward(box);
  };
  const along = ({ quad: [a, b] }: TextBox) =>
    Math.abs(Math.cos(Math.atan2(b[1] - a[1], b[0] - a[0]) - angle)) > 0.95;
  const witnesses = boxes
    .filter((box) => along(box) && outward(box) < 1)
    .sort((a, b) => off(a) - off(b))
    .slice(0, WITNESSES);
  let [upright, onHead] = [0, 0];
  for (const { quad } of witnesses) {
    const [a, b, c, d] = quad;
    // A box upright within a degree or two of ±90° may point the other way than the rest of the text.
    const same = Math.cos(Math.atan2(b[1] - a[1], b[0] - a[0]) - angle) > 0;
    const line = strip(image, same ? quad : [c, d, a, b], WITNESS_LOOK);
    const read = await recognise(line, models);
    if (read.score > UPRIGHT && read.letters.length > 4) return false;
    const turned = await recognise(halfTurned(line), models);
    if (turned.score > UPRIGHT && turned.letters.length > 4) return true;
    upright += read.score * read.letters.length;
    onHead += turned.score * turned.letters.length;
  }
  return onHead > upright;
}

function halfTurned({ width, height, data }: Pixels): Pixels {
  const out = new Uint8Array(data.length);
  for (let i = 0, o = data.length - 3; i < data.length; i += 3, o -= 3) {
    out[o] = data[i];
    out[o + 1] = data[i + 1];
    out[o + 2] = data[i + 2];
  }
  return { width, height, data: out };
}
