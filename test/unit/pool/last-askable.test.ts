import { describe, expect, it } from 'vitest';
import { type PoolKit, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';
import { Caller, limited, settle } from '../../support/queue-kit.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;
const noRetryLeft = { budgetPercent: 0, budgetMinPerSecond: 0 };

describe('a request that waits', () => {
  it('gets a slot at a server that only panic opens, before anybody who comes later', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1, c: 1 }), panicThreshold: 50 });
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    const [, second, third] = [new Caller(kit), new Caller(kit), new Caller(kit)];
    const waiting = new Caller(kit);
    expect(waiting.outcome).toBeNull();
    second.end();
    const newcomer = new Caller(kit);
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
    third.end();
    await settle();
    expect(newcomer.server?.name).toBe('c');
  });

  it('is served without waiting for the one healthy server', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1, c: 1 }), panicThreshold: 50 });
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    const [, , third] = [new Caller(kit), new Caller(kit), new Caller(kit)];
    const waiting = new Caller(kit);
    third.end();
    await settle();
    expect(waiting.server?.name).toBe('c');
  });

  it('gets a slot at the last resort, where the only other server takes no new clients', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1 }) });
    const first = new Caller(kit);
    expect(first.server?.name).toBe('a');
    kit.pool.setAdminState(kit.server('a'), 'drain');
    kit.server('b').verdict = 'unhealthy';
    kit.server('b').unreachableAt = kit.clock.now() || 1;
    const second = new Caller(kit);
    const waiting = new Caller(kit);
    expect([second.server?.name, waiting.outcome]).toEqual(['b', null]);
    second.end();
    const newcomer = new Caller(kit);
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
  });

  it('with a server behind it that failed it gets one that nobody else would ask', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1 }), retry: { attempts: 3 } });
    const first = new Caller(kit);
    expect(first.server?.name).toBe('a');
    kit.server('b').verdict = 'unhealthy';
    kit.server('b').answersProbes = true;
    kit.server('b').requestBegan();
    kit.end(first.exchange, 'closed-before-response');
    expect(kit.pool.choose(first.exchange)).toBeNull();
    expect(kit.pool.enqueue(first)).toBe(true);
    kit.server('a').requestBegan();
    kit.server('b').requestEnded();
    await kit.clock.advance(50);
    await settle();
    expect(first.server?.name).toBe('b');
  });

  it('does not wait for servers that nobody asks any more', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    new Caller(kit);
    const waiting = new Caller(kit);
    kit.server('a').verdict = 'unhealthy';
    await kit.clock.advance(50);
    await settle();
    expect(waiting.outcome).toBe('refused');
    expect(waiting.exchange.error).toBe('no server of pool "api" is available: a is unhealthy');
  });
});

describe('whether somebody is left to ask is', () => {
  /** A request that has been at `a`; `b` is as the test says. */
  function afterA(kit: Kit) {
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)?.name).toBe('a');
    return {
      exchange,
      /** What `hasAnother` says, and whom the chooser then takes. */
      answer(inMs = 0): [boolean, string | null] {
        const has = kit.pool.hasAnother(exchange, inMs);
        const count = exchange.attemptCount;
        const server = kit.pool.choose(exchange);
        exchange.attemptCount = count;
        return [has, server?.name ?? null];
      },
    };
  }

  it.each<[string, (kit: Kit) => void, boolean]>([
    ['well', () => undefined, true],
    [
      'unhealthy',
      (kit) => {
        kit.server('b').verdict = 'unhealthy';
      },
      false,
    ],
    [
      'ejected',
      (kit) => {
        kit.server('b').ejectedUntil = 1e9;
      },
      true,
    ],
    [
      'unhealthy, and answers its probes again',
      (kit) => {
        kit.server('b').verdict = 'unhealthy';
        kit.server('b').answersProbes = true;
      },
      true,
    ],
    [
      'unhealthy, and nobody listened there',
      (kit) => {
        kit.server('b').verdict = 'unhealthy';
        kit.server('b').unreachableAt = 1;
      },
      true,
    ],
    ['in maintenance', (kit) => void kit.pool.setAdminState(kit.server('b'), 'maintenance'), false],
    ['draining', (kit) => void kit.pool.setAdminState(kit.server('b'), 'drain'), false],
  ])('the same for a retry with back-off and for the choice where the other one is %s', (_, make, is) => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const { answer } = afterA(kit);
    make(kit);
    expect(answer()).toEqual([is, is ? 'b' : null]);
  });

  it('yes in panic, and no for a server out of the level that panics', () => {
    const [a, b, c] = serversNamed({ a: 1, b: 1, c: 1 });
    const kit = poolKit({ servers: [a!, b!, { ...c!, backup: true }], panicThreshold: 60 });
    const { answer } = afterA(kit);
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    expect(answer()).toEqual([true, 'b']);
    kit.pool.setAdminState(kit.server('b'), 'maintenance');
    expect(answer()).toEqual([false, null]);
  });

  it('no where ejectLast keeps even the last one out', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), outlierDetection: { ejectLast: true } });
    const { answer } = afterA(kit);
    kit.server('b').ejectedUntil = 1e9;
    expect(answer()).toEqual([false, null]);
    // But then it is over.
    expect(answer(1e9)).toEqual([true, null]);
  });

  it('yes for one that failed the request and may be back when the wait is over', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), retry: { attempts: 3, on: [503] } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded', 503);
    await kit.clock.advance(40);
    kit.pool.choose(exchange);
    expect([kit.pool.hasAnother(exchange), kit.pool.hasAnother(exchange, 60)]).toEqual([false, true]);
    await kit.clock.advance(60);
    kit.end(exchange, 'responded', 503);
    expect(kit.pool.choose(exchange)?.name).toBe('a');
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    expect(kit.journal.detail(exchange.idText)!.attemptList[2]!.decision!.sentence).toContain(
      'No server was available; a, which failed this request 100ms ago, was asked once more, since it may be back',
    );
  });

  it('no for a client that its session keeps at the server that failed it', () => {
    const affinity = { type: 'client-ip', onUnavailable: 'reject' } as const;
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), affinity });
    expect(kit.serve()).toBe('a');
    const { answer } = afterA(kit);
    expect(answer()).toEqual([false, null]);
  });
});

describe('where nobody is available', () => {
  it('all that are only ejected are asked in turn', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    for (const { name } of kit.pool.servers) kit.server(name).ejectedUntil = 1e9;
    expect([1, 2, 3].map(() => kit.pool.choose(kit.request())?.name)).toEqual(['a', 'b', 'c']);
  });

  it('of those where nobody listened, the one this is longest known of is asked', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    await kit.clock.advance(100);
    for (const [name, at] of [
      ['a', 50],
      ['b', 10],
      ['c', 70],
    ] as const) {
      kit.server(name).verdict = 'unhealthy';
      kit.server(name).unreachableAt = at;
    }
    expect(kit.pool.choose(kit.request())?.name).toBe('b');
  });
});

describe('in panic', () => {
  it('a hedge goes to a server that only panic opens', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      panicThreshold: 50,
      retry: { hedge: { after: '50ms' } },
    });
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)?.name).toBe('a');
    expect(kit.pool.hedge(exchange)?.name).toBe('b');
  });

  it('a hedge that the budget does not allow is counted as that', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      panicThreshold: 50,
      retry: { hedge: { after: '50ms' }, ...noRetryLeft },
    });
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    const exchange = kit.request();
    kit.pool.choose(exchange);
    expect(kit.pool.hedge(exchange)).toBeNull();
    expect(kit.limits.read().map(({ kind }) => kind)).toEqual(['hedge-budget']);
  });
});
