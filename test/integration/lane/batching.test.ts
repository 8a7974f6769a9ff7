import { describe, expect, it } from 'vitest';
import { batchesOf, batchServer, clients, get, together } from '../../support/batches.ts';
import { lane, server } from '../../support/lane-cleanup.ts';
import { nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const on = { batching: 'on' } as const;
/** Answers every request with its own target. */
const honest = () =>
  batchServer((socket, targets) => void socket.write(targets.map((target) => ok(`[${target}]`)).join('')));

describe.each(['handle', 'events'] as const)('requests of the same turn, read by %s,', (readPath) => {
  it('leave on one connection in one write, and every client gets its own answer', async () => {
    const reads: string[][] = [];
    const raw = await batchServer((socket, targets) => {
      reads.push([...targets]);
      for (const target of targets) socket.write(ok(`[${target}]`));
    });
    const proxy = await lane({ ports: [raw.port], readPath, pool: on });
    const callers = await together(proxy, 4);
    for (const [index, caller] of callers.entries()) await caller.receives(`\r\n\r\n[/${index}]`);
    expect(reads).toEqual([['/0', '/1', '/2', '/3']]);
    expect(raw.accepted).toBe(1);
    expect(batchesOf(proxy)).toEqual({ '/0': '1/4', '/1': '2/4', '/2': '3/4', '/3': '4/4' });
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    // The connection is as good as new.
    for (const [index, caller] of callers.entries()) caller.send(get(`/again-${index}`));
    for (const [index, caller] of callers.entries()) await caller.receives(`[/again-${index}]`);
    expect(raw.accepted).toBe(1);
  });

  it('are answered right wherever the bytes of the answers are cut in two', async () => {
    const answers = [
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ];
    const ends = ['\r\n\r\none', 'Content-Length: 5', '0\r\nX-Sum: 7\r\n\r\n', '304 Not Modified'];
    const all = answers.join('');
    let cut = 1;
    let asked = 0;
    const raw = await batchServer((socket, targets) => {
      asked = targets.length;
      socket.write(all.slice(0, cut), 'latin1');
      void nextTurn().then(() => socket.write(all.slice(cut), 'latin1'));
    });
    const proxy = await lane({ ports: [raw.port], readPath, pool: on });
    const callers = await clients(proxy, 4);
    for (; cut < all.length; cut++) {
      for (const [index, caller] of callers.entries())
        caller.send(index === 1 ? get('/1').replace('GET', 'HEAD') : get(`/${index}`));
      for (const [index, caller] of callers.entries()) await caller.receives(ends[index]!, cut);
      expect(asked).toBe(4);
    }
    expect(raw.accepted).toBe(1);
    // Every client got its answer as often, and nothing else.
    for (const [index, caller] of callers.entries()) {
      const heads = caller.text.split('HTTP/1.1 ').length - 1;
      expect(heads).toBe((index === 0 ? 2 : 1) * (all.length - 1));
    }
    expect(proxy.finished.every(({ error, attempts }) => error === null && attempts.length === 1)).toBe(true);
  });
});

describe('a connection is shared', () => {
  it('by no more requests than the depth says, and evenly', async () => {
    const raw = await honest();
    const proxy = await lane({ ports: [raw.port], pool: on });
    const callers = await together(proxy, 10);
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    expect(Object.values(batchesOf(proxy)).sort()).toEqual(
      ['1/4', '2/4', '3/4', '4/4', '1/3', '2/3', '3/3', '1/3', '2/3', '3/3'].sort(),
    );
    expect(raw.accepted).toBe(3);
    const deep = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', depth: 10 } } });
    const others = await together(deep, 10);
    for (const [index, caller] of others.entries()) await caller.receives(`[/${index}]`);
    expect(raw.accepted).toBe(4);
  });

  it('only where the pool asks for it', async () => {
    const raw = await honest();
    const proxy = await lane({ ports: [raw.port] });
    const callers = await together(proxy, 3);
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    expect(raw.accepted).toBe(3);
    expect(batchesOf(proxy)).toEqual({ '/0': '-', '/1': '-', '/2': '-' });
  });

  it('only by GET and HEAD without body, upgrade or expectation', async () => {
    const raw = await batchServer((socket, targets) => {
      for (const target of targets) socket.write(ok(`[${target}]`));
    });
    const proxy = await lane({ ports: [raw.port], pool: on });
    const requests = [
      get('/get'),
      'HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n',
      'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody',
      'POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
      'DELETE /delete HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody',
      'GET /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'GET /expects HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
      'GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
    ];
    const callers = await clients(proxy, requests.length);
    for (const [index, caller] of callers.entries()) caller.send(requests[index]!);
    await until('every request to have reached the server', () => raw.accepted === requests.length - 1);
    for (const caller of callers) caller.close();
    await until('every request to be over', () => proxy.finished.length === requests.length);
    expect(batchesOf(proxy)).toMatchObject({
      '/get': '1/2',
      '/head': '2/2',
      '/post': '-',
      '/empty': '-',
      '/delete': '-',
      '/body': '-',
      '/chunks': '-',
      '/expects': '-',
      '/upgrade': '-',
      '*': '-',
    });
  });

  it('never with a request of an earlier turn', async () => {
    const answers: (() => void)[] = [];
    const raw = await batchServer((socket, targets) => {
      answers.push(() => socket.write(targets.map((target) => ok(`[${target}]`)).join('')));
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '10s' } } });
    const callers = await clients(proxy, 4);
    callers[0]!.send(get('/0'));
    callers[1]!.send(get('/1'));
    await until('the first two to reach the server', () => answers.length === 1);
    callers[2]!.send(get('/2'));
    await until('the third to reach the server', () => answers.length === 2);
    callers[3]!.send(get('/3'));
    await until('the fourth to reach the server', () => answers.length === 3);
    for (const answer of answers.reverse()) answer();
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    expect(batchesOf(proxy)).toEqual({ '/0': '1/2', '/1': '2/2', '/2': '-', '/3': '-' });
  });

  it('by requests for the same server only, each of which was picked by itself', async () => {
    const [first, second] = [await honest(), await honest()];
    const proxy = await lane({ ports: [first.port, second.port], pool: on });
    const callers = await together(proxy, 8);
    for (const [index, caller] of callers.entries())
      await caller.receives(`x-ballast-server: api-${(index % 2) + 1}`);
    expect([first.accepted, second.accepted]).toEqual([1, 1]);
    expect(batchesOf(proxy)).toMatchObject({ '/0': '1/4', '/1': '1/4', '/2': '2/4', '/7': '4/4' });
  });

  it('by the requests of pipelining clients as well, one after the other of each client', async () => {
    const raw = await honest();
    const proxy = await lane({ ports: [raw.port], pool: on });
    const callers = await clients(proxy, 3);
    for (const [index, caller] of callers.entries())
      caller.send(Array.from({ length: 20 }, (_, each) => get(`/${index}-${each}`)).join(''));
    for (const [index, caller] of callers.entries()) {
      const text = await caller.receives(`[/${index}-19]`);
      const bodies = [...text.matchAll(/\[\/(.*?)\]/g)].map((match) => match[1]);
      expect(bodies).toEqual(Array.from({ length: 20 }, (_, each) => `${index}-${each}`));
    }
    expect(Object.values(batchesOf(proxy)).filter((place) => place !== '-').length).toBeGreaterThan(30);
  });
});

