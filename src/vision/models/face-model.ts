import type { Vision } from "../vision.ts";
import { CATALOGUE } from "./catalogue.ts";

/**
 * The networks whose joined outputs make an embedding, and the edition of how they are joined (crops, centre, shares):
 * embeddings of two names are never compared.
 */
const NAME = "dlib+faceres.2";

/**
 * What faces are compared with.
 * @param threshold  cosine given by the deployment; null: the catalogue's
 */
export function faceModel(threshold: number | null): Vision["faceModel"] {
  const { threshold: own, identification } = CATALOGUE["face-embedding"];
  const inForce = threshold ?? own;
  if (inForce === undefined || identification === undefined)
    throw new Error("the catalogue gives no thresholds for face-embedding");
  return { name: NAME, threshold: inForce, identification: Math.max(inForce, identification) };
}
