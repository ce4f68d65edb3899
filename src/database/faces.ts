import { type Kysely, sql, type Transaction } from "kysely";
import { SealBrokenError, type Sealer } from "../security/sealer.ts";
import type { Duplicate } from "../verification/ports.ts";
import { cosineSimilarity } from "../vision/face/compare.ts";
import { type Candidate, FaceIndex } from "../vision/face/search.ts";
import { embeddingFromSmall, embeddingToSmall } from "./embeddings.ts";
import type { Schema } from "./schema.ts";

type Connection = Kysely<Schema> | Transaction<Schema>;

/** What was found among the faces known before a transaction began, to be completed within it. */
export interface FaceSearch {
  readonly embedding: Float32Array;
  readonly candidates: readonly Candidate[];
  /** The newest face that was looked at. */
  readonly upTo: number;
}

/**
 * The faces of VERIFIED selfies, of one network. They lie sealed in the store, so that an index of the database's own
 * (pgvector) cannot search them: it would have to see them in the clear. Each process holds them folded, in its memory
 * alone, and reads before each search what others have added meanwhile.
 */
export interface Faces {
  /** Reads what the store has and this process has not seen: at the start all, later what other processes added. */
  refresh(): Promise<void>;
  /** Looks among all faces. @param embedding  unit length, of {@link Faces.model} */
  search(embedding: Float32Array): Promise<FaceSearch>;
  /**
   * Completes a search: looks among what was added since, and compares exactly. Under the {@link lockDuplicates} of
   * the transaction nothing can be added in between.
   */
  duplicates(transaction: Transaction<Schema>, search: FaceSearch, userId: string): Promise<Duplicate[]>;
  /** Forgets faces that are no longer in the store: another process erased them. @returns how many */
  forgetErased(): Promise<number>;
  /** The network whose embeddings these are. */
  readonly model: string;
  readonly size: number;
  /** Bytes of memory held for them. */
  readonly bytes: number;
}

/** Rows read at once: some milliseconds of opening seals, after which others have their turn. */
const PAGE = 250;
/** More faces than these are not told of: somebody who is that often there is found by the first. */
const MOST_DUPLICATES = 20;
/** Candidates compared exactly at most. */
const MOST_CANDIDATES = 500;
/** Of the database's advisory locks: the letters "KYCD". */
const DUPLICATES_LOCK = 0x4b594344;

/** Names the column and the row, so that a face moved to another row does not open. */
const contextOf = (verificationId: string) => `kyc_verifications.selfie_embedding:${verificationId}`;

/** @returns what stands in `selfie_embedding` */
export const sealFace = (sealer: Sealer, embedding: Float32Array, verificationId: string): Uint8Array =>
  sealer.seal(embeddingToSmall(embedding), contextOf(verificationId));

/** @throws {SealBrokenError} */
export const openFace = (sealer: Sealer, sealed: Uint8Array, verificationId: string): Float32Array =>
  embeddingFromSmall(sealer.open(sealed, contextOf(verificationId)));

/**
 * Lets one transaction at a time, over all processes, look for duplicates and add to what is looked among: of two that
 * end at once the second sees the first, and faces come to be seen in the order of their numbers.
 */
export const lockDuplicates = (transaction: Transaction<Schema>): Promise<unknown> =>
  sql`SELECT pg_advisory_xact_lock(${DUPLICATES_LOCK})`.execute(transaction);

/** The number under which a face can be found by others from now on. Only under {@link lockDuplicates}. */
export const nextFaceNumber = sql<number>`nextval('kyc_face_numbers')`;

/**
 * Erases all faces of a user from the store. Processes forget them by {@link Faces.forgetErased}; until then none of
 * them can be found, since what is found is compared with the store.
 */
export async function eraseFaces(connection: Connection, userId: string): Promise<void> {
  await connection
    .updateTable("kyc_verifications")
    .set({ selfie_embedding: null, selfie_model: null, face_number: null })
    .where("user_id", "=", userId)
    .execute();
}

/**
 * @param model     the network whose embeddings are searched; those of others are left out
 * @param least     cosine from which two faces are told of as one person's
 * @param onBroken  told of faces whose sealed numbers do not open: they cannot be found
 */
export function faces({
  db,
  sealer,
  model,
  least,
  onBroken = () => undefined,
}: {
  db: Kysely<Schema>;
  sealer: Sealer;
  model: string;
  least: number;
  onBroken?: (verificationId: string, error: SealBrokenError) => void;
}): Faces {
  const index = new FaceIndex();
  let seen = 0;

  /** Null, and told of, where its seal does not open: one such row must not keep others from a decision. */
  function opened(sealed: Uint8Array, verificationId: string): Float32Array | null {
    try {
      return openFace(sealer, sealed, verificationId);
    } catch (error) {
      if (!(error instanceof SealBrokenError)) throw error;
      onBroken(verificationId, error);
      return null;
    }
  }

  /** Several may read at once (the start, a search, a transaction): each takes over only what none has before. */
  async function refresh(connection: Connection): Promise<void> {
    for (;;) {
      const rows = await connection
        .selectFrom("kyc_verifications")
        .select(["verification_id", "face_number", "selfie_embedding"])
        .where("face_number", ">", seen)
        .where("selfie_model", "=", model)
        .orderBy("face_number")
        .limit(PAGE)
        .execute();
      for (const { verification_id, face_number, selfie_embedding } of rows) {
        if (face_number === null || selfie_embedding === null || face_number <= seen) continue;
        seen = face_number;
        const embedding = opened(selfie_embedding, verification_id);
        if (embedding) index.add(face_number, embedding);
      }
      if (rows.length < PAGE) return;
    }
  }

  return {
    model,
    refresh: () => refresh(db),

    async search(embedding) {
      await refresh(db);
      return { embedding, candidates: index.search(embedding, least), upTo: seen };
    },

    async duplicates(transaction, { embedding, candidates, upTo }, userId) {
      await refresh(transaction);
      const added = seen > upTo ? index.search(embedding, least).filter(({ id }) => id > upTo) : [];
      const likely = [...added, ...candidates].slice(0, MOST_CANDIDATES).map(({ id }) => id);
      if (likely.length === 0) return [];
      const rows = await transaction
        .selectFrom("kyc_verifications")
        .select(["verification_id", "selfie_embedding"])
        .where("face_number", "in", likely)
        .where("user_id", "!=", userId)
        .execute();
      return rows
        .flatMap(({ verification_id, selfie_embedding }): Duplicate[] => {
          const other = selfie_embedding && opened(selfie_embedding, verification_id);
          if (!other) return [];
          const similarity = cosineSimilarity(embedding, other);
          return similarity < least ? [] : [{ verificationId: verification_id, by: "face", similarity }];
        })
        .sort((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0))
        .slice(0, MOST_DUPLICATES);
    },

    async forgetErased() {
      const rows = await db
        .selectFrom("kyc_verifications")
        .select("face_number")
        .where("face_number", "is not", null)
        .execute();
      const there = new Set(rows.map(({ face_number }) => face_number));
      const erased = index.ids().filter((id) => !there.has(id));
      for (const id of erased) index.remove(id);
      return erased.length;
    },

    get size() {
      return index.size;
    },
    get bytes() {
      return index.bytes;
    },
  };
}
