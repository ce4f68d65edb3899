import { type Point, similarity } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import { cut } from "./crop.ts";
import { at, type Point3 } from "./mesh.ts";
import { IBUG_POINTS } from "./points.ts";

/**
 * Where dlib's mean face has the points of {@link IBUG_POINTS}, the face being 1 wide and high (`mean_face_shape` of
 * its `get_face_chip_details`, which its embedding network was trained with; brows and lower lip are left out there).
 */
const MEAN_FACE: readonly Point[] = [
  [0.490127, 0.203352],
  [0.490127, 0.307009],
  [0.490127, 0.409805],
  [0.490127, 0.515625],
  [0.36688, 0.587326],
  [0.426036, 0.609345],
  [0.490127, 0.628106],
  [0.554217, 0.609345],
  [0.613373, 0.587326],
  [0.121737, 0.216423],
  [0.187122, 0.178758],
  [0.265825, 0.179852],
  [0.334606, 0.231733],
  [0.260918, 0.245099],
  [0.182743, 0.244077],
  [0.645647, 0.231733],
  [0.714428, 0.179852],
  [0.793132, 0.178758],
  [0.858516, 0.216423],
  [0.79751, 0.244077],
  [0.719335, 0.245099],
  [0.254149, 0.780233],
  [0.340985, 0.745405],
  [0.428858, 0.727388],
  [0.490127, 0.742578],
  [0.551395, 0.727388],
  [0.639268, 0.745405],
  [0.726104, 0.780233],
  [0.290379, 0.784792],
  [0.428096, 0.778746],
  [0.490127, 0.785343],
  [0.552157, 0.778746],
  [0.689874, 0.784792],
];

/**
 * The face upright and of one size, as an embedding network wants it.
 * @param points   the 468 points of the mesh
 * @param size     side of the chip in pixels
 * @param padding  what is left around the mean face on each side, as a share of its width
 */
export function chip(image: Pixels, points: readonly Point3[], size: number, padding: number): Pixels {
  const place = (v: number) => ((padding + v) / (1 + 2 * padding)) * size - 0.5;
  const to = MEAN_FACE.map(([x, y]): Point => [place(x), place(y)]);
  const from = IBUG_POINTS.map((i) => at(points, i));
  return cut(image, similarity(to, from), size, size);
}
