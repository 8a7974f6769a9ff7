/** The known word nearest to a misspelt one; undefined where none is near enough to be meant. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best ?? known.find((each) => squeeze(each) === squeeze(word));
}

/** `health_check`, `health-check` and `healthcheck` mean healthCheck. */
function squeeze(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Steps from one word to the other: insert, delete, replace a letter, or swap two neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.POSITIVE_INFINITY;
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let steps = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        steps = Math.min(steps, twoBack[column - 2]! + 1);
      current.push(steps);
    }
    twoBack = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** Says what an unknown key should have been. */
export function unknownKeyMessage(key: string, known: readonly string[]): string {
  const said = `unknown key "${key}"`;
  const meant = nearestWord(key, known);
  if (meant !== undefined) return `${said}; did you mean "${meant}"?`;
  return known.length === 0 ? said : `${said}; known here: ${known.join(', ')}`;
}
