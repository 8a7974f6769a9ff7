/**
 * A shorter sequence that still fails: leaves out halves, quarters, ... and at last single steps, as long as the rest fails
 * (Zeller and Hildebrandt's delta debugging, without its complements). The first step always stays.
 *
 * @param fails whether a sequence fails
 * @param most tries
 */
export async function shrink<T>(
  steps: readonly T[],
  fails: (steps: readonly T[]) => Promise<boolean>,
  most = 400,
): Promise<readonly T[]> {
  let left = steps;
  let tries = 0;
  for (let size = Math.floor(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 1; at < left.length && tries < most; ) {
      const shorter = [...left.slice(0, at), ...left.slice(at + size)];
      tries += 1;
      if (await fails(shorter)) left = shorter;
      else at += size;
    }
  }
  return left;
}
