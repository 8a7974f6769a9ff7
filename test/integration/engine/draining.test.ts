import { Agent } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../../main/engine/engine.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { type CountingServer, startCountingServer } from '../../support/counting-server.ts';
import { fetchText } from '../../support/http-client.ts';
import { client, server } from '../../support/lane-cleanup.ts';
import { rawServer } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

/** The columns of docs/guide/draining.md. */
const ways = ['drain', 'deadline', 'maintenance', 'removal'] as const;
type Way = (typeof ways)[number];

async function counting(name: string): Promise<CountingServer> {
  const made = await startCountingServer(name);
  afterThisTest(() => made.close());
  return made;
}

/** Servers a and b; requests of new clients go to a first. */
async function run(pool: PoolInput = {}, a: { address: string } | null = null) {
  const [first, second] = [await counting('a'), await counting('b')];
  const members = [
    { name: 'a', address: a?.address ?? first.address },
    { name: 'b', address: second.address },
  ];
  const common: PoolInput = { healthCheck: { type: 'none' }, ...pool };
  const { engine, url, port, apply } = await runEngine({ ...common, servers: members });
  return {
    engine,
    url,
    port,
    a: first,
    b: second,
    /** Makes the server a leave, and waits until that is so. */
    async leave(way: Way): Promise<void> {
      if (way === 'removal') await apply({ ...common, servers: [members[1]!] });
      else if (way === 'deadline') {
        engine.setAdminState('api', 'a', 'drain', 1);
        await until('the deadline to have passed', () =>
          told(engine).some((text) => text.startsWith('a was to be')),
        );
      } else engine.setAdminState('api', 'a', way);
    },
    upgrade: async () => {
      const caller = await client(port);
      caller.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      await caller.receives(' 101 ');
      return caller;
    },
  };
}

const told = (engine: Engine): string[] => engine.events.read(0, 999).map(({ text }) => text);
const cookieOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string =>
  String((headers['set-cookie'] as string[])[0]).split(';')[0]!;

