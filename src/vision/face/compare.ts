import type { FaceMatchResult } from "../facts.ts";

/**
 * Cosine similarity of two face embeddings.
 * @param a, b  embeddings of one model, same length, not both zero
 * @returns −1..1; same person above the model's threshold (catalogue)
 * @throws RangeError where the lengths differ: embeddings of two models
 */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length)
    throw new RangeError(`embeddings of ${a.length} and ${b.length} numbers cannot be compared`);
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

/**
 * The contract's FaceMatchResult for the card's portrait and the selfie.
 * @param portrait, selfie  embeddings, or null where no face was found
 * @param threshold         cosine; a match from there on
 */
export function compare(
  portrait: Float32Array | null,
  selfie: Float32Array | null,
  threshold: number,
): FaceMatchResult {
  const similarity = portrait && selfie ? cosineSimilarity(portrait, selfie) : null;
  return {
    is_match: similarity !== null && similarity >= threshold,
    similarity_score: similarity,
    threshold,
    ktp_face_found: portrait !== null,
    selfie_face_found: selfie !== null,
  };
}
