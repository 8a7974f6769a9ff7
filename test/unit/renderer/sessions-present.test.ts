import type { ConfigInput } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  affinityYaml,
  bindingRequest,
  noWayTo,
  poolsWithAffinity,
  sortSessions,
  withoutName,
} from '../../../renderer/src/features/sessions/present-session.ts';
import { formatSpan } from '../../../renderer/src/metrics/format.ts';
import { curlLine, listenerUrl } from '../../../renderer/src/store/listeners.ts';
import { wayLine, wayTo } from '../../../renderer/src/store/way-in.ts';
import { configOf } from '../../support/config-of.ts';

const session = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  pool: 'api',
  type: 'cookie',
  client: '127.0.0.1',
  server: 'api/api-1',
  key: '#3fA9xK2q',
  pinned: false,
  moved: 0,
  moves: [],
  sinceMs: 0,
  lastUsedMs: 0,
  expiresMs: 0,
  hits: 1,
  ...more,
});

describe('sessions', () => {
  it('are sorted as asked, equal ones in the order they came', () => {
    const list = [session('a', { hits: 2 }), session('b', { hits: 9 }), session('c', { hits: 2 })];
    expect(sortSessions(list, 'hits', 'descending').map(({ id }) => id)).toEqual(['b', 'a', 'c']);
    expect(sortSessions(list, 'hits', 'ascending').map(({ id }) => id)).toEqual(['a', 'c', 'b']);
    expect(list.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('tell spans of time in two units at most', () => {
    expect([-5, 999, 59_999, 60_000, 252_000, 3_599_000, 3_780_000, 187_200_000].map(formatSpan)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min 00 s',
      '4 min 12 s',
      '59 min 59 s',
      '1 h 03 min',
      '2 d 4 h',
    ]);
  });

  it('are turned on by what the empty screen says to write', () => {
    const written = parse(affinityYaml('api')) as Pick<ConfigInput, 'pools'>;
    const config = configOf({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
      pools: [{ ...written.pools[0]!, servers: [{ address: '127.0.0.1:3001' }] }],
    });
    expect(poolsWithAffinity(config)).toEqual([
      { pool: 'api', type: 'cookie', by: 'cookie', ttl: '30m', maxSessions: 10_000 },
    ]);
  });

  it('are begun by what the empty screen says to send, by the kind of the pool', () => {
    const config = configOf({
      listeners: [
        {
          name: 'web',
          bind: '[::1]:18601',
          routes: [
            { path: '/', pool: 'api' },
            { host: 'a.test', path: '/app', pool: 'app' },
          ],
        },
      ],
      pools: [
        {
          name: 'api',
          affinity: { type: 'header', header: 'X-User' },
          servers: [{ address: '127.0.0.1:3001' }],
        },
        {
          name: 'app',
          affinity: { type: 'app-cookie', name: 'JSESSIONID' },
          servers: [{ address: '127.0.0.1:3002' }],
        },
        { name: 'ip', affinity: { type: 'client-ip' }, servers: [{ address: '127.0.0.1:3003' }] },
        { name: 'jar', affinity: { type: 'cookie' }, servers: [{ address: '127.0.0.1:3004' }] },
      ],
    });
    const [api, app, ip, jar] = poolsWithAffinity(config).map(bindingRequest);
    expect(api).toEqual({
      text: 'A client is bound at its first request with the field x-user, by its value',
      options: ["-H 'x-user: anna'"],
    });
    expect(app!.text).toContain('cookie JSESSIONID');
    expect([app!.options, ip!.options, jar!.options]).toEqual([
      ['-c jar', '-b jar'],
      [],
      ['-c jar', '-b jar'],
    ]);
    expect(wayTo(config, 'app')).toMatchObject({ listener: { name: 'web' }, path: '/app', host: 'a.test' });
    expect(wayTo(config, 'ip')).toBeUndefined();
    expect(noWayTo(config, 'ip')).toBe('No listener leads to its pool.');
    expect(noWayTo(config, 'api')).toMatch(/^But no request that is led to its pool would carry the cookie/);
    expect(wayLine(wayTo(config, 'api')!, undefined, ...api!.options)).toBe(
      "curl -H 'x-user: anna' 'http://[::1]:18601/'",
    );
    expect(curlLine("http://127.0.0.1:1/it's&more")).toBe("curl 'http://127.0.0.1:1/it'\\''s&more'");
    expect(bindingRequest({ type: 'header', name: 'host' }).options).toEqual([]);
    expect(listenerUrl({ host: '127.0.0.1', port: 0 }, undefined)).toBe('http://127.0.0.1:…');
    expect(listenerUrl({ host: '0.0.0.0', port: 0 }, { url: 'http://127.0.0.1:81' })).toBe(
      'http://127.0.0.1:81',
    );
  });

  it('do not name a server twice when they tell why they moved', () => {
    expect(withoutName('api-2 failed (connection refused)', 'api/api-2')).toBe('failed (connection refused)');
    expect(withoutName('api-20 failed', 'api/api-2')).toBe('api-20 failed');
  });

  it('have no pool where none has affinity', () => {
    expect(poolsWithAffinity({ pools: [] })).toEqual([]);
  });
});
