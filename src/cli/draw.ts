import sharp, { type OverlayOptions } from "sharp";
import { KTP_FIELDS, type KtpField, type KtpReport } from "../vision/facts.ts";
import { invert, type Point, perspective, type Quad, transform, warp } from "../vision/geometry.ts";
import { decodeImage, type Photograph } from "../vision/image.ts";

/** Width of each of the three pictures, and the space around them, in pixels. */
const PANEL = 1000;
const GAP = 20;
/** ISO/IEC 7810 ID-1. */
const CARD_RATIO = 85.6 / 53.98;
const CARD_HEIGHT = Math.round(PANEL / CARD_RATIO);
/** Longer side at which the photograph is looked at. */
const MOST_SIDE = 2048;
const CAPTION = 26;

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const svg = (width: number, height: number, ...parts: readonly string[]) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">${parts.join("")}</svg>`,
  );
const polygon = (points: readonly Point[], style: string) =>
  `<polygon points="${points.map((p) => p.map((n) => n.toFixed(1)).join(",")).join(" ")}" fill="none" ${style}/>`;

/**
 * What was seen in a photograph, as a PNG: the photograph; the card and its fields found in it; the card straightened,
 * with each field's box and value, and the verdict.
 */
export async function drawReading(bytes: Uint8Array, report: KtpReport): Promise<Uint8Array> {
  const image = await decodeImage(bytes, MOST_SIDE);
  const height = Math.round((image.height * PANEL) / image.width);
  const view = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(PANEL, height, { fit: "fill" })
    .png()
    .toBuffer();
  const layers: OverlayOptions[] = [
    { input: view, left: GAP, top: GAP },
    { input: view, left: 2 * GAP + PANEL, top: GAP },
    { input: foundOverlay(report, image, height), left: 2 * GAP + PANEL, top: GAP },
    ...(await rectified(report, image)),
    { input: words(report), left: 3 * GAP + 2 * PANEL, top: 2 * GAP + CARD_HEIGHT },
  ];
  const wordsHeight = GAP + CARD_HEIGHT + WORDS_HEIGHT;
  return sharp({
    create: {
      width: 3 * PANEL + 4 * GAP,
      height: 2 * GAP + Math.max(height, wordsHeight),
      channels: 3,
      background: "#222",
    },
  })
    .composite(layers)
    .png()
    .toBuffer();
}

function foundOverlay({ outline, result }: KtpReport, image: Photograph, height: number): Buffer {
  const k = PANEL / (image.width * image.scale);
  const scaled = (quad: Quad) => quad.map(([x, y]): Point => [x * k, y * k]);
  const glare = result.quality.glare_box;
  return svg(
    PANEL,
    height,
    outline ? polygon(scaled(outline.card), `stroke="#0c0" stroke-width="5"`) : "",
    ...Object.values(outline?.fields ?? {}).map((quad) =>
      polygon(scaled(quad), `stroke="#f60" stroke-width="2"`),
    ),
    glare
      ? `<rect x="${glare[0] * k}" y="${glare[1] * k}" width="${glare[2] * k}" height="${glare[3] * k}" fill="none" stroke="#f0f" stroke-width="4"/>`
      : "",
  );
}

async function rectified({ outline, result }: KtpReport, image: Photograph): Promise<OverlayOptions[]> {
  if (outline === null) return [];
  const flat: Quad = [
    [0, 0],
    [PANEL, 0],
    [PANEL, CARD_HEIGHT],
    [0, CARD_HEIGHT],
  ];
  const decoded = (quad: Quad) => quad.map(([x, y]) => [x / image.scale, y / image.scale]) as unknown as Quad;
  const toImage = perspective(flat, decoded(outline.card));
  const toCard = invert(toImage);
  const { data, width, height } = warp(image, toImage, PANEL, CARD_HEIGHT, 0);
  const card = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  // Fields that stand in one place, as those of the birth do, are told together.
  const places = Map.groupBy(Object.entries(outline.fields), ([, quad]) => String(quad));
  const boxes = [...places.values()].map((there) => {
    const corners = decoded(there[0][1]).map((p) => transform(toCard, p));
    const facts = there.map(([field]) => result.fields[field as KtpField]);
    const right = corners[1];
    // Beside the value there is room up to the portrait; in red what is not sure.
    const colour = facts.every(({ confidence }) => confidence >= SURE) ? "#060" : "#c00";
    const said = facts.map(({ value }) => value ?? "?").join(", ");
    return `${polygon(corners, `stroke="${colour}" stroke-width="1.5"`)}<text x="${(right[0] + 4).toFixed(1)}" y="${(corners[2][1] - 3).toFixed(1)}" font-size="13" fill="${colour}">${escaped(said)}</text>`;
  });
  const [left, top] = [3 * GAP + 2 * PANEL, GAP];
  return [
    { input: card, left, top },
    { input: svg(PANEL, CARD_HEIGHT, ...boxes), left, top },
  ];
}

/** From this confidence on a value is drawn as sure. */
const SURE = 0.8;
const WORDS_HEIGHT = (KTP_FIELDS.length + 6) * CAPTION;

function words({ result, ktpScore, hints, portrait }: KtpReport): Buffer {
  const { glare_box: _, ...numbers } = result.quality;
  const measured = Object.entries(numbers).map(([name, n]) => `${name} ${n}`);
  const lines = [
    `looks like a KTP ${ktpScore.toFixed(2)}, confidence ${result.confidence.toFixed(2)}, portrait ${portrait ? "found" : "not found"}`,
    `hints: ${hints.join(", ") || "none"}`,
    measured.slice(0, 5).join("   "),
    measured.slice(5).join("   "),
    ...KTP_FIELDS.map((field) => {
      const { value, confidence } = result.fields[field];
      return `${field}: ${value ?? "-"}  ${confidence.toFixed(2)}`;
    }),
  ];
  return svg(
    PANEL,
    WORDS_HEIGHT,
    ...lines.map(
      (line, i) =>
        `<text x="8" y="${(i + 1) * CAPTION}" font-size="${CAPTION - 8}" fill="#eee">${escaped(line)}</text>`,
    ),
  );
}
