import { describe, expect, it } from 'vitest';
import type { Lane, LaneOptions } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { exchangeBytes, freePort, ok, type RawServer, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const put = 'PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody';
const post = put.replace('PUT', 'POST');

const silent = (): Promise<RawServer> => server(rawServer(() => {}));
/** Milliseconds after it was asked, or what has to come first. */
type When = number | (() => Promise<unknown>);
const at = (when: When, act: () => void): void => {
  if (typeof when === 'number') setTimeout(act, when);
  else void when().then(act);
};
/** Answers then. */
const late = (when: When, response = ok('good')): Promise<RawServer> =>
  server(
    rawServer((socket, _text, connection) => {
      if (!connection.text.includes('\r\n\r\n')) return;
      connection.text = '';
      at(when, () => socket.write(response));
    }),
  );
const good = (): Promise<RawServer> => late(0);
/** Closes the connection then. */
const closing = (when: When): Promise<RawServer> =>
  server(rawServer((socket) => at(when, () => socket.end())));

const hedging = (ports: readonly number[], pool: LaneOptions['pool'] = {}, after = '40ms'): Promise<Lane> =>
  lane({ ports, pool: { ...pool, retry: { hedge: { after }, ...pool.retry } } });

/** How many requests have come on a connection. */
const asked = ({ text }: { readonly text: string }): number => text.split('\r\n\r\n').length - 1;

const fates = ({ finished }: Lane): string[][] =>
  finished.map(({ attempts }) =>
    attempts.map(({ server: name, outcome, hedge }) => `${name} ${outcome}${hedge ? ' hedge' : ''}`),
  );
const hasRequest = (one: RawServer): Promise<unknown> => until('it is asked', () => one.accepted > 0);
/** The lane has asked both, and one of them has failed. */
const oneFails = (proxy: Lane, beside: RawServer): Promise<unknown> =>
  hasRequest(beside).then(() => until('one has failed', () => active(proxy) === 1));
const active = ({ pools }: Lane): number => pools.get('api')!.activeAttempts;

describe('a request that takes long', () => {
  it('goes to a second server beside the first; whose head comes first is passed on', async () => {
    const slow = await silent();
    const proxy = await hedging([slow.port, (await good()).port]);
    for (const request of [get, put]) {
      const answer = await exchangeBytes(proxy.port, request);
      expect(answer).toMatch(
        /^HTTP\/1\.1 200 [\s\S]*x-ballast-server: api-2\r\nx-ballast-attempts: 2[\s\S]*good$/,
      );
      await until('the one that was overtaken to be closed', () => slow.open.size === 0);
      // In turn, so the next begins there too.
    }
    expect(fates(proxy)).toEqual([
      ['api-1 cancelled', 'api-2 responded hedge'],
      ['api-1 cancelled', 'api-2 responded hedge'],
    ]);
    expect(proxy.finished[0]!.attempts[0]!.detail).toBe('api-2 answered first');
    expect(active(proxy)).toBe(0);
  });

  it('is answered by the first after all where that is quicker', async () => {
    const beside = await silent();
    const proxy = await hedging([(await late(150)).port, beside.port]);
    expect(await exchangeBytes(proxy.port, get)).toMatch(/x-ballast-server: api-1\r\nx-ballast-attempts: 2/);
    expect(fates(proxy)).toEqual([['api-1 responded', 'api-2 cancelled hedge']]);
    await until('the other to be closed', () => beside.open.size === 0);
    expect(active(proxy)).toBe(0);
  });

  it('goes nowhere else while its answer comes in time', async () => {
    const proxy = await hedging([(await good()).port, (await good()).port], {}, '10s');
    await exchangeBytes(proxy.port, get);
    expect(fates(proxy)).toEqual([['api-1 responded']]);
  });

  it('carries its response on from the hedge to the end, and the connection serves further requests', async () => {
    const slow = await silent();
    const streams = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
        setTimeout(() => socket.write('3\r\ndef\r\n0\r\n\r\n'), 60);
      }),
    );
    const proxy = await hedging([slow.port, streams.port]);
    const caller = await client(proxy.port);
    for (let count = 1; count <= 3; count++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives('def\r\n0\r\n\r\n', count);
    }
    await until('all to be over', () => proxy.finished.length === 3);
    expect(proxy.finished.every(({ responseBytes, status }) => status === 200 && responseBytes === 6)).toBe(
      true,
    );
    expect(streams.accepted).toBe(1);
    expect(active(proxy)).toBe(0);
  });

  it('is hedged as often as `most` says, each time as much later', async () => {
    const ports = [(await silent()).port, (await silent()).port, (await good()).port];
    const proxy = await hedging(ports, { retry: { hedge: { after: '40ms', most: 2 } } });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 3');
    expect(fates(proxy)).toEqual([['api-1 cancelled', 'api-2 cancelled hedge', 'api-3 responded hedge']]);
    const once = await hedging(ports, { timeouts: { request: '200ms' } });
    expect(await exchangeBytes(once.port, get)).toMatch(/^HTTP\/1\.1 504 /);
    expect(fates(once)).toEqual([['api-1 timed-out', 'api-2 timed-out hedge']]);
    expect(active(once)).toBe(0);
  });

  it('is hedged so often altogether: a further attempt, behind those that failed, is not hedged again', async () => {
    const ports = [
      (await closing(200)).port,
      (await closing(60)).port,
      (await late(250)).port,
      (await good()).port,
    ];
    const proxy = await hedging(ports, { retry: { attempts: 5 } });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-server: api-3');
    expect(fates(proxy)).toEqual([
      ['api-1 closed-before-response', 'api-2 closed-before-response hedge', 'api-3 responded'],
    ]);
  });

  it('is hedged no more than retry.attempts allows', async () => {
    const ports = [(await silent()).port, (await good()).port];
    const proxy = await hedging(ports, { retry: { attempts: 1 }, timeouts: { response: '150ms' } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 504 /);
    expect(fates(proxy)).toEqual([['api-1 timed-out']]);
  });
});

