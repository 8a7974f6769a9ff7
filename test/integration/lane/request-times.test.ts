import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answering, exchangeBytes, ok, type RawServer, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const open = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';

const silent = (): Promise<RawServer> => server(rawServer(() => {}));
const good = (): Promise<RawServer> => server(rawServer((socket) => socket.write(ok('good'))));
/** Closes every connection as soon as it is asked. */
const closing = (): Promise<RawServer> => server(rawServer((socket) => socket.end()));
const busy = (): Promise<RawServer> =>
  server(answering('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'));

/** A client whose request has failed once, and is tried again in up to a minute. */
async function waitingToRetry() {
  const raw = await closing();
  const proxy = await lane({
    ports: [raw.port, (await good()).port],
    pool: { retry: { backoff: { base: '60s', max: '60s' } } },
  });
  const caller = await client(proxy.port);
  caller.send(open);
  await until(
    'the first attempt to be over',
    () => raw.accepted === 1 && proxy.pools.get('api')!.activeAttempts === 0,
  );
  return { proxy, caller };
}

describe('timeouts.attempt', () => {
  it('ends an attempt that goes on with interim responses, and another follows', async () => {
    const chatty = await server(
      rawServer((socket) => {
        const talk = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(talk));
      }),
    );
    const proxy = await lane({
      ports: [chatty.port, (await good()).port],
      pool: { timeouts: { attempt: '150ms' } },
    });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
    expect(proxy.finished[0]!.attempts[0]).toEqual({
      server: 'api-1',
      outcome: 'timed-out',
      status: 0,
      detail: 'no response within the 150ms that an attempt has (timeouts.attempt)',
    });
    expect(proxy.limitsReached).toEqual(['attempt-timeout']);
    await until('its connection to be closed', () => chatty.open.size === 0);
  });

  it('does not run while the client still sends its request', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.endsWith('body')) socket.write(ok('good'));
      }),
    );
    const proxy = await lane({ ports: [raw.port], pool: { timeouts: { attempt: '60ms' } } });
    const caller = await client(proxy.port);
    caller.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nslow');
    const since = performance.now();
    await until('longer than an attempt has', () => performance.now() - since > 150);
    caller.send('body');
    await caller.receives('good');
    expect(proxy.limitsReached).toEqual([]);
  });

  it('says nothing of a response that has begun', async () => {
    const slow = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslo');
        setTimeout(() => socket.write('w'), 200);
      }),
    );
    const proxy = await lane({
      ports: [slow.port],
      pool: { timeouts: { attempt: '80ms', request: '100ms' } },
    });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 200 [\s\S]*slow$/);
  });
});

