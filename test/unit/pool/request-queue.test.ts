import { describe, expect, it } from 'vitest';
import { poolKit } from '../../support/engine-kit.ts';
import { Caller, limited, settle } from '../../support/queue-kit.ts';
import { seededRandom } from '../../support/random.ts';

type Kit = ReturnType<typeof poolKit>;

describe('a pool whose servers are at maxRequests', () => {
  it('lets requests wait and serves them in the order they came', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    const order: Caller[] = [];
    const [first, second, third] = [new Caller(kit, order), new Caller(kit, order), new Caller(kit, order)];
    expect(kit.pool.queue.length).toBe(2);
    first.end();
    await settle();
    expect(order).toEqual([first, second]);
    second.end();
    await settle();
    expect(order).toEqual([first, second, third]);
    expect(kit.pool.activeRequests).toBe(1);
  });

  it('lets nobody overtake, not even one that comes at the very moment a slot comes free', () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    const first = new Caller(kit);
    const waiting = new Caller(kit);
    first.end();
    const late = new Caller(kit);
    expect([waiting.outcome, late.outcome]).toEqual(['served', null]);
  });

  it('tells in the decision how long the request waited, and for whom', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1 }) });
    const [first] = [new Caller(kit), new Caller(kit)];
    const waiting = new Caller(kit);
    await kit.clock.advance(12);
    first.end();
    await settle();
    waiting.end();
    kit.journal.record(waiting.exchange, kit.clock.now());
    const [attempt] = kit.journal.detail(waiting.exchange.idText)!.attemptList;
    expect(attempt!.decision!.queuedMs).toBe(12);
    expect(attempt!.decision!.sentence).toBe(
      'It waited 12ms in the queue, until a had a slot. Round robin chose a, the only one to choose from. Left out: b is at its limit of requests in flight.',
    );
    expect(kit.pool.queueTraffic().p50Ms).toBeCloseTo(12, 0);
  });

  it('refuses what comes when queue.length wait already, and says so', () => {
    const kit = poolKit({ servers: limited({ a: 1 }), queue: { length: 2 } });
    const callers = [1, 2, 3, 4].map(() => new Caller(kit));
    expect(callers.map(({ outcome }) => outcome)).toEqual(['served', null, null, 'refused']);
    expect(callers[3]!.exchange).toMatchObject({
      busy: true,
      error:
        'every server of pool "api" that could take the request is at its limit (a 1/1), and 2 others wait already (queue.length)',
    });
    expect(kit.pool.queue).toMatchObject({ length: 2, refused: 1 });
    expect(kit.limits.read()).toMatchObject([
      { kind: 'max-requests', listener: null, pool: 'api', count: 3 },
      { kind: 'queue-length', listener: null, pool: 'api', count: 1 },
    ]);
  });

  it('says of one that it waits', () => {
    const kit = poolKit({ servers: limited({ a: 1 }), queue: { length: 1 } });
    const callers = [1, 2, 3].map(() => new Caller(kit));
    expect(callers[2]!.exchange.error).toContain('and 1 other waits already (queue.length)');
  });

  it('lets nobody wait where queue.length is 0', () => {
    const kit = poolKit({ servers: limited({ a: 1 }), queue: { length: 0 } });
    const callers = [new Caller(kit), new Caller(kit)];
    expect(callers[1]!.outcome).toBe('refused');
    expect(callers[1]!.exchange.error).toContain('none may wait (queue.length is 0)');
  });

  it('names no server as full that an operator took out, whatever runs there still', () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1 }), queue: { length: 0 } });
    for (let count = 0; count < 2; count++) new Caller(kit);
    kit.pool.setAdminState(kit.server('b'), 'maintenance');
    expect(new Caller(kit).exchange.error).toContain('is at its limit (a 1/1), and none may wait');
  });

  it('gives up on a request after queue.timeout', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }), queue: { timeout: '1s' } });
    new Caller(kit);
    const waiting = new Caller(kit);
    await kit.clock.advance(900);
    expect(waiting.outcome).toBeNull();
    await kit.clock.advance(200);
    expect(waiting.outcome).toBe('refused');
    expect(waiting.exchange.error).toMatch(
      /at its limit \(a 1\/1\), and no slot came free within 1s \(queue.timeout\)$/,
    );
    expect(waiting.exchange.unserved).not.toBeNull();
    expect(kit.pool.queue).toMatchObject({ length: 0, timedOut: 1 });
    expect(kit.clock.pending).toBe(0);
  });

  it('takes a changed queue.timeout over for those that wait already', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }), queue: { timeout: '10s' } });
    new Caller(kit);
    const waiting = new Caller(kit);
    kit.configure({ servers: limited({ a: 1 }), queue: { timeout: '300ms' } });
    await kit.clock.advance(200);
    expect(waiting.outcome).toBeNull();
    await kit.clock.advance(200);
    expect(waiting.outcome).toBe('refused');
  });

  it('counts whom it served', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    const callers = [new Caller(kit), new Caller(kit), new Caller(kit)];
    for (const each of callers) {
      each.end();
      await settle();
    }
    expect(kit.pool.queueTraffic()).toMatchObject({ served: 2, length: 0 });
  });

  it('tells of a wait with the attempt that followed it, and not with the next', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 0 }) });
    kit.server('b').verdict = 'unhealthy';
    const first = new Caller(kit);
    const waiting = new Caller(kit);
    await kit.clock.advance(12);
    first.end();
    await settle();
    kit.server('b').verdict = 'healthy';
    kit.end(waiting.exchange, 'closed-before-response');
    await kit.clock.advance(5);
    expect(kit.pool.choose(waiting.exchange)?.name).toBe('b');
    kit.end(waiting.exchange, 'responded');
    kit.journal.record(waiting.exchange, kit.clock.now());
    const { attemptList } = kit.journal.detail(waiting.exchange.idText)!;
    expect(attemptList.map(({ decision }) => decision!.queuedMs)).toEqual([12, 0]);
  });

  it('forgets a request whose client went away', async () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    const first = new Caller(kit);
    const [gone, next] = [new Caller(kit), new Caller(kit)];
    kit.pool.leaveQueue(gone);
    first.end();
    await settle();
    expect([gone.outcome, next.outcome]).toEqual([null, 'served']);
  });

  it('keeps how the servers stood, and how long it had waited, when a request leaves by itself', async () => {
    const kit = poolKit({ servers: limited({ a: 1, b: 0 }) });
    kit.server('b').verdict = 'unhealthy';
    new Caller(kit);
    const gone = new Caller(kit);
    await kit.clock.advance(40);
    kit.pool.leaveQueue(gone);
    gone.exchange.error = 'the client left';
    kit.journal.record(gone.exchange, kit.clock.now());
    const { unserved, error } = kit.journal.detail(gone.exchange.idText)!;
    expect(unserved).toMatchObject({
      queuedMs: 40,
      sentence:
        'It waited 40ms in the queue in vain. No server was available: a is at its limit of requests in flight, b is unhealthy.',
      servers: [{ state: 'full', activeRequests: 1 }, { state: 'unhealthy' }],
    });
    expect(error).toBe('the client left');
  });

  it('keeps of one that left the queue of a full pool that it was the pool', async () => {
    const kit = poolKit({ servers: limited({ a: 0 }), maxRequests: 1 });
    new Caller(kit);
    const gone = new Caller(kit);
    await kit.clock.advance(40);
    kit.pool.leaveQueue(gone);
    expect(gone.exchange.error).toBeNull();
    kit.journal.record(gone.exchange, kit.clock.now());
    expect(kit.journal.detail(gone.exchange.idText)!.unserved!.sentence).toBe(
      'It waited 40ms in the queue in vain. The pool had as many requests in flight as it may (maxRequests 1).',
    );
  });

  it.each<[string, (kit: Kit) => void]>([
    ['a server is healthy again', (kit) => (kit.server('b').verdict = 'healthy')],
    ['a server is added', (kit) => kit.configure({ servers: limited({ a: 1, b: 1, c: 1 }) })],
    ['a limit is raised', (kit) => kit.configure({ servers: limited({ a: 2, b: 1 }) })],
    ['a limit is taken away', (kit) => kit.configure({ servers: limited({ a: 0, b: 1 }) })],
  ])('serves who waits when %s', async (_, change) => {
    const kit = poolKit({ servers: limited({ a: 1, b: 1 }) });
    kit.server('b').verdict = 'unhealthy';
    new Caller(kit);
    const waiting = new Caller(kit);
    expect(waiting.outcome).toBeNull();
    change(kit);
    await kit.clock.advance(100);
    await settle();
    expect(waiting.outcome).toBe('served');
  });

  it('refuses those that wait when it is removed', () => {
    const kit = poolKit({ servers: limited({ a: 1 }) });
    new Caller(kit);
    const waiting = new Caller(kit);
    kit.pool.stop();
    expect(waiting.outcome).toBe('refused');
    expect(waiting.exchange.error).toBe('pool "api" was removed while the request waited in its queue');
  });

  it('uses backups before it lets anybody wait', () => {
    const [a, b] = limited({ a: 1, b: 1 });
    const kit = poolKit({ servers: [a!, { ...b!, backup: true }] });
    expect([1, 2, 3].map(() => new Caller(kit).server?.name ?? null)).toEqual(['a', 'b', null]);
  });

  it('never exceeds the limit of an ejected server, although that is the last resort', () => {
    const kit = poolKit({ servers: limited({ a: 2 }) });
    kit.server('a').ejectedUntil = Number.POSITIVE_INFINITY;
    expect([1, 2, 3].map(() => new Caller(kit).outcome)).toEqual(['served', 'served', null]);
    expect(kit.server('a').activeRequests).toBe(2);
  });

  it('keeps weighted round robin exact over the servers that have slots', async () => {
    const kit = poolKit({
      strategy: 'weighted-round-robin',
      servers: limited({ a: 0, b: 0, c: 1 }, { a: 3, b: 1, c: 4 }),
    });
    const busy: Caller[] = [];
    while (kit.server('c').activeRequests === 0) busy.push(new Caller(kit));
    const served: Record<string, number> = {};
    for (let i = 0; i < 400; i++) {
      const caller = new Caller(kit);
      served[caller.server!.name] = (served[caller.server!.name] ?? 0) + 1;
      caller.end();
    }
    expect(served).toEqual({ a: 300, b: 100 });
  });
});

