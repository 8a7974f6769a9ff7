import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, exchangeBytes, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('a kept-alive connection', () => {
  it('that the server closed meanwhile is not held against the server', async () => {
    // Closes a connection as soon as its second request arrives: nobody can tell that from a close while idle.
    const raw = await server(
      rawServer((socket, _text, connection) => {
        const requests = connection.text.split('\r\n\r\n').length - 1;
        if (requests === 1) socket.write(ok(`on ${connection.index}`));
        else socket.resetAndDestroy();
      }),
    );
    const proxy = await lane({ ports: [raw.port], pool: { retry: { attempts: 1 } } });
    const caller = await client(proxy.port);
    for (let i = 0; i < 20; i++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives(`\r\n\r\non ${i}`);
    }
    expect(proxy.finished.every(({ status, attempts }) => status === 200 && attempts.length === 1)).toBe(
      true,
    );
  });

  it('loses no request to a server that closes connections after 15 ms', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (!connection.text.endsWith('\r\n\r\n') && !connection.text.endsWith('body')) return;
        connection.text = '';
        socket.write(ok('here'));
        setTimeout(() => socket.end(), 15);
      }),
    );
    const proxy = await lane({ ports: [raw.port], pool: { retry: { attempts: 1 } } });
    const callers = await Promise.all(Array.from({ length: 8 }, () => client(proxy.port)));
    await Promise.all(
      callers.map(async (caller, index) => {
        for (let i = 1; i <= 40; i++) {
          caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          await caller.receives('here', i);
          await new Promise((resolve) => setTimeout(resolve, (i * 7 + index * 5) % 32));
        }
      }),
    );
    expect(proxy.finished.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('that receives bytes nobody asked for is not used again', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        socket.write(ok('one'));
        if (connection.index === 0) setTimeout(() => socket.write(ok('poison')), 5);
      }),
    );
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('one');
    await until('the poisoned connection to be closed', () => raw.open.size === 0);
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('one', 2);
    expect(caller.text).not.toContain('poison');
  });

  it('with bytes behind a complete response is not used again', async () => {
    const raw = await server(rawServer((socket) => socket.write(`${ok('one')}${ok('poison')}`)));
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    for (let i = 1; i <= 3; i++) {
      caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await caller.receives('one', i);
    }
    expect(caller.text).not.toContain('poison');
    expect(raw.accepted).toBe(3);
  });

  it('of a server that is retired is closed when idle, or when its request is done', async () => {
    let release = (): void => {};
    const raw = await server(
      rawServer((socket, text) => {
        const answer = (): void => void socket.write(ok('done'));
        if (text.includes('/slow')) release = answer;
        else answer();
      }),
    );
    const proxy = await lane({ ports: [raw.port] });
    const [slow, quick] = [await client(proxy.port), await client(proxy.port)];
    slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the request to arrive', () => raw.received.includes('/slow'));
    quick.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await quick.receives('done');
    expect(raw.open.size).toBe(2);
    proxy.pools.get('api')?.servers[0]?.connections?.retire();
    await until('the idle connection to be closed', () => raw.open.size === 1);
    release();
    await slow.receives('done');
    await until('the other to be closed', () => raw.open.size === 0);
  });

  it('is closed after timeouts.idle, and before the server would', async () => {
    const raw = await server(answering(ok('one', 'Keep-Alive: timeout=1\r\n')));
    const proxy = await lane({ ports: [raw.port] });
    await exchangeBytes(proxy.port, get);
    expect(raw.open.size).toBe(1);
    await until('the idle connection to be closed', () => raw.open.size === 0);
    const other = await server(answering(ok('one')));
    const brief = await lane({ ports: [other.port], pool: { timeouts: { idle: '50ms' } } });
    await exchangeBytes(brief.port, get);
    await until('the idle connection to be closed', () => other.open.size === 0);
  });

  it('is not used again where the answer came before the request was complete', async () => {
    const raw = await server(
      rawServer((socket, _text, connection) => {
        if (connection.text.includes('\r\n\r\n')) socket.write(ok('early'));
        connection.text = '';
      }),
    );
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    const answer = await caller.end();
    expect(answer).toContain('Connection: close');
    expect(answer.endsWith('early')).toBe(true);
    await until('the connection to the server to be closed', () => raw.open.size === 0);
  });
});
