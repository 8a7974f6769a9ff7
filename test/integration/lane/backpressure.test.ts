import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { heldBytes } from '../../support/held-bytes.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { rawServer } from '../../support/raw-sockets.ts';
import { restsAt } from '../../support/rests-at.ts';
import { until } from '../../support/until.ts';

const MiB = 1_048_576;
/** The size the product promises to stream with flat memory. */
const downloadBytes = 2_048 * MiB;

/** Writes so many bytes as fast as they are taken. */
function pour(socket: Socket, bytes: number): void {
  const piece = Buffer.alloc(262_144, 'x');
  let left = bytes;
  const more = (): void => {
    while (left > 0 && socket.writable) {
      const part = left >= piece.length ? piece : piece.subarray(0, left);
      left -= part.length;
      if (!socket.write(part)) return;
    }
  };
  socket.on('drain', more);
  more();
}

describe.each(['handle', 'events'] as const)('read by %s', (readPath) => {
  it('responses that nobody takes are not collected', async () => {
    const raw = await server(
      rawServer((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * MiB}\r\n\r\n`);
        pour(socket, 100 * MiB);
      }),
    );
    const proxy = await lane({ ports: [raw.port], readPath });
    const before = heldBytes();
    const callers = await Promise.all(Array.from({ length: 16 }, () => client(proxy.port)));
    for (const caller of callers) {
      caller.socket.pause();
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    // It has come to rest when the servers can write no more.
    await until('every caller to reach a server', () => raw.open.size === callers.length);
    const written = () => [...raw.open].reduce((sum, socket) => sum + socket.bytesWritten, 0);
    await until('everything to be full', restsAt(written));
    expect(raw.open.size).toBe(callers.length);
    // The servers hold up to 256 KiB and this proxy as much for each; 1.6 GiB are on offer.
    expect(heldBytes() - before).toBeLessThan(callers.length * 1.5 * MiB);
    expect(proxy.finished).toEqual([]);
  });

  it('bodies that no server takes are not collected', async () => {
    const raw = await server(
      rawServer(
        () => {},
        (socket) => socket.pause(),
      ),
    );
    const proxy = await lane({ ports: [raw.port], readPath });
    const before = heldBytes();
    const callers = await Promise.all(Array.from({ length: 16 }, () => client(proxy.port)));
    for (const caller of callers) {
      caller.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${100 * MiB}\r\n\r\n`);
      pour(caller.socket, 100 * MiB);
    }
    await until('every caller to reach a server', () => raw.open.size === callers.length);
    const written = () => callers.reduce((sum, { socket }) => sum + socket.bytesWritten, 0);
    await until('everything to be full', restsAt(written));
    expect(raw.open.size).toBe(callers.length);
    // Once: the memory of buffers that were collected is given back a little later.
    await until('no more to be held', () => heldBytes() - before < callers.length * 1.5 * MiB);
  });

  it.each([1_048_576, 10_000])(
    'requests sent ahead by a client that takes no response (of %i bytes) are not worked off',
    async (responseBytes) => {
      const raw = await server(
        rawServer((socket, _text, connection) => {
          const requests = connection.text.split('\r\n\r\n').length - 1;
          connection.text = '';
          for (let i = 0; i < requests; i++)
            socket.write(
              `HTTP/1.1 200 OK\r\nContent-Length: ${responseBytes}\r\n\r\n${'x'.repeat(responseBytes)}`,
            );
        }),
      );
      const proxy = await lane({ ports: [raw.port], readPath });
      const caller = await client(proxy.port);
      caller.socket.pause();
      const requests = 4_000;
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(requests));
      await until(
        'it to come to rest',
        restsAt(() => proxy.finished.length),
      );
      // What the kernel takes for a sleeping reader, and little more.
      expect(proxy.finished.length * responseBytes).toBeLessThan(15 * MiB);
      const before = proxy.finished.length;
      caller.socket.resume();
      await until('work to go on', () => proxy.finished.length > before + 20);
    },
  );

  it('requests sent ahead are kept up to a bound, and the client not read beyond it', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port], readPath });
    const caller = await client(proxy.port);
    const before = heldBytes();
    const requests = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10_000));
    let taken = 0;
    const more = (): void => {
      for (; taken < 200; taken++) if (!caller.socket.write(requests)) return void taken++;
    };
    caller.socket.on('drain', more);
    more();
    await until(
      'it to come to rest',
      restsAt(() => caller.socket.bytesWritten),
    );
    expect(taken).toBeLessThan(100);
    expect(heldBytes() - before).toBeLessThan(3 * MiB);
  });
});

it('a download of 2 GiB leaves the memory of the process where it was', async () => {
  const raw = await server(
    rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${downloadBytes}\r\n\r\n`);
      pour(socket, downloadBytes);
    }),
  );
  const proxy = await lane({ ports: [raw.port] });
  const caller = await client(proxy.port);
  caller.socket.removeAllListeners('data');
  let received = 0;
  let highest = 0;
  const before = process.memoryUsage().rss;
  caller.socket.on('data', (bytes) => {
    received += bytes.length;
  });
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 50);
  caller.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await until('the download to end', () => proxy.finished.length === 1 && received >= downloadBytes, 55_000);
  clearInterval(watch);
  expect(proxy.finished[0]).toMatchObject({ status: 200, error: null, responseBytes: downloadBytes });
  // Server, proxy and client are all in this process, and the garbage of the client's own reading with them.
  expect((highest - before) / MiB).toBeLessThan(200);
}, 60_000);
