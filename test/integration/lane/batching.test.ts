import { describe, expect, it } from 'vitest';
import { batchesOf, batchServer, clients, get, honest, together } from '../../support/batches.ts';
import { lane, server } from '../../support/lane-cleanup.ts';
import { nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const on = { batching: 'on' } as const;

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
    for (const caller of callers) caller.socket.resetAndDestroy();
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
        setTimeout(() => socket.write(ok(`[${target}]`)), (index + 1) * 720);
    });
    const pool = { batching: { mode: 'on', wait: '20s' }, timeouts: { response: '1200ms' } } as const;
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
