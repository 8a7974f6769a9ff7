import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

describe('an HTTP/1.0 client', () => {
  it('is answered and its connection closed', async () => {
    const raw = await server(answering(ok('hello')));
    const proxy = await lane({ ports: [raw.port], responseFields: false });
    expect(await exchangeBytes(proxy.port, 'GET / HTTP/1.0\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    );
    expect(raw.received).toContain(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\n`);
  });

  it('keeps its connection if it asks to', async () => {
    const raw = await server(answering(ok('hello')));
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    for (let i = 1; i <= 3; i++) {
      caller.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      await caller.receives('Connection: keep-alive\r\n\r\nhello', i);
    }
  });

  it('gets chunks decoded, ended by the end of the connection, and no interim responses', async () => {
    const raw = await server(
      answering(
        'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n6\r\n world\r\n0\r\nT: u\r\n\r\n',
      ),
    );
    const proxy = await lane({ ports: [raw.port], responseFields: false });
    expect(await exchangeBytes(proxy.port, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world',
    );
  });
});

describe('an HTTP/1.0 server', () => {
  it('ends its response with its connection', async () => {
    const raw = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.0 200 OK\r\n\r\nto the ');
        setImmediate(() => socket.end('end'));
      }),
    );
    const proxy = await lane({ ports: [raw.port], responseFields: false });
    expect(await exchangeBytes(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end',
    );
    expect(proxy.finished).toMatchObject([{ status: 200, error: null, responseBytes: 10 }]);
  });
});

describe('a response without a body', () => {
  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ])('to %s: %j leaves both connections usable', async (method, response) => {
    const raw = await server(answering(response));
    const proxy = await lane({ ports: [raw.port], responseFields: false });
    const caller = await client(proxy.port);
    for (let i = 1; i <= 3; i++) {
      caller.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await caller.receives(response, i);
    }
    expect(raw.accepted).toBe(1);
    expect(proxy.finished).toHaveLength(3);
  });

  it('from Ballast itself has its fields only', async () => {
    const proxy = await lane({
      ports: [1],
      listener: { pool: undefined, routes: [{ path: '/x', pool: 'api' }] },
    });
    const caller = await client(proxy.port);
    caller.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await caller.end()).toMatch(/^(HTTP\/1\.1 404 Not Found\r\n([\w-]+: .*\r\n)+\r\n){2}$/);
  });
});

it('an answer of Ballast itself to a request whose body is still to come announces the close', async () => {
  const proxy = await lane({
    ports: [1],
    listener: { pool: undefined, routes: [{ path: '/x', pool: 'api' }] },
  });
  const caller = await client(proxy.port);
  caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome');
  expect(await caller.end()).toMatch(/^HTTP\/1\.1 404 [\s\S]*\r\nConnection: close\r\n/);
});

describe('a request that expects 100-continue', () => {
  const ask = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';

  it('hears it from the server itself, then sends its body', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        if (connection.text.endsWith('body')) socket.write(ok('thanks'));
      }),
    );
    const proxy = await lane({ ports: [raw.port], responseFields: false });
    const caller = await client(proxy.port);
    caller.send(ask);
    await caller.receives('HTTP/1.1 100 Continue\r\n\r\n');
    caller.send('body');
    await caller.receives('thanks');
    expect(proxy.finished).toMatchObject([{ status: 200, requestBytes: 4 }]);
  });

  it('hears a refusal, and its connection is closed because the body may still come', async () => {
    const raw = await server(answering('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'));
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send(ask);
    expect(await caller.end()).toMatch(/^HTTP\/1\.1 413 Too Large[\s\S]*Connection: close/);
    await until('the connection to the server to be closed', () => raw.open.size === 0);
  });
});

it('affinity gets its cookie into the response', async () => {
  const raw = await server(answering(ok('hello', 'Set-Cookie: own=1\r\n')));
  const proxy = await lane({ ports: [raw.port], responseFields: false });
  proxy.pools.get('api')!.setCookie = 'ballast_x=y; Path=/';
  expect(await exchangeBytes(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: own=1\r\nSet-Cookie: ballast_x=y; Path=/\r\nConnection: close\r\n\r\nhello',
  );
});
