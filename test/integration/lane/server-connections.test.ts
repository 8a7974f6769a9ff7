import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { Endpoint } from '../../../main/engine/pool/endpoint.ts';
import type { ServerConnection } from '../../../main/engine/proxy/server-connection.ts';
import { ServerConnections } from '../../../main/engine/proxy/server-connections.ts';
import type { ServerUser } from '../../../main/engine/proxy/server-user.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import { poolConfig } from '../../support/engine-kit.ts';
import { listenerLimits } from '../../support/lane.ts';
import { server } from '../../support/lane-cleanup.ts';
import { answering, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const { timeouts } = poolConfig({ servers: [{ address: '127.0.0.1:1' }] });
const limits = listenerLimits({});

/** The connections to a server on that port, and somebody who uses one of them. */
function connectionsTo(port: number) {
  const endpoint = new Endpoint({ host: '127.0.0.1', port });
  const connections = new ServerConnections(endpoint, systemClock, 'handle', 8, {
    opens() {},
    surplus() {},
    unused() {},
  });
  afterThisTest(() => {
    connections.retire();
    made?.destroy();
  });
  let made: ServerConnection | undefined;
  const seen = { connected: false, failed: '', idleAtEnd: -1 };
  const user: ServerUser = {
    requestSent: true,
    isHead: false,
    asksUpgrade: false,
    offeredProtocols: '',
    decodesChunked: false,
    limits,
    responseMs: 30_000,
    tunnelIdleMs: 30_000,
    clientWaits: false,
    tunnelIdle() {},
    tunnelDrained() {},
    limitReached() {},
    connected() {
      seen.connected = true;
    },
    interim() {},
    response() {},
    responseBody() {},
    /** The client's next request may want the connection at this very moment. */
    responseEnded() {
      seen.idleAtEnd = connections.idleCount;
    },
    failed(outcome, detail) {
      seen.failed = `${outcome}: ${detail}`;
    },
    sendApart() {},
    drained() {},
    serverEnded() {},
  };
  const connection = connections.take(user, timeouts, true);
  made = connection;
  return { connections, connection, seen };
}

const nothing = Buffer.alloc(0);
const request = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';

describe('a connection to a server, once the response is complete', () => {
  it('is kept where the server has taken the whole request', async () => {
    const raw = await server(answering(ok('x')));
    const { connection, seen } = connectionsTo(raw.port);
    await until('the connection', () => seen.connected);
    connection.send(request, nothing, 0, 0, true);
    await until('the response', () => seen.idleAtEnd >= 0);
    expect(seen).toMatchObject({ idleAtEnd: 1, failed: '' });
  });

  it('is not kept while part of the request still waits to be taken', async () => {
    const raw = await server(
      rawServer((socket) => {
        // From here on it takes nothing.
        socket.pause();
        socket.write(ok('x'));
      }),
    );
    const { connections, connection, seen } = connectionsTo(raw.port);
    await until('the connection', () => seen.connected);
    const body = Buffer.alloc(30_000_000);
    const head = `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    connection.send(head, body, 0, body.length, true);
    expect(connection.socket.writableLength).toBeGreaterThan(0);
    await until('the response', () => seen.idleAtEnd >= 0);
    expect(seen).toMatchObject({ idleAtEnd: 0, failed: '' });
    expect(connections.count).toBe(0);
  });

  it('is not kept where writing to it has failed', async () => {
    let leave = (): void => {};
    const raw = await server(
      rawServer(
        () => {},
        (socket) => {
          leave = () => socket.write(ok('x'), () => socket.destroy());
        },
      ),
    );
    const { connections, connection, seen } = connectionsTo(raw.port);
    await until('the connection', () => seen.connected && raw.accepted === 1);
    // Its answer waits unread while it goes, and whatever is sent to it after that comes back.
    connection.pause();
    leave();
    await until('the server to be gone', () => raw.open.size === 0);
    await until('writing to fail', () => {
      if (connection.socket.writeFailed) return true;
      connection.send(request, nothing, 0, 0, true);
      return false;
    });
    connection.resume();
    await until('the response', () => seen.idleAtEnd >= 0 || seen.failed !== '');
    expect(seen).toMatchObject({ idleAtEnd: 0, failed: '' });
    expect(connections.count).toBe(0);
  });
});
