import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Box, Point } from "../vision/geometry.ts";
import type { Gender } from "./names.ts";

/** Something that a program drew over a photograph, to be filled from around it before use. */
export interface Overlay {
  /** Centres of dots. */
  readonly dots: readonly Point[];
  readonly dotRadius: number;
  /** Lines: filled whole. */
  readonly bars: readonly Box[];
  /** Light lettering on dark hair: in these boxes what is lighter than `hair` is filled. */
  readonly lettering: readonly Box[];
  /** Grey level 0..255. */
  readonly hair: number;
}

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
  /** Where the person ends and others or the room begin, drawn by hand; from the lower left, clockwise. */
  readonly outline: readonly Point[];
  readonly overlay?: Overlay;
  /** Width of the face in a selfie as a share of the picture's, at least and at most. */
  readonly selfie: readonly [number, number];
}

/** At arm's length. */
const NEAR = [0.46, 0.5] as const;
/** For a photograph with too little detail to be seen closer. */
const FARTHER = [0.4, 0.44] as const;

const points = (text: string): Point[] =>
  text
    .trim()
    .split(/\s+/)
    .map((pair) => {
      const [x, y] = pair.split(",").map(Number);
      return [x, y];
    });

const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });

/**
 * Every face that looks into the camera with open eyes, is large enough, and is told by a face network from the others
 * (two that stand in the coloured light of another are left out). The photographs show one man only.
 */
