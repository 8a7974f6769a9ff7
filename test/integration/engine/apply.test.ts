import { createServer } from 'node:net';
import type { Config } from '@shared/config/schema.ts';
import { listenerStatusSchema } from '@shared/contract/system-values.ts';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { configOf, type PoolInput } from '../../support/config-of.ts';
import { fetchText, startLoad } from '../../support/http-client.ts';
import { server } from '../../support/lane-cleanup.ts';
import type { NamedServer } from '../../support/named-server.ts';
import { freePort, rawServer } from '../../support/raw-sockets.ts';
import { engineOfTest, oneListener, runEngine } from '../../support/running-engine.ts';
import { count, members, named, sequence } from '../../support/servers-of-test.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Its one listener is on a port that is known, so that it can be written with another address. */
async function runOnFreePort(pool: PoolInput) {
  const port = await freePort();
  const at = (host: string): Config => oneListener(pool, `${host}:${port}`);
  const engine = engineOfTest();
  await engine.start(at('127.0.0.1'));
  return { engine, at, port };
}

describe('applying a configuration', () => {
  it('keeps counts, verdicts, sessions and connections of what survives', async () => {
    const servers = await named('a', 'b', 'c');
    const affinity = { type: 'cookie' } as const;
    const { url, engine, apply } = await runEngine({ servers: members(servers), affinity });
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
    const { url, apply, engine } = await runEngine({ servers: members([a]) });
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
    const engine = engineOfTest();
    const split = (api: (typeof a)[], other: (typeof a)[]): Config =>
      configOf({
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
    expect(engine.servers().find(({ name }) => name === 'b')?.verdict).toBe('healthy');
    expect(engine.metrics().servers['api/b']).toBeUndefined();
  });

  it('changes nothing and names the listener when a port is in use', async () => {
    const [a, b] = members(await named('a', 'b'));
    const { url, engine } = await runEngine({ servers: [a!] });
    const { port } = await server(rawServer(() => {}));
    const address = `127.0.0.1:${port}`;
    const next = configOf({
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
    const engine = engineOfTest();
    const [first] = await engine.start(
      configOf({ listeners: [{ name: 'one', bind: '127.0.0.1:0', pool: 'api' }], pools }),
    );
    const both = await engine.apply(
      configOf({
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
      configOf({ listeners: [{ name: 'three', bind: both[1]!.address, pool: 'api' }], pools }),
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
    afterThisTest(() => new Promise((resolve) => blocker.close(resolve)));
    await expect(engine.apply(at('0.0.0.0'))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(engine.listeners()).toMatchObject([{ address: `127.0.0.1:${port}` }]);
    expect((await fetchText(`http://127.0.0.1:${port}`)).body).toBe('a');
  });

  it('counts under the new name of a renamed listener', async () => {
    const [a] = members(await named('a'));
    const pools = [{ name: 'api', servers: [a!] }];
    const engine = engineOfTest();
    const bind = `127.0.0.1:${await freePort()}`;
    await engine.start(configOf({ listeners: [{ name: 'old', bind, pool: 'api' }], pools }));
    await engine.apply(configOf({ listeners: [{ name: 'new', bind, pool: 'api' }], pools }));
    expect((await fetchText(`http://${bind}`)).body).toBe('a');
    expect(engine.metrics().listeners).toMatchObject({ new: { requests: 1, activeRequests: 0 } });
    expect(Object.keys(engine.metrics().listeners)).toEqual(['new']);
    expect(engine.journal.list({ limit: 1 }).requests[0]!.listener).toBe('new');
  });

  it('loses no request while configurations change under load', async () => {
    const servers = members(await named('a', 'b', 'c'));
    const { url, apply, engine } = await runEngine({ servers });
    const load = startLoad(url, 8);
    afterThisTest(() => load.stop());
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
