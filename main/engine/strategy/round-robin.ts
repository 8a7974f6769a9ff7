import { onlyOne } from './reasoning-words.ts';
import type { Candidate, Strategy, StrategyDeps, StrategyReasoning } from './strategy.ts';

/** The seed of the server picked last, plus one; 0 before the first pick. */
const lastAt = 0;
/** Its place at that time. */
const placeAt = 1;

/**
 * Each in turn in configured order. It remembers which server it picked last, and picks the first candidate behind that
 * one's present place: servers that come, go or change places neither repeat nor skip a neighbour. A pick takes O(log n), and O(n) once
 * after the last one picked has left or changed its place.
 */
export function roundRobin(_options: unknown, { notes }: StrategyDeps): Strategy {
  /** Whose `seen` tells that it had the turn before. */
  let marked: Candidate | null = null;
  return {
    kind: 'round-robin',
    pickedBy: 'round-robin',
    pick(candidates) {
      if (marked !== null) marked.seen = 0;
      marked = null;
      const last = notes[lastAt]! - 1;
      let next = 0;
      if (last !== -1) {
        let place = notes[placeAt]!;
        let at = firstFrom(candidates, place);
        if (candidates[at]?.seed !== last) {
          place = placeOf(candidates, last, place);
          at = firstFrom(candidates, place);
        }
        // Where the last one is gone, whoever stands in its place now is the next.
        next = at;
        const there = candidates[at];
        if (there !== undefined && there.seed === last) {
          marked = there;
          there.seen = 1;
          next += 1;
        }
      }
      const picked = candidates[next < candidates.length ? next : 0]!;
      notes[lastAt] = picked.seed + 1;
      notes[placeAt] = picked.order;
      return picked;
    },
  };
}

/** Index of the first candidate at this place or behind it; their number where there is none. They stand in configured order. */
function firstFrom(candidates: readonly Candidate[], place: number): number {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (candidates[middle]!.order < place) low = middle + 1;
    else high = middle;
  }
  return low;
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
    if (others.length === 0) return onlyOne;
    const before = others.find(({ seen }) => seen === 1);
    return before ? `whose turn it was after ${before.name}` : 'whose turn it was';
  },
};
