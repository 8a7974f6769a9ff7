import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { type Mood, moodyServer } from '../../support/moody-server.ts';
import { freePort, rawClient, rawServer } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

type Settings = Omit<PoolInput, 'servers'>;

/** A pool whose first server, `a`, is asked first; `b` behind it answers well. */
async function run(addressOfA: string, settings: Settings) {
  const b = await moodyServer('b');
  const { engine, url, port } = await runEngine({
    healthCheck: { type: 'none' },
    strategy: 'first',
    ...settings,
    servers: [
      { name: 'a', address: addressOfA },
      { name: 'b', address: b.address },
    ],
  });
  /** Requests, and failed ones, of both servers, and those that failed for the client. */
  const counts = () => {
    const { servers, total, pools } = metricsSchema.parse(engine.metrics());
    const of = (id: string) => `${servers[id]!.requests}/${servers[id]!.failedAttempts}`;
    return { a: of('api/a'), b: of('api/b'), failed: total.failed, finished: pools.api!.requests };
  };
  return { engine, url, port, counts };
}

async function countsOf(mood: Mood, settings: Settings) {
  const { url, counts } = await run((await moodyServer('a', mood)).address, settings);
  await fetchText(url);
  await until('the request to be counted', () => counts().finished === 1);
  return counts();
}

it.each<[string, Mood, Settings, { a: string; b: string; failed: number }]>([
  ['answered well', 'well', {}, { a: '1/0', b: '0/0', failed: 0 }],
  ['closed without a response', 'breaks', {}, { a: '1/1', b: '1/0', failed: 0 }],
  ['too late', { afterMs: 20_000 }, { timeouts: { attempt: '60ms' } }, { a: '1/1', b: '1/0', failed: 0 }],
  ['a status tried elsewhere', { status: 503 }, { retry: { on: [503] } }, { a: '1/1', b: '1/0', failed: 0 }],
  [
    'a status that counts and is passed on',
    { status: 429 },
    { outlierDetection: { statuses: [429] } },
    { a: '1/1', b: '0/0', failed: 0 },
  ],
  ['a server error that nothing names', { status: 500 }, {}, { a: '1/0', b: '0/0', failed: 1 }],
  [
    'answered by a hedge first',
    { afterMs: 20_000 },
    { retry: { hedge: { after: '30ms' } } },
    { a: '0/0', b: '1/0', failed: 0 },
  ],
  [
    'late in a request that had next to no time left for it',
    { afterMs: 20_000 },
    { timeouts: { attempt: '400ms', request: '100ms' } },
    { a: '1/1', b: '0/0', failed: 1 },
  ],
])(
  'an attempt is a request of its server, and failed or not: %s',
  async (_what, mood, settings, expected) => {
    expect(await countsOf(mood, settings)).toEqual({ ...expected, finished: 1 });
  },
);

it('an attempt where nobody listens is a failed request of its server', async () => {
  const { url, counts } = await run(`127.0.0.1:${await freePort()}`, {});
  await fetchText(url);
  await until('the request to be counted', () => counts().finished === 1);
  expect(counts()).toEqual({ a: '1/1', b: '1/0', failed: 0, finished: 1 });
});

it('a response that breaks off is a failed request of its server, and failed for the client', async () => {
  const raw = await rawServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf');
  });
  afterThisTest(() => raw.close());
  const { url, counts } = await run(`127.0.0.1:${raw.port}`, {});
  await expect(fetchText(url)).rejects.toThrow();
  await until('the request to be counted', () => counts().finished === 1);
  expect(counts()).toEqual({ a: '1/1', b: '0/0', failed: 1, finished: 1 });
});

it('an attempt whose client went away is neither', async () => {
  const a = await moodyServer('a', { afterMs: 20_000 });
  const { port, counts } = await run(a.address, {});
  const caller = await rawClient(port);
  caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the server to have it', () => a.seen === 1);
  caller.socket.resetAndDestroy();
  await until('the request to be counted', () => counts().finished === 1);
  expect(counts()).toEqual({ a: '0/0', b: '0/0', failed: 0, finished: 1 });
});
