import type { Level } from "../src/sample/sample.ts";
import { median, quantile, ratio, type Taken, type Times } from "./harness.ts";

/** A table of plain text. Numbers are set to the right, words to the left. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What was to be reached, and what was. */
export interface Goal {
  /** In words, e.g. `start to ready at most 10 s`. */
  readonly goal: string;
  /** The measured value with its unit. */
  readonly measured: string;
  /** Null where it could not be measured; `measured` then says why. */
  readonly met: boolean | null;
}

/** What one part of the benchmark found. */
export interface Report {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  /** Sentences on how it was measured, or on what stands out. */
  readonly notes: readonly string[];
  /** The same in numbers, for `--json`. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** What every part is called with. */
export interface Setting {
  /** Rounds that count. */
  readonly runs: number;
  /** Threads of one inference, ours and the peers'; null: what the part thinks right. */
  readonly threads: number | null;
  /** Cards of each level; null: what the part thinks right. */
  readonly cards: number | null;
  /** Levels of distortion, and the first seed of the sample citizens; undefined: what the part thinks right. */
  readonly levels: readonly Level[] | undefined;
  readonly seed: number | undefined;
  /** Where the networks lie: built ones, and packs. */
  readonly cacheDir: string;
  readonly packDir: string;
  /** A folder that is thrown away at the end. */
  readonly scratch: string;
  /** A line on how far it is. */
  readonly progress: (line: string) => void;
}

/** Rounds before those that count: the runtimes plan their memory in the first, V8 compiles what is hot in the next. */
export const WARM_UP = 3;

/** 12.3, 123, 1234: three figures are what these measurements are good for. */
export const figures = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);

export const times = (value: number): string => `${value.toFixed(2)} ×`;

/** The head that goes with {@link comparison}. */
export const COMPARISON = ["median ms", "fastest", "90 %", "of ours", "CPU ms", "of ours"] as const;

/** One contestant beside ours: its times, how many times ours they are, and the same of processor time. */
export const comparison = (taken: Taken, ours: Taken): readonly string[] => [
  figures(median(taken.wall)),
  figures(Math.min(...taken.wall)),
  figures(quantile(taken.wall, 0.9)),
  times(ratio(taken.wall, ours.wall)),
  figures(median(taken.cpu)),
  times(ratio(taken.cpu, ours.cpu)),
];

/** The medians of every contestant, for `--json`. */
export const medians = (raced: Times): Record<string, { wall: number; cpu: number }> =>
  Object.fromEntries(
    Object.entries(raced).map(([name, { wall, cpu }]) => [name, { wall: median(wall), cpu: median(cpu) }]),
  );

/** Whether text stands for a number, its unit included. */
const isFigure = (text: string) => /^[−-]?\d/.test(text) || text === "";

/** Lines of a table. */
export function drawTable({ title, head, rows }: Table): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "number" ? figures(cell) : cell)));
  const columns = head.map((name, column) => ({
    width: Math.max(name.length, ...cells.map((row) => row[column].length)),
    right: column > 0 && cells.every((row) => isFigure(row[column])),
  }));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (columns[i].right ? cell.padStart(columns[i].width) : cell.padEnd(columns[i].width)))
      .join("  ")
      .trimEnd();
  return [
    title,
    `  ${line(head)}`,
    `  ${columns.map(({ width }) => "-".repeat(width)).join("  ")}`,
    ...cells.map((row) => `  ${line(row)}`),
  ];
}

const VERDICT = new Map<boolean | null, string>([
  [true, "met         "],
  [false, "MISSED      "],
  [null, "not measured"],
]);

export const drawGoal = ({ goal, measured, met }: Goal): string =>
  `  ${VERDICT.get(met)}  ${goal}: ${measured}`;

/** A whole report as lines. */
export function drawReport(name: string, { tables, goals, notes }: Report): string[] {
  const parts = [
    ...tables.map(drawTable),
    ...(goals.length > 0 ? [["Goals", ...goals.map(drawGoal)]] : []),
    ...(notes.length > 0 ? [notes.map((note) => `  ${note}`)] : []),
  ];
  return [
    `== ${name} ${"=".repeat(Math.max(0, 76 - name.length))}`,
    ...parts.flatMap((part) => ["", ...part]),
    "",
  ];
}
