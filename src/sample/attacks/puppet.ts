import type { EyeShape, Point3 } from "../../vision/face/mesh.ts";
import { type Matrix, type Point, transform } from "../../vision/geometry.ts";
import type { Pixels } from "../../vision/image.ts";
import { type Triangle, triangulate } from "./triangles.ts";

/** How a face is held at one moment. */
export interface Pose {
  /** Degrees, from how the photograph shows the head; signs as in `HeadPose`. */
  readonly yaw: number;
  readonly pitch: number;
  /** 0 as in the photograph .. 1 shut. */
  readonly shut: number;
  /** 0 as in the photograph .. 1 wide open. */
  readonly mouth: number;
  /** How many times as near to the camera as in the photograph. */
  readonly nearer: number;
}

export const REST: Pose = { yaw: 0, pitch: 0, shut: 0, mouth: 0, nearer: 1 };

/** A photograph whose face can be moved. */
export interface Puppet {
  readonly photograph: Pixels;
  /** Its 468 points, then those around it that the hair, the neck and the room hang on. */
  readonly points: readonly Point3[];
  /** 1: moves with the head .. 0: stays with the room; for each point. */
  readonly follows: readonly number[];
  readonly triangles: readonly Triangle[];
}

/** Where a point comes to lie: x, y in pixels of the photograph, z smaller is nearer. */
export type Motion = (puppet: Puppet, pose: Pose) => Point3[];

