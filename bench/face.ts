import { drawSelfie, makeCitizen } from "../src/sample/sample.ts";
import { cosineSimilarity } from "../src/vision/face/compare.ts";
import { decodeImage } from "../src/vision/image.ts";
import { lookAtFace } from "../src/vision/look.ts";
import { CATALOGUE } from "../src/vision/models/catalogue.ts";
import type { ModelName, Models } from "../src/vision/models/models.ts";
import { openModels } from "../src/vision/models/open.ts";
import { type Contestant, clock, median, race, ratio } from "./harness.ts";
import { openBare, recorded, type Sight } from "./networks.ts";
import { type Detector, distance, openFaceApi } from "./peers/face-api.ts";
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

/** Of the sample citizens whose selfies are compared, each with the next one's. */
const SEED = 21;
const PEOPLE = 3;
/** Threads of one inference: face-api has one, and so have the service's workers. */
const THREADS = 1;
/** Goal: times faster than face-api with its default detector. */
const LEAST_LEAD = 5;
/** Goal: what is done from pixels to embeddings, over the bare networks in the same round. */
const MOST_OVER_NETWORKS = 1.5;
/** face-api's own, for its descriptors. */
const PEER_DISTANCE = 0.6;
const DETECTORS: readonly Detector[] = ["ssd_mobilenetv1", "tiny_face_detector"];

interface Pair {
  readonly pictures: readonly [Uint8Array, Uint8Array];
  /** What our comparison asks of the networks for both. */
  readonly sights: readonly Sight[];
}

/** Compares pairs of selfies beside the bare networks and `@vladmandic/face-api`. */
export async function face({ runs, threads: wanted, cacheDir, packDir, progress }: Setting): Promise<Report> {
  const threads = wanted ?? THREADS;
  const own = await openModels({ cacheDir, packDir, threads });
  const networks = recorded(own);
  const bare = await openBare(own, { cacheDir, packDir, threads });
  const peer = await openFaceApi();

  const selfies: Uint8Array[] = [];
  for (let index = 0; index < PEOPLE; index++) selfies.push(await drawSelfie(await makeCitizen(SEED, index)));
  const { width, height } = await decodeImage(selfies[0]);
  const pairs: Pair[] = [];
  for (const [index, first] of selfies.entries()) {
    const pictures = [first, selfies[(index + 1) % selfies.length]] as const;
    networks.take();
    await decide(pictures, networks.models);
    pairs.push({ pictures, sights: networks.take() });
  }
  const pairOf = (round: number) => pairs[round % pairs.length];

  const alone = new Map<ModelName, number[]>();
  /** Ours once both pictures are decoded, in milliseconds a round. */
  const decoded: number[] = [];
  const contestants: Contestant[] = [
    {
      name: "ours",
      async run(round) {
        const begun = performance.now();
        const { decoding } = await decide(pairOf(round).pictures, own);
        const milliseconds = performance.now() - begun;
        if (round >= WARM_UP) decoded.push(milliseconds - decoding);
        return milliseconds;
      },
    },
    {
      name: "networks",
      async run(round) {
        const spent = await bare.sessions(pairOf(round).sights);
        if (round >= WARM_UP)
          for (const [name, milliseconds] of spent)
            alone.set(name, [...(alone.get(name) ?? []), milliseconds]);
        return [...spent.values()].reduce((total, milliseconds) => total + milliseconds, 0);
      },
    },
    { name: "prepared", run: (round) => bare.sees(pairOf(round).sights) },
  ];
  if ("describe" in peer) {
    for (const detector of DETECTORS) {
      contestants.push({
        name: detector,
        run: (round) =>
          clock(async () => {
            const [first, second] = pairOf(round).pictures;
            const [a, b] = [await peer.describe(first, detector), await peer.describe(second, detector)];
            return distance(a, b) < PEER_DISTANCE;
          }),
      });
    }
  }
  const raced = await race(contestants, {
    runs,
    warmUp: WARM_UP,
    onRound: (number, of) => progress(`face: round ${number} of ${of}`),
  });
  await bare.close();
  await own.close();

  const measured = new Set(contestants.map(({ name }) => name));
  const row = (label: string, name: string) => [label, ...comparison(raced[name], raced.ours)];
  const [standard] = DETECTORS;
  const lead = measured.has(standard) ? ratio(raced[standard].wall, raced.ours.wall) : null;
  const over = ratio(decoded, raced.networks.wall);
  return {
    tables: [
      {
        title: `Two selfies to a decision (${width} × ${height}; ${runs} runs each, in turn)`,
        head: ["", ...COMPARISON],
        rows: [
          row(`ours (${threads} thread${threads === 1 ? "" : "s"})`, "ours"),
          row("our networks alone, same sizes", "networks"),
          row("our networks and the preparation of pixels", "prepared"),
          ...DETECTORS.filter((name) => measured.has(name)).map((name) =>
            row(`@vladmandic/face-api, ${name}`, name),
          ),
        ],
      },
      {
        title: "Ours, by network",
        head: ["", "calls", "bare ms"],
        rows: [...alone].map(([name, spent]) => [
          name,
          String(pairs[0].sights.filter((sight) => sight.name === name).length),
          median(spent),
        ]),
      },
    ],
    goals: [
      {
        goal: `once decoded, at most ${MOST_OVER_NETWORKS} × the bare networks`,
        measured: `${times(over)} (${figures(median(decoded))} ms)`,
        met: over <= MOST_OVER_NETWORKS,
      },
      {
        goal: `at least ${LEAST_LEAD} × faster than @vladmandic/face-api`,
        measured:
          lead === null ? `it needs ${"missing" in peer ? peer.missing.join(" and ") : ""}` : times(lead),
        met: lead === null ? null : lead >= LEAST_LEAD,
      },
    ],
    notes: [
      `Decoding included, ours is ${times(ratio(raced.ours.wall, raced.networks.wall))} its bare networks.`,
      ...("backend" in peer
        ? [`face-api computes in ${peer.backend}; ssd_mobilenetv1 is its default detector.`]
        : []),
    ],
    figures: {
      milliseconds: medians(raced),
      networks: Object.fromEntries([...alone].map(([name, spent]) => [name, median(spent)])),
      lead,
      decoded: median(decoded),
      over_networks: over,
    },
  };
}

/** Whether two pictures show one person, and how many milliseconds of finding out went into decoding them. */
async function decide(
  [first, second]: readonly [Uint8Array, Uint8Array],
  models: Models,
): Promise<{ readonly same: boolean; readonly decoding: number }> {
  const [a, b] = [await lookAtFace(first, models), await lookAtFace(second, models)];
  if (!a.face || !b.face) throw new Error("a sample selfie shows no face");
  const { threshold = 1 } = CATALOGUE["face-embedding"];
  return {
    same: cosineSimilarity(a.face.embedding, b.face.embedding) >= threshold,
    decoding: a.milliseconds.decode + b.milliseconds.decode,
  };
}
