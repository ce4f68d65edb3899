import { type Kysely, sql } from "kysely";
import type { DukcapilResult } from "../dukcapil/dukcapil.ts";
import type { BlindIndex } from "../security/blind-index.ts";
import type { EnvelopeSealer } from "../security/envelope.ts";
import type { KtpOcrResult } from "../vision/facts.ts";
import { referencesIn } from "./challenges.ts";
import { type SealedColumn, sealColumn } from "./rows.ts";
import { IMAGES, type Schema } from "./schema.ts";

/** Every column that holds sealed values, as bytes or inside of JSONB. Whoever adds one, adds it here. */
const SEALED: readonly {
  readonly table: keyof Schema;
  readonly key: string;
  readonly bytes: readonly string[];
  readonly json: readonly string[];
}[] = [
  { table: "kyc_sealed_keys", key: "name", bytes: ["sealed"], json: [] },
  {
    table: "kyc_verifications",
    key: "verification_id",
    bytes: ["selfie_embedding"],
    json: ["ktp_ocr_result", "dukcapil_result", "portrait_embedding", "note", "reviews"],
  },
  { table: "kyc_outbox", key: "id", bytes: ["payload"], json: [] },
  { table: "kyc_idempotency", key: "id", bytes: ["response"], json: [] },
  { table: "kyc_uploads", key: "upload_id", bytes: ["answer"], json: [] },
];

/** Rows read, and written in one transaction, at a time: some ten milliseconds for which they are locked. */
const PAGE = 200;

type Value = string | number | Uint8Array | { readonly sealed?: unknown } | null;
type Row = Readonly<Record<string, Value>>;

