import type { Socket } from 'node:net';
import type { ConfigInput } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { lane, server } from '../../support/lane-cleanup.ts';
import { exchangeBytes, freePort, ok, type RawServer, rawServer } from '../../support/raw-sockets.ts';

type Retry = NonNullable<ConfigInput['pools'][number]['retry']>;

const requests = {
  GET: 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  PUT: 'PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody',
  POST: 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody',
};

const good = (): Promise<RawServer> => server(rawServer((socket) => socket.write(ok('good'))));
const misbehaving = (act: (socket: Socket) => void): Promise<RawServer> =>
  server(
    rawServer((socket, _text, connection) => {
      if (connection.text.includes('\r\n\r\n')) act(socket);
    }),
  );

/** A port where attempts fail in this way. */
const failing: Record<string, () => Promise<number>> = {
  'connect-failed': freePort,
  'closed-before-response': async () => (await misbehaving((socket) => socket.end())).port,
  'failed-mid-response': async () => (await misbehaving((socket) => socket.write('no HTTP\r\n\r\n'))).port,
  'timed-out': async () => (await server(rawServer(() => {}))).port,
  'status 503': async () =>
    (await misbehaving((socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'))).port,
};

/** Sends the request where the first server fails in this way and the second is well: the status, and by which attempt. */
async function fate(how: string, request: string, retry: Retry): Promise<string> {
  const proxy = await lane({
    ports: [await failing[how]!(), (await good()).port],
    pool: { retry, timeouts: { response: '150ms' } },
  });
  const answer = await exchangeBytes(proxy.port, request);
  expect([...proxy.pools.values()].map(({ activeAttempts }) => activeAttempts)).toEqual([0]);
  return `${answer.slice(9, 12)} ${/x-ballast-attempts: (\d+)/.exec(answer)?.[1]}`;
}

describe('without a word in retry.on', () => {
  it.each([
    ['connect-failed', 'GET', '200 2'],
    ['connect-failed', 'PUT', '200 2'],
    ['connect-failed', 'POST', '200 2'],
    ['closed-before-response', 'GET', '200 2'],
    ['closed-before-response', 'PUT', '200 2'],
    ['closed-before-response', 'POST', '502 1'],
    ['failed-mid-response', 'GET', '200 2'],
    ['failed-mid-response', 'PUT', '200 2'],
    ['failed-mid-response', 'POST', '502 1'],
    ['timed-out', 'GET', '200 2'],
    ['timed-out', 'PUT', '200 2'],
    ['timed-out', 'POST', '504 1'],
    ['status 503', 'GET', '503 1'],
    ['status 503', 'PUT', '503 1'],
    ['status 503', 'POST', '503 1'],
  ] as const)('%s of a %s ends as %s', async (how, method, expected) => {
    expect(await fate(how, requests[method], {})).toBe(expected);
  });
});

describe('retry.on', () => {
  it('tries again after the ways to fail that it names, and after no other', async () => {
    const on: Retry['on'] = ['timed-out', 'connect-failed'];
    expect(await fate('timed-out', requests.GET, { on })).toBe('200 2');
    expect(await fate('connect-failed', requests.POST, { on })).toBe('200 2');
    expect(await fate('closed-before-response', requests.GET, { on })).toBe('502 1');
    expect(await fate('failed-mid-response', requests.GET, { on })).toBe('502 1');
    expect(await fate('status 503', requests.GET, { on })).toBe('503 1');
  });

  it('with statuses alone leaves the ways to fail as they are', async () => {
    expect(await fate('closed-before-response', requests.GET, { on: [503] })).toBe('200 2');
    expect(await fate('status 503', requests.GET, { on: [503] })).toBe('200 2');
    expect(await fate('status 503', requests.GET, { on: ['5xx'] })).toBe('200 2');
    expect(await fate('status 503', requests.GET, { on: ['4xx', 502] })).toBe('503 1');
  });

  it('says so where it is the reason that nothing was tried again', async () => {
    const proxy = await lane({
      ports: [await failing['closed-before-response']!(), (await good()).port],
      pool: { retry: { on: ['connect-failed'] } },
    });
    expect(await exchangeBytes(proxy.port, requests.GET)).toContain(
      'pool "api" does not try again after that (retry.on)',
    );
  });
});

describe('retry.methods', () => {
  it('lets a POST be sent again that may have taken effect, body and all', async () => {
    const raw = await good();
    const proxy = await lane({
      ports: [await failing['closed-before-response']!(), raw.port],
      pool: { retry: { methods: ['GET', 'POST'] } },
    });
    expect(await exchangeBytes(proxy.port, requests.POST)).toContain('x-ballast-attempts: 2');
    expect(raw.received.endsWith('body')).toBe(true);
  });

  it('keeps a PUT from being sent again that it does not name, unless nothing was delivered', async () => {
    const retry: Retry = { methods: ['GET'], on: ['5xx', 'connect-failed', 'closed-before-response'] };
    expect(await fate('closed-before-response', requests.PUT, retry)).toBe('502 1');
    expect(await fate('status 503', requests.PUT, retry)).toBe('503 1');
    expect(await fate('connect-failed', requests.PUT, retry)).toBe('200 2');
  });
});
