import diagnostics from 'node:diagnostics_channel';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { checkRequest, servingStatusIn } from '../../../main/engine/health/grpc-health-message.ts';
import { runProbe } from '../../../main/engine/health/probe.ts';
import { poolConfig } from '../../support/engine-kit.ts';
import { answerCode, answerStatus, type GrpcCall, grpcServer } from '../../support/grpc-health-server.ts';

vi.setConfig({ testTimeout: 60_000 });

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

type Input = NonNullable<Parameters<typeof poolConfig>[0]['healthCheck']>;

function probe(port: number, input: Partial<Extract<Input, { type: 'grpc' }>> = {}, host = '127.0.0.1') {
  const healthCheck: Input = { type: 'grpc', timeout: '20s', ...input };
  const check = poolConfig({ servers: [{ address: '127.0.0.1:3001' }], healthCheck }).healthCheck;
  if (check.type === 'none') throw new Error('no check');
  return runProbe(check, { host, port }, systemClock);
}

async function serving(answer: (call: GrpcCall) => void) {
  const server = await grpcServer(answer);
  open.push(server);
  return server;
}

async function listening(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a gRPC probe', () => {
  it('calls Health/Check for its service and takes SERVING for success', async () => {
    const server = await serving(({ stream }) => answerStatus(stream, 1));
    expect(await probe(server.port, { service: 'shop.v1.Orders', host: 'orders.test' })).toEqual({
      succeeded: true,
      connected: true,
      ownFault: false,
      detail: 'SERVING',
    });
    const [call] = server.calls;
    expect(call).toMatchObject({
      path: '/grpc.health.v1.Health/Check',
      headers: {
        ':method': 'POST',
        ':authority': 'orders.test',
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': '20000m',
      },
    });
    expect(call!.message.toString('latin1')).toBe('\0\0\0\0\x10\x0a\x0eshop.v1.Orders');
  });

  it('asks for the server as a whole with an empty message', async () => {
    const server = await serving(({ stream }) => answerStatus(stream, 1));
    expect((await probe(server.port)).succeeded).toBe(true);
    expect([...server.calls[0]!.message]).toEqual([0, 0, 0, 0, 0]);
    expect(server.calls[0]!.headers[':authority']).toBe(`127.0.0.1:${server.port}`);
  });

  it.each<[string, (call: GrpcCall) => void, string]>([
    ['UNKNOWN', ({ stream }) => answerStatus(stream, 0), 'UNKNOWN, expected SERVING'],
    ['NOT_SERVING', ({ stream }) => answerStatus(stream, 2), 'NOT_SERVING, expected SERVING'],
    [
      'SERVICE_UNKNOWN',
      ({ stream }) => answerStatus(stream, 3),
      'SERVICE_UNKNOWN: it does not know service a.B',
    ],
    ['a status of the future', ({ stream }) => answerStatus(stream, 9), 'unknown serving status 9'],
    [
      'NOT_FOUND',
      ({ stream }) => answerCode(stream, '5', 'unknown service'),
      'NOT_FOUND: it does not know service a.B',
    ],
    [
      'UNIMPLEMENTED',
      ({ stream }) => answerCode(stream, '12'),
      'UNIMPLEMENTED: it has no grpc.health.v1.Health service; add one, or write type: tcp',
    ],
    ['another code', ({ stream }) => answerCode(stream, '14', 'warming%20up'), 'UNAVAILABLE: warming up'],
    ['SERVING and a bad code', ({ stream }) => answerStatus(stream, 1, { code: '13' }), 'INTERNAL'],
    [
      'no gRPC at all',
      ({ stream }) => {
        stream.respond({ ':status': 404, 'content-type': 'text/html' });
        stream.end('<h1>what?</h1>');
      },
      'status 404, the answer was no gRPC',
    ],
    [
      'a message that is none',
      ({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end('hi');
      },
      'the answer was no HealthCheckResponse',
    ],
    [
      'without end',
      ({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.alloc(10_000));
      },
      'status 200, the answer was no gRPC',
    ],
    ['a reset', ({ stream }) => stream.close(2), 'Stream closed with error code NGHTTP2_INTERNAL_ERROR'],
    ['a closed session', ({ stream }) => stream.session?.destroy(), 'closed before it answered'],
  ])('fails at a server that answers %s', async (_, answer, detail) => {
    const server = await serving(answer);
    const result = await probe(server.port, { service: 'a.B' });
    expect([result.succeeded, result.connected]).toEqual([false, true]);
    expect(result.detail).toBe(detail);
  });

  it('gives up after its timeout', async () => {
    const server = await serving(() => {});
    expect(await probe(server.port, { timeout: '50ms' })).toMatchObject({
      succeeded: false,
      detail: 'no answer within 50ms',
    });
  });

  it('fails where nobody listens, and says that it reached nobody', async () => {
    const port = await listening(createServer());
    open.pop()!.close();
    expect(await probe(port)).toEqual({
      succeeded: false,
      connected: false,
      ownFault: false,
      detail: 'connection refused',
    });
  });

  it('opens no connection for an address that no request can be written for', async () => {
    let sockets = 0;
    const count = (): void => {
      sockets += 1;
    };
    diagnostics.subscribe('net.client.socket', count);
    try {
      const { succeeded, detail } = await probe(1, {}, 'fe80::1%lo');
      expect([succeeded, detail, sockets]).toEqual([false, 'Invalid URL', 0]);
      await probe(1);
      expect(sockets).toBe(1);
    } finally {
      diagnostics.unsubscribe('net.client.socket', count);
    }
  });

  it('fails at a server that speaks HTTP/1.1 only', async () => {
    const port = await listening(createHttpServer((_, response) => response.end('hello')));
    const { succeeded, connected, detail } = await probe(port);
    expect({ succeeded, connected }).toEqual({ succeeded: false, connected: true });
    expect(detail).toMatch(/no HTTP\/2|connection reset|closed before/);
  });
});

describe('the messages of a gRPC health check', () => {
  it('writes the length of a long name in two bytes', () => {
    const message = checkRequest('s'.repeat(200));
    expect([...message.subarray(0, 9)]).toEqual([0, 0, 0, 0, 203, 0x0a, 200, 1, 115]);
    expect(message.length).toBe(208);
  });

  it.each<[string, number[], number | null]>([
    ['nothing', [], null],
    ['an empty message', [0, 0, 0, 0, 0], 0],
    ['SERVING', [0, 0, 0, 0, 2, 8, 1], 1],
    ['unknown fields before it', [0, 0, 0, 0, 8, 0x12, 1, 65, 0x18, 0x80, 1, 8, 2], 2],
    ['fixed fields', [0, 0, 0, 0, 16, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2d, 1, 2, 3, 4, 8, 1], 1],
    ['a compressed one', [1, 0, 0, 0, 2, 8, 1], null],
    ['one that is cut', [0, 0, 0, 0, 3, 8, 1], null],
    ['a field longer than the message', [0, 0, 0, 0, 3, 0x12, 9, 65], null],
    ['a number without end', [0, 0, 0, 0, 2, 8, 0x81], null],
    ['a group', [0, 0, 0, 0, 1, 0x0b], null],
  ])('reads %s', (_, bytes, status) => {
    expect(servingStatusIn(Buffer.from(bytes))).toBe(status);
  });
});
