import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WrittenSequence } from "../sample/attacks/write.ts";
import { type ChallengeCase, challengeSummary } from "../vision/liveness/evaluate.ts";
import { lookAtChallenge } from "../vision/look.ts";
import { rounded } from "./command.ts";
import type { Evaluation } from "./evaluation.ts";
import { openNetworks } from "./networks.ts";

/** How well people who do as they are asked are told from those who deceive the challenge. */
export const evaluateChallenge: Evaluation = async (text, dir, context) => {
  const { out } = context;
  const sequences = JSON.parse(text) as readonly WrittenSequence[];
  const { models } = await openNetworks(context);
  const cases: ChallengeCase[] = [];
  for (const { id, label, person, actions, frames } of sequences) {
    const pictures = await Promise.all(
      frames.map(async ({ file, at }) => ({ at, bytes: await readFile(join(dir, file)) })),
    );
    const { verdict, milliseconds } = await lookAtChallenge(pictures, actions, models);
    const failed = [
      ...verdict.actions.filter(({ seen }) => !seen).map(({ action, fault }) => `${action} ${fault}`),
      ...verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name),
    ];
    cases.push({ label, passed: verdict.passed });
    const surprising = verdict.passed !== (label === "live");
    if (out.json || surprising) {
      out.result(
        { id, label, person, asked: actions, ...verdict, milliseconds: rounded(milliseconds) },
        () => [`${id} (${person}) ${verdict.passed ? "passes" : `is refused: ${failed.join(", ")}`}`],
      );
    }
  }
  await models.close();
  const summary = challengeSummary(cases);
  out.result({ ...summary }, () => [
    "",
    "kind          sequences   passed",
    ...Object.entries(summary.kinds).map(
      ([kind, { sequences: of, passed }]) => `${kind.padEnd(14)}${String(of).padEnd(12)}${passed}`,
    ),
    "",
    `${summary.attacks_passed} of ${summary.attacks} attacks pass; ${summary.live_passed} of ${summary.live} living people do`,
  ]);
};
