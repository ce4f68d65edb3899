import { type DukcapilQuery, DukcapilQueryError } from "./dukcapil.ts";

/**
 * What no registry can take is not sent.
 * @throws {DukcapilQueryError}
 */
export function refuseUnaskable(query: DukcapilQuery): void {
  const faults: string[] = [];
  if (!/^[0-9]{16}$/.test(query.nik)) faults.push("nik");
  if (query.name.trim() === "") faults.push("name");
  if (query.birthDate && !/^\d{4}-\d{2}-\d{2}$/.test(query.birthDate)) faults.push("birthDate");
  if (faults.length > 0) throw new DukcapilQueryError(faults);
}
