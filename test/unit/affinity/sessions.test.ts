import { describe, expect, it } from 'vitest';
import { cookieName, createCookieCodec, findCookie } from '../../../main/engine/affinity/session-cookie.ts';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const cookie = { type: 'cookie', ttl: '30m' } as const;
const three = serversNamed({ a: 1, b: 1, c: 1 });

/** What a browser would send back. */
function cookieOf(exchange: Exchange): string {
  expect(exchange.setCookie).not.toBeNull();
  return exchange.setCookie!.split(';')[0]!;
}

function visit(kit: ReturnType<typeof poolKit>, from: { client?: string; cookie?: string | null } = {}) {
  const exchange = kit.request(from);
  const server = kit.pool.choose(exchange);
  if (server) kit.end(exchange, 'responded');
  return { exchange, name: server?.name ?? null };
}

const kinds = (kit: ReturnType<typeof poolKit>) => kit.events.read(0, 100).map(({ kind }) => kind);

describe('cookie sessions', () => {
  it('binds a new client and keeps it at its server', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const first = visit(kit);
    expect(first.exchange.setCookie).toMatch(
      /^ballast_\w+=[\w-]{20}\.[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1800$/,
    );
    for (let request = 0; request < 5; request++) {
      const again = visit(kit, { cookie: `other=1; ${cookieOf(first.exchange)}` });
      expect(again.name).toBe(first.name);
      expect(again.exchange.setCookie).toBeNull();
    }
    expect(visit(kit).name).not.toBe(first.name);
    const { sessions, total } = kit.pool.sessions.list(() => true, 10);
    expect(total).toBe(2);
    expect(sessions.map(({ hits }) => hits)).toEqual([1, 6]);
  });

  it('says nothing of the server in the cookie, and shows nothing of the cookie in the list', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const { exchange } = visit(kit);
    const value = cookieOf(exchange).split('=')[1]!;
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain(exchange.session!.server.id);
    expect(JSON.stringify(kit.pool.sessions.list(() => true, 10))).not.toContain(value.slice(0, 8));
  });

  it.each([
    ['a changed signature', (value: string) => `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`],
    ['a changed id', (value: string) => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`],
    ['no signature', (value: string) => value.split('.')[0]!],
    ['a name of an object property', () => '__proto__'],
    ['nothing', () => ''],
  ])('takes a cookie with %s for none, and binds anew', (_, forge) => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const own = cookieOf(visit(kit).exchange);
    const [name, value] = own.split('=') as [string, string];
    const forged = visit(kit, { cookie: `${name}=${forge(value)}` });
    expect(cookieOf(forged.exchange)).not.toBe(own);
    expect(kit.pool.sessions.count).toBe(2);
  });

  it('tells an expired cookie from a forged one', () => {
    const codec = createCookieCodec(Buffer.alloc(32, 1));
    const other = createCookieCodec(Buffer.alloc(32, 2));
    expect(codec.verify(codec.issue())).toBe(true);
    expect(codec.verify(other.issue())).toBe(false);
    expect(codec.verify('x'.repeat(43))).toBe(false);
  });

  it('has a name of its own in every pool, since cookies ignore ports', () => {
    expect(cookieName('api')).not.toBe(cookieName('web'));
    expect(findCookie('a=1; ballast_x=2;b=3', 'ballast_x')).toBe('2');
    expect(findCookie('xballast_x=1; ballast_xy=2', 'ballast_x')).toBeNull();
    expect(findCookie('n=ballast_x; ballast_x=4', 'ballast_x')).toBe('4');
    expect(findCookie(null, 'ballast_x')).toBeNull();
  });

  it('renews the cookie with every request, as the time to live slides, once a second at most', async () => {
    const kit = poolKit({ servers: three, affinity: { type: 'cookie', ttl: '10m' } });
    const first = visit(kit);
    const cookie = cookieOf(first.exchange);
    await kit.clock.advance(999);
    expect(visit(kit, { cookie }).exchange.setCookie).toBeNull();
    await kit.clock.advance(1);
    expect(visit(kit, { cookie }).exchange.setCookie).toBe(first.exchange.setCookie);
    expect(visit(kit, { cookie }).exchange.setCookie).toBeNull();
    expect(first.exchange.setCookie).toContain('; Max-Age=600');
  });

  it('never lets the browser drop a cookie a second before its session ends', async () => {
    const kit = poolKit({ servers: three, affinity: { type: 'cookie', ttl: '10m' } });
    const first = visit(kit);
    let cookieEndsAt = kit.clock.now() + 600_000;
    for (const waitMs of [240_000, 300, 599_000, 299_000, 700, 599_000]) {
      await kit.clock.advance(waitMs);
      expect(kit.clock.now()).toBeLessThan(cookieEndsAt);
      const again = visit(kit, { cookie: cookieOf(first.exchange) });
      expect(again.name).toBe(first.name);
      if (again.exchange.setCookie !== null) cookieEndsAt = kit.clock.now() + 600_000;
      expect(kit.clock.now() + 600_000 - cookieEndsAt).toBeLessThan(1_000);
    }
  });

  it('leaves a cookie alone whose session has a fixed end', async () => {
    const kit = poolKit({ servers: three, affinity: { type: 'cookie', ttl: '10m', expiry: 'fixed' } });
    const first = visit(kit);
    await kit.clock.advance(400_000);
    expect(visit(kit, { cookie: cookieOf(first.exchange) }).exchange.setCookie).toBeNull();
  });

  it('expires without a request for the time to live, and not before', async () => {
    const kit = poolKit({ servers: three, affinity: { type: 'cookie', ttl: '10m' } });
    const { exchange, name } = visit(kit);
    await kit.clock.advance(599_000);
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe(name);
    await kit.clock.advance(600_000);
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.sessions.count).toBe(0);
    expect(kinds(kit)).toContain('session-expired');
    expect(visit(kit, { cookie: cookieOf(exchange) }).exchange.setCookie).not.toBeNull();
  });

  it('lets the least recently used leave when the table is full', () => {
    const kit = poolKit({ servers: three, affinity: { type: 'cookie', maxSessions: 2 } });
    const first = visit(kit);
    visit(kit);
    visit(kit, { cookie: cookieOf(first.exchange) });
    visit(kit);
    expect(kit.pool.sessions.count).toBe(2);
    expect(visit(kit, { cookie: cookieOf(first.exchange) }).exchange.setCookie).toBeNull();
    expect(kit.events.read(0, 100).find(({ kind }) => kind === 'session-ended')?.text).toMatch(
      /table is full/,
    );
  });

  it('keeps the clients of a draining server and of one with weight 0, and takes no new ones there', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const [first, second] = [visit(kit), visit(kit)];
    kit.server(first.name!).adminState = 'drain';
    kit.server(second.name!).configuredWeight = 0;
    for (let request = 0; request < 3; request++) {
      expect(visit(kit, { cookie: cookieOf(first.exchange) }).name).toBe(first.name);
      expect(visit(kit, { cookie: cookieOf(second.exchange) }).name).toBe(second.name);
      expect(visit(kit).name).toBe('c');
    }
  });

  it('moves the clients of an unavailable server, says so once, and keeps them where they are then', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const { exchange, name } = visit(kit);
    kit.server(name!).verdict = 'unhealthy';
    const moved = visit(kit, { cookie: cookieOf(exchange) });
    expect(moved.name).not.toBe(name);
    kit.server(name!).verdict = 'healthy';
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe(moved.name);
    const told = kit.events.read(0, 100).filter(({ kind }) => kind === 'session-moved');
    expect(told).toHaveLength(1);
    expect(told[0]!.text).toBe(`Session s1 of 127.0.0.1 moved from a to ${moved.name}: a is unhealthy`);
    expect(kit.pool.sessions.list(() => true, 10).sessions[0]).toMatchObject({
      moved: 1,
      moves: [{ from: 'api/a', to: `api/${moved.name}`, reason: 'a is unhealthy' }],
    });
  });

  it('moves a session whose server failed this very request', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    const { exchange } = visit(kit);
    const next = kit.request({ cookie: cookieOf(exchange) });
    kit.pool.choose(next);
    kit.end(next, 'connect-failed', 0, 'connection refused');
    expect(kit.pool.choose(next)?.name).toBe('b');
    kit.end(next, 'responded');
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe('b');
    expect(kit.events.read(0, 100).find(({ kind }) => kind === 'session-moved')?.text).toBe(
      'Session s1 of 127.0.0.1 moved from a to b: a failed (connection refused)',
    );
  });

  it('binds a new client to the server that served it, without calling the failed one a move', () => {
    const kit = poolKit({ servers: three, affinity: { ...cookie, onUnavailable: 'reject' } });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'connect-failed', 0, 'connection refused');
    expect(kit.pool.choose(exchange)?.name).toBe('b');
    kit.end(exchange, 'responded');
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe('b');
    expect(kinds(kit)).not.toContain('session-moved');
  });

  it('rejects the clients of an unavailable server where the pool says so', () => {
    const kit = poolKit({ servers: three, affinity: { ...cookie, onUnavailable: 'reject' } });
    const { exchange } = visit(kit);
    kit.server('a').verdict = 'unhealthy';
    const rejected = visit(kit, { cookie: cookieOf(exchange) });
    expect(rejected.name).toBeNull();
    expect(rejected.exchange.error).toMatch(/bound to a, which is unhealthy, and pool "api" rejects/);
    kit.server('a').verdict = 'healthy';
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe('a');
  });

  it('survives a changed configuration; those at a removed server end, and their clients are bound elsewhere', () => {
    const kit = poolKit({ servers: three, affinity: { ...cookie, onUnavailable: 'reject' } });
    const [first, second] = [visit(kit), visit(kit)];
    kit.configure({
      servers: serversNamed({ b: 1, c: 1 }),
      affinity: { ...cookie, onUnavailable: 'reject', maxSessions: 50 },
    });
    expect(kit.pool.sessions.list(() => true, 9).sessions.map(({ server }) => server)).toEqual(['api/b']);
    expect(kit.events.read(0, 100).find(({ kind }) => kind === 'session-ended')?.text).toBe(
      '1 session at a ended: a left the pool',
    );
    expect(visit(kit, { cookie: cookieOf(second.exchange) }).name).toBe('b');
    const again = visit(kit, { cookie: cookieOf(first.exchange) });
    expect(again.name).toBe('c');
    expect(again.exchange.setCookie).not.toBeNull();
  });

  it('ends by hand, and all together when the affinity is of another kind', () => {
    const kit = poolKit({ servers: three, affinity: cookie });
    visit(kit);
    visit(kit);
    expect(kit.pool.sessions.end('s1')).toBe(true);
    expect(kit.pool.sessions.end('s1')).toBe(false);
    kit.configure({ servers: three, affinity: { type: 'client-ip' } });
    expect(kit.pool.sessions.count).toBe(0);
    expect(kit.events.read(0, 100).filter(({ kind }) => kind === 'session-ended')).toHaveLength(2);
  });
});

describe('sessions by client address', () => {
  it('keeps each address at its server, without a cookie', () => {
    const kit = poolKit({ servers: three, affinity: { type: 'client-ip' } });
    const homes = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((client) => visit(kit, { client }).name);
    expect(homes).toEqual(['a', 'b', 'c']);
    const again = ['127.0.0.3', '127.0.0.1', '127.0.0.2'].map((client) => visit(kit, { client }));
    expect(again.map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(again.every(({ exchange }) => exchange.setCookie === null)).toBe(true);
  });
});

describe('a flood of new sessions', () => {
  it('is told as a few events and one count, which add up', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1 }), affinity: cookie });
    for (let request = 0; request < 500; request++) visit(kit);
    await kit.clock.advance(1_000);
    kit.events.tick(kit.clock.now());
    const told = kit.events.read(0, 1_000).filter(({ kind }) => kind === 'session-bound');
    expect(told).toHaveLength(11);
    expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(500);
  });
});
