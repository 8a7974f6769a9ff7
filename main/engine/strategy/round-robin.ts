import type { Candidate, Strategy, StrategyReasoning } from './strategy.ts';

/** The seed of the server picked last, plus one; 0 before the first pick. */
const lastAt = 0;
/** Its place at that time. */
const placeAt = 1;

/**
 * Each in turn in configured order. It remembers which server it picked last, and picks the first candidate behind that
 * one's present place: servers that come, go or change places neither repeat nor skip a neighbour.
 */
export function roundRobin(notes: Float64Array): Strategy {
  return {
    kind: 'round-robin',
    pick(candidates) {
      const last = notes[lastAt]! - 1;
      const from = last === -1 ? -1 : placeOf(candidates, last, notes[placeAt]!);
      let first = candidates[0]!;
      let next: (typeof candidates)[number] | null = null;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        candidate.seen = candidate.seed === last ? 1 : 0;
        if (candidate.order < first.order) first = candidate;
        if (candidate.order > from && (next === null || candidate.order < next.order)) next = candidate;
      }
      const picked = next ?? first;
      notes[lastAt] = picked.seed + 1;
      notes[placeAt] = picked.order;
      return picked;
    },
  };
}

function placeOf(candidates: readonly Candidate[], seed: number, before: number): number {
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    if (candidate.seed === seed) return candidate.order;
  }
  return before;
}

export const roundRobinReasoning: StrategyReasoning = {
  detail: ({ seen }) => (seen === 1 ? 'had the turn before' : ''),
  because(_picked, others) {
    if (others.length === 0) return 'the only one to choose from';
    const before = others.find(({ seen }) => seen === 1);
    return before ? `whose turn it was after ${before.name}` : 'whose turn it was';
  },
};
