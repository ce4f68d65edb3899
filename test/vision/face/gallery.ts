import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { crop } from "../../../src/vision/geometry.ts";
import { decodeImage, type Pixels } from "../../../src/vision/image.ts";
import { on } from "./support.ts";

/** The gallery of faces that `@vladmandic/human` installs: small photographs of many people, one to a cell. */
const GALLERY = fileURLToPath(
  new URL("../../../node_modules/@vladmandic/human/assets/screenshot-facematch.jpg", import.meta.url),
);

/** The gallery's grid, in its pixels. */
const TOPS = [282, 395, 508, 620, 733, 845];
const COLUMNS = { count: 18, first: 2, step: 106.75, width: 105, height: 104 };

/** One man fills the first row and begins the second. */
const MAN = { rows: 1, inNextRow: 1 };

/**
 * Cells (row-column) that may show one person, told by eye. Where that is not sure, their pairs count neither as one
 * person's nor as two people's.
 */
const MAY_BE_ONE: readonly (readonly string[])[] = [
  ["1-9", "1-17", "2-1", "4-2", "4-16", "5-15"],
  ["3-2", "4-4", "5-1", "5-7"],
  ["4-0", "5-3", "5-12"],
  ["3-3", "3-11", "5-0", "5-8", "5-13"],
  ["2-17", "3-6", "4-1"],
  ["4-12", "5-9"],
  ["4-7", "5-10"],
  ["1-12", "2-9", "2-10", "2-14", "5-16"],
  ["1-4", "1-13"],
  ["3-14", "4-15"],
  ["3-8", "3-9"],
  ["1-7", "3-17", "4-5", "4-14"],
  // Men, some of whom may be the man of the first row.
  [
    "0-0",
    "1-1",
    "1-2",
    "1-3",
    "1-5",
    "1-8",
    "1-15",
    "1-16",
    "2-0",
    "2-4",
    "2-5",
    "2-6",
    "2-12",
    "3-1",
    "3-15",
  ],
];

export interface GalleryCell {
  /** row-column */
  readonly name: string;
  readonly picture: Pixels;
  /** Of the man whose pictures are surely his. */
  readonly man: boolean;
}

/** All cells, each laid on a grey ground twice its size. */
export async function galleryCells(): Promise<GalleryCell[]> {
  const gallery = await decodeImage(await readFile(GALLERY));
  return TOPS.flatMap((y, row) =>
    Array.from({ length: COLUMNS.count }, (_, column): GalleryCell => {
      const { first, step, width, height } = COLUMNS;
      const picture = crop(gallery, { x: Math.round(first + column * step), y, width, height });
      return {
        name: `${row}-${column}`,
        picture: on({ width: 2 * width, height: 2 * height, grey: 127 }, picture, 52, 52),
        man: row < MAN.rows || (row === MAN.rows && column < MAN.inNextRow),
      };
    }),
  );
}

/** Whether two cells show one person: null where that cannot be told. */
export function onePerson(a: GalleryCell, b: GalleryCell): boolean | null {
  if (a.man && b.man) return true;
  const setOf = (cell: GalleryCell) =>
    MAY_BE_ONE.findIndex((set) => set.includes(cell.man ? "0-0" : cell.name));
  return setOf(a) >= 0 && setOf(a) === setOf(b) ? null : false;
}
