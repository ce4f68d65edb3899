import { join } from "node:path";
import { cosineSimilarity } from "../vision/face/compare.ts";
import { type FacePair, facesSummary } from "../vision/face/evaluate.ts";
import { lookAtFace } from "../vision/look.ts";
import { readCsv } from "./csv.ts";
import { type Evaluation, looked } from "./evaluation.ts";
import { openNetworks } from "./networks.ts";

/** How well faces of pairs of pictures tell people apart. */
export const evaluateFaces: Evaluation = async (text, dir, context) => {
  const { out } = context;
  const rows = readCsv(text, ["file_x", "file_y", "Decision"]);
  const { models, faceModel } = await openNetworks(context);
  const embeddings = new Map<string, Float32Array | null>();
  for (const file of new Set(rows.flatMap((row) => [row.file_x, row.file_y]))) {
    const report = await looked(join(dir, file), (bytes) => lookAtFace(bytes, models));
    embeddings.set(file, report?.face?.embedding ?? null);
  }
  const pairs = rows.map(({ file_x, file_y, Decision }): FacePair => {
    const same = /^(yes|true|1)$/i.test(Decision);
    const [a, b] = [embeddings.get(file_x), embeddings.get(file_y)];
    const similarity = a && b ? cosineSimilarity(a, b) : null;
    if (out.json) out.result({ file_x, file_y, same, similarity }, () => []);
    return { same, similarity };
  });
  const summary = facesSummary(pairs, faceModel.threshold);
  out.result({ ...summary }, () => [
    `${summary.pairs} pairs: ${summary.errors} errors at the threshold ${summary.threshold}, AUC ${summary.auc}`,
    `FNMR ${summary["fnmr_at_fmr_1e-2"]} at FMR 1%, ${summary["fnmr_at_fmr_1e-3"]} at FMR 0.1%`,
  ]);
};
