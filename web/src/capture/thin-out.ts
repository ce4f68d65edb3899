/** A span of time in milliseconds of the frames' clock. */
export type Span = readonly [from: number, to: number];

/** Of a face at rest two frames a second say enough; well below the gap that the service takes. */
const REST_EVERY_MS = 500;

/** Leaves out most of what was taken while somebody was waited for: the movements keep their frames. */
export function thinRest<T extends { readonly at: number }>(
  frames: readonly T[],
  movements: readonly Span[],
): T[] {
  const left: T[] = [];
  frames.forEach((frame, i) => {
    const moving = movements.some(([from, to]) => frame.at >= from && frame.at <= to);
    const [last, next] = [left.at(-1), frames[i + 1]];
    if (moving || !last || !next || next.at - last.at > REST_EVERY_MS) left.push(frame);
  });
  return left;
}

/**
 * Leaves out frames until there are `most`, always the one whose neighbours lie nearest to one another: what is left
 * covers the whole time evenly.
 */
export function thinOut<T extends { readonly at: number }>(frames: readonly T[], most: number): T[] {
  const left = [...frames];
  while (left.length > most) {
    let least = 1;
    for (let i = 1; i < left.length - 1; i++)
      if (left[i + 1].at - left[i - 1].at < left[least + 1].at - left[least - 1].at) least = i;
    left.splice(least, 1);
  }
  return left;
}