describe.each(ways)('a server that leaves (%s)', (way) => {
  it('takes no new clients', async () => {
    const { a, b, url, leave } = await run();
    for (const each of [a, b]) each.answerAll();
    await leave(way);
    for (let sent = 0; sent < 4; sent++) expect((await fetchText(url)).body).toBe('b');
  });

  it.each(['rebalance', 'reject'] as const)('with its sessions (%s)', async (onUnavailable) => {
    const { a, b, url, leave, engine } = await run({ affinity: { type: 'cookie', onUnavailable } });
    for (const each of [a, b]) each.answerAll();
    const first = await fetchText(url);
    expect(first.body).toBe('a');
    await leave(way);
    const again = await fetchText(url, { headers: { cookie: cookieOf(first) } });
    const wanted = {
      drain: ['a', null],
      deadline: ['b', 'a is drained (its deadline has passed)'],
      maintenance: onUnavailable === 'reject' ? ['', null] : ['b', 'a is in maintenance'],
      removal: ['b', null],
    }[way];
    expect(again.status).toBe(wanted[0] === '' ? 503 : 200);
    if (wanted[0] !== '') expect(again.body).toBe(wanted[0]);
    const [session] = engine.sessions({ limit: 9 }).sessions;
    const moves = told(engine).filter((text) => text.includes(' moved from a to b: '));
    expect(moves.map((text) => text.split(': ').at(-1))).toEqual(wanted[1] === null ? [] : [wanted[1]]);
    expect(session!.server).toBe(wanted[0] === 'b' ? 'api/b' : 'api/a');
    const ended = told(engine).filter((text) => text.includes('left the pool'));
    expect(ended).toEqual(way === 'removal' ? ['1 session at a ended: a left the pool'] : []);
  });

  it('with a request that has no answer yet', async () => {
    const { a, b, url, leave, engine } = await run();
    const running = fetchText(url);
    await until('it to be there', () => a.active === 1);
    await leave(way);
    if (way === 'deadline') await until('it to go elsewhere', () => b.active === 1);
    for (const each of [a, b]) each.answerAll();
    expect(await running).toMatchObject({ status: 200, body: way === 'deadline' ? 'b' : 'a' });
    // Nobody's fault.
    const { servers, total } = engine.metrics();
    expect(total.failed).toBe(0);
    if (way !== 'removal') expect(servers['api/a']!.failedAttempts).toBe(0);
  });

  it('with a request that must not be sent twice', async () => {
    const { a, port, leave } = await run();
    const caller = await client(port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await until('it to be there', () => a.active === 1);
    await leave(way);
    if (way === 'deadline') {
      await caller.receives(' 504 ');
      await caller.receives('the server was to be empty by now (deadline of its drain)');
    } else {
      a.answerAll();
      await caller.receives(' 200 ');
    }
  });

  it('with an answer that is under way', async () => {
    let go = (): void => {};
    const half = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
        go = () => socket.write('half');
      }),
    );
    const { port, leave } = await run({}, { address: `127.0.0.1:${half.port}` });
    const caller = await client(port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('half');
    await leave(way);
    if (way === 'deadline') {
      await until('it to be cut off', () => caller.socket.destroyed);
      expect(caller.text.endsWith('\r\n\r\nhalf')).toBe(true);
    } else {
      go();
      await caller.receives('halfhalf');
    }
  });

  it('with a WebSocket', async () => {
    const { leave, upgrade } = await run();
    const caller = await upgrade();
    await leave(way);
    if (way === 'deadline') {
      await caller.end();
      return;
    }
    caller.send('still there');
    await caller.receives('still there');
  });

  it('with a WebSocket whose time is up', async () => {
    const { leave, upgrade } = await run({ timeouts: { tunnelDrain: '50ms' } });
    const caller = await upgrade();
    await leave(way);
    await caller.end();
  });

  it('with connections to it that nobody uses', async () => {
    const { a, url, leave, engine } = await run();
    a.answerAll();
    expect((await fetchText(url)).body).toBe('a');
    const idle = async () => (await engine.resources()).idleServerConnections;
    expect(await idle()).toBe(1);
    await leave(way);
    if (way !== 'drain') await until('it to be closed', async () => (await idle()) === 0);
    else {
      await until('a look at it', () => engine.metrics().total.ratePerSecond === 0);
      expect(await idle()).toBe(1);
    }
  });

  it('with connections of clients: they stay', async () => {
    const { a, b, url, leave, engine } = await run();
    for (const each of [a, b]) each.answerAll();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    afterThisTest(() => agent.destroy());
    expect((await fetchText(url, { agent })).body).toBe('a');
    const port = (): unknown => Object.values(agent.freeSockets)[0]?.[0]?.localPort;
    await until('it to be free', () => port() !== undefined);
    const before = port();
    await leave(way);
    expect((await fetchText(url, { agent })).body).toBe('b');
    await until('it to be free again', () => port() !== undefined);
    expect(port()).toBe(before);
    expect(engine.listeners()[0]!.openConnections).toBe(1);
  });
});

describe('the deadline of a drain', () => {
  it('is the pool’s where none is given, may be moved, and ends with the drain', async () => {
    const { engine } = await run({ timeouts: { drain: '10m' } });
    const leftMs = () => {
      const { drainUntilMs } = engine.servers()[0]!;
      return drainUntilMs === null ? null : Math.round((drainUntilMs - Date.now()) / 60_000);
    };
    engine.setAdminState('api', 'a', 'drain');
    expect(leftMs()).toBe(10);
    engine.setAdminState('api', 'a', 'drain', 20 * 60_000);
    expect(leftMs()).toBe(20);
    engine.setAdminState('api', 'a', 'drain', 0);
    expect(leftMs()).toBeNull();
    engine.setAdminState('api', 'a', 'ready');
    expect(leftMs()).toBeNull();
    expect(told(engine).filter((text) => text.startsWith('a is draining'))).toEqual([
      'a is draining: it keeps its sessions and takes no new clients, for 10m at most',
      'a is draining: it keeps its sessions and takes no new clients, for 20m at most',
      'a is draining: it keeps its sessions and takes no new clients',
    ]);
  });

  it('is told once, and shows as the reason', async () => {
    const { engine, leave } = await run();
    await leave('deadline');
    expect(engine.servers()[0]).toMatchObject({ adminState: 'drain', available: false, reason: 'drained' });
    engine.setAdminState('api', 'a', 'ready');
    expect(engine.servers()[0]).toMatchObject({ available: true, reason: null });
    await until('a look at it', () => engine.servers()[0]!.available);
    expect(told(engine).filter((text) => text.startsWith('a was to be empty'))).toHaveLength(1);
  });
});
