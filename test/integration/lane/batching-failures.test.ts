import { describe, expect, it } from 'vitest';
import { batchServer, clients, get, honest, together } from '../../support/batches.ts';
import { lane } from '../../support/lane-cleanup.ts';
import { nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const on = { batching: 'on' } as const;

/** Three requests in a batch at a server that answers when it is told to. */
async function batchThatWaits() {
  let answer = (): void => {};
  const raw = await batchServer((socket, targets) => {
    answer = () => socket.write(targets.map((target) => ok(`[${target}]`)).join(''));
  });
  const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '10s' } } });
  const callers = await together(proxy, 3);
  await until('the batch to arrive', () => raw.received.includes('/2'));
  return { raw, proxy, callers, answer: () => answer() };
}

describe('a client that leaves', () => {
  it.each([0, 1, 2])('does no harm to the others, whatever its place (%i)', async (leaver) => {
    const { raw, proxy, callers, answer } = await batchThatWaits();
    callers[leaver]!.socket.resetAndDestroy();
    await until('the client to be gone', () => proxy.finished.length === 1);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(2);
    answer();
    for (const [index, caller] of callers.entries())
      if (index !== leaver) await caller.receives(`\r\n\r\n[/${index}]`);
    expect(proxy.finished.map(({ attempts }) => attempts[0]!.outcome)).toEqual([
      'client-aborted',
      'responded',
      'responded',
    ]);
    // Its answer was read and thrown away, so the connection is good for the next.
    callers[(leaver + 1) % 3]!.send(get('/next'));
    await until('the next to arrive', () => raw.received.includes('/next'));
    expect(raw.accepted).toBe(1);
  });

  it('before its batch is written is not asked for', async () => {
    const raw = await honest();
    const proxy = await lane({ ports: [raw.port], pool: on });
    const callers = await clients(proxy, 3);
    // Its end arrives in the same turn as its request.
    callers[1]!.send(get('/1'));
    callers[1]!.socket.resetAndDestroy();
    callers[0]!.send(get('/0'));
    callers[2]!.send(get('/2'));
    await callers[0]!.receives('[/0]');
    await callers[2]!.receives('[/2]');
    await until('all to be over', () => proxy.finished.length >= 2 && proxy.listener.openConnections === 2);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
  });

  it('lets the connection go where nobody else is on it', async () => {
    const raw = await batchServer(() => {});
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '10s' } } });
    const callers = await together(proxy, 3);
    await until('the batch to arrive', () => raw.received.includes('/2'));
    for (const caller of callers) caller.socket.resetAndDestroy();
    await until('the connection to be closed', () => raw.open.size === 0);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    expect(proxy.pools.get('api')?.openConnections).toBe(0);
  });

  it('in the middle of a long answer makes nobody wait for its rest', async () => {
    let written = 0;
    const raw = await batchServer((socket, targets, connection) => {
      if (connection > 0) {
        for (const target of targets) socket.write(ok(`[${target}]`));
        return;
      }
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n');
      const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      const more = setInterval(() => {
        if (socket.destroyed) clearInterval(more);
        else if (socket.write(piece)) written += piece.length;
      }, 1);
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '20s' } } });
    const callers = await together(proxy, 3);
    await callers[0]!.receives('begin');
    const before = written;
    callers[0]!.close();
    for (const index of [1, 2]) await callers[index]!.receives(`[/${index}]`);
    expect(written - before).toBeLessThan(2_000_000);
    expect(proxy.finished[1]?.attempts[0]?.batch?.apart).toContain('was long, and its client had left');
  });
});

