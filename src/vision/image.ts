import sharp, { type Metadata } from "sharp";
import { HINTS } from "./hints.ts";

/** An upright picture: RGB, 8 bits a channel, rows from the top, no padding (`data.length === width * height * 3`). */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Luma 0..255 of each pixel (ITU-R BT.601). */
export function luma({ width, height, data }: Pixels): Float32Array {
  const out = new Float32Array(width * height);
  for (let i = 0, o = 0; o < out.length; i += 3, o++)
    out[o] = 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  return out;
}

/** A decoded photograph; `scale` is how many pixels of the one sent (upright) go into one of these, at least 1. */
export interface Photograph extends Pixels {
  readonly scale: number;
}

/** Why bytes could not be taken as a picture. What to do about each is said in `hints.ts`. */
export type ImageFault =
  | "empty"
  | "unsupported_format"
  | "damaged"
  | "too_many_pixels"
  | "too_few_pixels"
  | "animated";

/** Bytes that are not a picture this service can judge. `fault` is machine-readable, `message` for people. */
export class ImageRefusedError extends Error {
  readonly fault: ImageFault;
  constructor(fault: ImageFault) {
    super(HINTS[fault].en);
    this.name = "ImageRefusedError";
    this.fault = fault;
  }
}

/** More than any phone of today takes; RGB of it is 192 MB, which a decoder is never asked to hold. */
const MAX_PIXELS = 64_000_000;
const MAX_SIDE = 16_000;
/** Below this no portrait or line of a card can be read. */
const MIN_SIDE = 160;

const isJpeg = (b: Uint8Array) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff;
const isPng = (b: Uint8Array) =>
  Buffer.from(b.subarray(0, 8)).equals(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
const isWebp = (b: Uint8Array) => {
  const head = Buffer.from(b.subarray(0, 12)).toString("latin1");
  return head.startsWith("RIFF") && head.endsWith("WEBP");
};

/** The media type that the first bytes tell, or null where they tell none of the three that are taken. */
export function sniffImage(bytes: Uint8Array): "image/jpeg" | "image/png" | "image/webp" | null {
  return isJpeg(bytes) ? "image/jpeg" : isPng(bytes) ? "image/png" : isWebp(bytes) ? "image/webp" : null;
}

// The header is judged before a pixel is decoded: a bomb costs nothing.
const open = (input: Uint8Array) => sharp(input, { limitInputPixels: false, failOn: "truncated" });

/**
 * Looks at a file's header only: cheap, and safe for whoever has no thread to lose.
 * @param bytes  a whole JPEG, PNG or WebP file
 * @returns the picture's size in pixels, as stored
 * @throws {ImageRefusedError} named by what was wrong; what is damaged behind the header is not seen
 */
export async function inspectImage(
  bytes: Uint8Array,
): Promise<{ readonly width: number; readonly height: number }> {
  if (bytes.length === 0) throw new ImageRefusedError("empty");
  if (!sniffImage(bytes)) throw new ImageRefusedError("unsupported_format");
  let meta: Metadata;
  try {
    meta = await open(bytes).metadata();
  } catch {
    throw new ImageRefusedError("damaged");
  }
  const { width = 0, height = 0, pages = 1 } = meta;
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE)
    throw new ImageRefusedError("too_many_pixels");
  if (Math.min(width, height) < MIN_SIDE) throw new ImageRefusedError("too_few_pixels");
  if (pages > 1) throw new ImageRefusedError("animated");
  return { width, height };
}

/**
 * Untrusted bytes → upright RGB pixels (EXIF orientation applied; CMYK, grey, 16 bit and alpha brought to
 * 8-bit sRGB, transparency on white).
 * @param bytes    a whole JPEG, PNG or WebP file
 * @param maxSide  the longer side of the result in pixels; a larger picture is scaled down while it is decoded
 * @throws {ImageRefusedError} named by what was wrong; nothing else is thrown for bad bytes
 */
export async function decodeImage(
  bytes: Uint8Array,
  maxSide = Number.POSITIVE_INFINITY,
): Promise<Photograph> {
  const { width, height } = await inspectImage(bytes);
  try {
    let image = open(bytes).autoOrient();
    if (Number.isFinite(maxSide)) {
      image = image.resize(maxSide, maxSide, { fit: "inside", withoutEnlargement: true, kernel: "linear" });
    }
    const { data, info } = await image
      .flatten({ background: "#fff" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
    const scale = Math.max(width, height) / Math.max(info.width, info.height);
    return { width: info.width, height: info.height, data, scale };
  } catch {
    throw new ImageRefusedError("damaged");
  }
}
