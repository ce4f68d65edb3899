import type { KtpField } from "../vision/facts.ts";
import type { SampleCitizen } from "./citizen.ts";
import { textPath, textWidth, type Weight, wrap } from "./lettering.ts";
import { ocrAdvance, ocrDigits } from "./ocr-digits.ts";
import { Random } from "./random.ts";
import { printedWord } from "./variants.ts";

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

/** What a forger changes about a card's print. */
export interface PrintAltered {
  /** Digits of the NIK, from the place `from` on, in another face, or in the same at another height. */
  readonly digits?: {
    readonly from: number;
    readonly count: number;
    readonly otherFace: boolean;
    /** Of their height that of the others. */
    readonly scale: number;
  };
  readonly unsigned?: boolean;
}

interface Line {
  readonly field: KtpField;
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
    { field: "name", label: "Nama", value: split(citizen.name) },
    {
      field: "birth_place",
      label: "Tempat/Tgl Lahir",
      value: split(`${citizen.birth_place}, ${dayFirst(citizen.birth_date)}`),
    },
    {
      field: "gender",
      label: style.genderLabel,
      value: [printedWord(citizen, "gender")],
      blood: citizen.blood_type,
    },
    { field: "address", label: "Alamat", value: split(citizen.address) },
    { field: "rt_rw", label: "RT/RW", indented: true, value: [citizen.rt_rw] },
    { field: "village", label: "Kel/Desa", indented: true, value: split(citizen.village) },
    { field: "district", label: "Kecamatan", indented: true, value: split(citizen.district) },
    { field: "religion", label: "Agama", value: split(citizen.religion) },
    { field: "marital_status", label: "Status Perkawinan", value: split(citizen.marital_status) },
    { field: "occupation", label: "Pekerjaan", value: split(citizen.occupation) },
    { field: "nationality", label: "Kewarganegaraan", value: split(citizen.nationality) },
    { field: "valid_until", label: "Berlaku Hingga", value: [dayFirst(citizen.valid_until)] },
  ];
}

/** The print of a card's lines: where each row stands, in pixels. */
function rowsOf(citizen: SampleCitizen, style: Style, width: number) {
  const { lines, valueX, valueEnd } = LAYOUT;
  const size = lines.size * width * style.lineSize;
  const column = (valueEnd - valueX) * width;
  const rows = linesOf(citizen, style, (value) => wrap(value, size, column, style.weight));
  const count = rows.reduce((sum, row) => sum + row.value.length, 0);
  const pitch = Math.min(lines.pitch * width, ((lines.last - lines.first) * width) / (count - 1));
  let y = lines.first * width;
  return {
    size,
    pitch,
    rows: rows.map((row) => {
      const at = { ...row, y };
      y += pitch * row.value.length;
      return at;
    }),
  };
}

/** The first line of a value as it is printed: its text, its place and its type, lengths as shares of the card's width. */
export interface PrintedValue {
  readonly text: string;
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly size: number;
  readonly width: number;
  readonly pitch: number;
  readonly weight: Weight;
}

/** Where a value stands on the citizen's card. @throws RangeError where the field has no row of its own */
export function printedValue(citizen: SampleCitizen, field: KtpField): PrintedValue {
  const style = styleOf(citizen);
  const { rows, size, pitch } = rowsOf(citizen, style, 1);
  const row = rows.find((row) => row.field === field);
  if (!row) throw new RangeError(`${field} has no row of its own`);
  const [dx, dy] = style.shift;
  const [text] = row.value;
  return {
    text,
    x: LAYOUT.valueX + dx,
    y: row.y + dy,
    size,
    width: textWidth(text, size, style.weight),
    pitch,
    weight: style.weight,
  };
}

/** Inks that are not nearly black: worn, brownish, bluish. */
const OTHER_INKS = ["rgb(96,98,104)", "rgb(82,62,50)", "rgb(38,46,104)"] as const;

function styleOf({ seed, index, variant }: SampleCitizen): Style {
  const style = chooseStyle(new Random(seed, index, "style"));
  return variant === "other-print"
    ? { ...style, ink: new Random(seed, index, "ink").pick(OTHER_INKS) }
    : style;
}

/** The NIK's digits. */
function drawNik(digits: string, style: Style, width: number, altered: PrintAltered["digits"]): string {
  const { digitsX, baseline, digitHeight, size } = LAYOUT.nik;
  const [x, y] = [digitsX * width, baseline * width];
  const bold = { weight: "bold", fill: style.ink } as const;
  const advance =
    style.nikFace === "ocr" ? ocrAdvance(digitHeight * width) : textWidth("0", size * width, "bold");
  const inFace = (text: string, face: Style["nikFace"], at: number, scale: number) =>
    face === "ocr"
      ? ocrDigits(text, at, y, digitHeight * width * scale, style.ink)
      : textPath(text, at, y, size * width * scale, bold);
  if (!altered) return inFace(digits, style.nikFace, x, 1);
  const { from, count, otherFace, scale } = altered;
  const face = otherFace ? (style.nikFace === "ocr" ? "arial" : "ocr") : style.nikFace;
  return [...digits]
    .map((digit, i) =>
      i < from || i >= from + count
        ? inFace(digit, style.nikFace, x + i * advance, 1)
        : inFace(digit, face, x + i * advance, scale),
    )
    .join("");
}

/**
 * Everything printed on a card but the ground and the portrait, as one SVG.
 * @param width, height  of the card in pixels
 */
export function drawPrint(
  citizen: SampleCitizen,
  width: number,
  height: number,
  { digits, unsigned }: PrintAltered = {},
): string {
  const style = styleOf(citizen);
  const px = (share: number) => share * width;
  const { headline, nik, issue } = LAYOUT;
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
    drawNik(citizen.nik, style, width, digits),
  );

  const { rows, size, pitch } = rowsOf(citizen, style, width);
  for (const { label, indented, value, blood, y } of rows) {
    const labelX = px(LAYOUT.labelX + (indented ? LAYOUT.indent : 0));
    parts.push(textPath(style.colons === "tight" ? `${label}:` : label, labelX, y, size, plain));
    if (style.colons === "column") parts.push(textPath(":", px(LAYOUT.colonX), y, size, plain));
    if (blood !== undefined) {
      parts.push(
        textPath(style.bloodLabel, px(LAYOUT.bloodLabelX), y, size, plain),
        textPath(style.bloodColon + blood, px(LAYOUT.bloodValueX), y, size, plain),
      );
    }
    for (const [i, line] of value.entries())
      parts.push(textPath(line, px(LAYOUT.valueX), y + i * pitch, size, plain));
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
  if (!unsigned) parts.push(drawSignature(new Random(citizen.seed, citizen.index, "signature"), width));
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
