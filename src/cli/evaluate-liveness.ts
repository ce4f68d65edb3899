import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rocCurve } from "../vision/face/evaluate.ts";
import { type LivenessCase, livenessSummary, type Presentation } from "../vision/liveness/evaluate.ts";
import { lookAtSelfie } from "../vision/look.ts";
import { UsageError } from "./command.ts";
import { readCsv } from "./csv.ts";
import { drawCurves, PRESENTATIONS as NAMES } from "./curves.ts";
import { type Evaluation, looked } from "./evaluation.ts";
import { openNetworks } from "./networks.ts";

const PRESENTATIONS: readonly string[] = ["live", "print", "replay", "cutout"] satisfies Presentation[];

/** How well living people are told from prints and screens. */
export const evaluateLiveness: Evaluation = async (text, dir, context, flags) => {
  const { out, config } = context;
  const rows = readCsv(text, ["file", "label"]);
  const { models } = await openNetworks(context);
  const threshold = config.vision.livenessThreshold;
  const cases: LivenessCase[] = [];
  for (const { file, label } of rows) {
    if (!PRESENTATIONS.includes(label))
      throw new UsageError(`${file}: the label must be live, print, replay or cutout.`);
    const report = await looked(join(dir, file), (bytes) => lookAtSelfie(bytes, models, threshold));
    // What the service asks to take again (no face, several, too small, eyes shut) is not passed.
    const taken = report?.face && report.hints.length === 0;
    const confidence = taken ? report.liveness.confidence : 0;
    cases.push({ label: label as Presentation, confidence });
    const passed = confidence >= threshold;
    if (out.json || passed !== (label === "live"))
      out.result({ file, label, confidence, is_live: passed }, () => [
        `${file} (${label}) ${passed ? "passes" : "is refused"}: ${confidence.toFixed(2)}`,
      ]);
  }
  const pack = models.has("spoof-2.7") ? "minifasnet" : "baseline";
  await models.close();
  const summary = livenessSummary(cases, threshold);
  const curve = rocCurve(
    cases.map(({ label, confidence }) => ({ same: label === "live", similarity: confidence })),
  );
  if (typeof flags.curves === "string")
    await writeFile(flags.curves, drawCurves(`Liveness, ${pack}`, curve, threshold, NAMES));
  const percent = (rate: number | null) => (rate === null ? "-" : `${(100 * rate).toFixed(1)}%`);
  const count = (label: Presentation) => cases.filter((one) => one.label === label).length;
  out.result({ pack, ...summary }, () => [
    "",
    `${summary.files} pictures, ${pack}, threshold ${threshold}`,
    ...(["print", "replay", "cutout"] as const).map(
      (kind) => `APCER ${kind.padEnd(8)}${percent(summary.apcer[kind]).padStart(7)}  of ${count(kind)}`,
    ),
    `BPCER         ${percent(summary.bpcer).padStart(7)}  of ${count("live")}`,
    `ACER          ${percent(summary.acer).padStart(7)}`,
  ]);
};
