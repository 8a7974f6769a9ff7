import type { ConfigInput } from '@shared/config/schema.ts';
import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import { manualClock } from '../../support/manual-clock.ts';

vi.setConfig({ testTimeout: 60_000 });

type Pool = ConfigInput['pools'][number];
const names = ['a', 'b', 'c'];

function poolOf(weights: readonly number[], strategy: Pool['strategy'], rest: Partial<Pool> = {}) {
  const servers = serversNamed(Object.fromEntries(weights.map((weight, index) => [names[index]!, weight])));
  return { servers, strategy, healthCheck: { type: 'none' } as const, ...rest };
}

describe('shares follow a live change', () => {
  it.each(['weighted-round-robin', 'least-connections'] as const)(
    'of weights within one cycle under %s, wherever in a cycle it comes',
    (strategy) => {
      const random = seededRandom(4);
      const kit = poolKit(poolOf([1, 1, 1], strategy));
      for (let change = 0; change < 200; change++) {
        const weights = names.map(() => 1 + Math.floor(random() * (change % 2 === 0 ? 9 : 1_000)));
        for (let request = Math.floor(random() * 20); request > 0; request--) kit.serve();
        kit.configure(poolOf(weights, strategy));
        const sum = weights.reduce((all, weight) => all + weight, 0);
        const counts = new Map<string, number>();
        for (let request = 0; request < sum; request++) {
          const name = kit.serve()!;
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
        for (const [index, weight] of weights.entries())
          expect(Math.abs((counts.get(names[index]!) ?? 0) - weight)).toBeLessThanOrEqual(1);
      }
    },
  );

  it('gives every server its share also while its weight is changed with every request', () => {
    const random = seededRandom(8);
    const kit = poolKit(poolOf([5, 1, 1], 'weighted-round-robin'));
    const counts = [0, 0, 0];
    const expected = [0, 0, 0];
    for (let request = 0; request < 1_000; request++) {
      const weights = [5 + Math.floor(random() * 2), 1, 1 + Math.floor(random() * 2)];
      kit.configure(poolOf(weights, 'weighted-round-robin'));
      const sum = weights.reduce((all, weight) => all + weight, 0);
      for (const [index, weight] of weights.entries()) expected[index]! += weight / sum;
      counts[names.indexOf(kit.serve()!)]! += 1;
    }
    for (const [index, count] of counts.entries())
      expect(Math.abs(count - expected[index]!)).toBeLessThan(20);
  });

  it('of options keeps the turns, and a change of strategy begins them anew', () => {
    const kit = poolKit(poolOf([5, 1, 1], 'weighted-round-robin'));
    const serve = (requests: number): string => Array.from({ length: requests }, () => kit.serve()).join('');
    expect(serve(3)).toBe('aab');
    // Nobody brings such a header: the fallback is what served before.
    kit.configure(poolOf([5, 1, 1], { kind: 'hash', key: 'header:x-user' }));
    expect(serve(2)).toBe('ac');
    kit.configure(poolOf([5, 1, 1], { kind: 'hash', key: 'header:x-tenant', boundedLoad: 1.5 }));
    expect(serve(2)).toBe('aa');
    kit.configure(poolOf([5, 1, 1], 'round-robin'));
    expect(serve(4)).toBe('abca');
  });

  it('of strategy begins the turns anew although the earlier strategy comes back', () => {
    const kit = poolKit(poolOf([5, 1, 1], 'weighted-round-robin'));
    const serve = (requests: number): string => Array.from({ length: requests }, () => kit.serve()).join('');
    /** Who gets the second attempt of a request. */
    const retry = (): string => {
      const exchange = kit.request();
      kit.pool.choose(exchange);
      kit.end(exchange, 'closed-before-response');
      const { name } = kit.pool.choose(exchange)!;
      kit.end(exchange, 'responded');
      return name;
    };
    for (const round of [1, 2]) {
      kit.configure(poolOf([5, 1, 1], 'weighted-round-robin'));
      expect([round, serve(2), retry(), serve(1)]).toEqual([round, 'aa', 'a', 'a']);
      kit.configure(poolOf([5, 1, 1], 'round-robin'));
      expect([round, serve(1), retry(), serve(2)]).toEqual([round, 'a', 'a', 'ca']);
    }
  });

  it('of strategy leaves nothing behind that the old one saw, and the new one would tell as its own', () => {
    const kit = poolKit(poolOf([5, 1, 1], 'weighted-round-robin'));
    for (let request = 0; request < 2; request++) kit.serve();
    expect(kit.pool.servers.map(({ seen }) => seen !== 0)).toContain(true);
    kit.configure(poolOf([5, 1, 1], 'random'));
    expect(kit.pool.servers.map(({ seen }) => seen)).toEqual([0, 0, 0]);
  });

  it('of weights under power of two and random with the very next request', () => {
    for (const strategy of ['power-of-two', 'random'] as const) {
      const kit = poolKit(poolOf([1, 1, 1], strategy));
      // Chance is one half in this kit: the middle of the line of weights.
      expect(kit.serve()).toBe('b');
      kit.configure(poolOf([8, 1, 1], strategy));
      expect(kit.serve()).toBe('a');
      kit.configure(poolOf([1, 1, 8], strategy));
      expect(kit.serve()).toBe('c');
    }
  });
});

describe('a server in slow start', () => {
  it.each(['random', 'power-of-two'] as const)(
    'has its rising weight at every pick of %s',
    async (strategy) => {
      const kit = poolKit(poolOf([1, 1, 1], strategy, { slowStart: '10s' }));
      await kit.clock.advance(60_000);
      kit.server('a').beginSlowStart(kit.clock.now());
      // A line of 0.1 + 1 + 1, its middle at 1.05: within b.
      expect(kit.serve()).toBe('b');
      expect(kit.server('a').weight).toBe(0.1);
      await kit.clock.advance(5_000);
      kit.serve();
      expect(kit.server('a').weight).toBe(0.5);
      await kit.clock.advance(5_000);
      kit.serve();
      expect(kit.server('a').weight).toBe(1);
    },
  );

  it.each(['random', 'power-of-two'] as const)(
    'has the share of its rising weight under %s, which drew by the full ones before',
    async (strategy) => {
      const kit = poolKit(poolOf([1, 1, 1], strategy, { slowStart: '10s' }), manualClock(), seededRandom(5));
      const share = (requests: number): number => {
        let had = 0;
        for (let request = 0; request < requests; request++) if (kit.serve() === 'a') had += 1;
        return had / requests;
      };
      await kit.clock.advance(60_000);
      // Five standard deviations of 5,000 draws are 0.034 at most.
      expect(Math.abs(share(5_000) - 1 / 3)).toBeLessThan(0.034);
      kit.server('a').beginSlowStart(kit.clock.now());
      expect(Math.abs(share(5_000) - 0.1 / 2.1)).toBeLessThan(0.016);
      await kit.clock.advance(5_000);
      expect(Math.abs(share(5_000) - 0.5 / 2.5)).toBeLessThan(0.029);
      await kit.clock.advance(5_000);
      expect(Math.abs(share(5_000) - 1 / 3)).toBeLessThan(0.034);
    },
  );

  it('gets in turns what the line from 10 % to all of its weight adds up to', async () => {
    const kit = poolKit(poolOf([1, 1], 'weighted-round-robin', { slowStart: '10s' }));
    await kit.clock.advance(60_000);
    const start = kit.clock.now();
    kit.server('a').beginSlowStart(start);
    let expected = 0;
    let had = 0;
    for (let request = 0; request < 1_000; request++) {
      const weight = Math.max(0.1, (kit.clock.now() - start) / 10_000);
      expected += weight / (weight + 1);
      if (kit.serve() === 'a') had += 1;
      expect(Math.abs(had - expected)).toBeLessThan(2);
      await kit.clock.advance(10);
    }
    // The integral of w / (1 + w) over the line: 1 - ln 2, and a little for the first tenth.
    expect(expected / 1_000).toBeCloseTo(1 - Math.log(2), 1);
  });
});
