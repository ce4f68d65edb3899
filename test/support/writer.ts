import { randomUUID } from "node:crypto";
import { openStorage, readingOf } from "./storage.ts";

/*
 * A process to be killed: opens the data folder that it is given and writes verifications with a NIK, a name, a
 * photograph and an event until it dies. Says `open`, then the id of each one that was acknowledged, a line each.
 */
const [dataDir, nik, name] = process.argv.slice(2) as [string, string, string];
const storage = await openStorage({ dataDir });
process.stdout.write("open\n");
for (;;) {
  const verificationId = randomUUID();
  const now = new Date();
  const { verifications } = storage;
  await verifications.start({ verificationId, userId: "user-1", type: "FULL_KYC", now });
  const claim = await verifications.claim(verificationId, now, 3600);
  if (!claim || claim === "busy") throw new Error("A row just made cannot be claimed.");
  const ktpImage = await storage.images.put(
    verificationId,
    "ktp",
    Buffer.from(`a photograph of ${name}, ${nik}`),
  );
  const dukcapil = { nik, is_valid: true, name, birth_date: null, gender: null, status: "VALID" } as const;
  const settled = await verifications.settle(
    claim,
    {
      status: "VERIFIED",
      nik,
      ktpImage,
      ktp: readingOf(nik, name),
      dukcapil: { ...dukcapil, match_score: 1, notes: null },
      portraitEmbedding: Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i)),
    },
    [{ kind: "verified", value: { verification_id: verificationId, nik, name } }],
    now,
  );
  if (!settled) throw new Error("A claim just taken is lost.");
  const request = {
    userId: "user-1",
    scope: "user-1",
    key: verificationId,
    bodyHash: "h",
    now,
    leaseSeconds: 60,
  };
  const begun = await storage.idempotency.begin(request);
  if (begun.kind === "new") {
    await storage.idempotency.finish(begun.token, { status: 200, body: JSON.stringify({ nik, name }) });
  }
  process.stdout.write(`${verificationId}\n`);
}
