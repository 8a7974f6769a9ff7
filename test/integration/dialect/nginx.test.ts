import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fallbackKinds } from '@shared/catalog/strategies.ts';
import { parseConfig } from '@shared/config/parse.ts';
import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { acceptsConnection } from '../../../main/replicas/probe-port.ts';
import { parseDocument } from '../../../main/workspace/document.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { chance } from '../../support/chance.ts';
import { configOf } from '../../support/config-of.ts';
import { startNginx, testNginx } from '../../support/nginx.ts';
import { until } from '../../support/until.ts';

function accept(config: Config): void {
  const { text } = renderNginx(config);
  const { ok, said } = testNginx(text);
  if (!ok) throw new Error(`${said}\n${text}`);
}

/** Any configuration the schema admits, as far as one file can hold it. */
function anyConfig(seed: number): ConfigInput {
  const upTo = chance(seed);
  const pick = <T>(...choices: T[]): T => choices[upTo(choices.length)]!;
  const pools = Array.from({ length: 1 + upTo(4) }, (_, pool) => ({
    name: pick(`api${pool}`, `Pool.${pool}`, `pool-${pool}`, `POOL_${pool}`),
    strategy: pick<ConfigInput['pools'][number]['strategy']>(...fallbackKinds, {
      kind: 'hash',
      key: pick('header:x-user', "cookie:a.b*c'd", 'query:a;b{"$}', 'path', 'uri', 'client-ip'),
    }),
    servers: Array.from({ length: 1 + upTo(5) }, (_, server) => ({
      address: `${pick('127.0.0.1', '[::1]', '10.1.2.3')}:${3000 + pool * 100 + server}`,
      weight: pick(0, 1, 1, 5, 1000),
      backup: upTo(4) === 0,
      maxRequests: pick(0, 0, 10),
    })),
    healthCheck: pick<ConfigInput['pools'][number]['healthCheck']>(
      { type: 'none' },
      { type: 'tcp' },
      { type: 'http', path: pick('/health', '/h";}evil{', '/a#b?c={') },
    ),
    affinity: pick<ConfigInput['pools'][number]['affinity']>(
      { type: 'none' },
      { type: 'cookie', ttl: pick('1s', '1500ms', '30m'), onUnavailable: pick('rebalance', 'reject') },
      { type: 'client-ip' },
    ),
    retry: { attempts: 1 + upTo(4), on: pick([], [502, 503], [404, 418, 500, 599, 502]) },
    outlierDetection: { consecutiveFailures: pick(0, 1, 5), baseEjection: pick('100ms', '10s', '90s') },
    timeouts: { connect: pick('1s', '250ms'), response: pick('30s', '1500ms'), idle: pick('60s', '2h') },
  }));
  const paths = [
    '/',
    '/api',
    '/api/',
    '/api/v1',
    '/a;b',
    '/a{b}',
    '/q"uote',
    '/d$ollar',
    '/per%20cent',
    '/ü',
    '/back\\slash',
    "/it's",
    '/~x',
    '/=y',
  ];
  const hosts = [
    undefined,
    undefined,
    'api.localhost',
    '*.localhost',
    '*.shop.localhost',
    `${'long-name.'.repeat(12)}localhost`,
  ];
  return {
    listeners: Array.from({ length: 1 + upTo(3) }, (_, listener) => {
      const seen = new Set<string>();
      const routes = Array.from({ length: 1 + upTo(8) }, () => {
        const host = pick(...hosts);
        return { path: pick(...paths), pool: pick(...pools).name, ...(host !== undefined && { host }) };
      }).filter(({ host, path }) => {
        const key = `${host ?? ''}${path}`;
        return !seen.has(key) && seen.add(key);
      });
      return {
        name: `listener-${listener}`,
        bind: `${pick('127.0.0.1', '[::1]')}:${pick(0, 8080 + listener)}`,
        trustForwarded: upTo(2) === 0,
        limits: {
          headBytes: pick(1_024, 4_097, 32_768, 1_048_576),
          headTimeout: pick('10s', '333ms'),
        },
        ...(upTo(3) === 0 ? { pool: pick(...pools).name } : { routes }),
      };
    }),
    pools,
    responseFields: upTo(2) === 0,
  };
}

