import { describe, expect, it } from 'vitest';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const two = { servers: serversNamed({ a: 1, b: 1 }) };

describe('a hedge', () => {
  it('goes to a server that the request has not tried, says so, and comes out of the retry budget', () => {
    const kit = poolKit({ ...two, retry: { hedge: { after: '50ms' } } });
    const exchange = kit.request();
    const first = kit.pool.choose(exchange);
    const second = kit.pool.hedge(exchange);
    expect([first?.name, second?.name].sort()).toEqual(['a', 'b']);
    expect(exchange.attempts[1]!.decision!.hedge).toBe(true);
    expect(kit.pool.retryBudget().used).toBe(1);
    expect(kit.pool.hedge(exchange)).toBe(null);
    expect([exchange.attemptCount, exchange.error, kit.pool.retryBudget().used]).toEqual([2, null, 1]);
  });

  it('is not begun without budget, and counted as that', () => {
    const kit = poolKit({
      ...two,
      retry: { hedge: { after: '50ms' }, budgetPercent: 0, budgetMinPerSecond: 0 },
    });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    expect(kit.pool.hedge(exchange)).toBe(null);
    expect(kit.limits.read().map(({ kind }) => kind)).toEqual(['hedge-budget']);
  });

  it('needs no backup', () => {
    const [a, b] = two.servers;
    const kit = poolKit({ servers: [a!, { ...b!, backup: true }], retry: { hedge: { after: '50ms' } } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    expect(kit.pool.hedge(exchange)).toBe(null);
  });

  it('after a share of the response times begins once enough of them are known', () => {
    const kit = poolKit({ ...two, retry: { hedge: { after: 'p90' } } });
    expect(kit.pool.hedgeAfterMs).toBe(0);
    for (let request = 0; request < 100; request++) kit.pool.traffic.finish(200, request < 85 ? 10 : 100);
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.hedgeAfterMs).toBeGreaterThan(90);
    expect(kit.pool.hedgeAfterMs).toBeLessThan(110);
  });
});
