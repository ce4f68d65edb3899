import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { crop, shrink } from "../../../src/vision/geometry.ts";
import { decodeImage, type Pixels } from "../../../src/vision/image.ts";
import type { ModelName, Models } from "../../../src/vision/models/models.ts";
import { openModels } from "../../../src/vision/models/open.ts";
import { sharedCache } from "../models/support.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const SHARED_FACES = resolve(REPOSITORY, "../shared/faces");
const PHOTOGRAPHS = resolve(REPOSITORY, "node_modules/@vladmandic/face-api/demo");

const FACE_MODELS: readonly ModelName[] = [
  "face-detection",
  "face-mesh",
  "iris",
  "face-embedding",
  "face-description",
  "spoof-baseline",
  "liveness-baseline",
];

/** The networks that look at faces; with those of the strong pack where its folder is given. */
export async function faceModels(packDir?: string): Promise<Models> {
  const names: readonly ModelName[] =
    packDir === undefined ? FACE_MODELS : [...FACE_MODELS, "spoof-2.7", "spoof-4.0"];
  return openModels({ cacheDir: await sharedCache(), packDir, threads: 1, names });
}

/** One of the group photographs that `@vladmandic/face-api` installs. */
export async function groupPhotograph(number: 1 | 2 | 3 | 4 | 5 | 6, maxSide = 1280): Promise<Pixels> {
  return decodeImage(await readFile(resolve(PHOTOGRAPHS, `sample${number}.jpg`)), maxSide);
}

/** A photograph of the sample faces, by its name ("a-1"); null, and the test skipped, where they are not there. */
export async function sampleFace(t: TestContext, name: string): Promise<Pixels | null> {
  const file = resolve(SHARED_FACES, `person-${name}.jpg`);
  if (existsSync(file)) return decodeImage(await readFile(file));
  t.skip("the sample faces are not here: shared/faces beside the repository");
  return null;
}

/** `image` laid on a plain ground, its upper left corner at (x, y). */
export function on(
  ground: { width: number; height: number; grey: number },
  image: Pixels,
  x: number,
  y: number,
): Pixels {
  const { width, height } = ground;
  const data = new Uint8Array(width * height * 3).fill(ground.grey);
  for (let row = 0; row < image.height; row++) {
    const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
    data.set(line, ((y + row) * width + x) * 3);
  }
  return { width, height, data };
}

/** Each channel value made another. */
export function mapped(image: Pixels, change: (value: number) => number): Pixels {
  return { ...image, data: image.data.map((value) => Math.max(0, Math.min(255, change(value)))) };
}

/** Made smaller by `factor` and large again: what is finer than that is gone. */
export function blurred(image: Pixels, factor: number): Pixels {
  const small = shrink(image, Math.round(image.width / factor), Math.round(image.height / factor));
  return shrink(small, image.width, image.height);
}

/** The part around a face that a person at arm's length would fill a picture with. */
export function around(
  image: Pixels,
  {
    x,
    y,
    width,
    height,
  }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Pixels {
  return crop(image, { x: x - 0.8 * width, y: y - 0.8 * height, width: 2.6 * width, height: 2.8 * height });
}
