import {
  drawKtp,
  type Level,
  makeCitizen,
  photographForged,
  TAMPER_KINDS,
  type TamperKind,
} from "../sample/sample.ts";
import { DEFAULT_POLICY, suspected } from "../verification/policy.ts";
import { TAMPER_WEIGHTS, type TamperSign } from "../vision/ktp/tamper/signs.ts";
import { lookAtKtp } from "../vision/look.ts";
import type { Models } from "../vision/models/models.ts";
import { type Context, type Flags, whole } from "./command.ts";
import { openNetworks } from "./networks.ts";

const LEVELS: readonly Level[] = [0, 1, 2, 3];
/** For each untouched card this share of one card of each kind of forgery. */
const FORGED = 0.25;

/** The check that each kind of forgery is to fail. */
const EXPECTED: Readonly<Record<TamperKind, TamperSign>> = {
  "birth-date": "nik_birth_date",
  gender: "nik_gender",
  region: "nik_region_known",
  "portrait-ground": "portrait_ground",
  "nik-digits": "nik_digits_alike",
  "pasted-portrait": "portrait_original",
  "pasted-field": "fields_original",
  "no-portrait": "portrait_present",
  "no-signature": "signature_present",
};

/** What was said of one card. */
interface Judged {
  readonly kind: TamperKind | "untouched";
  readonly level: Level;
  readonly card: number;
  readonly signs: readonly string[];
  /** Checks with a weight that could be made. */
  readonly made: readonly string[];
  readonly suspected: boolean;
}

async function* judgedCards(seed: number, count: number, models: Models): AsyncGenerator<Judged> {
  const judge = async (
    kind: Judged["kind"],
    level: Level,
    card: number,
    jpeg: Uint8Array,
  ): Promise<Judged> => {
    const { result } = await lookAtKtp(jpeg, models);
    return {
      kind,
      level,
      card,
      signs: result.tampering?.signs ?? [],
      made: result.checks.flatMap(({ name, weight }) => (weight === undefined ? [] : [name])),
      suspected: suspected(result, DEFAULT_POLICY),
    };
  };
  for (const level of LEVELS) {
    for (let i = 0; i < count; i++)
      yield judge("untouched", level, i, await drawKtp(await makeCitizen(seed, i), { level }));
    for (const kind of TAMPER_KINDS)
      for (let i = 0; i < Math.ceil(count * FORGED); i++) {
        const { photograph } = await photographForged(await makeCitizen(seed, i), kind, { level });
        yield judge(kind, level, i, photograph.jpeg);
      }
  }
}

/** How often each kind of forgery is told, and how often untouched cards are said to show its sign. */
export async function evaluateTamper(flags: Flags, context: Context): Promise<void> {
  const { out } = context;
  const count = whole(flags, "count", 40, 1, 10_000);
  const seed = whole(flags, "seed", 1, 0, 2 ** 31);
  const { models } = await openNetworks(context);
  const all: Judged[] = [];
  for await (const judged of judgedCards(seed, count, models)) {
    all.push(judged);
    const { kind, level, card, signs } = judged;
    if (out.json || (kind === "untouched" && signs.length > 0))
      out.result({ ...judged }, () => [`card ${card + 1} at level ${level}, untouched: ${signs.join(", ")}`]);
  }
  await models.close();
  const share = (some: readonly Judged[], is: (one: Judged) => boolean) => ({
    cards: some.length,
    of: some.filter(is).length,
  });
  const at = (kind: Judged["kind"], level: Level) =>
    all.filter((one) => one.kind === kind && one.level === level);
  const kinds = TAMPER_KINDS.map((kind) => ({
    kind,
    check: EXPECTED[kind],
    levels: LEVELS.map((level) => ({
      level,
      told: share(at(kind, level), ({ signs }) => signs.includes(EXPECTED[kind])),
      suspected: share(at(kind, level), (one) => one.suspected),
      false_alarms: share(at("untouched", level), ({ signs }) => signs.includes(EXPECTED[kind])),
      not_checked: share(at("untouched", level), ({ made }) => !made.includes(EXPECTED[kind])),
    })),
  }));
  const untouched = LEVELS.map((level) => share(at("untouched", level), (one) => one.suspected));
  const cells = (cell: (level: number) => { readonly of: number; readonly cards: number }) =>
    LEVELS.map((level) => `${cell(level).of}/${cell(level).cards}`.padEnd(9)).join("");
  const head = (title: string) => `${title.padEnd(36)}${LEVELS.map((l) => `level ${l}`.padEnd(9)).join("")}`;
  out.result({ seed, kinds, untouched_suspected: untouched }, () => [
    "",
    head("forged: the check that is meant fails"),
    ...kinds.map(({ kind, levels }) => `${kind.padEnd(36)}${cells((l) => levels[l].told)}`),
    "",
    head("forged: suspected by all weights"),
    ...kinds.map(({ kind, levels }) => `${kind.padEnd(36)}${cells((l) => levels[l].suspected)}`),
    "",
    head("untouched: a check fails"),
    ...kinds.map(({ check, levels }) => `${check.padEnd(36)}${cells((l) => levels[l].false_alarms)}`),
    `${"suspected by all weights".padEnd(36)}${cells((l) => untouched[l])}`,
    "",
    head("untouched: a check could not be made"),
    ...kinds.map(({ check, levels }) => `${check.padEnd(36)}${cells((l) => levels[l].not_checked)}`),
    "",
    `weights: ${Object.entries(TAMPER_WEIGHTS)
      .map(([name, weight]) => `${name} ${weight}`)
      .join(", ")}; suspected from ${DEFAULT_POLICY.tampering}`,
  ]);
}
