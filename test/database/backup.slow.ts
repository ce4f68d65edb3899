import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkpoint, verifyAudit } from "../../src/database/audit-checks.ts";
import type { Claim } from "../../src/verification/ports.ts";
import { startPostgres } from "../support/postgres.ts";
import { openStorage, readingOf, temporaryFolder } from "../support/storage.ts";

/** Programs of one version belong together: `pg_dump` refuses a server that is newer. */
const bin = globSync("/usr/lib/postgresql/*/bin/pg_dump")
  .map(dirname)
  .findLast((folder) => existsSync(join(folder, "initdb")));

test("a dump of a running service, restored as docs/operations.md says, is whole and goes on", async (context) => {
  if (bin === undefined) return context.skip("there is no pg_dump beside a server on this machine");
  const server = await startPostgres({ bin });
  if ("skip" in server) return context.skip(server.skip);
  context.after(server.stop);
  const folder = temporaryFolder();
  context.after(folder.remove);
  const url = await server.createDatabase();
  const storage = await openStorage({ url, dataDir: folder.path });
  const verify = async ({ verifications, images }: typeof storage) => {
    const id = randomUUID();
    const now = new Date();
    await verifications.start({ verificationId: id, userId: "u", type: "FULL_KYC", now });
    const claim = (await verifications.claim(id, now, 60)) as Claim;
    const ktpImage = await images.put(id, "ktp", Buffer.from("a card"));
    const change = { ktp: readingOf("3273014505900007", "SITI"), ktpImage };
    const event = { kind: "ktp_uploaded", value: { id } } as const;
    assert.ok(await verifications.settle(claim, change, [event], now));
    return { id, ktpImage };
  };
  const { id, ktpImage } = await verify(storage);
  const seen = await checkpoint(storage.db, storage.chain, new Date());
  const dump = join(folder.path, "kyc.dump");
  execFileSync(join(bin, "pg_dump"), ["-Fc", "-f", dump, url]);
  await verify(storage);
  await storage.close();

  const empty = await server.createDatabase();
  execFileSync(join(bin, "pg_restore"), ["-d", empty, dump]);
  const restored = await openStorage({ url: empty, dataDir: folder.path });
  assert.equal((await restored.verifications.find(id))?.ktp?.name, "SITI");
  assert.equal(Buffer.from(await restored.images.get(ktpImage)).toString(), "a card");
  assert.equal((await restored.outbox.pending(10)).length, 1);
  const { faults, last } = await verifyAudit(restored.db, restored.chain, seen!);
  assert.deepEqual(faults, []);
  assert.deepEqual(last, seen);
  await verify(restored);
  await checkpoint(restored.db, restored.chain, new Date());
  assert.deepEqual((await verifyAudit(restored.db, restored.chain, seen!)).faults, []);
  await restored.close();
});
