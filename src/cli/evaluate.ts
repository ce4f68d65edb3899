import { readFile } from "node:fs/promises";
import { type Command, needed, UsageError } from "./command.ts";
import type { Evaluation } from "./evaluation.ts";

/** Each is loaded when it is called. */
const EVALUATIONS: Readonly<Record<string, () => Promise<Evaluation>>> = {
  ktp: async () => (await import("./evaluate-ktp.ts")).evaluateKtp,
  faces: async () => (await import("./evaluate-faces.ts")).evaluateFaces,
  challenge: async () => (await import("./evaluate-challenge.ts")).evaluateChallenge,
  liveness: async () => (await import("./evaluate-liveness.ts")).evaluateLiveness,
};

export const evaluate: Command = {
  usage:
    "eval ktp TRUTH.json | faces PAIRS.csv | liveness LABELS.csv | challenge SEQUENCES.json  --dir DIR | cards | refusals | tamper  [--count N] [--seed N]  [--curves OUT.svg]",
  summary: "Measure against pictures whose truth is known; with --json the last line is the summary.",
  flags: { dir: "string", count: "string", seed: "string", curves: "string" },
  async run([what, truth, ...rest], flags, context) {
    if (what === "cards" && truth === undefined) {
      const { evaluateCards } = await import("./evaluate-cards.ts");
      return evaluateCards(flags, context);
    }
    if (what === "refusals" && truth === undefined) {
      const { evaluateRefusals } = await import("./evaluate-refusals.ts");
      return evaluateRefusals(flags, context);
    }
    if (what === "tamper" && truth === undefined) {
      const { evaluateTamper } = await import("./evaluate-tamper.ts");
      return evaluateTamper(flags, context);
    }
    const load = what !== undefined && Object.hasOwn(EVALUATIONS, what) ? EVALUATIONS[what] : undefined;
    if (load === undefined || truth === undefined || rest.length > 0) {
      throw new UsageError("Say what to measure and against which file.");
    }
    const evaluation = await load();
    await evaluation(await readFile(truth, "utf8"), needed(flags, "dir"), context, flags);
  },
};
