import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { ipHash, ipHashReasoning } from './ip-hash.ts';
import { leastConnections, leastConnectionsReasoning } from './least-connections.ts';
import { roundRobin, roundRobinReasoning } from './round-robin.ts';
import type { Strategy, StrategyReasoning } from './strategy.ts';
import { weightedRoundRobin, weightedRoundRobinReasoning } from './weighted-round-robin.ts';

interface StrategyEntry {
  /** @param notes four numbers for what the strategy remembers of the pool as a whole; zeros at first */
  readonly create: (notes: Float64Array) => Strategy;
  readonly reasoning: StrategyReasoning;
}

/** Behaviour of every strategy in the catalog: a missing one does not compile. */
export const strategyRegistry = {
  'round-robin': { create: roundRobin, reasoning: roundRobinReasoning },
  'weighted-round-robin': { create: weightedRoundRobin, reasoning: weightedRoundRobinReasoning },
  'least-connections': { create: leastConnections, reasoning: leastConnectionsReasoning },
  'ip-hash': { create: ipHash, reasoning: ipHashReasoning },
} as const satisfies Record<StrategyKind, StrategyEntry>;
