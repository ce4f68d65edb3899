import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, type TestContext, test } from "node:test";
import { sql } from "kysely";
import { eraseFaces } from "../../src/database/faces.ts";
import { Random } from "../../src/sample/random.ts";
import type { Change, Claim, Duplicate } from "../../src/verification/ports.ts";
import { cosineSimilarity } from "../../src/vision/face/compare.ts";
import { EMBEDDING_LENGTH } from "../../src/vision/face/embed.ts";
import { startPostgres } from "../support/postgres.ts";
import { openStorage, readingOf, type Storage, temporaryFolder } from "../support/storage.ts";

const T0 = new Date("2026-03-01T10:00:00Z");
const LEASE = 60;
const random = new Random("faces");

const unit = (values: Float32Array) => {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
};
/** Anybody's face: all are nearly at right angles to each other. */
const somebody = () => unit(Float32Array.from({ length: EMBEDDING_LENGTH }, () => random.between(-1, 1)));
/** Another picture of them. */
const again = (face: Float32Array, change = 0.6) => {
  const other = somebody();
  return unit(face.map((value, i) => value + change * other[i]));
};
const nikOf = (number: number) => `327301450590${String(number).padStart(4, "0")}`;

/** A verification that has all its evidence, to be concluded. */
async function ready(
  { verifications }: Storage,
  {
    userId,
    face,
    nik,
    model = "test",
  }: { userId: string; face: Float32Array | null; nik: string; model?: string },
): Promise<Claim> {
  const verificationId = randomUUID();
  await verifications.start({ verificationId, userId, type: "FULL_KYC", now: T0 });
  const first = await verifications.claim(verificationId, T0, LEASE);
  assert.ok(first && first !== "busy");
  const evidence: Change = {
    status: "PROCESSING",
    ktp: readingOf(nik, "SITI RAHAYU"),
    nik,
    selfieEmbedding: face,
    selfieModel: face && model,
  };
  assert.ok(await verifications.settle(first, evidence, [], T0));
  const claim = await verifications.claim(verificationId, T0, LEASE);
  assert.ok(claim && claim !== "busy");
  return claim;
}

/** Ends it, and says what was found. */
async function conclude(
  { verifications }: Storage,
  claim: Claim,
  status: "VERIFIED" | "REJECTED" = "VERIFIED",
): Promise<readonly Duplicate[]> {
  const done = await verifications.conclude(
    claim,
    (duplicateOf) => ({ change: { status, duplicateOf, completedAt: T0 }, events: [] }),
    T0,
  );
  assert.equal(done?.status, status);
  assert.ok(done.duplicateOf);
  return done.duplicateOf;
}

