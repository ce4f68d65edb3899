import { availableParallelism } from "node:os";
import { networksFor } from "../vision/look.ts";
import { buildModels } from "../vision/models/build.ts";
import { faceModel } from "../vision/models/face-model.ts";
import type { Models } from "../vision/models/models.ts";
import { openModels } from "../vision/models/open.ts";
import type { Vision } from "../vision/vision.ts";
import type { Context } from "./command.ts";

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
    names: [...new Set([...networksFor(true), ...networksFor(false)])],
  });
  return { models, faceModel: faceModel(config.vision.faceThreshold) };
}
