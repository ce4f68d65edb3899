import type { FaceQuality, HeadPose } from "../facts.ts";
import { luma, type Pixels } from "../image.ts";

/** From `bad` (0) to `good` (1), linear between, whichever of them is larger. */
export interface Ramp {
  readonly bad: number;
  readonly good: number;
}

/** What each part of the quality is measured by. The networks that embed see a face about 100 pixels wide. */
export const QUALITY = {
  /** Width of the detector's box in pixels. */
  size: { bad: 20, good: 100 },
  /** Crété's blur (0 sharp .. 1 blurred) of the face at the size at which it is compared. */
  blur: { bad: 0.74, good: 0.5 },
  /** Mean luma of the face, 0..255, from the dark side and from the bright one. */
  dark: { bad: 18, good: 55 },
  bright: { bad: 248, good: 215 },
  /** Share of the face's pixels at the end of the scale (above 250, {@link BURNT_OUT}). */
  clipped: { bad: 0.5, good: 0.12 },
  /** Degrees away from the camera, yaw and pitch together. */
  turn: { bad: 55, good: 15 },
  /** The mesh network's own certainty that it lies on a face. */
  mesh: { bad: 0.4, good: 0.9 },
  /** Luma around the eyes over that of the cheeks: dark glasses hide what the networks compare. */
  eyes: { bad: 0.44, good: 0.5 },
  /** Where detector and mesh see nose and mouth apart, over the width of the box. */
  disagreement: { bad: 0.35, good: 0.15 },
} as const satisfies Record<string, Ramp>;

/** What tells a mask from a mouth: see {@link isMasked}. Redness is Cr over luma (ITU-R BT.601). */
const MASK = {
  /** The mouth is less red than the nose by at least this. */
  paler: 0.03,
  /** Mouth and chin are of one colour within this. */
  even: 0.05,
  /** Above it the detector saw a whole face. */
  detectorScore: 0.88,
  /** Above it the mouth is open: what is seen of it is not lips. */
  mouthOpenness: 0.35,
} as const;

/** Where `value` lies on the way from bad to good, 0..1. */
export function grade(value: number, { bad, good }: Ramp): number {
  return Math.max(0, Math.min(1, (value - bad) / (good - bad)));
}

/**
 * How fit a face is to be compared.
 * @param chip          the face upright, square, without padding (see {@link PLACES})
 * @param width         of the detector's box in pixels of the picture
 * @param meshScore     0..1
 * @param disagreement  of detector and mesh, see {@link QUALITY}
 * @param masked        see {@link isMasked}
 */
export function faceQuality(
  chip: Pixels,
  {
    width,
    pose,
    meshScore,
    disagreement,
    masked,
  }: {
    readonly width: number;
    readonly pose: HeadPose;
    readonly meshScore: number;
    readonly disagreement: number;
    readonly masked: boolean;
  },
): FaceQuality {
  const light = luma(chip);
  const mean = brightness(light, chip.width);
  const clipped = burntOut(light, chip.width);
  const parts = {
    size: grade(width, QUALITY.size),
    sharpness: grade(blur(light, chip.width), QUALITY.blur),
    exposure: Math.min(
      grade(mean, QUALITY.dark),
      grade(mean, QUALITY.bright),
      grade(clipped, QUALITY.clipped),
    ),
    pose: grade(Math.hypot(pose.yaw, pose.pitch), QUALITY.turn),
    occlusion: Math.min(
      grade(meshScore, QUALITY.mesh),
      grade(disagreement, QUALITY.disagreement),
      grade(eyesOverCheeks(light, chip.width), QUALITY.eyes),
      masked ? 0 : 1,
    ),
  };
  const values = Float32Array.from(Object.values(parts));
  return { score: Math.sqrt(Math.min(...values) * average(values)), ...parts };
}

/** Mean luma 0..255 of the middle of a chip, which is face whatever the hair. */
export function brightness(light: Float32Array, width: number): number {
  return average(part(light, width, "face"));
}

/** Luma from which a pixel counts as burnt out. */
const BURNT_OUT = 250;

/** Share 0..1 of the middle of a chip that is burnt out. */
function burntOut(light: Float32Array, width: number): number {
  const values = part(light, width, "face");
  let burnt = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > BURNT_OUT) burnt++;
  return burnt / values.length;
}

