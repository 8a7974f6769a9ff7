import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Lane } from '../../support/lane.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, nextTurn, ok, type RawClient, rawServer } from '../../support/raw-sockets.ts';
import { restsAt } from '../../support/rests-at.ts';
import { until } from '../../support/until.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** The client ends its half, and the lane has read that. */
async function endHalf({ socket }: RawClient): Promise<void> {
  await new Promise<void>((resolve) => void socket.end(resolve));
  await nextTurn();
  await nextTurn();
}

/**
 * Twelve clients, and for each a number of requests about which the kernel takes no more of the responses, so that of some of
 * them the last response waits.
 *
 * @param below by how many the first is below it
 */
async function aroundFull(proxy: Lane, below: number) {
  const first = await client(proxy.port);
  first.socket.pause();
  first.send(get.repeat(1_000));
  await until(
    'it to come to rest',
    restsAt(() => proxy.finished.length),
  );
  const about = proxy.finished.length;
  const callers = await Promise.all(Array.from({ length: 12 }, () => client(proxy.port)));
  return { first, callers, wanted: callers.map((_, index) => Math.max(1, about - below + index)) };
}

/** Answers when it is told to. */
async function silent() {
  const sockets: Socket[] = [];
  const raw = await server(
    rawServer((socket) => {
      if (!sockets.includes(socket)) sockets.push(socket);
    }),
  );
  return { raw, socket: () => until('a request at the server', () => sockets[0]) };
}

const body = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

