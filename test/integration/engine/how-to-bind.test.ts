import { request } from 'node:http';
import type { ConfigInput } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { type WayIn, wayTo } from '../../../renderer/src/store/way-in.ts';
import { configOf } from '../../support/config-of.ts';
import { engineOfTest } from '../../support/running-engine.ts';
import { members, named } from '../../support/servers-of-test.ts';

type Route = NonNullable<ConfigInput['listeners'][number]['routes']>[number];

const to = (pool: string, path = '/', host?: string): Route => ({ pool, path, ...(host && { host }) });

/** The engine that runs those routes, `shop` having that cookie, and the request that is advised for `shop`. */
async function advised(routes: Route[], cookie: object = {}) {
  const servers = members(await named('a'));
  const config = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', routes }],
    pools: [
      { name: 'shop', servers, affinity: { type: 'cookie', ...cookie }, healthCheck: { type: 'none' } },
      { name: 'other', servers, healthCheck: { type: 'none' } },
    ],
  });
  const engine = engineOfTest();
  const [listener] = await engine.start(config);
  return { engine, url: listener!.url, way: wayTo(config, 'shop') };
}

/** Sends it as a client does that keeps cookies. Resolves with what the response sets. */
function send(url: string, { path, host }: WayIn, cookie?: string): Promise<string | undefined> {
  const headers = { ...(host !== undefined && { host }), ...(cookie !== undefined && { cookie }) };
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.headers['set-cookie']?.[0]));
    })
      .on('error', reject)
      .end();
  });
}

/** The cookie as a client keeps it, or null where it would not send it with that request (RFC 6265 sections 5.1.3, 5.1.4 and 5.4). */
function kept(field: string, url: string, { path, host }: WayIn): string | null {
  const attribute = (name: string) => new RegExp(`; ${name}=([^;]*)`).exec(field)?.[1];
  const below = attribute('Path')!;
  const domain = attribute('Domain');
  const name = host ?? new URL(url).hostname;
  const isPath = path === below || path.startsWith(below.endsWith('/') ? below : `${below}/`);
  const isDomain = domain === undefined || name === domain || name.endsWith(`.${domain}`);
  return isPath && isDomain ? field.split(';')[0]! : null;
}

describe('the request that is advised for binding a client', () => {
  it.each<[string, Route[], object]>([
    ['any will do', [to('shop')], {}],
    ['the path of its route is needed', [to('other'), to('shop', '/shop')], {}],
    ['its cookie is of a path', [to('shop')], { path: '/app' }],
    ['its cookie is of a path that ends with a slash', [to('shop', '/app')], { path: '/app/' }],
    [
      'its cookie is of a path above that of its route',
      [to('other'), to('shop', '/app/x')],
      { path: '/app' },
    ],
    ['only one of its routes is below that path', [to('shop', '/a'), to('shop', '/b')], { path: '/b' }],
    ['it is reached by a host', [to('other'), to('shop', '/', 'shop.test')], {}],
    ['it is reached by any host below one', [to('other'), to('shop', '/', '*.shop.test')], {}],
    [
      'one of those is of another pool',
      [to('other', '/', 'www.shop.test'), to('shop', '/', '*.shop.test')],
      {},
    ],
    [
      'the address itself is of another pool',
      [to('other', '/', '127.0.0.1'), to('other', '/', 'localhost'), to('shop')],
      {},
    ],
    ['its cookie is of a domain', [to('shop')], { domain: 'Example.test' }],
    [
      'its cookie is of a domain below that of its route',
      [to('shop', '/', '*.test')],
      { domain: 'deep.shop.test', path: '/x' },
    ],
    [
      'one of its hosts is of that domain',
      [to('shop', '/', 'a.test'), to('shop', '/', 'b.test')],
      { domain: 'b.test' },
    ],
    [
      'a host and a path are needed',
      [to('other', '/', 'shop.test'), to('shop', '/deep', 'shop.test')],
      { path: '/deep/er' },
    ],
  ])('does where %s', async (_name, routes, cookie) => {
    const { engine, url, way } = await advised(routes, cookie);
    const set = await send(url, way!);
    await send(url, way!, kept(set!.replace('Example', 'example'), url, way!)!);
    expect(engine.sessions({ limit: 10 }).sessions.map(({ pool, hits }) => [pool, hits])).toEqual([
      ['shop', 2],
    ]);
  });

  it.each<[string, Route[], object]>([
    ['no route leads there', [to('other')], {}],
    ['its cookie is of a path that leads elsewhere', [to('shop'), to('other', '/app')], { path: '/app' }],
    ['its cookie is of another domain', [to('shop', '/', 'shop.test')], { domain: 'example.test' }],
    ['its cookie wants TLS', [to('shop', '/', 'shop.test')], { secure: true }],
  ])('is none where %s', async (_name, routes, cookie) => {
    expect((await advised(routes, cookie)).way).toBeUndefined();
  });
});
