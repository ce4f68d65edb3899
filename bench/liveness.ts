import { film, openStage } from "../src/sample/attacks/attacks.ts";
import { drawSelfie, makeCitizen } from "../src/sample/sample.ts";
import { describeLargestFace, findFaces, measureFace } from "../src/vision/face/face.ts";
import { decodeImage } from "../src/vision/image.ts";
import type { Action } from "../src/vision/liveness/actions.ts";
import { judgeChallenge, SEQUENCE } from "../src/vision/liveness/active.ts";
import { judgeLiveness } from "../src/vision/liveness/passive.ts";
import { SELFIE_MAX_SIDE } from "../src/vision/liveness/selfie.ts";
import { networksFor } from "../src/vision/look.ts";
import type { Models } from "../src/vision/models/models.ts";
import { openModels } from "../src/vision/models/open.ts";
import { type Contestant, clock, median, race, ratio } from "./harness.ts";
import { openBare, recorded, type Sight } from "./networks.ts";
import {
  COMPARISON,
  comparison,
  figures,
  medians,
  type Report,
  type Setting,
  times,
  WARM_UP,
} from "./report.ts";

/** Of the sample citizens: two whose selfies are compared, the first of whom also performs. */
const SEED = 21;
/** Threads of one inference, as the service's workers have. */
const THREADS = 1;
const FRAMES = 30;
const ACTIONS: readonly Action[] = ["turn_left", "open_mouth"];

/** One piece of work on pictures that are decoded, and what it may take at most, over the bare networks it asks. */
interface Work {
  readonly name: string;
  readonly title: string;
  readonly most: number;
  run(models: Models): Promise<unknown>;
}

/** A face pair, the passive judgement of a selfie and of a challenge's frames, each beside its bare networks. */
export async function liveness({
  runs,
  threads: wanted,
  cacheDir,
  packDir,
  progress,
}: Setting): Promise<Report> {
  const threads = wanted ?? THREADS;
  const own = await openModels({
    cacheDir,
    packDir,
    threads,
    names: [...new Set([...networksFor(true), ...networksFor(false)])],
  });
  const strong = own.has("spoof-2.7");
  const bare = await openBare(own, { cacheDir, packDir, threads });
  const works = await prepare(own);
  const networks = recorded(own);
  const contestants: Contestant[] = [];
  for (const work of works) {
    networks.take();
    await work.run(networks.models);
    const sights: readonly Sight[] = networks.take();
    contestants.push(
      { name: work.name, run: () => clock(() => work.run(own)) },
      {
        name: `${work.name} networks`,
        run: async () => [...(await bare.sessions(sights)).values()].reduce((sum, spent) => sum + spent, 0),
      },
    );
  }
  const raced = await race(contestants, {
    runs,
    warmUp: WARM_UP,
    onRound: (number, of) => progress(`liveness: round ${number} of ${of}`),
  });
  await bare.close();
  await own.close();
  const overs = works.map(({ name }) => ratio(raced[name].wall, raced[`${name} networks`].wall));
  return {
    tables: [
      {
        title: `On decoded pictures, ${strong ? "strong pack" : "baseline"}, ${threads} thread${threads === 1 ? "" : "s"} (${runs} runs each, in turn)`,
        head: ["", ...COMPARISON],
        rows: works.flatMap(({ name, title }) => [
          [title, ...comparison(raced[name], raced[name])],
          ["  its networks alone", ...comparison(raced[`${name} networks`], raced[name])],
        ]),
      },
    ],
    goals: works.map(({ name, title, most }, i) => ({
      goal: `${title}: at most ${most} × its bare networks`,
      measured: `${times(overs[i])} (${figures(median(raced[name].wall))} ms)`,
      met: overs[i] <= most,
    })),
    notes: [],
    figures: {
      milliseconds: medians(raced),
      over_networks: Object.fromEntries(works.map(({ name }, i) => [name, overs[i]])),
      pack: strong ? "minifasnet" : "baseline",
    },
  };
}

async function prepare(models: Models): Promise<readonly Work[]> {
  const selfies = await Promise.all([0, 1].map(async (i) => drawSelfie(await makeCitizen(SEED, i))));
  const [first, second] = await Promise.all(selfies.map((bytes) => decodeImage(bytes, SELFIE_MAX_SIDE)));
  const [face] = await findFaces(first, models);
  if (!face) throw new Error("a sample selfie shows no face");
  const measured = await measureFace(first, face, models);
  const filmed = await film(await openStage(selfies[0], models), {
    kind: "live",
    actions: ACTIONS,
    seed: SEED,
  });
  const frames = await Promise.all(
    Array.from({ length: FRAMES }, async (_, i) => {
      const { at, jpeg } = filmed[Math.round((i * (filmed.length - 1)) / (FRAMES - 1))];
      const image = await decodeImage(jpeg, SEQUENCE.side);
      return { at, decode: async () => image };
    }),
  );
  return [
    {
      name: "pair",
      title: "two selfies compared",
      most: 1.5,
      run: async (of) => [await describeLargestFace(first, of), await describeLargestFace(second, of)],
    },
    {
      name: "passive",
      title: "passive liveness of a face",
      most: 2,
      run: (of) => judgeLiveness(first, measured, of, { liveness: 0.7 }),
    },
    {
      name: "challenge",
      title: `a challenge of ${FRAMES} frames`,
      most: 1.5,
      run: (of) => judgeChallenge(frames, ACTIONS, of),
    },
  ];
}
