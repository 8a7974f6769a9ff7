import { describe, expect, it } from 'vitest';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const ask =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n';
const switched =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: v\r\n\r\n';

/** Switches, then echoes in upper case. */
const shouting = () =>
  server(
    rawServer((socket, text, connection) => {
      const end = connection.text.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (connection.text.startsWith('GET')) {
        const early = connection.text.slice(end + 4);
        connection.text = '\r\n\r\n';
        socket.write(`${switched}hello ${early.toUpperCase()}`);
      } else socket.write(text.toUpperCase());
    }),
  );

describe.each(['handle', 'events'] as const)('an upgrade, read by %s', (readPath) => {
  it('passes both ways, as does what came with it', async () => {
    const raw = await shouting();
    const proxy = await lane({ ports: [raw.port], readPath });
    const caller = await client(proxy.port);
    caller.send(`${ask}early`);
    const head = await caller.receives('hello');
    expect(head).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: v\r\nx-ballast-server: api-1\r\nx-ballast-attempts: 1\r\nx-ballast-request: r1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ',
    );
    await caller.receives('EARLY');
    for (let i = 1; i <= 10; i++) {
      caller.send(`ping ${i};`);
      await caller.receives(`PING ${i};`);
    }
    expect(raw.received).toContain('Connection: Upgrade\r\nUpgrade: websocket\r\n');
    expect(proxy.finished).toEqual([]);
    expect(proxy.pools.get('api')?.activeAttempts).toBe(1);
    caller.socket.end();
    await caller.end();
    await until('the request to be over', () => proxy.finished.length === 1);
    expect(proxy.finished[0]).toMatchObject({
      status: 101,
      error: null,
      requestBytes: 5 + 10 * 7 + 1,
      attempts: [{ server: 'api-1', outcome: 'responded', status: 101 }],
    });
    expect(proxy.pools.get('api')?.activeAttempts).toBe(0);
    await until('both connections to be closed', () => raw.open.size + proxy.listener.openConnections === 0);
  });

  it('that breaks off cuts the other side off', async () => {
    const raw = await shouting();
    const proxy = await lane({ ports: [raw.port], readPath });
    const caller = await client(proxy.port);
    caller.send(ask);
    await caller.receives('hello');
    for (const socket of raw.open) socket.resetAndDestroy();
    await until('the client to be cut off', () => caller.socket.destroyed);
    expect(proxy.finished[0]?.attempts[0]?.outcome).toBe('failed-mid-response');

    const second = await client(proxy.port);
    second.send(ask);
    await second.receives('hello');
    second.socket.resetAndDestroy();
    await until('the server to be cut off', () => raw.open.size === 0);
    await until('the request to be over', () => proxy.finished.length === 2);
    expect(proxy.finished[1]?.attempts[0]?.outcome).toBe('client-aborted');
  });
});
