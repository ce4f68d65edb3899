import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype, { type Font } from "opentype.js";

/** Text is drawn as outlines: a machine may have no fonts at all, and a sample must have the same bytes on every machine. */
export type Weight = "regular" | "medium" | "semibold" | "bold";

const FILES: Readonly<Record<Weight, string>> = {
  regular: "@fontsource/arimo/files/arimo-latin-400-normal.woff",
  medium: "@fontsource/arimo/files/arimo-latin-500-normal.woff",
  semibold: "@fontsource/arimo/files/arimo-latin-600-normal.woff",
  bold: "@fontsource/arimo/files/arimo-latin-700-normal.woff",
};
const fonts = new Map<Weight, Font>();

function fontOf(weight: Weight): Font {
  let font = fonts.get(weight);
  if (!font) {
    const bytes = readFileSync(createRequire(import.meta.url).resolve(FILES[weight]));
    font = opentype.parse(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    );
    fonts.set(weight, font);
  }
  return font;
}

/** Width in pixels of `text` set in Arimo (the metrics of Arial). */
export function textWidth(text: string, size: number, weight: Weight = "regular"): number {
  return fontOf(weight).getAdvanceWidth(text, size);
}

export interface Lettering {
  readonly weight?: Weight;
  readonly align?: "left" | "centre";
  readonly fill?: string;
}

/** Path data of `text`. Written here because `toPathData` of opentype.js 2.0 gives NaN for a few coordinates. */
function outline(text: string, x: number, y: number, size: number, weight: Weight): string {
  return fontOf(weight)
    .getPath(text, x, y, size)
    .commands.map(
      (c) =>
        c.type +
        [c.x1, c.y1, c.x2, c.y2, c.x, c.y]
          .filter((v) => v !== undefined)
          .map((v) => v.toFixed(2))
          .join(" "),
    )
    .join("");
}

/** An SVG path of `text`, its baseline at `y`. */
export function textPath(text: string, x: number, y: number, size: number, style: Lettering = {}): string {
  const { weight = "regular", align = "left", fill = "#1b1b20" } = style;
  const left = align === "centre" ? x - textWidth(text, size, weight) / 2 : x;
  return `<path fill="${fill}" d="${outline(text, left, y, size, weight)}"/>`;
}

/** Breaks `text` at spaces into lines of at most `width` pixels; a word that is longer stands alone. */
export function wrap(text: string, size: number, width: number, weight: Weight = "regular"): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, size, weight) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

type Stroke = readonly (readonly [x: number, y: number])[];

/** The ten digits in the manner of OCR-A as pen strokes on a grid of 10 × 14, y down. */
const OCR_DIGITS: Readonly<Record<string, readonly Stroke[]>> = {
  "0": [
    [
      [5, 0],
      [9, 0],
      [9, 14],
      [1, 14],
      [1, 0],
      [5, 0],
    ],
  ],
  "1": [
    [
      [1.5, 0],
      [5, 0],
      [5, 14],
    ],
    [
      [1, 14],
      [9, 14],
      [9, 10.5],
    ],
  ],
  "2": [
    [
      [1, 0],
      [9, 0],
      [9, 7],
      [1, 7],
      [1, 14],
      [9, 14],
    ],
  ],
  "3": [
    [
      [1, 0],
      [8, 0],
      [8, 6.5],
      [9, 7.5],
      [9, 14],
      [1, 14],
    ],
    [
      [4, 6.5],
      [8, 6.5],
    ],
  ],
  "4": [
    [
      [1, 0],
      [1, 9],
      [9, 9],
    ],
    [
      [7, 5],
      [7, 14],
    ],
  ],
  "5": [
    [
      [9, 0],
      [1, 0],
      [1, 6.5],
      [9, 6.5],
      [9, 14],
      [1, 14],
    ],
  ],
  "6": [
    [
      [1, 0],
      [1, 14],
      [9, 14],
      [9, 7],
      [1, 7],
    ],
  ],
  "7": [
    [
      [1, 2.8],
      [1, 0],
      [9, 0],
      [9, 5],
      [5, 8.5],
      [5, 14],
    ],
  ],
  "8": [
    [
      [5, 6.5],
      [2.2, 6.5],
      [2.2, 0],
      [7.8, 0],
      [7.8, 6.5],
      [5, 6.5],
    ],
    [
      [2.2, 6.5],
      [1, 7.7],
      [1, 14],
      [9, 14],
      [9, 7.7],
      [7.8, 6.5],
    ],
  ],
  "9": [
    [
      [9, 14],
      [9, 0],
      [1, 0],
      [1, 7],
      [9, 7],
    ],
  ],
};
const OCR_GRID = { width: 10, height: 14, advance: 13.6, pen: 1.75, corner: 1.9 };

/** A stroke with its corners rounded by the pen's radius, as path data. */
function strokePath(stroke: Stroke, x: number, y: number, k: number): string {
  const at = (px: number, py: number) => `${(x + px * k).toFixed(2)} ${(y + py * k).toFixed(2)}`;
  let d = `M${at(...stroke[0])}`;
  for (let i = 1; i < stroke.length - 1; i++) {
    const [cx, cy] = stroke[i];
    const near = ([px, py]: readonly [number, number]) => {
      const length = Math.hypot(px - cx, py - cy);
      const t = Math.min(OCR_GRID.corner / length, 0.5);
      return at(cx + (px - cx) * t, cy + (py - cy) * t);
    };
    d += `L${near(stroke[i - 1])}Q${at(cx, cy)} ${near(stroke[i + 1])}`;
  }
  return `${d}L${at(...stroke[stroke.length - 1])}`;
}

/**
 * Digits in the manner of OCR-A, the face of the NIK on most cards.
 * @param height  of a digit in pixels; the baseline is at `y`
 */
export function ocrDigits(digits: string, x: number, y: number, height: number, fill = "#1b1b20"): string {
  const k = height / OCR_GRID.height;
  const d = [...digits]
    .flatMap((digit, i) =>
      OCR_DIGITS[digit].map((stroke) => strokePath(stroke, x + i * OCR_GRID.advance * k, y - height, k)),
    )
    .join("");
  return `<path d="${d}" fill="none" stroke="${fill}" stroke-width="${(OCR_GRID.pen * k).toFixed(2)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}
