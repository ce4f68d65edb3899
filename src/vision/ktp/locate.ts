import { invert, type Matrix, multiply, type Point, transform } from "../geometry.ts";
import type { Pixels } from "../image.ts";
import type { TextBox } from "./detect.ts";
import { median } from "./text.ts";

/** Where the text of a card lies in a picture, and how to see it straight from above. */
export interface TextPlane {
  /** Maps a point of the straightened picture to a point of the photograph. */
  readonly toImage: Matrix;
  readonly width: number;
  readonly height: number;
  /** Radians by which the reading direction is turned clockwise in the photograph, −π/2 .. π/2. */
  readonly angle: number;
  /** Median height of the lines in pixels of the photograph. */
  readonly lineHeight: number;
  /** How many lines, longer than high, lie in it. */
  readonly lines: number;
}

/** A line at least so many times longer than high has a direction that can be trusted. */
const LONG = 3;
/** Lines that differ by less from the commonest direction, in radians (14°), belong to one card. */
const SAME_DIRECTION = 0.25;
/** Lines that are nearer to each other than so many line heights are on one card. */
const NEIGHBOURS = 5;
/** How far beyond its text a card may reach, in shares of the text's width and height. */
const MARGIN = { x: 0.14, y: 0.16 } as const;
/** Height of lines in the straightened picture: what the recogniser takes, with a little to spare. */
const LINE_HEIGHT = 40;
/** The straightened picture is not made larger than the photograph by more than this. */
const MOST_GROWTH = 1.5;
const MOST_SIDE = 1600;

interface Stroke {
  readonly centre: Point;
  readonly left: Point;
  readonly right: Point;
  readonly angle: number;
  readonly length: number;
  readonly height: number;
}

/**
 * The plane of the card's text, from the directions and ends of its lines alone; no edge of the card needs to be seen.
 * Whether it stands on its head is not told here.
 * @returns null where there are too few lines
 */
export function locateText(boxes: readonly TextBox[], image: Pixels): TextPlane | null {
  const strokes = boxes.map(strokeOf);
  const long = strokes.filter(({ length, height }) => length >= LONG * height);
  if (long.length < 4) return null;
  const angle = commonAngle(long);
  const alike = strokes
    .filter((s) => s.length < LONG * s.height || turn(s.angle, angle) < SAME_DIRECTION)
    .map((s) => along(s, angle));
  const block = largestCluster(alike);
  const lines = block.filter(({ length, height }) => length >= LONG * height);
  if (lines.length < 4) return null;
  const lineHeight = median(lines.map(({ height }) => height));

  // Level: the picture turned about its middle so that lines run to the right.
  const [cx, cy] = [image.width / 2, image.height / 2];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const turned = ([x, y]: Point): Point => [c * (x - cx) + s * (y - cy), c * (y - cy) - s * (x - cx)];
  const level = lines.map((line) => ({ ...line, left: turned(line.left), right: turned(line.right) }));
  const { slope, convergence } = vanishing(level);
  /** Lines that meet in a point are parallel after this. */
  const parallel = ([x, y]: Point): Point => {
    const w = 1 - convergence * x;
    return [x / w, (y - slope * x) / w];
  };
  const ends = block.map((line) => parallel(turned(line.left)));
  const { shear, taper, about } = uprightness(ends, lineHeight);

  // Photograph → straightened, step by step as above.
  const steps: readonly Matrix[] = [
    [c, s, -c * cx - s * cy, -s, c, s * cx - c * cy, 0, 0, 1],
    [1, 0, 0, -slope, 1, 0, -convergence, 0, 1],
    [1, 0, -about[0], 0, 1, -about[1], 0, 0, 1],
    [1, -shear, 0, 0, 1, 0, 0, -taper, 1],
  ];
  const straight = steps.reduce((all, step) => multiply(step, all));
  const corners = block.flatMap(({ quad }) => quad.map((p) => transform(straight, p)));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const [mx, my] = [MARGIN.x * (right - left), MARGIN.y * (bottom - top)];
  const [w, h] = [right - left + 2 * mx, bottom - top + 2 * my];
  if (!(w > 1 && h > 1) || w > 20 * image.width || h > 20 * image.height) return null;
  const scale = Math.min(LINE_HEIGHT / lineHeight, MOST_GROWTH, MOST_SIDE / Math.max(w, h));
  const placing: Matrix = [1 / scale, 0, left - mx, 0, 1 / scale, top - my, 0, 0, 1];
  const toImage = multiply(invert(straight), placing);
  const size = { width: Math.round(w * scale), height: Math.round(h * scale) };
  return { toImage, ...size, angle, lineHeight, lines: lines.length };
}

