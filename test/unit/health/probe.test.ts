import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { isExpected } from '../../../main/engine/health/expected-status.ts';
import { type ActiveHealthCheck, runProbe } from '../../../main/engine/health/probe.ts';
import { poolConfig } from '../../support/engine-kit.ts';
import { until } from '../../support/until.ts';

const open: (Server | HttpServer)[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function listening(server: Server | HttpServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

type CheckInput = NonNullable<Parameters<typeof poolConfig>[0]['healthCheck']>;

function check(input: CheckInput): ActiveHealthCheck {
  const { healthCheck } = poolConfig({ servers: [{ address: '127.0.0.1:3001' }], healthCheck: input });
  if (healthCheck.type === 'none') throw new Error('no check');
  return healthCheck;
}

const probe = (port: number, input: CheckInput) =>
  runProbe(check(input), { host: '127.0.0.1', port }, systemClock);
const answering = (listener: RequestListener) => listening(createHttpServer(listener));

describe('an HTTP probe', () => {
  it('asks for the path and reports the status', async () => {
    let seen = '';
    const port = await answering((request, response) => {
      seen = `${request.method} ${request.url} ${request.headers['user-agent']} ${request.headers.host}`;
      response.end('fine');
    });
    expect(await probe(port, { type: 'http', path: '/health?deep=1', host: 'api.test' })).toEqual({
      succeeded: true,
      connected: true,
      ownFault: false,
      detail: '200',
    });
    expect(seen).toBe('GET /health?deep=1 ballast-health-check api.test');
  });

  it('fails at a status that is not expected, and does not follow a redirect', async () => {
    let requests = 0;
    const port = await answering((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await probe(port, { type: 'http', expect: ['2xx', 404] })).toEqual({
      succeeded: false,
      connected: true,
      ownFault: false,
      detail: '302, expected 2xx or 404',
    });
    expect(requests).toBe(1);
  });

  it('does not read an endless body', async () => {
    const port = await answering((_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(16_384)), 1);
      response.on('close', () => clearInterval(timer));
      response.on('error', () => {});
    });
    expect(await probe(port, { type: 'http', timeout: '20s' })).toEqual({
      succeeded: true,
      connected: true,
      ownFault: false,
      detail: '200',
    });
  });

  it.each([
    ['with a body to look for', { contains: 'ok' }],
    ['without', undefined],
  ])('fails when the response breaks off, %s', async (_with, body) => {
    const port = await answering((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('ok ok', () => response.destroy());
    });
    expect(await probe(port, { type: 'http', ...(body && { body }) })).toMatchObject({
      succeeded: false,
      connected: true,
      detail: '200, but the response broke off',
    });
  });

  it('fails when chunks stop before the last one', async () => {
    const port = await answering((_, response) => response.write('ok ok', () => response.destroy()));
    expect(await probe(port, { type: 'http', body: { contains: 'ok' } })).toMatchObject({
      succeeded: false,
      detail: '200, but the response broke off',
    });
  });

  it('fails by its timeout when a response that contains the text never ends', async () => {
    const port = await answering((_, response) => response.write('ok'));
    expect(await probe(port, { type: 'http', timeout: '100ms', body: { contains: 'ok' } })).toMatchObject({
      succeeded: false,
      detail: 'no answer within 100ms',
    });
  });

  it('sends the fields it is told to, and the host that stands among them', async () => {
    let seen: unknown;
    const port = await answering((request, response) => {
      const { host, 'user-agent': agent, 'x-probe': probed, accept } = request.headers;
      seen = {
        method: request.method,
        host,
        agent,
        probed,
        accept,
        length: request.headers['content-length'],
      };
      response.end();
    });
    const headers = { Host: 'shop.test', 'X-Probe': 'yes', 'User-Agent': 'kube-probe/1.30' };
    expect((await probe(port, { type: 'http', method: 'POST', headers })).succeeded).toBe(true);
    expect(seen).toEqual({
      method: 'POST',
      host: 'shop.test',
      agent: 'kube-probe/1.30',
      probed: 'yes',
      accept: '*/*',
      length: '0',
    });
  });

  it.each<[object, string, boolean, string]>([
    [{ contains: '"ok"' }, '{"status":"ok"}', true, '200, its body contains "\\"ok\\""'],
    [{ contains: 'ok' }, 'starting', false, '200, its body does not contain "ok"'],
    [{ contains: 'ok' }, '', false, '200, its empty body does not contain "ok"'],
    [{ contains: 'grün' }, 'alles grün', true, '200, its body contains "grün"'],
    [{ matches: '^(?:up|ready)$' }, 'ready', true, '200, its body matches /^(?:up|ready)$/'],
    [{ matches: '^up$' }, 'not up', false, '200, its body does not match /^up$/'],
    [{ contains: 'ok', bytes: 4 }, '....ok', false, '200, the first 4 bytes of its body do not contain "ok"'],
    [{ contains: 'ok', bytes: 6 }, '....ok', true, '200, its body contains "ok"'],
  ])('looks for %j in the body %j', async (body, sent, succeeded, detail) => {
    const port = await answering((_, response) => response.end(sent));
    expect(await probe(port, { type: 'http', body })).toEqual({
      succeeded,
      connected: true,
      ownFault: false,
      detail,
    });
  });

  it('looks at no more of an endless body than it is told to', async () => {
    const port = await answering((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(16_384)), 1);
      response.on('close', () => clearInterval(timer));
      response.on('error', () => {});
    });
    const result = await probe(port, {
      type: 'http',
      timeout: '20s',
      body: { contains: 'ok', bytes: 20_000 },
    });
    expect(result.detail).toBe('200, the first 20000 bytes of its body do not contain "ok"');
  });

  it('does not look at the body of a response with another status', async () => {
    const port = await answering((_, response) => response.writeHead(503).end('ok'));
    const result = await probe(port, { type: 'http', body: { contains: 'ok' } });
    expect(result).toMatchObject({ succeeded: false, detail: '503, expected 2xx or 3xx' });
  });

  it('gives up after its timeout', async () => {
    const port = await answering(() => {});
    expect(await probe(port, { type: 'http', timeout: '50ms' })).toMatchObject({
      succeeded: false,
      detail: 'no answer within 50ms',
    });
  });

  it.each([
    ['closes', (socket: import('node:net').Socket) => socket.end(), /./],
    ['resets', (socket: import('node:net').Socket) => socket.resetAndDestroy(), /connection reset/],
    ['talks nonsense', (socket: import('node:net').Socket) => socket.end('hello there\r\n'), /no HTTP/],
  ])('fails at a server that %s', async (_, act, detail) => {
    const port = await listening(
      createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => act(socket));
      }),
    );
    const result = await probe(port, { type: 'http' });
    expect(result.succeeded).toBe(false);
    expect(result.detail).toMatch(detail);
  });
});

