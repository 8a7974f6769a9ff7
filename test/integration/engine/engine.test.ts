import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { parseConfig } from '@shared/config/parse.ts';
import type { Config, ConfigInput } from '@shared/config/schema.ts';
import {
  listenerStatusSchema,
  metricsSchema,
  requestDetailSchema,
  serverStatusSchema,
} from '@shared/contract/values.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { createEngine, type Engine } from '../../../main/engine/engine.ts';
import { fetchText, startLoad } from '../../support/http-client.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { type ReplicaProcess, startReplicaProcess } from '../../support/replica-process.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

function config(input: ConfigInput): Config {
  const parsed = parseConfig(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

async function named(...names: string[]): Promise<NamedServer[]> {
  return Promise.all(
    names.map(async (name) => {
      const server = await startNamedServer(name);
      endings.push(() => server.close());
      return server;
    }),
  );
}

async function replicas(...names: string[]): Promise<ReplicaProcess[]> {
  return Promise.all(
    names.map(async (name) => {
      const replica = await startReplicaProcess(name);
      endings.push(() => replica.kill());
      return replica;
    }),
  );
}

type PoolInput = Omit<ConfigInput['pools'][number], 'name'>;
const members = (servers: readonly { name: string; address: string }[]) =>
  servers.map(({ name, address }) => ({ name, address }));

async function run(pool: PoolInput, rest: Partial<ConfigInput> = {}) {
  const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {} });
  endings.push(() => engine.stop(1_000));
  const whole = (input: PoolInput): Config =>
    config({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
      pools: [{ name: 'api', ...input }],
      ...rest,
    });
  const [listener] = await engine.start(whole(pool));
  return { engine, url: listener!.url, apply: (input: PoolInput) => engine.apply(whole(input)), whole };
}

/** Its one listener is on a port that is known, so that it can be written with another address. */
async function runOnFreePort(pool: PoolInput) {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '0.0.0.0', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const at = (host: string): Config =>
    config({
      listeners: [{ name: 'web', bind: `${host}:${port}`, pool: 'api' }],
      pools: [{ name: 'api', ...pool }],
    });
  const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {} });
  endings.push(() => engine.stop(1_000));
  await engine.start(at('127.0.0.1'));
  return { engine, at, port };
}

