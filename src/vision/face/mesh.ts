import { type Point, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { cut, turnedSquare } from "./crop.ts";
import type { DetectedFace } from "./detect.ts";
import { type EyeCorners, IRIS, LEFT_EYE, LOWER_LID, RIGHT_EYE, UPPER_LID } from "./points.ts";

export type Point3 = readonly [x: number, y: number, z: number];

/** The surface of a face. */
export interface FaceMesh {
  /** MediaPipe's 468 points: x, y in pixels of the picture, z on the same scale, smaller is nearer to the camera. */
  readonly points: readonly Point3[];
  /** 0..1: how sure the network is that it looked at a face. */
  readonly score: number;
  /** By how much the eyes' line leans clockwise in the picture, in radians. */
  readonly lean: number;
}

/** What lies between the lids, in pixels of the picture. */
export interface EyeShape {
  /** Between the lids where they are farthest apart. */
  readonly aperture: number;
  /** Diameter of the iris, guessed by the network where the lids hide it. */
  readonly iris: number;
  /** The lids' edges from the outer corner inwards, without the corners; each above the one below it. */
  readonly lids: { readonly upper: readonly Point[]; readonly lower: readonly Point[] };
}

const MESH_INPUT = 192;
/** Side of the mesh's crop over the detector's box (the network's published configuration). */
const MESH_REACH = 1.5;
const IRIS_INPUT = 64;
/** Side of the iris network's crop over the distance of the eye's corners (the network's published configuration). */
const IRIS_REACH = 2.3;
/** Points an eye in the iris network's output. */
const IRIS_POINTS = 76;

/** Lays the mesh over a face: a crop around the detector's box, turned so that the eyes are level. */
export async function mesh(
  image: Pixels,
  { box, points }: Pick<DetectedFace, "box" | "points">,
  models: Models,
): Promise<FaceMesh> {
  const centre: Point = [box.x + box.width / 2, box.y + box.height / 2];
  const side = MESH_REACH * Math.max(box.width, box.height);
  const lean = direction(points[0], points[1]);
  const toImage = turnedSquare(centre, side, lean, MESH_INPUT);
  const crop = cut(image, toImage, MESH_INPUT, MESH_INPUT);
  const output = await models.get("face-mesh").see(crop.data, MESH_INPUT, MESH_INPUT);
  const raw = output.points.data;
  const found = Array.from({ length: raw.length / 3 }, (_, i): Point3 => {
    const [x, y] = transform(toImage, [raw[3 * i], raw[3 * i + 1]]);
    return [x, y, (raw[3 * i + 2] * side) / MESH_INPUT];
  });
  return {
    points: found,
    score: output.flag.data[0],
    lean: direction(at(found, LEFT_EYE.outer), at(found, RIGHT_EYE.outer)),
  };
}

/** Looks closely at both eyes, the picture's left one first. */
export async function eyes(
  image: Pixels,
  { points, lean }: FaceMesh,
  models: Models,
): Promise<readonly [EyeShape, EyeShape]> {
  const pixels = IRIS_INPUT * IRIS_INPUT * 3;
  const both = new Uint8Array(2 * pixels);
  const crops = [LEFT_EYE, RIGHT_EYE].map((eye, i) => {
    const side = IRIS_REACH * distance(at(points, eye.outer), at(points, eye.inner));
    const toImage = turnedSquare(middle(points, eye), side, lean, IRIS_INPUT);
    const crop = cut(image, toImage, IRIS_INPUT, IRIS_INPUT);
    // The network knows left eyes; the right one is shown to it in a mirror.
    both.set(i === 0 ? crop.data : mirrored(crop).data, i * pixels);
    return { scale: side / IRIS_INPUT, toImage };
  });
  const { points: output } = await models.get("iris").see(both, IRIS_INPUT, IRIS_INPUT, 2);
  const [left, right] = crops.map(({ scale, toImage }, i): EyeShape => {
    const raw = output.data.subarray(i * IRIS_POINTS * 3, (i + 1) * IRIS_POINTS * 3);
    const point = (k: number): Point => [raw[3 * k], raw[3 * k + 1]];
    const across = (a: number, b: number) => distance(point(a), point(b));
    const place = (k: number): Point => {
      const [x, y] = point(k);
      return transform(toImage, [i === 0 ? x : IRIS_INPUT - 1 - x, y]);
    };
    return {
      aperture: scale * Math.max(...LOWER_LID.map((lower, k) => across(lower, UPPER_LID[k]))),
      iris: (scale * (across(IRIS.left, IRIS.right) + across(IRIS.top, IRIS.bottom))) / 2,
      lids: { upper: UPPER_LID.map(place), lower: LOWER_LID.map(place) },
    };
  });
  return [left, right];
}

/** The picture as a mirror shows it. */
export function mirrored({ width, height, data }: Pixels): Pixels {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let from = y * width * 3, to = from + (width - 1) * 3; to >= y * width * 3; from += 3, to -= 3) {
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return { width, height, data: out };
}

/** A mesh point as it lies in the picture. */
export const at = (points: readonly Point3[], i: number): Point => [points[i][0], points[i][1]];

export const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Clockwise from the x axis to the line from `a` to `b`, in radians. */
const direction = (a: Point, b: Point): number => Math.atan2(b[1] - a[1], b[0] - a[0]);

const middle = (points: readonly Point3[], { outer, inner }: EyeCorners): Point => [
  (points[outer][0] + points[inner][0]) / 2,
  (points[outer][1] + points[inner][1]) / 2,
];
