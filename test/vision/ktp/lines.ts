import type { Point, Quad } from "../../../src/vision/geometry.ts";
import { spelled } from "../../../src/vision/ktp/decode.ts";
import { layOut } from "../../../src/vision/ktp/layout.ts";
import type { Line } from "../../../src/vision/ktp/pieces.ts";
import { openGazetteer } from "../../../src/vision/ktp/regions.ts";
import { type Understanding, understand } from "../../../src/vision/ktp/understand.ts";
import { ALPHABET } from "../../../src/vision/models/catalogue.ts";

/** Of a letter that the tests' lines hold, in shares of the line's height. */
const LETTER_WIDTH = 0.4;
const HEIGHT = 28;
const ROW = 30;
/** Cards in these tests are read on this day. */
export const TODAY = new Date("2026-01-01T00:00:00Z");

/** A line that reads `text`, as the networks would hand it over; `score` is that of each letter, `tilt` its slope. */
export function lineOf(text: string, x: number, y: number, tilt = 0, score = 0.99): Line {
  const { letters, reading } = spelled(text, score, ALPHABET);
  const stripWidth = reading.steps * reading.stepWidth;
  const width = text.length * LETTER_WIDTH * HEIGHT;
  const at = (dx: number, dy: number): Point => [x + dx, y + tilt * (x + dx) + dy];
  const quad: Quad = [at(0, 0), at(width, 0), at(width, HEIGHT), at(0, HEIGHT)];
  // Ink everywhere: where spaces are, the reading alone tells.
  const ink = { columns: new Uint8Array(stripWidth).fill(1), height: 20, unit: 20 };
  return { quad, letters, stripWidth, reading, ink, index: 0, doubt: 1 };
}

/** A card as rows: each a list of texts with where they begin, from the top at equal distances. */
export type Rows = readonly (readonly (readonly [x: number, text: string])[])[];

export const LABEL = 40;
export const VALUE = 260;
export const ASIDE = 760;

/** A whole card; `changed` rows replace those of the same index, null ones are left out. */
export function cardRows(changed: Readonly<Record<number, Rows[number] | null>> = {}): Rows {
  const rows: Rows = [
    [[330, "PROVINSI JAWA BARAT"]],
    [[330, "KABUPATEN BANDUNG BARAT"]],
    [
      [LABEL, "NIK"],
      [VALUE, "3217015803900002"],
    ],
    [
      [LABEL, "Nama"],
      [VALUE, "SITI NURHALIZA"],
    ],
    [
      [LABEL, "Tempat/Tgl Lahir"],
      [VALUE, "BANDUNG, 18-03-1990"],
    ],
    [
      [LABEL, "Jenis Kelamin"],
      [VALUE, "PEREMPUAN"],
      [480, "Gol. Darah : B"],
    ],
    [
      [LABEL, "Alamat"],
      [VALUE, "JL. MERDEKA NO. 62"],
    ],
    [
      [LABEL + 20, "RT/RW"],
      [VALUE, "001/024"],
    ],
    [
      [LABEL + 20, "Kel/Desa"],
      [VALUE, "LEMBANG"],
    ],
    [
      [LABEL + 20, "Kecamatan"],
      [VALUE, "LEMBANG"],
    ],
    [
      [LABEL, "Agama"],
      [VALUE, "ISLAM"],
    ],
    [
      [LABEL, "Status Perkawinan"],
      [VALUE, "BELUM KAWIN"],
      [ASIDE, "BANDUNG BARAT"],
    ],
    [
      [LABEL, "Pekerjaan"],
      [VALUE, "KARYAWAN SWASTA"],
      [ASIDE + 10, "17-11-2015"],
    ],
    [
      [LABEL, "Kewarganegaraan"],
      [VALUE, "WNI"],
    ],
    [
      [LABEL, "Berlaku Hingga"],
      [VALUE, "SEUMUR HIDUP"],
    ],
  ];
  return rows.flatMap((row, i) => {
    const other = changed[i];
    return other === null ? [] : [other ?? row];
  });
}

export const linesOf = (rows: Rows, tilt = 0): Line[] =>
  rows.flatMap((row, i) => row.map(([x, text]) => lineOf(text, x, 40 + i * ROW, tilt)));

export async function understandLines(lines: readonly Line[]): Promise<Understanding> {
  return understand(layOut(lines), await openGazetteer(), TODAY);
}

export const understandRows = (rows: Rows): Promise<Understanding> => understandLines(linesOf(rows));