async function sequence(
  url: string,
  requests: number,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const bodies: string[] = [];
  for (let request = 0; request < requests; request++) {
    bodies.push((await fetchText(url, { headers })).body);
  }
  return bodies;
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const verdict = (engine: Engine, name: string) =>
  engine.servers().find((server) => server.name === name)?.verdict;
const kinds = (engine: Engine): string[] => engine.events.read(0, 5_000).map(({ kind }) => kind);

describe('balancing', () => {
  it('serves 300 sequential requests 100/100/100', async () => {
    const { url, engine } = await run({ servers: members(await named('a', 'b', 'c')) });
    expect(count(await sequence(url, 300))).toEqual({ a: 100, b: 100, c: 100 });
    const { servers, total } = metricsSchema.parse(engine.metrics());
    expect(Object.values(servers).map(({ requests }) => requests)).toEqual([100, 100, 100]);
    expect(total).toMatchObject({ requests: 300, activeRequests: 0, failed: 0, successRatio: 1 });
  });

  it.each(['weighted-round-robin', 'least-connections'] as const)(
    'serves 700 sequential requests with 5/1/1 as aabacaa by %s',
    async (strategy) => {
      const [a, b, c] = members(await named('a', 'b', 'c'));
      const { url } = await run({ strategy, servers: [{ ...a!, weight: 5 }, b!, c!] });
      expect((await sequence(url, 700)).join('')).toBe('aabacaa'.repeat(100));
    },
  );

  it('names server, attempts and request in the response, and tells the decision of that request', async () => {
    const { url, engine } = await run({ servers: members(await named('a', 'b')) });
    const { headers } = await fetchText(url);
    expect(headers).toMatchObject({ 'x-ballast-server': 'a', 'x-ballast-attempts': '1' });
    const detail = requestDetailSchema.parse(engine.journal.detail(String(headers['x-ballast-request'])));
    expect(detail).toMatchObject({
      method: 'GET',
      target: '/',
      status: 200,
      server: 'api/a',
      client: '127.0.0.1',
    });
    expect(detail.attemptList[0]!.decision!.sentence).toMatch(/^Round robin chose a/);
  });
});

describe('a server that dies', () => {
  it('costs no GET under load, and is taken back when it returns', async () => {
    const [a, b, c] = (await replicas('a', 'b', 'c')) as [ReplicaProcess, ReplicaProcess, ReplicaProcess];
    const { url, engine } = await run({
      servers: members([a, b, c]),
      healthCheck: { type: 'http', interval: '400ms', rise: 2, fall: 2 },
    });
    const load = startLoad(url, 16);
    endings.push(() => load.stop());
    await until('traffic at all three', () => Object.keys(load.answers).length === 3);
    await b.kill();
    await until('the verdict', () => verdict(engine, 'b') === 'unhealthy');
    const before = { ...load.answers };
    await until('traffic at the others', () => load.answers.a! > before.a! + 100);
    expect(load.answers.b).toBe(before.b);
    await b.start();
    await until('traffic at the server that returned', () => load.answers.b! > before.b!);
    await load.stop();
    expect(load.failures).toEqual([]);
    const { total, pools } = engine.metrics();
    expect(total).toMatchObject({ failed: 0, activeRequests: 0 });
    expect(total.savedByRetry).toBe(total.retried);
    expect(total.retried).toBeGreaterThan(0);
    expect(pools.api!.activeRequests).toBe(0);
    expect(kinds(engine)).toEqual(
      expect.arrayContaining(['attempt-failed', 'request-retried', 'probe-failed', 'verdict-changed']),
    );
  });

  it('is found out by failing traffic long before its next probe', async () => {
    const [a, b] = (await replicas('a', 'b')) as [ReplicaProcess, ReplicaProcess];
    const { url, engine } = await run({
      servers: members([a, b]),
      healthCheck: { type: 'tcp', interval: '10m', fall: 2 },
      outlierDetection: { consecutiveFailures: 0 },
    });
    await until('the first verdicts', () => engine.servers().every((server) => server.verdict === 'healthy'));
    await b.kill();
    await until('the verdict', async () => {
      await fetchText(url);
      return verdict(engine, 'b') === 'unhealthy';
    });
  });
});

describe('with nothing available', () => {
  it('answers 503 that says why, and recovers by itself', async () => {
    const [a, b] = (await replicas('a', 'b')) as [ReplicaProcess, ReplicaProcess];
    const { url, engine } = await run({
      servers: members([a, b]),
      healthCheck: { type: 'tcp', interval: '200ms', rise: 1, fall: 1 },
    });
    await Promise.all([a.kill(), b.kill()]);
    await until('both verdicts', () => engine.servers().every((server) => server.verdict === 'unhealthy'));
    const { status, body } = await fetchText(url);
    expect(status).toBe(503);
    expect(body).toContain('a is unhealthy, b is unhealthy');
    expect(body).toContain('connection refused');
    const [request] = engine.journal.list({ limit: 1 }).requests;
    expect(engine.journal.detail(request!.id)!.unserved!.sentence).toContain('No server was available');
    expect(engine.metrics().total).toMatchObject({ failed: 1, successRatio: 0 });
    await a.start();
    await until('an answer', async () => (await fetchText(url)).body === 'a');
  });
});

describe('draining', () => {
  it('keeps the sticky clients of the server and leads new ones elsewhere', async () => {
    const { url, engine } = await run({
      servers: members(await named('a', 'b')),
      affinity: { type: 'cookie' },
    });
    const first = await fetchText(url);
    const cookie = first.headers['set-cookie']![0]!.split(';')[0]!;
    expect(engine.setAdminState('api', first.body, 'drain')).toBe('ready');
    expect(count(await sequence(url, 10, { cookie }))).toEqual({ [first.body]: 10 });
    expect(await sequence(url, 10)).not.toContain(first.body);
    const { sessions, total } = engine.sessions({ limit: 5 });
    expect(total).toBe(11);
    expect(sessions).toHaveLength(5);
    const bound = engine.sessions({ limit: 5, server: `api/${first.body}` });
    expect(bound.sessions.map(({ hits }) => hits)).toEqual([11]);
    engine.setAdminState('api', first.body, 'maintenance');
    expect(await sequence(url, 3, { cookie })).not.toContain(first.body);
    expect(kinds(engine)).toContain('session-moved');
  });
});

describe('applying a configuration', () => {
  it('keeps counts, verdicts, sessions and connections of what survives', async () => {
    const servers = await named('a', 'b', 'c');
    const affinity = { type: 'cookie' } as const;
    const { url, engine, apply } = await run({ servers: members(servers), affinity });
    await until('the verdicts', () => engine.servers().every((server) => server.verdict === 'healthy'));
    const { headers, body } = await fetchText(url);
    const cookie = headers['set-cookie']![0]!.split(';')[0]!;
    await sequence(url, 5);
    await apply({ servers: members(servers).reverse(), affinity, strategy: 'least-connections' });
    expect(engine.metrics().total.requests).toBe(6);
    expect(Object.values(engine.metrics().servers).map(({ requests }) => requests)).toEqual([2, 2, 2]);
    expect(engine.servers().map((server) => [server.name, server.verdict])).toEqual([
      ['c', 'healthy'],
      ['b', 'healthy'],
      ['a', 'healthy'],
    ]);
    expect((await fetchText(url, { headers: { cookie } })).body).toBe(body);
  });

  it('lets a running request finish on a server that is gone', async () => {
    const [a, b] = (await named('a', 'b')) as [NamedServer, NamedServer];
    const { url, apply, engine } = await run({ servers: members([a]) });
    const slow = fetchText(`${url}/slow?ms=500`);
    await until('the request to arrive', () => a.seen.includes('/slow?ms=500'));
    await apply({ servers: members([b]) });
    expect((await fetchText(url)).body).toBe('b');
    expect(await slow).toMatchObject({ status: 200, body: 'a' });
    expect(engine.servers().map(({ name }) => name)).toEqual(['b']);
    expect(engine.metrics().total.activeRequests).toBe(0);
  });

  it('takes a server to another pool with its counts and its verdict', async () => {
    const [a, b, c] = members(await named('a', 'b', 'c'));
    const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {} });
    endings.push(() => engine.stop(1_000));
    const split = (api: (typeof a)[], other: (typeof a)[]): Config =>
      config({
        listeners: [
          {
            name: 'web',
            bind: '127.0.0.1:0',
            routes: [
              { path: '/other', pool: 'other' },
              { path: '/', pool: 'api' },
            ],
          },
        ],
        pools: [
          { name: 'api', servers: api.map((each) => each!) },
          { name: 'other', servers: other.map((each) => each!) },
        ],
      });
    const [listener] = await engine.start(split([a, b], [c]));
    await until('the verdicts', () => engine.servers().every((server) => server.verdict === 'healthy'));
    expect(await sequence(listener!.url, 4)).toEqual(['a', 'b', 'a', 'b']);
    await engine.apply(split([a], [c, b]));
    expect(count(await sequence(`${listener!.url}/other`, 4))).toEqual({ b: 2, c: 2 });
    expect(await sequence(listener!.url, 2)).toEqual(['a', 'a']);
    expect(engine.metrics().servers['other/b']!.requests).toBe(4);
    expect(verdict(engine, 'b')).toBe('healthy');
    expect(engine.metrics().servers['api/b']).toBeUndefined();
  });

  it('changes nothing and names the listener when a port is in use', async () => {
    const [a, b] = members(await named('a', 'b'));
    const { url, engine } = await run({ servers: [a!] });
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    endings.push(() => new Promise((resolve) => blocker.close(resolve)));
    const address = `127.0.0.1:${(blocker.address() as AddressInfo).port}`;
    const next = config({
      listeners: [
        { name: 'web', bind: '127.0.0.1:0', pool: 'fresh' },
        { name: 'free', bind: '127.0.0.1:0', pool: 'fresh' },
        { name: 'taken', bind: address, pool: 'fresh' },
      ],
      pools: [{ name: 'fresh', servers: [b!] }],
    });
    await expect(engine.apply(next)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      listener: 'taken',
      address,
    });
    expect(engine.servers().map(({ id }) => id)).toEqual(['api/a']);
    expect(engine.listeners().map(({ name }) => name)).toEqual(['web']);
    expect(await sequence(url, 2)).toEqual(['a', 'a']);
  });

  it('adds, renames and removes listeners while the others serve', async () => {
    const [a] = members(await named('a'));
    const pools = [{ name: 'api', servers: [a!] }];
    const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {} });
    endings.push(() => engine.stop(1_000));
    const [first] = await engine.start(
      config({ listeners: [{ name: 'one', bind: '127.0.0.1:0', pool: 'api' }], pools }),
    );
    const both = await engine.apply(
      config({
        listeners: [
          { name: 'one', bind: '127.0.0.1:0', pool: 'api' },
          { name: 'two', bind: '127.0.0.1:0', pool: 'api' },
        ],
        pools,
      }),
    );
    expect(both[0]!.address).toBe(first!.address);
    listenerStatusSchema.array().parse(both);
    expect((await fetchText(both[1]!.url)).body).toBe('a');
    const renamed = await engine.apply(
      config({ listeners: [{ name: 'three', bind: both[1]!.address, pool: 'api' }], pools }),
    );
    // Written down with the port that it had found, and under another name, it is still the same listener.
    expect(renamed).toMatchObject([{ name: 'three', address: both[1]!.address }]);
    await expect(
      until('the port to close', () =>
        fetchText(both[0]!.url).then(
          () => false,
          () => true,
        ),
      ),
    ).resolves.toBe(true);
    expect((await fetchText(renamed[0]!.url)).body).toBe('a');
  });

  it('takes another address of a port that it holds itself, and running requests finish', async () => {
    const [a] = members(await named('a'));
    const { engine, at, port } = await runOnFreePort({ servers: [a!] });
    const slow = fetchText(`http://127.0.0.1:${port}/?ms=600`);
    await until('it runs', () => engine.metrics().total.activeRequests === 1);
    const [everywhere] = await engine.apply(at('0.0.0.0'));
    expect(everywhere).toMatchObject({ address: `0.0.0.0:${port}`, url: `http://127.0.0.1:${port}` });
    expect((await fetchText(`http://127.0.0.2:${port}`)).body).toBe('a');
    expect((await slow).status).toBe(200);
    await engine.apply(at('127.0.0.1'));
    expect((await fetchText(`http://127.0.0.1:${port}`)).body).toBe('a');
    await expect(fetchText(`http://127.0.0.2:${port}`)).rejects.toThrow();
  });

  it('takes its address again where the other one is held by somebody else', async () => {
    const [a] = members(await named('a'));
    const { engine, at, port } = await runOnFreePort({ servers: [a!] });
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.9', resolve));
    endings.push(() => new Promise((resolve) => blocker.close(resolve)));
    await expect(engine.apply(at('0.0.0.0'))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(engine.listeners()).toMatchObject([{ address: `127.0.0.1:${port}` }]);
    expect((await fetchText(`http://127.0.0.1:${port}`)).body).toBe('a');
  });

  it('counts under the new name of a renamed listener', async () => {
    const [a] = members(await named('a'));
    const pools = [{ name: 'api', servers: [a!] }];
    const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {} });
    endings.push(() => engine.stop(1_000));
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const bind = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
    await new Promise((resolve) => probe.close(resolve));
    await engine.start(config({ listeners: [{ name: 'old', bind, pool: 'api' }], pools }));
    await engine.apply(config({ listeners: [{ name: 'new', bind, pool: 'api' }], pools }));
    expect((await fetchText(`http://${bind}`)).body).toBe('a');
    expect(engine.metrics().listeners).toMatchObject({ new: { requests: 1, activeRequests: 0 } });
    expect(Object.keys(engine.metrics().listeners)).toEqual(['new']);
    expect(engine.journal.list({ limit: 1 }).requests[0]!.listener).toBe('new');
  });

  it('loses no request while configurations change under load', async () => {
    const servers = members(await named('a', 'b', 'c'));
    const { url, apply, engine } = await run({ servers });
    const load = startLoad(url, 8);
    endings.push(() => load.stop());
    for (let change = 0; change < 20; change++) {
      const before = load.sent;
      await apply({
        servers: servers.filter((_, index) => index !== change % 3),
        strategy: change % 2 === 0 ? 'least-connections' : 'round-robin',
      });
      await until('traffic under it', () => load.sent > before + 20);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(engine.metrics().total).toMatchObject({ failed: 0, activeRequests: 0 });
  });
});

describe('what the engine tells', () => {
  it('fits the contract', async () => {
    const { url, engine } = await run({ servers: members(await named('a')) });
    await fetchText(url);
    serverStatusSchema.array().parse(engine.servers());
    listenerStatusSchema.array().parse(engine.listeners());
    metricsSchema.parse(engine.metrics());
  });

  it('refuses to act on what does not exist, and says what does', async () => {
    const { engine } = await run({ servers: members(await named('a')) });
    expect(() => engine.setAdminState('api', 'z', 'drain')).toThrow('pool "api" has no server "z"; it has a');
    expect(() => engine.probe('nope', 'a')).toThrow('there is no pool "nope"; there is api');
    expect(() => engine.endSession('api', 's9')).toThrow('has no session "s9"');
  });
});
