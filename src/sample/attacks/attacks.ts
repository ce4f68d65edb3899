import { findFaces } from "../../vision/face/face.ts";
import { eyes, mesh } from "../../vision/face/mesh.ts";
import { headPose } from "../../vision/face/pose.ts";
import { decodeImage, type Pixels } from "../../vision/image.ts";
import { type Action, drawActions } from "../../vision/liveness/actions.ts";
import type { Models } from "../../vision/models/models.ts";
import { asSharp } from "../pixels.ts";
import { Random } from "../random.ts";
import { FLAT, type FlatKind } from "./flat.ts";
import { makePuppet, type Puppet, solid } from "./puppet.ts";
import { recapture } from "./recapture.ts";
import { camera, type Performance, perform, type SampleFrame, take, takeStill, wander } from "./sequence.ts";

export type { SampleFrame } from "./sequence.ts";

/** What is done with one photograph to deceive a camera that takes one picture; `live` is the photograph itself. */
export const PICTURE_KINDS = ["live", "print", "replay", "cutout"] as const;
export type PictureKind = (typeof PICTURE_KINDS)[number];

/**
 * What is done to deceive a challenge; `live` is a solid face that does what it is asked for.
 * - `still`: a photograph, shaken
 * - `warped`: a photograph whose eyes, mouth and pose are moved in two dimensions
 * - `replayed`: a recording of somebody who passed another challenge
 * - `reordered`: the right movements, their frames in another order
 * - `spliced`: two people, each doing part of it
 *
 * All are handed in as if they came from the camera itself: no screen or paper gives them away.
 */
export const SEQUENCE_KINDS = ["live", "still", "warped", "replayed", "reordered", "spliced"] as const;
export type SequenceKind = (typeof SEQUENCE_KINDS)[number];

/** A person of whom pictures are made. */
export interface Stage {
  readonly puppet: Puppet;
  /** Degrees by which the photograph's head is turned away. */
  readonly yaw: number;
}

/** Longer side of the photographs that are animated, in pixels. */
const SIDE = 720;
/** How much of a photograph's own turn is taken back: what the camera did not see cannot be turned to it. */
const FACED = 0.6;
/** How much further a flat picture is turned than a head, to seem as far. */
const EXAGGERATED: Readonly<Record<FlatKind, number>> = {
  tilted: 1.6,
  bent: 1.9,
  shifted: 1.9,
  squeezed: 1.2,
};

/**
 * Makes a photograph's face movable.
 * @throws RangeError where it shows none
 */
export async function openStage(photograph: Uint8Array, models: Models): Promise<Stage> {
  const image = await decodeImage(photograph, SIDE);
  const [face] = await findFaces(image, models);
  if (!face) throw new RangeError("the photograph shows no face");
  const surface = await mesh(image, face, models);
  const lids = (await eyes(image, surface, models)).map((eye) => eye.lids);
  return { puppet: makePuppet(image, surface.points, lids), yaw: headPose(surface.points).yaw };
}

/** Of which sequence is to be made. */
export interface Order {
  readonly kind: SequenceKind;
  /** What the challenge asks for. */
  readonly actions: readonly Action[];
  readonly seed: number;
  /** Somebody else, for `spliced`. */
  readonly other?: Stage;
}

