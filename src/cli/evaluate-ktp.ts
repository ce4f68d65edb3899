import { dirname, join } from "node:path";
import {
  byField,
  compareKtp,
  type FieldOutcome,
  ktpSummary,
  reliability,
  SURE,
} from "../vision/ktp/evaluate.ts";
import { lookAtKtp } from "../vision/look.ts";
import { rounded } from "./command.ts";
import { type Evaluation, looked } from "./evaluation.ts";
import { openNetworks } from "./networks.ts";

const share = (part: number, whole: number) => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(2)}%`);

/** How exactly the fields of cards are read. */
export const evaluateKtp: Evaluation = async (text, dir, context) => {
  const { out } = context;
  const truth = JSON.parse(text) as Record<string, Record<string, string | null>>;
  const { models } = await openNetworks(context);
  const read: { readonly file: string; readonly outcomes: readonly FieldOutcome[] }[] = [];
  for (const [file, fields] of Object.entries(truth)) {
    const begun = performance.now();
    const report = await looked(join(dir, file), (bytes) => lookAtKtp(bytes, models));
    const outcomes = compareKtp(fields, report?.result ?? null);
    read.push({ file, outcomes });
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
  const cards = read.map(({ outcomes }) => outcomes);
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
    `said with ${SURE} or more: ${summary.sure}, of these ${share(summary.sure_exact, summary.sure)} exact`,
    ...byFolder(read).map(([folder, of]) => {
      const { cards: n, fields, exact, nik_exact, sure, sure_exact, confident_wrong_nik } = ktpSummary(of);
      return `${folder.padEnd(12)} ${n} cards, ${share(exact, fields)} exact, NIK ${nik_exact}, said with ${SURE} or more ${sure}: ${share(sure_exact, sure)} exact, confident wrong NIKs ${confident_wrong_nik}`;
    }),
    "",
    `${summary.cards} cards, ${summary.fields} fields: ${share(summary.exact, summary.fields)} exact, ${share(summary.exact_but_spacing, summary.fields)} but for spaces, NIK ${summary.nik_exact} of ${summary.cards}, confident wrong NIKs ${summary.confident_wrong_nik}`,
  ]);
};

/** The cards of each folder that the truth names files of, e.g. one for each level; none where it names but one. */
function byFolder(
  read: readonly { readonly file: string; readonly outcomes: readonly FieldOutcome[] }[],
): readonly (readonly [folder: string, cards: readonly (readonly FieldOutcome[])[]])[] {
  const folders = [...Map.groupBy(read, ({ file }) => dirname(file))];
  return folders.length < 2
    ? []
    : folders.map(([folder, of]) => [folder, of.map(({ outcomes }) => outcomes)] as const);
}