describe('where an attempt beside another fails', () => {
  it('the other goes on', async () => {
    const beside = await closing(0);
    const first = await late(() => oneFails(proxy, beside));
    const proxy: Lane = await hedging([first.port, beside.port]);
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-server: api-1');
    expect(fates(proxy)).toEqual([['api-1 responded', 'api-2 closed-before-response hedge']]);
  });

  it('and it was the first, the hedge takes its place without a further attempt', async () => {
    const beside = await late(() => until('the first has failed', () => active(proxy) === 1));
    const first = await closing(() => hasRequest(beside));
    const proxy: Lane = await hedging([first.port, beside.port]);
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-server: api-2');
    expect(fates(proxy)).toEqual([['api-1 closed-before-response', 'api-2 responded hedge']]);
  });

  it('and then the other too, a third server is tried as ever', async () => {
    const proxy = await hedging([(await closing(300)).port, (await closing(100)).port, (await good()).port]);
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 3');
    expect(fates(proxy)).toEqual([
      ['api-1 closed-before-response', 'api-2 closed-before-response hedge', 'api-3 responded'],
    ]);
  });

  it('and nobody is left, the client gets 502 that tells of both', async () => {
    const proxy = await hedging([(await closing(250)).port, (await closing(0)).port]);
    const answer = await exchangeBytes(proxy.port, get);
    expect(answer).toMatch(/^HTTP\/1\.1 502 [\s\S]*attempt 1: api-1[\s\S]*attempt 2: api-2/);
    expect(active(proxy)).toBe(0);
  });

  it('with a status in retry.on, it is not passed on while the other runs', async () => {
    const busy = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy';
    const good = await late(() => until('the first has failed', () => active(first) === 1));
    const bad = await late(() => hasRequest(good), busy);
    const first: Lane = await hedging([bad.port, good.port], { retry: { on: [503] } });
    expect(await exchangeBytes(first.port, get)).toMatch(/ 200 [\s\S]*x-ballast-attempts: 2/);
    expect(first.finished[0]!.attempts[0]!.detail).toBe('status 503, left to the attempt beside it');
    const beside = await late(0, busy);
    const slow = await late(() => oneFails(second, beside));
    const second: Lane = await hedging([slow.port, beside.port], { retry: { on: [503] } });
    expect(await exchangeBytes(second.port, get)).toMatch(/ 200 [\s\S]*x-ballast-server: api-1/);
    expect(second.finished[0]!.attempts[1]).toMatchObject({ status: 503, outcome: 'responded', hedge: true });
    expect([active(first), active(second)]).toEqual([0, 0]);
  });

  it('because nobody listens there, the other goes on', async () => {
    const proxy = await hedging([(await late(500)).port, await freePort()]);
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-server: api-1');
    expect(fates(proxy)).toEqual([['api-1 responded', 'api-2 connect-failed hedge']]);
  });

  it('because a kept connection was closed under it, it goes again on a new one, every time', async () => {
    const beside = await server(
      rawServer((socket, _text, connection) => {
        if (asked(connection) === 1) socket.write(ok('good'));
        else socket.end();
      }),
    );
    const proxy = await hedging([(await silent()).port, beside.port]);
    const caller = await client(proxy.port);
    for (let count = 1; count <= 3; count++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives('good', count);
    }
    await until('all to be over', () => proxy.finished.length === 3);
    expect(fates(proxy)).toEqual(Array(3).fill(['api-1 cancelled', 'api-2 responded hedge']));
    expect(beside.accepted).toBe(3);
    expect(active(proxy)).toBe(0);
  });

  it('because a new connection was closed too, it goes nowhere else on that account', async () => {
    const beside = await server(
      rawServer((socket, _text, connection) => {
        if (asked(connection) === 1 && connection.index === 0) socket.write(ok('good'));
        else socket.end();
      }),
    );
    const first = await server(rawServer((socket) => void setTimeout(() => socket.write(ok('late')), 300)));
    const proxy = await hedging([first.port, beside.port]);
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('good');
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('late');
    await until('both to be over', () => proxy.finished.length === 2);
    expect(fates(proxy)[1]).toEqual(['api-1 responded', 'api-2 closed-before-response hedge']);
    expect(beside.accepted).toBe(2);
  });

  it('by the time that a response has, the limit is counted for each', async () => {
    const proxy = await hedging([(await silent()).port, (await silent()).port], {
      timeouts: { response: '150ms' },
    });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 504 /);
    expect(fates(proxy)).toEqual([['api-1 timed-out', 'api-2 timed-out hedge']]);
    expect(proxy.limitsReached).toEqual(['response-timeout', 'response-timeout']);
  });

  it('by its own timeout, each is timed by itself', async () => {
    const proxy = await hedging([(await silent()).port, (await silent()).port, (await good()).port], {
      timeouts: { attempt: '150ms' },
    });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 3');
    expect(fates(proxy)).toEqual([['api-1 timed-out', 'api-2 timed-out hedge', 'api-3 responded']]);
    // By nothing else: without a time of its own the hedge would have hung until timeouts.response was over.
    const [attempts] = proxy.finished.map((request) => request.attempts);
    for (const { detail } of attempts!.slice(0, 2))
      expect(detail).toBe('no response within the 150ms that an attempt has (timeouts.attempt)');
    expect(proxy.limitsReached).toEqual(['attempt-timeout', 'attempt-timeout']);
  });

  it('because each in turn is late, and none is left, the client gets 504', async () => {
    const proxy = await hedging(
      [(await silent()).port, (await silent()).port, (await silent()).port],
      { retry: { hedge: { after: '60ms', most: 2 }, attempts: 3 }, timeouts: { attempt: '160ms' } },
      '60ms',
    );
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 504 /);
    expect(fates(proxy)).toEqual([['api-1 timed-out', 'api-2 timed-out hedge', 'api-3 timed-out hedge']]);
    expect(proxy.limitsReached).toEqual(['attempt-timeout', 'attempt-timeout', 'attempt-timeout']);
    expect(active(proxy)).toBe(0);
  });
});