/** Makes the frames of a sequence. The same stage and order give the same bytes. */
export async function film(stage: Stage, { kind, actions, seed, other }: Order): Promise<SampleFrame[]> {
  const random = new Random(seed, kind, actions.join());
  const live = (of: Stage, what: readonly Action[], own = random) =>
    take(of.puppet, solid, perform(what, own, -FACED * of.yaw), camera(own), own);
  switch (kind) {
    case "live":
      return live(stage, actions);
    case "still": {
      const hand = { x: wander(random, 18), y: wander(random, 18), zoom: wander(random, 0.12) };
      return takeStill(
        stage.puppet.photograph,
        camera(random),
        1_500 * actions.length + 1_000,
        random,
        (at) => {
          const k = 1 + hand.zoom(at);
          return [k, 0, hand.x(at), 0, k, hand.y(at), 0, 0, 1];
        },
      );
    }
    case "warped": {
      const flat = random.pick(Object.keys(FLAT) as FlatKind[]);
      return take(
        stage.puppet,
        FLAT[flat],
        exaggerated(perform(actions, random), EXAGGERATED[flat]),
        camera(random),
        random,
      );
    }
    case "replayed":
      return live(stage, another(actions, random));
    case "reordered":
      return reorder(await live(stage, actions), random);
    case "spliced": {
      // The cut is made where both look straight ahead, as somebody would who has an eye for it.
      if (!other) throw new RangeError("a splice needs somebody else");
      const [first, second] = await Promise.all([
        live(stage, actions, new Random(seed, "first")),
        live(other, actions, new Random(seed, "second")),
      ]);
      const share = random.between(0.35, 0.65);
      const head = first.slice(0, Math.round(first.length * share));
      const tail = second.slice(Math.round(second.length * share));
      const shift = head[head.length - 1].at + 110 - tail[0].at;
      return [...head, ...tail.map(({ at, jpeg }) => ({ at: at + shift, jpeg }))];
    }
  }
}

function exaggerated({ length, pose }: Performance, times: number): Performance {
  return {
    length,
    pose(at) {
      const held = pose(at);
      return { ...held, yaw: held.yaw * times, pitch: held.pitch * times };
    },
  };
}

/** What another challenge asked for. */
function another(actions: readonly Action[], random: Random): Action[] {
  for (;;) {
    const drawn = drawActions((n) => random.whole(0, n - 1));
    if (drawn.join() !== actions.join()) return drawn;
  }
}

/** Backwards, in pieces put together in another order, or some frames exchanged; the times stay in order. */
function reorder(frames: readonly SampleFrame[], random: Random): SampleFrame[] {
  const pictures = frames.map(({ jpeg }) => jpeg);
  const how = random.pick(["backwards", "pieces", "exchanged"] as const);
  if (how === "backwards") pictures.reverse();
  if (how === "pieces") {
    const a = Math.round(frames.length * random.between(0.25, 0.4));
    const b = Math.round(frames.length * random.between(0.6, 0.75));
    pictures.splice(
      0,
      pictures.length,
      ...pictures.slice(a, b),
      ...pictures.slice(0, a),
      ...pictures.slice(b),
    );
  }
  if (how === "exchanged") {
    for (let n = 0; n < 4; n++) {
      const [i, k] = [random.whole(0, frames.length - 1), random.whole(0, frames.length - 1)];
      [pictures[i], pictures[k]] = [pictures[k], pictures[i]];
    }
  }
  return frames.map(({ at }, i) => ({ at, jpeg: pictures[i] }));
}

/** Eyes of a face, as shares of the distance of their corners: what a mask's holes leave free. */
const HOLE = { wide: 0.62, high: 0.42 } as const;
const EYE_CORNERS = [
  [33, 133],
  [362, 263],
] as const;
/** Width and height of a picture taken of a print or a screen, in pixels. */
const TAKEN = { width: 480, height: 640 } as const;

/** Draws one picture as JPEG. The same stage, kind and seed give the same bytes. */
export async function drawPicture({ puppet }: Stage, kind: PictureKind, seed: number): Promise<Uint8Array> {
  const random = new Random(seed, kind, "picture");
  const jpeg = (picture: Pixels) =>
    asSharp(picture)
      .jpeg({ quality: random.whole(80, 95) })
      .toBuffer();
  if (kind === "live") {
    const own = camera(random);
    const [frame] = await takeStill(puppet.photograph, own, 0, random, () => [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    return frame.jpeg;
  }
  const holes = EYE_CORNERS.map(([a, b]) => {
    const [p, q] = [puppet.points[a], puppet.points[b]];
    const long = Math.hypot(p[0] - q[0], p[1] - q[1]);
    return { x: (p[0] + q[0]) / 2, y: (p[1] + q[1]) / 2, rx: long * HOLE.wide, ry: long * HOLE.high };
  });
  const shown = kind === "replay" ? "replay" : "print";
  return jpeg(
    recapture(puppet.photograph, { kind: shown, seed, ...TAKEN, ...(kind === "cutout" && { holes }) }),
  );
}
