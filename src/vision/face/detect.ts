import type { Box, Point } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { Models } from "../models/models.ts";
import { cut } from "./crop.ts";

/** A face as the detector sees it, in pixels of the picture. */
export interface DetectedFace {
  /** From the brows to the chin, cheek to cheek: hair, ears and neck are outside. */
  readonly box: Box;
  /** 0..1. */
  readonly score: number;
  /** The person's right eye (left in the picture), left eye, nose tip, mouth, right ear, left ear. */
  readonly points: readonly Point[];
}

/** The side of BlazeFace's input in pixels. */
const INPUT = 256;
/** BlazeFace's grids: pixels between cells, anchors a cell (the network's published configuration). */
const GRIDS = [
  { stride: 16, anchors: 2 },
  { stride: 32, anchors: 6 },
] as const;
/** The centre of each anchor on the input, in the order of the outputs. */
const ANCHORS: readonly Point[] = GRIDS.flatMap(({ stride, anchors }) => {
  const cells = INPUT / stride;
  const at = (cell: number) => stride * (cell + 0.5);
  return Array.from({ length: cells * cells * anchors }, (_, i): Point => {
    const cell = Math.floor(i / anchors);
    return [at(cell % cells), at(Math.floor(cell / cells))];
  });
});
/** Numbers a box: centre, size, six points. */
const BOX_NUMBERS = 16;
/** A candidate below this is none. */
const MIN_SCORE = 0.5;
/** Candidates that share more than this of their union are one face (the network's published configuration). */
const SAME_FACE = 0.3;

interface Candidate extends DetectedFace {
  readonly numbers: readonly number[];
}

/**
 * Finds faces in one look at a part of a picture.
 * @param part  which part; by default the whole. It is letterboxed into the network's square, so that a face smaller
 *              than about a twelfth of its longer side may be missed
 * @returns the surest first
 */
export async function detect(image: Pixels, models: Models, part?: Box): Promise<DetectedFace[]> {
  const { x, y, width, height } = part ?? { x: 0, y: 0, width: image.width, height: image.height };
  const scale = Math.max(width, height) / INPUT;
  const [across, down] = [width, height].map((side) => Math.max(1, Math.floor(side / scale)));
  const [padX, padY] = [across, down].map((side) => Math.floor((INPUT - side) / 2));
  const content = cut(
    image,
    [scale, 0, x + (scale - 1) / 2, 0, scale, y + (scale - 1) / 2, 0, 0, 1],
    across,
    down,
  );
  const square = new Uint8Array(INPUT * INPUT * 3);
  for (let row = 0; row < down; row++) {
    const line = content.data.subarray(row * across * 3, (row + 1) * across * 3);
    square.set(line, ((row + padY) * INPUT + padX) * 3);
  }
  const { logits, boxes } = await models.get("face-detection").see(square, INPUT, INPUT);
  const candidates: Candidate[] = [];
  ANCHORS.forEach((anchor, i) => {
    const score = 1 / (1 + Math.exp(-logits.data[i]));
    if (score < MIN_SCORE) return;
    const raw = boxes.data.subarray(i * BOX_NUMBERS, (i + 1) * BOX_NUMBERS);
    // Numbers 2 and 3 are the size; all others are x or y from the anchor.
    candidates.push(
      face(
        Array.from(raw, (v, k) => (k === 2 || k === 3 ? v : v + anchor[k % 2])),
        score,
      ),
    );
  });
  return blend(candidates).map(({ numbers, score }) => {
    const [cx, cy, w, h, ...points] = numbers;
    // The network measures from the corner of its input's first pixel, we from the centre of the picture's.
    const px = (v: number) => (v - padX) * scale + x - 0.5;
    const py = (v: number) => (v - padY) * scale + y - 0.5;
    return {
      box: { x: px(cx - w / 2), y: py(cy - h / 2), width: w * scale, height: h * scale },
      score,
      points: Array.from({ length: 6 }, (_, i): Point => [px(points[2 * i]), py(points[2 * i + 1])]),
    };
  });
}

/** A candidate in pixels of the network's input. */
function face(numbers: readonly number[], score: number): Candidate {
  const [cx, cy, width, height] = numbers;
  return { numbers, score, points: [], box: { x: cx - width / 2, y: cy - height / 2, width, height } };
}

/** Blends the candidates of one face into one, weighted by their scores: steadier than to keep the best alone. */
function blend(candidates: readonly Candidate[]): Candidate[] {
  const rest = candidates.toSorted((a, b) => b.score - a.score);
  const faces: Candidate[] = [];
  while (rest.length > 0) {
    const best = rest[0];
    const same = rest.filter((c) => overlap(c.box, best.box) > SAME_FACE || c === best);
    for (const c of same) rest.splice(rest.indexOf(c), 1);
    const sum = same.reduce((s, c) => s + c.score, 0);
    const mean = best.numbers.map((_, k) => same.reduce((s, c) => s + c.numbers[k] * c.score, 0) / sum);
    faces.push(face(mean, best.score));
  }
  return faces;
}

/** Intersection over union, 0..1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
