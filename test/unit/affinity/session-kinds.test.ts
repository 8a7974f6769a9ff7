import type { ConfigInput } from '@shared/config/schema.ts';
import { configSchema } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { addressPrefix } from '../../../main/engine/affinity/address-prefix.ts';
import { findSetCookie } from '../../../main/engine/affinity/response-cookie.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import { cookieOf, type SessionKit, sessions, told, visit } from '../../support/session-kit.ts';

type Affinity = NonNullable<ConfigInput['pools'][number]['affinity']>;

const three = serversNamed({ a: 1, b: 1, c: 1 });

function kitOf(affinity: Affinity): SessionKit {
  return poolKit({ servers: three, affinity });
}

function problemsOf(affinity: object): string[] {
  const parsed = configSchema.safeParse({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:1' }], affinity }],
  });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${String(path.at(-1))}: ${message}`);
}

describe('the cookie', () => {
  it.each([
    [{}, /^ballast_\w+=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1800$/],
    [
      { name: 'sid', path: '/app', domain: 'example.test', secure: true, sameSite: 'none', ttl: '90s' },
      /^sid=[^;]+; Path=\/app; Domain=example\.test; HttpOnly; Secure; SameSite=None; Max-Age=90$/,
    ],
    [{ maxAge: false, httpOnly: false, sameSite: 'strict' }, /^ballast_\w+=[^;]+; Path=\/; SameSite=Strict$/],
  ] as const)('has the attributes that the file says: %j', (more, wanted) => {
    expect(visit(kitOf({ type: 'cookie', ...more })).exchange.setCookie).toMatch(wanted);
  });

  it('is not sent again while the browser keeps it by itself', async () => {
    for (const more of [{ maxAge: false }, { expiry: 'fixed' }] as const) {
      const kit = kitOf({ type: 'cookie', ttl: '10m', ...more });
      const { exchange, name } = visit(kit);
      await kit.clock.advance(599_000);
      const again = visit(kit, { cookie: cookieOf(exchange) });
      expect([again.name, again.exchange.setCookie]).toEqual([name, null]);
    }
  });

  it.each([
    [{ sameSite: 'none' }, 'sameSite: browsers drop a cookie with SameSite=None that is not Secure'],
    [{ name: '__Secure-x' }, 'name: browsers drop a cookie of that name that is not Secure'],
    [{ name: '__Host-x', secure: true, path: '/app' }, 'name: browsers drop a __Host- cookie with'],
    [{ name: 'a b' }, 'name: letters, digits'],
    [{ path: 'app' }, 'path: a path starts with "/"'],
    [{ path: '/a;b' }, 'path: a path without spaces'],
    [{ domain: 'a b' }, 'domain: a host name'],
    [{ sameSite: 'Lax' }, 'sameSite: write lax, strict or none'],
    [{ expiry: 'never' }, 'expiry: write sliding or fixed'],
  ])('is refused with what to write instead: %j', (more, wanted) => {
    expect(problemsOf({ type: 'cookie', ...more })[0]).toContain(wanted);
    expect(problemsOf({ type: 'cookie', secure: true, ...more, name: 'x', sameSite: 'none' }).length).toBe(
      ('path' in more && more.path !== '/app') || 'domain' in more || 'expiry' in more ? 1 : 0,
    );
  });

  it('called otherwise ends the sessions that nobody could find any more', () => {
    const kit = kitOf({ type: 'cookie' });
    visit(kit);
    kit.configure({ servers: three, affinity: { type: 'cookie', name: 'sid' } });
    expect(kit.pool.sessions.count).toBe(0);
    expect(told(kit, 'session-ended')).toEqual([
      '1 session of pool api ended: clients are told apart by something else now',
    ]);
  });
});

describe('a fixed time to live', () => {
  it('counts from the first request, whatever comes later', async () => {
    const kit = kitOf({ type: 'cookie', ttl: '10m', expiry: 'fixed' });
    const first = visit(kit);
    const cookie = cookieOf(first.exchange);
    await kit.clock.advance(300_000);
    const second = visit(kit);
    visit(kit, { cookie });
    expect(sessions(kit).map(({ expiresMs, sinceMs }) => expiresMs! - sinceMs)).toEqual([600_000, 600_000]);
    await kit.clock.advance(299_000);
    expect(visit(kit, { cookie }).name).toBe(first.name);
    await kit.clock.advance(1_000);
    kit.pool.tick(kit.clock.now());
    expect(sessions(kit).map(({ server }) => server)).toEqual([`api/${second.name}`]);
    expect(told(kit, 'session-expired')[0]).toMatch(/expired: it was bound 10m ago$/);
    expect(visit(kit, { cookie }).sentence).toContain('The session of this cookie had expired');
  });

  it('comes and goes with the configuration, and sessions stay', async () => {
    const kit = kitOf({ type: 'cookie', ttl: '10m' });
    const { exchange, name } = visit(kit);
    await kit.clock.advance(500_000);
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe(name);
    kit.configure({
      servers: three,
      strategy: 'least-connections',
      affinity: { type: 'cookie', ttl: '9m', expiry: 'fixed' },
    });
    expect(visit(kit, { cookie: cookieOf(exchange) }).name).toBe(name);
    kit.configure({ servers: three, affinity: { type: 'cookie', ttl: '8m', expiry: 'fixed' } });
    expect(kit.pool.sessions.count).toBe(0);
  });
});

describe("sessions by the application's cookie", () => {
  const affinity = { type: 'app-cookie', name: 'sid' } as const;

  it('are bound when a response sets it, to the server that set it', () => {
    const kit = kitOf(affinity);
    const first = visit(kit, {}, { value: 'secret-1' });
    expect(first.exchange.setCookie).toBeNull();
    expect(first.sentence).toMatch(
      /chose a.*The response set the application's cookie: the session is bound to a\.$/,
    );
    for (let request = 0; request < 4; request++)
      expect(visit(kit, { cookie: 'x=1; sid=secret-1' }).name).toBe('a');
    expect(sessions(kit)[0]).toMatchObject({ type: 'app-cookie', server: 'api/a', hits: 5 });
    expect(JSON.stringify(sessions(kit))).not.toContain('secret');
    expect(told(kit, 'session-bound')[0]).toContain('was bound to a by its cookie sid');
  });

  it('are not bound to a server that was taken out of the pool before it answered', () => {
    const kit = kitOf(affinity);
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.configure({ servers: three.slice(1), affinity });
    kit.pool.cookieSet(exchange, exchange.attempts[0]!, { value: 'late', isOver: false });
    kit.end(exchange, 'responded');
    expect(kit.pool.sessions.count).toBe(0);
  });

  it('do not begin with a request, known cookie or not', () => {
    const kit = kitOf(affinity);
    expect(visit(kit).sentence).toMatch(/^The client sent no cookie of the application's/);
    expect(visit(kit, { cookie: 'sid=unheard-of' }).sentence).toMatch(/^No response has set this cookie/);
    expect(kit.pool.sessions.count).toBe(0);
    expect(new Set([1, 2, 3].map(() => visit(kit, { cookie: 'sid=unheard-of' }).name)).size).toBe(3);
  });

  it('move when their server is away, and follow a server that sets the same cookie', () => {
    const kit = kitOf(affinity);
    visit(kit, {}, { value: '1' });
    kit.server('a').verdict = 'unhealthy';
    expect(visit(kit, { cookie: 'sid=1' }).name).toBe('b');
    kit.server('a').verdict = 'healthy';
    expect(visit(kit, { cookie: 'sid=1' }).name).toBe('b');
    const other = visit(kit, {}, { value: '1' });
    expect(visit(kit, { cookie: 'sid=1' }).name).toBe(other.name);
    expect(sessions(kit)[0]!.moves[0]!.reason).toBe(`${other.name} set its cookie`);
  });

  it('are several where the application changes its cookie, and end when it takes the cookie back', () => {
    const kit = kitOf(affinity);
    visit(kit, {}, { value: 'before' });
    const renewed = visit(kit, { cookie: 'sid=before' }, { value: 'after' });
    expect(renewed.name).toBe('a');
    expect(visit(kit, { cookie: 'sid=after' }).name).toBe('a');
    visit(kit, { cookie: 'sid=after' }, { value: '', isOver: true });
    expect(kit.pool.sessions.count).toBe(1);
    expect(told(kit, 'session-ended')[0]).toMatch(/ended: a took its cookie back$/);
  });

  it.each([
    ['Set-Cookie: sid=1; Path=/', { value: '1', isOver: false }],
    ['set-cookie:sid = "a b" ;HttpOnly', { value: '"a b"', isOver: false }],
    ['Set-Cookie: sid=1; Max-Age=0', { value: '1', isOver: true }],
    ['Set-Cookie: sid=1; max-age=-5; Expires=Fri, 01 Jan 2100 00:00:00 GMT', { value: '1', isOver: true }],
    ['Set-Cookie: sid=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { value: '1', isOver: false }],
    ['Set-Cookie: sid=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { value: '1', isOver: true }],
    ['Set-Cookie: sid=; Path=/', { value: '', isOver: true }],
    ['Set-Cookie: sid=1\r\nSet-Cookie: other=2\r\nSet-Cookie: sid=3', { value: '3', isOver: false }],
    ['Set-Cookie: sidx=1', null],
    ['Set-Cookie: sid', null],
    ['X-Set-Cookie: sid=1', null],
    ['Cookie: sid=1', null],
  ])('are read from %j', (line, wanted) => {
    expect(findSetCookie(`200 OK\r\nDate: x\r\n${line}\r\n\r\n`, 'sid', 1_000_000)).toEqual(wanted);
  });
});

describe('sessions by a field', () => {
  const affinity = { type: 'header', header: 'X-Session' } as const;

  it('keep the same value at the same server, and show nothing of it', () => {
    const kit = kitOf(affinity);
    const homes = ['one', 'two', 'three'].map((value) => visit(kit, { fields: { 'x-session': value } }).name);
    expect(homes).toEqual(['a', 'b', 'c']);
    const again = ['three', 'one', 'two'].map((value) => visit(kit, { fields: { 'x-session': value } }));
    expect(again.map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(sessions(kit).every(({ key }) => /^#[\w-]{8}$/.test(key))).toBe(true);
    expect(told(kit, 'session-bound')[0]).toContain('by its x-session');
    expect(visit(kit, { fields: { 'x-session': 'new' } }).sentence).toMatch(
      /^There was no session for this value of the field: /,
    );
  });

  it('leave a request without it to the strategy', () => {
    const kit = kitOf(affinity);
    for (const fields of [{}, { 'x-session': '' }] as const) {
      const { sentence, exchange } = visit(kit, { fields });
      expect(sentence).toMatch(/^The request lacks the field/);
      expect(exchange.session).toBeNull();
    }
    expect(kit.pool.sessions.count).toBe(0);
    expect(visit(kit, { fields: { 'x-session': 'x' } }).name).toBe('c');
  });

  it('go on after a retry where the second attempt went', () => {
    const kit = kitOf(affinity);
    const exchange = kit.request({ fields: { 'x-session': '1' } });
    kit.pool.choose(exchange);
    kit.end(exchange, 'connect-failed', 0, 'connection refused');
    expect(kit.pool.choose(exchange)?.name).toBe('b');
    kit.end(exchange, 'responded');
    expect(visit(kit, { fields: { 'x-session': '1' } }).name).toBe('b');
    expect(kit.pool.sessions.count).toBe(1);
  });
});

describe('sessions by network', () => {
  it.each([
    ['10.1.2.3', 32, 128, '10.1.2.3'],
    ['10.1.2.3', 24, 128, '10.1.2.0/24'],
    ['10.1.255.3', 20, 128, '10.1.240.0/20'],
    ['10.1.2.3', 1, 1, '0.0.0.0/1'],
    ['::1', 32, 128, '::1'],
    ['2001:db8:1:2:3:4:5:6', 32, 64, '2001:db8:1:2/64'],
    ['2001:db8::5', 32, 64, '2001:db8:0:0/64'],
    ['2001:db8:ffff::5', 32, 36, '2001:db8:f000/36'],
    ['fe80::1%eth0', 32, 64, 'fe80:0:0:0/64'],
    ['::1', 32, 127, '0:0:0:0:0:0:0:0/127'],
    ['strange', 8, 8, 'strange'],
    ['1:2:3', 8, 8, '1:2:3'],
  ])('%s by %i and %i bits is %s', (address, v4, v6, wanted) => {
    expect(addressPrefix(address, v4, v6)).toBe(wanted);
  });

  it('take neighbours for one client', () => {
    const kit = kitOf({ type: 'client-ip', ipv4Prefix: 24, ipv6Prefix: 64 });
    const at = (client: string) => visit(kit, { client }).name;
    expect(['10.0.0.1', '10.0.0.200', '10.0.1.1', '2001:db8::1', '2001:db8::2'].map(at)).toEqual([
      'a',
      'a',
      'b',
      'c',
      'c',
    ]);
    expect(sessions(kit).map(({ key, client }) => [key, client])).toEqual([
      ['2001:db8:0:0/64', '2001:db8::2'],
      ['10.0.1.0/24', '10.0.1.1'],
      ['10.0.0.0/24', '10.0.0.200'],
    ]);
  });

  it('expire by hundreds at once without a trace of the one that comes back', async () => {
    const kit = kitOf({ type: 'client-ip', ttl: '1m' });
    for (let client = 0; client < 300; client++)
      visit(kit, { client: `10.0.${client >> 8}.${client & 255}` });
    await kit.clock.advance(60_000);
    visit(kit, { client: '10.0.1.40' });
    kit.pool.tick(kit.clock.now());
    expect(kit.pool.sessions.count).toBe(1);
  });
});