/** MediaPipe's outline of the face, clockwise from the top of the forehead. */
const OUTLINE = [
  10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
  150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
/** Upper lid, what lies above it, and the lower lid, of both eyes. */
const LIDS = [
  {
    upper: [246, 161, 160, 159, 158, 157, 173],
    above: [247, 30, 29, 27, 28, 56, 190],
    lower: [7, 163, 144, 145, 153, 154, 155],
  },
  {
    upper: [466, 388, 387, 386, 385, 384, 398],
    above: [467, 260, 259, 257, 258, 286, 414],
    lower: [249, 390, 373, 374, 380, 381, 382],
  },
] as const;
const UPPER_LIP = new Set([
  185, 40, 39, 37, 0, 267, 269, 270, 409, 191, 80, 81, 82, 13, 312, 311, 310, 415, 74, 73, 72, 11, 302, 303,
  304, 184, 42, 41, 38, 12, 268, 271, 272, 407, 408, 183,
]);
const MOUTH_CORNERS = new Set([61, 291, 78, 308, 62, 292, 76, 306]);
/** MediaPipe's lower lip, from its inner to its outer edge. */
const LOWER_LIP = new Set([
  324, 318, 402, 317, 14, 87, 178, 88, 95, 325, 319, 403, 316, 15, 86, 179, 89, 96, 307, 320, 404, 315, 16,
  85, 180, 90, 77, 375, 321, 405, 314, 17, 84, 181, 91, 146,
]);
const INNER_CORNERS = [78, 308] as const;
/** How far the bow of the lips reaches, in halves of the distance of the mouth's inner corners. */
const LIPS_REACH = 1.15;
const INNER_LIPS = [
  78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
];
const LOWER_LIP_INNER = 14;
const UPPER_LIP_INNER = 13;
/** Between the eyes, and below the nose. */
const NASION = 168;
const NOSE_BASE = 2;
/** By how much the lips part, over the length of the nose, before the inside of the mouth is seen. */
const OPENED = 0.12;
const CHIN = 152;
const FOREHEAD = 10;
const EYES = [33, 263] as const;

/** Rings around the outline: how far out, how far behind, in widths of the face, and how much of the head's motion they take. */
const RINGS = [
  { out: 1.14, behind: 0.12, follows: 1 },
  { out: 1.4, behind: 0.3, follows: 0.75 },
  { out: 1.9, behind: 0.5, follows: 0.12 },
] as const;
/** Points along each border of the photograph. */
const BORDER = 8;
/** From the camera to the face of a selfie, in widths of the face. */
const DISTANCE = 3.2;
/** From the bridge of the nose back to the axis that a head turns about, in widths of the face. */
const NECK = 0.55;
/** How far a jaw falls, in distances of the eyes' outer corners. */
const JAW = 0.26;

/**
 * @param found  the photograph's 468 points
 * @param lids   of the picture's left and right eye, as the iris network sees them: the mesh's own lie beside them
 *               where somebody looks aside or squints
 */
export function makePuppet(
  photograph: Pixels,
  found: readonly Point3[],
  lids: readonly EyeShape["lids"][],
): Puppet {
  const mesh = withLids(found, lids);
  const { width, height } = photograph;
  const face = faceWidth(mesh);
  const centre = centreOf(mesh);
  const points: Point3[] = [...mesh];
  const follows = mesh.map(() => 1);
  for (const ring of RINGS) {
    for (const i of OUTLINE) {
      const [x, y, z] = mesh[i];
      const at: Point = [centre[0] + (x - centre[0]) * ring.out, centre[1] + (y - centre[1]) * ring.out];
      if (at[0] < 2 || at[1] < 2 || at[0] > width - 3 || at[1] > height - 3) continue;
      points.push([...at, z + ring.behind * face]);
      follows.push(ring.follows);
    }
  }
  for (let k = 0; k < BORDER; k++) {
    const [x, y] = [(k / BORDER) * (width - 1), (k / BORDER) * (height - 1)];
    const room: Point[] = [
      [x, 0],
      [width - 1 - x, height - 1],
      [width - 1, y],
      [0, height - 1 - y],
    ];
    for (const [u, v] of room) {
      points.push([u, v, face]);
      follows.push(0);
    }
  }
  return { photograph, points, follows, triangles: triangulate(points.map(([x, y]): Point => [x, y])) };
}

/** By how much the lids' edges are set apart, over what lies between them: lashes and the white go under with the eye. */
const LASHES = 0.22;

function withLids(mesh: readonly Point3[], lids: readonly EyeShape["lids"][]): Point3[] {
  const out = [...mesh];
  LIDS.forEach(({ upper, lower }, eye) => {
    upper.forEach((u, k) => {
      const l = lower[k];
      const [[ux, uy], [lx, ly]] = [lids[eye].upper[k], lids[eye].lower[k]];
      const [dx, dy] = [(lx - ux) * LASHES, (ly - uy) * LASHES];
      out[u] = [ux - dx, uy - dy, mesh[u][2]];
      out[l] = [lx + dx, ly + dy, mesh[l][2]];
    });
  });
  return out;
}

/** From ear to ear, in pixels. */
export const faceWidth = (mesh: readonly Point3[]) =>
  Math.hypot(mesh[234][0] - mesh[454][0], mesh[234][1] - mesh[454][1]);

/** Between the outer corners of the eyes. */
const eyesApart = (mesh: readonly Point3[]) =>
  Math.hypot(...EYES.map((_, k) => mesh[EYES[0]][k] - mesh[EYES[1]][k]));

/** The middle of the face. */
export const centreOf = (mesh: readonly Point3[]): Point => [
  (mesh[234][0] + mesh[454][0]) / 2,
  (mesh[FOREHEAD][1] + mesh[CHIN][1]) / 2,
];

/** Lids and jaw, in the photograph's own view. */
export function express({ points }: Puppet, { shut, mouth }: Pose): Point3[] {
  const out = points.map((p): Point3 => [...p]);
  const moved = (i: number, by: Point) => {
    out[i] = [out[i][0] + by[0], out[i][1] + by[1], out[i][2]];
  };
  for (const { upper, above, lower } of LIDS) {
    upper.forEach((u, k) => {
      const way: Point = [points[lower[k]][0] - points[u][0], points[lower[k]][1] - points[u][1]];
      moved(u, [way[0] * 0.98 * shut, way[1] * 0.98 * shut]);
      moved(above[k], [way[0] * 0.6 * shut, way[1] * 0.6 * shut]);
    });
  }
  if (mouth > 0) {
    const [chin, brow] = [points[CHIN], points[FOREHEAD]];
    const long = Math.hypot(chin[0] - brow[0], chin[1] - brow[1]);
    const down: Point = [(chin[0] - brow[0]) / long, (chin[1] - brow[1]) / long];
    const apart = eyesApart(points);
    const [left, right] = [points[INNER_CORNERS[0]], points[INNER_CORNERS[1]]];
    // Halfway between the corners of the mouth: what lies above the line through them stays with the upper jaw.
    const lips: Point = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
    const half = Math.hypot(left[0] - right[0], left[1] - right[1]) / 2;
    for (let i = 0; i < points.length; i++) {
      const [dx, dy] = [points[i][0] - lips[0], points[i][1] - lips[1]];
      const below = (dx * down[0] + dy * down[1]) / apart;
      const aside = dx * down[1] - dy * down[0];
      // Lips are a bow that is held at both ends; jaw and cheeks follow, the farther aside the less.
      const bow = Math.sqrt(Math.max(0, 1 - (aside / (LIPS_REACH * half)) ** 2));
      const jaw = Math.exp(-((aside / (0.75 * apart)) ** 2)) * (i < 468 ? 1 : 0.4);
      const corner = MOUTH_CORNERS.has(i);
      const upper = UPPER_LIP.has(i) && !corner;
      if (!upper && !corner && !LOWER_LIP.has(i) && (below < 0 || below > 1.2)) continue;
      const share = upper ? -0.12 * bow : corner ? 0.25 : LOWER_LIP.has(i) ? bow : jaw;
      const fall = JAW * apart * mouth * share;
      moved(i, [down[0] * fall, down[1] * fall]);
    }
  }
  return out;
}

/** In one degree. */
export const RADIANS = Math.PI / 180;

/** A head of flesh and blood: its depth turns with it, and what is nearer to the camera grows more. */
export const solid: Motion = (puppet, pose) => {
  const expressed = express(puppet, pose);
  const { points, follows } = puppet;
  const face = faceWidth(points);
  const [cx, cy] = centreOf(points);
  const bridge = points[168][2];
  const axis = bridge + NECK * face;
  const distance = DISTANCE * face;
  const [c, s] = [Math.cos(pose.yaw * RADIANS), Math.sin(pose.yaw * RADIANS)];
  const [cp, sp] = [Math.cos(pose.pitch * RADIANS), Math.sin(pose.pitch * RADIANS)];
  return expressed.map(([px, py, pz], i): Point3 => {
    const z = pz - axis;
    const unprojected = (distance + pz - bridge) / distance;
    const [x, y] = [(px - cx) * unprojected, (py - cy) * unprojected];
    const [x1, z1] = [x * c - z * s, x * s + z * c];
    const [y2, z2] = [y * cp + z1 * sp, -y * sp + z1 * cp];
    const depth = z2 + axis - bridge;
    const projected = distance / (distance / pose.nearer + depth);
    const f = follows[i];
    // The room comes nearer with the head when it is the camera that is moved, but less.
    const room = 1 + (pose.nearer - 1) * 0.25;
    const still = [cx + (px - cx) * room, cy + (py - cy) * room];
    return [
      f * (cx + x1 * projected) + (1 - f) * still[0],
      f * (cy + y2 * projected) + (1 - f) * still[1],
      depth,
    ];
  });
};

/** Draws the puppet as its points have moved. @param view  maps a point of the photograph to one of the result */
export function drawPuppet(
  { photograph, points, triangles }: Puppet,
  moved: readonly Point3[],
  view: Matrix,
  width: number,
  height: number,
): Pixels {
  const to = moved.map(([x, y]) => transform(view, [x, y]));
  const data = new Uint8Array(width * height * 3);
  const nearest = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
  for (const [a, b, c] of triangles) {
    const [[ax, ay], [bx, by], [cx, cy]] = [to[a], to[b], to[c]];
    const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
    if (Math.abs(area) < 1e-6) continue;
    const [left, right] = [
      Math.max(0, Math.ceil(Math.min(ax, bx, cx))),
      Math.min(width - 1, Math.floor(Math.max(ax, bx, cx))),
    ];
    const [top, bottom] = [
      Math.max(0, Math.ceil(Math.min(ay, by, cy))),
      Math.min(height - 1, Math.floor(Math.max(ay, by, cy))),
    ];
    const [pa, pb, pc] = [points[a], points[b], points[c]];
    const [za, zb, zc] = [moved[a][2], moved[b][2], moved[c][2]];
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const v = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area;
        const w = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area;
        const u = 1 - v - w;
        if (u < -1e-6 || v < -1e-6 || w < -1e-6) continue;
        const z = u * za + v * zb + w * zc;
        const i = y * width + x;
        if (z >= nearest[i]) continue;
        nearest[i] = z;
        sample(photograph, u * pa[0] + v * pb[0] + w * pc[0], u * pa[1] + v * pb[1] + w * pc[1], data, i * 3);
      }
    }
  }
  const picture = { width, height, data };
  darkenMouth(picture, points, to);
  return picture;
}

