import { describe, expect, it } from 'vitest';
import { lane, server } from '../../support/lane-cleanup.ts';
import { exchangeBytes, rawServer } from '../../support/raw-sockets.ts';

describe.each(['handle', 'events'] as const)('read by %s', (readPath) => {
  it('messages about the size of every buffer come through whole', async () => {
    const sizes = [16_384, 65_536, 81_920, 131_072, 262_144].flatMap((size) => [size - 1, size, size + 1]);
    const raw = await server(
      rawServer((socket, _text, connection) => {
        const end = connection.text.indexOf('\r\n\r\n') + 4;
        const length = Number(/Content-Length: (\d+)/.exec(connection.text)?.[1] ?? 0);
        if (end < 4 || connection.text.length < end + length) return;
        const body = connection.text.slice(end);
        connection.text = '';
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`, 'latin1');
      }),
    );
    const proxy = await lane({ ports: [raw.port], readPath });
    for (const size of sizes) {
      const body = `<${'0123456789abcdef'.repeat(Math.ceil(size / 16)).slice(0, size - 2)}>`;
      const answer = await exchangeBytes(
        proxy.port,
        `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n${body}`,
      );
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4) === body, `${size} bytes`).toBe(true);
    }
    expect(proxy.finished.map(({ requestBytes, responseBytes }) => [requestBytes, responseBytes])).toEqual(
      sizes.map((size) => [size, size]),
    );
  });
});
