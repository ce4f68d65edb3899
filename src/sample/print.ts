import type { SampleCitizen } from "./citizen.ts";
import { textPath, type Weight, wrap } from "./lettering.ts";
import { ocrDigits } from "./ocr-digits.ts";
import { Random } from "./random.ts";

/** The card's layout as shares of its width, measured from its left and upper edge; text by its baseline. */
const LAYOUT = {
  headline: { first: 0.058, second: 0.096, size: 0.0335 },
  nik: { baseline: 0.157, labelX: 0.034, size: 0.0375, digitsX: 0.249, digitHeight: 0.0285, colonX: 0.225 },
  lines: { first: 0.197, last: 0.592, size: 0.0238, pitch: 0.0318 },
  labelX: 0.034,
  indent: 0.032,
  colonX: 0.241,
  valueX: 0.254,
  valueEnd: 0.715,
  bloodLabelX: 0.55,
  bloodValueX: 0.672,
  issue: { x: 0.849, first: 0.441, pitch: 0.0285, size: 0.0218, width: 0.245 },
  signature: { x: 0.77, y: 0.505, width: 0.155, height: 0.085 },
} as const;

/** What differs between the printers, offices and years that cards come from. */
interface Style {
  /** Shift of all print against the ground, as a share of the card's width. */
  readonly shift: readonly [x: number, y: number];
  /** Factors on sizes of the layout. */
  readonly lineSize: number;
  readonly headlineSize: number;
  readonly weight: Weight;
  readonly ink: string;
  /** In a column of their own, right behind the label, or left out. */
  readonly colons: "column" | "tight" | "none";
  readonly nikFace: "ocr" | "arial";
  readonly genderLabel: string;
  readonly bloodLabel: string;
  readonly bloodColon: string;
}

function chooseStyle(random: Random): Style {
  const ink = random.whole(16, 58);
  return {
    shift: [random.between(-0.006, 0.006), random.between(-0.005, 0.005)],
    lineSize: random.between(0.96, 1.03),
    headlineSize: random.between(0.92, 1.02),
    weight: random.weighted([
      ["regular", 65],
      ["medium", 25],
      ["semibold", 10],
    ]),
    ink: `rgb(${ink},${ink},${ink + 6})`,
    colons: random.weighted([
      ["column", 86],
      ["tight", 8],
      ["none", 6],
    ]),
    nikFace: random.chance(0.78) ? "ocr" : "arial",
    genderLabel: random.chance(0.15) ? "Jenis kelamin" : "Jenis Kelamin",
    bloodLabel: random.chance(0.2) ? "Gol Darah" : "Gol. Darah",
    bloodColon: random.weighted([
      [": ", 80],
      [":", 20],
    ]),
  };
}

interface Line {
  readonly label: string;
  readonly indented?: boolean;
  readonly value: readonly string[];
  /** A second pair on the same line. */
  readonly blood?: string;
}

const dayFirst = (iso: string) => (/^\d{4}-/.test(iso) ? iso.split("-").reverse().join("-") : iso);

/** The lines under the NIK. @param split  breaks a value into lines that fit its column */
function linesOf(citizen: SampleCitizen, style: Style, split: (value: string) => string[]): readonly Line[] {
  return [
    { label: "Nama", value: split(citizen.name) },
    { label: "Tempat/Tgl Lahir", value: split(`${citizen.birth_place}, ${dayFirst(citizen.birth_date)}`) },
    { label: style.genderLabel, value: [citizen.gender], blood: citizen.blood_type },
    { label: "Alamat", value: split(citizen.address) },
    { label: "RT/RW", indented: true, value: [citizen.rt_rw] },
    { label: "Kel/Desa", indented: true, value: split(citizen.village) },
    { label: "Kecamatan", indented: true, value: split(citizen.district) },
    { label: "Agama", value: split(citizen.religion) },
    { label: "Status Perkawinan", value: split(citizen.marital_status) },
    { label: "Pekerjaan", value: split(citizen.occupation) },
    { label: "Kewarganegaraan", value: [citizen.nationality] },
    { label: "Berlaku Hingga", value: [dayFirst(citizen.valid_until)] },
  ];
}

/**
 * Everything printed on a card but the ground and the portrait, as one SVG.
 * @param width, height  of the card in pixels
 */
export function drawPrint(citizen: SampleCitizen, width: number, height: number): string {
  const style = chooseStyle(new Random(citizen.seed, citizen.index, "style"));
  const px = (share: number) => share * width;
  const { headline, nik, lines, issue } = LAYOUT;
  const parts: string[] = [];
  const bold = { weight: "bold", fill: style.ink } as const;
  const plain = { weight: style.weight, fill: style.ink } as const;

  const headlineSize = px(headline.size) * style.headlineSize;
  const centred = { ...bold, align: "centre" } as const;
  parts.push(
    textPath(`PROVINSI ${citizen.province}`, width / 2, px(headline.first), headlineSize, centred),
    textPath(citizen.city, width / 2, px(headline.second), headlineSize, centred),
    textPath("NIK", px(nik.labelX), px(nik.baseline), px(nik.size), bold),
    textPath(":", px(nik.colonX), px(nik.baseline), px(nik.size), bold),
    style.nikFace === "ocr"
      ? ocrDigits(citizen.nik, px(nik.digitsX), px(nik.baseline), px(nik.digitHeight), style.ink)
      : textPath(citizen.nik, px(nik.digitsX), px(nik.baseline), px(nik.size), bold),
  );

  const size = px(lines.size) * style.lineSize;
  const column = px(LAYOUT.valueEnd - LAYOUT.valueX);
  const rows = linesOf(citizen, style, (value) => wrap(value, size, column, style.weight));
  const count = rows.reduce((sum, row) => sum + row.value.length, 0);
  const pitch = Math.min(px(lines.pitch), px(lines.last - lines.first) / (count - 1));
  let y = px(lines.first);
  for (const { label, indented, value, blood } of rows) {
    const labelX = px(LAYOUT.labelX + (indented ? LAYOUT.indent : 0));
    parts.push(textPath(style.colons === "tight" ? `${label}:` : label, labelX, y, size, plain));
    if (style.colons === "column") parts.push(textPath(":", px(LAYOUT.colonX), y, size, plain));
    if (blood !== undefined) {
      parts.push(
        textPath(style.bloodLabel, px(LAYOUT.bloodLabelX), y, size, plain),
        textPath(style.bloodColon + blood, px(LAYOUT.bloodValueX), y, size, plain),
      );
    }
    for (const line of value) {
      parts.push(textPath(line, px(LAYOUT.valueX), y, size, plain));
      y += pitch;
    }
  }

  const places = wrap(citizen.issue_place, px(issue.size), px(issue.width), style.weight);
  for (const [i, text] of [...places, dayFirst(citizen.issue_date)].entries()) {
    parts.push(
      textPath(text, px(issue.x), px(issue.first + i * issue.pitch), px(issue.size), {
        ...plain,
        align: "centre",
      }),
    );
  }
  parts.push(drawSignature(new Random(citizen.seed, citizen.index, "signature"), width));
  const [dx, dy] = style.shift.map(px);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g transform="translate(${dx.toFixed(2)} ${dy.toFixed(2)})">${parts.join("")}</g></svg>`;
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