describe.each(['handle', 'events'] as const)('RFC 9112 section 9.6, read by %s:', (readPath) => {
  describe('a client that ends its half behind its request', () => {
    it('is told all of a response that the end of the connection ends', async () => {
      const { raw, socket } = await silent();
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.send(get);
      const serving = await socket();
      serving.write('HTTP/1.1 200 OK\r\n\r\npart1 ');
      await caller.receives('part1 ');
      await endHalf(caller);
      serving.write('part2 ');
      await caller.receives('part2 ');
      serving.end('part3');
      expect(body(await caller.end())).toBe('part1 part2 part3');
      expect(caller.errorCode).toBeNull();
      expect(proxy.finished).toMatchObject([{ status: 200, error: null, responseBytes: 17 }]);
      await until('it to be gone', () => proxy.listener.openConnections === 0);
    });

    it.each([
      ['GET', get],
      ['POST', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'],
      [
        'POST in chunks',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      ],
      ['GET of HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
    ])('at once is answered, and told that the connection closes (%s)', async (_what, text) => {
      const { raw, socket } = await silent();
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.send(text);
      await endHalf(caller);
      (await socket()).write(ok('answered'));
      const answer = await caller.end();
      expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n[\s\S]*answered$/);
      expect(proxy.finished).toMatchObject([{ status: 200, error: null }]);
      await until('it to be gone', () => proxy.listener.openConnections === 0);
    });

    it('has every request answered that it had sent, and not the beginning of one', async () => {
      const raw = await server(answering(ok('answered')));
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.send(`${get.repeat(20)}GET /never HTTP/1.1\r\nHo`);
      await endHalf(caller);
      expect((await caller.end()).split('answered')).toHaveLength(21);
      expect(caller.errorCode).toBeNull();
      expect(raw.received).not.toContain('/never');
      expect(proxy.finished).toHaveLength(20);
    });

    it('is sent the rest of a large response that it had not yet taken', async () => {
      const bytes = 30_000_000;
      const raw = await server(
        rawServer((socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
          socket.write(Buffer.alloc(bytes, 'x'));
        }),
      );
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.socket.removeAllListeners('data');
      caller.socket.pause();
      caller.send(get);
      const written = (): number => [...raw.open].reduce((sum, socket) => sum + socket.bytesWritten, 0);
      await until('everything to be full', restsAt(written));
      await endHalf(caller);
      let received = 0;
      caller.socket.on('data', (part) => {
        received += part.length;
      });
      caller.socket.resume();
      await caller.end();
      expect(received).toBeGreaterThan(bytes);
      expect(caller.errorCode).toBeNull();
      expect(proxy.finished).toMatchObject([{ status: 200, error: null, responseBytes: bytes }]);
      await until('it to be gone', () => proxy.listener.openConnections === 0);
    });

    it('is not kept when it takes the last of its responses late', async () => {
      const size = 65_536;
      const response = ok('x'.repeat(size));
      const raw = await server(answering(response));
      const proxy = await lane({ ports: [raw.port], readPath, responseFields: false });
      const { first, callers, wanted } = await aroundFull(proxy, 6);
      for (const [index, caller] of callers.entries()) {
        caller.socket.pause();
        caller.send(get.repeat(wanted[index]!));
      }
      await until(
        'these too',
        restsAt(() => proxy.finished.length),
      );
      for (const caller of callers) await endHalf(caller);
      for (const caller of callers) caller.socket.resume();
      for (const [index, caller] of callers.entries()) {
        const text = await caller.end();
        expect(text.split('HTTP/1.1 200 OK')).toHaveLength(wanted[index]! + 1);
        expect(caller.errorCode).toBeNull();
      }
      first.close();
      await until('all to be gone', () => proxy.listener.openConnections === 0);
    });

    it('in the middle of its body is told all of an early response that has begun', async () => {
      const { raw, socket } = await silent();
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
      const serving = await socket();
      serving.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\nnot ');
      await caller.receives('not ');
      await endHalf(caller);
      serving.write('that');
      expect(body(await caller.end())).toBe('not that');
      expect(caller.errorCode).toBeNull();
      await until('nothing to be left', () => proxy.listener.openConnections + raw.open.size === 0);
    });
  });

  it('a client that closed altogether is noticed when the response is written, and no server is blamed', async () => {
    const { raw, socket } = await silent();
    const proxy = await lane({ ports: [raw.port], readPath });
    const caller = await client(proxy.port);
    caller.send(get);
    const serving = await socket();
    caller.close();
    serving.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    await until('the connection to the server to be closed', () => {
      serving.write('more');
      return raw.open.size === 0;
    });
    expect(proxy.finished[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['client-aborted']);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    expect(proxy.listener.openConnections).toBe(0);
  });

  describe('a response that is given up ends by a reset, not by an end that would make it look whole,', () => {
    it('when the listener stops', async () => {
      const { raw, socket } = await silent();
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.send(get);
      (await socket()).write('HTTP/1.1 200 OK\r\n\r\npart1');
      await caller.receives('part1');
      await proxy.stop();
      await caller.end();
      expect(caller.errorCode).toBe('ECONNRESET');
    });

    it.each([
      ['and is to close', 'Connection: close\r\n'],
      ['and stays', ''],
    ])('when a client does not take the end of it (%s)', async (_what, field) => {
      const raw = await server(answering(ok('x'.repeat(65_536))));
      const proxy = await lane({
        ports: [raw.port],
        readPath,
        responseFields: false,
        listener: { limits: { sendTimeout: '300ms', lingerTimeout: '300ms', idleTimeout: '300ms' } },
      });
      const { callers, wanted } = await aroundFull(proxy, 4);
      for (const [index, caller] of callers.entries()) {
        caller.socket.pause();
        caller.send(`${get.repeat(wanted[index]! - 1)}GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
      }
      await until('all to be given up', () => proxy.listener.openConnections === 0);
      for (const caller of callers) caller.socket.resume();
      let cutOff = 0;
      for (const [index, caller] of callers.entries()) {
        const responses = (await caller.end()).split('HTTP/1.1 200 OK');
        const isWhole = responses.length > wanted[index]! && body(responses.at(-1)!).length === 65_536;
        expect(caller.errorCode).toBe(isWhole ? null : 'ECONNRESET');
        if (!isWhole) cutOff += 1;
      }
      expect(cutOff).toBeGreaterThan(0);
      expect(proxy.limitsReached).toContain('send-timeout');
    });
  });
});
