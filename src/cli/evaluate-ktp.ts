import { join } from "node:path";
import { byField, compareKtp, type FieldOutcome, ktpSummary, reliability } from "../vision/ktp/evaluate.ts";
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
