/**
 * The spectrum of a square picture: power of each frequency, the constant in the first cell.
 * @param light  size × size values; the mean is taken off and the rim faded out (Hann) first
 * @param size   a power of two
 * @returns size × size, cell (u, v) at v × size + u: u / size (or (u − size) / size) periods a pixel
 */
export function powerSpectrum(light: Float32Array, size: number): Float32Array {
  let sum = 0;
  for (let i = 0; i < light.length; i++) sum += light[i];
  const mean = sum / light.length;
  const fade = Float32Array.from(
    { length: size },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size),
  );
  const real = new Float32Array(light.length);
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++) real[i] = (light[i] - mean) * fade[x] * fade[y];
  const imaginary = new Float32Array(real.length);
  const table = turns(size);
  for (let y = 0; y < size; y++) transform(real, imaginary, y * size, 1, table);
  // The spectrum of real numbers is the same seen from both sides: half of its columns are made, the others mirrored.
  for (let x = 0; x <= size / 2; x++) transform(real, imaginary, x, size, table);
  const power = new Float32Array(real.length);
  for (let v = 0; v < size; v++) {
    for (let u = 0; u <= size / 2; u++) {
      const i = v * size + u;
      power[i] = real[i] * real[i] + imaginary[i] * imaginary[i];
      power[((size - v) % size) * size + ((size - u) % size)] = power[i];
    }
  }
  return power;
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
  // Rounding to whole numbers alone gives each frequency this power: a picture without noise has no less.
  const rounding = ROUNDING * size * size;
  let strongest = 1;
  for (const { all, own } of ringsOf(size)) {
    let peak = 0;
    for (const i of own) peak = Math.max(peak, power[i]);
    // The median costs more than the peak: it is taken where the peak could count.
    if (peak <= strongest * rounding) continue;
    const values = new Float32Array(all.length);
    for (let k = 0; k < all.length; k++) values[k] = power[all[k]];
    strongest = Math.max(strongest, peak / Math.max(rounding, median(values)));
  }
  return 10 * Math.log10(strongest);
}

/** Cells of the spectrum whose frequencies are equally high; `own` are those that are not JPEG's. */
interface Ring {
  readonly all: Int32Array;
  readonly own: Int32Array;
}

const rings = new Map<number, readonly Ring[]>();

/** The band's rings; made once for each size. */
function ringsOf(size: number): readonly Ring[] {
  const known = rings.get(size);
  if (known) return known;
  const found: { all: number[]; own: number[] }[] = [];
  for (let v = 0; v < size; v++) {
    const y = Math.abs(v <= size / 2 ? v : v - size);
    // Half of the plane says all: the other half mirrors it.
    for (let x = 0; x <= size / 2; x++) {
      const radius = Math.sqrt(x * x + y * y);
      if (radius < BAND.from * size || radius > BAND.to * size) continue;
      const ring = Math.round(radius / RING);
      found[ring] ??= { all: [], own: [] };
      found[ring].all.push(v * size + x);
      if (!ownOfJpeg(x, y, size)) found[ring].own.push(v * size + x);
    }
  }
  const made = found
    .filter((ring) => ring !== undefined)
    .map(({ all, own }) => ({ all: Int32Array.from(all), own: Int32Array.from(own) }));
  rings.set(size, made);
  return made;
}

/** Whether a frequency may come from the edges of JPEG's blocks: on an axis, at a multiple of one period a block. */
function ownOfJpeg(x: number, y: number, size: number): boolean {
  if (Math.min(x, y) > 1) return false;
  const periods = (Math.max(x, y) * JPEG_BLOCK) / size;
  return Math.abs(periods - Math.round(periods)) <= (1.5 * JPEG_BLOCK) / size;
}

/** @param values  is sorted in place */
function median(values: Float32Array): number {
  return values.sort()[values.length >> 1];
}
