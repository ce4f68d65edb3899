import { join } from "node:path";
import { CITIZEN_STATUSES, type CitizenStatus, citizenOfCard } from "../dukcapil/citizens.ts";
import { openRegister } from "../dukcapil/register.ts";
import {
  EFFECT_NAMES,
  type Effect,
  type EffectAsked,
  type Level,
  TAMPER_KINDS,
  type TamperKind,
  VARIANT_NAMES,
  type Variant,
  writeNotKtps,
  writeSamples,
} from "../sample/sample.ts";
import { SAMPLE_SET, writeSampleSet } from "../sample/set.ts";
import { openSealer } from "../service.ts";
import { type Command, needed, UsageError, whole } from "./command.ts";

const STATUSES = [...CITIZEN_STATUSES, "NOT_FOUND"] as const;
const MOST = 100_000;

export const sample: Command = {
  usage:
    "sample --seed N --out DIR [--count N] [--status STATUS] [--level 0..3 | --effect NAME[:STRENGTH],…] [--tamper KIND] [--variant NAME] [--starter | --not-a-ktp]",
  summary: `Draw invented citizens' cards and selfies, and tell the registry simulator of them (${STATUSES.join(", ")}).`,
  flags: {
    seed: "string",
    out: "string",
    count: "string",
    status: "string",
    level: "string",
    effect: "string",
    tamper: "string",
    variant: "string",
    starter: "boolean",
    "not-a-ktp": "boolean",
  },
  async run(words, flags, { config, out }) {
    if (flags.starter === true) {
      const register = openRegister({ dir: config.dataDir, sealer: openSealer(config).sealer });
      const folder = needed(flags, "out");
      await writeSampleSet(folder, register);
      return out.result(
        { out: folder, pictures: SAMPLE_SET },
        () => `The pictures of the start-up message are in ${folder}`,
      );
    }
    if (words.length > 0) throw new UsageError(`"${words[0]}" is one word too many.`);
    needed(flags, "seed");
    const seed = whole(flags, "seed", 0, 0, 2 ** 32 - 1);
    const count = whole(flags, "count", 1, 1, MOST);
    const level = whole(flags, "level", 0, 0, 3) as Level;
    const effects = typeof flags.effect === "string" ? effectsOf(flags.effect) : undefined;
    if (effects && flags.level !== undefined) throw new UsageError("Say --level or --effect, not both.");
    const tamper = flags.tamper as TamperKind | undefined;
    if (tamper !== undefined && !TAMPER_KINDS.includes(tamper))
      throw new UsageError(`--tamper must be one of ${TAMPER_KINDS.join(", ")}.`);
    const variant = flags.variant as Variant | undefined;
    if (variant !== undefined && !VARIANT_NAMES.includes(variant))
      throw new UsageError(`--variant must be one of ${VARIANT_NAMES.join(", ")}.`);
    const folder = needed(flags, "out");
    if (flags["not-a-ktp"] === true) {
      await writeNotKtps({ seed, count, out: folder });
      return out.result(
        { out: folder, count, seed, truth: join(folder, "not-a-ktp.json") },
        () =>
          `${count} pictures without a KTP in ${folder}, what they show in ${join(folder, "not-a-ktp.json")}`,
      );
    }
    const status = (flags.status ?? "VALID") as CitizenStatus | "NOT_FOUND";
    if (!STATUSES.includes(status)) throw new UsageError(`--status must be one of ${STATUSES.join(", ")}.`);

    const citizens = await writeSamples({ seed, count, out: folder, level, effects, tamper, variant });
    if (status !== "NOT_FOUND") {
      const register = openRegister({ dir: config.dataDir, sealer: openSealer(config).sealer });
      await register.add(citizens.map((citizen) => citizenOfCard(citizen, status)));
    }
    out.result(
      {
        out: folder,
        count: citizens.length,
        seed,
        ...(effects ? { effects } : { level }),
        ...(tamper && { tamper }),
        ...(variant && { variant }),
        status,
        truth: join(folder, "truth.json"),
      },
      () => [
        `${citizens.length} cards and selfies in ${folder}, their truth in ${join(folder, "truth.json")}`,
        status === "NOT_FOUND"
          ? "The registry simulator does not know these citizens."
          : `The registry simulator of ${config.dataDir} knows these citizens as ${status}.`,
      ],
    );
  },
};

/** `glare:0.8,shadow` as effects with their strengths. @throws UsageError */
function effectsOf(text: string): EffectAsked[] {
  return text.split(",").map((part) => {
    const [name, strength] = part.split(":");
    if (!(EFFECT_NAMES as readonly string[]).includes(name))
      throw new UsageError(`--effect ${name} is none of ${EFFECT_NAMES.join(", ")}.`);
    if (strength === undefined) return { name: name as Effect };
    const number = Number(strength);
    if (strength === "" || !(number >= 0 && number <= 1))
      throw new UsageError(`--effect ${name}: the strength after the colon must be from 0 to 1.`);
    return { name: name as Effect, strength: number };
  });
}
