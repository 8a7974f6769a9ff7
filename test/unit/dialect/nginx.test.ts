import type { Config } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { dialects } from '../../../main/dialect/registry.ts';
import { configWith, notesOf, upstreamOf } from '../../support/nginx-export-kit.ts';

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

  it.each(['latest', '1', '1.22.1.1', '', '1.x', '-1.22', '1.9.1'])(
    'refuses the version %j and says how to write one',
    (targetVersion) => {
      expect(() => renderNginx(configWith(), { targetVersion })).toThrow(
        expect.objectContaining({ code: 'invalid-params', message: expect.stringMatching(/1\.22|1\.16/) }),
      );
    },
  );

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