describe('the nginx export', () => {
  it.each(Array.from({ length: 12 }, (_, block) => block))(
    'is accepted by nginx -t whatever the configuration, block %i',
    (block) => {
      let accepted = 0;
      for (let seed = block * 10; seed < block * 10 + 10; seed++) {
        const parsed = parseConfig(anyConfig(seed));
        if (!parsed.ok) continue; // now and then a draw is none that the schema admits
        accept(parsed.config);
        accepted++;
      }
      expect(accepted).toBeGreaterThan(5);
    },
  );

  it('of every example is accepted by nginx -t', () => {
    const folder = join(import.meta.dirname, '../../../resources/examples');
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const checked = parseDocument(readFileSync(join(folder, file), 'utf8')).check();
      if (!checked.ok) throw new Error(`${file}: ${JSON.stringify(checked.problems)}`);
      accept(checked.config);
    }
  });

  it('of names that differ in case only is accepted', () => {
    accept(
      configOf({
        listeners: [
          {
            name: 'web',
            bind: '127.0.0.1:8080',
            routes: [
              { path: '/a', pool: 'API' },
              { path: '/b', pool: 'api' },
            ],
          },
        ],
        pools: ['API', 'api', 'a.pi', 'a-pi', 'a_pi'].map((name, index) => ({
          name,
          servers: [{ address: `127.0.0.1:${3000 + index}` }],
          affinity: { type: 'cookie' as const },
        })),
      }),
    );
  });

  it('of a hundred servers and routes is accepted', () => {
    accept(
      configOf({
        listeners: [
          {
            name: 'web',
            bind: '127.0.0.1:8080',
            routes: Array.from({ length: 300 }, (_, index) => ({
              host: `shop-${index}.localhost`,
              pool: 'api',
            })),
          },
        ],
        pools: [
          {
            name: 'api',
            servers: Array.from({ length: 200 }, (_, index) => ({ address: `127.0.0.1:${3000 + index}` })),
          },
        ],
      }),
    );
  });

  it('the check itself can fail', () => {
    expect(testNginx('events {}\nhttp {\nnonsense;\n}\n').ok).toBe(false);
  });
});

