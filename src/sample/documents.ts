import { join } from "node:path";
import sharp from "sharp";
import { CARD_CORNER, CARD_RATIO } from "./card.ts";
import { makeCitizen, type SampleCitizen } from "./citizen.ts";
import { FACES, photographsFolder } from "./faces.ts";
import { drawGroundSvg, GROUNDS } from "./ground.ts";
import type { Sheet } from "./lay.ts";
import { textPath } from "./lettering.ts";
import { asPixels, asSharp, drawSvg } from "./pixels.ts";
import { drawPortrait } from "./portrait.ts";
import type { Random } from "./random.ts";

/** Documents that are no front of a KTP, and are photographed as one would be. */
export const DOCUMENT_KINDS = [
  "ktp-back",
  "sim",
  "passport",
  "npwp",
  "student-card",
  "family-card",
  "form",
  "letter",
  "business-card",
  "qr",
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** Width in pixels at which a document is drawn. */
const WIDTH = 1280;
/** ISO 216 A4 on its side; a passport's page, ICAO 9303 TD3: 125 × 88 mm. */
const A4_RATIO = 297 / 210;
const PASSPORT_RATIO = 125 / 88;
/** Modules in each side of a QR symbol of version 3, ISO/IEC 18004. */
const QR_MODULES = 29;

type Row = readonly [label: string, value: string];

/** What is drawn of a document: an SVG's parts, and a portrait where it has one. */
interface Face {
  readonly ratio: number;
  readonly corner: number;
  readonly parts: readonly string[];
  readonly portrait?: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly ground: readonly [number, number, number];
  };
}

/** A document of this kind, of an invented holder. */
export async function drawDocument(random: Random, kind: DocumentKind): Promise<Sheet> {
  const holder = await makeCitizen(random.whole(0, 1_000_000), random.whole(0, 99));
  const { ratio, corner, parts, portrait } = FACES_OF[kind](random, holder);
  const height = Math.round(WIDTH / ratio);
  const drawn = await drawSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}">${parts.join("")}</svg>`,
  );
  if (!portrait) return { face: drawn, ratio, corner };
  const [w, h] = [portrait.width, Math.round(portrait.width * 1.3)];
  const person = await drawPortrait(holder.face, w, h, portrait.ground);
  const face = await asPixels(
    asSharp(drawn).composite([
      {
        input: Buffer.from(person.data),
        raw: { width: w, height: h, channels: 3 },
        left: portrait.x,
        top: portrait.y,
      },
    ]),
  );
  return { face, ratio, corner };
}

/** A picture of people: a part of a photograph that an npm package installs. */
export async function drawPeople(random: Random): Promise<Uint8Array> {
  const file = join(
    photographsFolder(),
    random.pick([...new Set(FACES.map((face) => face.file)), "sample2.jpg"]),
  );
  const { width, height } = await sharp(file).metadata();
  const share = random.between(0.6, 1);
  const [w, h] = [Math.round(width * share), Math.round(height * share)];
  return sharp(file)
    .extract({ left: random.whole(0, width - w), top: random.whole(0, height - h), width: w, height: h })
    .jpeg({ quality: random.whole(70, 90) })
    .toBuffer();
}

/** An empty table, floor or cloth. */
export const drawTexture = (random: Random) =>
  drawSvg(drawGroundSvg(random, random.pick(GROUNDS), WIDTH, 960), 1.2);

const fill = (colour: string) => `<rect width="100%" height="100%" fill="${colour}"/>`;

/** Labels with their values behind a colon, one under another. */
function listed(
  rows: readonly Row[],
  x: number,
  y: number,
  size: number,
  gap: number,
  column: number,
): string[] {
  return rows.flatMap(([label, value], i) => [
    textPath(label, x, y + i * gap, size),
    textPath(`: ${value}`, x + column, y + i * gap, size),
  ]);
}

const title = (text: string, y: number, size: number, colour = "#1b1b20") =>
  textPath(text, WIDTH / 2, y, size, { weight: "bold", align: "centre", fill: colour });
const card = { ratio: CARD_RATIO, corner: CARD_CORNER } as const;
const page = { ratio: A4_RATIO, corner: 0 } as const;
const born = ({ birth_place, birth_date }: SampleCitizen) =>
  `${birth_place}, ${birth_date.split("-").reverse().join("-")}`;

