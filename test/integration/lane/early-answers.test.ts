import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { type RawClient, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const bodyBytes = 2_000_000;
const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bodyBytes}\r\n\r\n`;

/** Sends as fast as it is taken, and reads meanwhile, until the answer has ended as it should or the connection has. */
async function upload(caller: RawClient, answerEnd: string): Promise<string> {
  caller.send(head);
  const piece = Buffer.alloc(50_000, 'x');
  for (let sent = 0; sent < bodyBytes && !caller.ended; sent += piece.length) {
    if (!caller.socket.write(piece))
      await Promise.race([
        new Promise<void>((resolve) => caller.socket.once('drain', resolve)),
        until('the end', () => caller.ended),
      ]);
  }
  // Where the whole request was taken before the answer was seen, the connection goes on.
  await until('the answer', () => caller.ended || caller.text.endsWith(answerEnd));
  return caller.text;
}

/** Answers a request as soon as its head is there, and closes at once: unread bytes make that a reset (RFC 9112 section 9.6). */
const hasty = (body: string) =>
  server(
    rawServer((socket) => {
      if (socket.writableEnded) return;
      socket.pause();
      socket.end(`HTTP/1.1 413 Content Too Large\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () =>
        socket.destroy(),
      );
    }),
  );

describe.each(['handle', 'events'] as const)(
  'an answer that comes while the request body is on its way, read by %s,',
  (readPath) => {
    it.each([
      ['small', 10],
      ['of several segments', 40_000],
    ])('reaches the client whole, though the server resets behind it (%s)', async (_what, size) => {
      const body = `a${'y'.repeat(size - 2)}z`;
      const raw = await hasty(body);
      const proxy = await lane({ ports: [raw.port], readPath });
      for (let round = 0; round < 40; round++) {
        const caller = await client(proxy.port);
        const answer = await upload(caller, body);
        expect(answer.slice(0, 60), `round ${round}`).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer.endsWith(body), `round ${round}`).toBe(true);
        caller.close();
      }
      expect(proxy.finished.every(({ status, error }) => status === 413 && error === null)).toBe(true);
      await until(
        'every connection to be closed',
        () => raw.open.size + proxy.listener.openConnections === 0,
      );
      expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    });
  },
);