describe('nginx with the export', () => {
  const children: ChildProcess[] = [];
  let ports: number[];
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ports = await freePorts(3);
    const service = join(import.meta.dirname, '../../../resources/demo-service/server.mjs');
    for (const [index, port] of ports.entries()) {
      const env = { ...process.env, NAME: 'abc'[index]!, PORT: String(port) };
      children.push(spawn(process.execPath, [service], { stdio: 'ignore', env }));
    }
    for (const port of ports) await until('a replica listens', () => acceptsConnection(`127.0.0.1:${port}`));
  });
  afterEach(async () => {
    await stop?.();
    stop = undefined;
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  async function run(input: (port: number) => ConfigInput): Promise<number> {
    const [port] = (await freePorts(1)) as [number];
    // One worker: with several, the zone's state is shared, but the test should not depend on who accepts when.
    const text = renderNginx(configOf(input(port))).text.replace(
      'worker_processes auto;',
      'worker_processes 1;',
    );
    const nginx = startNginx(text);
    stop = nginx.stop;
    await until('nginx listens', () => acceptsConnection(`127.0.0.1:${port}`)).catch((error: unknown) => {
      throw new Error(`${nginx.said()}\n${text}`, { cause: error });
    });
    return port;
  }

  interface Answer {
    readonly status: number;
    readonly server: string;
    readonly cookie: string | undefined;
  }
  function ask(
    port: number,
    path = '/',
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        response.resume().on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            server: String(response.headers['x-demo-server'] ?? ''),
            cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
          }),
        );
      })
        .on('error', reject)
        .end();
    });
  }
  const pool = (
    rest: Partial<ConfigInput['pools'][number]> = {},
    weights = [1, 1, 1],
  ): ConfigInput['pools'][number] => ({
    name: 'api',
    servers: ports.map((port, index) => ({ address: `127.0.0.1:${port}`, weight: weights[index]! })),
    ...rest,
  });
  const listener = (port: number) => ({ name: 'web', bind: `127.0.0.1:${port}`, pool: 'api' });

  it.each(['weighted-round-robin', 'least-connections'] as const)(
    'serves 5/1/1 in the pattern aabacaa under %s, as Ballast does',
    async (strategy) => {
      const port = await run((at) => ({ listeners: [listener(at)], pools: [pool({ strategy }, [5, 1, 1])] }));
      let pattern = '';
      for (let i = 0; i < 14; i++) pattern += (await ask(port)).server;
      expect(pattern).toBe('aabacaaaabacaa');
    },
  );

  it('hashes by a header, and spreads requests without it by weight, as Ballast does', async () => {
    const port = await run((at) => ({
      listeners: [listener(at)],
      pools: [pool({ strategy: { kind: 'hash', key: 'header:x-user' } }, [5, 1, 1])],
    }));
    const met = new Set<string>();
    for (let user = 0; user < 20; user++) {
      const { server } = await ask(port, '/', { 'x-user': `user-${user}` });
      met.add(server);
      expect((await ask(port, '/other', { 'x-user': `user-${user}` })).server).toBe(server);
    }
    expect(met.size).toBeGreaterThan(1);
    let pattern = '';
    for (let request = 0; request < 70; request++) pattern += (await ask(port)).server;
    expect(pattern.replaceAll(/[^a]/g, '').length).toBe(50);
  });

  it.each([
    ['path', '/a?x=1', {}, '/a?x=2', {}],
    ['cookie:my-user', '/', { cookie: 'a=1; my-user=amy' }, '/x', { cookie: 'my-user=amy; b=2' }],
    ['query:my-user', '/?my-user=amy', {}, '/y?z=1&my-user=amy', {}],
  ] as const)(
    'hashes by %s, for which nginx has no variable',
    async (key, one, oneFields, other, otherFields) => {
      const port = await run((at) => ({
        listeners: [listener(at)],
        pools: [pool({ strategy: { kind: 'hash', key } })],
      }));
      const met = new Set<string>();
      for (let request = 0; request < 4; request++) {
        met.add((await ask(port, one, oneFields)).server);
        met.add((await ask(port, other, otherFields)).server);
      }
      expect(met.size).toBe(1);
    },
  );

  it('keeps clients on their server by cookie, also before nginx had sticky', async () => {
    const port = await run((at) => ({
      listeners: [listener(at)],
      pools: [pool({ affinity: { type: 'cookie' } })],
    }));
    const met = new Set<string>();
    for (let client = 0; client < 12; client++) {
      const first = await ask(port);
      expect(first.cookie).toMatch(/^ballast_api=[0-9a-f]{32}$/);
      met.add(first.server);
      for (let i = 0; i < 3; i++) {
        const again = await ask(port, '/', { cookie: `theme=dark; ${first.cookie}` });
        expect([again.server, again.cookie]).toEqual([first.server, undefined]);
      }
    }
    expect(met.size).toBeGreaterThan(1);
  });

  it('routes by host and by whole segments of the path, as Ballast does', async () => {
    const one = (name: string, index: number) => ({
      name,
      servers: [{ address: `127.0.0.1:${ports[index]}` }],
    });
    const port = await run((at) => ({
      listeners: [
        {
          name: 'web',
          bind: `127.0.0.1:${at}`,
          routes: [
            { path: '/api', pool: 'a' },
            { path: '/api/v2', pool: 'b' },
            { host: 'shop.localhost', path: '/api', pool: 'c' },
            { host: '*.localhost', path: '/only', pool: 'b' },
          ],
        },
      ],
      pools: [one('a', 0), one('b', 1), one('c', 2)],
    }));
    const at = async (path: string, host = 'x'): Promise<string> => {
      const { status, server } = await ask(port, path, { host });
      return status === 200 ? server : String(status);
    };
    expect(await at('/api')).toBe('a');
    expect(await at('/api/')).toBe('a');
    expect(await at('/api/x?y')).toBe('a');
    expect(await at('/apix')).toBe('404');
    expect(await at('/api/v2/x')).toBe('b');
    expect(await at('/')).toBe('404');
    expect(await at('/api/v2', 'shop.localhost:80')).toBe('c');
    expect(await at('/only', 'shop.localhost')).toBe('b');
    expect(await at('/api', 'blue.localhost')).toBe('a');
    expect(await at('/only', 'localhost')).toBe('404');
  });

  it('passes WebSockets and tries another server when one is gone', async () => {
    const [nobody] = (await freePorts(1)) as [number];
    const port = await run((at) => ({
      listeners: [listener(at)],
      pools: [pool({ servers: [{ address: `127.0.0.1:${nobody}` }, { address: `127.0.0.1:${ports[0]}` }] })],
    }));
    for (let i = 0; i < 4; i++) expect((await ask(port)).status).toBe(200);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const echo = new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
    socket.send('through nginx');
    expect(await echo).toBe('through nginx');
    socket.close();
  });
});
