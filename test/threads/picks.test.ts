import { describe, expect, it } from 'vitest';
import { get } from '../support/owner-kit.ts';
import { clientOfEach, threads } from '../support/threads-cleanup.ts';
import {
  type PinnedClient,
  suffix,
  type ThreadsKit,
  type ThreadsOptions,
  threadOf,
  whyNot,
} from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

let kit: ThreadsKit;

async function start(options: Partial<ThreadsOptions>): Promise<PinnedClient[]> {
  kit = await threads(options);
  return clientOfEach(kit, options.threads ?? 2);
}

/** Sets a strategy anew, so that its turns begin at the beginning. */
async function beginAnew(strategy: NonNullable<ThreadsOptions['pool']['strategy']>): Promise<void> {
  await kit.apply({ pool: { strategy: 'ip-hash' } });
  await kit.apply({ pool: { strategy } });
}

describe.skipIf(whyNot !== null)(`picks of several threads${suffix}`, () => {
  it.each([2, 4])('go in one order by weight over %i threads', async (count) => {
    const clients = await start({ threads: count, weights: { a: 5, b: 1, c: 1 } });
    await beginAnew('weighted-round-robin');
    let text = '';
    const used = new Set<number>();
    for (let sent = 0; sent < 28; sent++) {
      const { body, id } = await clients[(sent * 3 + (sent >> 2)) % count]!.get();
      text += body;
      used.add(threadOf(id));
    }
    expect(text).toBe('aabacaa'.repeat(4));
    expect(used.size).toBe(count);
  });

  it.each([2, 4])('give exact shares to many connections at once over %i threads', async (count) => {
    await start({ threads: count, weights: { a: 5, b: 1, c: 1 } });
    await beginAnew('weighted-round-robin');
    const bodies = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const own: string[] = [];
        for (let sent = 0; sent < 10; sent++) own.push((await get(kit.url)).body);
        return own;
      }),
    );
    const counts: Record<string, number> = {};
    for (const name of bodies.flat()) counts[name] = (counts[name] ?? 0) + 1;
    expect(counts).toEqual({ a: 500, b: 100, c: 100 });
  });

  it('take turns as one by round robin', async () => {
    const [first, second] = await start({ weights: { a: 1, b: 1, c: 1 } });
    await beginAnew('round-robin');
    let text = '';
    for (const client of [first!, second!, second!, first!, first!, second!])
      text += (await client.get()).body;
    expect(text).toBe('abcabc');
  });

  it('see the requests that other threads have in flight', async () => {
    const [first, second] = await start({ pool: { strategy: 'least-connections' } });
    await beginAnew('least-connections');
    const slow = first!.get('/slow?ms=1500');
    await until('it runs', () => kit.servers[0]!.seen.includes('/slow?ms=1500'));
    for (let sent = 0; sent < 10; sent++) expect((await second!.get()).body).toBe('b');
    expect((await slow).body).toBe('a');
    await until('it is over', async () => (await kit.metrics()).servers['api/a']?.activeRequests === 0);
  });

  it('never exceed maxRequests together, and serve who waits in another thread', async () => {
    const [first, second] = await start({ weights: { a: 1 }, maxRequests: 1 });
    const began = performance.now();
    const slow = first!.get('/slow?ms=600');
    await until('it runs', () => kit.servers[0]!.seen.includes('/slow?ms=600'));
    const waited = await second!.get();
    expect(waited.status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(550);
    expect((await slow).status).toBe(200);
  });

  it('never exceed the maxRequests of the pool together, over all of its servers', async () => {
    const clients = await start({ threads: 3, weights: { a: 1, b: 1 }, pool: { maxRequests: 2 } });
    let most = 0;
    let isOver = false;
    const watch = (async () => {
      while (!isOver) most = Math.max(most, (await kit.metrics()).pools.api!.activeRequests);
    })();
    const began = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (let sent = 0; sent < 8; sent++) expect((await client.get('/slow?ms=20')).status).toBe(200);
      }),
    );
    // 24 requests, two at a time, 20 ms each.
    expect(performance.now() - began).toBeGreaterThan(12 * 20 - 5);
    isOver = true;
    await watch;
    expect(most).toBe(2);
    expect((await kit.metrics()).limits).toMatchObject([{ kind: 'pool-max-requests', pool: 'api' }]);
  });

  it('end what runs at a drain’s deadline, whatever thread it runs in', async () => {
    const clients = await start({ threads: 3, weights: { a: 1 } });
    const running = clients.map((client) => client.get('/slow?ms=20000'));
    await until('all to run', async () => (await kit.metrics()).pools.api!.activeRequests === 3);
    await kit.client.call('server.set-admin-state', {
      pool: 'api',
      server: 'a',
      adminState: 'drain',
      drainMs: 50,
    });
    for (const { status, body } of await Promise.all(running)) {
      expect(status).toBe(504);
      expect(body).toContain('deadline of its drain');
    }
    await until('nothing to run', async () => (await kit.metrics()).pools.api!.activeRequests === 0);
  });

  it('serve who waits in the order of arrival, whatever thread they came to', async () => {
    const clients = await start({ threads: 3, weights: { a: 1 }, maxRequests: 1 });
    const order: number[] = [];
    // Each keeps its thread busy with one request behind the other: nobody may starve the others.
    await Promise.all(
      clients.map(async (client, thread) => {
        for (let sent = 0; sent < 12; sent++) {
          expect((await client.get('/slow?ms=10')).status).toBe(200);
          order.push(thread);
        }
      }),
    );
    const inARow = order.slice(3, 30).filter((thread, index) => thread === order[index + 2]);
    // A client that is late with its next request leaves its turn to the others.
    expect(inARow.length).toBeLessThan(8);
    const { queue } = (await kit.metrics()).pools.api!;
    expect(queue.served).toBeGreaterThan(20);
    expect(queue.p50Ms).not.toBeNull();
  });

  it('let no more requests wait than the queue may hold, all threads together', async () => {
    const clients = await start({ weights: { a: 1 }, maxRequests: 1, pool: { queue: { length: 3 } } });
    const slow = clients[0]!.get('/slow?ms=1000');
    await until('it runs', () => kit.servers[0]!.seen.includes('/slow?ms=1000'));
    const more = await Promise.all(Array.from({ length: 12 }, () => get(kit.url)));
    expect(more.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(more.filter(({ status }) => status === 503)).toHaveLength(9);
    expect((await slow).status).toBe(200);
    // Whoever leaves, in whatever thread, makes room again.
    for (const client of clients) expect((await client.get()).status).toBe(200);
  });

  it('leave a server out at once that one thread has ejected', async () => {
    const [first, second] = await start({
      pool: { outlierDetection: { consecutiveFailures: 3, baseEjection: '60s' } },
    });
    await kit.servers[0]!.close();
    await until('a is ejected', async () => {
      expect((await first!.get()).body).toBe('b');
      return (await kit.client.call('status.get', {})).servers.some(
        ({ id, reason }) => id === 'api/a' && reason === 'ejected',
      );
    });
    for (let sent = 0; sent < 5; sent++) {
      const { id } = await second!.get();
      const { attemptList } = await kit.client.call('request.get', { id });
      expect(attemptList).toHaveLength(1);
      expect(attemptList[0]!.decision!.servers[0]).toMatchObject({ id: 'api/a', state: 'ejected' });
    }
    await until('it is told', () => kit.events.some(({ kind }) => kind === 'server-ejected'));
    expect(kit.events.filter(({ kind }) => kind === 'server-ejected')).toHaveLength(1);
  });

  it('heed what the operator wants as soon as it is said', async () => {
    const each = await start({});
    for (const adminState of ['drain', 'ready', 'maintenance'] as const) {
      await kit.client.call('server.set-admin-state', { pool: 'api', server: 'a', adminState });
      for (const client of each) {
        const names = [(await client.get()).body, (await client.get()).body].sort();
        expect(names).toEqual(adminState === 'ready' ? ['a', 'b'] : ['b', 'b']);
      }
    }
  });
});
