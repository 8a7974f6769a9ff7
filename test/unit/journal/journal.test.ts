import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

type Kit = ReturnType<typeof poolKit>;

/** Leads a request through the given outcomes, server after server, and journals it. */
function run(
  kit: Kit,
  outcomes: ('responded' | 'connect-failed' | 'closed-before-response')[],
  from: Parameters<Kit['request']>[0] = {},
): { exchange: Exchange; id: string } {
  const exchange = kit.request(from);
  for (const outcome of outcomes) {
    if (!kit.pool.choose(exchange)) {
      exchange.status = 503;
      break;
    }
    kit.end(exchange, outcome, undefined, outcome === 'connect-failed' ? 'connection refused' : undefined);
  }
  kit.journal.record(exchange, kit.clock.now());
  return { exchange, id: exchange.idText };
}

const detail = (kit: Kit, id: string) => requestDetailSchema.parse(kit.journal.detail(id));
const sentences = (kit: Kit, id: string) =>
  detail(kit, id).attemptList.map(({ decision }) => decision?.sentence);

describe('the decision of a request', () => {
  it('tells whose turn it was by weighted round robin', () => {
    const kit = poolKit({ servers: serversNamed({ a: 5, b: 1, c: 1 }), strategy: 'weighted-round-robin' });
    const { id } = run(kit, ['responded']);
    expect(sentences(kit, id)).toEqual([
      'Weighted round robin chose a, whose turn it was (current 5, next best b at 1).',
    ]);
    expect(detail(kit, id).attemptList[0]!.decision!.servers).toMatchObject([
      { id: 'api/a', weight: 5, activeRequests: 0, state: 'picked', detail: 'current 5' },
      { id: 'api/b', weight: 1, activeRequests: 0, state: 'candidate', detail: 'current 1' },
      { id: 'api/c', weight: 1, activeRequests: 0, state: 'candidate', detail: 'current 1' },
    ]);
  });

  it('tells whose turn it was by round robin', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    run(kit, ['responded']);
    expect(sentences(kit, run(kit, ['responded']).id)).toEqual([
      'Round robin chose b, whose turn it was after a.',
    ]);
  });

  it('tells how busy the servers were by least connections', () => {
    const kit = poolKit({ servers: serversNamed({ a: 3, b: 1 }), strategy: 'least-connections' });
    for (const busy of ['a', 'a', 'b']) kit.server(busy).requestBegan();
    expect(sentences(kit, run(kit, ['responded']).id)).toEqual([
      'Least connections chose a, the least busy for its weight (2 in flight / weight 3, next b with 1 in flight / weight 1).',
    ]);
  });

  it('tells who was left out and why', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    kit.server('a').verdict = 'unhealthy';
    kit.server('c').adminState = 'drain';
    expect(sentences(kit, run(kit, ['responded']).id)).toEqual([
      'Round robin chose b, the only one to choose from. Left out: a is unhealthy, c is draining.',
    ]);
  });

  it('tells of every attempt of a request that was saved by a retry', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    const { id } = run(kit, ['connect-failed', 'closed-before-response', 'responded']);
    const { attemptList, server, attempts } = detail(kit, id);
    expect(attemptList.map(({ server, outcome }) => [server, outcome])).toEqual([
      ['api/a', 'connect-failed'],
      ['api/b', 'closed-before-response'],
      ['api/c', 'responded'],
    ]);
    expect([server, attempts]).toEqual(['api/c', 3]);
    expect(sentences(kit, id)[2]).toBe(
      'The attempt before, at b, failed (closed the connection before a response). Round robin chose c, the only one to choose from.',
    );
    expect(attemptList[2]!.decision!.servers.map(({ state }) => state)).toEqual(['tried', 'tried', 'picked']);
  });

  it('tells why a session stayed, began and moved', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 5, b: 1, c: 1 }),
      strategy: 'weighted-round-robin',
      affinity: { type: 'cookie' },
    });
    const first = run(kit, ['responded']);
    const cookie = first.exchange.setCookie!.split(';')[0]!;
    expect(sentences(kit, first.id)).toEqual([
      'The client sent no session cookie: weighted round robin chose a, whose turn it was (current 5, next best b at 1), and the session is bound to it.',
    ]);
    expect(sentences(kit, run(kit, ['responded'], { cookie }).id)).toEqual([
      'The session pointed at a, which was available, so it kept the request.',
    ]);
    const moved = run(kit, ['connect-failed', 'responded'], { cookie });
    expect(sentences(kit, moved.id)[1]).toBe(
      'The session pointed at a, which failed (connection refused), so the session moved: weighted round robin chose b, whose turn it was (current 1, next best c at 1).',
    );
    expect(detail(kit, moved.id).attemptList[1]!.decision!.affinity).toEqual({
      by: 'cookie',
      result: 'moved',
      server: 'api/b',
      reason: 'the session pointed at a, which failed (connection refused)',
    });
  });

  it('finds the requests of one session, and none of another client with the same address', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), affinity: { type: 'cookie' } });
    const [one, other] = [run(kit, ['responded']), run(kit, ['responded'])];
    const cookie = one.exchange.setCookie!.split(';')[0]!;
    const again = run(kit, ['connect-failed', 'responded'], { cookie });
    const of = (id: string, pool = 'api') =>
      kit.journal.list({ limit: 10, session: { pool, id } }).requests.map((request) => request.id);
    expect(of('s1')).toEqual([again.id, one.id]);
    expect(of('s2')).toEqual([other.id]);
    expect(of('s1', 'canary')).toEqual([]);
  });

  it('finds no request of a session among those that have none', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    run(kit, ['responded']);
    expect(kit.journal.list({ limit: 10, session: { pool: 'api', id: 's1' } }).requests).toEqual([]);
  });

  it('tells why nothing was available', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    kit.server('a').verdict = 'unhealthy';
    kit.server('b').adminState = 'maintenance';
    const { id } = run(kit, ['responded']);
    const { unserved, attemptList, server } = detail(kit, id);
    expect(attemptList).toEqual([]);
    expect(server).toBeNull();
    expect(unserved!.sentence).toBe('No server was available: a is unhealthy, b is in maintenance.');
  });

  it('stays what it was when the pool has changed since', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const { id } = run(kit, ['responded']);
    kit.configure({ servers: serversNamed({ c: 9 }), strategy: 'least-connections' });
    expect(sentences(kit, id)).toEqual(['Round robin chose a, whose turn it was.']);
  });
});

