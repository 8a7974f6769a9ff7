import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const upgrade = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

/** Switches, then sends back what comes; keeps its own end open when the client ends. */
const echo = () =>
  rawServer(
    (socket, text) => void socket.write(text.includes('Upgrade: echo') ? switching : text),
    (socket) => socket.removeAllListeners('end'),
  );

async function tunnel(timeouts: object) {
  const raw = await server(echo());
  const proxy = await lane({ ports: [raw.port], pool: { timeouts } });
  const caller = await client(proxy.port);
  caller.send(upgrade);
  await caller.receives('101 Switching');
  await until('the server to have switched', () => proxy.pools.get('api')!.activeAttempts === 1);
  return { proxy, caller, connections: proxy.pools.get('api')!.servers[0]!.connections! };
}

describe('a switched connection', () => {
  it('in which nothing moves is closed after timeouts.tunnel, and no server is blamed', async () => {
    const { proxy, caller, connections } = await tunnel({ tunnel: '1s' });
    for (let i = 0; i < 20; i++) {
      caller.send(`${i};`);
      await caller.receives(`${i};`);
      const since = performance.now();
      await until('a moment to pass', () => performance.now() - since > 60);
    }
    expect(proxy.limitsReached).toEqual([]);
    await caller.end();
    expect(proxy.limitsReached).toEqual(['tunnel-timeout']);
    expect(proxy.finished[0]).toMatchObject({
      status: 101,
      error: null,
      attempts: [{ outcome: 'responded', detail: 'closed, because nothing moved for 1s (timeouts.tunnel)' }],
    });
    await until('the server to be let go', () => connections.count === 0);
  });

  it('that one side has ended is closed when nothing moves for timeouts.tunnelEnd', async () => {
    const { proxy, caller, connections } = await tunnel({ tunnelEnd: '200ms' });
    caller.socket.end('last words;');
    await caller.receives('last words;');
    await caller.end();
    expect(proxy.limitsReached).toEqual(['tunnel-end-timeout']);
    await until('the server to be let go', () => connections.count === 0);
    expect(proxy.pools.get('api')!.activeAttempts).toBe(0);
  });

  it('is closed timeouts.tunnelDrain after its server left', async () => {
    const { proxy, caller, connections } = await tunnel({});
    connections.retire(150);
    caller.send('still;');
    await caller.receives('still;');
    await caller.end();
    expect(proxy.limitsReached).toEqual(['tunnel-drain']);
  });
});

