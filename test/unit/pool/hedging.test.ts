import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { type PoolKit, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';

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

  it('takes nothing from the budget where no server can be had, and does not blame the budget', () => {
    const kit = poolKit({ ...two, maxRequests: 1, retry: { hedge: { after: '50ms' } } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    expect(kit.pool.hedge(exchange)).toBe(null);
    expect(kit.pool.retryBudget().used).toBe(0);
    const poor = { hedge: { after: '50ms' }, budgetPercent: 0, budgetMinPerSecond: 0 };
    kit.configure({ ...two, maxRequests: 1, retry: poor });
    expect(kit.pool.hedge(exchange)).toBe(null);
    expect(kit.limits.read()).toEqual([]);
  });

  it('goes to nobody where nobody listened lately', () => {
    const kit = poolKit({ ...two, retry: { hedge: { after: '50ms' } } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.server('b').unreachableAt = kit.clock.now();
    expect(kit.pool.hedge(exchange)).toBe(null);
    kit.server('b').unreachableAt = 0;
    expect(kit.pool.hedge(exchange)?.name).toBe('b');
  });

  it('is not begun while the circuit of the pool is open', () => {
    const circuitBreaker = { failurePercent: 50, minimumRequests: 1 };
    const kit = poolKit({ ...two, circuitBreaker, retry: { hedge: { after: '50ms' } } });
    const running = kit.request();
    kit.pool.choose(running);
    const failing = kit.request();
    kit.pool.choose(failing);
    kit.end(failing, 'closed-before-response');
    failing.error = 'closed';
    kit.pool.requestEnded(failing);
    expect(kit.pool.circuit.isOpen).toBe(true);
    expect(kit.pool.hedge(running)).toBe(null);
  });

  it('is not begun while others wait for a slot', () => {
    const [a, b] = two.servers;
    const servers = [
      { ...a!, maxRequests: 1 },
      { ...b!, maxRequests: 1 },
    ];
    const kit = poolKit({ servers, retry: { hedge: { after: '50ms' } } });
    const first = kit.request();
    kit.pool.choose(first);
    const second = kit.request();
    kit.pool.choose(second);
    const third = kit.request();
    expect(kit.pool.choose(third)).toBe(null);
    const waiter = {
      exchange: third,
      isWaiting: false,
      waiterBefore: null,
      waiterAfter: null,
      served() {},
      refused() {},
    };
    expect(kit.pool.enqueue(waiter)).toBe(true);
    kit.end(second, 'responded');
    expect(kit.server('b').activeRequests).toBe(0);
    expect(kit.pool.hedge(first)).toBe(null);
    kit.pool.leaveQueue(waiter);
    expect(kit.pool.hedge(first)?.name).toBe('b');
  });

  it('needs no backup', () => {
    const [a, b] = two.servers;
    const kit = poolKit({ servers: [a!, { ...b!, backup: true }], retry: { hedge: { after: '50ms' } } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    expect(kit.pool.hedge(exchange)).toBe(null);
  });

  it('that failed does not make the server a candidate again that has the request still', async () => {
    const kit = poolKit({ ...two, strategy: 'round-robin', retry: { hedge: { after: '50ms' }, on: [503] } });
    const exchange = kit.request();
    const first = kit.pool.choose(exchange)!;
    exchange.attempts[0]!.begin(kit.clock.now());
    await kit.clock.advance(500);
    kit.pool.hedge(exchange);
    exchange.attempts[1]!.begin(kit.clock.now());
    end(kit, exchange, 1, 'connect-failed');
    await kit.clock.advance(500);
    // Its 503 is there, and to be tried elsewhere.
    expect(kit.pool.choose(exchange, true)).toBe(null);
    expect(first.activeRequests).toBe(1);
    // Once it has failed the request, and that was a while ago, it may be back.
    end(kit, exchange, 0, 'closed-before-response');
    await kit.clock.advance(200);
    exchange.attemptCount = 2;
    expect(kit.pool.choose(exchange)?.name).toBe(first.name);
  });

  it('after a share of the response times begins once enough of them are known', async () => {
    const kit = poolKit({ ...two, retry: { hedge: { after: 'p90' } } });
    expect(kit.pool.hedgeAfterMs).toBe(0);
    for (let request = 0; request < 19; request++) kit.pool.traffic.finish(200, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.hedgeAfterMs).toBe(0);
    kit.pool.traffic.finish(200, 10);
    await kit.clock.advance(1_000);
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.hedgeAfterMs).toBeGreaterThan(9);
    await kit.clock.advance(1_000);
    for (let request = 0; request < 100; request++) kit.pool.traffic.finish(200, request < 85 ? 10 : 100);
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.hedgeAfterMs).toBeGreaterThan(90);
    expect(kit.pool.hedgeAfterMs).toBeLessThan(110);
  });
});

/** Ends the how-manieth attempt of an exchange, which began so long ago. */
function end(
  { pool, clock }: PoolKit<ReturnType<typeof manualClock>>,
  exchange: Exchange,
  index: number,
  outcome: AttemptOutcome,
  overtaken = false,
): void {
  const attempt = exchange.attempts[index]!;
  attempt.outcome = outcome;
  attempt.overtaken = overtaken;
  attempt.status = outcome === 'responded' ? 200 : 0;
  attempt.endedAt = clock.now();
  pool.attemptEnded(exchange, attempt);
}

/** A request that is hedged after 50 ms where `slow` got it, and answered by the other server; or at once. Names the servers asked. */
async function hedged(
  kit: PoolKit<ReturnType<typeof manualClock>>,
  slow = 'a',
  answered: 'hedge' | 'first' = 'hedge',
): Promise<string[]> {
  const exchange = kit.request();
  const first = kit.pool.choose(exchange)!;
  exchange.attempts[0]!.begin(kit.clock.now());
  if (first.name !== slow) {
    end(kit, exchange, 0, 'responded');
    return [first.name];
  }
  await kit.clock.advance(50);
  const second = kit.pool.hedge(exchange)!;
  exchange.attempts[1]!.begin(kit.clock.now());
  await kit.clock.advance(10);
  end(kit, exchange, 0, answered === 'hedge' ? 'cancelled' : 'responded', answered === 'hedge');
  end(kit, exchange, 1, answered === 'hedge' ? 'responded' : 'cancelled');
  return [first.name, second.name];
}

async function severalHedged(
  kit: PoolKit<ReturnType<typeof manualClock>>,
  count: number,
): Promise<string[][]> {
  const asked = [];
  for (let request = 0; request < count; request++) asked.push(await hedged(kit));
  return asked;
}

function counted(names: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const hedging = { hedge: { after: '50ms' }, budgetMinPerSecond: 100 };
const neverEjects = { outlierDetection: { consecutiveFailures: 0 } };

describe('the turns of first attempts', () => {
  it.each([
    ['round-robin', { a: 1, b: 1 }, { a: 12, b: 12 }, { b: 12 }],
    ['round-robin', { a: 1, b: 1, c: 1 }, { a: 8, b: 8, c: 8 }, { b: 4, c: 4 }],
    ['weighted-round-robin', { a: 2, b: 1, c: 1 }, { a: 12, b: 6, c: 6 }, { b: 6, c: 6 }],
    ['weighted-round-robin', { a: 3, b: 2, c: 1 }, { a: 12, b: 8, c: 4 }, { b: 8, c: 4 }],
    ['least-connections', { a: 1, b: 1, c: 1 }, { a: 8, b: 8, c: 8 }, { b: 4, c: 4 }],
  ] as const)(
    'by %s are not moved by hedges, which take turns of their own (%j)',
    async (kind, weights, firsts, hedges) => {
      const kit = poolKit({ servers: serversNamed(weights), strategy: kind, retry: hedging, ...neverEjects });
      const asked = await severalHedged(kit, 24);
      expect(counted(asked.map(([first]) => first))).toEqual(firsts);
      expect(counted(asked.map(([, second]) => second))).toEqual(hedges);
    },
  );

  it('are not moved by retries either', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      strategy: 'round-robin',
      ...neverEjects,
    });
    const asked = Array.from({ length: 24 }, () => {
      const exchange = kit.request();
      const first = kit.pool.choose(exchange)!;
      if (first.name !== 'a') {
        kit.end(exchange, 'responded');
        return [first.name];
      }
      kit.end(exchange, 'timed-out');
      const second = kit.pool.choose(exchange)!;
      kit.end(exchange, 'responded');
      return [first.name, second.name];
    });
    expect(counted(asked.map(([first]) => first))).toEqual({ a: 8, b: 8, c: 8 });
    expect(counted(asked.map(([, second]) => second))).toEqual({ b: 4, c: 4 });
  });
});

describe('a server whose attempts are overtaken by hedges', () => {
  const outlierDetection = { consecutiveFailures: 3, baseEjection: '10s' } as const;

  it('is ejected after as many in a row as failures would take, and told apart from one that failed', async () => {
    const kit = poolKit({ ...two, strategy: 'round-robin', outlierDetection, retry: hedging });
    for (let request = 0; request < 4; request++) await hedged(kit);
    expect([kit.server('a').consecutiveFailures, kit.server('a').ejectedUntil]).toEqual([2, 0]);
    for (let request = 0; request < 2; request++) await hedged(kit);
    expect(kit.server('a').ejectedUntil).toBeGreaterThan(0);
    expect(kit.events.read(0, 100).at(-1)!.text).toBe(
      'a is ejected for 10s: 3 attempts in a row were overtaken by another beside them (retry.hedge)',
    );
    expect(kit.server('a').failedAttempts).toBe(0);
  });

  it('is not ejected as long as it answers first now and then', async () => {
    const kit = poolKit({ ...two, strategy: 'round-robin', outlierDetection, retry: hedging });
    for (let request = 0; request < 40; request++)
      await hedged(kit, 'a', request % 4 === 0 ? 'first' : 'hedge');
    expect(kit.server('a').ejectedUntil).toBe(0);
  });

  it('does not come back by a trial that is overtaken: the next ejection is longer', async () => {
    const kit = poolKit({ ...two, strategy: 'round-robin', outlierDetection, retry: hedging });
    while (kit.server('a').ejectedUntil === 0) await hedged(kit);
    await kit.clock.advance(10_001);
    const asked = (await severalHedged(kit, 6)).map(([first]) => first);
    expect(counted(asked)).toEqual({ a: 1, b: 5 });
    expect(kit.server('a').isOnTrial).toBe(false);
    expect(kit.events.read(0, 100).at(-1)!.text).toBe(
      'a is ejected for 20s: its trial request was overtaken by another beside it (retry.hedge), ejection number 2',
    );
  });

  it('counts nothing of a hedge that came second itself', async () => {
    const kit = poolKit({ ...two, strategy: 'round-robin', outlierDetection, retry: hedging });
    for (let request = 0; request < 20; request++) await hedged(kit, 'a', 'first');
    expect(kit.server('b').consecutiveFailures).toBe(0);
  });

  it('is known to take at least as long as it had', async () => {
    const kit = poolKit({ ...two, strategy: { kind: 'least-time' }, retry: hedging, ...neverEjects });
    expect(await hedged(kit)).toEqual(['a', 'b']);
    expect(kit.server('a').latencyMs).toBe(60);
    expect(kit.server('b').latencyMs).toBe(10);
    expect(await severalHedged(kit, 5)).toEqual([['b'], ['b'], ['b'], ['b'], ['b']]);
    // It shows a server slower, never faster.
    kit.server('a').noteLatency(500, kit.clock.now(), 10_000);
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.server('b').unreachableAt = kit.clock.now();
    end(kit, exchange, 0, 'cancelled');
    expect(kit.server('a').latencyMs).toBe(500);
  });
});
