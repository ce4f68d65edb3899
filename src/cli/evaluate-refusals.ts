import { drawKtp, drawNotAKtp, type Level, makeCitizen, NOT_A_KTP_KINDS } from "../sample/sample.ts";
import type { Hint } from "../vision/facts.ts";
import { KTP_FROM } from "../vision/ktp/verdict.ts";
import { lookAtKtp } from "../vision/look.ts";
import type { Models } from "../vision/models/models.ts";
import { type Context, type Flags, whole } from "./command.ts";
import { openNetworks } from "./networks.ts";

/** Cards are drawn at these levels in turn: those that a reader must not refuse. */
const LEVELS: readonly Level[] = [0, 1, 2];

/** Which pictures are taken for a KTP. */
export interface RefusalCounts {
  readonly not_ktps: number;
  /** Of them taken for a KTP. */
  readonly wrongly_taken: number;
  /** Of them said to be what they are, or at least not to be a KTP. */
  readonly named: number;
  readonly ktps: number;
  /** Of them said not to be a KTP. */
  readonly wrongly_refused: number;
}

/** One picture's verdict. */
export interface Refusal {
  readonly picture: string;
  readonly ktp: boolean;
  readonly taken: boolean;
  readonly score: number;
  readonly hints: readonly Hint[];
}

/** Draws pictures of each kind and cards at each level, and tells which are taken for a KTP. */
export async function* refusals(seed: number, count: number, models: Models): AsyncGenerator<Refusal> {
  for (let i = 0; i < count; i++) {
    const kind = NOT_A_KTP_KINDS[i % NOT_A_KTP_KINDS.length];
    yield judged(`${kind} ${seed + i}`, false, await drawNotAKtp(seed + i, kind), models);
  }
  for (let i = 0; i < 3 * count; i++) {
    const level = LEVELS[i % LEVELS.length];
    const jpeg = await drawKtp(await makeCitizen(seed, i), { level });
    yield judged(`card ${i + 1} at level ${level}`, true, jpeg, models);
  }
}

async function judged(picture: string, ktp: boolean, jpeg: Uint8Array, models: Models): Promise<Refusal> {
  const { ktpScore, hints } = await lookAtKtp(jpeg, models);
  return { picture, ktp, taken: ktpScore >= KTP_FROM, score: ktpScore, hints };
}

/** Counts what {@link refusals} gave. */
export function countRefusals(all: readonly Refusal[]): RefusalCounts {
  const [cards, others] = [all.filter(({ ktp }) => ktp), all.filter(({ ktp }) => !ktp)];
  return {
    not_ktps: others.length,
    wrongly_taken: others.filter(({ taken }) => taken).length,
    named: others.filter(({ hints }) => hints.length > 1).length,
    ktps: cards.length,
    wrongly_refused: cards.filter(({ taken, hints }) => !taken || hints.includes("not_a_ktp")).length,
  };
}

/** Whether what is no KTP is refused, and what is one is not. `--count` pictures, and three times as many cards. */
export async function evaluateRefusals(flags: Flags, context: Context): Promise<void> {
  const count = whole(flags, "count", 100, 1, 10_000);
  const seed = whole(flags, "seed", 1, 0, 2 ** 31);
  const { models } = await openNetworks(context);
  const all: Refusal[] = [];
  for await (const refusal of refusals(seed, count, models)) {
    all.push(refusal);
    const { ktp, taken, picture, score, hints } = refusal;
    const wrong = ktp !== taken;
    if (context.out.json || wrong || (!ktp && hints.length < 2)) {
      const what = wrong ? (taken ? "WRONGLY TAKEN" : "WRONGLY REFUSED") : "not named";
      context.out.result({ ...refusal }, () => [
        `${picture}: ${what}, score ${score.toFixed(2)}, hints ${hints.join(", ") || "none"}`,
      ]);
    }
  }
  const counts = countRefusals(all);
  context.out.result({ ...counts }, () => [
    "",
    `${counts.wrongly_taken} of ${counts.not_ktps} other pictures wrongly taken for a KTP; ${counts.named} named for what they are`,
    `${counts.wrongly_refused} of ${counts.ktps} cards wrongly refused`,
  ]);
}
