import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { type ActiveHealthCheck, runProbe } from '../../../main/engine/health/probe.ts';
import { poolConfig } from '../../support/engine-kit.ts';
import {
  field,
  frame,
  type OddServer,
  oddAct,
  oddServer,
  ok,
  serving,
  settings,
} from '../../support/odd-servers.ts';
import { seededRandom } from '../../support/random.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

let server: OddServer | undefined;
afterEach(() => server?.close());

type CheckInput = NonNullable<Parameters<typeof poolConfig>[0]['healthCheck']>;

function checkOf(input: CheckInput): ActiveHealthCheck {
  const { healthCheck } = poolConfig({ servers: [{ address: '127.0.0.1:3001' }], healthCheck: input });
  if (healthCheck.type === 'none') throw new Error('no check');
  return healthCheck;
}

async function probe(act: (socket: Socket) => void, check: ActiveHealthCheck) {
  server = await oddServer(act);
  const result = await runProbe(check, { host: '127.0.0.1', port: server.port }, systemClock);
  const { open } = server;
  await until('nothing is left of it', () => open.size === 0);
  return result;
}

const http = (more: object = {}) => checkOf({ type: 'http', timeout: '20s', ...more });
const grpc = (more: object = {}) => checkOf({ type: 'grpc', timeout: '20s', ...more });
const endStream = 5;
const trailers = frame(1, endStream, 1, field('grpc-status', '0'));

describe('a probe of HTTP', () => {
  const says =
    (text: string, end: (socket: Socket) => void = () => {}) =>
    (socket: Socket) =>
      socket.write(text, 'latin1', () => end(socket));
  const reset = (socket: Socket) => socket.resetAndDestroy();
  const head = 'HTTP/1.1 200 OK\r\n';

  it.each<[string, (socket: Socket) => void, string | RegExp, object?]>([
    ['a field of 100 kB', says(`${head}x: ${'y'.repeat(100_000)}\r\n\r\n`), 'the answer was no HTTP'],
    [
      'two lengths',
      says(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`),
      'the answer was no HTTP',
    ],
    [
      'a status of 000',
      says('HTTP/1.1 000 ?\r\n\r\n', (s) => s.end()),
      /^(the answer was no HTTP|0, expected)/,
    ],
    [
      'a chunk of no size',
      says(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
      '200, but its body is malformed',
    ],
    [
      'a chunk of no size, long after the head',
      (socket) => {
        const more = () => socket.writable && socket.write('zz\r\n');
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, () => setImmediate(more));
      },
      '200, but its body is malformed',
    ],
    [
      'a status that is not expected, with a chunk of no size',
      says('HTTP/1.1 503 ?\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
      '503, expected 2xx or 3xx',
    ],
    [
      'trailers that are none',
      says(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nno trailer\r\n\r\n`),
      '200, but its body is malformed',
    ],
    [
      'a reset in the middle',
      says(`${head}Content-Length: 9\r\n\r\nok`, reset),
      /^(200, but the response broke off|connection reset)$/,
    ],
    ['a reset in the head', says('HTTP/1.1 2', reset), 'connection reset'],
    [
      'half a head, and its end',
      says('HTTP/1.1 200 OK\r\nx', (s) => s.end()),
      /^(connection reset|the answer was no HTTP)$/,
    ],
    [
      'a flood of 1xx',
      (socket) => {
        const flood = () =>
          socket.writable && socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50), flood);
        flood();
      },
      'more than 100 responses with a status of 1xx',
    ],
    [
      'a protocol nobody asked for',
      says('HTTP/1.1 101 ?\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc', reset),
      '101, expected 2xx or 3xx',
    ],
  ])('fails at %s, with words', async (_, act, detail, more) => {
    const result = await probe(act, http(more));
    expect(result).toMatchObject({ succeeded: false, connected: true, ownFault: false });
    expect(result.detail).toMatch(typeof detail === 'string' ? new RegExp(`^${detail}$`) : detail);
  });

  it('takes trailers, 1xx and a half-closed connection for what they are', async () => {
    const text = `HTTP/1.1 103 Early Hints\r\n\r\n${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n__proto__: y\r\n\r\n`;
    const result = await probe(
      says(text, (socket) => socket.end()),
      http({ body: { contains: 'ok' } }),
    );
    expect(result).toMatchObject({ succeeded: true, detail: '200, its body contains "ok"' });
  });

  it('fails where looking at the body throws, with what was thrown', async () => {
    const odd = { ...http(), body: { matches: '(', bytes: 1_000 } } as ActiveHealthCheck;
    const result = await probe(says(`${head}Content-Length: 2\r\n\r\nok`), odd);
    expect(result).toMatchObject({ succeeded: false, connected: true });
    expect(result.detail).toMatch(/paren|\(/);
  });

  it('fails where looking at the status throws', async () => {
    const odd = { ...http(), expect: null } as unknown as ActiveHealthCheck;
    const result = await probe(says(`${head}Content-Length: 2\r\n\r\nok`), odd);
    expect(result).toMatchObject({ succeeded: false, connected: true });
  });
});

