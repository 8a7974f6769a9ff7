import { savedSessionsSchema } from '@shared/contract/saved-sessions.ts';
import { describe, expect, it } from 'vitest';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { cookieOf, type SessionKit, sessions, told, visit } from '../../support/session-kit.ts';

const three = serversNamed({ a: 1, b: 1, c: 1 });
const affinity = { type: 'cookie', ttl: '10m' } as const;

function bound(more: object = {}): { kit: SessionKit; again: () => ReturnType<typeof visit> } {
  const kit = poolKit({ servers: three, affinity: { ...affinity, ...more } });
  const cookie = cookieOf(visit(kit).exchange);
  return { kit, again: () => visit(kit, { cookie }) };
}

describe('a session moved by hand', () => {
  it('goes to the named server and stays there, and the move is told', () => {
    const { kit, again } = bound();
    expect(kit.pool.sessions.move('s1', kit.server('c'))).toBe('api/a');
    expect([again().name, again().name]).toEqual(['c', 'c']);
    expect(told(kit, 'session-moved')).toEqual([
      'Session s1 of 127.0.0.1 moved from a to c: it was moved by hand',
    ]);
    expect(kit.pool.sessions.move('s1', kit.server('c'))).toBe('api/c');
    expect(told(kit, 'session-moved')).toHaveLength(1);
    expect(kit.pool.sessions.move('s9', kit.server('c'))).toBeUndefined();
  });

  it('keeps its last five moves, newest first, and their count', () => {
    const { kit } = bound();
    for (const name of ['b', 'c', 'a', 'b', 'c', 'a', 'b']) kit.pool.sessions.move('s1', kit.server(name));
    const [{ moved, moves } = { moved: 0, moves: [] }] = sessions(kit);
    expect([moved, moves.map(({ from, to }) => `${from} ${to}`)]).toEqual([
      7,
      ['api/a api/b', 'api/c api/a', 'api/b api/c', 'api/a api/b', 'api/c api/a'],
    ]);
  });
});

describe('a pinned session', () => {
  it('neither expires nor makes room for others', async () => {
    const { kit, again } = bound({ maxSessions: 3 });
    expect(kit.pool.sessions.pin('s1', true)).toEqual({ before: false, server: 'api/a', isFull: false });
    for (let client = 0; client < 5; client++) visit(kit);
    await kit.clock.advance(3_600_000);
    kit.pool.tick(kit.clock.now());
    expect(sessions(kit)).toMatchObject([{ id: 's1', pinned: true, expiresMs: null }]);
    expect(again().name).toBe('a');
    expect(told(kit, 'session-pinned')).toEqual([
      'Session s1 of 127.0.0.1 is pinned to a: it neither expires nor moves',
    ]);
  });

  it('expires again once it is unpinned', async () => {
    for (const expiry of ['sliding', 'fixed']) {
      const { kit } = bound({ expiry });
      kit.pool.sessions.pin('s1', true);
      await kit.clock.advance(700_000);
      visit(kit);
      expect(kit.pool.sessions.pin('s1', false)).toMatchObject({ before: true });
      kit.pool.tick(kit.clock.now());
      expect(sessions(kit).map(({ id }) => id)).toEqual(['s2']);
    }
  });

  it('is lent to another server while its own is away, and comes back', () => {
    const { kit, again } = bound();
    kit.pool.sessions.pin('s1', true);
    kit.server('a').verdict = 'unhealthy';
    const lent = again();
    expect(lent.name).not.toBe('a');
    expect(lent.sentence).toMatch(
      /^The session pointed at a, which was unhealthy, and it is pinned there, so only this request went elsewhere: /,
    );
    kit.server('a').verdict = 'healthy';
    expect(again().name).toBe('a');
    expect(sessions(kit)[0]).toMatchObject({ moved: 0, server: 'api/a', pinned: true });
  });

  it('is turned away while its server is away where the pool rejects such clients', () => {
    const { kit, again } = bound({ onUnavailable: 'reject' });
    kit.pool.sessions.pin('s1', true);
    kit.server('a').verdict = 'unhealthy';
    expect(again().name).toBeNull();
  });

  it('moves by hand, still pinned, and ends when its server leaves the pool', () => {
    const { kit, again } = bound();
    kit.pool.sessions.pin('s1', true);
    kit.pool.sessions.move('s1', kit.server('b'));
    expect([again().name, sessions(kit)[0]!.pinned]).toEqual(['b', true]);
    kit.configure({ servers: serversNamed({ a: 1, c: 1 }), affinity });
    expect(sessions(kit)).toEqual([]);
    expect(told(kit, 'session-ended').at(-1)).toBe('1 session at b ended: b left the pool');
    expect(again().name).not.toBe('b');
  });

  it('leaves half of the table to others', () => {
    const { kit } = bound({ maxSessions: 4 });
    for (let client = 0; client < 3; client++) visit(kit);
    const pinned = ['s1', 's2', 's3'].map((id) => kit.pool.sessions.pin(id, true));
    expect(pinned.map((each) => each?.isFull)).toEqual([false, false, true]);
    kit.configure({ servers: three, affinity: { ...affinity, maxSessions: 1 } });
    expect(sessions(kit).map((each) => each.pinned)).toEqual([true]);
  });
});

