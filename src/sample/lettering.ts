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
