import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { lane } from '../../support/lane-cleanup.ts';
import { seededRandom } from '../../support/random.ts';

const clients = 12;
const requestsEach = 25;
const sizes = [0, 1, 100, 4_096, 16_383, 16_384, 16_385, 40_000, 65_536, 70_000, 131_073, 300_000, 1_000_000];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes that are nowhere alike, so that a piece in the wrong place shows. */
function noise(random: () => number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32LE(Math.floor(random() * 4_294_967_296), i);
  return bytes;
}

/** Writes in pieces of any size, now and then pausing, never faster than it is taken. */
async function writeInPieces(
  target: { write(bytes: Buffer): boolean; once(event: 'drain', run: () => void): unknown },
  bytes: Buffer,
  random: () => number,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + Math.floor(random() ** 3 * 200_000));
    at += piece.length;
    if (!target.write(piece)) await new Promise<void>((resolve) => target.once('drain', resolve));
    if (random() < 0.2) await pause(random() * 3);
  }
}

async function readAll(message: IncomingMessage, random: () => number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) {
    pieces.push(piece as Buffer);
    if (random() < 0.1) await pause(random() * 3);
  }
  return Buffer.concat(pieces);
}

describe.each(['handle', 'events'] as const)('read by %s', (readPath) => {
  it.each([1, 2, 3])(
    'every body arrives whole and in order, both ways, whoever is slow (seed %i)',
    async (seed) => {
      const echo = createServer((incoming: IncomingMessage, response: ServerResponse) => {
        const random = seededRandom(Number(incoming.headers['x-seed']));
        void (async () => {
          const body = await readAll(incoming, random);
          if (random() < 0.5) response.setHeader('content-length', body.length);
          if (random() < 0.2) response.setHeader('connection', 'close');
          response.writeHead(200);
          await writeInPieces(response, body, random);
          response.end();
        })();
      });
      // Closes idle connections, but not so soon that a thread that was held up for a moment meets it: what is larger than is
      // kept for a repeat would be lost with the connection, and rightly.
      echo.keepAliveTimeout = 150;
      await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
      afterThisTest(() => {
        echo.closeAllConnections();
        echo.close();
      });
      const proxy = await lane({ ports: [(echo.address() as AddressInfo).port], readPath });

      await Promise.all(
        Array.from({ length: clients }, async (_, index) => {
          const random = seededRandom(seed * 1_000 + index);
          const agent = new Agent({ keepAlive: true, maxSockets: 1 });
          for (let i = 0; i < requestsEach; i++) {
            const size = sizes[Math.floor(random() * sizes.length)]!;
            const body = noise(random, size);
            const framing = random() < 0.5 ? { 'content-length': size } : { 'transfer-encoding': 'chunked' };
            const answer = await new Promise<Buffer>((resolve, reject) => {
              const outgoing = request(
                {
                  agent,
                  host: '127.0.0.1',
                  port: proxy.port,
                  method: 'PUT',
                  headers: { ...framing, 'x-seed': seed * 100_000 + index * 1_000 + i },
                },
                (response) => {
                  if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
                  readAll(response, random).then(resolve, reject);
                },
              );
              outgoing.on('error', reject);
              void writeInPieces(outgoing, body, random).then(() => outgoing.end());
            });
            expect(answer.equals(body), `client ${index}, request ${i}, ${size} bytes`).toBe(true);
          }
          agent.destroy();
        }),
      );
      expect(proxy.finished).toHaveLength(clients * requestsEach);
      expect(proxy.finished.filter(({ error }) => error !== null)).toEqual([]);
      expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    },
    // It computes and waits for nothing, a second of one core: as long as that takes beside many others.
    180_000,
  );
});
