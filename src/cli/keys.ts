import { audit } from "../database/audit.ts";
import { type Database, openDatabase } from "../database/database.ts";
import { imageReferences, rewrapColumns, sealAdopted, valuesByKey } from "../database/sealed-columns.ts";
import { auditKey, blindIndexKey } from "../database/sealed-keys.ts";
import { auditChain } from "../security/audit-chain.ts";
import { blindIndex } from "../security/blind-index.ts";
import { openImages, openSealer } from "../service.ts";
import { type AuditAction, SERVICE } from "../verification/ports.ts";
import { type Command, type Context, UsageError } from "./command.ts";

type Work = (context: Context, database: Database) => Promise<void>;

/** Photographs wrapped anew at once: each is read from its store and written back. */
const AT_ONCE = 4;
/** Said after so many. */
const TOLD_EVERY = 10_000;

async function record(
  { config }: Context,
  { db }: Database,
  action: AuditAction,
  detail: object,
): Promise<void> {
  const chain = auditChain(await auditKey(db, openSealer(config).sealer));
  const entry = { at: new Date(), by: SERVICE, action, userId: null, verificationId: null };
  await audit({ db, chain }).record({ ...entry, detail: { ...detail } });
}

const status: Work = async ({ config, out }, { db }) => {
  const { keys } = openSealer(config);
  const counts = await valuesByKey(db);
  for (const id of new Set([...keys.all.keys(), ...counts.keys()])) {
    const values = counts.get(id) ?? 0;
    const active = id === keys.active.id;
    const known = keys.all.has(id);
    const what = active ? "seals" : known ? "opens" : "IS NOT IN KYC_KEYS";
    out.result({ key: id, values, active, known }, () => `${id}  ${what}  ${values} values in the database`);
  }
};

const rotate: Work = async (context, database) => {
  const { config, out } = context;
  const { keys, sealer } = openSealer(config);
  const told = (what: string) => (count: number) => {
    if (count % TOLD_EVERY === 0) out.note(`${count} ${what}`);
  };
  const values = await rewrapColumns(database.db, sealer, told("rows"));
  const images = await openImages(config, sealer);
  const counts = { rewrapped: 0, current: 0, missing: 0 };
  const all = imageReferences(database.db);
  const seen = told("photographs");
  const worker = async () => {
    for (;;) {
      const { value: reference, done } = await all.next();
      if (done) return;
      const changed = await images.rewrap(reference);
      counts[changed === null ? "missing" : changed ? "rewrapped" : "current"] += 1;
      seen(counts.rewrapped + counts.current + counts.missing);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  images.close();
  const result = {
    key: keys.active.id,
    values,
    photographs: counts.rewrapped,
    photographs_missing: counts.missing,
  };
  await record(context, database, "keys.rotated", result);
  out.result(result, () => [
    `under key ${keys.active.id}: ${values} values and ${counts.rewrapped} photographs wrapped anew`,
    ...(counts.missing > 0 ? [`${counts.missing} photographs that rows refer to are not in the store`] : []),
  ]);
};

const seal: Work = async (context, database) => {
  const { sealer } = openSealer(context.config);
  const index = blindIndex(await blindIndexKey(database.db, sealer));
  const result = await sealAdopted(database.db, sealer, index);
  await record(context, database, "rows.sealed", result);
  context.out.result(
    result,
    () => `${result.sealed} rows sealed, ${result.left} left because they were being written to`,
  );
};

const WORK: Readonly<Record<string, Work>> = { status, rotate, seal };

export const keys: Command = {
  usage: "keys status | rotate | seal",
  summary: "Count values by key; wrap all by the active key; seal rows of the replaced service.",
  flags: {},
  async run([what = "", ...rest], _flags, context) {
    const work = Object.hasOwn(WORK, what) ? WORK[what] : undefined;
    if (work === undefined || rest.length > 0) {
      throw new UsageError(`Say what to do: ${Object.keys(WORK).join(", ")}.`);
    }
    const { databaseUrl: url, dataDir } = context.config;
    const database = await openDatabase({ url, dataDir });
    try {
      await work(context, database);
    } finally {
      await database.close();
    }
  },
};
