import { drawKtp, type Level, makeCitizen, type SampleCitizen, truthOf } from "../src/sample/sample.ts";
import { DEFAULT_POLICY, judgeKtp } from "../src/verification/policy.ts";
import { KTP_FIELDS, type KtpField } from "../src/vision/facts.ts";
import { compareKtp, type FieldOutcome, ktpSummary, reliability, SURE } from "../src/vision/ktp/evaluate.ts";
import { lookAtKtp } from "../src/vision/look.ts";
import { openModels } from "../src/vision/models/open.ts";
import { openGutenye, openPpu, type TextReader } from "./peers/text.ts";
import type { Goal, Report, Setting } from "./report.ts";

/** Sample citizens on whom nothing was tuned; `--seed` takes others. */
const SEED = 77_001;
/** Cards of each level that everybody reads, unless `--cards` says otherwise. */
const CARDS = 5;
const LEVELS: readonly Level[] = [0, 1, 2, 3];
const THREADS = 2;
/** Least shares of exact fields and of exact NIKs, by level; of the last, among the cards that are not refused. */
const GOALS: Readonly<Record<Level, { readonly fields: number; readonly nik: number }>> = {
  0: { fields: 0.997, nik: 1 },
  1: { fields: 0.99, nik: 0.998 },
  2: { fields: 0.97, nik: 0.99 },
  3: { fields: 0.9, nik: 0.96 },
};
/** Least share of exact fields among those said with {@link SURE} or more. */
const LEAST_RELIABLE = 0.99;

/** Of one reader on the cards of one level. */
interface Tally {
  cards: number;
  fields: number;
  exact: number;
  niks: number;
}
const nothing = (): Tally => ({ cards: 0, fields: 0, exact: 0, niks: 0 });

