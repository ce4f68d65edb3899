import { textPath } from "./lettering.ts";
import type { Random } from "./random.ts";

/** What the levels photograph a card on. */
export const GROUNDS = ["plain", "wood", "cloth", "tiles", "clutter"] as const;
export type Ground = (typeof GROUNDS)[number] | "hand";

/** An SVG of the ground, `width` × `height` pixels. */
export function drawGroundSvg(random: Random, ground: Ground, width: number, height: number): string {
  const draw: Readonly<Record<Ground, (random: Random, w: number, h: number) => string>> = {
    plain: drawPlain,
    wood: drawWood,
    cloth: drawCloth,
    tiles: drawTiles,
    clutter: drawClutter,
    hand: drawHand,
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${draw[ground](random, width, height)}</svg>`;
}

/** Paper, a desk, a wall: white, grey, beige or dark. */
function drawPlain(random: Random): string {
  const light = random.weighted([
    [random.whole(70, 92), 3],
    [random.whole(18, 45), 2],
  ]);
  return `<rect width="100%" height="100%" fill="hsl(${random.whole(0, 359)},${random.whole(0, 16)}%,${light}%)"/>`;
}

function drawWood(random: Random, width: number, height: number): string {
  const [hue, light] = [random.whole(18, 36), random.whole(28, 58)];
  const grain = Array.from({ length: 70 }, (_, i) => {
    const y = ((i + random.between(-0.4, 0.4)) / 70) * height;
    const swing = random.between(-14, 14);
    return `<path d="M0 ${y.toFixed(1)}C${width * 0.3} ${(y + swing).toFixed(1)} ${width * 0.7} ${(y - swing).toFixed(1)} ${width} ${(y + swing / 2).toFixed(1)}" stroke="hsl(${hue},40%,${light + random.whole(-9, 6)}%)" stroke-width="${random.between(1, 7).toFixed(1)}" fill="none"/>`;
  });
  return `<rect width="100%" height="100%" fill="hsl(${hue},42%,${light}%)"/>${grain.join("")}`;
}

function drawCloth(random: Random): string {
  const [hue, light, pitch] = [random.whole(0, 359), random.whole(25, 75), random.whole(8, 26)];
  return `<defs><pattern id="weave" width="${pitch}" height="${pitch}" patternUnits="userSpaceOnUse" patternTransform="rotate(${random.whole(0, 89)})"><rect width="${pitch}" height="${pitch}" fill="hsl(${hue},30%,${light}%)"/><rect width="${pitch / 2}" height="${pitch / 2}" fill="hsl(${hue},34%,${light - 7}%)"/><rect x="${pitch / 2}" y="${pitch / 2}" width="${pitch / 2}" height="${pitch / 2}" fill="hsl(${hue},28%,${light + 6}%)"/></pattern></defs><rect width="100%" height="100%" fill="url(#weave)"/>`;
}

function drawTiles(random: Random, width: number): string {
  const pitch = Math.round(width * random.between(0.18, 0.4));
  const light = random.whole(60, 88);
  return `<defs><pattern id="tile" width="${pitch}" height="${pitch}" patternUnits="userSpaceOnUse" patternTransform="rotate(${random.whole(0, 89)})"><rect width="${pitch}" height="${pitch}" fill="hsl(40,10%,${light - 22}%)"/><rect x="4" y="4" width="${pitch - 8}" height="${pitch - 8}" fill="hsl(${random.whole(20, 220)},14%,${light}%)"/></pattern></defs><rect width="100%" height="100%" fill="url(#tile)"/>`;
}

const SCRAPS = [
  "RAPAT SENIN 09.00",
  "DAFTAR BELANJA",
  "NOMOR ANTREAN 042",
  "TERIMA KASIH",
  "HARGA NETTO",
  "KETERANGAN",
];

/** A desk with papers, coins and a pen. */
function drawClutter(random: Random, width: number, height: number): string {
  const parts: string[] = [drawWood(random, width, height)];
  for (let i = random.whole(2, 4); i > 0; i--) {
    const [x, y] = [random.between(-0.2, 0.9) * width, random.between(-0.2, 0.9) * height];
    const [w, h] = [random.between(0.25, 0.5) * width, random.between(0.25, 0.6) * height];
    const lines = Array.from({ length: random.whole(3, 9) }, (_, line) =>
      textPath(random.pick(SCRAPS), 20, 40 + line * width * 0.035, width * 0.02, { fill: "#555" }),
    );
    parts.push(
      `<g transform="translate(${x.toFixed(0)} ${y.toFixed(0)}) rotate(${random.whole(-40, 40)})"><rect width="${w.toFixed(0)}" height="${h.toFixed(0)}" fill="hsl(${random.whole(0, 359)},${random.whole(0, 30)}%,${random.whole(78, 96)}%)"/>${lines.join("")}</g>`,
    );
  }
  for (let i = random.whole(1, 4); i > 0; i--) {
    const r = width * random.between(0.02, 0.045);
    const [x, y] = [random.between(0, width), random.between(0, height)];
    parts.push(
      `<circle cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" r="${r.toFixed(1)}" fill="hsl(${random.whole(30, 50)},${random.whole(5, 50)}%,60%)" stroke="#555" stroke-width="3"/>`,
    );
  }
  parts.push(
    `<rect x="0" y="0" width="${(width * 0.5).toFixed(0)}" height="${(width * 0.018).toFixed(0)}" rx="8" fill="hsl(${random.whole(0, 359)},60%,30%)" transform="translate(${random.whole(0, width)} ${random.whole(0, height)}) rotate(${random.whole(0, 180)})"/>`,
  );
  return parts.join("");
}

