import { figure, inFlight, onlyOne } from './reasoning-words.ts';
import type { Candidate, Strategy, StrategyDeps, StrategyReasoning } from './strategy.ts';
import { WeightedDraw } from './weighted-draw.ts';

const drawnFirst = 1;
const drawnSecond = 2;

/**
 * The power of two choices (Mitzenmacher 2001; nginx's `random two least_conn`, Envoy's LEAST_REQUEST, HAProxy's `random(2)`): two
 * distinct servers drawn by weight, the second from those that are left, and the one with fewer requests in flight per weight wins. Where
 * both have as many the first drawn wins, so that an idle pool is served by weight.
 *
 * A pick takes O(log n): only the two that were drawn are looked at.
 */
export function powerOfTwo(_options: unknown, { random }: StrategyDeps): Strategy {
  const draw = new WeightedDraw(random);
  /** Those whose `seen` tells of the last pick. */
  let first: Candidate | null = null;
  let second: Candidate | null = null;
  return {
    kind: 'power-of-two',
    pickedBy: 'power-of-two',
    pick(candidates) {
      if (first !== null) first.seen = 0;
      if (second !== null) second.seen = 0;
      const one = draw.one(candidates);
      const left = candidates[one]!;
      first = left;
      second = null;
      left.seen = drawnFirst;
      if (candidates.length === 1) return left;
      const right = candidates[draw.another(candidates, one)]!;
      second = right;
      right.seen = drawnSecond;
      return right.activeRequests / right.weight < left.activeRequests / left.weight ? right : left;
    },
  };
}

export const powerOfTwoReasoning: StrategyReasoning = {
  detail(candidate) {
    if (candidate.seen === 0) return 'not drawn';
    return `drawn ${candidate.seen === drawnFirst ? 'first' : 'second'}, ${inFlight(candidate)}`;
  },
  because(picked, others) {
    if (others.length === 0) return onlyOne;
    const other = others.find(({ seen }) => seen !== 0);
    if (!other) return 'which was drawn';
    const isTied =
      picked.seen === drawnFirst &&
      picked.activeRequests / picked.weight === other.activeRequests / other.weight;
    const why = isTied ? 'as busy, but drawn first' : 'the less busy';
    return `${why} of the two that were drawn (${inFlight(picked)}, ${other.name} with ${inFlight(other)})`;
  },
};

/** How likely each was to be the first drawn, for whoever explains chance: `3 of 5`. */
export function chanceWords(weight: number, sum: number): string {
  return `${figure(weight)} of ${figure(sum)}`;
}