describe('a journal that keeps nothing', () => {
  it('costs no notes, and begins anew when it is switched on', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const before = run(kit, ['responded']);
    kit.journal.resize(0);
    expect(kit.journal.isOn).toBe(false);
    expect(kit.journal.detail(before.id)).toBeUndefined();
    const meanwhile = [run(kit, ['responded']), run(kit, ['connect-failed', 'responded'])];
    expect(kit.journal.list({ limit: 10 }).requests).toEqual([]);
    expect(kit.journal.read(0, 10)).toEqual([]);
    kit.journal.resize(100);
    expect(kit.journal.isOn).toBe(true);
    const after = run(kit, ['responded']);
    expect(kit.journal.list({ limit: 10 })).toMatchObject({ requests: [{ id: after.id }] });
    for (const { id } of meanwhile) expect(kit.journal.detail(id)).toBeUndefined();
  });

  it('changes nothing about who is picked', () => {
    const picks = [true, false].map((isExplained) => {
      const kit = poolKit({ servers: serversNamed({ a: 5, b: 1, c: 1 }), strategy: 'weighted-round-robin' });
      return Array.from({ length: 14 }, () => {
        const exchange = kit.request();
        exchange.isExplained = isExplained;
        const server = kit.pool.choose(exchange);
        kit.end(exchange, 'responded');
        return server?.name;
      }).join('');
    });
    expect(picks[1]).toBe(picks[0]);
    expect(picks[0]).toBe('aabacaaaabacaa');
  });
});

