import { writeFile } from "node:fs/promises";
import { cosineSimilarity } from "../vision/face/compare.ts";
import { type FacePair, facesSummary, rocCurve } from "../vision/face/evaluate.ts";
import type { Hint } from "../vision/facts.ts";
import type { Context, Flags } from "./command.ts";
import { drawCurves } from "./curves.ts";

/** Two pictures by their names. */
export interface NamedPair extends FacePair {
  readonly file_x: string;
  readonly file_y: string;
}

/** @param embeddings  by name; null where there is no face */
export function pairOf(
  file_x: string,
  file_y: string,
  same: boolean,
  embeddings: ReadonlyMap<string, Float32Array | null>,
): NamedPair {
  const [a, b] = [embeddings.get(file_x), embeddings.get(file_y)];
  return { file_x, file_y, same, similarity: a && b ? cosineSimilarity(a, b) : null };
}

/** Wrong pairs told one by one to people; with `--json` every pair is told. */
const TOLD = 40;
/** Around the threshold in force. */
const STEPS = [-0.08, -0.06, -0.04, -0.02, 0, 0.02, 0.04, 0.06, 0.08];

const percent = (share: number | null) => (share === null ? "-" : `${(100 * share).toFixed(2)}%`);

/**
 * Prints pairs, the rates around the threshold and the summary; draws the curves where `--curves FILE` asks for it.
 * @param hintsOf  why the service would ask for another selfie than this picture; asked for pictures of wrong pairs
 */
export async function tellPairs(
  title: string,
  pairs: readonly NamedPair[],
  threshold: number,
  { out }: Context,
  flags: Flags,
  hintsOf: (file: string) => Promise<readonly Hint[]> = async () => [],
): Promise<void> {
  const wrong = pairs.filter(
    ({ same, similarity }) => same !== (similarity !== null && similarity >= threshold),
  );
  const hints = new Map<string, readonly Hint[]>();
  for (const file of new Set(wrong.flatMap(({ file_x, file_y }) => [file_x, file_y])))
    hints.set(file, await hintsOf(file));
  const named = (file: string) => {
    const found = hints.get(file) ?? [];
    return found.length === 0 ? file : `${file} (${found.join(", ")})`;
  };
  const asked = wrong.filter(({ file_x, file_y }) =>
    [file_x, file_y].some((file) => (hints.get(file) ?? []).length > 0),
  );
  if (out.json) for (const pair of pairs) out.result({ ...pair }, () => []);
  const curve = rocCurve(pairs);
  if (typeof flags.curves === "string") {
    await writeFile(flags.curves, drawCurves(title, curve, threshold));
    out.note(`ROC and DET curves are in ${flags.curves}`);
  }
  const summary = facesSummary(pairs, threshold);
  const at = (value: number) => curve.filter((point) => point.threshold >= value).at(-1);
  out.result({ ...summary }, () => [
    ...wrong
      .slice(0, TOLD)
      .map(
        ({ file_x, file_y, same, similarity }) =>
          `${named(file_x)}  ${named(file_y)}  ${same ? "one person" : "two people"}, ${similarity === null ? "a face not found" : similarity.toFixed(3)}`,
      ),
    ...(wrong.length > TOLD ? [`… ${wrong.length - TOLD} more wrong pairs (--json tells all)`] : []),
    ...(curve.length === 0 ? [] : ["", "threshold  FMR      FNMR"]),
    ...(curve.length === 0 ? [] : STEPS).map((step) => {
      const value = threshold + step;
      const point = at(value);
      return `${value.toFixed(2)}${step === 0 ? " *" : "  "}     ${percent(point?.fmr ?? 0).padEnd(7)}  ${percent(point?.fnmr ?? 1)}`;
    }),
    "",
    `${summary.pairs} pairs: ${summary.errors} errors at the threshold ${summary.threshold}, AUC ${summary.auc?.toFixed(4) ?? "-"}`,
    ...(asked.length === 0
      ? []
      : [`of these errors ${asked.length} have a picture that the service would refuse as a selfie`]),
    `FNMR ${percent(summary["fnmr_at_fmr_1e-2"])} at FMR 1%, ${percent(summary["fnmr_at_fmr_1e-3"])} at FMR 0.1%`,
  ]);
}
