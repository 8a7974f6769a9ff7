import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { Lookup } from '../../../main/engine/names.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { moodyServer } from '../../support/moody-server.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Answers with its name. */
async function listening(name: string, host: string, port = 0): Promise<number> {
  const server: Server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  afterThisTest(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function run(pool: PoolInput, lookup?: Lookup) {
  const running = await runEngine(pool, lookup && { lookup });
  return {
    ...running,
    told: () => running.engine.events.read(0, 999).map(({ kind, text }) => `${kind}: ${text}`),
  };
}

const none = { type: 'none' } as const;

describe('a server whose address is a name', () => {
  it('is found as the system resolves localhost, on whichever family it listens', async () => {
    const port = await listening('here', '127.0.0.1');
    const { url, engine } = await run({ servers: [{ address: `localhost:${port}` }] });
    expect((await fetchText(url)).body).toBe('here');
    await until('its probe to succeed', () => engine.servers()[0]!.verdict === 'healthy');
  });

  it('is asked at its other address in the same attempt where the first does not listen', async () => {
    const port = await listening('here', '127.0.0.1');
    const { url, engine } = await run(
      { servers: [{ address: `api.test:${port}` }], healthCheck: none },
      async () => ['127.0.0.2', '127.0.0.1'],
    );
    for (let i = 0; i < 3; i++)
      expect(await fetchText(url)).toMatchObject({ body: 'here', headers: { 'x-ballast-attempts': '1' } });
    expect(engine.metrics().servers['api/api-1']!.failedAttempts).toBe(0);
  });

  it('is asked at its other address by an attempt beside another too', async () => {
    const port = await listening('here', '127.0.0.1');
    const slow = await moodyServer('slow', { afterMs: 20_000 });
    const { url, engine } = await run(
      {
        servers: [
          { name: 'slow', address: slow.address },
          { name: 'api', address: `api.test:${port}` },
        ],
        strategy: 'first',
        healthCheck: none,
        retry: { hedge: { after: '40ms' } },
      },
      async () => ['127.0.0.2', '127.0.0.1'],
    );
    expect(await fetchText(url)).toMatchObject({ body: 'here', headers: { 'x-ballast-attempts': '2' } });
    expect(engine.metrics().servers['api/api']!.failedAttempts).toBe(0);
  });

  it('is healthy where any of its addresses answers the probe', async () => {
    const port = await listening('here', '127.0.0.1');
    const { engine } = await run({ servers: [{ address: `api.test:${port}` }] }, async () => [
      '127.0.0.2',
      '127.0.0.1',
    ]);
    await until('a verdict', () => engine.servers()[0]!.verdict !== 'unknown');
    expect(engine.servers()[0]!.verdict).toBe('healthy');
  });

  it('is not looked up by requests', async () => {
    const port = await listening('here', '127.0.0.1');
    let lookups = 0;
    const { url } = await run({ servers: [{ address: `api.test:${port}` }], healthCheck: none }, async () => {
      lookups += 1;
      return ['127.0.0.1'];
    });
    for (let i = 0; i < 20; i++) await fetchText(url);
    expect(lookups).toBe(1);
  });

  it('is followed to another address, and idle connections to the old one are closed', async () => {
    const port = await listening('old', '127.0.0.1');
    await listening('new', '127.0.0.2', port);
    let hosts = ['127.0.0.1'];
    const { url, told } = await run(
      { servers: [{ address: `api.test:${port}` }], healthCheck: none, timeouts: { resolve: '1s' } },
      async () => hosts,
    );
    expect((await fetchText(url)).body).toBe('old');
    hosts = ['127.0.0.2'];
    await until('it to have moved', async () => (await fetchText(url)).body === 'new');
    expect(told()).toContain('name-resolved: The name api.test means 127.0.0.2 now');
  });

  it('keeps its last good address while the name does not resolve', async () => {
    const port = await listening('here', '127.0.0.1');
    let fails = false;
    const { url, told } = await run(
      { servers: [{ address: `api.test:${port}` }], healthCheck: none, timeouts: { resolve: '1s' } },
      async () => {
        if (fails) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
        return ['127.0.0.1'];
      },
    );
    fails = true;
    await until('it to be told', () => told().some((text) => text.startsWith('name-failed')));
    expect(told()).toContain(
      'name-failed: The name api.test does not resolve (ENOTFOUND); 127.0.0.1 stays in use',
    );
    expect((await fetchText(url)).body).toBe('here');
    fails = false;
    await until('it to be told as well', () =>
      told().includes('name-resolved: The name api.test resolves again'),
    );
  });

  it('that does not resolve is unhealthy and says why, and serves as soon as it does', async () => {
    const port = await listening('here', '127.0.0.1');
    let fails = true;
    const { url, engine, told } = await run({ servers: [{ address: `api.test:${port}` }] }, async () => {
      if (fails) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      return ['127.0.0.1'];
    });
    await until('a verdict', () => engine.servers()[0]!.verdict === 'unhealthy');
    expect(engine.servers()[0]!.lastProbe!.detail).toBe('the name api.test does not resolve (ENOTFOUND)');
    expect((await fetchText(url)).status).toBe(503);
    expect(told().join('\n')).toContain('the name api.test does not resolve (ENOTFOUND)');
    fails = false;
    await until('it to serve', async () => (await fetchText(url)).status === 200);
  });

  it('does not keep a configuration waiting that a lookup never answers', async () => {
    const port = await listening('here', '127.0.0.1');
    const { url } = await run(
      {
        servers: [
          { name: 'stuck', address: `stuck.test:${port}` },
          { name: 'well', address: `127.0.0.1:${port}` },
        ],
        healthCheck: none,
      },
      () => new Promise(() => {}),
    );
    expect((await fetchText(url)).body).toBe('here');
    expect((await fetchText(url)).body).toBe('here');
  });
});