describe('a session whose server is full', () => {
  const bound = (onUnavailable: 'rebalance' | 'reject') => {
    const kit = poolKit({
      servers: limited({ a: 1, b: 1 }),
      affinity: { type: 'client-ip', onUnavailable },
    });
    const first = new Caller(kit, [], { client: '10.0.0.1' });
    expect(first.server!.name).toBe('a');
    return { kit, first };
  };

  it('moves to a server with a slot where onUnavailable is rebalance', () => {
    const { kit } = bound('rebalance');
    expect(new Caller(kit, [], { client: '10.0.0.1' }).server?.name).toBe('b');
  });

  it('waits for its own where onUnavailable is reject, and lets others pass', async () => {
    const { kit, first } = bound('reject');
    const waiting = new Caller(kit, [], { client: '10.0.0.1' });
    expect(waiting.outcome).toBeNull();
    const other = new Caller(kit, [], { client: '10.0.0.2' });
    expect(other.server?.name).toBe('b');
    first.end();
    await settle();
    expect(waiting.server?.name).toBe('a');
    expect(kit.pool.sessions.list(() => true, 9).sessions).toHaveLength(2);
  });

  it('is rejected when its own server had no slot in time', async () => {
    const { kit } = bound('reject');
    const waiting = new Caller(kit, [], { client: '10.0.0.1' });
    await kit.clock.advance(5_100);
    expect(waiting.outcome).toBe('refused');
    expect(waiting.exchange.error).toContain('queue.timeout');
  });

  it('counts a waiting request as one use of the session', async () => {
    const { kit, first } = bound('reject');
    const waiting = new Caller(kit, [], { client: '10.0.0.1' });
    first.end();
    await settle();
    waiting.end();
    expect(kit.pool.sessions.list(() => true, 9).sessions[0]!.hits).toBe(2);
  });
});

