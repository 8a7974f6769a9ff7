import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { seededRandom } from '../../support/random.ts';
import { nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { restsAt } from '../../support/rests-at.ts';
import { until } from '../../support/until.ts';

/** More than the kernel takes for a connection whose reader sleeps, so that the proxy has to wait with a piece in hand. */
const bodyBytes = 10_485_760;

/** Bytes that are nowhere alike, so that a piece in the wrong place shows. */
function noise(seed: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.alloc(bodyBytes);
  for (let i = 0; i < bodyBytes; i += 4) bytes.writeUInt32LE(Math.floor(random() * 4_294_967_296), i);
  return bytes;
}

const hash = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

/** The bytes in pieces of a size, chunked or plain. */
function pieces(bytes: Buffer, size: number, chunked: boolean): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    list.push(
      chunked
        ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
        : piece,
    );
  }
  if (chunked) list.push(Buffer.from('0\r\n\r\n'));
  return list;
}

type Target = { write(bytes: Buffer): boolean; once(event: 'drain', run: () => void): unknown };

/** @param paced no piece before the one before it has been read: so no read of the proxy's fills its buffer */
async function writeAll(target: Target, list: readonly Buffer[], paced: boolean): Promise<void> {
  for (const piece of list) {
    if (!target.write(piece)) await new Promise<void>((resolve) => target.once('drain', resolve));
    if (paced) await nextTurn();
  }
}

