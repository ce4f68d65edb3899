/** Float32 in the byte order of the machines that there are; fixed, since a database outlives its machine. */
export function embeddingToBytes(embedding: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(embedding.length * Float32Array.BYTES_PER_ELEMENT));
  for (const [i, value] of embedding.entries())
    view.setFloat32(i * Float32Array.BYTES_PER_ELEMENT, value, true);
  return new Uint8Array(view.buffer);
}

/** What {@link embeddingToBytes} was given. */
export function embeddingFromBytes(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / Float32Array.BYTES_PER_ELEMENT }, (_, i) =>
    view.getFloat32(i * Float32Array.BYTES_PER_ELEMENT, true),
  );
}

const SCALE_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Bytes are −127 .. 127. */
const MOST = 127;

/**
 * An embedding in a quarter of the bytes: a scale, then each number rounded to one of 255 steps. A cosine of two such
 * differs from the exact one by about 0.001, and 100,000 of them are read from the store in a quarter of the time.
 */
export function embeddingToSmall(embedding: Float32Array): Uint8Array {
  const largest = embedding.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  const bytes = new Uint8Array(SCALE_BYTES + embedding.length);
  new DataView(bytes.buffer).setFloat32(0, largest / MOST, true);
  new Int8Array(bytes.buffer, SCALE_BYTES).set(
    embedding.map((value) => Math.round((value / largest) * MOST)),
  );
  return bytes;
}

/** @returns unit length, but for rounding */
export function embeddingFromSmall(bytes: Uint8Array): Float32Array {
  const scale = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  const steps = new Int8Array(bytes.buffer, bytes.byteOffset + SCALE_BYTES, bytes.byteLength - SCALE_BYTES);
  const embedding = new Float32Array(steps.length);
  for (let i = 0; i < embedding.length; i++) embedding[i] = steps[i] * scale;
  return embedding;
}
