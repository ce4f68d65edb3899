import type { Point3 } from "../../vision/face/mesh.ts";
import { centreOf, express, faceWidth, type Motion, RADIANS } from "./puppet.ts";

/** How a flat photograph is made to seem to turn. */
export type FlatKind = "tilted" | "bent" | "shifted" | "squeezed";

/** From the camera to the sheet, in widths of the face. */
const DISTANCE = 3.2;
/** Radius of a bent sheet, in widths of the face. */
const BEND = 0.9;
/** How wide the part is that is pushed aside, in widths of the face. */
const PUSH = 0.42;

/** The sheet is turned as a whole about its middle. */
const tilted: Motion = (puppet, pose) => {
  const face = faceWidth(puppet.points);
  const [cx, cy] = centreOf(puppet.points);
  const distance = DISTANCE * face;
  // A sheet has to be turned further than a head to look turned.
  const [yaw, pitch] = [1.6 * pose.yaw * RADIANS, 1.6 * pose.pitch * RADIANS];
  return express(puppet, pose).map(([px, py]): Point3 => {
    const [x, y] = [px - cx, py - cy];
    const z = -x * Math.sin(yaw) - y * Math.sin(pitch);
    const k = distance / (distance / pose.nearer + z);
    return [cx + x * Math.cos(yaw) * k, cy + y * Math.cos(pitch) * k, z];
  });
};

/** The sheet is bent around an upright axis, or a level one for a nod, and turned about it. */
const bent: Motion = (puppet, pose) => {
  const face = faceWidth(puppet.points);
  const [cx, cy] = centreOf(puppet.points);
  const radius = BEND * face;
  const distance = DISTANCE * face;
  return express(puppet, pose).map(([px, py]): Point3 => {
    const [x, y] = [px - cx, py - cy];
    const around = Math.max(-1.5, Math.min(1.5, x / radius + pose.yaw * RADIANS));
    const over = Math.max(-1.5, Math.min(1.5, y / radius - pose.pitch * RADIANS));
    const z = radius * (2 - Math.cos(around) - Math.cos(over));
    const k = distance / (distance / pose.nearer + z);
    return [cx + radius * Math.sin(around) * k, cy + radius * Math.sin(over) * k, z];
  });
};

/** The middle of the face is pushed aside within its outline, as simple animators do. */
const shifted: Motion = (puppet, pose) => {
  const face = faceWidth(puppet.points);
  const [cx, cy] = centreOf(puppet.points);
  return express(puppet, pose).map(([px, py], i): Point3 => {
    const [x, y] = [px - cx, py - cy];
    const share = puppet.follows[i] * Math.exp(-(x * x + y * y) / (2 * (PUSH * face) ** 2));
    const dx = 0.6 * face * Math.sin(pose.yaw * RADIANS) * share;
    const dy = -0.6 * face * Math.sin(pose.pitch * RADIANS) * share;
    return [cx + (x + dx) * pose.nearer, cy + (y + dy) * pose.nearer, 0];
  });
};

/** One half of the face is made narrow and the other wide. */
const squeezed: Motion = (puppet, pose) => {
  const face = faceWidth(puppet.points);
  const [cx, cy] = centreOf(puppet.points);
  const squeeze = (v: number, by: number) => v + by * (1 - Math.min(1, (2 * v) / face) ** 2) * face * 0.5;
  return express(puppet, pose).map(([px, py], i): Point3 => {
    const [x, y] = [px - cx, py - cy];
    const f = puppet.follows[i];
    const across = Math.abs(x) > face / 2 ? x : squeeze(x, Math.sin(pose.yaw * RADIANS));
    const down = Math.abs(y) > face / 2 ? y : squeeze(y, -Math.sin(pose.pitch * RADIANS));
    return [cx + (f * across + (1 - f) * x) * pose.nearer, cy + (f * down + (1 - f) * y) * pose.nearer, 0];
  });
};

export const FLAT: Readonly<Record<FlatKind, Motion>> = { tilted, bent, shifted, squeezed };
