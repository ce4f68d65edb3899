/** The ten digits in the manner of OCR-A, as pen strokes from point to point on a grid of 10 × 14, y down. */
const STROKES: Readonly<Record<string, readonly string[]>> = {
  "0": ["5,0 9,0 9,14 1,14 1,0 5,0"],
  "1": ["1.5,0 5,0 5,14", "1,14 9,14 9,10.5"],
  "2": ["1,0 9,0 9,7 1,7 1,14 9,14"],
  "3": ["1,0 8,0 8,6.5 9,7.5 9,14 1,14", "4,6.5 8,6.5"],
  "4": ["1,0 1,9 9,9", "7,5 7,14"],
  "5": ["9,0 1,0 1,6.5 9,6.5 9,14 1,14"],
  "6": ["1,0 1,14 9,14 9,7 1,7"],
  "7": ["1,2.8 1,0 9,0 9,5 5,8.5 5,14"],
  "8": ["5,6.5 2.2,6.5 2.2,0 7.8,0 7.8,6.5 5,6.5", "2.2,6.5 1,7.7 1,14 9,14 9,7.7 7.8,6.5"],
  "9": ["9,14 9,0 1,0 1,7 9,7"],
};
/** In units of that grid: from digit to digit, the pen's width, the radius of a corner. */
const GRID = { height: 14, advance: 13.6, pen: 1.75, corner: 1.9 };

type Stroke = readonly (readonly [x: number, y: number])[];

const DIGITS = new Map<string, readonly Stroke[]>(
  Object.entries(STROKES).map(([digit, strokes]) => [
    digit,
    strokes.map((stroke) =>
      stroke.split(" ").map((point) => {
        const [x, y] = point.split(",").map(Number);
        return [x, y] as const;
      }),
    ),
  ]),
);

/** A stroke with its corners rounded by the pen's radius, as path data. */
function strokePath(stroke: Stroke, x: number, y: number, k: number): string {
  const at = (px: number, py: number) => `${(x + px * k).toFixed(2)} ${(y + py * k).toFixed(2)}`;
  let d = `M${at(...stroke[0])}`;
  for (let i = 1; i < stroke.length - 1; i++) {
    const [cx, cy] = stroke[i];
    const near = ([px, py]: readonly [number, number]) => {
      const length = Math.hypot(px - cx, py - cy);
      const t = Math.min(GRID.corner / length, 0.5);
      return at(cx + (px - cx) * t, cy + (py - cy) * t);
    };
    d += `L${near(stroke[i - 1])}Q${at(cx, cy)} ${near(stroke[i + 1])}`;
  }
  return `${d}L${at(...stroke[stroke.length - 1])}`;
}

/** From a digit of this height to the next, in pixels. */
export const ocrAdvance = (height: number): number => (GRID.advance * height) / GRID.height;

/**
 * Digits in the manner of OCR-A, the face of the NIK on most cards.
 * @param height  of a digit in pixels; the baseline is at `y`
 */
export function ocrDigits(digits: string, x: number, y: number, height: number, fill = "#1b1b20"): string {
  const k = height / GRID.height;
  const d = [...digits]
    .flatMap((digit, i) =>
      (DIGITS.get(digit) ?? []).map((stroke) => strokePath(stroke, x + i * GRID.advance * k, y - height, k)),
    )
    .join("");
  return `<path d="${d}" fill="none" stroke="${fill}" stroke-width="${(GRID.pen * k).toFixed(2)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}
