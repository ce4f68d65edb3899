import { type Matrix, multiply, warp } from "../../vision/geometry.ts";
import type { Pixels } from "../../vision/image.ts";
import type { Action } from "../../vision/liveness/actions.ts";
import { addNoise, asSharp, shade } from "../pixels.ts";
import type { Random } from "../random.ts";
import { drawPuppet, type Motion, type Pose, type Puppet, RADIANS, REST } from "./puppet.ts";

/** One frame as a phone would send it. */
export interface SampleFrame {
  /** Milliseconds since the first. */
  readonly at: number;
  readonly jpeg: Uint8Array;
}

/** What one movement does at its farthest. */
type Peak = Partial<Pose>;

/** One movement: when it begins, how long it goes there, stays and comes back, milliseconds. */
interface Stroke {
  readonly begin: number;
  readonly there: number;
  readonly stay: number;
  readonly back: number;
  readonly peak: Peak;
}

/** A person's performance: how the face is held at any time. */
export interface Performance {
  readonly length: number;
  pose(at: number): Pose;
}

const FRAMES = 60;
/** From the peak's edge to the middle of a movement people speed up and slow down. */
const ease = (share: number) => 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, Math.min(1, share)));

/**
 * A performance of the actions one after another, each at its own pace, with reflexes of the eyes and a head that is
 * never quite still.
 * @param yaw  degrees by which the head of the photograph has to be turned to face the camera
 */
export function perform(actions: readonly Action[], random: Random, yaw = 0): Performance {
  const strokes: Stroke[] = [];
  let now = random.between(450, 800);
  for (const action of actions) {
    const stroke = { begin: now, ...strokeOf(action, random) };
    strokes.push(stroke);
    now += stroke.there + stroke.stay + stroke.back + random.between(350, 650);
  }
  const length = now + random.between(100, 300);
  const reflexes = Array.from({ length: random.chance(0.5) ? 1 : 0 }, () =>
    random.between(100, length - 300),
  );
  for (const begin of reflexes) {
    const clear = strokes.every((s) => begin + 260 < s.begin || begin > s.begin + s.there + s.stay + s.back);
    if (clear) strokes.push({ begin, there: 70, stay: 30, back: 90, peak: { shut: 1 } });
  }
  const sway = wander(random, 1.2);
  const nod = wander(random, 0.9);
  return {
    length,
    pose(at) {
      const pose = { ...REST, yaw: yaw + sway(at), pitch: nod(at) };
      for (const { begin, there, stay, back, peak } of strokes) {
        const t = at - begin;
        const share = t < there + stay ? ease(t / there) : ease(1 - (t - there - stay) / back);
        for (const [name, far] of Object.entries(peak) as [keyof Pose, number][])
          pose[name] += (far - REST[name]) * share;
      }
      return pose;
    },
  };
}

function strokeOf(action: Action, random: Random): Omit<Stroke, "begin"> {
  const times = (there: number, stay: number, back: number) => {
    const pace = random.between(0.8, 1.35);
    return { there: there * pace, stay: stay * pace, back: back * pace };
  };
  switch (action) {
    case "blink":
      return { ...times(140, 380, 160), peak: { shut: 1 } };
    case "open_mouth":
      return { ...times(330, 300, 330), peak: { mouth: random.between(0.8, 1) } };
    case "turn_left":
      return { ...times(520, 250, 520), peak: { yaw: random.between(21, 28) } };
    case "turn_right":
      return { ...times(520, 250, 520), peak: { yaw: -random.between(21, 28) } };
    case "look_up":
      return { ...times(480, 250, 480), peak: { pitch: random.between(15, 21) } };
    case "move_closer":
      return { ...times(650, 250, 650), peak: { nearer: random.between(1.32, 1.5) } };
  }
}

/** A slow wandering about 0, as of a hand. @param size  about as far as it goes */
export function wander(random: Random, size: number): (at: number) => number {
  const waves = [0.23, 0.61, 1.37].map((hertz, i) => ({
    speed: (2 * Math.PI * hertz * random.between(0.8, 1.25)) / 1000,
    phase: random.between(0, 2 * Math.PI),
    size: (size * random.between(0.6, 1.2)) / (1 + i),
  }));
  return (at) => waves.reduce((sum, w) => sum + w.size * Math.sin(w.speed * at + w.phase), 0);
}

