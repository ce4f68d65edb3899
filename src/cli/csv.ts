import { UsageError } from "./command.ts";

/**
 * Rows of a CSV file whose first line names its columns; quoted cells may hold commas.
 * @param columns  that must be there
 * @throws {UsageError} where one is missing
 */
export function readCsv<C extends string>(text: string, columns: readonly C[]): Record<C, string>[] {
  const cells = (line: string) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) =>
      (m[1]?.replaceAll('""', '"') ?? m[2]).trim(),
    );
  const [header = "", ...lines] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const names = cells(header);
  if (columns.some((column) => !names.includes(column))) {
    throw new UsageError(`The file's first line must name the columns ${columns.join(",")}.`);
  }
  return lines.map((line) => {
    const row = cells(line);
    return Object.fromEntries(columns.map((column) => [column, row[names.indexOf(column)] ?? ""])) as Record<
      C,
      string
    >;
  });
}
