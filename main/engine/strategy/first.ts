import { onlyOne } from './reasoning-words.ts';
import type { Strategy, StrategyReasoning } from './strategy.ts';

/**
 * In configured order (HAProxy's `balance first`, Caddy's `lb_policy first`): whoever is at its `maxRequests` is no candidate, so
 * the first candidate is the first server with room. A pick takes O(1).
 */
export function first(): Strategy {
  return { kind: 'first', pickedBy: 'first', pick: (candidates) => candidates[0]! };
}

export const firstReasoning: StrategyReasoning = {
  detail: ({ activeRequests }) => `${activeRequests} in flight`,
  because: (picked, others) =>
    others.length === 0
      ? onlyOne
      : `the first in the file that could take it (${picked.activeRequests} in flight)`,
};
