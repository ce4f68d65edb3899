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