describe('all sessions of a server', () => {
  it('end together, those of others stay, and one event tells it', () => {
    const { kit, again } = bound();
    for (let client = 0; client < 500; client++) visit(kit);
    const before = kit.pool.sessions.count;
    const ended = kit.pool.sessions.endAll(kit.server('b'));
    expect(ended).toBeGreaterThan(150);
    expect(kit.pool.sessions.count).toBe(before - ended);
    expect(sessions(kit).some(({ server }) => server === 'api/b')).toBe(false);
    expect(told(kit, 'session-ended')).toEqual([`${ended} sessions at b ended: they were ended by hand`]);
    expect(again().name).toBe('a');
    expect(kit.pool.sessions.endAll(null)).toBe(before - ended);
    expect(kit.pool.sessions.count).toBe(0);
  });
});

describe('sessions across a change', () => {
  it('stay with a server that is only called otherwise', () => {
    const { kit, again } = bound();
    const address = kit.server('a').addressText;
    kit.configure({ servers: [{ name: 'first', address }, ...three.slice(1)], affinity });
    expect(again().name).toBe('first');
    expect(sessions(kit)[0]).toMatchObject({ server: 'api/first', moved: 0 });
  });

  it('stay across drain of their server, which takes no others', () => {
    const { kit, again } = bound();
    kit.server('a').adminState = 'drain';
    expect([again().name, again().name]).toEqual(['a', 'a']);
    expect([visit(kit).name, visit(kit).name, visit(kit).name]).not.toContain('a');
    expect(sessions(kit).find(({ id }) => id === 's1')).toMatchObject({ moved: 0 });
  });
});

describe('saved sessions', () => {
  const savedOf = (kit: SessionKit) => {
    const saved = { pools: [...kit.pool.sessions.save()] };
    return savedSessionsSchema.parse(JSON.parse(JSON.stringify(saved))).pools[0]!;
  };

  it('go on in another run: the same clients, servers, counts, moves and pins', async () => {
    const { kit } = bound();
    const second = visit(kit);
    const third = visit(kit);
    kit.pool.sessions.move('s2', kit.server('c'));
    kit.pool.sessions.pin('s3', true);
    await kit.clock.advance(60_000);
    visit(kit, { cookie: cookieOf(second.exchange) });
    const saved = savedOf(kit);
    expect(JSON.stringify(saved)).not.toContain(cookieOf(second.exchange).split('=')[1]!.slice(0, 8));

    const clock = manualClock();
    await clock.advance(60_000);
    const next = poolKit({ servers: three, affinity }, clock, () => 0.5, { saved });
    expect(sessions(next)).toEqual(sessions(kit));
    expect(visit(next, { cookie: cookieOf(second.exchange) }).name).toBe('c');
    expect(visit(next, { cookie: cookieOf(third.exchange) }).name).toBe(third.name);
    expect(visit(next).exchange.session?.handle).toBe('s4');
    expect(told(next, 'sessions-restored')).toEqual(['3 sessions of pool api go on from the last run']);
  });

  it('are left behind where they are over, or clients are told apart otherwise', async () => {
    const { kit } = bound();
    const saved = savedOf(kit);
    const late = {
      ...saved,
      sessions: saved.sessions.map((each) => ({ ...each, lastUsedMs: each.lastUsedMs - 600_000 })),
    };
    const cases = [
      [
        poolKit({ servers: three, affinity }, manualClock(), () => 0.5, { saved: late }),
        '0 sessions of pool api go on from the last run; 1 had expired',
      ],
      [
        poolKit({ servers: three, affinity: { type: 'cookie', name: 'sid' } }, manualClock(), () => 0.5, {
          saved,
        }),
        '0 sessions of pool api go on from the last run; 1 was of clients told apart by something else',
      ],
    ] as const;
    for (const [next, wanted] of cases) {
      expect(told(next, 'sessions-restored')).toEqual([wanted]);
      expect(next.pool.sessions.count).toBe(0);
    }
  });

  it('of a server that is gone end at once, and an event says so', () => {
    const { kit } = bound();
    const cookie = cookieOf(visit(kit).exchange);
    const next = poolKit({ servers: serversNamed({ a: 1, c: 1 }), affinity }, manualClock(), () => 0.5, {
      saved: savedOf(kit),
    });
    expect(sessions(next).every(({ server }) => server !== 'api/b')).toBe(true);
    expect(told(next, 'session-ended')).toEqual(['1 session at b ended: b left the pool']);
    // Only those that go on are counted.
    expect(told(next, 'sessions-restored')).toEqual(['1 session of pool api goes on from the last run']);
    expect(visit(next, { cookie }).name).not.toBe('b');
  });
});
