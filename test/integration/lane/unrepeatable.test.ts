import { describe, expect, it } from 'vitest';
import { leasedReadBuffers } from '../../../main/engine/sockets/read-buffers.ts';
import type { Lane } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { nextTurn, ok, type RawClient, type RawServer, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

/** Requests that may go out only once, on connections to the server that have been idle. */
const post = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';
const put = post.replace('POST', 'PUT');
const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';

/** Answers a request when its body is there, and keeps every connection until the test closes it. */
const patient = (fields = ''): Promise<RawServer> =>
  server(
    rawServer((socket, _text, connection) => {
      const { text } = connection;
      if (!text.endsWith('body') && !(text.startsWith('GET') && text.endsWith('\r\n\r\n'))) return;
      connection.text = '';
      socket.write(ok('done', fields));
    }),
  );

describe.each(['handle', 'events'] as const)('on sockets by %s', (readPath) => {
  interface Stage {
    readonly clock: ManualClock;
    readonly raw: RawServer;
    readonly proxy: Lane;
    readonly caller: RawClient;
    /** Sends it and waits for the answer. */
    ask(request: string): Promise<void>;
    /** The server closes all its connections. */
    serverCloses(): Promise<void>;
  }

  /** Time stands still but when the test moves it. */
  async function stage(fields = ''): Promise<Stage> {
    const clock = manualClock();
    const raw = await patient(fields);
    const proxy = await lane({ ports: [raw.port], readPath, clock, pool: { retry: { attempts: 1 } } });
    const caller = await client(proxy.port);
    let answers = 0;
    return {
      clock,
      raw,
      proxy,
      caller,
      async ask(request) {
        caller.send(request);
        await caller.receives('HTTP/1.1 200 OK', ++answers);
      },
      async serverCloses() {
        for (const socket of raw.open) socket.destroy();
        await until('the lane to have seen it', () => proxy.pools.get('api')!.openConnections === 0);
      },
    };
  }

  it('POSTs of clients that pause share the connections that there are', async () => {
    const { clock, raw, proxy } = await stage();
    const callers = await Promise.all(Array.from({ length: 32 }, () => client(proxy.port)));
    for (let round = 1; round <= 20; round++) {
      for (const caller of callers) caller.send(post);
      await Promise.all(callers.map((caller) => caller.receives('done', round)));
      await clock.advance(25);
    }
    expect(raw.accepted).toBeLessThanOrEqual(32);
    expect(raw.received.split('body')).toHaveLength(20 * 32 + 1);
    expect(proxy.finished.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('no POST is lost where the server had closed before the lane read it', async () => {
    const { raw, proxy, ask, caller } = await stage();
    for (let round = 1; round <= 20; round++) {
      await ask(post);
      expect([raw.accepted, raw.open.size]).toEqual([2 * round - 1, 1]);
      // Both are on their way when the lane looks next, and it hears of the client first.
      caller.send(post);
      for (const socket of raw.open) socket.destroy();
      await ask('');
      for (const socket of raw.open) socket.destroy();
      await until('it to be closed', () => proxy.pools.get('api')!.openConnections === 0);
    }
  });

  it('what comes of a body meanwhile is sent with it, in order', async () => {
    const { raw, ask, caller, proxy } = await stage();
    await ask(post);
    caller.socket.cork();
    caller.send('POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `4000\r\n${'abcdefgh'.repeat(2_048)}\r\n`;
    const whole = chunk.repeat(64);
    caller.send(whole);
    caller.socket.uncork();
    await until('the most of it to arrive', () => raw.received.endsWith(whole.slice(-100)));
    caller.send('4\r\nbody\r\n0\r\n\r\n');
    await until('all of it to arrive', () => raw.received.endsWith('4\r\nbody\r\n0\r\n\r\n'));
    expect(raw.received.endsWith(`\r\n\r\n${whole}4\r\nbody\r\n0\r\n\r\n`)).toBe(true);
    expect(raw.accepted).toBe(1);
    caller.socket.resetAndDestroy();
    await until('the request to be over', () => proxy.pools.get('api')!.activeAttempts === 0);
  });

  it('a client that leaves in the same turn leaves nothing behind', async () => {
    const { proxy, ask } = await stage();
    await ask(post);
    for (let round = 0; round < 20; round++) {
      const other = await client(proxy.port);
      other.send(post.replace('/x', '/left'));
      other.socket.resetAndDestroy();
      await until('it to be over', () => proxy.finished.length === round + 2);
    }
    await ask(post);
    await nextTurn();
    expect(proxy.pools.get('api')!.activeAttempts).toBe(0);
    expect(proxy.finished).toHaveLength(22);
  });

  it('a large body that came with its head goes whole, wherever it goes, and lends nothing for longer', async () => {
    const { raw, proxy, ask } = await stage();
    const body = `${'0123456789abcdef'.repeat(4_096)}body`;
    const large = `POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const bodies = (): string[] => raw.received.split(/POST [\s\S]*?\r\n\r\n/);
    await ask(post);
    await ask(large);
    expect([raw.accepted, bodies().at(-1) === body]).toEqual([1, true]);
    const leaver = await client(proxy.port);
    leaver.send(large.replace('/large', '/left'));
    leaver.socket.resetAndDestroy();
    await until('it to be over', () => proxy.finished.length === 3);
    await ask(post);
    const { accepted } = raw;
    const other = await client(proxy.port);
    other.send(large);
    for (const socket of raw.open) socket.destroy();
    await other.receives('HTTP/1.1 200 OK');
    expect([raw.accepted, bodies().at(-1) === body]).toEqual([accepted + 1, true]);
    expect(leasedReadBuffers()).toBe(0);
  });

  it('a connection idle for a second is left to requests that may be repeated, and their number does not grow', async () => {
    const { clock, raw, ask } = await stage();
    await ask(post);
    await clock.advance(999);
    await ask(post);
    expect(raw.accepted).toBe(1);
    for (let round = 2; round < 5; round++) {
      await clock.advance(1_000);
      await ask(post);
      expect(raw.accepted).toBe(round);
      await until('the one before to be closed', () => raw.open.size === 1);
    }
    await clock.advance(20_000);
    await ask(get);
    await clock.advance(20_000);
    await ask(put);
    expect(raw.accepted).toBe(4);
  });

  it('a PUT whose body is still coming is one of them: nobody knows whether it can be repeated', async () => {
    const { clock, raw, caller, ask } = await stage();
    await ask(put);
    await clock.advance(1_001);
    caller.send(put.slice(0, -2));
    await until('the beginning to arrive', () => raw.received.endsWith('bo'));
    await ask(put.slice(-2));
    expect(raw.accepted).toBe(2);
    await clock.advance(500);
    caller.send(put.slice(0, -2));
    await until('the beginning to arrive', () => raw.received.endsWith('bo'));
    await ask(put.slice(-2));
    expect(raw.accepted).toBe(2);
  });

  it('where the server has closed an idle connection, half of that time is the most', async () => {
    const { clock, raw, ask, serverCloses } = await stage();
    await ask(get);
    await clock.advance(50);
    await serverCloses();
    await ask(post);
    await clock.advance(24.9);
    await ask(post);
    expect(raw.accepted).toBe(2);
    await clock.advance(25.1);
    await ask(post);
    expect(raw.accepted).toBe(3);
    // After two minutes without another such end it is forgotten.
    await clock.advance(60_000);
    await ask(get);
    await clock.advance(60_000);
    await ask(post);
    await clock.advance(500);
    await ask(post);
    expect(raw.accepted).toBe(5);
  });

  it('connections closed right behind their answers teach nothing about idle ones', async () => {
    const { clock, raw, ask, serverCloses } = await stage();
    await ask(post);
    await clock.advance(5);
    await serverCloses();
    await ask(post);
    await clock.advance(500);
    await ask(post);
    expect(raw.accepted).toBe(2);
  });

  it('half of what the server promises (Keep-Alive: timeout) is the most', async () => {
    const { clock, raw, ask } = await stage('Keep-Alive: timeout=1\r\n');
    await ask(post);
    await clock.advance(490);
    await ask(post);
    expect(raw.accepted).toBe(1);
    await clock.advance(510);
    await ask(post);
    expect(raw.accepted).toBe(2);
  });

  it('a close that crosses the POST on its way is told as such, and never answered by sending it twice', async () => {
    const clock = manualClock();
    // Closes when the request is there, unread: nobody can tell that from a close a moment before.
    const raw = await server(
      rawServer((socket, _text, connection) => {
        const times = connection.text.split('body').length - 1;
        if (times === 1) socket.write(ok('done'));
        else socket.resetAndDestroy();
      }),
    );
    const proxy = await lane({ ports: [raw.port], readPath, clock });
    const caller = await client(proxy.port);
    caller.send(post);
    await caller.receives('done');
    await clock.advance(100);
    caller.send(post);
    await caller.receives('HTTP/1.1 502 Bad Gateway');
    expect(raw.received.split('body')).toHaveLength(3);
    // It has learned from that: half of the time that went well is too long now.
    caller.send(post);
    await caller.receives('done', 2);
    await clock.advance(60);
    caller.send(post);
    await caller.receives('done', 3);
    expect(raw.accepted).toBe(3);
  });
});