/** An open hand before a room out of focus: the palm that the card lies in, and four fingers beyond it. */
function drawHand(random: Random, width: number, height: number): string {
  const [hue, saturation, light] = [random.whole(16, 28), random.whole(30, 52), random.whole(40, 68)];
  const skin = (shift: number) => `hsl(${hue},${saturation}%,${light + shift}%)`;
  const room = Array.from({ length: 9 }, () => {
    const [x, y, r] = [random.between(0, width), random.between(0, height), random.between(0.1, 0.3) * width];
    return `<circle cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" r="${r.toFixed(0)}" fill="hsl(${random.whole(0, 359)},${random.whole(5, 35)}%,${random.whole(25, 80)}%)" fill-opacity=".5"/>`;
  });
  const lean = random.between(-15, 15).toFixed(1);
  const fingers = [0, 1, 2, 3].map((i) => {
    const x = width * (0.28 + 0.15 * i + random.between(-0.02, 0.02));
    const length = height * (i === 0 || i === 3 ? 0.42 : 0.5);
    return `<path d="M${x.toFixed(0)} ${(height * 0.5).toFixed(0)}v${(-length).toFixed(0)}" stroke="${skin(random.whole(-5, 3))}" stroke-width="${(width * 0.125).toFixed(0)}" stroke-linecap="round"/>`;
  });
  return `<rect width="100%" height="100%" fill="hsl(${random.whole(0, 359)},12%,${random.whole(30, 70)}%)"/>${room.join("")}<g transform="rotate(${lean} ${width / 2} ${height / 2})">${fingers.join("")}<ellipse cx="${width / 2}" cy="${(height * 0.75).toFixed(0)}" rx="${(width * 0.36).toFixed(0)}" ry="${(height * 0.5).toFixed(0)}" fill="${skin(0)}"/><path d="M${(width * 0.2).toFixed(0)} ${(height * 0.8).toFixed(0)}L${(width * 0.04).toFixed(0)} ${(height * 0.4).toFixed(0)}" stroke="${skin(-3)}" stroke-width="${(width * 0.13).toFixed(0)}" stroke-linecap="round"/></g>`;
}