describe('the journal', () => {
  it('keeps the route that led to the pool', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const routes = [
      { host: 'shop.test', path: '/cart', pool: 'api' },
      { path: '/', pool: 'api' },
    ];
    const ids = [...routes, null].flatMap((route) =>
      [['responded'] as const, ['connect-failed', 'responded'] as const].map((outcomes) => {
        const exchange = kit.request();
        exchange.route = route;
        for (const outcome of outcomes) {
          kit.pool.choose(exchange);
          kit.end(exchange, outcome);
        }
        kit.journal.record(exchange, kit.clock.now());
        return exchange.idText;
      }),
    );
    const told = () => ids.map((id) => detail(kit, id).route);
    const expected = [{ host: 'shop.test', path: '/cart' }, { host: null, path: '/' }, null].flatMap(
      (route) => [route, route],
    );
    expect(told()).toEqual(expected);
    kit.journal.resize(50);
    expect(told()).toEqual(expected);
  });

  it('keeps the newest, counts the forgotten, and mixes nothing up when its records are used again', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    const shared = kit.request(); // one client connection carries them all
    const ids: string[] = [];
    for (let request = 0; request < 250; request++) {
      shared.id = 1_000 + request;
      shared.attemptCount = 0;
      kit.pool.choose(shared);
      kit.end(shared, 'responded');
      kit.journal.record(shared, kit.clock.now());
      ids.push(shared.idText);
    }
    const { requests, forgotten } = kit.journal.list({ limit: 1_000 });
    expect(forgotten).toBe(150);
    expect(requests.map(({ id }) => id)).toEqual(ids.slice(150).reverse());
    expect(kit.journal.detail(ids[149]!)).toBeUndefined();
    for (const [index, id] of ids.entries()) {
      if (index < 150) continue;
      const { attemptList, server } = detail(kit, id);
      expect(server).toBe(`api/${'abc'[index % 3]}`);
      expect(attemptList[0]!.decision!.servers.find(({ state }) => state === 'picked')!.id).toBe(server);
    }
  });

  it('reads on from a cursor and keeps what fits when it is resized', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1 }) });
    const ids = Array.from({ length: 120 }, () => run(kit, ['responded']).id);
    expect(kit.journal.cursor).toBe(120);
    expect(kit.journal.read(115, 3).map(({ id }) => id)).toEqual(ids.slice(117));
    kit.journal.resize(10);
    expect(kit.journal.list({ limit: 100 })).toMatchObject({ forgotten: 110 });
    kit.journal.resize(20);
    const more = Array.from({ length: 15 }, () => run(kit, ['responded']).id);
    const kept = kit.journal.list({ limit: 100 }).requests.map(({ id }) => id);
    expect(kept).toEqual([...ids.slice(115), ...more].reverse());
  });

  it('keeps what was retried or failed when thousands of others have passed, up to a limit of its own', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const retried = run(kit, ['connect-failed', 'responded']).id;
    const plain = run(kit, ['responded']).id;
    for (let request = 0; request < 300; request++) run(kit, ['responded']);
    expect(kit.journal.detail(plain)).toBeUndefined();
    expect(detail(kit, retried).attemptList.map(({ outcome }) => outcome)).toEqual([
      'connect-failed',
      'responded',
    ]);
    expect(sentences(kit, retried)[1]).toContain('chose b');
    expect(kit.journal.list({ limit: 1_000, only: 'retried' })).toMatchObject({
      requests: [{ id: retried }],
      forgotten: 201,
    });
    // The log goes on by number: what was set apart is not told again.
    expect(kit.journal.read(0, 1_000).map(({ id }) => id)).not.toContain(retried);

    const more = Array.from({ length: 700 }, () => run(kit, ['connect-failed', 'responded']).id);
    expect(kit.journal.detail(retried)).toBeUndefined();
    const kept = kit.journal.list({ limit: 1_000, only: 'retried' }).requests.map(({ id }) => id);
    expect(kept).toEqual(more.slice(-200).reverse());
    for (const id of kept) expect(detail(kit, id).attemptList).toHaveLength(2);
  });

  it('keeps fewer of what was retried too when it is made smaller, the newest of them', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const retry = () => run(kit, ['connect-failed', 'responded']).id;
    const early = Array.from({ length: 150 }, retry); // the older half is set apart by the newer
    const late = Array.from({ length: 20 }, retry);
    for (let request = 0; request < 15; request++) run(kit, ['responded']);
    kit.journal.resize(30);
    const retried = () => kit.journal.list({ limit: 1_000, only: 'retried' }).requests.map(({ id }) => id);
    const newest = [...early, ...late].slice(-45).reverse(); // 15 beside the plain ones, 30 set apart
    expect(retried()).toEqual(newest);
    expect(kit.journal.list({ limit: 1_000 }).forgotten).toBe(185 - 60);

    const plain = Array.from({ length: 30 }, () => run(kit, ['responded']).id);
    expect(retried()).toEqual(newest.slice(0, 30));
    kit.journal.resize(60);
    const more = Array.from({ length: 90 }, retry);
    expect(kit.journal.list({ limit: 60 }).requests.map(({ id }) => id)).toEqual(more.slice(-60).reverse());
    expect(retried()).toEqual([...more.slice().reverse(), ...newest].slice(0, 120));
    expect(kit.journal.detail(plain[0]!)).toBeUndefined();
    for (const id of retried()) expect(detail(kit, id).attemptList).toHaveLength(2);
  });

  it('finds requests by server, by failure and by retry', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    run(kit, ['responded']);
    run(kit, ['connect-failed', 'responded']);
    const ids = (filter: object) => kit.journal.list({ limit: 10, ...filter }).requests.map(({ id }) => id);
    expect(ids({ only: 'retried' })).toEqual(['r-2']);
    expect(ids({ server: 'api/a' })).toEqual(['r-2', 'r-1']);
    expect(ids({ server: 'api/b' })).toEqual(['r-2']);
    expect(ids({ pool: 'web' })).toEqual([]);
    kit.server('a').adminState = kit.server('b').adminState = 'maintenance';
    run(kit, ['responded']);
    expect(ids({ only: 'failed' })).toEqual(['r-3']);
  });

  it('keeps what it had when a pool has more servers than any before, and when it was made smaller meanwhile', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), strategy: 'weighted-round-robin' });
    kit.server('a').adminState = kit.server('b').adminState = 'maintenance';
    const failed = Array.from({ length: 80 }, () => run(kit, ['responded']).id); // not a plain one among them
    kit.journal.resize(70);
    kit.server('a').adminState = kit.server('b').adminState = 'ready';
    const early = Array.from({ length: 30 }, () => run(kit, ['responded']).id);
    const sentence = sentences(kit, early[3]!);
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`s${index}`, 1]));
    kit.configure({ servers: serversNamed(many) });
    const late = Array.from({ length: 30 }, () => run(kit, ['responded']).id);
    expect(sentences(kit, early[3]!)).toEqual(sentence);
    expect(detail(kit, late[0]!).attemptList[0]!.decision!.servers).toHaveLength(12);
    const { requests } = kit.journal.list({ limit: 70 });
    expect(requests.map(({ id }) => id)).toEqual([...failed.slice(-10), ...early, ...late].reverse());
    expect(requests.map(({ server }) => server)).not.toContain('');
  });

  it('tells of a plain request all that was written down of it', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1 }) });
    const exchange = kit.request();
    Object.assign(exchange, {
      method: 'PUT',
      target: '/some?where',
      requestBytes: 7,
      responseBytes: 2 ** 33,
    });
    kit.pool.choose(exchange);
    const attempt = exchange.attempts[0]!;
    attempt.begin(kit.clock.now() + 3);
    Object.assign(attempt, { outcome: 'responded', status: 404, endedAt: kit.clock.now() + 8 });
    Object.assign(attempt, { batchPlace: 3, batchSize: 5 });
    exchange.status = 404;
    kit.journal.record(exchange, exchange.startedAt + 9.5);
    expect(detail(kit, exchange.idText)).toMatchObject({
      id: exchange.idText,
      atMs: Math.round(exchange.startedEpoch),
      durationMs: 9.5,
      listener: exchange.listener,
      pool: 'api',
      client: exchange.facts!.clientAddress,
      method: 'PUT',
      target: '/some?where',
      status: 404,
      server: 'api/a',
      attempts: 1,
      requestBytes: 7,
      responseBytes: 2 ** 33,
      error: null,
      attemptList: [
        {
          server: 'api/a',
          startedAfterMs: 3,
          durationMs: 5,
          outcome: 'responded',
          status: 404,
          detail: null,
        },
      ],
    });
    expect(detail(kit, exchange.idText).attemptList[0]!.batch).toEqual({ place: 3, size: 5, apart: null });
  });
});