it.each([1, 2, 3, 4])(
  'with random traffic no limit is ever exceeded, nobody is lost, and slots do not stay free while somebody waits (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const limits = { a: 1, b: 3, c: 7 };
    const kit = poolKit({
      strategy: 'least-connections',
      servers: limited(limits),
      queue: { length: 30, timeout: '3s' },
    });
    const all: Caller[] = [];
    const running = new Set<Caller>();
    for (let step = 0; step < 3_000; step++) {
      const dice = random();
      if (dice < 0.5) all.push(new Caller(kit));
      else if (dice < 0.9) {
        for (const caller of all)
          if (caller.outcome === 'served' && !caller.exchange.clientLeft) running.add(caller);
        const list = [...running];
        const caller = list[Math.floor(random() * list.length)];
        if (caller) {
          running.delete(caller);
          caller.exchange.clientLeft = true;
          caller.end();
        }
      } else if (dice < 0.95) {
        const waiting = all.filter(({ isWaiting }) => isWaiting);
        const caller = waiting[Math.floor(random() * waiting.length)];
        if (caller) {
          kit.pool.leaveQueue(caller);
          caller.outcome = 'refused';
        }
      } else await kit.clock.advance(random() * 300);
      await Promise.resolve();
      if (step % 50 === 0) await settle();
      for (const server of kit.pool.servers)
        expect(server.activeRequests).toBeLessThanOrEqual(limits[server.name as 'a']);
      expect(kit.pool.queue.length).toBeLessThanOrEqual(30);
    }
    await settle();
    if (kit.pool.servers.some(({ activeRequests, maxRequests }) => activeRequests < maxRequests))
      expect(kit.pool.queue.length).toBe(0);
    for (const caller of all)
      if (caller.outcome === 'served' && !caller.exchange.clientLeft) running.add(caller);
    while (running.size > 0 || kit.pool.queue.length > 0) {
      for (const caller of running) {
        running.delete(caller);
        caller.exchange.clientLeft = true;
        caller.end();
      }
      await settle();
      for (const caller of all)
        if (caller.outcome === 'served' && !caller.exchange.clientLeft) running.add(caller);
    }
    expect(all.filter(({ outcome }) => outcome === null)).toEqual([]);
    expect(kit.pool.activeRequests).toBe(0);
  },
);
