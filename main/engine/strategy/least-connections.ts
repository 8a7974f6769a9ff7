import type { Candidate, SeenCandidate, Strategy, StrategyReasoning } from './strategy.ts';

/**
 * Smallest requests in flight per weight; equal ones take turns by smooth weighted round robin among themselves, as in
 * nginx's least_conn. So an idle pool of 5/1/1 is served `aabacaa` (HAProxy would ignore the weights there).
 */
export function leastConnections(): Strategy {
  return {
    kind: 'least-connections',
    pick(candidates) {
      let least = Number.POSITIVE_INFINITY;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        const load = candidate.activeRequests / candidate.weight;
        candidate.seen = load;
        if (load < least) least = load;
      }
      return pickTied(candidates, least);
    },
  };
}

/** Smooth weighted round robin among those whose load is `least`, without copying them out. */
function pickTied<T extends Candidate>(candidates: readonly T[], least: number): T {
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

export const leastConnectionsReasoning: StrategyReasoning = {
  detail: inFlight,
  because(picked, others) {
    if (others.length === 0) return 'the only one to choose from';
    const tied = others.filter(({ seen }) => seen === picked.seen);
    if (tied.length > 0)
      return `whose turn it was among the ${tied.length + 1} least busy (${inFlight(picked)})`;
    let next = others[0]!;
    for (const other of others) if (other.seen < next.seen) next = other;
    return `the least busy for its weight (${inFlight(picked)}, next ${next.name} with ${inFlight(next)})`;
  },
};

function inFlight({ activeRequests, weight }: SeenCandidate): string {
  return `${activeRequests} in flight / weight ${weight}`;
}
