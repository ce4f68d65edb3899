import type { Pixels } from "../vision/image.ts";
import { DOCUMENT_KINDS, type DocumentKind } from "./documents.ts";
import { textPath } from "./lettering.ts";
import { makeName } from "./names.ts";
import { ocrDigits } from "./ocr-digits.ts";
import { drawSvg } from "./pixels.ts";
import type { Random } from "./random.ts";

/** Scenes that are drawn whole. */
const SCENE_KINDS = ["landscape", "receipt", "bank-card"] as const;
type SceneKind = (typeof SCENE_KINDS)[number];

/** Pictures that people send in place of a card. */
export const NOT_A_KTP_KINDS = [...SCENE_KINDS, ...DOCUMENT_KINDS, "face", "people", "texture"] as const;
export type NotAKtpKind = (typeof NOT_A_KTP_KINDS)[number];

export const isDocument = (kind: NotAKtpKind): kind is DocumentKind =>
  (DOCUMENT_KINDS as readonly string[]).includes(kind);

const WIDTH = 1280;
const HEIGHT = 960;

const svg = (...parts: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${parts.join("")}</svg>`;

/** @param random  what the picture depends on */
export function drawScene(random: Random, kind: SceneKind): Promise<Pixels> {
  const draw: Readonly<Record<SceneKind, (random: Random) => string>> = {
    landscape: drawLandscape,
    receipt: drawReceipt,
    "bank-card": drawBankCard,
  };
  return drawSvg(draw[kind](random), 0.7);
}

/** Sky, sun, hills one behind the other, trees. */
function drawLandscape(random: Random): string {
  const hue = random.whole(195, 225);
  const hill = (level: number, light: number) => {
    const points = Array.from({ length: 41 }, (_, i) => {
      const x = (i / 40) * WIDTH;
      const y =
        level * HEIGHT +
        50 * Math.sin(i / 5 + level * 20) +
        22 * Math.sin(i / 2.1 + level * 7) +
        random.between(-4, 4);
      return `${x} ${y.toFixed(1)}`;
    });
    return `<path d="M0 ${HEIGHT}L${points.join("L")}L${WIDTH} ${HEIGHT}Z" fill="hsl(${random.whole(95, 135)},40%,${light}%)"/>`;
  };
  const trees = Array.from({ length: 14 }, () => {
    const [x, y, size] = [
      random.between(0, WIDTH),
      random.between(0.72, 0.95) * HEIGHT,
      random.between(30, 90),
    ];
    return `<path d="M${x} ${y}l${-size * 0.4} 0l${size * 0.4} ${-size * 1.6}l${size * 0.4} ${size * 1.6}Z" fill="hsl(${random.whole(110, 140)},45%,${random.whole(16, 26)}%)"/>`;
  });
  return svg(
    `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="hsl(${hue},70%,55%)"/><stop offset="1" stop-color="hsl(${hue - 10},60%,88%)"/></linearGradient></defs>`,
    `<rect width="100%" height="100%" fill="url(#sky)"/>`,
    `<circle cx="${random.between(150, 1100)}" cy="${random.between(90, 260)}" r="60" fill="#fff4cf"/>`,
    hill(0.55, 52),
    hill(0.66, 42),
    hill(0.78, 33),
    ...trees,
  );
}

const GOODS = [
  "BERAS 5KG",
  "MINYAK GORENG 2L",
  "GULA PASIR",
  "TELUR AYAM",
  "KOPI SACHET",
  "SABUN MANDI",
  "MIE INSTAN",
  "AIR MINERAL",
  "TEH CELUP",
  "KECAP MANIS",
  "SUSU UHT",
  "ROTI TAWAR",
];

/** A shop's receipt on a table. */
function drawReceipt(random: Random): string {
  const [left, width] = [340, 600];
  const price = (n: number) => n.toLocaleString("id-ID");
  let total = 0;
  let y = 250;
  const lines: string[] = [];
  const row = (label: string, value: string, size = 26) => {
    lines.push(textPath(label, left + 40, y, size), textPath(value, left + width - 160, y, size));
    y += 42;
  };
  for (const good of random.shuffled(GOODS).slice(0, random.whole(6, 10))) {
    const cost = random.whole(20, 900) * 100;
    total += cost;
    row(good, price(cost));
  }
  y += 16;
  row("TOTAL", price(total), 30);
  row("TUNAI", price(Math.ceil(total / 50_000) * 50_000), 26);
  return svg(
    `<rect width="100%" height="100%" fill="hsl(${random.whole(18, 38)},35%,42%)"/>`,
    `<g transform="rotate(${random.between(-3, 3).toFixed(2)} ${WIDTH / 2} ${HEIGHT / 2})">`,
    `<rect x="${left}" y="40" width="${width}" height="880" fill="#f7f6f1"/>`,
    textPath("TOKO SUMBER REJEKI", WIDTH / 2, 110, 36, { weight: "bold", align: "centre" }),
    textPath("JL. MERDEKA NO. 12", WIDTH / 2, 155, 26, { align: "centre" }),
    textPath(
      `${random.whole(10, 28)}-0${random.whole(1, 9)}-2024  NO ${random.whole(1000, 9999)}`,
      WIDTH / 2,
      195,
      26,
      {
        align: "centre",
      },
    ),
    ...lines,
    textPath("TERIMA KASIH", WIDTH / 2, Math.min(890, y + 60), 28, { align: "centre" }),
    "</g>",
  );
}

/** A bank card: of the size of a KTP, with sixteen digits and a name, and not a KTP. */
function drawBankCard(random: Random): string {
  const hue = random.whole(0, 359);
  const [x, y, width, height] = [180, 190, 920, 580];
  const digits = Array.from({ length: 4 }, () => String(random.whole(1000, 9999)));
  return svg(
    `<defs><linearGradient id="face" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="hsl(${hue},55%,24%)"/><stop offset="1" stop-color="hsl(${hue + 40},60%,45%)"/></linearGradient></defs>`,
    `<rect width="100%" height="100%" fill="hsl(${random.whole(20, 40)},18%,68%)"/>`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="34" fill="url(#face)"/>`,
    `<rect x="${x + 70}" y="${y + 170}" width="120" height="92" rx="12" fill="#d8b968"/>`,
    `<path d="M${x + 70} ${y + 216}h120M${x + 130} ${y + 170}v92" stroke="#8f7432" stroke-width="4"/>`,
    textPath("BANK NUSANTARA", x + 70, y + 95, 46, { weight: "bold", fill: "#fff" }),
    ...digits.map((group, i) => ocrDigits(group, x + 70 + i * 205, y + 385, 48, "#f2f2f2")),
    textPath("VALID THRU", x + 360, y + 440, 20, { fill: "#fff" }),
    textPath(`0${random.whole(1, 9)}/${random.whole(27, 31)}`, x + 500, y + 443, 32, { fill: "#fff" }),
    textPath(makeName(random, "javanese", "LAKI-LAKI", 30), x + 70, y + 520, 36, { fill: "#fff" }),
  );
}
