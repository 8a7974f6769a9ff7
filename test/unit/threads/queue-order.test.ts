import { describe, expect, it } from 'vitest';
import type { Server } from '../../../main/engine/pool/server.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolKit } from '../../support/engine-kit.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { Caller, limited, settle } from '../../support/queue-kit.ts';

/** One pool as two threads have it, on one clock. */
function twoThreads(input: PoolInput) {
  const clock = manualClock();
  const memory = new Memory();
  memory.widen(2);
  const first = poolKit(input, clock, () => 0.5, { memory });
  const second = poolKit(input, clock, () => 0.5, { memory: new Memory(memory.viewOf(1)) });
  return { clock, first, second };
}

type Threads = ReturnType<typeof twoThreads>;

/** A first look at what is open counts as a change of it: a queue looks by itself every 40 ms, and has done so once by then. */
const seenAfterMs = 50;

/** Somebody waits in the first thread, whose queue has looked and does so again only later; then something changes, and somebody comes to the second. */
async function newcomerBehind(
  { clock, first, second }: Threads,
  change: () => void | Promise<void>,
  from: { client?: string } = {},
) {
  const waiting = new Caller(first, [], from);
  expect(waiting.outcome).toBeNull();
  await clock.advance(seenAfterMs);
  await settle();
  expect(waiting.outcome).toBeNull();
  await change();
  const newcomer = new Caller(second, [], from);
  return { waiting, newcomer };
}

/**
 * Somebody is told in the first thread to wait, and before the others know of it the slot comes free in the second. Who is open was seen
 * before, and the first thread has looked since the last release.
 */
async function freedBeforeKnown() {
  const { clock, first, second } = twoThreads({ servers: limited({ a: 1 }) });
  const one = new Caller(second);
  const other = new Caller(first);
  await clock.advance(seenAfterMs);
  one.end();
  await settle();
  expect(other.server?.name).toBe('a');
  other.end();
  const running = new Caller(second);
  const waiting = new Caller(first, [], {}, () => running.end());
  return { clock, waiting, second };
}

