/** What the transform of a side of so many values needs; made once for each. */
interface Tables {
  /** Hann's fade of a window's rim. */
  readonly fade: Float64Array;
  /** Cosine and sine of −2πk / size. */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  /** Where the transform leaves each frequency: its digits, read backwards. */
  readonly places: Int32Array;
}

const tables = new Map<number, Tables>();

function tablesOf(size: number): Tables {
  const known = tables.get(size);
  if (known) return known;
  const numbers = Float64Array.from({ length: size }, (_, k) => k);
  const places = Int32Array.from({ length: size }, (_, frequency) => {
    let place = 0;
    for (let left = size, rest = frequency; left > 1; ) {
      const radix = left >= 4 ? 4 : 2;
      place = place * radix + (rest % radix);
      rest = Math.floor(rest / radix);
      left /= radix;
    }
    return place;
  });
  const made = {
    fade: numbers.map((k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (k + 0.5)) / size)),
    cosines: numbers.map((k) => Math.cos((-2 * Math.PI * k) / size)),
    sines: numbers.map((k) => Math.sin((-2 * Math.PI * k) / size)),
    places,
  };
  tables.set(size, made);
  return made;
}

/**
 * The spectrum of a square picture: power of each frequency, the constant in the first cell.
 * @param light  size × size values; the mean is taken off and the rim faded out (Hann) first
 * @param size   a power of two
 * @returns size × size, cell (u, v) at v × size + u: u / size (or (u − size) / size) periods a pixel
 */
export const powerSpectrum = (light: Float32Array, size: number): Float32Array =>
  averagedSpectrum(light, size, [0], size);

/**
 * The mean of the spectra of several windows of a picture (Welch's method). What one window tells of noise differs by as
 * much as the noise itself, the mean of several by the less the more they are: a faint pattern stands out of it.
 * @param plane   values, row by row
 * @param width   of the plane
 * @param starts  place in the plane of each window's first value; one at least
 * @param size    side of the windows, a power of two
 * @returns as {@link powerSpectrum}
 */
export function averagedSpectrum(
  plane: Float32Array,
  width: number,
  starts: readonly number[],
  size: number,
): Float32Array {
  const cells = size * size;
  const [re, im] = [new Float64Array(cells), new Float64Array(cells)];
  const [turnedRe, turnedIm] = [new Float64Array(cells), new Float64Array(cells)];
  const sums = new Float64Array(cells);
  // Two windows at a time, as one of complex numbers: a frequency and its mirror then hold the power of both.
  for (let k = 0; k < starts.length; k += 2) {
    load(plane, width, starts[k], size, re);
    if (k + 1 < starts.length) load(plane, width, starts[k + 1], size, im);
    else im.fill(0);
    transform(re, im, size);
    turn(re, size, turnedRe);
    turn(im, size, turnedIm);
    transform(turnedRe, turnedIm, size);
    for (let i = 0; i < cells; i++) sums[i] += turnedRe[i] * turnedRe[i] + turnedIm[i] * turnedIm[i];
  }
  const { places } = tablesOf(size);
  const power = new Float32Array(cells);
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      const own = sums[places[u] * size + places[v]];
      const mirrored = sums[places[(size - u) % size] * size + places[(size - v) % size]];
      power[v * size + u] = (own + mirrored) / (2 * starts.length);
    }
  }
  return power;
}

/** Copies a window without its mean, its rim faded out. */
function load(plane: Float32Array, width: number, start: number, size: number, to: Float64Array): void {
  const { fade } = tablesOf(size);
  let sum = 0;
  for (let y = 0; y < size; y++) for (let x = 0, i = start + y * width; x < size; x++, i++) sum += plane[i];
  const mean = sum / (size * size);
  for (let y = 0, o = 0; y < size; y++)
    for (let x = 0, i = start + y * width; x < size; x++, i++, o++)
      to[o] = (plane[i] - mean) * fade[y] * fade[x];
}

/** Rows become columns. */
function turn(from: Float64Array, size: number, to: Float64Array): void {
  for (let y = 0, i = 0; y < size; y++) for (let x = 0; x < size; x++, i++) to[x * size + y] = from[i];
}

/**
 * The fast Fourier transform of every column, in place: parts of four at a time, of two where the size is no power of
 * four (radix 4, decimation in frequency), whole rows at once, so that what is read lies side by side. Frequency f is
 * left in row `places[f]`.
 */
function transform(re: Float64Array, im: Float64Array, size: number): void {
  const { cosines, sines } = tablesOf(size);
  let span = size;
  for (; span >= 4; span /= 4) {
    const apart = (span / 4) * size;
    for (let k = 0; k < span / 4; k++) {
      const angle = (k * size) / span;
      const [c1, c2, c3] = [cosines[angle], cosines[2 * angle], cosines[3 * angle]];
      const [s1, s2, s3] = [sines[angle], sines[2 * angle], sines[3 * angle]];
      for (let row = k; row < size; row += span) {
        const end = (row + 1) * size;
        for (let a = row * size; a < end; a++) {
          const b = a + apart;
          const c = b + apart;
          const d = c + apart;
          const evenRe = re[a] + re[c];
          const evenIm = im[a] + im[c];
          const oddRe = re[b] + re[d];
          const oddIm = im[b] + im[d];
          const acrossRe = re[a] - re[c];
          const acrossIm = im[a] - im[c];
          const asideRe = im[b] - im[d];
          const asideIm = re[d] - re[b];
          const x1 = acrossRe + asideRe;
          const y1 = acrossIm + asideIm;
          const x2 = evenRe - oddRe;
          const y2 = evenIm - oddIm;
          const x3 = acrossRe - asideRe;
          const y3 = acrossIm - asideIm;
          re[a] = evenRe + oddRe;
          im[a] = evenIm + oddIm;
          re[b] = x1 * c1 - y1 * s1;
          im[b] = x1 * s1 + y1 * c1;
          re[c] = x2 * c2 - y2 * s2;
          im[c] = x2 * s2 + y2 * c2;
          re[d] = x3 * c3 - y3 * s3;
          im[d] = x3 * s3 + y3 * c3;
        }
      }
    }
  }
  if (span !== 2) return;
  for (let row = 0; row < size; row += 2) {
    for (let a = row * size, b = a + size; a < (row + 1) * size; a++, b++) {
      const [x, y] = [re[b], im[b]];
      re[b] = re[a] - x;
      im[b] = im[a] - y;
      re[a] += x;
      im[a] += y;
    }
  }
}