type Misbehaviour = Parameters<typeof batchServer>[0];
const garbage = 'SSH-2.0-OpenSSH_9.2\r\n';
const cases: readonly (readonly [string, Misbehaviour, string])[] = [
  ['resets before any answer', (socket) => socket.resetAndDestroy(), 'free'],
  ['closes before any answer', (socket) => void socket.end(), 'free'],
  ['talks nonsense', (socket) => void socket.write(garbage), 'first counts'],
  [
    'answers one and resets',
    (socket) => void socket.write(ok('[/0]'), () => socket.resetAndDestroy()),
    'free',
  ],
  ['answers one and closes', (socket) => void socket.end(ok('[/0]')), 'free'],
  ['answers one and talks nonsense', (socket) => void socket.write(ok('[/0]') + garbage), 'free'],
  [
    'answers one and says that it closes',
    (socket) => void socket.end(ok('[/0]', 'Connection: close\r\n')),
    'free',
  ],
  [
    'answers one in the manner of HTTP/1.0',
    (socket) => void socket.end('HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n[/0]'),
    'free',
  ],
  [
    'answers one up to its end of connection',
    (socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n[/0]'),
    'free',
  ],
  [
    'answers one with more bytes than it framed',
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[/0]SURPLUS'),
    'free',
  ],
  [
    'answers one, begins the next and resets',
    (socket) => {
      socket.write(`${ok('[/0]')}HTTP/1.1 200 OK\r\nX: begun`);
      void nextTurn()
        .then(nextTurn)
        .then(() => socket.resetAndDestroy());
    },
    'free',
  ],
];

describe.each(cases)('a server that %s', (_what, act, charge) => {
  it('fails no request: each goes again by itself, on another connection', async () => {
    const raw = await batchServer((socket, targets, connection) => {
      if (connection === 0) act(socket, targets, connection);
      else for (const target of targets) socket.write(ok(`[${target}]`));
    });
    const good = await honest();
    const ports = charge === 'free' ? [raw.port] : [raw.port, good.port];
    // With one attempt allowed, nothing of this may count as one: it was not the requests' choice to be lined up.
    const pool = { ...on, retry: { attempts: charge === 'free' ? 1 : 2 } };
    const proxy = await lane({ ports, pool });
    // With two servers every second request goes to the one that misbehaves.
    const callers = await together(proxy, charge === 'free' ? 4 : 8);
    for (const [index, caller] of callers.entries()) await caller.receives(`\r\n\r\n[/${index}]`);
    for (const caller of callers) expect(caller.text).not.toMatch(/SURPLUS|SSH/);
    expect(proxy.finished.every(({ status }) => status === 200)).toBe(true);
    const retried = proxy.finished.filter(({ attempts }) => attempts.length > 1);
    expect(retried.map(({ target }) => target)).toEqual(charge === 'free' ? [] : ['/0']);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    const apart = proxy.finished.filter(({ attempts }) => attempts[0]?.batch?.apart);
    expect(apart.length).toBeGreaterThanOrEqual(3);
  });
});

describe('a server that dies with batches in flight', () => {
  it('loses none of their requests while another lives', async () => {
    const dying = await rawServer(() => {});
    const good = await honest();
    const proxy = await lane({ ports: [dying.port, good.port], pool: on });
    const callers = await together(proxy, 16);
    await until('its share to arrive', () => dying.received.split('GET ').length - 1 === 8);
    await dying.close();
    for (const [index, caller] of callers.entries()) await caller.receives(`\r\n\r\n[/${index}]`);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    expect(proxy.finished.every(({ status, error }) => status === 200 && error === null)).toBe(true);
    const there = proxy.finished.filter(({ attempts }) => attempts[0]?.server === 'api-1');
    expect(there.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual(
      Array.from({ length: 8 }, () => ['connect-failed', 'responded']),
    );
  });

  it('in the middle of an answer cuts off that client alone', async () => {
    const raw = await batchServer((socket, targets, connection) => {
      if (connection === 0)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy());
      else for (const target of targets) socket.write(ok(`[${target}]`));
    });
    const proxy = await lane({ ports: [raw.port], pool: on });
    const callers = await together(proxy, 4);
    for (const index of [1, 2, 3]) await callers[index]!.receives(`[/${index}]`);
    await until('the first to be cut off', () => callers[0]!.socket.destroyed);
    expect(callers[0]!.errorCode).toBe('ECONNRESET');
    const first = proxy.finished.find(({ target }) => target === '/0');
    expect(first?.error).toContain('part of the response had already been passed on');
  });

  it('refuses connections to all of a batch at once, and all go elsewhere', async () => {
    const closed = await rawServer(() => {});
    await closed.close();
    const good = await honest();
    const proxy = await lane({ ports: [closed.port, good.port], pool: on });
    const callers = await together(proxy, 8);
    for (const [index, caller] of callers.entries()) await caller.receives(`\r\n\r\n[/${index}]`);
    expect(proxy.finished.filter(({ attempts }) => attempts.length === 2)).toHaveLength(4);
  });

  it('and had closed an idle connection just before: the batch goes again for free', async () => {
    const raw = await batchServer((socket, targets) => {
      for (const target of targets) socket.write(ok(`[${target}]`));
      if (targets.includes('/warm')) setImmediate(() => socket.end());
    });
    const proxy = await lane({ ports: [raw.port], pool: { ...on, retry: { attempts: 1 } } });
    const [caller, ...others] = await clients(proxy, 5);
    for (let round = 0; round < 10; round++) {
      caller!.send(get('/warm'));
      await caller!.receives('[/warm]', round + 1);
      for (const [index, other] of others.entries()) other.send(get(`/${index}`));
      for (const [index, other] of others.entries()) await other.receives(`[/${index}]`, round + 1);
    }
    expect(proxy.finished.filter(({ status, attempts }) => status !== 200 || attempts.length > 1)).toEqual(
      [],
    );
  });
});

describe('batching to a server', () => {
  /** How many of four requests of a turn shared a connection. */
  const sharing = async (proxy: Awaited<ReturnType<typeof lane>>): Promise<number> => {
    const before = proxy.finished.length;
    const callers = await together(proxy, 4);
    await until('the four to be over', () => proxy.finished.length === before + 4);
    for (const caller of callers) caller.close();
    await until('the clients to be gone', () => proxy.listener.openConnections === 0);
    return proxy.finished.slice(before).filter(({ attempts }) => attempts[0]?.batch).length;
  };

  it('ends when it closes behind the first answer time and again, until it has been gone', async () => {
    let closes = true;
    const raw = await batchServer((socket, targets) => {
      if (!closes) for (const target of targets) socket.write(ok(`[${target}]`));
      else if (targets.length === 1) socket.write(ok(`[${targets[0]}]`));
      else socket.end(ok(`[${targets[0]}]`, 'Connection: close\r\n'));
    });
    const proxy = await lane({ ports: [raw.port], pool: on });
    expect([await sharing(proxy), await sharing(proxy)]).toEqual([4, 4]);
    expect([await sharing(proxy), await sharing(proxy)]).toEqual([0, 0]);
    closes = false;
    expect(await sharing(proxy)).toBe(0);
    proxy.pools.get('api')!.servers[0]!.connections!.batching.record.serverGone();
    await sharing(proxy);
    expect(await sharing(proxy)).toBe(4);
    expect(proxy.finished.every(({ status }) => status === 200)).toBe(true);
  });

  it('pauses when it sends an answer that nobody asked for', async () => {
    const raw = await batchServer((socket, targets) => {
      socket.write(
        targets.map((target) => ok(`[${target}]`)).join('') + (targets.length > 1 ? ok('[surplus]') : ''),
      );
    });
    const proxy = await lane({ ports: [raw.port], pool: on });
    const callers = await together(proxy, 4);
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    await until('the connection to be closed', () => raw.open.size === 0);
    for (const caller of callers) {
      expect(caller.text).not.toContain('surplus');
      caller.close();
    }
    await until('the clients to be gone', () => proxy.listener.openConnections === 0);
    expect(await sharing(proxy)).toBe(0);
  });

  it('goes on beside a status that is tried again elsewhere', async () => {
    const sick = await batchServer((socket, targets) => {
      for (const target of targets)
        socket.write(target === '/2' ? ok('sick').replace('200 OK', '503 No') : ok(`[${target}]`));
    });
    const good = await honest();
    const proxy = await lane({ ports: [sick.port, good.port], pool: { ...on, retry: { on: [503] } } });
    const callers = await together(proxy, 8);
    for (const [index, caller] of callers.entries()) await caller.receives(`\r\n\r\n[/${index}]`);
    expect(callers[2]!.text).toContain('x-ballast-attempts: 2');
    expect(proxy.finished.filter(({ attempts }) => attempts.length > 1)).toHaveLength(1);
    expect(sick.accepted).toBe(1);
  });

  it('lets a batch finish when the server is retired', async () => {
    const { raw, proxy, callers, answer } = await batchThatWaits();
    proxy.pools.get('api')!.servers[0]!.connections!.retire();
    answer();
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    await until('its connection to be closed', () => raw.open.size === 0);
  });

  it('lets a batch finish when the listener stops, and cuts all of it when the time is up', async () => {
    let answer = (): void => {};
    const raw = await batchServer((socket, targets) => {
      answer = () => socket.write(targets.map((target) => ok(`[${target}]`)).join(''));
    });
    const pool = { batching: { mode: 'on', wait: '10s' } } as const;
    const patient = await lane({ ports: [raw.port], pool });
    const callers = await together(patient, 3);
    await until('the batch to arrive', () => raw.received.includes('/2'));
    const stopped = patient.listener.stop(10_000);
    answer();
    for (const [index, caller] of callers.entries()) expect(await caller.end()).toContain(`[/${index}]`);
    expect(await stopped).toBe(0);
    const brief = await lane({ ports: [raw.port], pool });
    const others = await together(brief, 3);
    await until('the batch to arrive', () => raw.received.split('/2').length === 3);
    expect(await brief.listener.stop(30)).toBe(3);
    for (const other of others) await other.end();
    expect(brief.pools.get('api')?.activeAttempts).toBe(0);
    await until('its connection to be closed', () => raw.open.size <= 1);
  });
});
