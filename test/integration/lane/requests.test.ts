import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok, rawServer } from '../../support/raw-sockets.ts';

const get = (path = '/', fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`;
const last = (path = '/'): string => get(path, 'Connection: close\r\n');

describe.each(['handle', 'events'] as const)('a request, read by %s', (readPath) => {
  it('reaches a server and its response the client', async () => {
    const raw = await server(answering(ok('hello')));
    const { port, finished } = await lane({ ports: [raw.port], readPath });
    const answer = await exchangeBytes(port, last('/a?b=c'));
    expect(answer.replace(/Date: .{3}, \d\d .{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/, '')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-ballast-server: api-1\r\nx-ballast-attempts: 1\r\n' +
        'x-ballast-request: r1\r\nConnection: close\r\n\r\nhello',
    );
    expect(raw.received).toBe(
      'GET /a?b=c HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n' +
        'X-Forwarded-Host: app.test\r\n\r\n',
    );
    expect(finished).toEqual([
      {
        method: 'GET',
        target: '/a?b=c',
        status: 200,
        error: null,
        requestBytes: 0,
        responseBytes: 5,
        attempts: [{ server: 'api-1', outcome: 'responded', status: 200, detail: null }],
      },
    ]);
  });

  it('follows others on the same connections', async () => {
    const raw = await server(answering(ok('x')));
    const { port, finished } = await lane({ ports: [raw.port], readPath });
    const caller = await client(port);
    for (let i = 1; i <= 5; i++) {
      caller.send(get(`/${i}`));
      await caller.receives('\r\n\r\nx', i);
    }
    expect(raw.accepted).toBe(1);
    expect(finished.map((each) => each.target)).toEqual(['/1', '/2', '/3', '/4', '/5']);
  });

  it('may be sent ahead of the response to the one before', async () => {
    const raw = await server(
      rawServer((socket, text) => {
        for (const [, path] of text.matchAll(/GET (\S+)/g)) socket.write(ok(path!));
      }),
    );
    const { port, finished } = await lane({ ports: [raw.port], readPath });
    const paths = Array.from({ length: 200 }, (_, index) => `/request-${index}`);
    const answer = await exchangeBytes(port, paths.map((path) => get(path)).join('') + last('/last'));
    expect([...answer.matchAll(/\r\n\r\n(\/[a-z0-9-]+?)(?=HTTP|$)/g)].map((match) => match[1])).toEqual([
      ...paths,
      '/last',
    ]);
    expect(finished).toHaveLength(201);
  });

  it('has its body counted without its framing, and so has its response', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.endsWith('end')) {
          socket.write(ok('got it'));
          connection.text = '';
        } else if (connection.text.endsWith('0\r\nx-sum: 7\r\n\r\n')) {
          socket.write(
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-trailer: yes\r\n\r\n',
          );
        }
      }),
    );
    const { port, finished } = await lane({ ports: [raw.port], readPath });
    const caller = await client(port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nthe ');
    caller.send(' end');
    await caller.receives('got it');
    caller.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;name="v"\r\nbody\r\n0\r\nx-sum: 7\r\n\r\n',
    );
    await caller.receives('\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-trailer: yes\r\n\r\n');
    expect(raw.received).toContain('4;name="v"\r\nbody\r\n0\r\nx-sum: 7\r\n\r\n');
    expect(finished.map((each) => [each.requestBytes, each.responseBytes])).toEqual([
      [8, 6],
      [4, 3],
    ]);
  });
});