describe('a request behind another on a shared connection', () => {
  it('waits for a slow answer no longer than batching.wait, then goes by itself', async () => {
    let release = (): void => {};
    const raw = await batchServer((socket, targets, connection) => {
      if (connection === 0) release = () => socket.write(ok(`late ${targets[0]}`));
      else for (const target of targets) socket.write(ok(`[${target}]`));
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '50ms' } } });
    const callers = await together(proxy, 4);
    for (const index of [1, 2, 3]) await callers[index]!.receives(`[/${index}]`);
    expect(callers[0]!.text).toBe('');
    expect(proxy.pools.get('api')?.activeAttempts).toBe(1);
    release();
    expect(await callers[0]!.receives('late /0')).not.toContain('late /1');
    // The others' answers are still to come there: nobody else may be given them.
    await until('the connection that owes answers to be closed', () => raw.open.size === 3);
    expect(proxy.finished.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 1]);
    expect(proxy.finished[0]?.attempts[0]?.batch).toMatchObject({
      size: 4,
      apart: 'its turn on a shared connection did not come within 50ms',
    });
    // A server that keeps others waiting gets no batches for a while.
    const others = await together(proxy, 4);
    for (const [index, caller] of others.entries()) await caller.receives(`[/${index}]`);
    expect(proxy.finished.slice(4).every(({ attempts }) => attempts[0]?.batch === undefined)).toBe(true);
  });

  it('is not kept waiting longer by a client that does not take the answer before it', async () => {
    const large = 20_000_000;
    const raw = await batchServer((socket, targets) => {
      for (const target of targets) socket.write(target === '/0' ? ok('x'.repeat(large)) : ok(`[${target}]`));
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '50ms' } } });
    const callers = await clients(proxy, 3);
    callers[0]!.socket.pause();
    for (const [index, caller] of callers.entries()) caller.send(get(`/${index}`));
    for (const index of [1, 2]) await callers[index]!.receives(`[/${index}]`);
    expect(proxy.finished).toHaveLength(2);
    let received = 0;
    callers[0]!.socket.removeAllListeners('data');
    callers[0]!.socket.on('data', (bytes) => {
      received += bytes.length;
    });
    callers[0]!.socket.resume();
    await until('the large answer', () => received > large);
    await until('its request to be over', () => proxy.finished.length === 3);
    expect(proxy.finished[2]).toMatchObject({ status: 200, error: null, responseBytes: large });
  });

  it('has the whole of timeouts.response from when its turn comes', async () => {
    // The answer before it takes 60 % of the time allowed, its own takes 60 % again.
    const raw = await batchServer((socket, targets, connection) => {
      if (connection > 0) return;
      for (const [index, target] of targets.entries())
        setTimeout(() => socket.write(ok(`[${target}]`)), (index + 1) * 240);
    });
    const pool = { batching: { mode: 'on', wait: '20s' }, timeouts: { response: '400ms' } } as const;
    const proxy = await lane({ ports: [raw.port], pool });
    const callers = await together(proxy, 3);
    for (const [index, caller] of callers.entries()) await caller.receives(`[/${index}]`);
    expect(proxy.finished.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
      ['responded'],
      ['responded'],
      ['responded'],
    ]);
  });

  it('is timed out by its own silence only, and the one before it as if it were alone', async () => {
    const raw = await batchServer((socket, targets, connection) => {
      if (connection === 0) socket.write(ok(`[${targets[0]}]`));
    });
    const pool = { batching: { mode: 'on', wait: '60ms' }, timeouts: { response: '200ms' } } as const;
    const proxy = await lane({ ports: [raw.port], pool });
    const callers = await together(proxy, 3);
    await callers[0]!.receives('[/0]');
    for (const index of [1, 2]) await callers[index]!.receives('504 Gateway Timeout');
    expect(
      proxy.finished.map(({ attempts }) => attempts.map(({ outcome, detail }) => detail ?? outcome)),
    ).toEqual([['responded'], ['no response within 200ms'], ['no response within 200ms']]);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    await until('every connection to be closed', () => raw.open.size === 0);
  });
});

