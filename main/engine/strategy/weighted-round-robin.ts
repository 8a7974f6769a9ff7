import { figure, highest, onlyOne } from './reasoning-words.ts';
import type { Candidate, Strategy, StrategyReasoning } from './strategy.ts';

/**
 * Smooth weighted round robin as in nginx (ngx_http_upstream_get_peer): every candidate gains its weight, the one that
 * gained most is picked and pays the sum of all. 5/1/1 gives `aabacaa`. A pick takes O(n).
 */
export function weightedRoundRobin(): Strategy {
  return {
    kind: 'weighted-round-robin',
    pickedBy: 'weighted-round-robin',
    pick: (candidates) => pickSmooth(candidates),
  };
}

/** Leaves in `seen` the value that was compared. Equal ones: the first in the order given. */
function pickSmooth<T extends Candidate>(candidates: readonly T[]): T {
  let best = candidates[0]!;
  let total = 0;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    total += candidate.weight;
    candidate.turn += candidate.weight;
    candidate.seen = candidate.turn;
    if (candidate.turn > best.turn) best = candidate;
  }
  best.turn -= total;
  return best;
}

export const weightedRoundRobinReasoning: StrategyReasoning = {
  detail: ({ seen }) => `current ${figure(seen)}`,
  because(picked, others) {
    const next = highest(others);
    if (!next) return onlyOne;
    return `whose turn it was (current ${figure(picked.seen)}, next best ${next.name} at ${figure(next.seen)})`;
  },
};
