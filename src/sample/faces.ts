import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Point } from "../vision/geometry.ts";
import type { Gender } from "./names.ts";

/** One person in one of the photographs that `@vladmandic/face-api` installs. All lengths in pixels of that photograph. */
export interface Face {
  readonly id: string;
  readonly gender: Gender;
  /** In the package's `demo` folder. */
  readonly file: string;
  /** Middle of the face and its width, from brow to chin and ear to ear. */
  readonly centre: Point;
  readonly width: number;
  /** Centres of the eyes, the one to the left in the picture first. */
  readonly eyes: readonly [Point, Point];
}

const face = (
  id: string,
  gender: Gender,
  file: string,
  centre: Point,
  width: number,
  left: Point,
  right: Point,
): Face => ({ id, gender, file, centre, width, eyes: [left, right] });

export const FACES: readonly Face[] = [
  face("3a", "PEREMPUAN", "sample3.jpg", [694, 484], 224, [632, 437], [721, 436]),
  face("3b", "PEREMPUAN", "sample3.jpg", [1188, 385], 249, [1119, 327], [1218, 340]),
  face("3c", "PEREMPUAN", "sample3.jpg", [1588, 457], 228, [1552, 413], [1641, 408]),
  face("4b", "PEREMPUAN", "sample4.jpg", [756, 208], 175, [709, 151], [777, 186]),
  face("5c", "PEREMPUAN", "sample5.jpg", [868, 245], 183, [847, 195], [916, 207]),
  face("5d", "PEREMPUAN", "sample5.jpg", [1204, 349], 181, [1146, 298], [1226, 297]),
  face("5e", "PEREMPUAN", "sample5.jpg", [1505, 545], 240, [1445, 516], [1516, 497]),
  face("6a", "PEREMPUAN", "sample6.jpg", [360, 647], 239, [321, 607], [421, 595]),
  face("6b", "PEREMPUAN", "sample6.jpg", [765, 510], 221, [712, 457], [797, 452]),
  face("6c", "PEREMPUAN", "sample6.jpg", [1262, 468], 236, [1226, 432], [1320, 437]),
  face("6d", "PEREMPUAN", "sample6.jpg", [1594, 430], 244, [1535, 374], [1631, 397]),
  face("w", "LAKI-LAKI", "screenshot-webcam.png", [452, 373], 288, [377, 327], [493, 325]),
];

/** The photographs' folder. The package does not export its package.json, so its entry file shows the way. */
export function photographsFolder(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api"));
  while (!existsSync(join(folder, "demo"))) {
    if (dirname(folder) === folder) throw new Error("the photographs of @vladmandic/face-api are not installed");
    folder = dirname(folder);
  }
  return join(folder, "demo");
}
