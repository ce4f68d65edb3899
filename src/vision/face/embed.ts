import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { chip } from "./align.ts";
import centre from "./centre.json" with { type: "json" };
import type { Point3 } from "./mesh.ts";

/** Side and padding of the chip that each network was trained on, or does best with. */
const CHIPS = {
  "face-embedding": { size: 150, padding: 0.25 },
  "face-description": { size: 224, padding: 0.35 },
} as const;

/**
 * The first network's share of the cosine of two embeddings. Between 0.4 and 0.7 the error rates hardly differ; small,
 * soft faces, as portraits on cards are, do better with less of it.
 *
 * Looking at the mirrored face too, and averaging, was measured and left out: it makes strangers as much more alike as
 * one person's pictures, for twice the time.
 */
export const SHARE = 0.5;

/** How many numbers of an embedding are the first network's, and how many the second's. */
export const EMBEDDING_PARTS = [centre.embedding.length, centre.description.length] as const;

/** Numbers of an embedding: 128 of the first network, 1024 of the second. */
export const EMBEDDING_LENGTH = EMBEDDING_PARTS[0] + EMBEDDING_PARTS[1];

/**
 * What makes a face that person's: the outputs of two networks, each made unit length, less the mean over many people
 * (`centre.json`: what all faces have in common says nothing, and hides what they differ in), made unit length again
 * and joined. The cosine of two of these is the weighted mean of the networks' cosines.
 * @param points  the 468 points of the mesh
 * @returns unit length, {@link EMBEDDING_LENGTH} numbers
 */
export async function embed(
  image: Pixels,
  points: readonly Point3[],
  models: Models,
): Promise<Float32Array<ArrayBuffer>> {
  const raw = await describe(image, points, models);
  const joined = new Float32Array(EMBEDDING_LENGTH);
  joined.set(centred(raw.embedding, centre.embedding, Math.sqrt(SHARE)));
  joined.set(centred(raw.description, centre.description, Math.sqrt(1 - SHARE)), raw.embedding.length);
  return joined;
}

/** What the two networks say of a face, as they say it. */
export async function describe(
  image: Pixels,
  points: readonly Point3[],
  models: Models,
): Promise<{ readonly embedding: Float32Array; readonly description: Float32Array }> {
  const see = async (name: keyof typeof CHIPS) => {
    const { size, padding } = CHIPS[name];
    const { embedding } = await models.get(name).see(chip(image, points, size, padding).data, size, size);
    return embedding.data;
  };
  return { embedding: await see("face-embedding"), description: await see("face-description") };
}

/** `v` made unit length, less `mean`, made of length `length`. */
function centred(v: Float32Array, mean: readonly number[], length: number): Float32Array {
  const norm = Math.hypot(...v);
  const moved = v.map((value, i) => value / norm - mean[i]);
  const scale = length / Math.hypot(...moved);
  return moved.map((value) => value * scale);
}
