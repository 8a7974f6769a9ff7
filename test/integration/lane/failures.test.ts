import { describe, expect, it } from 'vitest';
import type { Lane } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import {
  answering,
  exchangeBytes,
  freePort,
  ok,
  type RawServer,
  rawServer,
} from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const post = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody';
const put = post.replace('POST', 'PUT');

const outcomes = ({ finished }: Lane): string[][] =>
  finished.map((request) => request.attempts.map(({ server: name, outcome }) => `${name} ${outcome}`));

/** A server that does something other than answer, once a head is complete. */
const misbehaving = (act: (socket: Parameters<Parameters<typeof rawServer>[0]>[0]) => void) =>
  server(
    rawServer((socket, _text, connection) => {
      if (connection.text.includes('\r\n\r\n')) act(socket);
    }),
  );
const good = (): Promise<RawServer> => server(rawServer((socket) => socket.write(ok('good'))));

describe('a server that refuses connections', () => {
  it('is followed by another, whatever the method', async () => {
    for (const request of [get, post, put]) {
      const raw = await good();
      const proxy = await lane({ ports: [await freePort(), raw.port] });
      expect(await exchangeBytes(proxy.port, request)).toContain('x-ballast-attempts: 2');
      expect(outcomes(proxy)).toEqual([['api-1 connect-failed', 'api-2 responded']]);
      expect(proxy.finished[0]?.attempts[0]?.detail).toBe('connection refused');
      expect(raw.received.endsWith('body')).toBe(request !== get);
    }
  });

  it('and no other: 502 that says what was tried', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const proxy = await lane({ ports: [first, second] });
    const answer = await exchangeBytes(proxy.port, get);
    expect(answer).toMatch(
      /^HTTP\/1\.1 502 Bad Gateway\r\nDate: .*\r\nContent-Type: text\/plain; charset=utf-8\r\n/,
    );
    expect(answer).toContain(`attempt 1: api-1 (127.0.0.1:${first}): connection refused (`);
    expect(answer).toContain(`attempt 2: api-2 (127.0.0.1:${second}): connection refused (`);
    expect(answer).toContain('there was no other server to try');
    expect(proxy.finished[0]).toMatchObject({ status: 502 });
    expect(proxy.finished[0]?.error).toContain('connection refused');
  });

  it('says it in JSON to a client that prefers JSON', async () => {
    const proxy = await lane({ ports: [await freePort()] });
    const answer = await exchangeBytes(
      proxy.port,
      get.replace('Host: a', 'Host: a\r\nAccept: application/json, text/plain, */*'),
    );
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toContain('Content-Type: application/json');
    expect(JSON.parse(body ?? '')).toMatchObject({
      error: {
        status: 502,
        pool: 'api',
        request: 'r1',
        attempts: [{ server: 'api-1', outcome: 'connect-failed', detail: 'connection refused' }],
      },
    });
  });

  it('uses up no attempt, unless there is only one', async () => {
    const ports = [await freePort(), await freePort(), await freePort(), (await good()).port];
    const proxy = await lane({ ports, pool: { retry: { attempts: 2 } } });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 4');
    const single = await lane({ ports, pool: { retry: { attempts: 1 } } });
    expect(await exchangeBytes(single.port, get)).toContain('as many attempts as pool "api" allows');
    expect(single.finished[0]?.attempts).toHaveLength(1);
  });

  it('needs nothing of the retry budget: no server has more to do for it', async () => {
    const proxy = await lane({ ports: [await freePort(), (await good()).port] });
    proxy.pools.get('api')!.retriesLeft = 0;
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
  });
});