function duplicates(
  open: () => Promise<{ storages: Storage[]; close: () => Promise<void> } | { skip: string }>,
) {
  /** Of processes on one database, where it takes more than one. */
  let storages: Storage[];
  let close: (() => Promise<void>) | undefined;
  let skipped: string | undefined;
  let people = 0;

  before(async () => {
    const opened = await open();
    if ("skip" in opened) skipped = opened.skip;
    else ({ storages, close } = opened);
  });
  after(() => close?.());
  const it = (name: string, body: () => Promise<void>) =>
    test(name, (context: TestContext) => (skipped ? context.skip(skipped) : body()));
  const verified = async (
    face: Float32Array | null,
    userId: string = randomUUID(),
    nik = nikOf(++people),
  ) => {
    const claim = await ready(storages[0], { userId, face, nik });
    return { id: claim.verification.verificationId, userId, nik, found: await conclude(storages[0], claim) };
  };

  it("finds a face again under another user, and says how alike they are", async () => {
    const face = somebody();
    const first = await verified(face);
    assert.deepEqual(first.found, []);
    const other = again(face);
    const { found } = await verified(other);
    assert.deepEqual(
      found.map(({ verificationId, by }) => ({ verificationId, by })),
      [{ verificationId: first.id, by: "face" }],
    );
    assert.ok(Math.abs(found[0].similarity! - cosineSimilarity(face, other)) < 0.005);
  });

  it("takes nobody for another, and nobody for their own duplicate", async () => {
    const face = somebody();
    const { userId } = await verified(face);
    assert.deepEqual((await verified(somebody())).found, []);
    assert.deepEqual((await verified(again(face), userId)).found, []);
  });

  it("looks among the VERIFIED alone, and among the embeddings of one network", async () => {
    const face = somebody();
    const refused = await ready(storages[0], { userId: "a", face, nik: nikOf(++people) });
    await conclude(storages[0], refused, "REJECTED");
    const older = await ready(storages[0], { userId: "b", face, nik: nikOf(++people), model: "older" });
    await conclude(storages[0], older);
    assert.deepEqual((await verified(face)).found, []);
  });

  it("finds a NIK again under another user, where there is no face too", async () => {
    const first = await verified(null);
    assert.deepEqual((await verified(null, first.userId, first.nik)).found, []);
    const { found } = await verified(somebody(), randomUUID(), first.nik);
    assert.equal(found.length, 2, "the first user was verified twice");
    for (const one of found)
      assert.deepEqual({ by: one.by, similarity: one.similarity }, { by: "nik", similarity: null });
    assert.ok(found.some(({ verificationId }) => verificationId === first.id));
  });

  it("of two that end at once, in two processes, one sees the other", async () => {
    for (let round = 0; round < 5; round++) {
      const face = somebody();
      const nik = nikOf(++people);
      const claims = await Promise.all(
        [0, 1].map((i) =>
          ready(storages[i % storages.length], { userId: randomUUID(), face: again(face, 0.3), nik }),
        ),
      );
      const found = await Promise.all(
        claims.map((claim, i) => conclude(storages[i % storages.length], claim)),
      );
      const kinds = found.map((list) => list.map(({ by }) => by)).sort((a, b) => a.length - b.length);
      assert.deepEqual(kinds, [[], ["nik", "face"]], `round ${round}`);
    }
  });

  it("finds among many, each by its own", async () => {
    const faces = Array.from({ length: 40 }, somebody);
    const ids: string[] = [];
    for (const face of faces) ids.push((await verified(face)).id);
    for (const i of [0, 17, 39]) {
      const claim = await ready(storages.at(-1)!, {
        userId: randomUUID(),
        face: again(faces[i]),
        nik: nikOf(++people),
      });
      const found = await conclude(storages.at(-1)!, claim, "REJECTED");
      assert.deepEqual(
        found.map(({ verificationId }) => verificationId),
        [ids[i]],
      );
    }
  });

  it("keeps no face in the clear", async () => {
    const face = somebody();
    const { id } = await verified(face);
    const { rows } = await sql<{ sealed: Uint8Array }>`
      SELECT selfie_embedding AS sealed FROM kyc_verifications WHERE verification_id = ${id}`.execute(
      storages[0].db,
    );
    const sealed = Buffer.from(rows[0].sealed);
    assert.ok(sealed.length > EMBEDDING_LENGTH);
    const largest = Math.max(...face.map(Math.abs));
    const steps = Buffer.from(Int8Array.from(face, (value) => Math.round((value / largest) * 127)).buffer);
    assert.equal(sealed.indexOf(steps.subarray(100, 116)), -1);
    assert.equal(sealed.indexOf(Buffer.from(face.slice(100, 104).buffer)), -1);
  });

  it("is not kept from a decision by a face that does not open", async () => {
    const face = somebody();
    const [first, broken] = [await verified(face), await verified(again(face, 0.3))];
    for (const storage of storages) await storage.faces.refresh();
    await sql`UPDATE kyc_verifications SET selfie_embedding = '\\x00' WHERE verification_id = ${broken.id}`.execute(
      storages[0].db,
    );
    const { found } = await verified(again(face, 0.3));
    assert.deepEqual(
      found.map(({ verificationId }) => verificationId),
      [first.id],
    );
  });

  it("an erased face is found by no process, and leaves the memory of all", async () => {
    const face = somebody();
    const { userId } = await verified(face);
    for (const storage of storages) await storage.faces.refresh();
    await eraseFaces(storages[0].db, userId);
    for (const storage of storages) {
      const claim = await ready(storage, { userId: randomUUID(), face: again(face), nik: nikOf(++people) });
      assert.deepEqual(await conclude(storage, claim, "REJECTED"), []);
      const { size } = storage.faces;
      assert.equal(await storage.faces.forgetErased(), 1);
      assert.equal(storage.faces.size, size - 1);
      assert.equal(await storage.faces.forgetErased(), 0);
    }
  });
}

describe("duplicates in the embedded database", () => {
  duplicates(async () => {
    const folder = temporaryFolder();
    const storage = await openStorage({ dataDir: folder.path });
    return {
      storages: [storage],
      close: async () => {
        await storage.close();
        folder.remove();
      },
    };
  });
});

describe("duplicates in a PostgreSQL server, with two processes", () => {
  duplicates(async () => {
    const server = await startPostgres();
    if ("skip" in server) return server;
    const folder = temporaryFolder();
    const url = await server.createDatabase();
    const storages = [
      await openStorage({ url, dataDir: folder.path }),
      await openStorage({ url, dataDir: folder.path }),
    ];
    return {
      storages,
      close: async () => {
        for (const storage of storages) await storage.close();
        await server.stop();
        folder.remove();
      },
    };
  });
});
