import { join } from "node:path";
import { lookAtFace, lookAtSelfie } from "../vision/look.ts";
import { readCsv } from "./csv.ts";
import { type Evaluation, looked } from "./evaluation.ts";
import { pairOf, tellPairs } from "./face-pairs.ts";
import { openNetworks } from "./networks.ts";

/** How well faces of pairs of pictures tell people apart. */
export const evaluateFaces: Evaluation = async (text, dir, context, flags) => {
  const rows = readCsv(text, ["file_x", "file_y", "Decision"]);
  const { models, faceModel } = await openNetworks(context);
  // Each picture is looked at once, in however many pairs it is.
  const embeddings = new Map<string, Float32Array | null>();
  for (const file of new Set(rows.flatMap((row) => [row.file_x, row.file_y]))) {
    const report = await looked(join(dir, file), (bytes) => lookAtFace(bytes, models));
    embeddings.set(file, report?.face?.embedding ?? null);
  }
  const pairs = rows.map(({ file_x, file_y, Decision }) =>
    pairOf(file_x, file_y, /^(yes|true|1)$/i.test(Decision), embeddings),
  );
  const livenessThreshold = context.config.vision.livenessThreshold;
  const hintsOf = async (file: string) => {
    const report = await looked(join(dir, file), (bytes) => lookAtSelfie(bytes, models, livenessThreshold));
    return report?.hints ?? [];
  };
  await tellPairs("Pairs of faces", pairs, faceModel.threshold, context, flags, hintsOf);
};
