import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { configOf } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { engineOfTest, runEngine } from '../../support/running-engine.ts';
import { members, named, sequence } from '../../support/servers-of-test.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

/** An application with a cookie of its own: /login sets it, /logout takes it back, everything answers with the server's name. */
async function application(name: string): Promise<{ name: string; address: string }> {
  let logins = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/login') {
      logins += 1;
      response.setHeader('Set-Cookie', ['theme=dark; Path=/', `SID=${name}-${logins}; Path=/; HttpOnly`]);
    }
    if (request.url === '/logout') response.setHeader('Set-Cookie', 'SID=; Path=/; Max-Age=0');
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterThisTest(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { name, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A client with a jar of its own. */
function browser(url: string) {
  const jar = new Map<string, string>();
  return {
    jar,
    async ask(path = '/'): Promise<string> {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const { headers, body } = await fetchText(`${url}${path}`, {
        headers: cookie === '' ? {} : { cookie },
      });
      for (const field of headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(field)!;
        if (/max-age=0/i.test(field)) jar.delete(name!);
        else jar.set(name!, value!);
      }
      return body;
    },
  };
}

const many = async <T>(times: number, act: () => Promise<T>): Promise<Set<T>> => {
  const found = new Set<T>();
  for (let time = 0; time < times; time++) found.add(await act());
  return found;
};

describe("sessions by the application's cookie", () => {
  it('begin with the response that sets it, follow it over restarts of the server, and end with it', async () => {
    const servers = await Promise.all(['a', 'b', 'c'].map(application));
    const { url, engine } = await runEngine({ servers, affinity: { type: 'app-cookie', name: 'SID' } });
    const [one, other] = [browser(url), browser(url)];
    expect((await many(6, () => one.ask())).size).toBe(3);
    expect(engine.sessions({ limit: 10 }).total).toBe(0);

    const home = await one.ask('/login');
    const [theirs] = [await other.ask('/login')];
    expect([...one.jar.keys()].sort()).toEqual(['SID', 'theme']);
    expect(await many(5, () => one.ask())).toEqual(new Set([home]));
    expect(await many(5, () => other.ask())).toEqual(new Set([theirs]));
    const { sessions } = engine.sessions({ limit: 10 });
    expect(sessions.map(({ server, hits, type }) => [server, hits, type]).sort()).toEqual(
      [
        [`api/${home}`, 6, 'app-cookie'],
        [`api/${theirs}`, 6, 'app-cookie'],
      ].sort(),
    );
    expect(JSON.stringify([sessions, engine.events.read(0, 1_000)])).not.toMatch(/[abc]-\d/);
    const [request] = engine.journal.list({ limit: 1, pool: 'api' }).requests;
    expect(engine.journal.detail(request!.id)!.attemptList[0]!.decision!.affinity).toMatchObject({
      result: 'kept',
    });

    engine.setAdminState('api', home, 'drain');
    expect(await many(3, () => one.ask())).toEqual(new Set([home]));
    engine.setAdminState('api', home, 'maintenance');
    const elsewhere = await one.ask();
    expect(elsewhere).not.toBe(home);
    engine.setAdminState('api', home, 'ready');
    expect(await many(3, () => one.ask())).toEqual(new Set([elsewhere]));

    await one.ask('/logout');
    expect(engine.sessions({ limit: 10 }).total).toBe(1);
    expect(one.jar.has('SID')).toBe(false);
    expect((await many(6, () => one.ask())).size).toBe(3);
  });
});

describe('sessions by a field', () => {
  it('keep every value at its server, whatever connection it comes on', async () => {
    const { url, engine } = await runEngine({
      servers: members(await named('a', 'b', 'c')),
      affinity: { type: 'header', header: 'X-Session' },
    });
    for (const value of ['one', 'two', 'three', 'four']) {
      const answers = await sequence(url, 5, { 'X-SESSION': value });
      expect(new Set(answers).size).toBe(1);
    }
    expect(new Set(await sequence(url, 6)).size).toBe(3);
    expect(engine.sessions({ limit: 10 }).sessions.map(({ hits }) => hits)).toEqual([5, 5, 5, 5]);
  });

  it('is found by its name, also among many whose names begin with that', async () => {
    const { url, engine } = await runEngine({
      servers: members(await named('a')),
      affinity: { type: 'header', header: 'x-user' },
    });
    for (let user = 1; user <= 12; user++) await sequence(url, 1, { 'x-user': `user ${user}` });
    expect(engine.sessions({ pool: 'api', id: 's1', limit: 1 })).toMatchObject({
      sessions: [{ id: 's1' }],
      total: 1,
    });
    expect(engine.sessions({ id: 's', limit: 1 }).total).toBe(0);
  });
});

describe('what a person does to sessions', () => {
  it('moves, pins and ends them, from the next request on', async () => {
    const { url, engine } = await runEngine({
      servers: members(await named('a', 'b', 'c')),
      affinity: { type: 'cookie', name: 'sticky', ttl: '2s', path: '/', sameSite: 'strict' },
    });
    const one = browser(url);
    const home = await one.ask();
    expect([...one.jar.keys()]).toEqual(['sticky']);
    const to = home === 'c' ? 'b' : 'c';
    expect(engine.moveSession('api', 's1', to)).toBe(`api/${home}`);
    expect(await one.ask()).toBe(to);
    expect(engine.pinSession('api', 's1', true)).toEqual({ before: false, server: `api/${to}` });
    await browser(url).ask();
    await until('the other one has expired', () => engine.sessions({ limit: 10 }).total === 1);
    expect(await one.ask()).toBe(to);
    engine.setAdminState('api', to, 'maintenance');
    expect(await one.ask()).not.toBe(to);
    expect(() => engine.moveSession('api', 's1', to)).toThrow(
      /is in maintenance: the session would leave it again/,
    );
    engine.setAdminState('api', to, 'ready');
    expect(await one.ask()).toBe(to);
    expect(() => engine.moveSession('api', 's9', to)).toThrow(/no session "s9"/);
    expect(() => engine.pinSession('api', 's9', true)).toThrow(/no session "s9"/);
    expect(engine.endSessions('api', home)).toBe(0);
    expect(engine.endSessions('api', to)).toBe(1);
    expect(engine.sessions({ limit: 10 }).total).toBe(0);
    await one.ask();
    expect(engine.endSessions('api', undefined)).toBe(1);
    const kinds = new Set(engine.events.read(0, 1_000).map(({ kind }) => kind));
    for (const kind of [
      'session-bound',
      'session-moved',
      'session-pinned',
      'session-expired',
      'session-ended',
    ] as const)
      expect(kinds).toContain(kind);
  });
});

describe('the name of a session', () => {
  /** One listener before both pools, of which the first is called otherwise as wanted. */
  const config = (
    first: string,
    servers: { name: string; address: string }[],
    type: 'cookie' | 'client-ip',
  ) =>
    configOf({
      listeners: [
        {
          name: 'web',
          bind: '127.0.0.1:0',
          routes: [
            { path: '/', pool: first },
            { path: '/side', pool: 'side' },
          ],
        },
      ],
      pools: [
        { name: first, servers, affinity: { type }, healthCheck: { type: 'none' } },
        { name: 'side', servers, affinity: { type: 'cookie' }, healthCheck: { type: 'none' } },
      ],
    });

  it('is never another’s: not with another kind of affinity, not in another pool, not when a pool comes back', async () => {
    const servers = members(await named('a'));
    const engine = engineOfTest();
    const [listener] = await engine.start(config('api', servers, 'cookie'));
    const url = listener!.url;
    const given: string[] = [];
    const bind = async (path = '/'): Promise<void> => {
      await browser(url).ask(path);
      const ids = engine.sessions({ limit: 10 }).sessions.map(({ id }) => id);
      given.push(...ids.filter((id) => !given.includes(id)));
    };
    await bind();
    await bind('/side');
    await engine.apply(config('api', servers, 'client-ip'));
    await bind();
    await engine.apply(config('api', servers, 'cookie'));
    await bind();
    await engine.apply(config('shop', servers, 'cookie'));
    await bind();
    await engine.apply(config('api', servers, 'cookie'));
    await bind();
    expect(given).toEqual(['s1', 's2', 's3', 's4', 's5', 's6']);
    expect(() => engine.endSession('side', 's6')).toThrow(
      'pool "side" has no session "s6": it is of pool "api"',
    );
    expect(() => engine.endSession('side', 's5')).toThrow(/it may have ended; look for it in the list/);
    for (const id of ['s1', 's3', 's4', 's6'])
      expect(engine.journal.list({ limit: 10, session: { pool: 'api', id } }).requests).toHaveLength(1);
  });

  it('is not that of a session of the last run, also where the pool of that comes later', async () => {
    const servers = members(await named('a'));
    const first = engineOfTest();
    const [before] = await first.start(config('api', servers, 'cookie'));
    for (const path of ['/', '/', '/']) await browser(before!.url).ask(path);
    const saved = { pools: [...first.saveSessions()] };

    const next = engineOfTest();
    next.restoreSessions(saved);
    const [listener] = await next.start(config('shop', servers, 'cookie'));
    await browser(listener!.url).ask();
    expect(next.sessions({ limit: 10 }).sessions.map(({ id }) => id)).toEqual(['s4']);
    await next.apply(config('api', servers, 'cookie'));
    await browser(listener!.url).ask();
    const ids = next.sessions({ limit: 10, pool: 'api' }).sessions.map(({ id }) => id);
    expect(ids.sort()).toEqual(['s1', 's2', 's3', 's5']);
  });
});
