import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { strategySchema } from '@shared/config/strategy-schema.ts';
import type { RequestFacts } from '../../main/engine/exchange.ts';
import { seededRandom } from '../../main/engine/simulation/seeded-random.ts';
import { hashText } from '../../main/engine/strategy/hash.ts';
import { createStrategy } from '../../main/engine/strategy/registry.ts';
import type { Candidate, Strategy, StrategyOptions } from '../../main/engine/strategy/strategy.ts';

export interface TestServer extends Candidate {
  weight: number;
  order: number;
  activeRequests: number;
  latencyMs: number;
  latencyAt: number;
}

/** Candidates by name and weight, idle and never asked. */
export function candidatesNamed(weights: Record<string, number>): TestServer[] {
  return Object.entries(weights).map(([id, weight], order) => ({
    id,
    weight,
    order,
    activeRequests: 0,
    seed: hashText(id),
    latencyMs: 0,
    latencyAt: 0,
    turn: 0,
    seen: 0,
  }));
}

/** Options with their defaults; a hash by a header, where nothing else is said. */
export function strategyOptions(
  input: StrategyKind | { kind: StrategyKind; [option: string]: unknown },
): StrategyOptions {
  return strategySchema.parse(
    input === 'hash' ? { kind: 'hash', key: 'header:x-user' } : input,
  ) as StrategyOptions;
}

export function strategyOf(
  input: Parameters<typeof strategyOptions>[0],
  random: () => number = seededRandom(1),
): Strategy {
  return createStrategy(strategyOptions(input), { notes: new Float64Array(4), random });
}

export function factsOf({
  client = '127.0.0.1',
  target = '/',
  headers = {},
}: {
  client?: string;
  target?: string;
  headers?: Record<string, string>;
} = {}): RequestFacts {
  return { clientAddress: client, target, header: (name) => headers[name] ?? null };
}

/** Names of the servers picked, one after another, nothing being in flight but what the candidates say. */
export function sequence(strategy: Strategy, candidates: readonly TestServer[], picks: number): string {
  let text = '';
  for (let pick = 0; pick < picks; pick++) text += strategy.pick(candidates, factsOf(), 0).id;
  return text;
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

/**
 * Pearson's chi-square of counts against the shares expected.
 *
 * @param shares sum up to 1
 */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const whole = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, index) => {
    const expected = whole * shares[index]!;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/**
 * What chi-square exceeds by chance once in a million times (Wilson and Hilferty's approximation, 4.753 standard deviations).
 *
 * @param cells how many counts there are
 */
export function chiSquareLimit(cells: number): number {
  const freedom = cells - 1;
  const part = 2 / (9 * freedom);
  return freedom * (1 - part + 4.753 * Math.sqrt(part)) ** 3;
}