describe('a client that leaves', () => {
  it.each([0, 1, 2])('does no harm to the others, whatever its place (%i)', async (leaver) => {
    let answer = (): void => {};
    const raw = await batchServer((socket, targets) => {
      answer = () => socket.write(targets.map((target) => ok(`[${target}]`)).join(''));
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '10s' } } });
    const callers = await together(proxy, 3);
    await until('the batch to arrive', () => raw.received.includes('/2'));
    callers[leaver]!.close();
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
    for (const caller of callers) caller.close();
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
    let answer = (): void => {};
    const raw = await batchServer((socket, targets) => {
      answer = () => socket.write(targets.map((target) => ok(`[${target}]`)).join(''));
    });
    const proxy = await lane({ ports: [raw.port], pool: { batching: { mode: 'on', wait: '10s' } } });
    const callers = await together(proxy, 3);
    await until('the batch to arrive', () => raw.received.includes('/2'));
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

it('answers of a batch for HTTP/1.0 clients are delimited for them', async () => {
  const raw = await server(
    rawServer((socket, text) => {
      const requests = text.split('GET ').length - 1;
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'.repeat(requests),
      );
    }),
  );
  const proxy = await lane({ ports: [raw.port], pool: on });
  const [modern, old] = await clients(proxy, 2);
  old!.send('GET /old HTTP/1.0\r\nHost: a\r\n\r\n');
  modern!.send(get('/modern'));
  expect((await old!.end()).endsWith('\r\n\r\nabc')).toBe(true);
  await modern!.receives('3\r\nabc\r\n0\r\n\r\n');
  expect(raw.accepted).toBe(1);
});
