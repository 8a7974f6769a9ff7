const pauseMs = 150;
/** Looks that have to find the same: one pause alone may be the machine's, which has others to run. */
const looks = 4;

/** A look for `until`: true once the number is above zero and has not moved for several looks, a pause apart. */
export function restsAt(measure: () => number): () => Promise<boolean> {
  let last = -1;
  let same = 0;
  return async () => {
    const now = measure();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return same >= looks;
  };
}
