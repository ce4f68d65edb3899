import { PICTURE_KINDS, SEQUENCE_KINDS } from "../sample/attacks/attacks.ts";
import { type Side, writeAttacks } from "../sample/attacks/write.ts";
import { type Command, needed, UsageError, whole } from "./command.ts";
import { openNetworks } from "./networks.ts";

const MOST = 10_000;
const KINDS: readonly string[] = [...new Set([...PICTURE_KINDS, ...SEQUENCE_KINDS])];
const SIDES: readonly string[] = ["fit", "test", "all"] satisfies Side[];

export const sampleAttacks: Command = {
  usage:
    "sample-attacks --seed N --out DIR [--count N] [--first N] [--faces DIR] [--side fit|test|all] [--only pictures|sequences] [--kinds live,print,…]",
  summary: "Simulate prints, screens, cut-outs and deceits of the liveness challenge, beside living people.",
  flags: {
    seed: "string",
    out: "string",
    count: "string",
    first: "string",
    faces: "string",
    side: "string",
    only: "string",
    kinds: "string",
  },
  async run(words, flags, context) {
    if (words.length > 0) throw new UsageError(`"${words[0]}" is one word too many.`);
    needed(flags, "seed");
    const { side = "all", only } = flags;
    if (typeof side !== "string" || !SIDES.includes(side))
      throw new UsageError(`--side must be one of ${SIDES.join(", ")}.`);
    if (only !== undefined && only !== "pictures" && only !== "sequences")
      throw new UsageError("--only must be pictures or sequences.");
    const kinds = typeof flags.kinds === "string" ? flags.kinds.split(",") : KINDS;
    const unknown = kinds.find((kind) => !KINDS.includes(kind));
    if (unknown !== undefined) throw new UsageError(`--kinds: "${unknown}" is none of ${KINDS.join(", ")}.`);
    const out = needed(flags, "out");
    const { models } = await openNetworks(context);
    const written = await writeAttacks(
      {
        seed: whole(flags, "seed", 0, 0, 2 ** 32 - 1),
        count: whole(flags, "count", 8, 1, MOST),
        first: whole(flags, "first", 1, 1, MOST),
        out,
        faces: typeof flags.faces === "string" ? flags.faces : undefined,
        side: side as Side,
        pictures: only === "sequences" ? [] : PICTURE_KINDS.filter((kind) => kinds.includes(kind)),
        sequences: only === "pictures" ? [] : SEQUENCE_KINDS.filter((kind) => kinds.includes(kind)),
        onDone: (file) => context.out.note(file),
      },
      models,
    );
    await models.close();
    context.out.result({ out, ...written }, () => [
      `${written.pictures} pictures and ${written.sequences} sequences in ${out}`,
    ]);
  },
};
