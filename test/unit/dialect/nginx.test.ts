import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { dialects } from '../../../main/dialect/registry.ts';
import { configOf } from '../../support/config-of.ts';

function configWith(
  pool: Partial<ConfigInput['pools'][number]> = {},
  rest: Partial<ConfigInput> = {},
): Config {
  return configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [
      {
        name: 'api',
        servers: [
          { address: '127.0.0.1:3001', weight: 5 },
          { address: '[::1]:3002', weight: 0 },
          { address: '127.0.0.1:3003', backup: true, maxRequests: 7 },
        ],
        ...pool,
      },
    ],
    ...rest,
  });
}

function upstreamOf(config: Config, targetVersion?: string): string[] {
  const { text } = renderNginx(config, { targetVersion });
  return /upstream api \{\n([^}]*)\}/
    .exec(text)![1]!
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+#.*/, ''));
}

function notesOf(config: Config, targetVersion?: string): string[] {
  return renderNginx(config, { targetVersion }).notes.map(({ level, message }) => `${level}: ${message}`);
}

describe('renderNginx', () => {
  it('writes the same text for the same configuration', () => {
    expect(renderNginx(configWith()).text).toBe(renderNginx(configWith()).text);
    expect(dialects.nginx(configWith(), {}).fileName).toBe('nginx.conf');
  });

  it('writes servers with weight, limit, backup and failures', () => {
    expect(upstreamOf(configWith({ strategy: 'weighted-round-robin' }))).toEqual([
      'zone api 256k;',
      "# weighted round robin: nginx's own default, smooth (5/1/1 serves a a b a c a a)",
      'server 127.0.0.1:3001 weight=5 max_fails=5 fail_timeout=10s;',
      'server [::1]:3002 max_fails=5 fail_timeout=10s down;',
      'server 127.0.0.1:3003 max_conns=7 max_fails=5 fail_timeout=10s backup;',
      'keepalive 32;',
      'keepalive_timeout 60s;',
    ]);
  });

  it('marks everything behind the first priority as backup, and says what nginx does not tell apart', () => {
    const servers = [
      { address: '127.0.0.1:3001', priority: 1 },
      { address: '127.0.0.1:3002', priority: 3 },
      { address: '127.0.0.1:3003', backup: true },
    ];
    const lines = upstreamOf(configWith({ servers })).filter((line) => line.startsWith('server'));
    expect(lines.map((line) => line.endsWith(' backup;'))).toEqual([false, true, true]);
    const told = (some: typeof servers): string[] =>
      notesOf(configWith({ servers: some })).filter((note) => note.includes('first priority'));
    expect(told(servers)).toEqual([
      'differs: Pool api: nginx knows servers and backups only; everything behind the first priority becomes a backup, all at once.',
    ]);
    expect(told(servers.slice(1))).toEqual([]);
  });

  it('says that slow start, panic, a limit of the whole pool and drain deadlines are gone', () => {
    const told = (pool: Parameters<typeof configWith>[0]): string[] =>
      notesOf(configWith(pool)).filter((note) => /slow start|panic|whole upstream|timeouts.drain/.test(note));
    expect(told({})).toEqual([]);
    const all = { slowStart: '30s', panicThreshold: 40, maxRequests: 9, timeouts: { drain: '30s' } };
    expect(told(all)).toEqual([
      'lost: Pool api: open-source nginx has no slow start: a server that comes back has its whole share at once (nginx Plus: slow_start=30s).',
      'lost: Pool api: nginx has no limit of requests in flight for a whole upstream; maxRequests: 9 is gone.',
      'lost: Pool api: nginx never ends what runs at a server that drains; the deadline of 30s (timeouts.drain) is gone.',
      'lost: Pool api: nginx has no panic threshold (40 %); it only forgets its failures when no server is left.',
    ]);
  });

  it('says that requests do not wait for a server at max_conns', () => {
    const queueNotes = (pool: Parameters<typeof configWith>[0]): string[] =>
      notesOf(configWith(pool)).filter((note) => note.includes('no queue'));
    expect(queueNotes({})).toEqual([
      'lost: Pool api: open-source nginx has no queue: where every server is at max_conns a request gets 502 at once, instead of waiting up to 5s (nginx Plus: queue 1000 timeout=5s;).',
    ]);
    expect(queueNotes({ queue: { length: 0 } })).toEqual([]);
    expect(queueNotes({ servers: [{ address: '127.0.0.1:3001' }] })).toEqual([]);
  });

  it('carries the limits that nginx has, and says which were set that it has not', () => {
    const limited = (limits: object): Config =>
      configWith({}, { listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api', limits }] });
    const { text } = renderNginx(limited({ sendTimeout: '7s', lingerTimeout: '300ms' }));
    expect(text).toContain('send_timeout 7s;');
    expect(text).toContain('lingering_timeout 300ms;');
    expect(notesOf(limited({ sendTimeout: '7s' })).join()).not.toContain('limits.');
    expect(notesOf(limited({ headFields: 10, maxConnections: 6 }))).toContain(
      'lost: Listener web: nginx has its own ideas of limits.maxConnections (6), limits.headFields (10); they cannot be said.',
    );
  });

  it('keeps no more unused connections than the pool does', () => {
    const kept = (idleConnections: number): string[] =>
      upstreamOf(configWith({ idleConnections })).filter((line) => line.startsWith('keepalive '));
    expect(kept(1_024)).toEqual(['keepalive 32;']);
    expect(kept(2)).toEqual(['keepalive 6;']);
    expect(kept(0)).toEqual([]);
    expect(notesOf(configWith({ idleConnections: 0 }), '1.29.7').join()).toContain(
      'idleConnections: 0 is gone',
    );
  });

  it('has as many workers as the data plane has threads, where somebody asked for several', () => {
    expect(renderNginx(configWith()).text).toContain('worker_processes auto;');
    expect(renderNginx(configWith({}, { dataPlane: { threads: 4 } })).text).toContain('worker_processes 4;');
  });

  it('says that WebSockets end by another clock', () => {
    expect(notesOf(configWith()).join()).toContain(
      'nginx closes a switched connection (WebSocket) when its server says nothing for 30s (proxy_read_timeout), Ballast when nothing moves for 1h',
    );
    expect(notesOf(configWith({ timeouts: { tunnel: '30s' } })).join()).not.toContain('WebSocket');
  });

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

  it('says that health checks are lost and what takes their place', () => {
    const config = configWith({ healthCheck: { type: 'http', path: '/health', interval: '500ms' } });
    expect(notesOf(config)[0]).toMatch(
      /^lost: Pool api: open-source nginx does not check health by itself\. The probe \(GET \/health every 500ms\) is gone .*left out for 10s after 5 failed requests/,
    );
    expect(notesOf(configWith({ healthCheck: { type: 'none' } })).join()).not.toContain(
      'does not check health',
    );
  });

  it('says what of outlier detection it leaves behind', () => {
    const outlierNotes = (outlierDetection: object): string[] =>
      notesOf(configWith({ outlierDetection, retry: { on: [503] } })).filter((note) =>
        note.includes('outlierDetection'),
      );
    expect(outlierNotes({})).toEqual([]);
    expect(outlierNotes({ statuses: [503] })).toEqual([]);
    expect(
      outlierNotes({
        failurePercent: 50,
        latencyFactor: 5,
        maxEjectedPercent: 40,
        statuses: ['5xx', 429],
        ejectLast: true,
      }),
    ).toEqual([
      'lost: Pool api: nginx leaves a server out after so many failures, and for nothing else; outlierDetection.failurePercent: 50, outlierDetection.latencyFactor: 5, outlierDetection.maxEjectedPercent: 40 cannot be said.',
      'differs: Pool api: nginx counts as failures the statuses that it tries again elsewhere (retry.on), not those of outlierDetection.statuses (5xx, 429).',
      'differs: Pool api: where every server has failed nginx asks all of them again, each once in a while; outlierDetection.ejectLast cannot be said.',
    ]);
  });

  it('says what the lost probe looked for', () => {
    const looking = configWith({
      healthCheck: {
        type: 'http',
        path: '/health',
        headers: { 'x-probe': '1' },
        body: { contains: 'ok' },
        initial: 'unhealthy',
      },
    });
    const notes = notesOf(looking).join('\n');
    expect(notes).toContain('The probe (GET /health with x-probe whose body contains "ok" every 2s) is gone');
    expect(notes).toContain('passes=2 match=NAME;)');
    expect(notes).toContain('initial: unhealthy is gone');
    const matching = configWith({ healthCheck: { type: 'http', body: { matches: '^up' } } });
    expect(notesOf(matching).join()).toContain('(GET / whose body matches /^up/ every 2s)');
    const calling = configWith({ healthCheck: { type: 'grpc', service: 'shop.v1.Orders' } });
    expect(notesOf(calling).join()).toContain(
      'The probe (gRPC health of shop.v1.Orders every 2s) is gone (nginx Plus: health_check type=grpc grpc_service=shop.v1.Orders interval=2s',
    );
  });

  it('says that there is no circuit breaker, where one was asked for', () => {
    const circuitNotes = (circuitBreaker: object): string[] =>
      notesOf(configWith({ circuitBreaker })).filter((note) => note.includes('circuit'));
    expect(circuitNotes({})).toEqual([]);
    expect(circuitNotes({ failurePercent: 50 })).toEqual([
      'lost: Pool api: nginx has no circuit breaker; a pool that fails as a whole is asked on (circuitBreaker).',
    ]);
  });

  it('is keyed by the version of nginx', () => {
    const sticky = configWith({ affinity: { type: 'cookie', ttl: '10m' }, strategy: 'weighted-round-robin' });
    expect(upstreamOf(sticky, '1.22')).toContain('hash $ballast_key_api consistent;');
    expect(upstreamOf(sticky, '1.29.5')).toContain('hash $ballast_key_api consistent;');
    expect(upstreamOf(sticky, '1.29.6')).toEqual(
      expect.arrayContaining([
        'sticky cookie ballast_api expires=600s path=/ httponly samesite=lax;',
        'server [::1]:3002 max_fails=5 fail_timeout=10s drain;',
        'keepalive 32;',
      ]),
    );
    expect(upstreamOf(sticky, '1.29.7')).not.toContain('keepalive 32;');
    expect(renderNginx(sticky, { targetVersion: '1.29.6' }).text).toContain('proxy_http_version 1.1;');
    expect(renderNginx(sticky, { targetVersion: '1.30' }).text).not.toContain('proxy_http_version');
  });

  it('keeps the cookie as the file wants it', () => {
    const affinity = {
      type: 'cookie',
      name: 'sid',
      ttl: '90s',
      path: '/app',
      domain: 'example.test',
      secure: true,
      sameSite: 'none',
      httpOnly: false,
    } as const;
    expect(upstreamOf(configWith({ affinity }), '1.29.6')).toContain(
      'sticky cookie sid expires=90s domain=example.test path=/app secure samesite=none;',
    );
    const old = renderNginx(configWith({ affinity })).text;
    expect(old).toContain('map $cookie_sid $ballast_key_api {');
    expect(old).toContain(
      '"" "sid=$request_id; Path=/app; Max-Age=90; Domain=example.test; Secure; SameSite=None";',
    );
    const unlimited = configWith({ affinity: { type: 'cookie', name: 'my-cookie', maxAge: false } });
    expect(upstreamOf(unlimited, '1.29.6')).toContain(
      'sticky cookie my-cookie path=/ httponly samesite=lax;',
    );
    expect(notesOf(unlimited).join()).toContain(
      'nginx cannot read a cookie called my-cookie; the export calls it ballast_api',
    );
  });

  it("learns the application's cookie where nginx can, and says what it costs where it cannot", () => {
    const affinity = { type: 'app-cookie', name: 'JSESSIONID', ttl: '10m', expiry: 'fixed' } as const;
    const config = configWith({ affinity }, { persistSessions: true });
    expect(upstreamOf(config, '1.29.6')).toContain(
      'sticky learn create=$upstream_cookie_JSESSIONID lookup=$cookie_JSESSIONID zone=ballast_sessions_api:2m timeout=600s header;',
    );
    const notes = renderNginx(config, { targetVersion: '1.29.6' })
      .notes.map(({ message }) => message)
      .join();
    expect(notes).toContain('after its last request, not after its first');
    expect(notes).toContain('persistSessions is gone');
    expect(upstreamOf(config)).toContain('hash $ballast_key_api consistent;');
    expect(notesOf(config).join()).toContain(
      "lost: Pool api: learning the application's cookie needs nginx 1.29.6",
    );
    const odd = configWith({ affinity: { type: 'app-cookie', name: 'connect.sid' } });
    expect(notesOf(odd).join()).toContain('nginx cannot read a cookie called connect.sid; affinity is gone');
    expect(
      notesOf(configWith({ affinity: { type: 'cookie' } }, { persistSessions: true })).join(),
    ).not.toContain('persist');
  });

  it('hashes a field or an address, and says which prefixes are lost', () => {
    const field = configWith({ affinity: { type: 'header', header: 'X-Session', onUnavailable: 'reject' } });
    expect(renderNginx(field).text).toContain('map $http_x_session $ballast_key_api {');
    expect(upstreamOf(field)).toContain('hash $ballast_key_api consistent;');
    expect(notesOf(field).join()).toContain('differs: Pool api: affinity by x-session becomes a hash of it');
    expect(notesOf(field).join()).toContain('onUnavailable: reject cannot be said');
    const network = configWith({ affinity: { type: 'client-ip', ipv6Prefix: 64 } });
    expect(notesOf(network).join()).toContain(
      'nginx hashes the whole address; ipv6Prefix: 64 cannot be said',
    );
  });

  it.each(['latest', '1', '1.22.1.1', '', '1.x', '-1.22', '1.9.1'])(
    'refuses the version %j and says how to write one',
    (targetVersion) => {
      expect(() => renderNginx(configWith(), { targetVersion })).toThrow(
        expect.objectContaining({ code: 'invalid-params', message: expect.stringMatching(/1\.22|1\.16/) }),
      );
    },
  );

  it('tells the statuses that nginx cannot retry, and the budget', () => {
    const config = configWith({ retry: { attempts: 4, on: [503, 418, 500] } });
    expect(renderNginx(config).text).toContain(
      'proxy_next_upstream error timeout invalid_header http_500 http_503;',
    );
    expect(renderNginx(config).text).toContain('proxy_next_upstream_tries 4;');
    const notes = notesOf(config).join('\n');
    expect(notes).toContain('cannot retry on status 418');
    expect(notes).toContain('no retry budget');
    expect(renderNginx(configWith({ retry: { attempts: 1 } })).text).toContain('proxy_next_upstream off;');
  });

  it('says by its own words what is tried again, and what it cannot tell apart', () => {
    const when = (retry: object): string | undefined =>
      /proxy_next_upstream (.*);/.exec(renderNginx(configWith({ retry })).text)?.[1];
    expect(when({ on: ['timed-out', 'connect-failed', 'closed-before-response', '5xx'] })).toBe(
      'error timeout http_500 http_502 http_503 http_504',
    );
    expect(when({ on: ['failed-mid-response'] })).toBe('invalid_header');
    expect(when({ methods: ['GET', 'POST', 'LOCK', 'PATCH'] })).toBe(
      'error timeout invalid_header non_idempotent',
    );
    const notes = notesOf(
      configWith({ retry: { on: ['connect-failed', '4xx'], methods: ['GET', 'POST'] } }),
    ).join('\n');
    expect(notes).toContain('does not tell connect-failed from closed-before-response');
    expect(notes).toContain('cannot retry on status the rest of 4xx');
    expect(notes).toContain('Ballast not HEAD, OPTIONS, PUT, DELETE, TRACE either');
    expect(notes).toContain('nginx tries LOCK and PATCH again too, not only POST');
  });

  it('tells that it knows neither hedging nor waits between attempts, and of the times what it has', () => {
    const config = configWith({
      retry: { backoff: { base: '25ms' }, hedge: {} },
      timeouts: { attempt: '2s', request: '10s' },
    });
    expect(renderNginx(config).text).toContain('proxy_next_upstream_timeout 10s;');
    const notes = notesOf(config).join('\n');
    expect(notes).toContain('no attempt as a whole (timeouts.attempt 2s)');
    expect(notes).toContain('lets the one that runs go on; Ballast answers 504');
    expect(notes).toContain('does not wait before it tries again (retry.backoff)');
    expect(notes).toContain('sends no request to two servers at once (retry.hedge)');
    expect(renderNginx(configWith()).text).not.toContain('proxy_next_upstream_timeout');
  });

  it('replaces what clients say of themselves, unless another proxy in front is trusted', () => {
    const replaced = renderNginx(configWith()).text;
    expect(replaced).toContain('proxy_set_header X-Forwarded-For $remote_addr;');
    expect(replaced).toContain('proxy_set_header Forwarded "";');
    const trusted = renderNginx(
      configWith(
        {},
        { listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api', trustForwarded: true }] },
      ),
    ).text;
    expect(trusted).toContain('proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;');
    expect(trusted).not.toContain('Forwarded "";');
  });

  it('gives a listener on any free port one that no other has', () => {
    const config = configWith(
      {},
      {
        listeners: [
          { name: 'a', bind: '127.0.0.1:0', pool: 'api' },
          { name: 'b', bind: '127.0.0.1:8080', pool: 'api' },
        ],
      },
    );
    expect(renderNginx(config).text.match(/listen [^;]+/g)).toEqual([
      'listen 127.0.0.1:8081',
      'listen 127.0.0.1:8080',
    ]);
    expect(notesOf(config).join()).toContain('Listener a: port 0');
  });

  it('lets nothing of the configuration out of a comment', () => {
    // The schema refuses such a path; the export does not rely on it.
    const config = configWith({ healthCheck: { type: 'http', path: '/x' } });
    for (const pool of config.pools) Object.assign(pool.healthCheck, { path: '/x\n} evil {' });
    const lines = renderNginx(config).text.split('\n');
    expect(lines.filter((line) => line.includes('evil')).every((line) => line.startsWith('#'))).toBe(true);
  });

  it('says every note once, the lost ones first', () => {
    const { notes } = renderNginx(configWith());
    expect(new Set(notes.map(({ message }) => message)).size).toBe(notes.length);
    const levels = notes.map(({ level }) => ['lost', 'differs', 'info'].indexOf(level));
    expect(levels).toEqual(levels.toSorted());
  });
});
