import { describe, expect, it } from 'vitest';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { configWith, notesOf, upstreamOf } from '../../support/nginx-export-kit.ts';

describe('strategies in nginx', () => {
  it('leaves weights out for round robin, which ignores them', () => {
    expect(upstreamOf(configWith()).join()).not.toMatch(/weight=/);
    // All but one: it takes no new clients, whatever the strategy.
    expect(upstreamOf(configWith())).toContain('server [::1]:3002 max_fails=5 fail_timeout=10s down;');
  });

  it('hashes the whole address for ip-hash, and says which backup is lost', () => {
    const config = configWith({ strategy: 'ip-hash' });
    expect(upstreamOf(config)).toContain('hash $remote_addr consistent;');
    expect(upstreamOf(config).join('\n')).toContain('# server 127.0.0.1:3003 backup;');
    expect(notesOf(config).join()).toContain(
      'lost: Pool api: nginx has no backup servers together with hash; api-3 is left out.',
    );
    expect(renderNginx(config).text).not.toMatch(/^\s*ip_hash/m);
  });

  it.each([
    ['power-of-two', '1.22', 'random two least_conn;', []],
    ['random', '1.22', 'random;', []],
    [
      'least-time',
      '1.22',
      'least_conn;',
      [
        'lost: Pool api: least-time needs nginx 1.31 (or nginx Plus). Before, the export counts requests in flight only (least_conn), not how long they take.',
      ],
    ],
    [
      'least-time',
      '1.31',
      'least_time last_byte inflight;',
      [
        "differs: Pool api: nginx's least_time averages response times; Ballast lets a slow one count at once and fade over 10000 ms (decay), which cannot be said.",
      ],
    ],
    [
      { kind: 'ip-hash', ipv6Prefix: 64 },
      '1.22',
      'hash $remote_addr consistent;',
      ['lost: Pool api: nginx hashes whole IPv6 addresses; ipv6Prefix: 64 is gone.'],
    ],
    [{ kind: 'hash', key: 'header:X-User' }, '1.22', 'hash $http_x_user consistent;', []],
    [{ kind: 'hash', key: 'cookie:user' }, '1.22', 'hash $cookie_user consistent;', []],
    [{ kind: 'hash', key: 'query:user' }, '1.22', 'hash $arg_user consistent;', []],
    [{ kind: 'hash', key: 'uri' }, '1.22', 'hash $request_uri consistent;', []],
    [{ kind: 'hash', key: 'client-ip' }, '1.22', 'hash $remote_addr consistent;', []],
    [
      { kind: 'hash', key: 'path', boundedLoad: 1.25 },
      '1.22',
      'hash $ballast_hash_api consistent;',
      ["lost: Pool api: nginx's hash has no bounded load (1.25): a popular key may overload its server."],
    ],
    [
      { kind: 'hash', key: 'cookie:my-user', fallback: 'first' },
      '1.22',
      'hash $ballast_hash_api consistent;',
      [
        'differs: Pool api: requests without cookie:my-user go by weighted round robin in nginx, not by first.',
      ],
    ],
  ] as const)('has a method for %j in nginx %s', (strategy, version, line, notes) => {
    const config = configWith({ strategy });
    expect(upstreamOf(config, version)).toContain(line);
    expect(notesOf(config, version)).toEqual(expect.arrayContaining([...notes]));
  });

  it('tells of backups that random and hash refuse, and makes backups of all but the first under first', () => {
    expect(notesOf(configWith({ strategy: 'power-of-two' }))).toContain(
      'lost: Pool api: nginx has no backup servers together with random; api-3 is left out.',
    );
    const config = configWith({
      strategy: 'first',
      servers: [
        { address: '127.0.0.1:3001', weight: 0 },
        { address: '127.0.0.1:3002', maxRequests: 4 },
        { address: '127.0.0.1:3003' },
      ],
    });
    expect(upstreamOf(config).filter((line) => line.startsWith('server'))).toEqual([
      'server 127.0.0.1:3001 max_fails=5 fail_timeout=10s down;',
      'server 127.0.0.1:3002 max_conns=4 max_fails=5 fail_timeout=10s;',
      'server 127.0.0.1:3003 max_fails=5 fail_timeout=10s backup;',
    ]);
    expect(notesOf(config)).toContain(
      'differs: Pool api: nginx fills no server before the next. The first gets everything up to its max_conns; the others are its backups, and take turns.',
    );
  });
});