/** All rows of a table, in pages by its key, beside whoever writes to it. */
async function* pages(
  db: Kysely<Schema>,
  table: string,
  key: string,
  columns: readonly string[],
): AsyncGenerator<Row[]> {
  for (let after: Value | undefined; ; ) {
    const from = after === undefined ? sql`` : sql`WHERE ${sql.ref(key)} > ${after}`;
    const { rows } = await sql<Row>`
      SELECT ${sql.join([key, ...columns].map((column) => sql.ref(column)))} FROM ${sql.table(table)} ${from}
      ORDER BY ${sql.ref(key)} LIMIT ${sql.lit(PAGE)}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.[key];
  }
}

const sealedIn = (value: Value | undefined): Uint8Array | null => {
  if (value instanceof Uint8Array) return value;
  const text = typeof value === "object" && value !== null ? value.sealed : undefined;
  return typeof text === "string" ? Buffer.from(text, "base64") : null;
};

/**
 * Wraps the data keys of all sealed values by the active key; what is sealed is not opened. A row that somebody writes
 * to meanwhile keeps what they wrote. May be stopped and begun again at any time.
 * @param onRows  told how many rows have been looked at so far
 * @returns how many values were wrapped anew
 * @throws {SealBrokenError} at a value whose key is not in the ring: the ones before are done
 */
export async function rewrapColumns(
  db: Kysely<Schema>,
  sealer: EnvelopeSealer,
  onRows: (count: number) => void = () => undefined,
): Promise<number> {
  let seen = 0;
  let wrapped = 0;
  for (const { table, key, bytes, json } of SEALED) {
    for await (const rows of pages(db, table, key, [...bytes, ...json])) {
      const changes = rows.flatMap((row) =>
        [...bytes, ...json].flatMap((column) => {
          const old = sealedIn(row[column]);
          if (old === null || sealer.isCurrent(old)) return [];
          return [{ at: row[key], column, old, made: sealer.rewrap(old) }];
        }),
      );
      if (changes.length > 0) {
        await db.transaction().execute(async (transaction) => {
          for (const { at, column, old, made } of changes) {
            const form = (value: Uint8Array) =>
              json.includes(column)
                ? sql`${JSON.stringify({ sealed: Buffer.from(value).toString("base64") })}::jsonb`
                : sql`${value}`;
            const { numAffectedRows = 0n } = await sql`
              UPDATE ${sql.table(table)} SET ${sql.ref(column)} = ${form(made)}
              WHERE ${sql.ref(key)} = ${at} AND ${sql.ref(column)} = ${form(old)}`.execute(transaction);
            wrapped += Number(numAffectedRows);
          }
        });
      }
      seen += rows.length;
      onRows(seen);
    }
  }
  return wrapped;
}

/** References of all photographs of this store, in pages. */
export async function* imageReferences(db: Kysely<Schema>): AsyncGenerator<string> {
  // Uploads first: one that is accepted while this goes on is found again in its verification.
  for (const { table, key, columns } of [
    { table: "kyc_uploads", key: "upload_id", columns: ["image_url"] },
    { table: "kyc_verifications", key: "verification_id", columns: [...IMAGES] },
  ]) {
    for await (const rows of pages(db, table, key, columns)) {
      for (const row of rows) {
        for (const column of columns) {
          const reference = row[column];
          if (typeof reference === "string" && reference.endsWith(".sealed")) yield reference;
        }
      }
    }
  }
  for await (const rows of pages(db, "kyc_liveness_challenges", "challenge_id", ["frames"])) {
    yield* referencesIn(rows.map(({ frames }) => ({ frames })));
  }
}

/** How many sealed values there are under each key. Reads every row: for an operator, not for a request. */
export async function valuesByKey(db: Kysely<Schema>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { table, key, bytes, json } of SEALED) {
    for await (const rows of pages(db, table, key, [...bytes, ...json])) {
      for (const row of rows) {
        for (const column of [...bytes, ...json]) {
          const value = sealedIn(row[column]);
          if (value === null) continue;
          const id = Buffer.from(value.subarray(2, 2 + (value[1] ?? 0))).toString("latin1");
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
      }
    }
  }
  return counts;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !("sealed" in value);

/**
 * Seals what the replaced service wrote in plain text, and indexes its NIKs, so that they are found as duplicates.
 * That service cannot read these rows any more: it must be gone.
 * @returns how many rows were sealed, and how many could not be because they were written to meanwhile
 */
export async function sealAdopted(
  db: Kysely<Schema>,
  sealer: EnvelopeSealer,
  index: BlindIndex,
): Promise<{ readonly sealed: number; readonly left: number }> {
  let done = 0;
  let left = 0;
  for await (const rows of pages(db, "kyc_verifications", "verification_id", [
    "ktp_ocr_result",
    "dukcapil_result",
  ])) {
    for (const row of rows) {
      const { verification_id, ktp_ocr_result: reading, dukcapil_result: answer } = row;
      if (!isPlain(reading) && !isPlain(answer)) continue;
      const id = verification_id as string;
      const sealed = (column: SealedColumn, value: unknown) =>
        isPlain(value) ? { [column]: sealColumn(sealer, column, id, value) } : {};
      const nik =
        (isPlain(reading) && (reading as Partial<KtpOcrResult>).nik) ||
        (isPlain(answer) && (answer as Partial<DukcapilResult>).nik);
      const same = (column: string, value: unknown) =>
        value === null
          ? sql<boolean>`${sql.ref(column)} IS NULL`
          : sql<boolean>`${sql.ref(column)} = ${JSON.stringify(value)}::jsonb`;
      const { numUpdatedRows } = await db
        .updateTable("kyc_verifications")
        .set({
          ...sealed("ktp_ocr_result", reading),
          ...sealed("dukcapil_result", answer),
          ...(nik && { nik_index: index.of(nik) }),
        })
        .where("verification_id", "=", id)
        .where(same("ktp_ocr_result", reading))
        .where(same("dukcapil_result", answer))
        .executeTakeFirst();
      if (numUpdatedRows > 0n) done += 1;
      else left += 1;
    }
  }
  return { sealed: done, left };
}
