import { chanceWords } from './power-of-two.ts';
import { onlyOne } from './reasoning-words.ts';
import type { Strategy, StrategyDeps, StrategyReasoning } from './strategy.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Drawn by weight, whatever the load (nginx's `random`, HAProxy's `random(1)`, Envoy's RANDOM): a pick takes O(log n). */
export function random(_options: unknown, deps: StrategyDeps): Strategy {
  const draw = new WeightedDraw(deps.random);
  return {
    kind: 'random',
    pickedBy: 'random',
    pick: (candidates) => candidates[draw.one(candidates)]!,
  };
}

export const randomReasoning: StrategyReasoning = {
  detail: () => '',
  because(picked, others) {
    if (others.length === 0) return onlyOne;
    const sum = others.reduce((all, { weight }) => all + weight, picked.weight);
    return `drawn by chance, ${chanceWords(picked.weight, sum)} by weight`;
  },
};
