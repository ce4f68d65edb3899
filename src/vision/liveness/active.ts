import { cosineSimilarity } from "../face/compare.ts";
import { embed } from "../face/embed.ts";
import { findFaces, measureFace } from "../face/face.ts";
import type { LivenessResult } from "../facts.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { type Action, FRAMES_ASKED } from "./actions.ts";
import { evidenceOf } from "./evidence.ts";
import { judgeLiveness } from "./passive.ts";
import { type Relief, reliefIn } from "./relief.ts";
import { type Scene, type Tracked, track } from "./track.ts";
import { type ActionSeen, compareActions, type Movement, movements, restOf } from "./trajectory.ts";

/** What a sequence must be like, beyond the actions. */
export const SEQUENCE = {
  /** Longer side to which a frame is decoded, in pixels. */
  side: 720,
  /** From one frame to the next, and over all, milliseconds. */
  gap: { least: 15, most: 1_000 },
  length: { least: 1_500, most: 60_000 },
  /** Share of the frames that must show the face. */
  withFace: 0.9,
  /** Two frames that differ by less, as the mean of grey levels of the tiny scene, are one frame sent twice. */
  repeated: 0.04,
  /** A change of scene that is so many times the usual one, and the ones beside it, is a cut. */
  cut: { usual: 5, beside: 2.2, least: 3 },
  /** Grey levels 0..255 beyond which a change from frame to frame is a cut whatever the others are. */
  jump: 34,
  /** Cosine, see the embedding network's threshold: of frames at rest, and of those in mid-action. */
  sameFace: { rest: 0.55, action: 0.35 },
  /**
   * What the weakest turn must show of the face's relief, see `Relief`, followed from `from` degrees on. Chosen on
   * simulated turns of six people: solid heads reach a likeness of 0.48 to 0.7 and a parallax of 0.4 to 1.1, sheets that
   * are tilted, bent, squeezed or pushed aside a likeness of 0.25 at most.
   */
  depth: { likeness: 0.38, parallax: 0.25, from: 4 },
  /** Frames that the passive networks look at. */
  passive: 3,
  /** Least mean of their confidence. */
  spoof: 0.5,
} as const;

/** One check of the sequence as a whole. */
export interface SequenceCheck {
  readonly name:
    | "times"
    | "distinct"
    | "one_face"
    | "order"
    | "continuous"
    | "same_face"
    | "depth"
    | "genuine";
  readonly ok: boolean;
  /** What was measured, in the unit that `SEQUENCE` gives; null where it could not be. */
  readonly value: number | null;
}

/** What was seen of a challenge. */
export interface ChallengeVerdict {
  readonly passed: boolean;
  readonly actions: readonly ActionSeen[];
  readonly checks: readonly SequenceCheck[];
  /** Movements that nobody asked for. */
  readonly others: readonly Action[];
  readonly frames: number;
}

