import sharp, { type Sharp } from "sharp";
import type { Pixels } from "../vision/image.ts";
import type { Random } from "./random.ts";

/** `Pixels` as the beginning of a sharp pipeline. */
export function asSharp({ data, width, height }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The end of a sharp pipeline as `Pixels`. */
export async function asPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** Draws an SVG (its width and height in pixels) as `Pixels`, transparency on white. */
export function drawSvg(svg: string): Promise<Pixels> {
  return asPixels(sharp(Buffer.from(svg)).flatten({ background: "#fff" }));
}

/** A strip of normal noise long enough that no eye and no network finds it repeated. */
const NOISE = 65_537;

/**
 * Sensor noise, in place.
 * @param sigma   deviation in grey levels
 * @param colour  0 grey noise .. 1 a noise of its own in every channel
 */
export function addNoise(picture: Pixels, random: Random, sigma: number, colour = 0.5): void {
  const strip = Float32Array.from({ length: NOISE }, () => random.normal() * sigma);
  const { data } = picture;
  let grey = random.whole(0, NOISE - 1);
  let own = random.whole(0, NOISE - 1);
  for (let i = 0; i < data.length; i += 3) {
    // A jump every few pixels keeps the strip from showing as a texture.
    if ((i & 1023) === 0) own = (own * 5 + 7919) % NOISE;
    const g = strip[grey] * (1 - colour);
    if (++grey === NOISE) grey = random.whole(0, NOISE - 1);
    for (let c = 0; c < 3; c++) {
      if (++own >= NOISE) own = 0;
      const v = data[i + c] + g + strip[own] * colour;
      data[i + c] = v < 0 ? 0 : v > 255 ? 255 : v + 0.5;
    }
  }
}

/**
 * Multiplies every pixel by a light of its own, in place.
 * @param light  gain at a point, x and y in 0..1
 */
export function shade(picture: Pixels, light: (x: number, y: number) => number): void {
  const { data, width, height } = picture;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const gain = light(x / width, y / height);
      for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, data[i + c] * gain + 0.5);
    }
  }
}
