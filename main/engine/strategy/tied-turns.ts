import type { Candidate } from './strategy.ts';

/**
 * Among candidates whose `seen` is `least`, takes turns by smooth weighted round robin, without copying them out: so that equal
 * ones are served by weight, and not the first in the file alone. There is at least one such.
 */
export function pickTied<T extends Candidate>(candidates: readonly T[], least: number): T {
  let best: T | null = null;
  let total = 0;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    if (candidate.seen !== least) continue;
    total += candidate.weight;
    candidate.turn += candidate.weight;
    if (best === null || candidate.turn > best.turn) best = candidate;
  }
  const picked = best ?? candidates[0]!;
  picked.turn -= total;
  return picked;
}