export interface ChallengeReport {
  readonly verdict: ChallengeVerdict;
  /** The number of the frame that shows the person best; null where none shows a face. */
  readonly best: number | null;
  /** One for each action that was asked for: JPEG; null where no frame shows the face. */
  readonly evidence: readonly (Uint8Array | null)[];
  /** Of the best frame, unit length. */
  readonly embedding: Float32Array | null;
  readonly liveness: LivenessResult | null;
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** One frame that can be decoded when its turn comes. */
export interface Frame {
  /** When it was taken, milliseconds of any clock. */
  readonly at: number;
  decode(): Promise<Pixels>;
}

/** A frame kept whole, because it may be the best. */
interface Kept {
  readonly frame: number;
  readonly image: Pixels;
  readonly rank: number;
}

/**
 * Judges a sequence of frames against the actions that were asked for.
 * @param frames  in the order in which they were taken
 * @throws {ImageRefusedError} where a frame is no picture
 */
export async function judgeChallenge(
  frames: readonly Frame[],
  asked: readonly Action[],
  models: Models,
): Promise<ChallengeReport> {
  const begun = performance.now();
  const tracked: (Tracked | null)[] = [];
  const kept: Kept[] = [];
  let decoding = 0;
  for (const [i, frame] of frames.entries()) {
    const from = performance.now();
    const image = await frame.decode();
    decoding += performance.now() - from;
    const seen = await track(image, frame.at - frames[0].at, models);
    tracked.push(seen);
    if (seen) keep(kept, { frame: i, image, rank: rankOf(seen) });
  }
  const followed = performance.now();
  const shown = tracked.filter((t) => t !== null);
  const checks: SequenceCheck[] = [timesCheck(frames), distinctCheck(tracked)];
  const share = shown.length / frames.length;
  const alone = shown.every(({ faces }) => faces === 1);
  checks.push({ name: "one_face", ok: share >= SEQUENCE.withFace && alone, value: share });

  const numbers = tracked.flatMap((t, i) => (t ? [i] : []));
  const decode = (k: number) => frames[numbers[k]].decode();
  if (shown.length < FRAMES_ASKED.least) {
    const actions = compareActions(asked, []).actions;
    return {
      verdict: { passed: false, actions, checks, others: [], frames: frames.length },
      best: kept[0]?.frame ?? null,
      evidence: await evidenceOf(actions, shown, decode),
      embedding: null,
      liveness: null,
      milliseconds: { decode: decoding, follow: followed - begun - decoding },
    };
  }
  const done = movements(shown);
  const { actions, others } = compareActions(asked, done);
  checks.push({ name: "order", ok: others.length === 0, value: others.length });
  checks.push(continuousCheck(shown));
  checks.push(depthCheck(shown, done));
  const embeddings = await embedSome(shown, done, decode, models);
  checks.push(sameFaceCheck(embeddings));
  const compared = performance.now();

  const confidences: number[] = [];
  let liveness: LivenessResult | null = null;
  let embedding: Float32Array | null = null;
  for (const { frame, image } of kept) {
    // The mesh led on to this face; the passive networks know the detector's box.
    const [face = (tracked[frame] as Tracked).face] = await findFaces(image, models);
    const measured = await measureFace(image, face, models);
    embedding ??= measured.facts.embedding;
    const judged = await judgeLiveness(image, measured, models, { liveness: SEQUENCE.spoof });
    liveness ??= judged;
    confidences.push(judged.confidence);
  }
  const genuine = confidences.reduce((sum, c) => sum + c, 0) / confidences.length;
  checks.push({ name: "genuine", ok: genuine >= SEQUENCE.spoof, value: genuine });
  const passed = checks.every(({ ok }) => ok) && actions.every(({ seen }) => seen);
  const judged = performance.now();
  const evidence = await evidenceOf(actions, shown, decode);
  return {
    verdict: { passed, actions, checks, others: others.map(({ action }) => action), frames: frames.length },
    best: kept[0].frame,
    evidence,
    embedding,
    liveness,
    milliseconds: {
      decode: decoding,
      follow: followed - begun - decoding,
      compare: compared - followed,
      liveness: judged - compared,
      evidence: performance.now() - judged,
    },
  };
}

/** Larger is better: sharp, looking into the camera, eyes open, mouth closed. */
const rankOf = ({ blur, yaw, pitch, eyes, mouth }: Tracked): number =>
  1 - blur - Math.hypot(yaw, pitch) / 60 + 0.3 * Math.min(eyes, 0.8) - 0.3 * mouth;

/** The best frames, the best of them first; two that follow upon one another say the same. */
function keep(kept: Kept[], one: Kept): void {
  const near = kept.findIndex(({ frame }) => one.frame - frame < 3);
  if (near >= 0 && kept[near].rank >= one.rank) return;
  if (near >= 0) kept.splice(near, 1);
  kept.push(one);
  kept.sort((a, b) => b.rank - a.rank);
  kept.splice(SEQUENCE.passive);
}

function timesCheck(frames: readonly Frame[]): SequenceCheck {
  const { gap, length } = SEQUENCE;
  const gaps = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  const all = frames[frames.length - 1].at - frames[0].at;
  const ok = gaps.every((g) => g >= gap.least && g <= gap.most) && all >= length.least && all <= length.most;
  return { name: "times", ok, value: all };
}

/** Mean of the grey levels by which two scenes differ, once both are as bright. */
function difference(a: Scene, b: Scene): number {
  const lift = a.mean - b.mean;
  const [of, from] = [a.light, b.light];
  let sum = 0;
  for (let i = 0; i < of.length; i++) sum += Math.abs(of[i] - from[i] - lift);
  return sum / of.length;
}

/** A camera's noise makes every frame another: two that are the same were not both taken. */
function distinctCheck(tracked: readonly (Tracked | null)[]): SequenceCheck {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tracked.length; i++) {
    for (let k = 0; k < i; k++) {
      const [a, b] = [tracked[i], tracked[k]];
      if (a && b) least = Math.min(least, difference(a.scene, b.scene));
    }
  }
  return { name: "distinct", ok: least >= SEQUENCE.repeated, value: Number.isFinite(least) ? least : null };
}

