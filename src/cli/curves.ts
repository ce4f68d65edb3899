import type { OperatingPoint } from "../vision/face/evaluate.ts";

/** Sizes in pixels of the picture. */
const SIDE = 420;
const MARGIN = { left: 70, right: 24, top: 56, bottom: 60 } as const;
const PANEL = MARGIN.left + SIDE + MARGIN.right;
const HEIGHT = MARGIN.top + SIDE + MARGIN.bottom;

/** From a rate to 0..1 along an axis, and where the axis has its marks. */
interface Axis {
  readonly label: string;
  readonly place: (rate: number) => number;
  readonly ticks: readonly number[];
}

/** The least rate that a logarithmic axis, or one of deviates, can show; what is below stands at its end. */
const LEAST = 1e-4;
const clamped = (rate: number) => Math.max(LEAST, Math.min(1 - LEAST, rate));

/** What the two kinds of error are called, and who rightly passes. */
export interface RateNames {
  readonly passes: string;
  readonly refused: string;
  readonly right: string;
}
const MATCHES: RateNames = {
  passes: "false match rate",
  refused: "false non-match rate",
  right: "true match rate",
};
/** ISO/IEC 30107-3: attacks that pass, living people who do not. */
export const PRESENTATIONS: RateNames = {
  passes: "APCER",
  refused: "BPCER",
  right: "living people who pass",
};

const logarithmic = (label: string): Axis => ({
  label,
  place: (rate) => 1 - Math.log10(Math.max(LEAST, rate)) / Math.log10(LEAST),
  ticks: [1e-4, 1e-3, 1e-2, 1e-1, 1],
});
const even = (label: string): Axis => ({
  label,
  place: (rate) => rate,
  ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
});
/** ISO/IEC 19795-1: errors that are distributed normally become a straight line. */
const deviates = (label: string): Axis => {
  const end = deviate(clamped(1));
  return {
    label,
    place: (rate) => (deviate(clamped(rate)) + end) / (2 * end),
    ticks: [0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99],
  };
};

/**
 * ROC and DET curves beside each other, as the text of an SVG file.
 * @param curve      from the strictest threshold to the laxest, see `rocCurve`
 * @param threshold  in force: marked on both
 */
export function drawCurves(
  title: string,
  curve: readonly OperatingPoint[],
  threshold: number,
  { passes, refused, right }: RateNames = MATCHES,
): string {
  const inForce = curve.filter((point) => point.threshold >= threshold).at(-1);
  const roc = panel("ROC", logarithmic(passes), even(right), curve, inForce, ({ fmr, fnmr }) => [
    fmr,
    1 - fnmr,
  ]);
  const det = panel("DET", deviates(passes), deviates(refused), curve, inForce, ({ fmr, fnmr }) => [
    fmr,
    fnmr,
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * PANEL}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${MARGIN.left}" y="22" font-size="15">${escaped(title)}</text>`,
    roc,
    `<g transform="translate(${PANEL} 0)">${det}</g>`,
    "</svg>",
    "",
  ].join("\n");
}

function panel(
  name: string,
  across: Axis,
  up: Axis,
  curve: readonly OperatingPoint[],
  inForce: OperatingPoint | undefined,
  rates: (point: OperatingPoint) => readonly [x: number, y: number],
): string {
  const x = (rate: number) => round(MARGIN.left + across.place(rate) * SIDE);
  const y = (rate: number) => round(MARGIN.top + (1 - up.place(rate)) * SIDE);
  const at = (point: OperatingPoint) => {
    const [a, b] = rates(point);
    return [x(a), y(b)] as const;
  };
  const bottom = MARGIN.top + SIDE;
  const grid = [
    ...across.ticks.map(
      (rate) =>
        `<path d="M${x(rate)} ${MARGIN.top}V${bottom}" stroke="#ddd"/><text x="${x(rate)}" y="${bottom + 18}" text-anchor="middle">${percent(rate)}</text>`,
    ),
    ...up.ticks.map(
      (rate) =>
        `<path d="M${MARGIN.left} ${y(rate)}H${MARGIN.left + SIDE}" stroke="#ddd"/><text x="${MARGIN.left - 6}" y="${y(rate) + 4}" text-anchor="end">${percent(rate)}</text>`,
    ),
  ];
  // Between two operating points the rates change one after the other: the curve is a staircase.
  const steps = curve
    .map(at)
    .reduce((path, [px, py], i) => (i === 0 ? `M${px} ${py}` : `${path}H${px}V${py}`), "");
  const mark = inForce && at(inForce);
  return [
    `<text x="${MARGIN.left}" y="${MARGIN.top - 12}">${name}</text>`,
    ...grid,
    `<path d="${steps}" fill="none" stroke="#1a56a8" stroke-width="2"/>`,
    mark === undefined
      ? ""
      : `<circle cx="${mark[0]}" cy="${mark[1]}" r="5" fill="#c02a1d"><title>the threshold in force</title></circle>`,
    `<rect x="${MARGIN.left}" y="${MARGIN.top}" width="${SIDE}" height="${SIDE}" fill="none" stroke="#444"/>`,
    `<text x="${MARGIN.left + SIDE / 2}" y="${bottom + 42}" text-anchor="middle">${across.label}</text>`,
    `<text transform="translate(18 ${MARGIN.top + SIDE / 2}) rotate(-90)" text-anchor="middle">${up.label}</text>`,
  ].join("\n");
}

const round = (value: number) => Math.round(value * 10) / 10;
const percent = (rate: number) => `${Number((100 * rate).toPrecision(3))}%`;
const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The normal deviate below which a share of all lies: bisection of the error function, for there is no rush. */
function deviate(share: number): number {
  let [low, high] = [-8, 8];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (normal(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The normal distribution's share below `z`; error below 1e-7 (Abramowitz and Stegun, 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}
