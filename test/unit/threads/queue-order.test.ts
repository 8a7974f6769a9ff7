import { describe, expect, it } from 'vitest';
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

/** Somebody waits in the first thread, whose queue looks by itself only later; then something changes, and somebody comes to the second. */
async function newcomerBehind({ clock, first, second }: Threads, change: () => void | Promise<void>) {
  const waiting = new Caller(first);
  expect(waiting.outcome).toBeNull();
  await settle();
  await clock.advance(1);
  await change();
  const newcomer = new Caller(second);
  return { waiting, newcomer };
}

describe('over several threads, who waits goes before who comes later', () => {
  it('when an ejection is over by the passing of time', async () => {
    const threads = twoThreads({ servers: limited({ a: 1, b: 1 }) });
    const { first, clock } = threads;
    first.server('b').ejectedUntil = 1_000;
    await clock.advance(998 - clock.now());
    new Caller(first);
    const { waiting, newcomer } = await newcomerBehind(threads, () => clock.advance(2));
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
    first.server('a').ejectedUntil = 1_000;
    first.server('b').verdict = 'unhealthy';
    await clock.advance(998 - clock.now());
    expect(new Caller(second).server?.name).toBe('c');
    const { waiting, newcomer } = await newcomerBehind(threads, () => clock.advance(2));
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