describe('what is not hedged', () => {
  it.each([
    ['a POST', post],
    [
      'a request for another protocol',
      get.replace('Connection: close', 'Connection: Upgrade\r\nUpgrade: echo'),
    ],
  ])('%s', async (_what, request) => {
    const proxy = await hedging([(await silent()).port, (await good()).port], {
      retry: { hedge: { after: '20ms' }, methods: ['GET', 'POST'], on: ['connect-failed'] },
      timeouts: { response: '200ms' },
    });
    const caller = await client(proxy.port);
    caller.send(request);
    await caller.receives(' 504 ');
    expect(fates(proxy)).toEqual([['api-1 timed-out']]);
  });

  it('a body that has not come in whole, until it has', async () => {
    const first = await silent();
    const beside = await good();
    const proxy = await hedging([first.port, beside.port]);
    const caller = await client(proxy.port);
    caller.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo');
    const since = performance.now();
    await until('longer than it takes', () => performance.now() - since > 120);
    expect(beside.accepted).toBe(0);
    caller.send('dy');
    await caller.receives('good');
    expect(beside.received.endsWith('body')).toBe(true);
  });

  it('a response that has begun', async () => {
    const slow = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslo');
        setTimeout(() => socket.write('w'), 150);
      }),
    );
    const proxy = await hedging([slow.port, (await good()).port], {}, '100ms');
    expect(await exchangeBytes(proxy.port, get)).toMatch(/slow$/);
    expect(fates(proxy)).toEqual([['api-1 responded']]);
  });

  it('anything, once the budget is used up', async () => {
    const proxy = await hedging([(await late(150)).port, (await good()).port]);
    proxy.pools.get('api')!.hedgesLeft = 0;
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-server: api-1');
    expect(fates(proxy)).toEqual([['api-1 responded']]);
  });
});

describe('a client that goes away', () => {
  it('ends both attempts, and neither server is blamed', async () => {
    const [one, two] = [await silent(), await silent()];
    const proxy = await hedging([one.port, two.port]);
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('both to be asked', () => one.received !== '' && two.received !== '');
    caller.socket.resetAndDestroy();
    await until('both connections to be closed', () => one.open.size + two.open.size === 0);
    expect(fates(proxy)).toEqual([['api-1 client-aborted', 'api-2 client-aborted hedge']]);
    expect(active(proxy)).toBe(0);
  });
});

describe('requests that share a connection', () => {
  it('are hedged one by one, and the others lose nothing by it', async () => {
    const slow = await late(250);
    const beside = await good();
    const proxy = await lane({
      ports: [slow.port, beside.port],
      pool: { batching: { mode: 'on', wait: '2s' }, retry: { hedge: { after: '40ms' } } },
    });
    const callers = await Promise.all(Array.from({ length: 8 }, () => client(proxy.port)));
    for (const caller of callers) caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const caller of callers) await caller.receives('good');
    await until('all to be over', () => proxy.finished.length === 8);
    expect(proxy.finished.every(({ status }) => status === 200)).toBe(true);
    await until('every attempt to be over', () => active(proxy) === 0);
  });
});