/** The plane turned by half a turn: for text that stood on its head. */
export function upsideDown(plane: TextPlane): TextPlane {
  return {
    ...plane,
    toImage: multiply(plane.toImage, [-1, 0, plane.width - 1, 0, -1, plane.height - 1, 0, 0, 1]),
  };
}

type QuadStroke = Stroke & { readonly quad: TextBox["quad"] };

function strokeOf({ quad }: TextBox): QuadStroke {
  const [tl, tr, br, bl] = quad;
  const left: Point = [(tl[0] + bl[0]) / 2, (tl[1] + bl[1]) / 2];
  const right: Point = [(tr[0] + br[0]) / 2, (tr[1] + br[1]) / 2];
  return {
    quad,
    left,
    right,
    centre: [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2],
    angle: Math.atan2(right[1] - left[1], right[0] - left[0]),
    length: Math.hypot(right[0] - left[0], right[1] - left[1]),
    height: Math.hypot(tl[0] - bl[0], tl[1] - bl[1]),
  };
}

/** The line from its other end where it runs against a direction: boxes about upright point up or down by chance. */
function along(line: QuadStroke, angle: number): QuadStroke {
  return Math.cos(line.angle - angle) < 0 ? { ...line, left: line.right, right: line.left } : line;
}

/** The angle between two undirected lines, 0 .. π/2. */
function turn(a: number, b: number): number {
  const d = Math.abs(a - b) % Math.PI;
  return Math.min(d, Math.PI - d);
}

/** A line of more than so many heights counts no more than one of so many: print of the ground may be long and large. */
const COUNTED_LENGTH = 6;
const weightOf = ({ length, height }: Stroke): number =>
  Math.min(COUNTED_LENGTH, length / Math.max(1, height));

/** The direction around which most lines lie, −π/2 .. π/2. */
function commonAngle(lines: readonly Stroke[]): number {
  let best = 0;
  let most = -1;
  for (const { angle } of lines) {
    let sum = 0;
    for (const other of lines)
      sum += weightOf(other) * Math.max(0, 1 - turn(angle, other.angle) / SAME_DIRECTION);
    if (sum > most) [best, most] = [angle, sum];
  }
  // The mean of those near it, as doubled angles: 89° and −89° are neighbours.
  let [x, y] = [0, 0];
  for (const { angle, length } of lines) {
    if (turn(angle, best) > SAME_DIRECTION) continue;
    x += length * Math.cos(2 * angle);
    y += length * Math.sin(2 * angle);
  }
  return Math.atan2(y, x) / 2;
}