describe('unused connections to a server', () => {
  it('are kept up to idleConnections, and those idle longest leave first', async () => {
    const waiting = new Map<string, Socket>();
    const raw = await server(
      rawServer((socket, text) => void waiting.set(/^GET (\S+)/.exec(text)![1]!, socket)),
    );
    const proxy = await lane({ ports: [raw.port], pool: { idleConnections: 2 } });
    const paths = ['/1', '/2', '/3', '/4', '/5'];
    const callers = await Promise.all(paths.map(() => client(proxy.port)));
    for (const [index, caller] of callers.entries())
      caller.send(`GET ${paths[index]} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until('all to be there', () => waiting.size === 5);
    for (const [index, caller] of callers.entries()) {
      waiting.get(paths[index]!)!.write(ok('x'));
      await caller.receives('200 OK');
    }
    await until('the others to be closed', () => raw.open.size === 2);
    expect(raw.open).toEqual(new Set([waiting.get('/4'), waiting.get('/5')]));
    expect(proxy.limitsReached).toEqual(Array(3).fill('idle-connections'));
  });

  it('are not kept at all where idleConnections is 0', async () => {
    const raw = await server(answering(ok('x')));
    const proxy = await lane({ ports: [raw.port], pool: { idleConnections: 0 } });
    const caller = await client(proxy.port);
    for (let i = 1; i <= 3; i++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives('200 OK', i);
    }
    expect(raw.accepted).toBe(3);
    await until('none to be left', () => raw.open.size === 0);
    // Nothing was in short supply: that is what was asked for.
    expect(proxy.limitsReached).toEqual([]);
  });
});

describe('waits for a server', () => {
  it('that takes a request slowly but steadily do not end, however long one write is on its way', async () => {
    const bytes = 16_000_000;
    const responseMs = 2_000;
    const breaksOff = await server(
      rawServer((socket, _text, { text }) => {
        if (text.length > bytes) socket.resetAndDestroy();
      }),
    );
    let taken = 0;
    let sipping: Socket | undefined;
    const slow = await server(
      rawServer(
        () => {},
        (socket) => {
          socket.removeAllListeners('data');
          socket.pause();
          sipping = socket;
        },
      ),
    );
    const proxy = await lane({
      ports: [breaksOff.port, slow.port],
      pool: { retry: { bodyBytes: 16_777_216 }, timeouts: { response: `${responseMs}ms` } },
    });
    const caller = await client(proxy.port);
    caller.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`);
    caller.send(Buffer.alloc(bytes, 'x'));
    // It goes again as one piece. A sip of it every 20 ms: the kernels on the way make room in steps of about a megabyte.
    await until('the second server to be asked', () => sipping !== undefined);
    const since = performance.now();
    const sip = (): boolean => {
      const piece: Buffer | null = sipping!.read();
      taken += piece?.length ?? 0;
      return taken > bytes || caller.text !== '';
    };
    await until('all of it to be taken', sip);
    expect(caller.text).toBe('');
    // Otherwise nothing was tried.
    expect(performance.now() - since).toBeGreaterThan(responseMs);
    sipping!.write(ok('taken'));
    await caller.receives('taken');
    expect(proxy.limitsReached).toEqual([]);
  });

  it('are counted when they end: for its response', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], pool: { timeouts: { response: '80ms' } } });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('504 Gateway Timeout');
    expect(proxy.limitsReached).toEqual(['response-timeout']);
  });

  it('are counted when they end: for a request body that is too large to be sent again', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.length > 5_000) socket.resetAndDestroy();
      }),
    );
    const other = await server(answering(ok('other')));
    const proxy = await lane({ ports: [raw.port, other.port], pool: { retry: { bodyBytes: 1_000 } } });
    const caller = await client(proxy.port);
    caller.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n${'x'.repeat(6_000)}`);
    await caller.receives('502 Bad Gateway');
    expect(proxy.limitsReached).toEqual(['retry-body']);
  });

  it('are counted when they end: for a request body that is too large to be sent elsewhere because of the status', async () => {
    const busy = await server(answering('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'));
    const other = await server(answering(ok('other')));
    const proxy = await lane({
      ports: [busy.port, other.port],
      pool: { retry: { bodyBytes: 1_000, on: [503] } },
    });
    const caller = await client(proxy.port);
    caller.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n${'x'.repeat(6_000)}`);
    await caller.receives('503 Service Unavailable');
    expect(proxy.limitsReached).toEqual(['retry-body']);
  });
});

describe('a request body that was sent', () => {
  it.each([
    ['PUT', 16_385, 16_385],
    ['PUT', 65_536, 65_536],
    ['PUT', 65_537, 0],
    ['POST', 16_384, 16_384],
    ['POST', 16_385, 0],
    ['PATCH', 16_385, 0],
  ])(
    'is kept for a repeat up to retry.bodyBytes, and 16 KiB where that is rarely allowed: %s of %i bytes',
    async (method, bytes, kept) => {
      const raw = await server(rawServer(() => {}));
      const proxy = await lane({ ports: [raw.port] });
      const caller = await client(proxy.port);
      caller.send(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);
      await until('all of it to arrive', () => raw.received.split('\r\n\r\n')[1]?.length === bytes);
      expect(proxy.listener.keptBytes).toBe(kept);
    },
  );
});
