import { cut, turnedSquare } from "../face/crop.ts";
import type { FaceMesh } from "../face/mesh.ts";
import type { FactBox } from "../facts.ts";
import { type Box, type Matrix, warp } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";

/** What the strong pack says; the three sum to 1. */
export interface SpoofVerdict {
  readonly real: number;
  readonly print: number;
  readonly replay: number;
  /** `real` of each network alone: of the one that sees the face, and of the one that sees its surroundings. */
  readonly near: number;
  readonly wide: number;
}

/** Both networks' input is a square of this many pixels a side. */
const INPUT = 80;
/** Which network looks at how much of the surroundings: side of its crop over the face's box, as it was trained. */
const NETWORKS = [
  { name: "spoof-2.7", scale: 2.7 },
  { name: "spoof-4.0", scale: 4.0 },
] as const;
/** RetinaFace's box, which the networks were trained with, over BlazeFace's: narrower, and reaching up the forehead. */
const RETINA_BOX = { width: 0.95, height: 1.25 } as const;

/** Whether the strong pack is there. */
export const hasStrongSpoofing = (models: Models): boolean => NETWORKS.every(({ name }) => models.has(name));

/**
 * MiniFASNet's two networks on the picture as the camera gave it: mean of their probabilities on two crops each. The
 * detector's box and the mesh's are two guesses at the box that the networks were trained with; where the crops
 * disagree, the picture is a doubtful one.
 * @param detected  the detector's box
 */
export async function strongSpoofing(
  image: Pixels,
  mesh: FaceMesh,
  detected: FactBox,
  models: Models,
): Promise<SpoofVerdict> {
  const faces = [retinaBox(detected), meshBox(mesh)];
  const sums = [0, 0, 0];
  const alone: number[] = [];
  for (const { name, scale } of NETWORKS) {
    const pixels = new Uint8Array(faces.length * INPUT * INPUT * 3);
    faces.forEach((face, i) => {
      const { data } = surroundings(image, face, scale);
      pixels.set(data, i * data.length);
    });
    const { probabilities } = await models.get(name).see(pixels, INPUT, INPUT, faces.length);
    const mean = sums.map(
      (_, k) => faces.reduce((sum, __, i) => sum + probabilities.data[3 * i + k], 0) / faces.length,
    );
    mean.forEach((p, k) => {
      sums[k] += p / NETWORKS.length;
    });
    alone.push(mean[1]);
  }
  const [print, real, replay] = sums;
  const [near, wide] = alone;
  return { real, print, replay, near, wide };
}

function retinaBox([x, y, width, height]: FactBox): Box {
  const [w, h] = [width * RETINA_BOX.width, height * RETINA_BOX.height];
  return { x: x + (width - w) / 2, y: y + (height - h) / 2, width: w, height: h };
}

/** From the top of the forehead to the chin, cheek to cheek: the box of the mesh's points. */
export function meshBox({ points }: FaceMesh): Box {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/**
 * The crop that the networks were trained on: `scale` × the box around its centre, less where the picture is too small
 * for that, moved inside where it would stick out, squeezed to a square; sampled without averaging, because the fine
 * grain of print and screen is what they look for.
 */
function surroundings(image: Pixels, face: Box, scale: number): Pixels {
  const fit = Math.min(scale, (image.width - 1) / face.width, (image.height - 1) / face.height);
  const place = (start: number, length: number, room: number) => {
    const wanted = Math.min(room, Math.floor(length * fit) + 1);
    const from = start + length / 2 - (length * fit) / 2;
    return { from: Math.floor(Math.max(0, Math.min(room - wanted, from))), length: wanted };
  };
  const x = place(face.x, face.width, image.width);
  const y = place(face.y, face.height, image.height);
  const kx = x.length / INPUT;
  const ky = y.length / INPUT;
  const m: Matrix = [kx, 0, x.from + (kx - 1) / 2, 0, ky, y.from + (ky - 1) / 2, 0, 0, 1];
  return warp(image, m, INPUT, INPUT);
}

/** Side of the baseline's crop over the longer side of the face. */
const BASELINE_REACH = 1.25;
/** The baseline's networks and their inputs. */
const BASELINE = [
  { name: "spoof-baseline", input: 128, output: "real" },
  { name: "liveness-baseline", input: 32, output: "probabilities" },
] as const;

/**
 * The npm-borne networks' mean probability of "real", 0..1. On prints and screens it was measured to separate nothing:
 * it is shown, and may not decide.
 * @param face  forehead to chin and cheek to cheek
 */
export async function baselineSpoofing(
  image: Pixels,
  { x, y, width, height }: Box,
  models: Models,
): Promise<number> {
  const side = BASELINE_REACH * Math.max(width, height);
  let sum = 0;
  for (const { name, input, output } of BASELINE) {
    const toImage = turnedSquare([x + width / 2, y + height / 2], side, 0, input);
    const seen = await models.get(name).see(cut(image, toImage, input, input).data, input, input);
    sum += seen[output].data[0];
  }
  return sum / BASELINE.length;
}