/** Hands and heads speed up and slow down; where frames were cut together the picture jumps once, and rests before and after. */
function continuousCheck(shown: readonly Tracked[]): SequenceCheck {
  const { usual, beside, least } = SEQUENCE.cut;
  const changes = shown.slice(1).map(({ scene }, i) => difference(scene, shown[i].scene));
  const middle = changes.toSorted((a, b) => a - b)[Math.floor(changes.length / 2)];
  let worst = 0;
  let ok = true;
  changes.forEach((change, i) => {
    const neighbours = Math.max(changes[i - 1] ?? 0, changes[i + 1] ?? 0, middle);
    const cut = change > least && change > usual * middle && change > beside * neighbours;
    if (cut || change > SEQUENCE.jump) ok = false;
    worst = Math.max(worst, change / neighbours);
  });
  return { name: "continuous", ok, value: worst };
}

/** Every turn must show it: a flat picture may seem deep once. */
function depthCheck(shown: readonly Tracked[], done: readonly Movement[]): SequenceCheck {
  const { yaw } = restOf(shown);
  const turns = done.filter(({ action }) => action === "turn_left" || action === "turn_right");
  const seen = turns.map(({ frame }) => reliefOfTurn(shown, frame, yaw) ?? { likeness: 0, parallax: 0 });
  const { likeness, parallax } = SEQUENCE.depth;
  const ok = seen.every((turn) => turn.likeness >= likeness && turn.parallax >= parallax);
  const weakest = seen.length === 0 ? null : Math.min(...seen.map((turn) => turn.likeness));
  return { name: "depth", ok: ok && seen.length > 0, value: weakest };
}

/** Mean of the ways there and back; null where the face was lost on both. @param peak  frame of the farthest */
function reliefOfTurn(shown: readonly Tracked[], peak: number, rest: number): Relief | null {
  const away = (i: number) => Math.abs(shown[i].yaw - rest) > SEQUENCE.depth.from;
  let [first, last] = [peak, peak];
  while (first > 0 && away(first)) first--;
  while (last < shown.length - 1 && away(last)) last++;
  const ways = [shown.slice(first, peak + 1), shown.slice(peak, last + 1).reverse()].flatMap((way) => {
    const angle = way[way.length - 1].yaw - way[0].yaw;
    const seen = reliefIn(
      way.map(({ plate }) => plate),
      Math.sin((angle * Math.PI) / 180),
    );
    return seen ? [seen] : [];
  });
  const mean = (of: (way: Relief) => number) => ways.reduce((sum, way) => sum + of(way), 0) / ways.length;
  return ways.length === 0
    ? null
    : { likeness: mean((way) => way.likeness), parallax: mean((way) => way.parallax) };
}

interface Embedded {
  readonly at: "rest" | "action";
  readonly embedding: Float32Array;
}

/** One frame at rest before, between and after the movements, and one of each movement. */
async function embedSome(
  shown: readonly Tracked[],
  done: readonly Movement[],
  decode: (k: number) => Promise<Pixels>,
  models: Models,
): Promise<Embedded[]> {
  const rest = restOf(shown);
  const away = ({ yaw, pitch, eyes, mouth }: Tracked) =>
    Math.hypot(yaw - rest.yaw, pitch - rest.pitch) / 10 +
    Math.abs(eyes - rest.eyes) +
    Math.abs(mouth - rest.mouth);
  const ends = [0, ...done.map(({ frame }) => frame), shown.length - 1];
  const chosen = new Map<number, Embedded["at"]>();
  for (let i = 1; i < ends.length; i++) {
    let best = ends[i - 1];
    for (let k = ends[i - 1]; k <= ends[i]; k++) if (away(shown[k]) < away(shown[best])) best = k;
    chosen.set(best, "rest");
  }
  for (const { action, frame } of done) {
    // A head that is turned away is compared half-way.
    const turned = action === "turn_left" || action === "turn_right" || action === "look_up";
    let k = frame;
    const half = (v: Tracked) => Math.hypot(v.yaw - rest.yaw, v.pitch - rest.pitch);
    while (turned && k > 0 && half(shown[k]) > half(shown[frame]) / 2) k--;
    if (!chosen.has(k)) chosen.set(k, "action");
  }
  const out: Embedded[] = [];
  for (const [k, at] of chosen)
    out.push({ at, embedding: await embed(await decode(k), shown[k].mesh.points, models) });
  return out;
}

/** How far the least similar pair lies above what is asked of it. */
function sameFaceCheck(embedded: readonly Embedded[]): SequenceCheck {
  let [ok, least] = [true, 1];
  embedded.forEach((a, i) => {
    for (const b of embedded.slice(0, i)) {
      const similarity = cosineSimilarity(a.embedding, b.embedding);
      const needed = a.at === "rest" && b.at === "rest" ? SEQUENCE.sameFace.rest : SEQUENCE.sameFace.action;
      if (similarity < needed) ok = false;
      least = Math.min(least, similarity);
    }
  });
  return { name: "same_face", ok, value: least };
}