/** Room around the view that the hand's shaking may reach into, as a share of the photograph. */
const MARGIN = 0.06;
/** Width and height of a frame, in pixels. */
const VIEW = { width: 480, height: 640 } as const;

/** A camera in a hand: where it points, its light and its noise. */
export interface Camera {
  view(at: number, photograph: Pixels): Matrix;
  readonly light: (at: number) => { gain: number; slope: number; warmth: number };
  readonly noise: number;
  readonly quality: number;
}

export function camera(random: Random): Camera {
  const [x, y, roll, zoom] = [
    wander(random, 0.012),
    wander(random, 0.012),
    wander(random, 0.9),
    wander(random, 0.008),
  ];
  const flicker = wander(random, 0.012);
  const [gain, slope, warmth] = [
    random.between(0.8, 1.15),
    random.between(-0.25, 0.25),
    random.between(-0.06, 0.06),
  ];
  return {
    noise: random.between(1, 4.5),
    quality: random.whole(72, 92),
    light: (at) => ({ gain: gain * (1 + flicker(at)), slope, warmth }),
    view(at, { width, height }) {
      const k = ((1 + zoom(at)) * VIEW.width) / ((1 - 2 * MARGIN) * width);
      const [c, s] = [Math.cos(roll(at) * RADIANS) * k, Math.sin(roll(at) * RADIANS) * k];
      const [cx, cy] = [width / 2, height / 2];
      const [tx, ty] = [VIEW.width * (0.5 + x(at)), VIEW.height * (0.5 + y(at))];
      return [c, -s, tx - c * cx + s * cy, s, c, ty - s * cx - c * cy, 0, 0, 1];
    },
  };
}

/** Takes frames of a performance. @param motion  a solid head, or a picture that is moved as if it were one */
export async function take(
  puppet: Puppet,
  motion: Motion,
  { length, pose }: Performance,
  eye: Camera,
  random: Random,
): Promise<SampleFrame[]> {
  const usual = Math.max(random.between(85, 125), length / (FRAMES - 2));
  const frames: SampleFrame[] = [];
  for (let at = 0; at <= length && frames.length < FRAMES; at += usual * random.between(0.93, 1.07)) {
    const drawn = drawPuppet(
      puppet,
      motion(puppet, pose(at)),
      eye.view(at, puppet.photograph),
      VIEW.width,
      VIEW.height,
    );
    frames.push({ at: Math.round(at), jpeg: await expose(drawn, eye, at, random) });
  }
  return frames;
}

/** Light, noise and JPEG. */
export async function expose(picture: Pixels, eye: Camera, at: number, random: Random): Promise<Uint8Array> {
  const { gain, slope, warmth } = eye.light(at);
  shade(picture, (x) => gain + slope * (x - 0.5), [1 + warmth, 1, 1 - warmth]);
  addNoise(picture, random, eye.noise);
  return asSharp(picture).jpeg({ quality: eye.quality }).toBuffer();
}

/** A still photograph before a camera that moves: no pose changes. */
export async function takeStill(
  photograph: Pixels,
  eye: Camera,
  length: number,
  random: Random,
  shake: (at: number) => Matrix,
): Promise<SampleFrame[]> {
  const usual = random.between(100, 160);
  const frames: SampleFrame[] = [];
  for (let at = 0; at <= length && frames.length < FRAMES; at += usual * random.between(0.93, 1.07)) {
    const back = invertAffine(multiply(shake(at), eye.view(at, photograph)));
    frames.push({
      at: Math.round(at),
      jpeg: await expose(warp(photograph, back, VIEW.width, VIEW.height, 90), eye, at, random),
    });
  }
  return frames;
}

function invertAffine([a, b, c, d, e, f]: Matrix): Matrix {
  const det = a * e - b * d;
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det, 0, 0, 1];
}
