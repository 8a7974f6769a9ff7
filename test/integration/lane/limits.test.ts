import { describe, expect, it } from 'vitest';
import { listenerLimits } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, nextTurn, ok, pouring, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const limited = (limits: object) => ({ listener: { limits } });
const get = (fields = ''): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

describe('a listener', () => {
  it('takes heads up to limits.headBytes and refuses larger ones, whole or in pieces', async () => {
    const raw = await server(answering(ok('fits')));
    const proxy = await lane({ ports: [raw.port], ...limited({ headBytes: 1_024 }) });
    const sized = (size: number): string => get(`X: ${'y'.repeat(size - get('X: \r\n').length)}\r\n`);
    for (const pieces of [1, 7]) {
      for (const [size, status] of [
        [1_023, 200],
        [1_024, 200],
        [1_025, 431],
        [60_000, 431],
      ] as const) {
        const caller = await client(proxy.port);
        const text = sized(size);
        for (let i = 0; i < pieces; i++) {
          caller.send(text.slice(Math.floor((i * size) / pieces), Math.floor(((i + 1) * size) / pieces)));
          await nextTurn();
        }
        await caller.receives(`HTTP/1.1 ${status} `);
      }
    }
    const endless = await client(proxy.port);
    endless.send(`GET /${'x'.repeat(2_000)}`);
    expect(await endless.end()).toContain('HTTP/1.1 414 ');
    expect(
      await exchangeBytes(proxy.port, `GET /${'x'.repeat(2_000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
    ).toContain('414 ');
  });

  it('refuses more than limits.headFields fields', async () => {
    const raw = await server(answering(ok('fits')));
    const proxy = await lane({ ports: [raw.port], ...limited({ headFields: 10 }) });
    const last = 'Connection: close\r\n';
    expect(await exchangeBytes(proxy.port, get('X: y\r\n'.repeat(8) + last))).toContain('200 OK');
    expect(await exchangeBytes(proxy.port, get('X: y\r\n'.repeat(9) + last))).toContain('HTTP/1.1 431 ');
  });

  it('waits for the rest of a head no longer than limits.headTimeout', async () => {
    const proxy = await lane({ ports: [1], ...limited({ headTimeout: '60ms' }) });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHo');
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 408 [\s\S]*limits\.headTimeout/);
    expect(proxy.finished).toMatchObject([{ status: 408, attempts: [] }]);
    expect(proxy.limitsReached).toEqual(['head-timeout']);
  });

  it('takes an empty line for no head: whoever ends a body with one is idle, and hears no 408', async () => {
    const raw = await server(answering(ok('one')));
    const proxy = await lane({ ports: [raw.port], ...limited({ headTimeout: '60ms' }) });
    for (const rest of ['\r\n', '\r']) {
      const caller = await client(proxy.port);
      caller.send(`${get()}${rest}`);
      expect((await caller.end()).endsWith('one')).toBe(true);
    }
    expect(proxy.finished).toHaveLength(2);
  });

  it('is not kept waiting by a head that trickles', async () => {
    const proxy = await lane({ ports: [1], ...limited({ headTimeout: '150ms' }) });
    const caller = await client(proxy.port);
    const trickle = setInterval(() => caller.send('x'), 5);
    caller.send('GET /');
    expect(await caller.end()).toContain('HTTP/1.1 408 ');
    clearInterval(trickle);
  });

  it('closes a silent connection after limits.idleTimeout, without a word', async () => {
    const raw = await server(answering(ok('one')));
    const proxy = await lane({ ports: [raw.port], ...limited({ idleTimeout: '60ms' }) });
    const silent = await client(proxy.port);
    expect(await silent.end()).toBe('');
    const used = await client(proxy.port);
    used.send(get());
    expect((await used.end()).endsWith('one')).toBe(true);
    expect(proxy.limitsReached).toEqual(['idle-timeout', 'idle-timeout']);
    expect(proxy.finished).toHaveLength(1);
  });

  it('waits for the next piece of a body no longer than limits.bodyTimeout', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], ...limited({ bodyTimeout: '80ms' }) });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 408 [\s\S]*limits\.bodyTimeout/);
    expect(proxy.finished[0]?.attempts[0]?.outcome).toBe('client-aborted');
    await until('the server to be let go', () => raw.open.size === 0);
    expect(proxy.limitsReached).toEqual(['body-timeout']);
  });

  it('keeps a client that stops taking its response no longer than limits.sendTimeout', async () => {
    const raw = await server(pouring());
    const proxy = await lane({ ports: [raw.port], ...limited({ sendTimeout: '300ms' }) });
    const caller = await client(proxy.port);
    caller.socket.pause();
    caller.send(get());
    await until('the request to be over', () => proxy.finished.length === 1);
    expect(proxy.finished[0]?.attempts[0]?.outcome).toBe('client-aborted');
    expect(proxy.limitsReached).toEqual(['send-timeout']);
    await until('the server to be let go', () => raw.open.size === 0);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
  });

  it('takes new limits and routes while it runs', async () => {
    const [raw, other] = [await server(answering(ok('first'))), await server(answering(ok('second')))];
    const proxy = await lane({ ports: [raw.port], otherPools: { other: [other.port] } });
    const caller = await client(proxy.port);
    caller.send(get());
    await caller.receives('first');
    proxy.listener.update({
      name: 'web',
      bind: { host: '127.0.0.1', port: 0 },
      trustForwarded: false,
      routes: [{ host: 'a', path: '/', pool: 'other' }],
      limits: {
        ...listenerLimits({}),
        headBytes: 1_024,
        headFields: 8,
        headTimeoutMs: 100,
        idleTimeoutMs: 100_000,
        bodyTimeoutMs: 100,
      },
    });
    caller.send(get());
    await caller.receives('second');
    caller.send('GET /x HTTP/1.1\r\nHost: b\r\n\r\n');
    await caller.receives('404 Not Found');
    await caller.receives('no route of listener "web" matches host "b" and path "/x"');
    caller.send(get('X: y\r\n'.repeat(8)));
    expect(await caller.end()).toContain('431 ');
  });
});

describe('a listener that stops', () => {
  it('finishes what runs, closes what is idle, and accepts nothing new', async () => {
    let release = (): void => {};
    const raw = await server(
      rawServer((socket) => {
        release = () => socket.write(ok('finished'));
      }),
    );
    const proxy = await lane({ ports: [raw.port] });
    const [idle, busy] = [await client(proxy.port), await client(proxy.port)];
    busy.send(get());
    await until('the request to reach the server', () => raw.received !== '');
    const stopped = proxy.listener.stop(10_000);
    await idle.end();
    await expect(client(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    release();
    const answer = await busy.end();
    expect(answer).toContain('Connection: close');
    expect(answer.endsWith('finished')).toBe(true);
    expect(await stopped).toBe(0);
    expect(proxy.listener.openConnections).toBe(0);
  });

  it('cuts what is unfinished when the time is up, and says how many', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port] });
    const callers = [await client(proxy.port), await client(proxy.port)];
    for (const caller of callers) caller.send(get());
    await until('both to reach the server', () => raw.open.size === 2);
    expect(await proxy.listener.stop(30)).toBe(2);
    await Promise.all(callers.map((caller) => caller.end()));
    expect(proxy.finished).toHaveLength(2);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
  });

  it('rejects to start on a port that is taken, with the code', async () => {
    const raw = await server(rawServer(() => {}));
    await expect(lane({ ports: [1], listener: { bind: `127.0.0.1:${raw.port}` } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