const cases: readonly { size: number; chunked: boolean; paced?: true }[] = [
  { size: 700, chunked: false },
  { size: 3_000, chunked: false, paced: true },
  { size: 20_000, chunked: false },
  { size: 20_000, chunked: true },
  { size: 30_000, chunked: true, paced: true },
  { size: 60_000, chunked: true, paced: true },
  { size: 100_000, chunked: false },
  { size: 1_000_000, chunked: false },
  { size: 1_000_000, chunked: true },
];
const framing = (chunked: boolean): string =>
  chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bodyBytes}`;

/** Hundreds of megabytes pass, and nobody is to be called too slow for that. */
const timeout = 180_000;
const patient = { limits: { sendTimeout: '10m', bodyTimeout: '10m' } } as const;

describe.each(['handle', 'events'] as const)('read by %s', { timeout }, (readPath) => {
  it('responses arrive as they were sent at clients that slept, with others passing meanwhile', async () => {
    const bodies = cases.map(({ size, chunked }, index) => pieces(noise(index), size, chunked));
    const sent = bodies.map((list) => hash(Buffer.concat(list)));
    const raw = await server(
      rawServer((socket, text) => {
        const index = Number(/GET \/(\d+)/.exec(text)?.[1] ?? -1);
        const kind = cases[index];
        if (!kind) {
          socket.write(ok('z'.repeat(60_000)));
          return;
        }
        socket.write(`HTTP/1.1 200 OK\r\n${framing(kind.chunked)}\r\n\r\n`);
        void writeAll(socket, bodies[index]!, kind.paced ?? false);
      }),
    );
    const proxy = await lane({ ports: [raw.port], listener: patient, readPath });
    const callers = await Promise.all(cases.map(() => client(proxy.port)));
    const received: Buffer[][] = cases.map(() => []);
    for (const [index, caller] of callers.entries()) {
      caller.socket.removeAllListeners('data');
      caller.socket.on('data', (bytes) => received[index]!.push(bytes));
      caller.socket.pause();
      caller.send(`GET /${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    }
    await until(
      'everything to be full',
      restsAt(() => sum([...raw.open].map((socket) => socket.bytesWritten))),
    );
    const other = await client(proxy.port);
    for (let i = 1; i <= 30; i++) {
      other.send('GET /other HTTP/1.1\r\nHost: a\r\n\r\n');
      await other.receives('\r\n\r\n', i);
    }
    for (const caller of callers) caller.socket.resume();
    await Promise.all(callers.map((caller) => caller.end()));
    const got = received.map((list) => {
      const all = Buffer.concat(list);
      return hash(all.subarray(all.indexOf('\r\n\r\n') + 4));
    });
    expect(got).toEqual(sent);
  });

  it('responses that are complete but not yet taken stay as they are', async () => {
    // Sizes about what the kernel takes for a sleeping reader, 3.9 MB here: of some the very end waits in the proxy.
    const coarse = Array.from({ length: 16 }, (_, index) => (index + 1) * 524_288);
    const fine = Array.from({ length: 40 }, (_, index) => 3_600_000 + index * 16_000);
    const sizes = [...coarse, ...fine];
    const waves = [noise(98), noise(99)];
    const raw = await server(
      rawServer((socket, text) => {
        const [, wave, size] = /GET \/(\d)\/(\d+)/.exec(text)!;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        void writeAll(socket, pieces(waves[Number(wave)]!.subarray(0, Number(size)), 262_144, false), false);
      }),
    );
    const proxy = await lane({ ports: [raw.port], listener: patient, readPath });
    const all: { bytes: Buffer; received: Buffer[]; ended(): Promise<string>; wake(): void }[] = [];
    for (const [wave, bytes] of waves.entries()) {
      for (const size of sizes) {
        const caller = await client(proxy.port);
        const received: Buffer[] = [];
        caller.socket.removeAllListeners('data');
        caller.socket.on('data', (piece) => received.push(piece));
        caller.socket.pause();
        caller.send(`GET /${wave}/${size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        all.push({
          bytes: bytes.subarray(0, size),
          received,
          ended: () => caller.end(),
          wake: () => caller.socket.resume(),
        });
      }
      await until(
        'everything to be full',
        restsAt(() => sum([...raw.open].map((socket) => socket.bytesWritten))),
      );
    }
    expect(proxy.finished.length).toBeGreaterThan(0);
    expect(proxy.finished.length).toBeLessThan(all.length);
    for (const each of all) each.wake();
    for (const { bytes, received, ended } of all) {
      await ended();
      const message = Buffer.concat(received);
      const body = message.subarray(message.indexOf('\r\n\r\n') + 4);
      expect(body.equals(bytes), `${bytes.length} bytes`).toBe(true);
    }
  });

  it('request bodies arrive as they were sent at a server that slept, with others passing meanwhile', async () => {
    const bodies = cases.map(({ size, chunked }, index) => pieces(noise(index), size, chunked));
    const sent = bodies.map((list) => hash(Buffer.concat(list)));
    const received = new Map<number, Buffer[]>();
    const asleep = await server(
      rawServer(
        () => {},
        (socket) => {
          socket.removeAllListeners('data');
          const list: Buffer[] = [];
          socket.on('data', (bytes) => {
            list.push(bytes);
            const first = list[0]!.toString('latin1', 0, 20);
            received.set(Number(/PUT \/(\d+)/.exec(first)?.[1]), list);
          });
          socket.pause();
        },
      ),
    );
    const awake = await server(rawServer((socket) => socket.write(ok('z'.repeat(60_000)))));
    const proxy = await lane({
      ports: [asleep.port],
      pool: { timeouts: { response: '10m' } },
      otherPools: { awake: [awake.port] },
      listener: {
        ...patient,
        pool: undefined,
        routes: [
          { path: '/', pool: 'api' },
          { path: '/other', pool: 'awake' },
        ],
      },
      readPath,
    });
    const callers = await Promise.all(cases.map(() => client(proxy.port)));
    for (const [index, caller] of callers.entries()) {
      caller.send(`PUT /${index} HTTP/1.1\r\nHost: a\r\n${framing(cases[index]!.chunked)}\r\n\r\n`);
      void writeAll(caller.socket, bodies[index]!, cases[index]!.paced ?? false);
    }
    await until(
      'everything to be full',
      restsAt(() => sum(callers.map(({ socket }) => socket.bytesWritten))),
    );
    const other = await client(proxy.port);
    for (let i = 1; i <= 30; i++) {
      other.send('GET /other HTTP/1.1\r\nHost: a\r\n\r\n');
      await other.receives('\r\n\r\n', i);
    }
    for (const socket of asleep.open) socket.resume();
    const lengthOf = (index: number): number => sum((received.get(index) ?? []).map((piece) => piece.length));
    await until('every body to arrive', () =>
      bodies.every((list, index) => lengthOf(index) > sum(list.map((piece) => piece.length))),
    );
    for (const caller of callers) caller.socket.resetAndDestroy();
    await until('nothing more to come', () => asleep.open.size === 0);
    const got = cases.map((_, index) => {
      const message = Buffer.concat(received.get(index)!);
      return hash(message.subarray(message.indexOf('\r\n\r\n') + 4));
    });
    expect(got).toEqual(sent);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
