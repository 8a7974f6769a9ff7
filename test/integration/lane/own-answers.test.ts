import { expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok } from '../../support/raw-sockets.ts';

it('an answer of Ballast itself to HEAD has its fields only', async () => {
  const proxy = await lane({
    ports: [1],
    listener: { pool: undefined, routes: [{ path: '/x', pool: 'api' }] },
  });
  const caller = await client(proxy.port);
  caller.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await caller.end()).toMatch(/^(HTTP\/1\.1 404 Not Found\r\n([\w-]+: .*\r\n)+\r\n){2}$/);
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

it('affinity gets its cookie into the response', async () => {
  const raw = await server(answering(ok('hello', 'Date: now\r\nSet-Cookie: own=1\r\n')));
  const proxy = await lane({ ports: [raw.port], responseFields: false });
  proxy.pools.get('api')!.setCookie = 'ballast_x=y; Path=/';
  expect(await exchangeBytes(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: now\r\nSet-Cookie: own=1\r\nSet-Cookie: ballast_x=y; Path=/\r\nConnection: close\r\n\r\nhello',
  );
});
