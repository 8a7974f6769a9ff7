import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { configOf } from '../../support/config-of.ts';
import type { Lane } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, ok, type RawClient, rawClient, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 90_000 });

const limited = (limits: object) => ({ listener: { limits } });
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Waits until a new client is served, since one of the others was idle long enough. */
async function oneMakesRoom({ port }: Lane): Promise<void> {
  await until('one to be idle long enough', async () => {
    const fresh = await client(port);
    fresh.send(get);
    const served = (await fresh.receives('HTTP/1.1 ')).includes('200 OK');
    if (!served) fresh.close();
    return served;
  });
}

describe('a listener with limits.maxConnections open', () => {
  it('closes the connection idle longest to make room for a new one', async () => {
    const raw = await server(answering(ok('here')));
    const proxy = await lane({ ports: [raw.port], ...limited({ maxConnections: 3 }) });
    const idle = [await client(proxy.port), await client(proxy.port), await client(proxy.port)];
    for (const caller of idle) {
      caller.send(get);
      await caller.receives('here');
    }
    await oneMakesRoom(proxy);
    await idle[0]!.end();
    expect(idle.map(({ ended }) => ended)).toEqual([true, false, false]);
    await until('the refused to be gone', () => proxy.listener.openConnections === 3);
    expect(proxy.limitsReached).toContain('displaced-connections');
  });

  it('knows who is idle longest when limits.idleTimeout has become another meanwhile', async () => {
    const raw = await server(answering(ok('here')));
    const limits = (idleTimeout: string) => ({ maxConnections: 2, idleTimeout });
    const proxy = await lane({ ports: [raw.port], ...limited(limits('60s')) });
    const idle = [await client(proxy.port), await client(proxy.port)];
    for (const caller of idle) {
      caller.send(get);
      await caller.receives('here');
    }
    proxy.listener.update(
      configOf({
        listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', limits: limits('10s') }],
        pools: [{ name: 'api', servers: [{ address: `127.0.0.1:${raw.port}` }] }],
      }).listeners[0]!,
    );
    await oneMakesRoom(proxy);
    await idle[0]!.end();
    expect(idle.map(({ ended }) => ended)).toEqual([true, false]);
  });

  it('closes hundreds in the order in which they were last used', async () => {
    const raw = await server(answering(ok('here')));
    const proxy = await lane({ ports: [raw.port], ...limited({ maxConnections: 200 }) });
    const order = await Promise.all(Array.from({ length: 200 }, () => client(proxy.port)));
    order.reverse();
    for (const caller of order) {
      caller.send(get);
      await caller.receives('here');
    }
    const since = performance.now();
    await until('all to be idle long enough', () => performance.now() - since > 1_100);
    const fresh: RawClient[] = [];
    for (let i = 0; i < 150; i++) {
      const next = await client(proxy.port);
      next.send(get);
      await next.receives('200 OK');
      fresh.push(next);
      await order[i]!.end();
      if (i === 70) {
        // From now on it is the one used last.
        order[80]!.send(get);
        await order[80]!.receives('here', 2);
        order.push(...order.splice(80, 1));
      }
    }
    expect(order.filter(({ ended }) => ended)).toEqual(order.slice(0, 150));
    expect(fresh.filter(({ ended }) => ended)).toEqual([]);
    expect(proxy.limitsReached).toEqual(Array(150).fill('displaced-connections'));
  });

  it('refuses newcomers with a reason where all are busy, and harms none of these', async () => {
    const waiting: (() => void)[] = [];
    const raw = await server(
      rawServer((socket, text) => {
        if (text.includes('/now')) socket.write(ok('at once'));
        else waiting.push(() => socket.write(ok('served')));
      }),
    );
    const proxy = await lane({ ports: [raw.port], ...limited({ maxConnections: 2 }) });
    const busy = [await client(proxy.port), await client(proxy.port)];
    for (const caller of busy) caller.send(get);
    await until('both to be served', () => waiting.length === 2);
    for (let i = 0; i < 5; i++) {
      const refused = await client(proxy.port);
      refused.send(get);
      const answer = await refused.end();
      expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1[\s\S]*limits\.maxConnections/);
      expect(refused.errorCode).toBeNull();
      refused.close();
    }
    expect(proxy.limitsReached).toEqual(Array(5).fill('max-connections'));
    for (const answer of waiting) answer();
    for (const caller of busy) await caller.receives('served');
    busy[0]!.close();
    await until('there to be room again', async () => {
      const next = await client(proxy.port);
      next.send('GET /now HTTP/1.1\r\nHost: a\r\n\r\n');
      const isServed = (await next.receives('HTTP/1.1 ')).includes('200 OK');
      next.close();
      return isServed;
    });
  });

  it('does not collect refused clients that stay', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], ...limited({ maxConnections: 1, lingerTimeout: '50ms' }) });
    const busy = await client(proxy.port);
    busy.send(get);
    await until('it to be busy', () => raw.received !== '');
    const stubborn = await Promise.all(Array.from({ length: 200 }, () => rawClient(proxy.port)));
    afterThisTest(() => {
      for (const each of stubborn) each.close();
    });
    await Promise.all(stubborn.map((each) => each.end()));
    expect(stubborn.some(({ text }) => text.includes('limits.maxConnections'))).toBe(true);
    await until('all to be gone', () => proxy.listener.openConnections === 1);
  });
});

describe('two thousand slow clients', () => {
  it('neither keep a good one from being served nor take much memory, and are closed in time', async () => {
    const raw = await server(
      rawServer((socket, text) => void (text.startsWith('GET') && socket.write(ok('good')))),
    );
    const proxy = await lane({
      ports: [raw.port],
      ...limited({ headTimeout: '4s', idleTimeout: '5s', bodyTimeout: '4s', lingerTimeout: '100ms' }),
    });
    const slow: RawClient[] = [];
    afterThisTest(() => {
      for (const each of slow) each.close();
    });
    const beginnings = [
      'GET / HTTP/1.1\r\nHo',
      '',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
      'G',
    ];
    const rssBefore = process.memoryUsage().rss;
    const started = performance.now();
    while (slow.length < 2_000) {
      const batch = await Promise.all(Array.from({ length: 100 }, () => rawClient(proxy.port)));
      for (const [index, each] of batch.entries()) each.send(beginnings[index % 4]!);
      slow.push(...batch);
    }
    expect(proxy.listener.openConnections).toBeGreaterThan(0);
    const good = await client(proxy.port);
    let worstMs = 0;
    for (let i = 1; i <= 100; i++) {
      const sentAt = performance.now();
      good.send(get);
      await good.receives('good', i);
      worstMs = Math.max(worstMs, performance.now() - sentAt);
    }
    expect(worstMs).toBeLessThan(2_000);
    // Both ends are in this process: sockets of the clients, of the proxy, and of the server for the uploads.
    expect((process.memoryUsage().rss - rssBefore) / slow.length).toBeLessThan(64 * 1_024);
    await Promise.all(slow.map((each) => each.end()));
    expect(performance.now() - started).toBeLessThan(60_000);
    await until('nothing to be left', () => proxy.listener.openConnections <= 1);
    await until('every upload to be let go', () => raw.open.size <= 1);
    expect(proxy.limitsReached.filter((kind) => kind === 'head-timeout')).toHaveLength(1_000);
    expect(proxy.limitsReached.filter((kind) => kind === 'body-timeout')).toHaveLength(500);
    expect(proxy.pools.get('api')!.activeAttempts).toBe(0);
  });
});
