import type { Pixels } from "../vision/image.ts";
import type { SampleCitizen } from "./citizen.ts";
import { ocrDigits, textPath, wrap } from "./lettering.ts";
import { asPixels, asSharp, drawSvg } from "./pixels.ts";
import { drawPortrait } from "./portrait.ts";
import { Random } from "./random.ts";

/** 85.60 mm × 53.98 mm, ISO/IEC 7810 ID-1. */
export const CARD_RATIO = 85.6 / 53.98;

/** The card's layout as shares of its width, measured from its left and upper edge; text by its baseline. */
const LAYOUT = {
  headline: { first: 0.058, second: 0.096, size: 0.0335 },
  nik: { baseline: 0.157, labelX: 0.034, label: 0.0375, digitsX: 0.249, digitHeight: 0.0285, colonX: 0.225 },
  lines: { first: 0.197, last: 0.592, size: 0.0238, pitch: 0.0318 },
  labelX: 0.034,
  indent: 0.032,
  colonX: 0.241,
  valueX: 0.254,
  valueEnd: 0.715,
  bloodLabelX: 0.55,
  bloodValueX: 0.672,
  portrait: { x: 0.738, y: 0.135, width: 0.222, height: 0.278 },
  issue: { x: 0.849, first: 0.441, pitch: 0.0285, size: 0.0218, width: 0.245 },
  signature: { x: 0.77, y: 0.505, width: 0.155, height: 0.085 },
} as const;

/** Portraits of those born in an odd year stand on red, of the others on blue. */
const GROUNDS = { odd: [196, 28, 36], even: [38, 84, 178] } as const;

const dayFirst = (iso: string) => (/^\d{4}-/.test(iso) ? iso.split("-").reverse().join("-") : iso);

interface Line {
  readonly label: string;
  readonly indented?: boolean;
  readonly value: readonly string[];
  /** A second pair on the same line. */
  readonly blood?: string;
}

