/** What a glance at a camera frame tells. Cheap: a thumbnail of some 160 pixels is looked at, ten times a second. */
export interface Glance {
  /** Mean luma, 0..255. */
  readonly brightness: number;
  /** Share 0..1 of pixels that are burnt out. */
  readonly burnt: number;
  /** Variance of the Laplacian of the luma: small where nothing is sharp. */
  readonly sharpness: number;
  /** Mean difference of the luma to the frame before, 0..255. */
  readonly motion: number;
}

/** Luma, ITU-R BT.601. */
const luma = (data: Uint8ClampedArray, i: number) =>
  0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
const BURNT_LUMA = 250;

/** Looks at one thumbnail. `before`: the last one's luma, updated in place; null at first. */
export function glance(
  image: ImageData,
  before: Float32Array | null,
): { glance: Glance; luma: Float32Array } {
  const { width, height, data } = image;
  const now = new Float32Array(width * height);
  let sum = 0;
  let burnt = 0;
  let motion = 0;
  for (let i = 0; i < now.length; i++) {
    const value = luma(data, i * 4);
    now[i] = value;
    sum += value;
    if (value >= BURNT_LUMA) burnt++;
    if (before) motion += Math.abs(value - before[i]);
  }
  let edges = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const laplacian = now[i - 1] + now[i + 1] + now[i - width] + now[i + width] - 4 * now[i];
      edges += laplacian;
      squares += laplacian * laplacian;
    }
  }
  const inner = (width - 2) * (height - 2);
  return {
    luma: now,
    glance: {
      brightness: sum / now.length,
      burnt: burnt / now.length,
      sharpness: squares / inner - (edges / inner) ** 2,
      motion: before ? motion / now.length : 255,
    },
  };
}

/** When a card in the frame is fit to be photographed. They guide only: the server judges the photograph. */
const CARD_LIMITS = { dark: 60, bright: 235, burnt: 0.03, sharp: 60, motion: 6 };

/** The word for what is wrong with the glance at a card, the worst first; "ready" where nothing is. */
export function adviseCard({ brightness, burnt, sharpness, motion }: Glance) {
  if (brightness < CARD_LIMITS.dark) return "tooDark";
  if (brightness > CARD_LIMITS.bright) return "tooBright";
  if (motion > CARD_LIMITS.motion) return "holdStill";
  if (burnt > CARD_LIMITS.burnt) return "glare";
  if (sharpness < CARD_LIMITS.sharp) return "blurred";
  return "ready";
}