describe.each([
  [
    'resets the connection',
    (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy(),
    'connection reset',
  ],
  ['closes without a response', (socket: { end(): void }) => socket.end(), 'closed without a response'],
] as const)('a server that %s', (_what, act, detail) => {
  it('is followed by another for what may be repeated, body and all', async () => {
    for (const request of [get, put]) {
      const [bad, raw] = [await misbehaving(act), await good()];
      const proxy = await lane({ ports: [bad.port, raw.port] });
      expect(await exchangeBytes(proxy.port, request)).toContain('x-ballast-attempts: 2');
      expect(outcomes(proxy)).toEqual([['api-1 closed-before-response', 'api-2 responded']]);
      expect(proxy.finished[0]?.attempts[0]?.detail).toBe(detail);
      expect(raw.received.endsWith('body')).toBe(request === put);
    }
  });

  it('is not followed by another for POST: it may have taken effect', async () => {
    const [bad, raw] = [await misbehaving(act), await good()];
    const proxy = await lane({ ports: [bad.port, raw.port] });
    const answer = await exchangeBytes(proxy.port, post);
    expect(answer).toContain('HTTP/1.1 502');
    expect(answer).toContain('a POST request may have taken effect, so it is not sent twice');
    expect(raw.received).toBe('');
  });

  it('is followed by no more than retry.attempts says, and by none when the retry budget is used up', async () => {
    const ports = [(await misbehaving(act)).port, (await misbehaving(act)).port, (await good()).port];
    const proxy = await lane({ ports, pool: { retry: { attempts: 2 } } });
    expect(await exchangeBytes(proxy.port, get)).toContain('as many attempts as pool "api" allows');
    expect(proxy.finished[0]?.attempts).toHaveLength(2);
    proxy.pools.get('api')!.retriesLeft = 0;
    expect(await exchangeBytes(proxy.port, get.replace('/x', '/y'))).toContain('good');
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 [\s\S]*retry budget/);
  });

  it('is not followed by another when the body is too large to be kept', async () => {
    const [bad, raw] = [await misbehaving(act), await good()];
    const proxy = await lane({ ports: [bad.port, raw.port], pool: { retry: { bodyBytes: 3 } } });
    expect(await exchangeBytes(proxy.port, put)).toMatch(/^HTTP\/1\.1 502 [\s\S]*too large to be sent again/);
    expect(raw.received).toBe('');
  });
});

