import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../../src/sample/random.ts";
import { cosineSimilarity } from "../../../src/vision/face/compare.ts";
import { EMBEDDING_LENGTH, EMBEDDING_PARTS, SHARE } from "../../../src/vision/face/embed.ts";
import { FaceIndex } from "../../../src/vision/face/search.ts";

const LEAST = 0.57;
const random = new Random("search");

/** Joined as embeddings are: each network's numbers with its share of the length. */
function face(like?: Float32Array, cosine = 0): Float32Array {
  const out = Float32Array.from({ length: EMBEDDING_LENGTH }, () => random.between(-1, 1));
  const [first] = EMBEDDING_PARTS;
  for (const [from, to, share] of [
    [0, first, SHARE],
    [first, EMBEDDING_LENGTH, 1 - SHARE],
  ]) {
    const part = out.subarray(from, to);
    const own = like?.subarray(from, to);
    const scale = (by: number) => {
      for (let i = 0; i < part.length; i++) part[i] *= by;
    };
    scale(Math.sqrt(share) / Math.hypot(...part));
    if (!own) continue;
    for (let i = 0; i < part.length; i++) part[i] = cosine * own[i] + Math.sqrt(1 - cosine ** 2) * part[i];
    scale(Math.sqrt(share) / Math.hypot(...part));
  }
  return out;
}

describe("faces among many", () => {
  const faces = Array.from({ length: 3000 }, () => face());
  const index = new FaceIndex();
  for (const [i, one] of faces.entries()) index.add(i + 1, one);

  it("holds them in a fraction of their size", () => {
    assert.equal(index.size, 3000);
    assert.ok(index.bytes < (3000 * EMBEDDING_LENGTH * 4) / 10, `${index.bytes}`);
  });

  it("finds each by another picture, however alike from the least on, and few others", () => {
    let others = 0;
    for (let i = 0; i < 100; i++) {
      const id = random.whole(1, 3000);
      const query = face(faces[id - 1], random.between(LEAST + 0.08, 0.99));
      const exact = cosineSimilarity(query, faces[id - 1]);
      assert.ok(exact >= LEAST);
      const [first, ...rest] = index.search(query, LEAST);
      assert.equal(first?.id, id);
      assert.ok(Math.abs(first.similarity - exact) < 0.15);
      others += rest.length;
    }
    assert.ok(others < 10, `${others} others`);
  });

  it("finds nobody for a stranger", () => {
    for (let i = 0; i < 20; i++) assert.deepEqual(index.search(face(), LEAST), []);
  });

  it("finds a removed face no more, and all others still", () => {
    for (const id of [1, 1500, 3000, 4000]) index.remove(id);
    assert.equal(index.size, 2997);
    assert.equal(index.ids().includes(1500), false);
    for (const id of [1, 1500, 3000]) assert.deepEqual(index.search(faces[id - 1], LEAST), []);
    for (const id of [2, 1499, 2999]) assert.equal(index.search(faces[id - 1], LEAST)[0]?.id, id);
    index.add(1500, faces[1499]);
    assert.equal(index.search(faces[1499], LEAST)[0]?.id, 1500);
  });
});
