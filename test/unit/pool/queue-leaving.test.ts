import { expect, it } from 'vitest';
import { type PoolKit, poolKit } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';
import { Caller, limited, settle } from '../../support/queue-kit.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;

it.each<[string, (leaving: Caller, kit: Kit, first: Caller) => unknown]>([
  ['went away', (leaving, kit) => kit.pool.leaveQueue(leaving)],
  ['was served', (_, __, first) => first.end()],
  ['waited in vain', (_, kit) => kit.clock.advance(5_100)],
])('the last place of a queue is free again when who waited there %s', async (_, leave) => {
  const kit = poolKit({ servers: limited({ a: 1 }), queue: { length: 1 } });
  const first = new Caller(kit);
  const leaving = new Caller(kit);
  expect(new Caller(kit).outcome).toBe('refused');
  await leave(leaving, kit, first);
  await settle();
  expect(leaving.isWaiting).toBe(false);
  expect(new Caller(kit).outcome).toBeNull();
  expect(kit.pool.queue.length).toBe(1);
});

it('who leaves the queue twice leaves it once', async () => {
  const kit = poolKit({ servers: limited({ a: 1 }) });
  const first = new Caller(kit);
  const [gone, next] = [new Caller(kit), new Caller(kit)];
  kit.pool.leaveQueue(gone);
  kit.pool.leaveQueue(gone);
  expect(kit.pool.queue.length).toBe(1);
  first.end();
  await settle();
  expect([gone.outcome, next.outcome, kit.pool.queue.length]).toEqual([null, 'served', 0]);
});

/** Its being served makes another one leave, as the end of a connection does that both came on. */
class Companion extends Caller {
  other: Caller | null = null;
  override served(...args: Parameters<Caller['served']>): void {
    super.served(...args);
    if (this.other?.isWaiting) {
      this.other.exchange.pool?.leaveQueue(this.other);
      this.other = null;
    }
  }
}

it('who leaves because the one before was served is not served any more, and the next in line is', async () => {
  const kit = poolKit({ servers: limited({ a: 2 }) });
  const running = [new Caller(kit), new Caller(kit)];
  const companion = new Companion(kit);
  const [gone, next] = [new Caller(kit), new Caller(kit)];
  companion.other = gone;
  for (const each of running) each.end();
  await settle();
  expect([companion, gone, next].map(({ outcome }) => outcome)).toEqual(['served', null, 'served']);
  expect(kit.server('a').activeRequests).toBe(2);
});

it('a raised limit serves who waits at once, not when the queue looks next', async () => {
  const kit = poolKit({ servers: limited({ a: 1 }) });
  const [, waiting] = [new Caller(kit), new Caller(kit)];
  kit.configure({ servers: limited({ a: 2 }) });
  await settle();
  expect(waiting.outcome).toBe('served');
});

it('others that keep coming do not lengthen the time of who waits', async () => {
  const kit = poolKit({ servers: limited({ a: 1 }), queue: { timeout: '200ms' } });
  new Caller(kit);
  const waiting = new Caller(kit);
  for (let sent = 0; sent < 15; sent++) {
    await kit.clock.advance(20);
    new Caller(kit);
  }
  expect(waiting.outcome).toBe('refused');
});

it('a limit that was taken away is not counted as reached any more', async () => {
  const kit = poolKit({ servers: limited({ a: 1, b: 1 }) });
  for (let sent = 0; sent < 3; sent++) new Caller(kit);
  const count = (): number => kit.limits.read().find(({ kind }) => kind === 'max-requests')!.count;
  expect(count()).toBe(2);
  kit.configure({ servers: limited({ a: 0, b: 0 }) });
  await settle();
  kit.serve();
  expect(count()).toBe(2);
});

it('a limit is counted once for each request that met it, however often that is looked at', async () => {
  const kit = poolKit({ servers: limited({ a: 1, b: 1 }) });
  const count = (): number => kit.limits.read().find(({ kind }) => kind === 'max-requests')?.count ?? 0;
  const first = new Caller(kit);
  const second = new Caller(kit);
  const waiting = new Caller(kit);
  expect(count()).toBe(2);
  first.end();
  await settle();
  expect([waiting.server?.name, count()]).toEqual(['a', 2]);
  kit.end(second.exchange, 'closed-before-response');
  new Caller(kit);
  expect(count()).toBe(3);
  expect(kit.pool.choose(second.exchange)).toBeNull();
  expect(count()).toBe(3);
});

it('a pool that is removed leaves nothing of its own in the memory that the threads share', () => {
  const kit = poolKit({
    servers: limited({ a: 1, b: 1 }),
    affinity: { type: 'cookie' },
    circuitBreaker: { failurePercent: 50 },
  });
  const blocks = (): string[] => {
    const { common, own } = kit.memory.viewOf(0);
    return [...common.keys(), ...own.keys()].filter((name) => name.includes('api'));
  };
  expect(blocks()).not.toEqual([]);
  kit.pool.stop();
  expect(blocks()).toEqual([]);
});