/** Everything printed on a card but the ground and the portrait, as one SVG. */
function drawPrint(citizen: SampleCitizen, width: number): string {
  const random = new Random(citizen.seed, citizen.index, "print");
  const height = width / CARD_RATIO;
  const px = (share: number) => share * width;
  const size = px(LAYOUT.lines.size);
  const column = px(LAYOUT.valueEnd - LAYOUT.valueX);
  const lines = (value: string) => wrap(value, size, column);
  const rows: Line[] = [
    { label: "Nama", value: lines(citizen.name) },
    { label: "Tempat/Tgl Lahir", value: lines(`${citizen.birth_place}, ${dayFirst(citizen.birth_date)}`) },
    {
      label: random.chance(0.15) ? "Jenis kelamin" : "Jenis Kelamin",
      value: [citizen.gender],
      blood: citizen.blood_type,
    },
    { label: "Alamat", value: lines(citizen.address) },
    { label: "RT/RW", indented: true, value: [citizen.rt_rw] },
    { label: "Kel/Desa", indented: true, value: lines(citizen.village) },
    { label: "Kecamatan", indented: true, value: lines(citizen.district) },
    { label: "Agama", value: lines(citizen.religion) },
    { label: "Status Perkawinan", value: lines(citizen.marital_status) },
    { label: "Pekerjaan", value: lines(citizen.occupation) },
    { label: "Kewarganegaraan", value: [citizen.nationality] },
    { label: "Berlaku Hingga", value: [dayFirst(citizen.valid_until)] },
  ];
  const count = rows.reduce((sum, row) => sum + row.value.length, 0);
  const pitch = Math.min(
    px(LAYOUT.lines.pitch),
    px(LAYOUT.lines.last - LAYOUT.lines.first) / Math.max(1, count - 1),
  );
  const colon = random.chance(0.08) ? "" : ":";
  const bloodLabel = random.chance(0.2) ? "Gol Darah" : "Gol. Darah";
  const parts: string[] = [];

  const { headline, nik } = LAYOUT;
  parts.push(
    textPath(`PROVINSI ${citizen.province}`, width / 2, px(headline.first), px(headline.size), {
      weight: "bold",
      align: "centre",
    }),
    textPath(citizen.city, width / 2, px(headline.second), px(headline.size), {
      weight: "bold",
      align: "centre",
    }),
    textPath("NIK", px(nik.labelX), px(nik.baseline), px(nik.label), { weight: "bold" }),
    textPath(":", px(nik.colonX), px(nik.baseline), px(nik.label), { weight: "bold" }),
    random.chance(0.78)
      ? ocrDigits(citizen.nik, px(nik.digitsX), px(nik.baseline), px(nik.digitHeight))
      : textPath(citizen.nik, px(nik.digitsX), px(nik.baseline), px(nik.label), { weight: "bold" }),
  );

  let y = px(LAYOUT.lines.first);
  for (const row of rows) {
    parts.push(textPath(row.label, px(LAYOUT.labelX + (row.indented ? LAYOUT.indent : 0)), y, size));
    if (colon) parts.push(textPath(colon, px(LAYOUT.colonX), y, size));
    if (row.blood !== undefined) {
      parts.push(textPath(bloodLabel, px(LAYOUT.bloodLabelX), y, size));
      parts.push(textPath(`: ${row.blood}`, px(LAYOUT.bloodValueX), y, size));
    }
    for (const line of row.value) {
      parts.push(textPath(line, px(LAYOUT.valueX), y, size));
      y += pitch;
    }
  }

  const { issue } = LAYOUT;
  const places = wrap(citizen.issue_place, px(issue.size), px(issue.width));
  parts.push(
    ...[...places, dayFirst(citizen.issue_date)].map((text, i) =>
      textPath(text, px(issue.x), px(issue.first + i * issue.pitch), px(issue.size), { align: "centre" }),
    ),
    drawSignature(new Random(citizen.seed, citizen.index, "signature"), width),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${Math.round(height)}">${parts.join("")}</svg>`;
}

/** A scrawl: loops that drift to the right, and often a stroke under them. */
function drawSignature(random: Random, width: number): string {
  const { x, y, width: w, height: h } = LAYOUT.signature;
  const loops = random.whole(4, 8);
  const points = Array.from({ length: loops * 2 + 1 }, (_, i) => [
    (x + (w * (i + random.between(-0.9, 0.6))) / (loops * 2)) * width,
    (y + h * (i % 2 ? random.between(0.05, 0.45) : random.between(0.55, 1))) * width,
  ]);
  let d = `M${points[0].map((v) => v.toFixed(1)).join(" ")}`;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1];
    const [bx, by] = points[i];
    const swing = random.between(0.1, 0.6) * (by - ay);
    d += `C${(ax + swing * 0.4).toFixed(1)} ${(ay + swing).toFixed(1)} ${(bx + swing * 0.5).toFixed(1)} ${(by - swing).toFixed(1)} ${bx.toFixed(1)} ${by.toFixed(1)}`;
  }
  if (random.chance(0.6)) {
    const line = (y + h * random.between(0.8, 1)) * width;
    d += `M${(x * width).toFixed(1)} ${line.toFixed(1)}q${(w * width * 0.6).toFixed(1)} ${(-h * width * 0.25).toFixed(1)} ${(w * width).toFixed(1)} ${(-h * width * 0.1).toFixed(1)}`;
  }
  return `<path d="${d}" fill="none" stroke="#15151c" stroke-width="${(width * 0.0021).toFixed(2)}" stroke-linecap="round"/>`;
}

/** Coarse outlines of the islands in degrees of longitude and latitude, drawn by hand for this card's ground. */
const ISLANDS: readonly string[] = [
  "95.3,5.6 97.5,5.2 98.3,4.4 100.4,2.6 101.4,2 103,.6 103.8,-1 104.5,-1.9 106,-3.1 105.8,-5.8 104.5,-5.8 102.3,-4 100.9,-2.3 100.3,-.8 98.8,1.7 97.1,3.3 95.4,4.9",
  "105.2,-6.8 106.1,-5.9 107,-6 108.3,-6.3 108.7,-6.8 110.4,-6.9 110.9,-6.4 111.6,-6.7 112.6,-6.9 112.8,-7.6 114.4,-7.8 114.4,-8.7 112.7,-8.4 110.3,-8 108.5,-7.8 106.5,-7.4",
  "109,1.5 109.7,2 110.5,.9 112.5,1.5 114.8,2.2 115.8,4.3 117.6,4.2 118,2.2 119,1 117.5,.5 116.5,-1.5 116,-3.9 114.6,-4.1 113,-3.2 111.7,-3.4 110.2,-2.9 109.9,-1.2 109.1,.3",
  "119.8,.8 121,1.3 123,.95 125.2,1.6 124.4,.4 120.9,.5 120.1,-.9 121.5,-.9 123.4,-.7 121.5,-1.9 122.4,-3.3 122.9,-4.4 121.6,-4.7 121,-2.7 120.4,-3 120.4,-5.6 119.4,-5.5 119.5,-3.4 118.8,-2.7 119.7,-.6",
  "131,-.8 132.5,-.4 134.1,-.8 134.2,-2.5 135,-3.3 137.8,-1.5 141,-2.6 141,-9.1 139,-8.1 138,-8.4 138.7,-7 138,-5.5 135,-4.4 132.8,-4 132,-2.8 133.8,-2.4 132,-2",
  "115.1,-8.1 115.7,-8.4 115.1,-8.8",
  "116.7,-8.4 118.3,-8.2 119,-8.5 118,-8.9 116.8,-9",
  "119.8,-8.5 121.5,-8.4 122.9,-8.3 121.5,-8.9 119.9,-8.8",
  "123.5,-10.3 125,-9.2 127.2,-8.4 125.5,-9.5 124,-10.4",
  "127.6,1.9 128.6,1.5 128,.3 128.2,-.8 127.7,.2",
  "128.2,-2.9 130.6,-3 129.6,-3.4 128.1,-3.3",
];

