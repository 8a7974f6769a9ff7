import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { ipHash, ipHashReasoning } from './ip-hash.ts';
import { leastConnections, leastConnectionsReasoning } from './least-connections.ts';
import { roundRobin, roundRobinReasoning } from './round-robin.ts';
import type { Strategy, StrategyDeps, StrategyOptions, StrategyReasoning } from './strategy.ts';
import { weightedRoundRobin, weightedRoundRobinReasoning } from './weighted-round-robin.ts';

interface StrategyEntry<K extends StrategyKind> {
  readonly create: (options: Extract<StrategyOptions, { kind: K }>, deps: StrategyDeps) => Strategy;
  readonly reasoning: StrategyReasoning;
}

/** Behaviour of every strategy in the catalog: a missing one does not compile. */
export const strategyRegistry: { readonly [K in StrategyKind]: StrategyEntry<K> } = {
  'round-robin': { create: (_options, { notes }) => roundRobin(notes), reasoning: roundRobinReasoning },
  'weighted-round-robin': { create: weightedRoundRobin, reasoning: weightedRoundRobinReasoning },
  'least-connections': { create: leastConnections, reasoning: leastConnectionsReasoning },
  'ip-hash': { create: ipHash, reasoning: ipHashReasoning },
};

/** The strategy that these options ask for. */
export function createStrategy(options: StrategyOptions, deps: StrategyDeps): Strategy {
  const create: (options: never, deps: StrategyDeps) => Strategy = strategyRegistry[options.kind].create;
  return create(options as never, deps);
}