export const FACES: readonly Face[] = [
  {
    id: "3a",
    gender: "PEREMPUAN",
    file: "sample3.jpg",
    centre: [694, 484],
    width: 224,
    eyes: [
      [632, 437],
      [721, 436],
    ],
    outline: points(
      "440,985 450,880 490,790 520,720 550,660 560,620 530,560 500,510 500,470 520,430 545,390 550,350 580,300 640,265 710,250 780,260 850,300 900,350 935,410 950,470 940,530 920,600 905,650 920,700 930,760 935,850 945,985",
    ),
    selfie: NEAR,
  },
  {
    id: "3b",
    gender: "PEREMPUAN",
    file: "sample3.jpg",
    centre: [1188, 385],
    width: 249,
    eyes: [
      [1119, 327],
      [1218, 340],
    ],
    outline: points(
      "905,935 920,780 930,690 955,600 1000,540 1060,510 1110,505 1115,470 1090,430 1080,380 1075,320 1090,270 1100,220 1130,180 1180,145 1240,138 1300,150 1340,180 1370,230 1380,290 1365,350 1340,400 1320,420 1290,450 1280,520 1300,580 1330,640 1370,700 1400,780 1420,935",
    ),
    selfie: NEAR,
  },
  {
    id: "4b",
    gender: "PEREMPUAN",
    file: "sample4.jpg",
    centre: [778, 212],
    width: 175,
    eyes: [
      [709, 151],
      [777, 186],
    ],
    outline: points(
      "480,620 545,560 600,510 620,460 615,410 630,360 650,320 660,280 665,230 665,180 680,120 710,80 750,40 800,18 860,22 910,50 940,100 960,160 975,220 970,290 960,340 975,420 975,500 965,620",
    ),
    selfie: NEAR,
  },
  {
    id: "5a",
    gender: "PEREMPUAN",
    file: "sample5.jpg",
    centre: [477, 1048],
    width: 238,
    eyes: [
      [425, 995],
      [524, 986],
    ],
    outline: points(
      "100,1600 110,1398 160,1270 190,1240 270,1190 280,1100 280,1000 300,920 340,850 390,815 450,800 510,820 570,870 610,940 640,1020 665,1100 680,1180 720,1260 725,1398 725,1600",
    ),
    selfie: NEAR,
  },
  {
    id: "5d",
    gender: "PEREMPUAN",
    file: "sample5.jpg",
    centre: [1204, 349],
    width: 181,
    eyes: [
      [1146, 298],
      [1226, 297],
    ],
    outline: points(
      "1110,760 1110,600 1115,540 1100,480 1105,420 1095,370 1085,320 1090,260 1110,210 1150,175 1200,158 1250,170 1300,210 1330,260 1345,310 1360,370 1380,430 1390,500 1390,600 1385,760",
    ),
    selfie: NEAR,
  },
  {
    id: "5e",
    gender: "PEREMPUAN",
    file: "sample5.jpg",
    centre: [1505, 545],
    width: 240,
    eyes: [
      [1445, 516],
      [1516, 497],
    ],
    outline: points(
      "1400,1080 1395,950 1410,880 1460,830 1500,800 1430,790 1420,700 1400,600 1390,500 1395,420 1410,360 1440,310 1500,285 1560,275 1620,290 1680,330 1720,400 1760,480 1785,570 1790,650 1800,700 1840,760 1850,850 1850,1080",
    ),
    selfie: NEAR,
  },
  {
    id: "6a",
    gender: "PEREMPUAN",
    file: "sample6.jpg",
    centre: [360, 647],
    width: 239,
    eyes: [
      [321, 607],
      [421, 595],
    ],
    outline: points(
      "150,1180 155,960 165,880 150,850 140,830 190,780 180,700 160,600 170,520 185,430 215,365 262,310 320,280 375,292 418,345 460,405 500,480 526,560 548,650 575,730 610,820 640,900 660,1000 660,1180",
    ),
    selfie: NEAR,
  },
  {
    id: "6b",
    gender: "PEREMPUAN",
    file: "sample6.jpg",
    centre: [765, 510],
    width: 221,
    eyes: [
      [712, 457],
      [797, 452],
    ],
    outline: points(
      "600,1000 602,850 640,770 685,690 682,600 675,500 668,420 665,340 690,280 720,240 780,215 840,215 890,250 920,310 940,400 945,500 945,600 970,680 1010,740 1030,830 1040,1000",
    ),
    selfie: NEAR,
  },
  {
    id: "6c",
    gender: "PEREMPUAN",
    file: "sample6.jpg",
    centre: [1262, 468],
    width: 236,
    eyes: [
      [1226, 432],
      [1320, 437],
    ],
    outline: points(
      "1040,995 1035,830 1060,740 1100,690 1095,650 1110,590 1105,520 1105,440 1110,350 1130,270 1170,210 1230,175 1290,168 1350,185 1400,235 1430,300 1440,380 1445,460 1455,540 1440,600 1440,700 1435,995",
    ),
    selfie: NEAR,
  },
  {
    id: "6d",
    gender: "PEREMPUAN",
    file: "sample6.jpg",
    centre: [1594, 430],
    width: 244,
    eyes: [
      [1535, 374],
      [1631, 397],
    ],
    outline: points(
      "1440,1080 1440,800 1445,690 1440,600 1450,500 1455,440 1470,380 1487,300 1508,235 1545,178 1595,156 1650,165 1710,200 1750,260 1775,340 1785,430 1785,540 1790,640 1805,700 1785,750 1770,800 1760,900 1740,1080",
    ),
    selfie: NEAR,
  },
  {
    id: "w",
    gender: "LAKI-LAKI",
    file: "screenshot-webcam.png",
    centre: [445, 385],
    width: 288,
    eyes: [
      [371, 326],
      [488, 321],
    ],
    outline: points(
      "100,1030 120,930 150,820 190,700 230,620 300,580 380,540 398,518 370,470 348,420 330,350 326,270 329,200 340,155 368,122 430,110 495,124 530,148 550,166 570,184 589,211 609,258 630,310 637,370 622,420 600,445 640,470 700,500 780,550 840,600 890,700 890,1030",
    ),
    overlay: {
      dots: points(
        "494,276 518,278 351,281 334,282 472,281 368,284 538,286 455,289 385,290 322,292 585,303 479,315 496,315 357,319 374,319 512,320 348,322 464,324 392,326 479,328 498,328 360,331 377,332 421,331 586,340 420,358 418,382 581,375 575,406 562,437 541,465 517,482 485,497 444,507 404,498 381,484 362,470 345,448 335,419 326,393 392,443 404,440 419,437 429,439 439,435 462,440 478,440 484,440 417,445 430,445 445,443 404,453 418,458 430,458 447,456 462,450 407,409 414,413 426,417 439,412 450,409 418,403",
      ),
      dotRadius: 4,
      bars: [box(323, 180, 8, 333), box(582, 180, 8, 333), box(323, 181, 266, 7), box(323, 503, 266, 8)],
      lettering: [box(325, 108, 240, 74)],
      hair: 62,
    },
    selfie: FARTHER,
  },
];

/** The photographs' folder. The package does not export its package.json, so its entry file shows the way. */
export function photographsFolder(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api"));
  while (!existsSync(join(folder, "demo"))) {
    if (dirname(folder) === folder)
      throw new Error("the photographs of @vladmandic/face-api are not installed");
    folder = dirname(folder);
  }
  return join(folder, "demo");
}