const groundAt = new Map<number, Promise<Pixels>>();

/** The printed ground, the same on every card: light blue, fine waves, the archipelago. Drawn once for each width. */
function drawGround(width: number): Promise<Pixels> {
  let ground = groundAt.get(width);
  if (!ground) {
    ground = drawSvg(groundSvg(width, Math.round(width / CARD_RATIO)));
    groundAt.set(width, ground);
  }
  return ground;
}

function groundSvg(width: number, height: number): string {
  const waves: string[] = [];
  const rosette = (cx: number, cy: number, r: number, petals: number, phase: number) => {
    const points = Array.from({ length: 181 }, (_, i) => {
      const a = (i * Math.PI) / 90;
      const reach = r * (0.72 + 0.28 * Math.cos(petals * a + phase));
      return `${(cx + reach * Math.cos(a) * 1.4).toFixed(1)} ${(cy + reach * Math.sin(a)).toFixed(1)}`;
    });
    return `M${points.join("L")}`;
  };
  for (let k = 0; k < 64; k++) {
    const points = Array.from({ length: 97 }, (_, i) => {
      const x = i / 96;
      const y =
        (k - 4) / 56 +
        0.035 * Math.sin(2 * Math.PI * (x * 1.7 + k * 0.014)) +
        0.02 * Math.sin(2 * Math.PI * (x * 4.1 - k * 0.03));
      return `${(x * width).toFixed(1)} ${(y * height).toFixed(1)}`;
    });
    waves.push(`M${points.join("L")}`);
  }
  const rosettes = Array.from({ length: 14 }, (_, i) =>
    rosette(width * 0.5, height * 0.54, height * (0.16 + 0.018 * i), 12, i * 0.22),
  );
  const islands = ISLANDS.map((island) => {
    const points = island.split(" ").map((pair) => {
      const [longitude, latitude] = pair.split(",").map(Number);
      return `${(width * (0.06 + ((longitude - 95) / 46) * 0.88)).toFixed(1)} ${(height * (0.56 - (latitude / 46) * 1.4)).toFixed(1)}`;
    });
    return `M${points.join("L")}Z`;
  }).join("");
  const line = (width / 1400) * 1.1;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#c3e0f0"/><stop offset=".5" stop-color="#d3eaf4"/><stop offset="1" stop-color="#b5d7ec"/></linearGradient></defs>
<rect width="100%" height="100%" fill="url(#g)"/>
<path d="${islands}" fill="#9fcbe4" fill-opacity=".55" stroke="#8bbcdb" stroke-width="${line * 1.4}"/>
<path d="${waves.join("")}" fill="none" stroke="#8fbfdd" stroke-opacity=".55" stroke-width="${line}"/>
<path d="${rosettes.join("")}" fill="none" stroke="#a9b8dd" stroke-opacity=".4" stroke-width="${line}"/>
</svg>`;
}

/** A card as a perfect scanner would see it. @param width  in pixels */
export async function drawCard(citizen: SampleCitizen, width: number): Promise<Pixels> {
  const { x, y, width: w, height: h } = LAYOUT.portrait;
  const year = Number(citizen.birth_date.slice(0, 4));
  const [portraitWidth, portraitHeight] = [Math.round(w * width), Math.round(h * width)];
  const [ground, portrait] = await Promise.all([
    drawGround(width),
    drawPortrait(citizen.face, portraitWidth, portraitHeight, year % 2 ? GROUNDS.odd : GROUNDS.even),
  ]);
  return asPixels(
    asSharp(ground).composite([
      {
        input: Buffer.from(portrait.data),
        raw: { width: portraitWidth, height: portraitHeight, channels: 3 },
        left: Math.round(x * width),
        top: Math.round(y * width),
      },
      { input: Buffer.from(drawPrint(citizen, width)), left: 0, top: 0 },
    ]),
  );
}