/** Where a chip without padding shows what, as shares of its side: left, top, right, bottom. */
const PLACES = {
  face: [0.25, 0.25, 0.75, 0.75],
  leftEye: [0.1, 0.13, 0.36, 0.34],
  rightEye: [0.62, 0.13, 0.88, 0.34],
  leftCheek: [0.1, 0.45, 0.3, 0.65],
  rightCheek: [0.68, 0.45, 0.88, 0.65],
  nose: [0.4, 0.3, 0.58, 0.55],
  lips: [0.38, 0.74, 0.6, 0.8],
  chin: [0.35, 0.86, 0.65, 0.98],
} as const satisfies Record<string, readonly [number, number, number, number]>;

/** The values of one of {@link PLACES}. */
function part(light: Float32Array, width: number, place: keyof typeof PLACES): Float32Array {
  const [left, top, right, bottom] = PLACES[place].map((share) => Math.round(share * width));
  const out = new Float32Array((right - left) * (bottom - top));
  for (let y = top, o = 0; y < bottom; y++, o += right - left)
    out.set(light.subarray(y * width + left, y * width + right), o);
  return out;
}

function average(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Whether dark glasses cover the eyes.
 * @param chip  the face upright, square, without padding
 */
export const hasDarkGlasses = (chip: Pixels): boolean =>
  eyesOverCheeks(luma(chip), chip.width) <
  QUALITY.eyes.bad + DARK_GLASSES * (QUALITY.eyes.good - QUALITY.eyes.bad);

/** Of the way from bad to good: below it the eyes count as covered. */
const DARK_GLASSES = 0.15;

/**
 * Whether cloth covers the mouth: no lips, which are redder than the nose, and mouth and chin of one colour. Found on
 * about four of five masks that were drawn over faces in blue, white and black, less often in the colour of skin.
 * @param chip  the face upright, square, without padding
 */
export function isMasked(
  chip: Pixels,
  { detectorScore, mouthOpenness }: { readonly detectorScore: number; readonly mouthOpenness: number },
): boolean {
  if (detectorScore > MASK.detectorScore || mouthOpenness > MASK.mouthOpenness) return false;
  const mouth = redness(chip, "lips");
  return redness(chip, "nose") - mouth > MASK.paler && Math.abs(mouth - redness(chip, "chin")) < MASK.even;
}

/** Mean Cr of a part of the chip over its mean luma (ITU-R BT.601): how red it is, whatever the light. */
function redness({ width, data }: Pixels, place: keyof typeof PLACES): number {
  const [left, top, right, bottom] = PLACES[place].map((share) => Math.round(share * width));
  let [red, light] = [0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left, i = (y * width + left) * 3; x < right; x++, i += 3) {
      red += data[i];
      light += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    }
  }
  return (CR * (red - light)) / Math.max(1, light);
}

/** Cr is this times red less luma. */
const CR = 0.713;

/** Luma around both eyes over that of both cheeks. */
function eyesOverCheeks(light: Float32Array, width: number): number {
  const of = (place: keyof typeof PLACES) => average(part(light, width, place));
  return (of("leftEye") + of("rightEye")) / Math.max(1, of("leftCheek") + of("rightCheek"));
}

/** Length of the averaging filter that {@link blur} compares with, in pixels (the paper's). */
const REBLUR = 9;

/**
 * No-reference blur (Crété et al. 2007, "The Blur Effect"): how little neighbouring pixels change less when the picture
 * is averaged along a row or column. A sharp picture changes much, a blurred one hardly, whatever it shows.
 * @returns 0 sharp .. 1 blurred, the worse of both directions
 */
export function blur(light: Float32Array, width: number): number {
  const height = light.length / width;
  return Math.max(blurAlong(light, 1, width, height, width), blurAlong(light, width, height, width, 1));
}

/**
 * @param step      from a pixel to the next of its line
 * @param length    of a line
 * @param lineStep  from a line to the next
 */
function blurAlong(light: Float32Array, step: number, length: number, lines: number, lineStep: number) {
  const reach = (REBLUR - 1) / 2;
  let total = 0;
  let lost = 0;
  // One line at a time, its ends repeated for the running mean to reach over.
  const values = new Float64Array(length + 2 * reach + 1);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let i = 0; i < length; i++) values[i + reach + 1] = light[start + i * step];
    values.fill(light[start], 0, reach + 1);
    values.fill(light[start + (length - 1) * step], length + reach + 1);
    for (let i = 1; i < length; i++) {
      // By how much the running mean changes from one pixel to the next.
      const change = (values[i + 2 * reach + 1] - values[i]) / REBLUR;
      const sharp = Math.abs(values[i + reach + 1] - values[i + reach]);
      total += sharp;
      lost += Math.max(0, sharp - Math.abs(change));
    }
  }
  return total === 0 ? 1 : (total - lost) / total;
}
