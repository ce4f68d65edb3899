/**
 * The spectrum of a square picture: power of each frequency, the constant in the first cell.
 * @param light  size × size values; the mean is taken off and the rim faded out (Hann) first
 * @param size   a power of two
 * @returns size × size, cell (u, v) at v × size + u: u / size (or (u − size) / size) periods a pixel
 */
export function powerSpectrum(light: Float32Array, size: number): Float32Array {
  const mean = light.reduce((sum, v) => sum + v, 0) / light.length;
  const fade = Float32Array.from(
    { length: size },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size),
  );
  const real = light.map((v, i) => (v - mean) * fade[i % size] * fade[Math.floor(i / size)]);
  const imaginary = new Float32Array(real.length);
  const table = turns(size);
  for (let y = 0; y < size; y++) transform(real, imaginary, y * size, 1, table);
  for (let x = 0; x < size; x++) transform(real, imaginary, x, size, table);
  return real.map((v, i) => v * v + imaginary[i] * imaginary[i]);
}

/** Cooley and Tukey's fast Fourier transform of one row or column, in place. */
function transform(
  re: Float32Array,
  im: Float32Array,
  start: number,
  step: number,
  { size, cos, sin }: Turns,
): void {
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const a = start + i * step;
    const b = start + j * step;
    const x = re[a];
    const y = im[a];
    re[a] = re[b];
    im[a] = im[b];
    re[b] = x;
    im[b] = y;
  }
  for (let half = 1; half < size; half *= 2) {
    const turn = size / (2 * half);
    for (let k = 0; k < half; k++) {
      const c = cos[k * turn];
      const s = sin[k * turn];
      for (let i = k; i < size; i += 2 * half) {
        const a = start + i * step;
        const b = a + half * step;
        const x = re[b] * c - im[b] * s;
        const y = re[b] * s + im[b] * c;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** Cosine and sine of −2πk / size for each k of half a turn. */
interface Turns {
  readonly size: number;
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

function turns(size: number): Turns {
  const angles = Float64Array.from({ length: size / 2 }, (_, k) => (-2 * Math.PI * k) / size);
  return { size, cos: angles.map((a) => Math.cos(a)), sin: angles.map((a) => Math.sin(a)) };
}

/** Periods a pixel between which dots, stripes and moiré show: below are the face's own shapes. */
const BAND = { from: 0.09, to: 0.47 } as const;
/** JPEG works in blocks of this many pixels: its edges make peaks of their own on the axes. */
const JPEG_BLOCK = 8;
/** Variance of rounding (1/12) times the mean square of the two fades (3/8 each). */
const ROUNDING = (1 / 12) * (3 / 8) ** 2;
/** Frequencies within this many steps of the spectrum count as equally high. */
const RING = 2;

/**
 * How far the strongest pattern that repeats stands out: the power of a frequency over the median power of those as
 * high. Skin, noise and blur have none; halftone dots, a screen's pixels and moiré do.
 * @returns decibels, 0 or more
 */
export function patternStrength(light: Float32Array, size: number): number {
  const power = powerSpectrum(light, size);
  const rings: number[][] = [];
  // By ring, the strongest frequency that is not JPEG's own.
  const peaks: number[] = [];
  for (let v = 0; v < size; v++) {
    const y = Math.abs(v <= size / 2 ? v : v - size);
    // Half of the plane says all: the other half mirrors it.
    for (let x = 0; x <= size / 2; x++) {
      const radius = Math.sqrt(x * x + y * y);
      if (radius < BAND.from * size || radius > BAND.to * size) continue;
      const ring = Math.round(radius / RING);
      rings[ring] ??= [];
      const value = power[v * size + x];
      rings[ring].push(value);
      if (!ownOfJpeg(x, y, size)) peaks[ring] = Math.max(peaks[ring] ?? 0, value);
    }
  }
  // Rounding to whole numbers alone gives each frequency this power: a picture without noise has no less.
  const rounding = ROUNDING * size * size;
  const strongest = peaks.reduce(
    (most, peak, ring) => Math.max(most, peak / Math.max(rounding, median(rings[ring]))),
    1,
  );
  return 10 * Math.log10(strongest);
}

/** Whether a frequency may come from the edges of JPEG's blocks: on an axis, at a multiple of one period a block. */
function ownOfJpeg(x: number, y: number, size: number): boolean {
  if (Math.min(x, y) > 1) return false;
  const periods = (Math.max(x, y) * JPEG_BLOCK) / size;
  return Math.abs(periods - Math.round(periods)) <= (1.5 * JPEG_BLOCK) / size;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}
