import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cosineSimilarity } from "../vision/face/compare.ts";
import {
  type FacePair,
  facesSummary,
  type LivenessCase,
  livenessSummary,
  type Presentation,
} from "../vision/face/evaluate.ts";
import { ImageRefusedError } from "../vision/image.ts";
import { byField, compareKtp, type FieldOutcome, ktpSummary, reliability } from "../vision/ktp/evaluate.ts";
import { lookAtFace, lookAtKtp, lookAtSelfie } from "../vision/look.ts";
import { type Command, type Context, needed, rounded, UsageError } from "./command.ts";
import { readCsv } from "./csv.ts";
import { openNetworks } from "./networks.ts";

export const evaluate: Command = {
  usage: "eval ktp TRUTH.json | faces PAIRS.csv | liveness LABELS.csv  --dir DIR",
  summary: "Measure against pictures whose truth is known; with --json the last line is the summary.",
  flags: { dir: "string" },
  async run([what, truth, ...rest], flags, context) {
    const evaluations: Readonly<Record<string, Evaluation>> = { ktp, faces, liveness };
    const evaluation = what !== undefined && Object.hasOwn(evaluations, what) ? evaluations[what] : undefined;
    if (evaluation === undefined || truth === undefined || rest.length > 0) {
      throw new UsageError("Say what to measure and against which file.");
    }
    await evaluation(await readFile(truth, "utf8"), needed(flags, "dir"), context);
  },
};

type Evaluation = (truth: string, dir: string, context: Context) => Promise<void>;

/** What `look` gives, or null where the bytes cannot be taken as a picture. */
async function looked<T>(file: string, look: (bytes: Uint8Array) => Promise<T>): Promise<T | null> {
  try {
    return await look(await readFile(file));
  } catch (error) {
    if (error instanceof ImageRefusedError) return null;
    throw error;
  }
}

const share = (part: number, whole: number) => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(2)}%`);

const ktp: Evaluation = async (text, dir, context) => {
  const { out } = context;
  const truth = JSON.parse(text) as Record<string, Record<string, string | null>>;
  const { models } = await openNetworks(context);
  const cards: FieldOutcome[][] = [];
  for (const [file, fields] of Object.entries(truth)) {
    const begun = performance.now();
    const report = await looked(join(dir, file), (bytes) => lookAtKtp(bytes, models));
    const outcomes = compareKtp(fields, report?.result ?? null);
    cards.push(outcomes);
    const misses = outcomes.filter(({ outcome }) => outcome !== "exact");
    const milliseconds = rounded({ ...report?.milliseconds, total: performance.now() - begun });
    const line = { file, fields: outcomes.length, misses, hints: report?.hints ?? [], milliseconds };
    if (out.json || misses.length > 0) {
      out.result(line, () =>
        misses.map(
          ({ field, expected, got, confidence, outcome }) =>
            `${file}  ${field} ${outcome}: read "${got ?? ""}" (${confidence.toFixed(2)}), printed "${expected}"`,
        ),
      );
    }
  }
  const summary = ktpSummary(cards);
  out.result({ ...summary }, () => [
    "",
    "field            exact    but for spaces",
    ...byField(cards).map(
      ({ field, fields, exact, exact_but_spacing }) =>
        `${field.padEnd(16)} ${share(exact, fields).padEnd(8)} ${share(exact_but_spacing, fields)}`,
    ),
    "",
    "confidence   said     exact",
    ...reliability(cards).map(
      ({ from, to, said, exact }) =>
        `${from.toFixed(2)}–${to.toFixed(2)}    ${String(said).padEnd(8)} ${share(exact, said)}`,
    ),
    "",
    `${summary.cards} cards, ${summary.fields} fields: ${share(summary.exact, summary.fields)} exact, ${share(summary.exact_but_spacing, summary.fields)} but for spaces, NIK ${summary.nik_exact} of ${summary.cards}, confident wrong NIKs ${summary.confident_wrong_nik}`,
  ]);
};

const faces: Evaluation = async (text, dir, context) => {
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

const PRESENTATIONS: readonly string[] = ["live", "print", "replay"] satisfies Presentation[];

const liveness: Evaluation = async (text, dir, context) => {
  const { out, config } = context;
  const rows = readCsv(text, ["file", "label"]);
  const { models } = await openNetworks(context);
  const threshold = config.vision.livenessThreshold;
  const cases: LivenessCase[] = [];
  for (const { file, label } of rows) {
    if (!PRESENTATIONS.includes(label))
      throw new UsageError(`${file}: the label must be live, print or replay.`);
    const report = await looked(join(dir, file), (bytes) => lookAtSelfie(bytes, models, threshold));
    const confidence = report?.liveness.confidence ?? 0;
    cases.push({ label: label as Presentation, confidence });
    if (out.json)
      out.result({ file, label, confidence, is_live: report?.liveness.is_live ?? false }, () => []);
  }
  const summary = livenessSummary(cases, threshold);
  out.result({ ...summary }, () => [
    `${summary.files} files at the threshold ${summary.threshold}: APCER print ${summary.apcer.print}, replay ${summary.apcer.replay}; BPCER ${summary.bpcer}; ACER ${summary.acer}`,
  ]);
};
