import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi';

/** Writes one piece after the other, a while apart. */
function paced(pieces: readonly string[], everyMs: number) {
  return server(
    rawServer((socket) => {
      const left = [...pieces];
      const timer = setInterval(() => {
        const piece = left.shift();
        if (piece === undefined || socket.destroyed) clearInterval(timer);
        else socket.write(piece);
      }, everyMs);
    }),
  );
}

describe.each(['handle', 'events'] as const)('the head of a response, read by %s,', (readPath) => {
  it('has to be whole within timeouts.response, however regularly its bytes come', async () => {
    const raw = await paced([...ok('late')], 40);
    const proxy = await lane({ ports: [raw.port], readPath, pool: { timeouts: { response: '400ms' } } });
    const started = performance.now();
    expect(await exchangeBytes(proxy.port, get)).toMatch(
      /^HTTP\/1\.1 504 [\s\S]*no whole response head within 400ms/,
    );
    // All of it would take 1.7 s.
    expect(performance.now() - started).toBeLessThan(1_600);
    expect(proxy.limitsReached).toEqual(['response-timeout']);
    await until('the connection to be closed', () => raw.open.size === 0);
  });

  it('has as long again after an interim response', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    const raw = await paced([hint, hint, hint, hint, hint, hint, ok('in time')], 300);
    const proxy = await lane({ ports: [raw.port], readPath, pool: { timeouts: { response: '1500ms' } } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/HTTP\/1\.1 200 OK[\s\S]*in time$/);
  });

  it('is followed by a body that has as long again for each of its pieces', async () => {
    const raw = await paced([ok('123456').slice(0, -6), '1', '2', '3', '4', '5', '6'], 300);
    const proxy = await lane({ ports: [raw.port], readPath, pool: { timeouts: { response: '1500ms' } } });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/123456$/);
    const stuck = await paced([ok('123456').slice(0, -6)], 1);
    const short = await lane({ ports: [stuck.port], readPath, pool: { timeouts: { response: '100ms' } } });
    const caller = await client(short.port);
    caller.send(get);
    await caller.end();
    expect(caller.errorCode).toBe('ECONNRESET');
    expect(short.finished[0]?.attempts[0]?.detail).toBe('no more of the response for 100ms');
  });

  it.each([
    ['response-head-bytes', `X: ${'y'.repeat(40_000)}\r\n`],
    ['response-head-fields', 'X: y\r\n'.repeat(200)],
  ])('that is over a limit is counted (%s)', async (kind, fields) => {
    const raw = await server(answering(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`));
    const proxy = await lane({ ports: [raw.port], readPath });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.limitsReached).toEqual([kind]);
  });
});

describe('RFC 9110 section 9.2.2: a request that fails', () => {
  const failing = (before: string) =>
    server(
      rawServer((socket, text) => {
        if (!text.includes('HTTP/1.1')) return;
        if (before === '') socket.resetAndDestroy();
        else socket.write(before, () => socket.end());
      }),
    );

  it.each([
    ['after nothing', ''],
    ['after 100 (Continue)', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['after 102 (Processing)', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['after 103 (Early Hints)', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'],
  ])('%s is tried again by itself where its method is idempotent, and only there', async (_what, before) => {
    const [bad, good] = [await failing(before), await server(answering(ok('good')))];
    const proxy = await lane({ ports: [bad.port, good.port] });
    expect(await exchangeBytes(proxy.port, get)).toMatch(/good$/);
    const other = await lane({ ports: [bad.port, good.port] });
    expect(await exchangeBytes(other.port, post)).toMatch(/HTTP\/1\.1 502 [\s\S]*is not sent twice/);
    expect(good.received).not.toContain('POST');
  });

  it('after an interim response whose meaning nobody knows is not', async () => {
    const [bad, good] = [
      await failing('HTTP/1.1 104 Upload Resumption\r\nLocation: /here\r\n\r\n'),
      await server(answering(ok('good'))),
    ];
    const proxy = await lane({ ports: [bad.port, good.port] });
    expect(await exchangeBytes(proxy.port, get)).toMatch(
      /^HTTP\/1\.1 104 [\s\S]*HTTP\/1\.1 502 [\s\S]*an interim response that may speak of this server alone/,
    );
    expect(good.received).toBe('');
  });
});

describe('RFC 9112 section 9.3.1: a kept connection that the server closes when a request comes', () => {
  /** Answers the first request of each connection, and closes it at the second. */
  const closing = () =>
    server(
      rawServer((socket, _text, connection) => {
        const requests = connection.text.split('\r\n\r\n').length - 1;
        if (requests > 1) socket.resetAndDestroy();
        else if (requests === 1) socket.write(ok('good'));
      }),
    );

  it('is replaced by a new one where the request may be sent twice', async () => {
    const raw = await closing();
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    for (let i = 1; i <= 5; i++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives('good', i);
    }
    expect(proxy.finished.every(({ attempts }) => attempts.length === 1)).toBe(true);
    expect(raw.accepted).toBe(5);
  });
});
