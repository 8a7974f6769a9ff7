const pauseMs = 150;

/** A look for `until`: true once the number is above zero and has not moved from one look to the next, a pause apart. */
export function restsAt(measure: () => number): () => Promise<boolean> {
  let last = -1;
  return async () => {
    const now = measure();
    const same = now === last && now > 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return same;
  };
}
