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
  for (let y = 0; y < size; y++) transform(real, imaginary, y * size, 1, size);
  for (let x = 0; x < size; x++) transform(real, imaginary, x, size, size);
  return real.map((v, i) => v * v + imaginary[i] * imaginary[i]);
}

/** Cooley and Tukey's fast Fourier transform of one row or column, in place. */
function transform(re: Float32Array, im: Float32Array, start: number, step: number, size: number): void {
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const [a, b] = [start + i * step, start + j * step];
    [re[a], re[b]] = [re[b], re[a]];
    [im[a], im[b]] = [im[b], im[a]];
  }
  for (let length = 2; length <= size; length *= 2) {
    const angle = (-2 * Math.PI) / length;
    for (let k = 0; k < length / 2; k++) {
      const [c, s] = [Math.cos(angle * k), Math.sin(angle * k)];
      for (let i = k; i < size; i += length) {
        const [a, b] = [start + i * step, start + (i + length / 2) * step];
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

/** Periods a pixel between which dots, stripes and moiré show: below are the face's own shapes. */
const BAND = { from: 0.09, to: 0.47 } as const;
/** JPEG works in blocks of this many pixels: its edges make peaks of their own on the axes. */
const JPEG_BLOCK = 8;

/**
 * How far the strongest pattern that repeats stands out: the power of a frequency over the median power of those as
 * high. Skin, noise and blur have none; halftone dots, a screen's pixels and moiré do.
 * @returns decibels, 0 or more
 */
export function patternStrength(light: Float32Array, size: number): number {
  const power = powerSpectrum(light, size);
  const rings = new Map<number, number[]>();
  const cells: { ring: number; value: number; ownOfJpeg: boolean }[] = [];
  for (let v = 0; v < size; v++) {
    // Half of the plane says all: the other half mirrors it.
    for (let u = 0; u <= size / 2; u++) {
      const fv = v <= size / 2 ? v : v - size;
      const radius = Math.hypot(u, fv);
      if (radius < BAND.from * size || radius > BAND.to * size) continue;
      const ring = Math.round(radius / 2);
      const value = power[v * size + u];
      const onAxis = Math.min(u, Math.abs(fv)) <= 1;
      const along = (Math.max(u, Math.abs(fv)) * JPEG_BLOCK) / size;
      cells.push({
        ring,
        value,
        ownOfJpeg: onAxis && Math.abs(along - Math.round(along)) <= (1.5 * JPEG_BLOCK) / size,
      });
      const values = rings.get(ring);
      if (values) values.push(value);
      else rings.set(ring, [value]);
    }
  }
  const medians = new Map([...rings].map(([ring, values]) => [ring, median(values)]));
  let strongest = 1;
  for (const { ring, value, ownOfJpeg } of cells) {
    const usual = medians.get(ring)!;
    if (!ownOfJpeg && usual > 0) strongest = Math.max(strongest, value / usual);
  }
  return 10 * Math.log10(strongest);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
