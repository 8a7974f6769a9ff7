import { inFlight, lowest, onlyOne } from './reasoning-words.ts';
import type { Strategy, StrategyReasoning } from './strategy.ts';
import { pickTied } from './tied-turns.ts';

/**
 * Smallest requests in flight per weight; equal ones take turns by smooth weighted round robin among themselves, as in
 * nginx's least_conn. So an idle pool of 5/1/1 is served `aabacaa` (HAProxy would ignore the weights there).
 */
export function leastConnections(): Strategy {
  return {
    kind: 'least-connections',
    pickedBy: 'least-connections',
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

export const leastConnectionsReasoning: StrategyReasoning = {
  detail: inFlight,
  because(picked, others) {
    const next = lowest(others);
    if (!next) return onlyOne;
    const tied = others.filter(({ seen }) => seen === picked.seen);
    if (tied.length > 0)
      return `whose turn it was among the ${tied.length + 1} least busy (${inFlight(picked)})`;
    return `the least busy for its weight (${inFlight(picked)}, next ${next.name} with ${inFlight(next)})`;
  },
};
