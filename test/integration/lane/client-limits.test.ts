import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok, rawServer } from '../../support/raw-sockets.ts';
import { restsAt } from '../../support/rests-at.ts';
import { until } from '../../support/until.ts';

const limited = (limits: object) => ({ listener: { limits } });
const get = (path = '/', fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

describe('a listener that is full', () => {
  it('takes the place of a client only when that has been idle for a second', async () => {
    let now = 0;
    const raw = await server(answering(ok('x')));
    const clock = { ...systemClock, now: () => now };
    const proxy = await lane({ ports: [raw.port], clock, ...limited({ maxConnections: 1 }) });
    const first = await client(proxy.port);
    first.send(get());
    await first.receives('200 OK');
    now = 999;
    const tooSoon = await client(proxy.port);
    expect(await tooSoon.end()).toContain(' 503 ');
    tooSoon.close();
    await until('the newcomer to be gone', () => proxy.listener.openConnections === 1);
    expect(first.ended).toBe(false);
    now = 1_100;
    const second = await client(proxy.port);
    second.send(get());
    await second.receives('200 OK');
    await first.end();
    expect(proxy.limitsReached).toEqual(['max-connections', 'displaced-connections']);
  });
});

describe('a request target', () => {
  it('may be as long as limits.targetBytes, and longer ones get 414', async () => {
    const raw = await server(answering(ok('fits')));
    const proxy = await lane({ ports: [raw.port], ...limited({ targetBytes: 256 }) });
    const ending = 'Connection: close\r\n';
    expect(await exchangeBytes(proxy.port, get(`/${'x'.repeat(255)}`, ending))).toContain(' 200 OK');
    const answer = await exchangeBytes(proxy.port, get(`/${'x'.repeat(256)}`, ending));
    expect(answer).toMatch(/^HTTP\/1\.1 414 [\s\S]*limits\.targetBytes/);
    expect(proxy.limitsReached).toEqual(['target-bytes']);
  });
});

describe('a request body that trickles', () => {
  const slow = { bodyTimeout: '600ms', bodyBytesPerSecond: 10_000 };

  it('is refused when it is slower than limits.bodyBytesPerSecond, however regular', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], ...limited(slow) });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
    const trickle = setInterval(() => caller.send('x'), 5);
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 408 [\s\S]*limits\.bodyBytesPerSecond/);
    clearInterval(trickle);
    expect(proxy.limitsReached).toEqual(['body-rate']);
    expect(proxy.finished[0]?.attempts[0]?.outcome).toBe('client-aborted');
    await until('the server to be let go', () => raw.open.size === 0);
  });

  it('may take its time once the response has begun', async () => {
    const raw = await server(
      rawServer((socket, text, connection) => {
        if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n');
        if (connection.text.includes('end')) socket.write('done');
      }),
    );
    const proxy = await lane({ ports: [raw.port], ...limited(slow) });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n');
    await caller.receives('200 OK');
    for (let i = 0; i < 57; i++) {
      caller.send('x');
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    caller.send('end');
    expect((await caller.receives('done')).endsWith('done')).toBe(true);
    expect(proxy.limitsReached).toEqual([]);
  });

  it('is not blamed for what the server does not take', async () => {
    const raw = await server(
      rawServer(
        () => {},
        (socket) => {
          socket.pause();
          setTimeout(() => {
            let bytes = 0;
            socket.on('data', (piece) => {
              bytes += piece.length;
              if (bytes > 20_000_000) socket.write(ok('taken'));
            });
            socket.resume();
          }, 1_500);
        },
      ),
    );
    const proxy = await lane({
      ports: [raw.port],
      ...limited({ bodyTimeout: '600ms', bodyBytesPerSecond: 100_000 }),
    });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n');
    caller.send(Buffer.alloc(20_000_000));
    expect(await caller.receives('taken')).toContain('200 OK');
    expect(proxy.limitsReached).toEqual([]);
  });
});