describe('over several threads, who waits goes before who comes later', () => {
  it('when an ejection is over by the passing of time', async () => {
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    const { first, clock } = threads;
    first.server('b').ejectedUntil = clock.now() + 55;
    new Caller(first);
    const { waiting, newcomer } = await newcomerBehind(threads, () => clock.advance(10));
    expect(newcomer.outcome).toBeNull();
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
    waiting.end();
    await settle();
    expect(newcomer.server?.name).toBe('b');
  });

  it('when panic begins because a server of a better level is back', async () => {
    const [a, b, c] = limited({ a: 1, b: 1, c: 1 });
    const threads = twoThreads({ servers: [a!, b!, { ...c!, backup: true }], panicThreshold: 60 });
    const { first, second, clock } = threads;
    expect(new Caller(second).server?.name).toBe('a');
    first.server('a').ejectedUntil = clock.now() + 55;
    first.server('b').verdict = 'unhealthy';
    expect(new Caller(second).server?.name).toBe('c');
    const { waiting, newcomer } = await newcomerBehind(threads, () => clock.advance(10));
    expect(newcomer.outcome).toBeNull();
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
  });

  it('when a probe finds a server well', async () => {
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    const { first } = threads;
    first.server('b').verdict = 'unhealthy';
    new Caller(first);
    const { waiting, newcomer } = await newcomerBehind(threads, () => {
      first.server('b').verdict = 'healthy';
    });
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
  });

  it('when an operator lets a server in', async () => {
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    const { first } = threads;
    first.pool.setAdminState(first.server('b'), 'maintenance');
    new Caller(first);
    const { waiting, newcomer } = await newcomerBehind(threads, () => {
      first.pool.setAdminState(first.server('b'), 'ready');
    });
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
  });

  it.each<[string, (b: Server, now: number) => void, (b: Server, threads: Threads) => unknown]>([
    [
      'is not ejected any more',
      (b, now) => {
        b.ejectedUntil = now + 55;
      },
      (_, { clock }) => clock.advance(10),
    ],
    [
      'is found well',
      (b) => {
        b.verdict = 'unhealthy';
      },
      (b) => {
        b.verdict = 'healthy';
      },
    ],
  ])('when a server that drains, and takes its own clients only, %s', async (_, goesOut, isBack) => {
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }), affinity: { type: 'client-ip' } });
    const { first, clock } = threads;
    const bound = { client: '10.0.0.2' };
    expect([first.serve({ client: '10.0.0.1' }), first.serve(bound)]).toEqual(['a', 'b']);
    const b = first.server('b');
    goesOut(b, clock.now());
    first.pool.setAdminState(b, 'drain');
    expect(new Caller(first, [], { client: '10.0.0.1' }).server?.name).toBe('a');
    const { waiting, newcomer } = await newcomerBehind(
      threads,
      async () => {
        await isBack(b, threads);
      },
      bound,
    );
    expect(newcomer.outcome).toBeNull();
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['b', null]);
  });

  it.each<[string, PoolInput, PoolInput]>([
    ['a server', { servers: limited({ a: 1 }) }, { servers: limited({ a: 2 }) }],
    [
      'the pool',
      { servers: limited({ a: 0 }), maxRequests: 1 },
      { servers: limited({ a: 0 }), maxRequests: 2 },
    ],
  ])('when %s may have more requests, also in a thread that hears of it later', async (_, one, two) => {
    const { clock, first, second } = twoThreads(one);
    new Caller(first);
    const waiting = new Caller(second);
    await clock.advance(seenAfterMs);
    await settle();
    first.configure(two);
    await settle();
    const newcomer = new Caller(first);
    await settle();
    expect([waiting.outcome, newcomer.outcome]).toEqual([null, null]);
    second.configure(two);
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['a', null]);
  });

  it('in the order of arrival, all at once, when many slots come free together', async () => {
    const { clock, first, second } = twoThreads({ servers: limited({ a: 1 }) });
    new Caller(first);
    const order: Caller[] = [];
    const waiting: Caller[] = [];
    for (let index = 0; index < 6; index++) {
      waiting.push(new Caller(index % 2 === 0 ? second : first, order));
      await clock.advance(1);
    }
    await clock.advance(seenAfterMs);
    for (const kit of [first, second]) kit.configure({ servers: limited({ a: 8 }) });
    for (const _ of waiting) await settle();
    expect(order.map((each) => waiting.indexOf(each))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('when the slot came free just before it was known to wait', async () => {
    const { clock, waiting, second } = await freedBeforeKnown();
    const later = clock.advance(1);
    const newcomer = new Caller(second);
    expect([waiting.outcome, newcomer.outcome]).toEqual([null, null]);
    await later;
    await settle();
    expect([waiting.server?.name, newcomer.outcome]).toEqual(['a', null]);
  });

  it('and has at once, with nobody coming, what came free just before it was known to wait', async () => {
    const { waiting } = await freedBeforeKnown();
    expect(waiting.outcome).toBeNull();
    await settle();
    expect(waiting.server?.name).toBe('a');
  });

  it('when the queue of who came later is the first to look by itself', async () => {
    const { clock, first, second } = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    const startedAt = clock.now();
    first.server('b').ejectedUntil = startedAt + 95;
    new Caller(first);
    // The one looks 40, 80, 120 ms from here, the other after 60, 100, 140.
    const waiting = new Caller(second);
    await clock.advance(15);
    const later = new Caller(first);
    await clock.advance(startedAt + 90 - clock.now());
    await settle();
    expect([waiting.outcome, later.outcome]).toEqual([null, null]);
    await clock.advance(15);
    await settle();
    expect([waiting.server?.name, later.outcome]).toEqual(['b', null]);
  });

  it('and before a hedge', async () => {
    const { clock, first, second } = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    first.server('b').ejectedUntil = clock.now() + 55;
    const running = new Caller(second);
    const waiting = new Caller(first);
    await clock.advance(seenAfterMs);
    await settle();
    await clock.advance(10);
    expect(waiting.outcome).toBeNull();
    expect(second.pool.hedge(running.exchange)).toBeNull();
    await settle();
    expect(waiting.server?.name).toBe('b');
  });

  it('and who waits in vain for its own server holds nobody up', async () => {
    const affinity = { type: 'client-ip', onUnavailable: 'reject' } as const;
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }), affinity });
    const { first, second } = threads;
    const bound = { client: '10.0.0.1' };
    const running = new Caller(first, [], bound);
    expect(running.server?.name).toBe('a');
    // Requests that ended since somebody last looked.
    for (let times = 0; times < 3; times++) second.serve({ client: '10.0.0.2' });
    const waiting = new Caller(first, [], bound);
    expect(waiting.outcome).toBeNull();
    await settle();
    const newcomer = new Caller(second, [], { client: '10.0.0.2' });
    await settle();
    expect([newcomer.server?.name, waiting.outcome]).toEqual(['b', null]);
    running.end();
    await settle();
    expect(waiting.server?.name).toBe('a');
  });

  it('and who waited first is served first when both have a slot', async () => {
    const { first, second, clock } = twoThreads({ servers: limited({ a: 1 }) });
    const running = new Caller(first);
    const order: Caller[] = [];
    const later: Caller[] = [];
    for (const kit of [second, first, second, second, first]) {
      later.push(new Caller(kit, order));
      await clock.advance(1);
    }
    let ends: Caller | undefined = running;
    for (let served = 0; served < later.length; served++) {
      ends?.end();
      await settle();
      ends = order[served];
    }
    expect(order).toEqual(later);
  });
});