const FACES_OF: Readonly<Record<DocumentKind, (random: Random, holder: SampleCitizen) => Face>> = {
  /** The country's name, a grey band, a chip's number: nothing of the holder. */
  "ktp-back": (random) => ({
    ...card,
    parts: [
      fill(`hsl(${random.whole(195, 210)},45%,84%)`),
      ...Array.from(
        { length: 36 },
        (_, i) =>
          `<circle cx="640" cy="430" r="${60 + i * 16}" fill="none" stroke="#8fbfdd" stroke-opacity=".6" stroke-width="2"/>`,
      ),
      title("REPUBLIK INDONESIA", 110, 52),
      title("KARTU TANDA PENDUDUK", 175, 40),
      `<path d="M640 290l150 110-57 178h-186l-57-178z" fill="#c9a43b" fill-opacity=".7"/>`,
      textPath(`${random.whole(10_000_000, 99_999_999)}`, 900, 760, 30),
    ],
  }),
  sim: (random, holder) => ({
    ...card,
    parts: [
      fill(random.pick(["#f3e3c2", "#f0f2f4", "#e6d8ee"])),
      `<rect width="100%" height="110" fill="#c63a34"/>`,
      title("SURAT IZIN MENGEMUDI", 78, 56, "#fff"),
      textPath(random.pick(["A", "B1", "C"]), 1120, 85, 80, { weight: "bold", fill: "#fff" }),
      textPath(
        `${random.whole(1000, 9999)}-${random.whole(1000, 9999)}-${random.whole(100_000, 999_999)}`,
        470,
        190,
        44,
      ),
      ...[
        holder.name,
        born(holder),
        `${holder.blood_type} - ${holder.gender === "LAKI-LAKI" ? "PRIA" : "WANITA"}`,
        holder.address,
        holder.occupation,
        holder.city,
      ].map((text, i) => textPath(`${i + 1}. ${text}`, 470, 260 + i * 62, 32)),
    ],
    portrait: { x: 70, y: 190, width: 330, ground: [200, 60, 60] },
  }),
  passport: (_random, holder) => ({
    ratio: PASSPORT_RATIO,
    corner: 0.02,
    parts: [
      fill("#dbe7dc"),
      textPath("REPUBLIK INDONESIA", 80, 90, 44, { weight: "bold" }),
      textPath("PASPOR / PASSPORT", 760, 90, 38),
      ...listed(
        [
          ["Nama / Name", holder.name],
          ["Kewarganegaraan", "INDONESIA"],
          ["Tgl. Lahir / DOB", holder.birth_date],
          ["Jenis Kelamin / Sex", holder.gender === "LAKI-LAKI" ? "L/M" : "P/F"],
          ["Tempat Lahir", holder.birth_place],
        ],
        460,
        220,
        28,
        80,
        300,
      ),
      textPath(`P<IDN${holder.name.replace(/[^A-Z]+/g, "<")}`.padEnd(44, "<").slice(0, 44), 60, 790, 36),
      textPath(
        `X${holder.nik.slice(0, 6)}IDN${holder.nik.slice(6)}`.padEnd(44, "<").slice(0, 44),
        60,
        850,
        36,
      ),
    ],
    portrait: { x: 80, y: 170, width: 330, ground: [225, 225, 230] },
  }),
  npwp: (random, holder) => ({
    ...card,
    parts: [
      fill(random.pick(["#f4d35e", "#dcecf5"])),
      title("KEMENTERIAN KEUANGAN REPUBLIK INDONESIA", 90, 40),
      title("DIREKTORAT JENDERAL PAJAK", 145, 40),
      textPath(
        `NPWP : ${random.whole(10, 99)}.${random.whole(100, 999)}.${random.whole(100, 999)}.${random.whole(1, 9)}-${random.whole(100, 999)}.000`,
        90,
        320,
        52,
        { weight: "bold" },
      ),
      textPath(holder.name, 90, 410, 42),
      textPath(`NIK : ${holder.nik}`, 90, 475, 36),
      textPath(holder.address, 90, 540, 34),
      textPath(holder.city, 90, 595, 34),
    ],
  }),
  "student-card": (random, holder) => ({
    ...card,
    parts: [
      fill("#f7f8fb"),
      `<rect width="100%" height="170" fill="hsl(${random.whole(0, 359)},60%,35%)"/>`,
      title("KARTU TANDA MAHASISWA", 75, 50, "#fff"),
      title(`UNIVERSITAS ${holder.birth_place}`, 135, 42, "#fff"),
      ...listed(
        [
          ["Nama", holder.name],
          ["NIM", holder.nik.slice(0, 10)],
          ["Jenis Kelamin", holder.gender],
          ["Fakultas", random.pick(["HUKUM", "TEKNIK", "EKONOMI"])],
          ["Alamat", holder.address],
          ["Berlaku Hingga", "31-08-2027"],
        ],
        430,
        270,
        32,
        70,
        240,
      ),
    ],
    portrait: { x: 80, y: 230, width: 290, ground: [40, 90, 180] },
  }),
  "family-card": (_random, holder) => ({
    ...page,
    parts: [
      fill("#eef5ea"),
      title("KARTU KELUARGA", 90, 56),
      title(`No. ${holder.nik}`, 145, 38),
      ...listed(
        [
          ["Nama Kepala Keluarga", holder.name],
          ["Alamat", holder.address],
          ["RT/RW", holder.rt_rw],
          ["Kel/Desa", holder.village],
          ["Kecamatan", holder.district],
          ["Kabupaten/Kota", holder.city],
          ["Provinsi", holder.province],
        ],
        70,
        210,
        22,
        34,
        270,
      ),
      ...Array.from(
        { length: 9 },
        (_, i) => `<path d="M60 ${470 + i * 44}H1220" stroke="#555" stroke-width="2"/>`,
      ),
      ...[60, 120, 480, 740, 900, 1050, 1220].map(
        (x) => `<path d="M${x} 470V822" stroke="#555" stroke-width="2"/>`,
      ),
      ...["No", "Nama Lengkap", "NIK", "Jenis Kelamin", "Agama", "Pekerjaan"].map((text, i) =>
        textPath(text, [66, 130, 490, 745, 905, 1055][i], 500, 18),
      ),
      textPath("1", 80, 545, 18),
      textPath(holder.name, 130, 545, 18),
      textPath(holder.nik, 490, 545, 18),
      textPath(holder.gender, 745, 545, 18),
      textPath(holder.religion, 905, 545, 18),
    ],
  }),
  /** The hardest: most labels of a KTP, filled in, on white paper. */
  form: (random, holder) => ({
    ...page,
    parts: [
      fill("#fbfbf9"),
      title(
        random.pick(["FORMULIR PENDAFTARAN", "SURAT KETERANGAN DOMISILI", "PERMOHONAN PEMBUKAAN REKENING"]),
        100,
        44,
      ),
      ...listed(
        [
          ["Nama", holder.name],
          ["NIK", holder.nik],
          ["Tempat/Tgl Lahir", born(holder)],
          ["Jenis Kelamin", holder.gender],
          ["Alamat", holder.address],
          ["Agama", holder.religion],
          ["Status Perkawinan", holder.marital_status],
          ["Pekerjaan", holder.occupation],
          ["Kewarganegaraan", holder.nationality],
        ],
        120,
        210,
        30,
        62,
        330,
      ),
      textPath("Demikian keterangan ini dibuat dengan sebenarnya.", 120, 800, 26),
    ],
  }),
  letter: (random) => ({
    ...page,
    parts: [
      fill("#fdfdfb"),
      textPath("Kepada Yth. Bapak/Ibu di tempat", 100, 120, 28),
      ...Array.from({ length: 14 }, (_, i) => {
        const words = random.shuffled(
          "dengan ini kami sampaikan bahwa rapat akan diadakan pada hari Senin di kantor pusat untuk membahas rencana tahun depan".split(
            " ",
          ),
        );
        return textPath(words.slice(0, 11).join(" "), 100, 210 + i * 44, 26);
      }),
    ],
  }),
  "business-card": (random, holder) => ({
    ratio: 90 / 55,
    corner: 0.01,
    parts: [
      fill(`hsl(${random.whole(0, 359)},${random.whole(5, 30)}%,${random.whole(85, 96)}%)`),
      textPath(`PT ${random.pick(["MAJU BERSAMA", "SINAR ABADI", "KARYA UTAMA"])}`, 90, 160, 56, {
        weight: "bold",
      }),
      textPath(holder.name, 90, 420, 46),
      textPath(random.pick(["Direktur", "Manajer Penjualan", "Konsultan"]), 90, 475, 32),
      textPath(`0812-${random.whole(1000, 9999)}-${random.whole(1000, 9999)}`, 90, 600, 30),
      textPath(holder.address, 90, 650, 30),
    ],
  }),
  qr: (random) => ({
    ratio: 1,
    corner: 0,
    parts: [fill("#fff"), qrSymbol(random, 140, 34)],
  }),
};

/** The look of a QR symbol: three finders, and modules that say nothing. @param pitch  pixels a module */
function qrSymbol(random: Random, left: number, pitch: number): string {
  const dark = (x: number, y: number): boolean => {
    for (const [fx, fy] of [
      [0, 0],
      [QR_MODULES - 7, 0],
      [0, QR_MODULES - 7],
    ]) {
      // Chebyshev distance from the finder's middle: dark core, light ring, dark ring, light margin.
      const d = Math.max(Math.abs(x - fx - 3), Math.abs(y - fy - 3));
      if (d <= 4) return d !== 2 && d !== 4;
    }
    return random.chance(0.5);
  };
  const modules = Array.from({ length: QR_MODULES ** 2 }, (_, i) => {
    const [x, y] = [i % QR_MODULES, Math.floor(i / QR_MODULES)];
    return dark(x, y) ? `M${left + x * pitch} ${left + y * pitch}h${pitch}v${pitch}h${-pitch}z` : "";
  });
  return `<path d="${modules.join("")}"/>`;
}
