import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { refusedHeads } from '../../support/refused-heads.ts';
import { until } from '../../support/until.ts';

const next = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

describe.each(['handle', 'events'] as const)('read by %s', (readPath) => {
  it('nothing of a request that two parsers could read differently reaches a server', async () => {
    const raw = await server(answering(ok('reached')));
    const proxy = await lane({ ports: [raw.port], readPath });
    for (const [what, text, status] of refusedHeads) {
      const answer = await exchangeBytes(proxy.port, text + next);
      expect(answer, what).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*Connection: close\r\n`));
      expect(answer.match(/HTTP\/1\.1 \d/g), what).toHaveLength(1);
    }
    expect(raw.accepted).toBe(0);
    expect(proxy.finished.map(({ status }) => status)).toEqual(refusedHeads.map(([, , status]) => status));
    await until('every connection to be closed', () => proxy.listener.openConnections === 0);
  });

  it('the same at every split of the bytes', async () => {
    const raw = await server(answering(ok('reached')));
    const proxy = await lane({ ports: [raw.port], readPath });
    const important = refusedHeads.filter(([what]) =>
      /both Content-Length|differing|coding before|space before the colon|folded line|bare LF after a field|two Hosts$/.test(
        what,
      ),
    );
    expect(important).toHaveLength(7);
    await Promise.all(
      important.map(async ([what, text, status]) => {
        for (let split = 1; split < text.length; split++) {
          const caller = await client(proxy.port);
          caller.send(text.slice(0, split));
          await nextTurn();
          caller.send(text.slice(split) + next);
          expect(await caller.end(), `${what}, split at ${split}`).toContain(`HTTP/1.1 ${status} `);
          caller.close();
        }
      }),
    );
    expect(raw.accepted).toBe(0);
  });

  it('a request is the same at every split of the bytes', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (!connection.text.endsWith('0\r\n\r\n')) return;
        socket.write(ok(connection.text.split('\r\n\r\n').slice(1).join('|')));
        connection.text = '';
      }),
    );
    const proxy = await lane({ ports: [raw.port], readPath });
    const text =
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;e\r\nhello\r\n2\r\n\r\n\r\n0\r\n\r\n';
    const caller = await client(proxy.port);
    for (let split = 1; split < text.length; split++) {
      caller.send(text.slice(0, split));
      await nextTurn();
      caller.send(text.slice(split));
      await caller.receives('\r\n\r\n5;e\r\nhello\r\n2|\r\n0|', split);
    }
    expect(new Set(raw.received.split('POST ').slice(1)).size).toBe(1);
    expect(proxy.finished.every(({ status, requestBytes }) => status === 200 && requestBytes === 7)).toBe(
      true,
    );
  });

  it('a response is the same at every split of the bytes', async () => {
    const responses = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: y\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
    ];
    for (const response of responses) {
      let split = 0;
      const raw = await server(
        rawServer((socket) => {
          socket.write(response.slice(0, split), 'latin1');
          void nextTurn().then(() => socket.write(response.slice(split), 'latin1'));
        }),
      );
      const proxy = await lane({ ports: [raw.port], readPath, responseFields: false });
      const caller = await client(proxy.port);
      const expected = response.replace('Connection: x-hop\r\nX-Hop: 1\r\n', '');
      for (split = 1; split < response.length; split++) {
        caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await caller.receives(expected, split);
      }
      expect(caller.text).toBe(expected.repeat(response.length - 1));
      expect(raw.accepted).toBe(1);
    }
  });

  it('messages about the size of every buffer come through whole', async () => {
    const sizes = [16_384, 65_536, 131_072, 262_144].flatMap((size) => [size - 1, size, size + 1]);
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
