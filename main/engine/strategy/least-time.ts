import { decayedEwma, leastMs } from './peak-ewma.ts';
import { figure, lowest, onlyOne } from './reasoning-words.ts';
import type { SeenCandidate, Strategy, StrategyOptions, StrategyReasoning } from './strategy.ts';
import { pickTied } from './tied-turns.ts';

/**
 * Smallest peak EWMA of the response time x (requests in flight + 1) / weight, as in Finagle and Linkerd. A measurement fades while no
 * other follows, so that a server that was slow once is asked again. One that was never measured takes no time at all as long as nothing is
 * in flight there: it is asked next, whatever the weights. While it has yet to answer it counts as the fastest of the others (all the same
 * where none was measured) and gets no more than its requests in flight and its weight allow. (Finagle asks such a server first, too, and then
 * not at all until it has answered; one endless response would keep it out for good.) Equal ones take turns by weight. What a failed attempt
 * does to the measurement: see `failureLatency`.
 */
export function leastTime({ decayMs }: Extract<StrategyOptions, { kind: 'least-time' }>): Strategy {
  return {
    kind: 'least-time',
    pickedBy: 'least-time',
    pick(candidates, _facts, now) {
      let fastest = Number.POSITIVE_INFINITY;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        const { latencyMs } = candidate;
        const ms = latencyMs === 0 ? 0 : decayedEwma(latencyMs, candidate.latencyAt, now, decayMs);
        candidate.seen = ms;
        if (ms !== 0 && ms < fastest) fastest = ms;
      }
      if (fastest === Number.POSITIVE_INFINITY) fastest = 1;
      let least = Number.POSITIVE_INFINITY;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        const { activeRequests, seen } = candidate;
        const ms = seen === 0 && activeRequests > 0 ? fastest : seen;
        const score = (ms * (activeRequests + 1)) / candidate.weight;
        candidate.seen = score;
        if (score < least) least = score;
      }
      return pickTied(candidates, least);
    },
  };
}

export const leastTimeReasoning: StrategyReasoning = {
  detail(candidate) {
    const { latencyMs, seen } = candidate;
    if (latencyMs === null)
      return isIdle(candidate)
        ? 'score 0 (not measured)'
        : `not measured, counted as ${countedText(candidate)}`;
    return hasFaded(candidate)
      ? `score 0 (its ${figure(latencyMs)} ms count for nothing by now)`
      : `score ${figure(seen)} (${product(candidate)})`;
  },
  because(picked, others) {
    const next = lowest(others);
    if (!next) return onlyOne;
    if (picked.latencyMs === null) return becauseUnmeasured(picked, others);
    if (hasFaded(picked)) {
      const like = others.filter(hasFaded).length;
      const asOthers = like === 0 ? '' : `, as do those of ${like === 1 ? 'one other' : `${like} others`}`;
      return `whose ${figure(picked.latencyMs)} ms count for nothing by now${asOthers}, for nothing was measured since`;
    }
    const tied = others.filter(({ seen }) => seen === picked.seen).length;
    if (tied > 0)
      return `whose turn it was among the ${tied + 1} that should answer soonest (${product(picked)})`;
    return `which should answer soonest (${product(picked)}; next ${next.name} with ${told(next)})`;
  },
};

/** Why one was picked that has not answered yet: the score itself may have come down to nothing. */
function becauseUnmeasured(picked: SeenCandidate, others: readonly SeenCandidate[]): string {
  if (isIdle(picked)) return 'which has not answered yet and has nothing in flight, and is asked first';
  if (others.some(({ latencyMs }) => latencyMs !== null))
    return 'which has not answered yet, and counts as the fastest of the others';
  const tied = others.filter(({ seen }) => seen === picked.seen).length;
  const least = 'fewest requests in flight for its weight; none of them has answered yet';
  return tied === 0 ? `which has the ${least}` : `whose turn it was among the ${tied + 1} with the ${least}`;
}

function isIdle({ activeRequests }: SeenCandidate): boolean {
  return activeRequests === 0;
}

/** Of what was measured so little is left that a figure of it would be absurd, or none at all to seven digits. */
function hasFaded(candidate: SeenCandidate): boolean {
  return candidate.latencyMs !== null && countedMs(candidate) < leastMs;
}

/** `13 ms`; of what has faded no absurd figure. */
function countedText(candidate: SeenCandidate): string {
  const ms = countedMs(candidate);
  return `${ms < leastMs ? 0 : figure(ms)} ms`;
}

function countedMs({ seen, activeRequests, weight }: SeenCandidate): number {
  return (seen * weight) / (activeRequests + 1);
}

function told(candidate: SeenCandidate): string {
  return `${product(candidate)}${candidate.latencyMs === null ? ', not measured yet' : ''}`;
}

/** `12.3 ms x 3 / weight 2`: what it takes lately, times what it would have in flight. */
function product(candidate: SeenCandidate): string {
  const { activeRequests, weight } = candidate;
  return `${countedText(candidate)} x ${activeRequests + 1}${weight === 1 ? '' : ` / weight ${figure(weight)}`}`;
}
