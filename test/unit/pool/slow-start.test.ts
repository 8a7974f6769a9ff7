import { strategyKinds } from '@shared/catalog/strategies.ts';
import { describe, expect, it } from 'vitest';
import { takeBack } from '../../../main/engine/health/outlier.ts';
import { createMetrics } from '../../../main/engine/metrics/metrics.ts';
import { describeServers } from '../../../main/engine/server-status.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import { manualClock } from '../../support/manual-clock.ts';

const slow = (more: PoolInput = {}): PoolInput => ({
  servers: serversNamed({ a: 10, b: 10 }),
  strategy: 'weighted-round-robin',
  slowStart: '10s',
  ...more,
});

/** Effective weights as the next pick sees them. */
const weights = (kit: ReturnType<typeof poolKit>): number[] => {
  kit.serve();
  return kit.pool.servers.map(({ weight }) => weight);
};

describe('slow start', () => {
  it('raises the weight in a straight line, from 10 % of it at the least', async () => {
    const kit = poolKit(slow());
    expect(weights(kit)).toEqual([10, 10]);
    kit.server('b').beginSlowStart(kit.clock.now());
    let passed = 0;
    for (const [ms, weight] of [
      [0, 1],
      [500, 1],
      [1_000, 1],
      [2_500, 2.5],
      [5_000, 5],
      [9_999, 9.999],
      [10_000, 10],
      [60_000, 10],
    ] as const) {
      await kit.clock.advance(ms - passed);
      passed = ms;
      expect([ms, ...weights(kit)]).toEqual([ms, 10, weight]);
    }
  });

  it('gives the share that the formula says, over the whole window', async () => {
    const kit = poolKit(slow());
    kit.server('b').beginSlowStart(kit.clock.now());
    let had = 0;
    let wanted = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      if (kit.serve() === 'b') had += 1;
      const weight = Math.max(0.1, ms / 10_000);
      wanted += weight / (1 + weight);
      await kit.clock.advance(10);
    }
    expect(Math.abs(had - wanted)).toBeLessThan(2);
    const after = Array.from({ length: 100 }, () => kit.serve()).filter((name) => name === 'b');
    expect(after.length).toBeGreaterThanOrEqual(49);
    expect(after.length).toBeLessThanOrEqual(51);
  });

  it('begins for a server that is added while Ballast runs, and not for those it started with', async () => {
    const kit = poolKit(slow({ servers: serversNamed({ a: 10 }) }));
    await kit.clock.advance(5);
    expect(weights(kit)).toEqual([10]);
    kit.configure(slow());
    expect(weights(kit)).toEqual([10, 1]);
    await kit.clock.advance(5_000);
    // A change of something else does not begin it anew, a new weight is risen to from where it stands.
    kit.configure(slow({ servers: serversNamed({ a: 10, b: 20 }) }));
    expect(weights(kit)).toEqual([10, 10]);
    kit.configure(slow({ slowStart: '0s' }));
    expect(weights(kit)).toEqual([10, 10]);
  });

  it('begins when an ejection ends', async () => {
    const kit = poolKit(slow());
    const b = kit.server('b');
    b.ejectedUntil = kit.clock.now() + 1_000;
    await kit.clock.advance(2_000);
    takeBack(b, 'its trial request went well', kit);
    expect(weights(kit)).toEqual([10, 1]);
  });

  it('of one of two servers at once is each one for itself', async () => {
    const kit = poolKit(slow());
    kit.server('b').beginSlowStart(kit.clock.now());
    await kit.clock.advance(5_000);
    kit.server('a').beginSlowStart(kit.clock.now());
    expect(weights(kit)).toEqual([1, 5]);
    await kit.clock.advance(5_000);
    expect(weights(kit)).toEqual([5, 10]);
    await kit.clock.advance(5_000);
    expect(weights(kit)).toEqual([10, 10]);
  });

  it('is off where nothing is said', async () => {
    const kit = poolKit({ ...slow(), slowStart: undefined });
    kit.server('b').beginSlowStart(kit.clock.now());
    expect(weights(kit)).toEqual([10, 10]);
  });

  it('shows in the status and in the share that is wanted', async () => {
    const kit = poolKit(slow());
    kit.server('b').beginSlowStart(kit.clock.now());
    await kit.clock.advance(2_500);
    expect(describeServers(kit.pool, kit.clock.now()).map(({ effectiveWeight }) => effectiveWeight)).toEqual([
      10, 2.5,
    ]);
    const { servers } = createMetrics(kit.clock, () => [kit.pool], kit.limits).read();
    expect(servers['api/b']!.shareWanted).toBeCloseTo(0.2);
  });

  it('leaves every strategy a candidate to pick, from its first moment to its last', async () => {
    for (const kind of strategyKinds) {
      const clock = manualClock();
      const strategy = { kind, ...(String(kind) === 'hash' && { key: 'path' }) };
      const kit = poolKit(
        slow({ servers: serversNamed({ a: 1, b: 1, c: 3 }), strategy } as PoolInput),
        clock,
      );
      for (const server of kit.pool.servers) server.beginSlowStart(clock.now());
      for (let request = 0; request < 120; request++) {
        expect(kit.serve({ client: `10.0.0.${request}` })).toMatch(/^[abc]$/);
        await clock.advance(100);
      }
    }
  });
});
