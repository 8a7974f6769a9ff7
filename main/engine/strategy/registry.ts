import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { defaultStrategy } from '@shared/config/strategy-schema.ts';
import { first, firstReasoning } from './first.ts';
import { ipHash, ipHashReasoning } from './ip-hash.ts';
import { keyHash, keyHashReasoning } from './key-hash.ts';
import { leastConnections, leastConnectionsReasoning } from './least-connections.ts';
import { leastTime, leastTimeReasoning } from './least-time.ts';
import { powerOfTwo, powerOfTwoReasoning } from './power-of-two.ts';
import { random, randomReasoning } from './random.ts';
import { roundRobin, roundRobinReasoning } from './round-robin.ts';
import type { Strategy, StrategyDeps, StrategyOptions, StrategyReasoning } from './strategy.ts';
import { weightedRoundRobin, weightedRoundRobinReasoning } from './weighted-round-robin.ts';

interface StrategyEntry<K extends StrategyKind> {
  readonly create: (options: Extract<StrategyOptions, { kind: K }>, deps: StrategyDeps) => Strategy;
  readonly reasoning: StrategyReasoning;
}

/** Behaviour of every strategy in the catalog: a missing one does not compile. */
export const strategyRegistry: { readonly [K in StrategyKind]: StrategyEntry<K> } = {
  'round-robin': { create: roundRobin, reasoning: roundRobinReasoning },
  'weighted-round-robin': { create: weightedRoundRobin, reasoning: weightedRoundRobinReasoning },
  'least-connections': { create: leastConnections, reasoning: leastConnectionsReasoning },
  'power-of-two': { create: powerOfTwo, reasoning: powerOfTwoReasoning },
  'least-time': { create: leastTime, reasoning: leastTimeReasoning },
  random: { create: random, reasoning: randomReasoning },
  'ip-hash': { create: ipHash, reasoning: ipHashReasoning },
  hash: {
    create: (options, deps) =>
      keyHash(options, createStrategy(defaultStrategy(options.fallback), deps), deps.keyHashOf),
    reasoning: keyHashReasoning,
  },
  first: { create: first, reasoning: firstReasoning },
};

/** The strategy that these options ask for. */
export function createStrategy(options: StrategyOptions, deps: StrategyDeps): Strategy {
  const create: (options: never, deps: StrategyDeps) => Strategy = strategyRegistry[options.kind].create;
  return create(options as never, deps);
}

/** Whose turns a strategy's notes are: what they say stays true as long as this does, whatever else of the options changes. */
export function notesKeeper(options: StrategyOptions): StrategyKind {
  return options.kind === 'hash' ? options.fallback : options.kind;
}
