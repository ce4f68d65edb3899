import { availableParallelism } from "node:os";
import type { Config } from "../config.ts";
import { buildModels } from "../vision/models/build.ts";
import { CATALOGUE } from "../vision/models/catalogue.ts";
import type { Models } from "../vision/models/models.ts";
import { openModels } from "../vision/models/open.ts";
import type { Vision } from "../vision/vision.ts";
import type { Context } from "./command.ts";

/** The face network in use, with the threshold in force: the deployment's, else the catalogue's. */
export function faceModelOf(config: Config): Vision["faceModel"] {
  const threshold = config.vision.faceThreshold ?? CATALOGUE["face-embedding"].threshold;
  if (threshold === undefined) throw new Error("the catalogue gives no threshold for face-embedding");
  return { name: "face-embedding", threshold };
}

/** Builds the networks if need be, and loads them into this thread with all cores. */
export async function openNetworks({
  config,
  out,
}: Context): Promise<{ models: Models; faceModel: Vision["faceModel"] }> {
  await buildModels({
    cacheDir: config.models.cacheDir,
    onProgress: ({ model, number, of }) => out.note(`building network ${number} of ${of}: ${model}`),
  });
  const models = await openModels({
    cacheDir: config.models.cacheDir,
    packDir: config.models.packDir,
    threads: availableParallelism(),
  });
  return { models, faceModel: faceModelOf(config) };
}