/** Lines that hang together: the most. */
function largestCluster(lines: readonly QuadStroke[]): readonly QuadStroke[] {
  const height = median(lines.map((line) => line.height));
  const reach = NEIGHBOURS * height;
  const group = lines.map((_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (group[at] !== at) at = group[at];
    return at;
  };
  const near = (a: QuadStroke, b: QuadStroke) =>
    a.quad.concat([a.centre]).some((p) => distanceTo(p, b) < reach) ||
    b.quad.concat([b.centre]).some((p) => distanceTo(p, a) < reach);
  for (let i = 0; i < lines.length; i++)
    for (let j = 0; j < i; j++) if (find(i) !== find(j) && near(lines[i], lines[j])) group[find(i)] = find(j);
  const weight = new Map<number, number>();
  lines.forEach((line, i) => {
    weight.set(find(i), (weight.get(find(i)) ?? 0) + weightOf(line));
  });
  const best = [...weight].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return lines.filter((_, i) => find(i) === best);
}

/** From a point to the segment that is a line's middle. */
function distanceTo([x, y]: Point, { left, right }: Stroke): number {
  const [dx, dy] = [right[0] - left[0], right[1] - left[1]];
  const t = Math.max(0, Math.min(1, ((x - left[0]) * dx + (y - left[1]) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - left[0] - t * dx, y - left[1] - t * dy);
}

/**
 * Where nearly level lines meet: a line through (x, y) has the slope `slope − convergence · y`, as far as it starts
 * at x = 0. Least squares weighted by length, in which lines that do not fit count less and less.
 */
function vanishing(lines: readonly Pick<Stroke, "left" | "right" | "height">[]): {
  slope: number;
  convergence: number;
} {
  const rows = lines.map(({ left, right, height }) => {
    const m = (right[1] - left[1]) / Math.max(1, right[0] - left[0]);
    const [x, y] = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
    return { m, v: m * x - y, length: right[0] - left[0], height };
  });
  let [slope, convergence] = [median(rows.map(({ m }) => m)), 0];
  for (let round = 0; round < 6; round++) {
    let [sw, sv, svv, sm, svm] = [0, 0, 0, 0, 0];
    for (const { m, v, length, height } of rows) {
      // How far the line's end would be off, in its own heights.
      const off = (Math.abs(slope + convergence * v - m) * length) / (0.15 * height);
      const w = length ** 2 / (1 + off * off);
      sw += w;
      sv += w * v;
      svv += w * v * v;
      sm += w * m;
      svm += w * v * m;
    }
    const det = sw * svv - sv * sv;
    if (!(det > 1e-9 * sw * svv)) break;
    slope = (sm * svv - sv * svm) / det;
    convergence = (sw * svm - sv * sm) / det;
  }
  return { slope, convergence };
}

/** What is tried: by how much an upright edge leans, and by how much two of them converge over the text's height. */
const SHEAR = { most: 0.45, step: 0.015 } as const;
const TAPER = { most: 0.3, step: 0.05 } as const;
/** A lean that explains no more than a plain upright edge does is not believed. */
const LEAN_COST = 0.12;

/** The lean at which the most lines begin on a common upright edge: labels and values each stand in a column. */
function uprightness(
  starts: readonly Point[],
  height: number,
): { readonly shear: number; readonly taper: number; readonly about: Point } {
  const ys = starts.map(([, y]) => y);
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const about: Point = [median(starts.map(([x]) => x)), (top + bottom) / 2];
  const span = Math.max(1, bottom - top);
  let best = { shear: 0, taper: 0, about };
  let most = -1;
  const xs = new Float64Array(starts.length);
  for (let q = -TAPER.most; q <= TAPER.most + 1e-9; q += TAPER.step) {
    for (let shear = -SHEAR.most; shear <= SHEAR.most + 1e-9; shear += SHEAR.step) {
      const taper = q / span;
      for (let i = 0; i < starts.length; i++) {
        const y = starts[i][1] - about[1];
        xs[i] = (starts[i][0] - about[0] - shear * y) / (1 - taper * y);
      }
      xs.sort();
      let score = 0;
      for (let i = 0; i < xs.length; i++)
        for (let j = i + 1; j < xs.length && xs[j] - xs[i] < height; j++)
          score += 1 - (xs[j] - xs[i]) / height;
      score *= 1 - LEAN_COST * (Math.abs(shear) / SHEAR.most + Math.abs(q) / TAPER.most);
      if (score > most) [best, most] = [{ shear, taper, about }, score];
    }
  }
  return best;
}
