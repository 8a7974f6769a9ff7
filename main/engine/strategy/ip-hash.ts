import { hashText, mixHash } from './hash.ts';
import type { Strategy, StrategyReasoning } from './strategy.ts';

/**
 * Weighted rendezvous hashing (highest random weight, Thaler and Ravishankar 1998, with logarithmic weighting): every
 * server draws a number from the client's address and its own id, and the highest score, -weight / ln(draw), wins. A
 * server's leaving moves only its own clients, and its return brings exactly those back.
 */
export function ipHash(): Strategy {
  return {
    kind: 'ip-hash',
    pick(candidates, facts) {
      const client = hashText(facts.clientAddress);
      let best = candidates[0]!;
      let bestScore = -1;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        const draw = (mixHash(client, candidate.seed) + 0.5) / 4_294_967_296;
        const score = -candidate.weight / Math.log(draw);
        candidate.seen = score;
        // By id where two scores are equal: the order of the file must not decide.
        if (score > bestScore || (score === bestScore && candidate.id < best.id)) {
          best = candidate;
          bestScore = score;
        }
      }
      return best;
    },
  };
}

export const ipHashReasoning: StrategyReasoning = {
  detail: ({ seen }) => `score ${seen.toPrecision(3)}`,
  because(picked, others) {
    if (others.length === 0) return 'the only one to choose from';
    return `which has the highest score for this client's address (${picked.seen.toPrecision(3)})`;
  },
};
