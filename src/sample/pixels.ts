import sharp, { type Sharp } from "sharp";
import type { Pixels } from "../vision/image.ts";
import { Random } from "./random.ts";

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

/**
 * Draws an SVG (its width and height in pixels) as `Pixels`, transparency on white.
 * @param blur  deviation in pixels of a Gaussian over the result; none where it is left out
 */
export function drawSvg(svg: string, blur?: number): Promise<Pixels> {
  const drawn = sharp(Buffer.from(svg)).flatten({ background: "#fff" });
  return asPixels(blur === undefined ? drawn : drawn.blur(blur));
}

/** Normal noise of deviation 1, long enough that no eye and no network finds it repeated. */
const NOISE = 65_537;
let noise: Float32Array | undefined;

/**
 * Sensor noise, in place.
 * @param sigma   deviation in grey levels
 * @param colour  0 grey noise .. 1 a noise of its own in every channel
 */
export function addNoise(picture: Pixels, random: Random, sigma: number, colour = 0.5): void {
  if (!noise) {
    const normal = new Random("noise");
    noise = Float32Array.from({ length: NOISE }, () => normal.normal());
  }
  const { data } = picture;
  const [share, own] = [sigma * (1 - colour), sigma * colour];
  let a = random.whole(0, NOISE - 1);
  let b = random.whole(0, NOISE - 1);
  for (let i = 0; i < data.length; i += 3) {
    // A jump every few hundred pixels keeps the strip from showing as a texture.
    if (i % 1023 === 0) b = (b * 5 + 7919) % NOISE;
    const grey = share * noise[a];
    if (++a === NOISE) a = 0;
    for (let c = 0; c < 3; c++) {
      if (++b >= NOISE) b = 0;
      const v = data[i + c] + grey + own * noise[b];
      data[i + c] = v < 0 ? 0 : v > 255 ? 255 : v + 0.5;
    }
  }
}

/** Between points so far apart, in pixels along a row, light is taken to change evenly. */
const LIGHT_STEP = 16;

/**
 * Multiplies every pixel by a light of its own, in place.
 * @param gain  at a point, x and y in 0..1
 * @param cast  the light's colour: further gains for red, green and blue
 */
export function shade(
  picture: Pixels,
  gain: (x: number, y: number) => number,
  cast: readonly [number, number, number] = [1, 1, 1],
): void {
  const { data, width, height } = picture;
  for (let y = 0, i = 0; y < height; y++) {
    let next = gain(0, y / height);
    for (let from = 0; from < width; from += LIGHT_STEP) {
      let light = next;
      next = gain((from + LIGHT_STEP) / width, y / height);
      const slope = (next - light) / LIGHT_STEP;
      for (let x = from; x < Math.min(width, from + LIGHT_STEP); x++, i += 3, light += slope) {
        for (let c = 0; c < 3; c++) {
          const v = data[i + c] * light * cast[c] + 0.5;
          data[i + c] = Math.min(v, 255);
        }
      }
    }
  }
}
