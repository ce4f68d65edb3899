import type { HeadPose } from "../facts.ts";
import type { Point3 } from "./mesh.ts";

/**
 * A face that looks straight into the camera: mesh point → x, y, z, the distance of the outer corners of the eyes
 * being 1 and the bridge of the nose the origin. Mean of 44 near-frontal meshes of the photographs in the npm packages
 * `@vladmandic/human` and `@vladmandic/face-api`, made symmetric; its pitch set level with MediaPipe's canonical face.
 * Points that speech and expression move are left out.
 */
const FRONTAL: Readonly<Record<number, Point3>> = {
  33: [-0.499, 0.048, 0.237],
  263: [0.499, 0.048, 0.237],
  133: [-0.193, 0.065, 0.18],
  362: [0.193, 0.065, 0.18],
  127: [-0.749, 0.119, 0.761],
  356: [0.749, 0.119, 0.761],
  234: [-0.74, 0.265, 0.809],
  454: [0.74, 0.265, 0.809],
  67: [-0.385, -0.462, 0.141],
  297: [0.385, -0.462, 0.141],
  103: [-0.544, -0.393, 0.257],
  332: [0.544, -0.393, 0.257],
  54: [-0.645, -0.294, 0.389],
  284: [0.645, -0.294, 0.389],
  10: [0, -0.501, 0.056],
  151: [0, -0.336, 0.015],
  9: [0, -0.16, -0.015],
  168: [0, 0, 0],
  6: [0, 0.078, -0.048],
  197: [0, 0.149, -0.104],
  195: [0, 0.214, -0.162],
  5: [0, 0.282, -0.223],
  4: [0, 0.37, -0.252],
  1: [0, 0.437, -0.231],
  2: [0, 0.505, -0.06],
};
const INDICES = Object.keys(FRONTAL).map(Number);

const DEGREES = 180 / Math.PI;

/**
 * How the head is turned: the rotation that brings {@link FRONTAL} nearest to the mesh in the least-squares sense, read
 * as a turn about the neck (yaw), a nod (pitch) and a lean in the picture (roll), in this order from the head outwards.
 * So turning the picture changes the roll alone.
 * @param points  the 468 points of the mesh
 */
export function headPose(points: readonly Point3[]): HeadPose {
  const r = rotation(
    INDICES.map((i) => FRONTAL[i]),
    INDICES.map((i) => points[i]),
  );
  return {
    yaw: Math.asin(Math.max(-1, Math.min(1, r[2][0]))) * DEGREES,
    pitch: Math.atan2(-r[2][1], r[2][2]) * DEGREES,
    roll: Math.atan2(r[1][0], r[0][0]) * DEGREES,
  };
}

/**
 * The rotation of the best similarity from `from` to `to` (Horn 1987, "Closed-form solution of absolute orientation
 * using unit quaternions"), rows first.
 */
function rotation(from: readonly Point3[], to: readonly Point3[]): readonly (readonly number[])[] {
  const centre = (points: readonly Point3[]) =>
    [0, 1, 2].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  const [a, b] = [centre(from), centre(to)];
  const s = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => from.reduce((sum, p, n) => sum + (p[i] - a[i]) * (to[n][j] - b[j]), 0)),
  );
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = s;
  const n = [
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ];
  const [w, x, y, z] = dominant(n);
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** Enough for a face: its eigenvalues lie far apart. */
const POWER_STEPS = 60;

/** The unit eigenvector of the largest eigenvalue of a symmetric matrix, by power iteration on a shifted matrix. */
function dominant(m: readonly (readonly number[])[]): number[] {
  // Shifted by a bound of all eigenvalues, the largest becomes the largest in magnitude too.
  const shift = Math.max(...m.map((row) => row.reduce((sum, v) => sum + Math.abs(v), 0)));
  let v = [1, 0.01, 0.01, 0.01];
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = m.map((row, i) => row.reduce((sum, value, j) => sum + value * v[j], shift * v[i]));
    const length = Math.hypot(...next);
    v = next.map((value) => value / length);
  }
  return v;
}
