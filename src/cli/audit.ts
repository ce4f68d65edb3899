import { auditOf, verifyAudit } from "../database/audit-checks.ts";
import { openDatabase } from "../database/database.ts";
import { auditKey } from "../database/sealed-keys.ts";
import { auditChain } from "../security/audit-chain.ts";
import { openSealer } from "../service.ts";
import { type Command, needed, UsageError } from "./command.ts";

const PAGE = 500;
/** Faults told one by one; a log that was altered everywhere needs no longer list. */
const TOLD = 20;

/** `12:hash`, as `audit verify` and the service's log print it. */
function checkpointOf(text: string): { seq: number; hash: string } {
  const [, seq, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? [];
  if (seq === undefined) throw new UsageError("--expect takes a checkpoint as SEQ:HASH.");
  return { seq: Number(seq), hash };
}

export const audit: Command = {
  usage: "audit verify [--expect SEQ:HASH] | of --user ID",
  summary: "Check every link of the audit log, or show what it tells about a user.",
  flags: { expect: "string", user: "string" },
  async run([what, ...rest], flags, { config, out }) {
    if (rest.length > 0 || (what !== "verify" && what !== "of")) {
      throw new UsageError("Say what to do: verify, or of.");
    }
    const expected = typeof flags.expect === "string" ? checkpointOf(flags.expect) : undefined;
    const user = what === "of" ? needed(flags, "user") : "";
    const { sealer } = openSealer(config);
    const database = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir });
    try {
      const { db } = database;
      const chain = auditChain(await auditKey(db, sealer));
      if (what === "of") {
        for (let after = 0; ; ) {
          const page = await auditOf(db, chain, user, { after, limit: PAGE });
          for (const line of page) {
            const { id, at, actor, action, verification_id, detail } = line;
            out.result({ ...line }, () =>
              [id, at.toISOString(), actor, action, verification_id ?? "", JSON.stringify(detail)].join("  "),
            );
          }
          after = page.at(-1)?.id ?? after;
          if (page.length < PAGE) return;
        }
      }
      const report = await verifyAudit(db, chain, expected);
      const { entries, lanes, checkpoints, last, faults } = report;
      out.result({ ...report }, () => [
        `${entries} entries in ${lanes} chains, ${checkpoints} checkpoints: ${faults.length === 0 ? "whole" : `${faults.length} faults`}`,
        ...(last ? [`last checkpoint ${last.seq}:${last.hash} of ${last.at.toISOString()}`] : []),
        ...faults.slice(0, TOLD).map((fault) => `chain ${fault.lane}, entry ${fault.seq}: ${fault.what}`),
      ]);
      if (faults.length > 0) throw new Error("The audit log is not as it was written.");
    } finally {
      await database.close();
    }
  },
};