describe('timeouts.request', () => {
  it('is for all attempts together: 504 says so, and who had next to no time is not blamed', async () => {
    const ports = [(await silent()).port, (await silent()).port, (await good()).port];
    const proxy = await lane({ ports, pool: { timeouts: { attempt: '300ms', request: '400ms' } } });
    const answer = await exchangeBytes(proxy.port, get);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(answer).toContain('no response within the 400ms that a request has altogether (timeouts.request)');
    expect(proxy.finished[0]!.attempts).toMatchObject([
      { server: 'api-1', outcome: 'timed-out' },
      { server: 'api-2', outcome: 'timed-out', spared: true },
    ]);
    expect(proxy.finished[0]!.attempts[0]!.spared).toBe(undefined);
    expect(proxy.limitsReached).toEqual(['attempt-timeout', 'request-timeout']);
    expect(proxy.pools.get('api')!.activeAttempts).toBe(0);
  });

  it('blames the server that had most of it', async () => {
    const proxy = await lane({ ports: [(await silent()).port], pool: { timeouts: { request: '100ms' } } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 504 /);
    expect(proxy.finished[0]!.attempts).toEqual([
      {
        server: 'api-1',
        outcome: 'timed-out',
        status: 0,
        detail: 'no response within the 100ms that a request has altogether (timeouts.request)',
      },
    ]);
  });

  it('begins anew with every request of a connection', async () => {
    const clock = manualClock();
    const raw = await server(answering(ok('good')));
    const proxy = await lane({ ports: [raw.port], clock, pool: { timeouts: { request: '1s' } } });
    const caller = await client(proxy.port);
    for (let count = 1; count <= 3; count++) {
      caller.send(open);
      await caller.receives('good', count);
      await clock.advance(700);
    }
    expect(proxy.finished.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe('retry.backoff', () => {
  const backoff = { base: '200ms', max: '300ms' };

  it('waits before each retry, twice as long each time up to max', async () => {
    const clock = manualClock();
    const bad = [await closing(), await closing(), await closing()];
    const ports = [...bad.map(({ port }) => port), (await good()).port];
    const proxy = await lane({ ports, clock, pool: { retry: { attempts: 4, backoff } } });
    const caller = await client(proxy.port);
    caller.send(open);
    for (const [index, ms] of [200, 300, 300].entries()) {
      await until(
        'the attempt before to have failed',
        () => bad[index]!.accepted === 1 && clock.pending > 0 && proxy.pools.get('api')!.activeAttempts === 0,
      );
      await clock.advance(ms - 21);
      expect(proxy.pools.get('api')!.startedAttempts).toBe(index + 1);
      await clock.advance(41);
      expect(proxy.pools.get('api')!.startedAttempts).toBe(index + 2);
    }
    await caller.receives('good');
    expect(proxy.finished[0]!.attempts).toHaveLength(4);
  });

  it('does not wait where nobody listens: the next server is asked at once', async () => {
    const gone = await good();
    await gone.close();
    const clock = manualClock();
    const proxy = await lane({
      ports: [gone.port, (await good()).port],
      clock,
      pool: { retry: { backoff } },
    });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
  });

  it('gives a response up for it only where there is another server; otherwise that stands', async () => {
    const retry = { on: [503], backoff: { base: '20ms' } };
    const alone = await lane({ ports: [(await busy()).port], pool: { retry } });
    expect(await exchangeBytes(alone.port, get)).toMatch(/^HTTP\/1\.1 503 Busy[\s\S]*busy$/);
    const proxy = await lane({ ports: [(await busy()).port, (await good()).port], pool: { retry } });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
  });

  it('does not wait longer than the request has time', async () => {
    const proxy = await lane({
      ports: [(await closing()).port, (await good()).port],
      pool: { retry: { backoff: { base: '60s', max: '60s' } }, timeouts: { request: '10s' } },
    });
    expect(await exchangeBytes(proxy.port, get)).toMatch(
      /^HTTP\/1\.1 502 [\s\S]*no time left for another attempt/,
    );
  });

  it('is over with the time of the request, where both end together', async () => {
    const clock = manualClock();
    const raw = await closing();
    const proxy = await lane({
      ports: [raw.port, (await good()).port],
      clock,
      pool: { retry: { backoff: { base: '95ms', max: '95ms' } }, timeouts: { request: '100ms' } },
    });
    const caller = await client(proxy.port);
    caller.send(open);
    await until(
      'the first attempt to be over',
      () => raw.accepted === 1 && proxy.pools.get('api')!.activeAttempts === 0,
    );
    await clock.advance(140);
    await caller.receives('there was no time left for another attempt');
    expect(caller.text).toMatch(/^HTTP\/1\.1 504 /);
    expect(proxy.pools.get('api')!.startedAttempts).toBe(1);
    expect(proxy.pools.get('api')!.retriesLeft).toBe(Number.POSITIVE_INFINITY);
  });

  it('is none where none is asked for: the next attempt does not even wait for a turn of the wheel', async () => {
    const proxy = await lane({
      ports: [(await closing()).port, (await good()).port],
      clock: manualClock(),
      pool: { timeouts: { request: '10s' } },
    });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
  });

  it('ends with the client that goes away, whom nobody blames', async () => {
    const { proxy, caller } = await waitingToRetry();
    caller.socket.resetAndDestroy();
    await until('the request to be over', () => proxy.finished.length === 1);
    expect(proxy.finished[0]).toMatchObject({ status: 0, attempts: [{ outcome: 'closed-before-response' }] });
    expect(proxy.pools.get('api')!.startedAttempts).toBe(1);
  });

  it('is cut short by a listener that stops', async () => {
    const { proxy, caller } = await waitingToRetry();
    expect(await proxy.stop(20)).toBe(1);
    await caller.end();
  });

  it('goes on reading what comes of the body meanwhile, and sends all of it', async () => {
    const bad = await closing();
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.endsWith('later')) socket.write(ok('good'));
      }),
    );
    const clock = manualClock();
    const proxy = await lane({ ports: [bad.port, raw.port], clock, pool: { retry: { backoff } } });
    const caller = await client(proxy.port);
    caller.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nnow');
    await until(
      'the first attempt to be over',
      () => bad.accepted === 1 && proxy.pools.get('api')!.activeAttempts === 0,
    );
    caller.send('later');
    await until('the rest to be kept', () => proxy.listener.keptBytes === 8);
    await clock.advance(400);
    await caller.receives('good');
    expect(raw.received.endsWith('nowlater')).toBe(true);
  });
});