describe('a server that', () => {
  it('says nothing is timed out; what may be repeated goes elsewhere', async () => {
    const [silent, raw] = [await server(rawServer(() => {})), await good()];
    const proxy = await lane({ ports: [silent.port, raw.port], pool: { timeouts: { response: '500ms' } } });
    expect(await exchangeBytes(proxy.port, get)).toContain('x-ballast-attempts: 2');
    expect(proxy.finished[0]?.attempts[0]).toMatchObject({
      outcome: 'timed-out',
      detail: 'no response within 500ms',
    });
    await until('the silent connection to be closed', () => silent.open.size === 0);
  });

  it('says nothing and has no neighbour: 504', async () => {
    const silent = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [silent.port], pool: { timeouts: { response: '60ms' } } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(
      /^HTTP\/1\.1 504 Gateway Timeout[\s\S]*no response within 60ms/,
    );
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'a head that frames in two ways',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['a protocol switch nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['a broken first chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}`],
    ['a head that is too large', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`],
  ])('answers with %s is followed by another', async (_what, response) => {
    const [bad, raw] = [await misbehaving((socket) => socket.write(response)), await good()];
    const proxy = await lane({ ports: [bad.port, raw.port] });
    const answer = await exchangeBytes(proxy.port, get);
    expect(answer).toContain('x-ballast-attempts: 2');
    expect(answer.endsWith('good')).toBe(true);
    expect(outcomes(proxy)).toEqual([['api-1 failed-mid-response', 'api-2 responded']]);
    const alone = await lane({ ports: [bad.port] });
    expect(await exchangeBytes(alone.port, get)).toMatch(/^HTTP\/1\.1 502 /);
  });

  it.each([
    ['closes', 'Content-Length: 10', (socket: { end(): void }) => socket.end()],
    ['resets', 'Content-Length: 10', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
    ['closes between chunks', 'Transfer-Encoding: chunked', (socket: { end(): void }) => socket.end()],
    ['resets', 'X-Delimited-By: close', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
  ])('%s in the middle of a response (%s) cuts the client off', async (_what, framing, act) => {
    let release = (): void => {};
    const bad = await misbehaving((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n3\r\nabc\r\n`);
      release = () => act(socket);
    });
    const raw = await good();
    const proxy = await lane({ ports: [bad.port, raw.port] });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('abc');
    release();
    await until('the client to be cut off', () => caller.socket.destroyed);
    expect(caller.errorCode).toBe('ECONNRESET');
    await until('the request to be over', () => proxy.finished.length === 1);
    expect(outcomes(proxy)).toEqual([['api-1 failed-mid-response']]);
    expect(proxy.finished[0]?.status).toBe(200);
    expect(proxy.finished[0]?.error).toContain('part of the response had already been passed on');
    expect(raw.received).toBe('');
  });

  it.each(['handle', 'events'] as const)(
    'resets in the same moment as it writes does not pass for one that ended (%s)',
    async (readPath) => {
      // Data and RST are there at once: the system then tells the end before the error.
      const bad = await misbehaving((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-Delimited-By: close\r\n\r\nabc');
        socket.resetAndDestroy();
      });
      const proxy = await lane({ ports: [bad.port], readPath });
      for (let i = 0; i < 20; i++) await exchangeBytes(proxy.port, get);
      expect(new Set(outcomes(proxy).flat())).toEqual(new Set(['api-1 failed-mid-response']));
    },
  );

  it('stalls in the middle of a response cuts the client off', async () => {
    const bad = await misbehaving((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    );
    const proxy = await lane({ ports: [bad.port], pool: { timeouts: { response: '500ms' } } });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the client to be cut off', () => caller.socket.destroyed);
    expect(proxy.finished[0]?.error).toContain('no more of the response for 500ms');
  });

  it('answers with a status in retry.on is followed by another; the last answer stands', async () => {
    const busy = await server(answering('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'));
    const raw = await good();
    const proxy = await lane({ ports: [busy.port, raw.port], pool: { retry: { on: [503] } } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/x-ballast-attempts: 2[\s\S]*good$/);
    expect(proxy.finished[0]?.attempts[0]).toMatchObject({ outcome: 'responded', status: 503 });
    const alone = await lane({ ports: [busy.port], pool: { retry: { on: [503] } } });
    expect(await exchangeBytes(alone.port, get)).toMatch(/^HTTP\/1\.1 503 Busy[\s\S]*busy$/);
    expect(alone.finished[0]).toMatchObject({ status: 503, error: null });
    expect([proxy, alone].map(({ pools }) => pools.get('api')?.activeAttempts)).toEqual([0, 0]);
  });

  it('answers POST with a status in retry.on is believed', async () => {
    const busy = await misbehaving((socket) =>
      socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'),
    );
    const proxy = await lane({ ports: [busy.port, (await good()).port], pool: { retry: { on: [503] } } });
    expect(await exchangeBytes(proxy.port, post)).toContain('HTTP/1.1 503 Busy');
  });
});

describe('a client', () => {
  it('that goes away does not count against the server', async () => {
    const silent = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [silent.port] });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the request to reach the server', () => silent.open.size === 1);
    caller.socket.resetAndDestroy();
    await until('the connection to the server to be closed', () => silent.open.size === 0);
    expect(outcomes(proxy)).toEqual([['api-1 client-aborted']]);
    expect(proxy.finished[0]).toMatchObject({
      status: 0,
      error: expect.stringContaining('the client closed'),
    });
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    expect(proxy.listener.openConnections).toBe(0);
  });

  it('that goes away in the middle of its body is not taken for one that finished', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await until('the beginning to arrive', () => raw.received.includes('abc'));
    caller.socket.end();
    await until('the connection to the server to be closed', () => raw.open.size === 0);
    expect(raw.received).not.toContain('0\r\n\r\n');
    expect(outcomes(proxy)).toEqual([['api-1 client-aborted']]);
  });

  it('that breaks its chunks gets 400 and the server no end', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await until('the beginning to arrive', () => raw.received.includes('abc'));
    caller.send('zz\r\nSMUGGLED');
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 400 [\s\S]*chunk/);
    await until('the connection to the server to be closed', () => raw.open.size === 0);
    expect(raw.received).not.toContain('SMUGGLED');
  });
});