describe('a probe of gRPC', () => {
  const says =
    (...frames: Buffer[]) =>
    (socket: Socket) =>
      socket.write(Buffer.concat([settings, ...frames]));
  const answer = [frame(1, 4, 1, ok), frame(0, 0, 1, serving), trailers];

  it.each<[string, Buffer[]]>([
    ['ALTSVC', [frame(10, 0, 0, [0x39, 0x4f, 0x4c])]],
    ['ALTSVC of the call', [frame(10, 0, 1, [])]],
    ['ORIGIN', [frame(12, 0, 0, [0xd9, 0x3a, 1])]],
    ['a frame of tomorrow', [frame(200, 255, 9, Buffer.alloc(10_000))]],
  ])('is not ended, nor its process, by a bad %s, before or behind the answer', async (_, odd) => {
    expect((await probe(says(...odd, ...answer), grpc())).detail).toBe('SERVING');
    expect((await probe(says(...answer, ...odd), grpc())).detail).toBe('SERVING');
    // The call is over at once, and more comes behind it.
    const result = await probe(says(frame(1, endStream, 1, ok), ...odd, ...odd), grpc());
    expect(result).toMatchObject({ succeeded: false, detail: 'status 200, the answer was no gRPC' });
  });

  it.each<[string, Buffer[], RegExp]>([
    ['a status that is none', [frame(1, endStream, 1, field(':status', 'abc'))], /PROTOCOL|no HTTP\/2/],
    ['no status', [frame(1, endStream, 1, field('grpc-status', '0'))], /PROTOCOL|no HTTP\/2/],
    ['a goodbye with an error', [frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 11])], /./],
    [
      'two codes',
      [frame(1, endStream, 1, Buffer.concat([ok, field('grpc-status', '0'), field('grpc-status', '9')]))],
      /./,
    ],
  ])('fails at %s, with words', async (_, frames, detail) => {
    const result = await probe(says(...frames), grpc());
    expect(result).toMatchObject({ succeeded: false, connected: true, ownFault: false });
    expect(result.detail).toMatch(detail);
  });

  it.each<[string, Buffer]>([
    ['data before the head', frame(0, 0, 1, serving)],
    ['settings of three bytes', frame(4, 0, 0, [0, 1, 2])],
    ['a head that cannot be read', frame(1, 4, 1, [0xff, 0xff, 0xff])],
    ['a promise nobody wants', frame(5, 4, 1, [0, 0, 0, 2, 0x88])],
  ])('fails at %s, at once or by its timeout, as the Node at hand sees it', async (_, odd) => {
    const result = await probe(says(odd), grpc({ timeout: '100ms' }));
    expect(result).toMatchObject({ succeeded: false, connected: true });
    expect(result.detail).toMatch(/^no answer within 100ms$|no HTTP\/2|NGHTTP2/);
  });

  it('reads frames in whatever pieces they come', async () => {
    const all = Buffer.concat([settings, frame(77, 0, 0, [1, 2, 3]), ...answer]);
    const result = await probe((socket) => {
      let at = 0;
      const next = (): void => {
        if (at === all.length) return;
        at += 1;
        socket.write(all.subarray(at - 1, at), () => setImmediate(next));
      };
      next();
    }, grpc());
    expect(result.detail).toBe('SERVING');
  });

  it('fails at a flood of frames without an answer', async () => {
    const result = await probe((socket) => {
      socket.write(settings);
      const flood = (): void => {
        if (socket.writable) socket.write(frame(77, 0, 0, Buffer.alloc(10_000)), flood);
      };
      flood();
    }, grpc());
    expect(result).toMatchObject({ succeeded: false, detail: 'more than 262144 bytes came, and no answer' });
  });

  it('fails where judging the answer throws', async () => {
    let reads = 0;
    const odd = {
      ...grpc(),
      get service() {
        reads += 1;
        if (reads > 1) throw new Error('read once too often');
        return '';
      },
    } as ActiveHealthCheck;
    const result = await probe(says(...answer), odd);
    expect(result).toMatchObject({ succeeded: false, connected: true, detail: 'read once too often' });
  });
});

describe('whatever a server says', () => {
  const seed = Number(process.env.BALLAST_PROBE_SEED ?? 1);
  const probes = Number(process.env.BALLAST_PROBES ?? 600);

  // Many of them wait for their timeout.
  const testTimeout = 30_000 + probes * 50;

  it(`a probe ends with a result, and leaves nothing (seed ${seed})`, { timeout: testTimeout }, async () => {
    const random = seededRandom(seed);
    server = await oddServer(oddAct(random));
    const { port, open } = server;
    const timeout = '50ms';
    const body = { contains: 'ok' };
    const checks = [
      grpc({ timeout }),
      grpc({ timeout, service: 'a.B' }),
      http({ timeout }),
      http({ timeout, body }),
    ];
    let left = probes;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (left-- > 0) {
          const check = checks[Math.floor(random() * checks.length)]!;
          const { detail } = await runProbe(check, { host: '127.0.0.1', port }, systemClock);
          expect(detail).not.toBe('');
          expect(detail).not.toMatch(/undefined|null|Cannot|after a stream/);
        }
      }),
    );
    await until('nothing is left of them', () => open.size === 0);
  });
});