describe('a request body that a server made wait', () => {
  it('has a whole stretch of time again once the server takes it, before it is too slow', async () => {
    let now = 0;
    const wakes: Socket[] = [];
    const raw = await server(
      rawServer(
        (socket, _text, { text }) => {
          if (text.endsWith('end')) socket.write(ok('taken'));
        },
        (socket) => {
          socket.pause();
          wakes.push(socket);
        },
      ),
    );
    const proxy = await lane({
      ports: [raw.port],
      clock: { ...systemClock, now: () => now },
      // As much as no client sends: whoever is measured over the time that the server slept is too slow.
      ...limited({ bodyTimeout: '200ms', bodyBytesPerSecond: 1_000_000_000 }),
    });
    const caller = await client(proxy.port);
    const bytes = 20_000_000;
    caller.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes + 3}\r\n\r\n`);
    caller.send(Buffer.alloc(bytes, 'x'));
    await until('the server to be there', () => wakes.length === 1);
    const rests = restsAt(() => caller.socket.bytesWritten);
    await until('the client to wait', rests);
    now = 10_000;
    for (const socket of wakes) socket.resume();
    await until('the server to have what there is', () => raw.received.length > bytes);
    const since = performance.now();
    await until('a moment in which it could be blamed', () => performance.now() - since > 600);
    caller.send('end');
    expect(await caller.receives('HTTP/1.1 ')).toContain('200 OK');
    expect(proxy.limitsReached).toEqual([]);
  });
});

describe('a client that takes its response slowly', () => {
  it('keeps its connection for as long as it takes some of it within limits.sendTimeout', async () => {
    const bytes = 20_000_000;
    const raw = await server(
      rawServer((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
        socket.write(Buffer.alloc(bytes, 'x'));
      }),
    );
    const proxy = await lane({ ports: [raw.port], ...limited({ sendTimeout: '4s' }) });
    const caller = await client(proxy.port);
    caller.socket.removeAllListeners('data');
    caller.socket.pause();
    caller.send(get('/', 'Connection: close\r\n'));
    let taken = 0;
    // A sip of what there is every 20 ms. The kernels on the way make room in steps of about a megabyte.
    const sip = (): boolean => {
      const piece: Buffer | null = caller.socket.read();
      taken += piece?.length ?? 0;
      return caller.ended;
    };
    await until('the whole response', sip);
    expect(taken).toBeGreaterThan(bytes);
    expect(proxy.limitsReached.filter((kind) => kind === 'send-timeout')).toEqual([]);
    expect(proxy.finished[0]).toMatchObject({ responseBytes: bytes, status: 200 });
  });
});

describe('chunk extensions and trailers', () => {
  const long = 'x'.repeat(300);

  it.each([
    ['extension', `5;${long}\r\nhello\r\n0\r\n\r\n`],
    ['trailer', `5\r\nhello\r\n0\r\nX: ${long}\r\n\r\n`],
  ])('larger than limits.trailerBytes are refused from a client: %s', async (_, body) => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], ...limited({ trailerBytes: 256 }) });
    const caller = await client(proxy.port);
    caller.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 431 [\s\S]*limits\.trailerBytes/);
    expect(proxy.limitsReached).toEqual(['trailer-bytes']);
  });

  it('larger than limits.trailerBytes break a response', async () => {
    const raw = await server(
      answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${long}\r\nhello\r\n0\r\n\r\n`),
    );
    const proxy = await lane({ ports: [raw.port], ...limited({ trailerBytes: 256 }) });
    const caller = await client(proxy.port);
    caller.send(get());
    expect(await caller.receives('502 Bad Gateway')).toContain('limits.trailerBytes');
    expect(proxy.limitsReached).toEqual(['trailer-bytes']);
  });
});

it('a server that announces without end gets no further than limits.interimResponses', async () => {
  const raw = await server(
    rawServer((socket) => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20))),
  );
  const proxy = await lane({ ports: [raw.port], ...limited({ interimResponses: 5 }) });
  const caller = await client(proxy.port);
  caller.send(get());
  const answer = await caller.receives('limits.interimResponses');
  expect(answer.split('103 Early Hints')).toHaveLength(6);
  expect(answer).toContain('502 Bad Gateway');
  expect(proxy.limitsReached).toEqual(['interim-responses']);
});

it('requests sent ahead are kept up to limits.pipelineBytes, and all of them are answered', async () => {
  let release = (): void => {};
  let held = true;
  const raw = await server(
    rawServer((socket, text) => {
      const answer = (): void => void socket.write(ok('x').repeat(text.split('\r\n\r\n').length - 1));
      if (!held) return answer();
      held = false;
      release = answer;
    }),
  );
  const proxy = await lane({ ports: [raw.port], ...limited({ pipelineBytes: 1_024 }) });
  const caller = await client(proxy.port);
  caller.send(get());
  await until('the first to reach the server', () => raw.received !== '');
  caller.send(get().repeat(100));
  await until('the client to be left unread', () => proxy.limitsReached.length > 0);
  release();
  await caller.receives('200 OK', 101);
  expect(proxy.limitsReached.every((kind) => kind === 'pipeline-bytes')).toBe(true);
});

it('a client that keeps its end of a finished connection open is left after limits.lingerTimeout', async () => {
  const raw = await server(answering(ok('bye')));
  const proxy = await lane({ ports: [raw.port], ...limited({ lingerTimeout: '80ms' }) });
  const caller = await client(proxy.port);
  // Refused: what comes behind it has to be read, or it would destroy the answer on its way.
  caller.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  expect(await caller.end()).toContain(' 400 ');
  await until('the connection to be closed', () => proxy.listener.openConnections === 0);
  expect(proxy.limitsReached).toEqual(['linger-timeout']);
});

it('a client that said its request is the last is not waited for', async () => {
  const raw = await server(answering(ok('bye')));
  const proxy = await lane({ ports: [raw.port], ...limited({ lingerTimeout: '60s' }) });
  const caller = await client(proxy.port);
  caller.send(get('/', 'Connection: close\r\n'));
  expect((await caller.end()).endsWith('bye')).toBe(true);
  await until('the connection to be closed', () => proxy.listener.openConnections === 0);
});
