import type { Candidate, Strategy, StrategyReasoning } from './strategy.ts';

/**
 * Each in turn in configured order. It remembers which server it picked last, and picks the first candidate behind that
 * one's present place: servers that come, go or change places neither repeat nor skip a neighbour.
 */
export function roundRobin(): Strategy {
  let last: Candidate | null = null;
  return {
    kind: 'round-robin',
    pick(candidates) {
      const from = last === null ? -1 : last.order;
      let first = candidates[0]!;
      let next: (typeof candidates)[number] | null = null;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        candidate.seen = candidate === last ? 1 : 0;
        if (candidate.order < first.order) first = candidate;
        if (candidate.order > from && (next === null || candidate.order < next.order)) next = candidate;
      }
      const picked = next ?? first;
      last = picked;
      return picked;
    },
  };
}

export const roundRobinReasoning: StrategyReasoning = {
  detail: ({ seen }) => (seen === 1 ? 'had the turn before' : ''),
  because(_picked, others) {
    if (others.length === 0) return 'the only one to choose from';
    const before = others.find(({ seen }) => seen === 1);
    return before ? `whose turn it was after ${before.name}` : 'whose turn it was';
  },
};
