import { join } from "node:path";
import { type LivenessCase, livenessSummary, type Presentation } from "../vision/liveness/evaluate.ts";
import { lookAtSelfie } from "../vision/look.ts";
import { UsageError } from "./command.ts";
import { readCsv } from "./csv.ts";
import { type Evaluation, looked } from "./evaluation.ts";
import { openNetworks } from "./networks.ts";

const PRESENTATIONS: readonly string[] = ["live", "print", "replay", "cutout"] satisfies Presentation[];

/** How well living people are told from prints and screens. */
export const evaluateLiveness: Evaluation = async (text, dir, context) => {
  const { out, config } = context;
  const rows = readCsv(text, ["file", "label"]);
  const { models } = await openNetworks(context);
  const threshold = config.vision.livenessThreshold;
  const cases: LivenessCase[] = [];
  for (const { file, label } of rows) {
    if (!PRESENTATIONS.includes(label))
      throw new UsageError(`${file}: the label must be live, print, replay or cutout.`);
    const report = await looked(join(dir, file), (bytes) => lookAtSelfie(bytes, models, threshold));
    const confidence = report?.liveness.confidence ?? 0;
    cases.push({ label: label as Presentation, confidence });
    if (out.json)
      out.result({ file, label, confidence, is_live: report?.liveness.is_live ?? false }, () => []);
  }
  const summary = livenessSummary(cases, threshold);
  out.result({ ...summary }, () => [
    `${summary.files} files at the threshold ${summary.threshold}: APCER print ${summary.apcer.print}, replay ${summary.apcer.replay}, cut-out ${summary.apcer.cutout}; BPCER ${summary.bpcer}; ACER ${summary.acer}`,
  ]);
};
