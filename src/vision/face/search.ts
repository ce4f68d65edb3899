import { EMBEDDING_PARTS, SHARE } from "./embed.ts";

/**
 * Numbers to which the second network's are folded. With the first network's as they are, a face takes 256 bytes of
 * memory in place of 4,608.
 */
const FOLDED = 128;
const [FIRST, SECOND] = EMBEDDING_PARTS;
/** Bytes are −127 .. 127. */
const MOST = 127;

/**
 * By how much a similarity found by folded numbers may differ from the true one, at most but for one pair in some
 * thousand: folding errs by 1/√FOLDED (one deviation) of the second network's half, and this is 3.4 of them.
 */
const DOUBT = 0.15;

/** A number of a face's, and about how alike it is. */
export interface Candidate {
  readonly id: number;
  /** Cosine −1..1, within {@link DOUBT}. */
  readonly similarity: number;
}

/**
 * Many faces in little memory, searched for those that may be alike: what is found is to be compared exactly. One pass
 * over all, without an index structure: for some 100,000 faces it takes some tens of milliseconds, forgets nothing and
 * lets a face be removed.
 */
export class FaceIndex {
  #size = 0;
  #ids = new Float64Array(0);
  #scales = new Float32Array(0);
  #first = new Int8Array(0);
  #second = new Int8Array(0);

  /** Faces in it. */
  get size(): number {
    return this.#size;
  }

  /** Bytes held for them. */
  get bytes(): number {
    return [this.#ids, this.#scales, this.#first, this.#second].reduce((sum, a) => sum + a.byteLength, 0);
  }

  /** @param embedding  unit length */
  add(id: number, embedding: Float32Array): void {
    if (this.#size === this.#ids.length) this.#grow();
    const { first, second, scale } = coded(embedding);
    const at = this.#size++;
    this.#ids[at] = id;
    this.#scales[at] = scale;
    this.#first.set(first, at * FIRST);
    this.#second.set(second, at * FOLDED);
  }

  /** Forgets a face and overwrites its numbers; one that is not there is no fault. */
  remove(id: number): void {
    const at = this.#ids.subarray(0, this.#size).indexOf(id);
    if (at < 0) return;
    const last = --this.#size;
    this.#ids[at] = this.#ids[last];
    this.#scales[at] = this.#scales[last];
    this.#first
      .copyWithin(at * FIRST, last * FIRST, (last + 1) * FIRST)
      .fill(0, last * FIRST, (last + 1) * FIRST);
    this.#second
      .copyWithin(at * FOLDED, last * FOLDED, (last + 1) * FOLDED)
      .fill(0, last * FOLDED, (last + 1) * FOLDED);
  }

  /** All numbers in it. */
  ids(): number[] {
    return [...this.#ids.subarray(0, this.#size)];
  }

  /**
   * Those that may be at least as alike as `least`, the likeliest first.
   * @param embedding  unit length
   * @param least      cosine
   */
  search(embedding: Float32Array, least: number): Candidate[] {
    const query = coded(embedding);
    // The second network's half can add no more than all of itself: most faces end with the first network's.
    const enough = least - SECOND_SHARE - 1 / MOST;
    const found: Candidate[] = [];
    for (let n = 0; n < this.#size; n++) {
      const scale = this.#scales[n] * query.scale;
      const half = scale * dot(this.#first, n * FIRST, query.first);
      if (half < enough) continue;
      const similarity = half + scale * dot(this.#second, n * FOLDED, query.second);
      if (similarity >= least - DOUBT) found.push({ id: this.#ids[n], similarity });
    }
    return found.sort((a, b) => b.similarity - a.similarity);
  }

  #grow(): void {
    const capacity = Math.max(LEAST_CAPACITY, Math.ceil(this.#ids.length * GROWTH));
    this.#ids = grown(new Float64Array(capacity), this.#ids);
    this.#scales = grown(new Float32Array(capacity), this.#scales);
    this.#first = grown(new Int8Array(capacity * FIRST), this.#first);
    this.#second = grown(new Int8Array(capacity * FOLDED), this.#second);
  }
}

const LEAST_CAPACITY = 1024;
/** Slower than doubling: of 100,000 faces no more than a quarter is room to spare. */
const GROWTH = 1.25;
/** The largest part of a cosine that the second network's numbers can make. */
const SECOND_SHARE = 1 - SHARE;

function grown<A extends Float64Array | Float32Array | Int8Array>(into: A, from: A): A {
  into.set(from as never);
  return into;
}

/** Sum of products of small whole numbers; four sums at a time, which the compiler keeps in registers. */
function dot(codes: Int8Array, from: number, query: Int8Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < query.length; i += 4) {
    a = (a + Math.imul(codes[from + i], query[i])) | 0;
    b = (b + Math.imul(codes[from + i + 1], query[i + 1])) | 0;
    c = (c + Math.imul(codes[from + i + 2], query[i + 2])) | 0;
    d = (d + Math.imul(codes[from + i + 3], query[i + 3])) | 0;
  }
  return a + b + c + d;
}

/**
 * An embedding in bytes: the first network's numbers, and the second's folded by a count sketch (Charikar et al. 2002,
 * "Finding frequent items in data streams"): each is added to, or taken from, one of a few sums, by chance but always
 * the same, so that products of sums are in the mean products of what was summed.
 */
function coded(embedding: Float32Array): { first: Int8Array; second: Int8Array; scale: number } {
  const folded = new Float32Array(FOLDED);
  for (let i = 0; i < SECOND; i++) folded[PLACE[i]] += SIGN[i] * embedding[FIRST + i];
  const own = embedding.subarray(0, FIRST);
  let largest = Number.MIN_VALUE;
  for (const value of own) largest = Math.max(largest, Math.abs(value));
  for (const value of folded) largest = Math.max(largest, Math.abs(value));
  const steps = MOST / largest;
  // A loop: `from` with a function takes ten times as long, and the start does this for every face.
  const bytes = (values: Float32Array) => {
    const out = new Int8Array(values.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.round(values[i] * steps);
    return out;
  };
  return { first: bytes(own), second: bytes(folded), scale: largest / MOST };
}

/** Knuth's multiplicative hash: what is to look like chance and be the same in every process. */
const HASH = 2654435761;
const hashed = (i: number, salt: number) => Math.imul((i + 1) * salt, HASH) >>> 16;
const PLACE = Uint8Array.from({ length: SECOND }, (_, i) => hashed(i, 40503) % FOLDED);
const SIGN = Int8Array.from({ length: SECOND }, (_, i) => (hashed(i, 30011) & 1 ? 1 : -1));
