import { createServer, type Server } from 'node:net';
import { holdTime, releaseTime } from '../clock.ts';
import { ownByEvents } from './event-socket.ts';
import { HandleSocket } from './handle-socket.ts';
import type { LaneSocket, ReadPath, SocketOwner } from './lane-socket.ts';
import { type StreamHandle, streamInternals } from './stream-handles.ts';

/** What accepts: makes the owner of a new connection, and then tells it its socket. */
export type Accept = (open: (owner: SocketOwner) => LaneSocket) => void;

/**
 * A TCP server that hands every accepted connection to `accept`, read in the given way. Not yet listening.
 *
 * @param failed told when the system could not give a connection that was waiting. The libuv of Node 20 and 24 (since 1.45) keeps that
 *   to itself: for want of a descriptor the connection waits, or is closed by libuv; other systems and versions may tell
 */
export function createAcceptor(path: ReadPath, accept: Accept, failed: () => void = () => {}): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    accept((owner) => ownByEvents(socket, owner)),
  );
  if (path === 'handle') server.on('listening', () => adoptAccepted(server, accept, failed));
  return server;
}

/**
 * A touch of what Node keeps private: the server's own callback makes a `net.Socket` of every connection, so it is replaced by
 * one that does not. `probeReadPath` finds out whether that works with the Node at hand.
 */
interface AcceptingHandle {
  setNoDelay?(on: boolean): number;
  onconnection: ((status: number, handle: StreamHandle | undefined) => void) | undefined;
}

function acceptingHandle(server: Server): AcceptingHandle | undefined {
  const handle = (server as unknown as { _handle?: Partial<AcceptingHandle> | null })._handle;
  return typeof handle?.onconnection === 'function' ? (handle as AcceptingHandle) : undefined;
}

function adoptAccepted(server: Server, accept: Accept, failed: () => void): void {
  const accepting = acceptingHandle(server);
  if (!accepting) return;
  // On Linux what is accepted inherits it: one system call less for each.
  const inheritsNoDelay = process.platform === 'linux' && accepting.setNoDelay?.(true) === 0;
  accepting.onconnection = (status, handle) => {
    if (status !== 0 || !handle) {
      failed();
      return;
    }
    holdTime();
    try {
      accept((owner) => HandleSocket.accepted(handle, owner, inheritsNoDelay));
    } finally {
      releaseTime();
    }
  };
}

const probeMs = 1_000;
let probed: Promise<ReadPath> | undefined;

/** The best way that works here: found once, by sending bytes there and back through sockets of that kind. */
export function probeReadPath(): Promise<ReadPath> {
  probed ??= handlesWork().then((work) => (work ? 'handle' : 'events'));
  return probed;
}

/** A server that sends back what comes and then ends, and a client of it; both must see what they should. */
function handlesWork(): Promise<boolean> {
  if (streamInternals === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const sockets: LaneSocket[] = [];
    const sent = 'ballast';
    const server = createAcceptor('handle', (open) => {
      const serving = probeOwner((text) => {
        socket.write(text, 'latin1');
        socket.end();
      });
      const socket = open(serving);
      sockets.push(socket);
    });
    const timer = setTimeout(() => finish(false), probeMs);
    const finish = (work: boolean): void => {
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      resolve(work);
    };
    server.on('error', () => finish(false));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string' || !acceptingHandle(server)) return finish(false);
      let answer = '';
      const client = HandleSocket.connect('127.0.0.1', address.port, {
        ...probeOwner((text) => {
          answer += text;
        }),
        connected: () => void client.write(sent),
        ended: () => finish(answer === sent),
      });
      sockets.push(client);
    });
  });
}

/** @param read told what came in the buffer that was meant for it */
function probeOwner(read: (text: string) => void): SocketOwner {
  const buffer = Buffer.alloc(64);
  return {
    nextBuffer: () => buffer,
    bytesRead: (bytes, length) => {
      if (bytes === buffer) read(buffer.toString('latin1', 0, length));
    },
    connected() {},
    ended() {},
    drained() {},
    closed() {},
  };
}
