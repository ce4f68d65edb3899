import { readFile, writeFile } from "node:fs/promises";
import { compare } from "../vision/face/compare.ts";
import { KTP_FIELDS, type KtpReport } from "../vision/facts.ts";
import { ImageRefusedError } from "../vision/image.ts";
import { lookAtFace, lookAtKtp, lookAtSelfie } from "../vision/look.ts";
import { type Command, type Context, rounded, UsageError } from "./command.ts";
import { drawReading } from "./draw.ts";
import { openNetworks } from "./networks.ts";

/** Runs `look` on each file in turn; one that cannot be taken gives a line of its own and does not stop the rest. */
async function each<T extends { milliseconds: Readonly<Record<string, number>> }>(
  files: readonly string[],
  { out }: Context,
  look: (bytes: Uint8Array) => Promise<T>,
  show: (report: T) => { fields: Record<string, unknown>; lines: readonly string[] },
): Promise<void> {
  if (files.length === 0) throw new UsageError("Name at least one picture.");
  for (const file of files) {
    const bytes = await readFile(file);
    const begun = performance.now();
    try {
      const report = await look(bytes);
      const milliseconds = rounded({ ...report.milliseconds, total: performance.now() - begun });
      const { fields, lines } = show(report);
      out.result({ file, ...fields, milliseconds }, () => [
        `${file}  (${milliseconds.total} ms)`,
        ...lines,
        "",
      ]);
    } catch (error) {
      if (!(error instanceof ImageRefusedError)) throw error;
      out.result({ file, error: { fault: error.fault, message: error.message }, milliseconds: {} }, () => [
        file,
        `  refused: ${error.message}`,
        "",
      ]);
    }
  }
}

const percent = (share: number) => `${Math.round(share * 100)}%`;

function ktpLines({ result, ktpScore, hints, portrait }: KtpReport): string[] {
  const width = Math.max(...KTP_FIELDS.map((field) => field.length));
  return [
    ...KTP_FIELDS.map((field) => {
      const { value, confidence, source } = result.fields[field];
      const from = source === "ocr" ? "" : `  (${source})`;
      return `  ${field.padEnd(width)}  ${value === null ? "-" : `${value}  ${percent(confidence)}${from}`}`;
    }),
    ...result.checks
      .filter((check) => !check.ok)
      .map((check) => `  check failed: ${check.name}: ${check.detail}`),
    `  looks like a KTP ${percent(ktpScore)}, confidence ${percent(result.confidence)}, portrait ${portrait ? "found" : "not found"}`,
    ...(hints.length > 0 ? [`  hints: ${hints.join(", ")}`] : []),
  ];
}

export const ocr: Command = {
  usage: "ocr FILE…  [--draw OUT.png]",
  summary: "Read photographs of a KTP; draw one with what was found in it.",
  flags: { draw: "string" },
  async run(files, { draw }, context) {
    if (draw !== undefined && files.length !== 1) throw new UsageError("--draw takes one picture.");
    const { models } = await openNetworks(context);
    await each(
      files,
      context,
      async (bytes) => {
        const report = await lookAtKtp(bytes, models);
        if (typeof draw === "string") await writeFile(draw, await drawReading(bytes, report));
        return report;
      },
      (report) => ({
        fields: {
          ...report.result,
          ktp_score: report.ktpScore,
          hints: report.hints,
          portrait: report.portrait && { box: report.portrait.box, quality: report.portrait.quality },
        },
        lines: ktpLines(report),
      }),
    );
  },
};

export const liveness: Command = {
  usage: "liveness FILE…",
  summary: "Judge whether selfies show a living person.",
  flags: {},
  async run(files, _flags, context) {
    const { models } = await openNetworks(context);
    const threshold = context.config.vision.livenessThreshold;
    await each(
      files,
      context,
      (bytes) => lookAtSelfie(bytes, models, threshold),
      (report) => {
        const { liveness: verdict, hints, faces } = report;
        const { details } = verdict;
        const number = (n: number | null) => (n === null ? "-" : n.toFixed(2));
        return {
          fields: { ...verdict, threshold, faces, hints },
          lines: [
            `  ${verdict.is_live ? "live" : "not live"}  confidence ${number(verdict.confidence)} (threshold ${threshold}), face quality ${number(verdict.face_quality_score)}`,
            `  eyes ${number(details.eye_openness)}  mouth ${number(details.mouth_movement)}  skin ${number(details.skin_texture)}  spoof score ${number(details.spoof_score)} (${details.model})`,
            ...(hints.length > 0 ? [`  hints: ${hints.join(", ")}`] : []),
          ],
        };
      },
    );
  },
};

export const embed: Command = {
  usage: "embed FILE…",
  summary: "Print the embedding of the largest face of each picture.",
  flags: {},
  async run(files, _flags, context) {
    const { models, faceModel } = await openNetworks(context);
    await each(
      files,
      context,
      (bytes) => lookAtFace(bytes, models),
      ({ face }) => ({
        fields: {
          model: faceModel.name,
          face_found: face !== null,
          quality: face?.quality ?? null,
          box: face?.box ?? null,
          embedding: face && [...face.embedding],
        },
        lines: face
          ? [
              `  quality ${face.quality.score.toFixed(2)}`,
              `  ${[...face.embedding].map((n) => n.toFixed(4)).join(" ")}`,
            ]
          : ["  no face"],
      }),
    );
  },
};

export const match: Command = {
  usage: "match A B",
  summary: "Compare the largest faces of two pictures (a card's portrait, a selfie).",
  flags: {},
  async run(words, _flags, { config, out }) {
    const [a, b] = words;
    if (words.length !== 2) throw new UsageError("Name two pictures.");
    const { models, faceModel } = await openNetworks({ config, out });
    const begun = performance.now();
    const [one, other] = [
      await lookAtFace(await readFile(a), models),
      await lookAtFace(await readFile(b), models),
    ];
    const verdict = compare(one.face?.embedding ?? null, other.face?.embedding ?? null, faceModel.threshold);
    const milliseconds = rounded({
      decode: one.milliseconds.decode + other.milliseconds.decode,
      face: one.milliseconds.face + other.milliseconds.face,
      total: performance.now() - begun,
    });
    out.result({ file: a, file_b: b, ...verdict, model: faceModel.name, milliseconds }, () => [
      verdict.similarity_score === null
        ? `no face in ${[one.face ? "" : a, other.face ? "" : b].filter(Boolean).join(" and ")}`
        : `${verdict.is_match ? "same person" : "different people"}: cosine ${verdict.similarity_score.toFixed(4)}, threshold ${verdict.threshold}`,
      `${milliseconds.total} ms`,
    ]);
  },
};