function sample({ width, height, data }: Pixels, x: number, y: number, out: Uint8Array, o: number): void {
  const left = Math.max(0, Math.min(width - 2, Math.floor(x)));
  const top = Math.max(0, Math.min(height - 2, Math.floor(y)));
  const [fx, fy] = [Math.max(0, Math.min(1, x - left)), Math.max(0, Math.min(1, y - top))];
  const i = (top * width + left) * 3;
  const row = width * 3;
  for (let c = 0; c < 3; c++) {
    const above = data[i + c] + (data[i + 3 + c] - data[i + c]) * fx;
    const below = data[i + row + c] + (data[i + row + 3 + c] - data[i + row + c]) * fx;
    out[o + c] = above + (below - above) * fy + 0.5;
  }
}

/** Inside of a mouth, RGB 0..255. */
const THROAT = [52, 24, 26] as const;

/** What opened between lips that were shut in the photograph is dark. */
function darkenMouth({ width, height, data }: Pixels, points: readonly Point3[], to: readonly Point[]): void {
  const long = (at: readonly (readonly number[])[], a: number, b: number) =>
    Math.hypot(at[a][0] - at[b][0], at[a][1] - at[b][1]);
  // Over the length of the nose: the same however near the face is.
  const gap = (at: readonly (readonly number[])[]) =>
    long(at, LOWER_LIP_INNER, UPPER_LIP_INNER) / long(at, NASION, NOSE_BASE);
  if (gap(to) - gap(points) < OPENED) return;
  const rim = INNER_LIPS.map((i) => to[i]);
  const [top, bottom] = [
    Math.max(0, Math.ceil(Math.min(...rim.map((p) => p[1])))),
    Math.min(height - 1, Math.floor(Math.max(...rim.map((p) => p[1])))),
  ];
  for (let y = top; y <= bottom; y++) {
    const crossings = rim
      .flatMap(([x0, y0], k) => {
        const [x1, y1] = rim[(k + 1) % rim.length];
        return y0 <= y !== y1 <= y ? [x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)] : [];
      })
      .toSorted((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      for (let x = Math.max(0, Math.ceil(crossings[k])); x <= Math.min(width - 1, crossings[k + 1]); x++) {
        const edge = Math.min(
          1,
          Math.min(x - crossings[k], crossings[k + 1] - x, y - top + 1, bottom - y + 1) / 4,
        );
        for (let c = 0; c < 3; c++) {
          const i = (y * width + x) * 3 + c;
          data[i] = data[i] * (1 - edge) + THROAT[c] * edge;
        }
      }
    }
  }
}
