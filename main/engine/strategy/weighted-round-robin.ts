import type { Candidate, SeenCandidate, Strategy, StrategyReasoning } from './strategy.ts';

/**
 * Smooth weighted round robin as in nginx (ngx_http_upstream_get_peer): every candidate gains its weight, the one that
 * gained most is picked and pays the sum of all. 5/1/1 gives `aabacaa`.
 */
export function weightedRoundRobin(): Strategy {
  return { kind: 'weighted-round-robin', pick: (candidates) => pickSmooth(candidates) };
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
  detail: ({ seen }) => `current ${seen}`,
  because(picked, others) {
    const next = highest(others);
    if (!next) return 'the only one to choose from';
    return `whose turn it was (current ${picked.seen}, next best ${next.name} at ${next.seen})`;
  },
};

function highest(candidates: readonly SeenCandidate[]): SeenCandidate | undefined {
  let best = candidates[0];
  for (const candidate of candidates) if (best && candidate.seen > best.seen) best = candidate;
  return best;
}
