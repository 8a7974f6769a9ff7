import { describe, expect, it } from 'vitest';
import { clientOfEach, threads } from '../support/threads-cleanup.ts';
import {
  type PinnedClient,
  suffix,
  type ThreadsKit,
  type ThreadsOptions,
  whyNot,
} from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

let kit: ThreadsKit;
const weights = { a: 1, b: 1, c: 1 };

async function start(pool: ThreadsOptions['pool'], count = 2): Promise<PinnedClient[]> {
  kit = await threads({ threads: count, weights, pool });
  return clientOfEach(kit, count);
}

function cookieOf(headers: { readonly 'set-cookie'?: string[] | undefined }): { cookie: string } {
  return { cookie: headers['set-cookie']![0]!.split(';')[0]! };
}

describe.skipIf(whyNot !== null)(`sessions of several threads${suffix}`, () => {
  it('bound by cookie in one thread are kept by all others', async () => {
    const each = await start({ affinity: { type: 'cookie' } }, 4);
    for (const [index, binder] of each.entries()) {
      const bound = await binder.get();
      const cookie = cookieOf(bound.headers);
      for (const client of [...each, ...each]) {
        const { body, headers } = await client.get('/', cookie);
        expect([index, body, headers['set-cookie']]).toEqual([index, bound.body, undefined]);
      }
    }
    const { sessions } = await kit.client.call('session.list', { limit: 100 });
    expect(sessions.slice(0, 4).map(({ hits }) => hits)).toEqual([9, 9, 9, 9]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(sessions.length);
    expect((await kit.metrics()).pools.api!.sessions).toBe(sessions.length);
  });

  it('bound by address lead to the same server whatever thread a connection lands on', async () => {
    const each = await start({ affinity: { type: 'client-ip' } }, 4);
    const { body } = await each[0]!.get();
    for (const client of each)
      for (let sent = 0; sent < 3; sent++) expect((await client.get()).body).toBe(body);
    expect((await kit.client.call('session.list', {})).total).toBe(1);
  });

  it('move once when their server goes, and all threads follow', async () => {
    const [first, second] = await start({ affinity: { type: 'cookie' } });
    const bound = await first!.get();
    const cookie = cookieOf(bound.headers);
    const server = bound.body;
    await kit.client.call('server.set-admin-state', { pool: 'api', server, adminState: 'maintenance' });
    const moved = await second!.get('/', cookie);
    expect(moved.body).not.toBe(server);
    expect((await first!.get('/', cookie)).body).toBe(moved.body);
    const { sessions } = await kit.client.call('session.list', {});
    expect(sessions[0]).toMatchObject({
      server: `api/${moved.body}`,
      moved: 1,
      moves: [{ from: `api/${server}`, reason: expect.stringContaining('maintenance') }],
    });
    await until('it is told', () => kit.events.some(({ kind }) => kind === 'session-moved'));
    expect(kit.events.filter(({ kind }) => kind === 'session-moved')).toHaveLength(1);
  });

  it('that were ended by hand are ended in every thread', async () => {
    const [first, second] = await start({ affinity: { type: 'cookie' } });
    const cookie = cookieOf((await second!.get()).headers);
    const { sessions } = await kit.client.call('session.list', {});
    for (const { id } of sessions) await kit.client.call('session.end', { pool: 'api', id });
    const again = await first!.get('/', cookie);
    expect(again.headers['set-cookie']).toBeDefined();
    await expect(kit.client.call('session.end', { pool: 'api', id: sessions[0]!.id })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('are moved, pinned and ended by hand for all threads at once', async () => {
    const [first, second] = await start({ affinity: { type: 'cookie', maxSessions: 4 } });
    const bound = await first!.get();
    const cookie = cookieOf(bound.headers);
    const to = bound.body === 'c' ? 'b' : 'c';
    const { sessions } = await kit.client.call('session.list', {});
    const { id } = sessions.find(({ server }) => server === `api/${bound.body}`)!;
    await kit.client.call('session.move', { pool: 'api', id, server: to });
    for (const client of [first!, second!]) expect((await client.get('/', cookie)).body).toBe(to);
    await kit.client.call('session.pin', { pool: 'api', id, pinned: true });
    for (let others = 0; others < 8; others++) await (others % 2 === 0 ? first! : second!).get();
    await kit.client.call('server.set-admin-state', { pool: 'api', server: to, adminState: 'maintenance' });
    expect((await second!.get('/', cookie)).body).not.toBe(to);
    await kit.client.call('server.set-admin-state', { pool: 'api', server: to, adminState: 'ready' });
    for (const client of [second!, first!]) expect((await client.get('/', cookie)).body).toBe(to);
    const { sessions: now } = await kit.client.call('session.list', {});
    expect(now.find((each) => each.id === id)).toMatchObject({ pinned: true, moved: 1, expiresMs: null });
    expect(now).toHaveLength(4);
    expect((await kit.client.call('session.end-all', { pool: 'api' })).ended).toBe(4);
    for (const client of [first!, second!])
      expect((await client.get('/', cookie)).headers['set-cookie']).toBeDefined();
  });

  it('by a field are the same in all threads', async () => {
    const each = await start({ affinity: { type: 'header', header: 'x-session', expiry: 'fixed' } }, 4);
    for (const value of ['one', 'two', 'three', 'four', 'five']) {
      const found = new Set<string>();
      for (const client of each) found.add((await client.get('/', { 'x-session': value })).body);
      expect([value, found.size]).toEqual([value, 1]);
    }
    expect((await kit.client.call('session.list', {})).total).toBe(5);
  });

  it('survive other limits and another number of threads', async () => {
    let clients = await start({ affinity: { type: 'cookie' } });
    const bound = await clients[0]!.get();
    const cookie = cookieOf(bound.headers);
    const stays = async (count: number): Promise<void> => {
      for (const client of clients) client.close();
      clients = await clientOfEach(kit, count);
      const found = new Set<string>();
      for (const client of clients) found.add((await client.get('/', cookie)).body);
      expect([...found]).toEqual([bound.body]);
    };
    await kit.apply({ pool: { affinity: { type: 'cookie', maxSessions: 100_000 } } });
    await stays(2);
    await kit.apply({ pool: { affinity: { type: 'cookie', maxSessions: 50 } } });
    await stays(2);
    await kit.apply({ threads: 3 });
    await stays(3);
    await kit.apply({ threads: 1 });
    expect((await clients[0]!.get('/', cookie).catch(() => bound)).body).toBe(bound.body);
  });

  it('have names that none had before, whatever binds and however many threads there are', async () => {
    const given: string[] = [];
    const bind = async (count: number): Promise<void> => {
      for (const client of await clientOfEach(kit, count)) client.close();
      const ids = (await kit.client.call('session.list', { limit: 1_000 })).sessions.map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(0);
      expect(given.filter((id) => ids.includes(id))).toEqual([]);
      given.push(...ids);
    };
    await start({ affinity: { type: 'cookie' } });
    await bind(2);
    await kit.apply({ pool: { affinity: { type: 'client-ip' } } });
    await bind(2);
    await kit.apply({ pool: { affinity: { type: 'cookie' } }, threads: 3 });
    await bind(3);
    await kit.apply({ pool: { affinity: { type: 'none' } } });
    await kit.apply({ pool: { affinity: { type: 'cookie' } } });
    await bind(3);
    expect(new Set(given).size).toBe(given.length);
  });

  it('of one thread are taken along when more threads come', async () => {
    const [only] = await start({ affinity: { type: 'cookie' } }, 1);
    const bound = await only!.get();
    const cookie = cookieOf(bound.headers);
    only!.close();
    await kit.apply({ threads: 2 });
    for (const client of await clientOfEach(kit, 2)) {
      expect((await client.get('/', cookie)).body).toBe(bound.body);
    }
  });
});