/** Side, in pixels, of the windows in which patterns are looked for. */
export const WINDOW = 64;
/** From one window to the next, in pixels: three quarters of a window, whose rims are faded out. */
const STEP = 48;

/** Frequencies in which a pattern is looked for, in periods a pixel: in all, and along each axis at most. */
export interface Band {
  readonly from: number;
  readonly to: number;
}

/** JPEG works in blocks of this many pixels: its edges make peaks of their own on the axes. */
const JPEG_BLOCK = 8;
/** Steps of the spectrum from the middle of a peak to where fading the rims ends it. */
const PEAK = 2;
/** Variance of rounding (1/12) times the mean square of the two fades (3/8 each): power of each frequency of a window. */
const ROUNDING = (1 / 12) * (3 / 8) ** 2 * WINDOW * WINDOW;
/** Frequencies within this many steps of the spectrum count as equally high. */
const RING = 2;
/** So many frequencies tell a median; the few in the spectrum's corners are counted to those below them. */
const RING_LEAST = 24;

/**
 * How far the strongest pattern that repeats stands out: the power of a frequency over the median power of those as
 * high, in the mean spectrum of windows all over the picture. Skin, noise and blur have none; halftone dots, a screen's pixels and moiré do.
 * @param plane  width × height values that were rounded to whole numbers
 * @returns decibels, 0 or more; 0 where the picture is smaller than a window
 */
export function patternStrength(plane: Float32Array, width: number, height: number, band: Band): number {
  const starts: number[] = [];
  for (let y = 0; y + WINDOW <= height; y += STEP)
    for (let x = 0; x + WINDOW <= width; x += STEP) starts.push(y * width + x);
  if (starts.length === 0) return 0;
  const power = averagedSpectrum(plane, width, starts, WINDOW);
  let strongest = 1;
  for (const { all, own } of ringsOf(band)) {
    let peak = 0;
    for (const i of own) peak = Math.max(peak, power[i]);
    // Rounding alone gives each frequency this power: a picture without noise has no less. The median costs more than
    // the peak: it is taken where the peak could count.
    if (peak <= strongest * ROUNDING) continue;
    const values = new Float32Array(all.length);
    for (let k = 0; k < all.length; k++) values[k] = power[all[k]];
    strongest = Math.max(strongest, peak / Math.max(ROUNDING, median(values)));
  }
  return 10 * Math.log10(strongest);
}

/** Cells of the spectrum whose frequencies are equally high; `own` are those that are not JPEG's. */
interface Ring {
  readonly all: Int32Array;
  readonly own: Int32Array;
}

const rings = new Map<Band, readonly Ring[]>();

/** The band's rings; made once for each. */
function ringsOf(band: Band): readonly Ring[] {
  const known = rings.get(band);
  if (known) return known;
  const found: { all: number[]; own: number[] }[] = [];
  for (let v = 0; v < WINDOW; v++) {
    const y = Math.min(v, WINDOW - v);
    // Half of the plane says all: the other half mirrors it.
    for (let x = 0; x <= WINDOW / 2; x++) {
      const radius = Math.sqrt(x * x + y * y);
      if (radius < band.from * WINDOW || Math.max(x, y) > band.to * WINDOW) continue;
      const ring = Math.round(radius / RING);
      found[ring] ??= { all: [], own: [] };
      found[ring].all.push(v * WINDOW + x);
      if (!ownOfJpeg(x, y)) found[ring].own.push(v * WINDOW + x);
    }
  }
  const made: { all: number[]; own: number[] }[] = [];
  for (const ring of found.filter((one) => one !== undefined)) {
    const below = made.at(-1);
    if (below === undefined || ring.all.length >= RING_LEAST) made.push(ring);
    else {
      below.all.push(...ring.all);
      below.own.push(...ring.own);
    }
  }
  const fixed = made.map(({ all, own }) => ({ all: Int32Array.from(all), own: Int32Array.from(own) }));
  rings.set(band, fixed);
  return fixed;
}

/** Whether a frequency may come from the edges of JPEG's blocks: on an axis, at a multiple of one period a block. */
function ownOfJpeg(x: number, y: number): boolean {
  if (Math.min(x, y) > 1) return false;
  const apart = Math.max(x, y) % (WINDOW / JPEG_BLOCK);
  return Math.min(apart, WINDOW / JPEG_BLOCK - apart) <= PEAK;
}

/** @param values  is sorted in place */
function median(values: Float32Array): number {
  return values.sort()[values.length >> 1];
}