/** Reads sample cards of each level of distortion beside two readers of text that are given the same network files. */
export async function accuracy({
  cards: wanted,
  levels = LEVELS,
  seed = SEED,
  threads,
  cacheDir,
  packDir,
  scratch,
  progress,
}: Setting): Promise<Report> {
  const cards = wanted ?? CARDS;
  const models = await openModels({ cacheDir, packDir, threads: threads ?? THREADS });
  const peers = [await openGutenye(threads ?? THREADS, scratch), await openPpu(threads ?? THREADS)];
  const ours = new Map<Level, FieldOutcome[][]>();
  const taken = new Map<Level, FieldOutcome[][]>();
  const refusals = new Map<Level, string[]>();
  const theirs = new Map<Level, Map<TextReader["name"], Tally>>();
  for (const level of levels) {
    const [all, accepted, refused] = [[] as FieldOutcome[][], [] as FieldOutcome[][], [] as string[]];
    const tallies = new Map(peers.map(({ name }) => [name, nothing()]));
    for (let index = 0; index < cards; index++) {
      progress(`accuracy: level ${level}, card ${index + 1} of ${cards}`);
      const citizen = await makeCitizen(seed + level, index);
      const jpeg = await drawKtp(citizen, { level });
      const report = await lookAtKtp(jpeg, models);
      const outcomes = compareKtp(truthOf(citizen), report.result);
      all.push(outcomes);
      const judged = judgeKtp(report, "BASIC_KYC", DEFAULT_POLICY);
      if (judged.accepted) accepted.push(outcomes);
      else refused.push(judged.hints[0]);
      for (const { name, read } of peers) {
        const tally = tallies.get(name);
        if (tally) count(tally, await read(jpeg), citizen);
      }
    }
    ours.set(level, all);
    taken.set(level, accepted);
    refusals.set(level, refused);
    theirs.set(level, tallies);
  }
  await models.close();
  for (const peer of peers) await peer.close();

  const everything = [...ours.values()].flat();
  const goals = levels.flatMap((level): Goal[] => {
    // The hardest may be refused; a refusal is no answer at the others.
    const of = ktpSummary((level === 3 ? taken : ours).get(level) ?? []);
    const met = (part: number, whole: number, least: number) => (whole === 0 ? null : part >= least * whole);
    const { fields, nik } = GOALS[level];
    return [
      {
        goal: `level ${level}${level === 3 ? ", not refused" : ""}: at least ${percent(fields, 1)} of fields exact`,
        measured: percent(of.exact, of.fields),
        met: met(of.exact, of.fields, fields),
      },
      {
        goal: `level ${level}${level === 3 ? ", not refused" : ""}: at least ${percent(nik, 1)} of NIKs exact`,
        measured: `${of.nik_exact} of ${of.cards}`,
        met: met(of.nik_exact, of.cards, nik),
      },
    ];
  });
  for (const level of levels) {
    const { sure, sure_exact } = ktpSummary(ours.get(level) ?? []);
    goals.push({
      goal: `level ${level}: of fields said with ${SURE} or more at least ${percent(LEAST_RELIABLE, 1)} exact`,
      measured: `${sure_exact} of ${sure}`,
      met: sure === 0 ? null : sure_exact >= LEAST_RELIABLE * sure,
    });
  }
  const wrong = ktpSummary(everything).confident_wrong_nik;
  goals.push({ goal: "no wrong NIK said with more than 0.9", measured: String(wrong), met: wrong === 0 });

  return {
    tables: [
      {
        title: `Fields exact (${cards} cards of each level, seeds ${levels.map((level) => seed + level).join(", ")})`,
        head: ["level", "ours", "but for spaces", ...peers.map(({ name }) => name), "refused by ours"],
        rows: levels.map((level) => {
          const of = ktpSummary(ours.get(level) ?? []);
          return [
            `${level}`,
            percent(of.exact, of.fields),
            percent(of.exact_but_spacing, of.fields),
            ...peers.map(({ name }) => {
              const tally = theirs.get(level)?.get(name) ?? nothing();
              return percent(tally.exact, tally.fields);
            }),
            counted(refusals.get(level) ?? []),
          ];
        }),
      },
      {
        title: "NIK exact",
        head: ["level", "ours", ...peers.map(({ name }) => name)],
        rows: levels.map((level) => [
          `${level}`,
          `${ktpSummary(ours.get(level) ?? []).nik_exact} of ${cards}`,
          ...peers.map(({ name }) => `${theirs.get(level)?.get(name)?.niks ?? 0} of ${cards}`),
        ]),
      },
      {
        title: "Reliability, all levels",
        head: ["confidence", "said", "exact", "share"],
        rows: reliability(everything).map(({ from, to, said, exact }) => [
          `${from.toFixed(2)}–${to.toFixed(2)}`,
          `${said}`,
          `${exact}`,
          percent(exact, said),
        ]),
      },
    ],
    goals,
    notes: [
      "The peers give lines, no fields: a field is theirs where their lines, joined, contain it as it is printed.",
      "They need not know which field it is; a blood type is found in any text with that letter.",
    ],
    figures: {
      seed,
      cards,
      levels: Object.fromEntries(
        levels.map((level) => [
          level,
          {
            ours: ktpSummary(ours.get(level) ?? []),
            taken: ktpSummary(taken.get(level) ?? []),
            refusals: refusals.get(level),
            peers: Object.fromEntries(theirs.get(level) ?? []),
          },
        ]),
      ),
    },
  };
}

/** `-` of nothing. */
const percent = (part: number, whole: number): string =>
  whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;

/** `2 (blurred 1, glare 1)` */
function counted(hints: readonly string[]): string {
  const each = [...Map.groupBy(hints, (hint) => hint)].map(([hint, all]) => `${hint} ${all.length}`);
  return each.length > 0 ? `${hints.length} (${each.join(", ")})` : "0";
}

/** Counts what a text contains of a card. */
function count(tally: Tally, text: string, citizen: SampleCitizen): void {
  const joined = text.replace(/\s+/g, " ");
  tally.cards += 1;
  tally.niks += Number(joined.includes(citizen.nik));
  for (const field of KTP_FIELDS) {
    tally.fields += 1;
    tally.exact += Number(joined.includes(printed(field, citizen[field])));
  }
}

/** A date of the truth is YYYY-MM-DD, on the card DD-MM-YYYY. */
const printed = (field: KtpField, value: string): string =>
  field === "birth_date" || field === "valid_until"
    ? value.replace(/^(\d{4})-(\d\d)-(\d\d)$/, "$3-$2-$1")
    : value;