describe('a TCP probe', () => {
  it('succeeds where a connection is accepted', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {})));
    expect(await probe(port, { type: 'tcp' })).toEqual({
      succeeded: true,
      connected: true,
      ownFault: false,
      detail: 'connected',
    });
  });

  it('fails where it is refused', async () => {
    const port = await listening(createServer());
    open.pop()!.close();
    expect(await probe(port, { type: 'tcp' })).toEqual({
      succeeded: false,
      connected: false,
      ownFault: false,
      detail: 'connection refused',
    });
  });
});

describe('expected statuses', () => {
  it.each<[number, (number | string)[], boolean]>([
    [200, ['2xx'], true],
    [299, ['2xx'], true],
    [300, ['2xx'], false],
    [204, [204], true],
    [204, ['204'], true],
    [399, ['2xx-3xx'], true],
    [400, ['200-399'], false],
    [201, ['200-201', 500], true],
    [500, ['200-201', 500], true],
  ])('%i in %j: %s', (status, ranges, expected) => {
    expect(isExpected(status, ranges)).toBe(expected);
  });
});

describe('a probe that cannot even be sent', () => {
  it.each(['http', 'grpc'] as const)(
    'of type %s fails with the reason, and ends all it began',
    async (type) => {
      let open = 0;
      const port = await listening(
        createServer((socket) => {
          open += 1;
          socket.on('error', () => {});
          socket.on('close', () => {
            open -= 1;
          });
          socket.resume();
        }),
      );
      // Past the schema, which refuses such a host: whatever throws is a failed probe.
      const odd = { ...check({ type }), host: '日本\n.example' } as ActiveHealthCheck;
      const result = await runProbe(odd, { host: '127.0.0.1', port }, systemClock);
      expect(result).toMatchObject({ succeeded: false });
      expect(result.detail).not.toBe('');
      await until('its connection is closed', () => open === 0);
    },
  );

  it('to a port that is none fails with the reason', async () => {
    const result = await runProbe(check({ type: 'tcp' }), { host: '127.0.0.1', port: 70_000 }, systemClock);
    expect(result).toMatchObject({ succeeded: false, connected: false });
    expect(result.detail).toMatch(/port/i);
  });
});
